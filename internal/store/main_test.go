package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
)

// shared is the one engine of this package's tests; each test has a database of its own in it.
var shared struct {
	engine *engine.Engine
	err    error
	number atomic.Int64
}

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "muster-store-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	shared.engine, shared.err = engine.Attach(context.Background(), engine.Options{Dir: dir, Log: quiet()})
	if shared.err == nil {
		defer shared.engine.Close()
	}
	return m.Run()
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// needEngine skips the test where the engine's library is not installed; in CI that is a failure.
func needEngine(t testing.TB) {
	t.Helper()
	if shared.err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("start engine: %v", shared.err)
	}
	t.Skipf("the embedded engine does not start here: %v", shared.err)
}

// options are those of a store on a fresh database of the shared engine.
func options(t testing.TB) store.Options {
	t.Helper()
	needEngine(t)
	user, password := shared.engine.Auth()
	return store.Options{Dial: shared.engine.DialContext, User: user, Password: password, Log: quiet(),
		Database: fmt.Sprintf("test_%d", shared.number.Add(1))}
}

// open gives a store on a fresh database.
func open(t testing.TB) *store.Store {
	t.Helper()
	return reopen(t, options(t))
}

func reopen(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatalf("open store: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// at is a moment of the tests' calendar: day n at one o'clock.
func at(day int) time.Time { return time.Date(2026, 11, day, 1, 0, 0, 0, time.UTC) }

// complete is the coverage of a source that was read whole.
func complete(recs []access.Record) access.Coverage {
	counts := map[access.Class]int64{}
	for _, r := range recs {
		counts[r.Class()]++
	}
	var c access.Coverage
	for _, class := range []access.Class{access.ClassPerson, access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
		if n, ok := counts[class]; ok {
			c.Classes = append(c.Classes, access.ClassCoverage{Class: class, Claimed: access.NoClaim, Fetched: n, Parsed: n, State: access.Complete})
		}
	}
	c.Source, c.Queries = "a test", []string{"read all"}
	return c
}

// load stores recs as a complete snapshot and returns it as it was stored.
func load(t testing.TB, s *store.Store, id, system string, takenAt time.Time, recs ...access.Record) access.Snapshot {
	t.Helper()
	ctx := t.Context()
	snap := access.Snapshot{ID: id, RunID: "run-1", System: system, Collector: "csv", CollectorVersion: "1", TakenAt: takenAt, StartedAt: takenAt}
	l, err := s.BeginSnapshot(ctx, snap)
	if err != nil {
		t.Fatalf("begin: %v", err)
	}
	for _, r := range recs {
		if err := l.Add(ctx, r); err != nil {
			t.Fatalf("add: %v", err)
		}
	}
	snap.FinishedAt, snap.State, snap.Coverage, snap.Digest = takenAt.Add(time.Minute), access.Complete, complete(recs), "d-"+id
	if err := l.Commit(ctx, snap); err != nil {
		t.Fatalf("commit: %v", err)
	}
	stored, found, err := s.Snapshot(ctx, id)
	if err != nil || !found {
		t.Fatalf("read back snapshot %s: found %v, %v", id, found, err)
	}
	return stored
}

// worldOf makes a world of snapshots; the first is HR's.
func worldOf(hr access.Snapshot, systems ...access.Snapshot) store.World {
	w := store.World{RunID: "run-1", AsOf: at(22), HR: hr, Linking: store.LinkSpec{
		Keys: []access.LinkKey{access.KeyMap, access.KeyEmployeeID, access.KeyEmail, access.KeyUPN, access.KeyUsername}}}
	for _, x := range systems {
		w.Systems = append(w.Systems, store.SystemWorld{System: x.System, Used: x})
	}
	return w
}

// factsOf collects everything that Facts yields.
func factsOf(t testing.TB, s *store.Store, w store.World, q store.FactsQuery) []*access.PersonFacts {
	t.Helper()
	var out []*access.PersonFacts
	if err := s.Facts(t.Context(), w, q, func(f *access.PersonFacts, _ uint64) error {
		out = append(out, f)
		return nil
	}); err != nil {
		t.Fatalf("facts: %v", err)
	}
	return out
}

// linksOf links and returns the links by system and account id.
func linksOf(t testing.TB, s *store.Store, w store.World) map[string]access.Link {
	t.Helper()
	if _, err := s.LinkAccounts(t.Context(), w); err != nil {
		t.Fatalf("link: %v", err)
	}
	out := map[string]access.Link{}
	for _, f := range factsOf(t, s, w, store.FactsQuery{}) {
		for _, a := range f.Accounts {
			out[a.System+"/"+a.ID] = a.Link
		}
	}
	return out
}

func records[T access.Record](all ...T) []access.Record {
	var out []access.Record
	for _, x := range all {
		out = append(out, x)
	}
	return slices.Clip(out)
}
