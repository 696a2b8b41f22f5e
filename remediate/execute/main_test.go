package execute_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/retry"
	"muster/remediate"
	"muster/remediate/execute"
	"muster/remediate/remediatetest"
)

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// site is an executor with everything around it: a system of three accounts, records, and a ledger on disk.
type site struct {
	*execute.Executor
	system  *remediatetest.System
	records *remediatetest.Records
	ledger  *remediatetest.Ledger
	tape    *remediatetest.Tape
	dir     string
}

func open(t *testing.T) *site {
	t.Helper()
	s := &site{system: &remediatetest.System{Name: "erp"}, records: &remediatetest.Records{}, tape: &remediatetest.Tape{}, dir: t.TempDir()}
	s.system.Add(remediatetest.Account{ID: "u1", Name: "ada", Enabled: true, Holds: []string{"payroll", "staff"}, Sessions: 2},
		remediatetest.Account{ID: "u2", Name: "grace", Enabled: true, Holds: []string{"staff"}},
		remediatetest.Account{ID: "u3", Name: "alan", Holds: []string{"staff"}})
	log, err := ledger.Open(s.dir, ledger.Options{Origin: "muster.example/test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	s.ledger = s.tape.Watch(log, s.records, s.system)
	s.Executor = &execute.Executor{Records: s.records, Ledger: s.ledger, Now: func() time.Time { return night }, Log: slog.New(slog.DiscardHandler),
		Retry: retry.Policy{Tries: 3, Base: time.Microsecond}, Systems: map[string]execute.System{"erp": {Target: s.system}}}
	return s
}

// planned makes a planned record on an account of the site.
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

// run lets the site carry out records that are stored before, and gives them back by id.
func (s *site) run(t *testing.T, records ...remediate.Record) map[string]remediate.Record {
	t.Helper()
	done, err := s.Run(t.Context(), s.keep(t, records...))
	if err != nil {
		t.Fatalf("run: %v", err)
	}
	return byID(done)
}

// keep stores records as a plan does.
func (s *site) keep(t *testing.T, records ...remediate.Record) []remediate.Record {
	t.Helper()
	for i := range records {
		records[i].Version++
		records[i].ChangedAt = night
		doc, err := records[i].Document()
		if err != nil {
			t.Fatal(err)
		}
		if err := s.records.SaveDocuments(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	return records
}

// stored reads records back, by id.
func (s *site) stored(t *testing.T, states ...remediate.State) map[string]remediate.Record {
	t.Helper()
	q := access.DocumentQuery{Kind: access.DocAction}
	for _, x := range states {
		q.States = append(q.States, string(x))
	}
	list, err := remediate.Load[remediate.Record](context.WithoutCancel(t.Context()), s.records, q)
	if err != nil {
		t.Fatal(err)
	}
	return byID(list)
}

func byID(list []remediate.Record) map[string]remediate.Record {
	out := map[string]remediate.Record{}
	for _, r := range list {
		out[r.ID] = r
	}
	return out
}

// want checks states, each with a part of what must be said about it: "A-1 done", "A-2 skipped: so already".
func want(t *testing.T, got map[string]remediate.Record, lines ...string) {
	t.Helper()
	for _, line := range lines {
		id, rest, _ := strings.Cut(line, " ")
		state, why, _ := strings.Cut(rest, ": ")
		if r := got[id]; string(r.State) != state || !strings.Contains(r.Why, why) {
			t.Errorf("%s is %s (%s), want %s", id, r.State, r.Why, rest)
		}
	}
}

func broken(kind access.Kind) error {
	return &access.Error{System: "erp", Op: "change", Kind: kind, Err: fmt.Errorf("it is %s", kind)}
}
