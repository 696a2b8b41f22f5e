package store

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"muster/internal/access"
	"muster/internal/store/facts"
	"muster/internal/store/load"
	"muster/internal/store/migrate"
	"muster/internal/store/wire"
)

// The types of a run's world live with the SQL that reads it.
type (
	// World is what one run reasons from.
	World = facts.World
	// SystemWorld is one system within a World.
	SystemWorld = facts.SystemWorld
	// LinkSpec says how accounts are matched with persons.
	LinkSpec = facts.LinkSpec
	// MapEntry is one line of the explicit map.
	MapEntry = facts.MapEntry
	// FactsQuery narrows a reading of facts.
	FactsQuery = facts.Query
	// Loader takes the records of one snapshot.
	Loader = load.Loader
)

// defaultFactsDays is how long facts are kept unless the configuration says otherwise: a year's audit and a month to do it in.
const defaultFactsDays = 400

// FactsForever is the most days that facts can be kept: for ever, as far as it matters. Days end with 2149 in the store, and begin again behind it.
const FactsForever = 36_500

// Options say which ClickHouse a Store uses.
type Options struct {
	DSN      string                                                   // clickhouse:// or https://; empty: Dial, User and Password
	Dial     func(ctx context.Context, addr string) (net.Conn, error) // reaches the embedded engine
	User     string
	Password string
	Database string           // default: the DSN's, else "muster"
	Log      *slog.Logger     // default: discard
	Now      func() time.Time // default: time.Now; the wall clock, not the run's
}

// Store is Muster's memory. It is safe for concurrent use; close it.
type Store struct {
	db *wire.DB

	mu      sync.Mutex
	loading map[string]bool // the snapshots that loaders of this process are writing
}

// Open connects and brings the schema up to date. How long facts are kept stays as it is; a new store keeps them for 400 days.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	db, err := wire.Open(ctx, wire.Options{DSN: o.DSN, Dial: o.Dial, User: o.User, Password: o.Password, Database: o.Database, Log: o.Log, Now: o.Now})
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, loading: map[string]bool{}}
	if err := s.prepare(ctx); err != nil {
		_ = db.Close() // the reason why it is closed matters more
		return nil, err
	}
	return s, nil
}

func (s *Store) prepare(ctx context.Context) error {
	all, err := migrate.Known()
	if err != nil {
		return err
	}
	return migrate.Up(ctx, s.db, all)
}

// KeepFacts gives every table of facts the same TTL, in days, unless it has it; 0 is the default of 400. Evidence is kept for ever.
func (s *Store) KeepFacts(ctx context.Context, days int) error {
	if days == 0 {
		days = defaultFactsDays
	}
	if days < 1 || days > FactsForever {
		return wire.Failf(access.Invalid, "set retention", "give a number of days from 1 to "+strconv.Itoa(FactsForever), "facts cannot be kept for %d days", days)
	}
	want := "toIntervalDay(" + strconv.Itoa(days) + ")"
	var tables []string
	q := wire.Query{Op: "read retention", SQL: "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine_full LIKE '%TTL loaded_on%' AND position(engine_full, {want:String}) = 0 ORDER BY name",
		Args: []any{wire.P("want", want)}}
	err := s.db.Each(ctx, q, func(scan func(...any) error) error {
		var name string
		if err := scan(&name); err != nil {
			return err
		}
		tables = append(tables, name)
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range tables {
		// The TTL of parts that exist is worked out again when they are merged or dropped, not now.
		sql := "ALTER TABLE " + wire.Quote(t) + " MODIFY TTL loaded_on + " + want + " SETTINGS materialize_ttl_after_modify = 1"
		if err := s.db.Exec(ctx, "set retention", sql); err != nil {
			return err
		}
	}
	return nil
}

// Close gives the connections back.
func (s *Store) Close() error { return s.db.Close() }

// BeginSnapshot starts to load a snapshot, whose ID must be new. Commit or Abort the loader.
func (s *Store) BeginSnapshot(ctx context.Context, snap access.Snapshot) (*Loader, error) {
	s.mu.Lock()
	taken := s.loading[snap.ID]
	s.loading[snap.ID] = true
	s.mu.Unlock()
	if taken {
		return nil, wire.Failf(access.Conflict, "begin snapshot", "", "snapshot %s is being loaded already", snap.ID)
	}
	closed := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.loading, snap.ID)
	}
	l, err := load.Begin(ctx, s.db, snap, closed)
	if err != nil {
		closed()
		return nil, err
	}
	return l, nil
}

// SweepUncommitted removes the rows of snapshots that have no commit record: what a killed load left behind. Snapshots that this
// process is loading stay, and so do those of keep. It returns how many snapshots it removed. A load of another process that is swept
// away fails its own Commit, which counts rows.
func (s *Store) SweepUncommitted(ctx context.Context, keep ...string) (int64, error) {
	s.mu.Lock()
	for id := range s.loading {
		keep = append(keep, id)
	}
	s.mu.Unlock()
	if keep == nil {
		keep = []string{}
	}
	var parts []string
	for _, t := range []string{"persons", "accounts", "entitlements", "grants", "account_grants", "rejections"} {
		parts = append(parts, "SELECT DISTINCT toString(snapshot_id) AS id FROM "+t)
	}
	var stray []string
	q := wire.Query{Op: "find uncommitted snapshots", Args: []any{wire.P("keep", keep)},
		SQL: "SELECT DISTINCT id FROM (" + strings.Join(parts, " UNION ALL ") + ") WHERE id NOT IN (SELECT id FROM snapshots) AND NOT has({keep:Array(String)}, id) ORDER BY id"}
	err := s.db.Each(ctx, q, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		stray = append(stray, id)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, id := range stray {
		if err := load.Remove(ctx, s.db, id); err != nil {
			return 0, err
		}
		s.db.Log().InfoContext(ctx, "removed the rows of a load that never ended", slog.String("snapshot", id))
	}
	return int64(len(stray)), nil
}

// StoredCounts says how many rows of each object class a snapshot has in the store, committed or not.
func (s *Store) StoredCounts(ctx context.Context, snapshotID string) (map[access.Class]int64, error) {
	return load.Counts(ctx, s.db, snapshotID)
}
