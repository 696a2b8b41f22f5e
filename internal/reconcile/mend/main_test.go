package mend

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/internal/reconcile/plan"
	"muster/internal/retry"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/remediatetest"
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
	dir, err := os.MkdirTemp("", "muster-mend-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	shared.engine, shared.err = engine.Attach(context.Background(), engine.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
	if shared.err == nil {
		defer shared.engine.Close()
	}
	return m.Run()
}

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// site is a Mender with a system in memory, a store and a ledger.
type site struct {
	*Mender
	system *remediatetest.System
	ledger *remediatetest.Ledger
	dir    string
	clock  atomic.Int64 // seconds after night; every look at the clock is one later
}

func open(t testing.TB) *site {
	t.Helper()
	if shared.err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("start engine: %v", shared.err)
		}
		t.Skipf("the embedded engine does not start here: %v", shared.err)
	}
	s := &site{system: &remediatetest.System{Name: "erp"}, dir: t.TempDir()}
	now := func() time.Time { return night.Add(time.Duration(s.clock.Add(1)) * time.Second) }
	s.system.Now = now
	s.system.Add(remediatetest.Account{ID: "u1", Name: "ada", Enabled: true, Holds: []string{"payroll", "staff"}},
		remediatetest.Account{ID: "u2", Name: "grace", Enabled: true, Holds: []string{"staff"}}, remediatetest.Account{ID: "u3", Name: "alan", Holds: []string{"staff"}})
	user, password := shared.engine.Auth()
	db, err := store.Open(t.Context(), store.Options{Dial: shared.engine.DialContext, User: user, Password: password, Log: slog.New(slog.DiscardHandler),
		Database: fmt.Sprintf("test_%d", shared.number.Add(1))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	log, err := ledger.Open(s.dir, ledger.Options{Origin: "muster.example/test", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	s.ledger = &remediatetest.Ledger{Ledger: log}
	settings := &config.Settings{Remediation: config.Remediation{Mode: config.Apply}}
	s.Mender = &Mender{Plan: &plan.Plan{Settings: settings}, Store: db, Ledger: s.ledger, DataDir: t.TempDir(), Now: now, Log: slog.New(slog.DiscardHandler),
		Targets: map[string]plan.Target{"erp": {Target: s.system}}, Retry: retry.Policy{Tries: 2, Base: time.Microsecond}}
	s.Desk = &approve.Desk{Records: db, Ledger: s.ledger, Now: now}
	return s
}

// planned makes a record as a plan leaves it.
func planned(id string, kind access.ActionKind, account, entitlement string) remediate.Record {
	ids := map[string]string{"ada": "u1", "grace": "u2", "alan": "u3"}
	r := remediate.Record{Mode: access.ModeAuto, State: remediate.Planned, Seen: remediate.Seen{Exists: true, Enabled: account != "alan"}}
	r.Action = access.Action{ID: id, Key: "key of " + id, Run: "R-1", Kind: kind, System: "erp", Account: access.AccountRef{ID: ids[account], Name: account},
		Entitlement: access.HeldRef{Name: entitlement}, Reason: "a test"}
	if kind == access.CreateAccount {
		r.Seen = remediate.Seen{}
	}
	return r
}

func (s *site) keep(t testing.TB, records ...remediate.Record) {
	t.Helper()
	if _, err := s.keepRecords(t.Context(), records); err != nil {
		t.Fatal(err)
	}
}

// asked stores a question about actions, in a state.
func (s *site) asked(t testing.TB, id string, state access.ApprovalState, actions ...string) {
	t.Helper()
	doc, err := remediate.ApprovalDocument(access.Approval{ID: id, Key: "key of " + id, State: state, Actions: actions, OnExpiry: access.ExpiryApply, Version: 1}, night)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Store.SaveDocuments(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
}

func (s *site) record(t testing.TB, id string) remediate.Record {
	t.Helper()
	list, err := remediate.Load[remediate.Record](t.Context(), s.Store, access.DocumentQuery{Kind: access.DocAction, ID: id})
	if err != nil || len(list) != 1 {
		t.Fatalf("%s is stored %d times: %v", id, len(list), err)
	}
	return list[0]
}

func (s *site) is(t testing.TB, id string, state remediate.State) remediate.Record {
	t.Helper()
	r := s.record(t, id)
	if r.State != state {
		t.Errorf("%s is %s (%s), want %s", id, r.State, r.Why, state)
	}
	return r
}

func (s *site) apply(t testing.TB) []remediate.Record {
	t.Helper()
	done, err := s.Apply(t.Context())
	if err != nil {
		t.Fatalf("apply: %v", err)
	}
	return done
}

func (s *site) versions(t testing.TB, id string) []string {
	t.Helper()
	var out []string
	err := s.Store.DocumentHistory(t.Context(), access.DocAction, id, func(d access.Document) error {
		out = append(out, fmt.Sprintf("%d %s", d.Version, d.State))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
