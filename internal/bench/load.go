package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strconv"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/internal/store/wire"
)

// The grants of load_ratio: a large organisation's, in the order in which a system lists them, account by account.
const (
	loadGrants   = 5_000_000
	loadAccounts = 500_000
	loadRounds   = 3
)

// grantSource makes the same grants every time. An account's id is a UUID, as in a directory, so the order of arrival is not
// the order of the table.
type grantSource struct {
	accounts     []string
	entitlements []string
	paths        [][]string
}

func newGrantSource() *grantSource {
	s := &grantSource{}
	for i := range loadAccounts {
		h := sha256.Sum256([]byte("account " + strconv.Itoa(i)))
		s.accounts = append(s.accounts, fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]))
	}
	for i := range 2000 {
		h := sha256.Sum256([]byte("entitlement " + strconv.Itoa(i)))
		s.entitlements = append(s.entitlements, fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16]))
		s.paths = append(s.paths, []string{"team-" + strconv.Itoa(i%97)})
	}
	return s
}

// at gives grant i: ten an account, two of them through a group.
func (s *grantSource) at(i int) access.Grant {
	account, nth := i/10, i%10
	g := access.Grant{System: "directory", AccountID: s.accounts[account], EntitlementID: s.entitlements[(account*7+nth*131)%2000], Effective: true}
	if nth >= 8 {
		g.Path = s.paths[(account+nth)%2000]
	}
	return g
}

// loadRatio compares the store's Loader with the engine reading the same rows from a file of its own format.
func loadRatio(ctx context.Context, dir string) (figures []figure, err error) {
	e, err := engine.Attach(ctx, engine.Options{Dir: dir, AllowFile: true, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	user, password := e.Auth()
	s, err := store.Open(ctx, store.Options{Dial: e.DialContext, User: user, Password: password})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	db, err := wire.Open(ctx, wire.Options{Dial: e.DialContext, User: user, Password: password, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	source, file := newGrantSource(), filepath.Join(dir, "grants.native")
	if err := writeNative(ctx, db, source, file); err != nil {
		return nil, err
	}
	var ours, ourCPU, theirs, theirCPU []float64
	for round := range loadRounds {
		watch := stopwatch(e.Pid())
		if err := throughLoader(ctx, s, source, round); err != nil {
			return nil, err
		}
		wall, cpu := watch()
		ours, ourCPU = append(ours, wall), append(ourCPU, cpu)
		if err := empty(ctx, db, "grants", "account_grants"); err != nil {
			return nil, err
		}
		watch = stopwatch(e.Pid())
		if err := db.Exec(ctx, "load native file", "INSERT INTO bench_baseline SELECT * FROM file("+wire.Literal(file)+", 'Native')"); err != nil {
			return nil, err
		}
		wall, cpu = watch()
		theirs, theirCPU = append(theirs, wall), append(theirCPU, cpu)
		if err := empty(ctx, db, "bench_baseline"); err != nil {
			return nil, err
		}
	}
	return []figure{{
		Name: "load_ratio", Value: round(median(ours) / median(theirs)), Unit: "ratio",
		Baseline: fmt.Sprintf("INSERT INTO ... SELECT * FROM file(..., Native): %.2f s; at most 1.5", median(theirs)),
		Note: fmt.Sprintf("%d grants through the store's Loader, from Begin to Commit, %.2f s; the arrays per account are made by the first run that "+
			"reasons from the snapshot and are part of nightly_20k; same rows in the same order of arrival, identical table with the same fsync settings, emptied before each; medians of %d in turns; "+
			"processor seconds %.1f against %.1f; the right FILE is granted to this engine only", loadGrants, median(ours), loadRounds, median(ourCPU), median(theirCPU)),
	}}, nil
}

// writeNative puts the grants into a file in their order of arrival, by way of a table in memory, and makes the empty twin of
// the table of grants.
func writeNative(ctx context.Context, db *wire.DB, source *grantSource, file string) error {
	if err := db.Exec(ctx, "make table", "CREATE TABLE bench_arrival AS grants ENGINE = Memory"); err != nil {
		return err
	}
	const size = 250_000
	day := time.Now().UTC().Truncate(24 * time.Hour)
	for first := 0; first < loadGrants; first += size {
		var accounts, entitlements wire.Slice[string]
		var paths wire.Each[[]string]
		for i := first; i < first+size; i++ {
			g := source.at(i)
			accounts, entitlements, paths = append(accounts, g.AccountID), append(entitlements, g.EntitlementID), append(paths, g.Path)
		}
		block := wire.Block{Table: "bench_arrival", Token: strconv.Itoa(first), Cols: []wire.Col{
			{Name: "snapshot_id", Data: wire.Same("baseline", size)}, {Name: "account_id", Data: accounts}, {Name: "entitlement_id", Data: entitlements},
			{Name: "path", Data: paths}, {Name: "effective", Data: wire.Same(true, size)}, {Name: "loaded_on", Data: wire.Same(day, size)},
		}}
		if err := db.Insert(ctx, "insert arrivals", block); err != nil {
			return err
		}
	}
	for _, query := range []string{
		"INSERT INTO FUNCTION file(" + wire.Literal(file) + ", 'Native') SELECT * FROM bench_arrival SETTINGS max_threads = 1",
		"DROP TABLE bench_arrival SYNC",
		"CREATE TABLE bench_baseline AS grants",
	} {
		if err := db.Exec(ctx, "write native file", query); err != nil {
			return err
		}
	}
	return nil
}

// throughLoader loads the grants as a snapshot.
func throughLoader(ctx context.Context, s *store.Store, source *grantSource, round int) error {
	snapshot := access.Snapshot{ID: "bench-" + strconv.Itoa(round), RunID: "bench", System: "directory", Collector: "bench", TakenAt: time.Now(), State: access.Complete}
	loader, err := s.BeginSnapshot(ctx, snapshot)
	if err != nil {
		return err
	}
	for i := range loadGrants {
		if err := loader.Add(ctx, source.at(i)); err != nil {
			return errors.Join(err, loader.Abort(ctx))
		}
	}
	if err := loader.Commit(ctx, snapshot); err != nil {
		return errors.Join(err, loader.Abort(ctx))
	}
	return nil
}

// empty checks that the first table holds all grants and empties all of them, so that no merge of old rows disturbs the next.
func empty(ctx context.Context, db *wire.DB, tables ...string) error {
	var rows uint64
	if _, err := db.One(ctx, wire.Query{Op: "count rows", SQL: "SELECT count() FROM " + tables[0]}, &rows); err != nil {
		return err
	}
	if rows != loadGrants {
		return fmt.Errorf("%s holds %d rows instead of %d", tables[0], rows, loadGrants)
	}
	for _, table := range tables {
		if err := db.Exec(ctx, "empty table", "TRUNCATE TABLE "+table+" SYNC"); err != nil {
			return err
		}
	}
	return nil
}
