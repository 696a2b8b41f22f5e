package leaving

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/internal/store/storetest"
	"muster/remediate"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/terminations"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// open gives a store whose clock is read from clock.
func open(t *testing.T, clock *time.Time) *store.Store {
	t.Helper()
	return storetest.Open(t, func() time.Time { return *clock })
}

func night(n int) time.Time { return time.Date(2026, 9, n, 1, 0, 0, 0, time.UTC) }

func day(n int) time.Time { return time.Date(2026, 9, n, 0, 0, 0, 0, time.UTC) }

// nights plays nights of a small organisation on a real store.
type nights struct {
	t     *testing.T
	store *store.Store
	clock time.Time
}

// read stores one snapshot.
func (n *nights) read(system string, at int, state access.SnapshotState, records ...access.Record) access.Snapshot {
	n.t.Helper()
	snap := access.Snapshot{ID: fmt.Sprintf("S-%s-%02d", system, at), RunID: fmt.Sprintf("R-%02d", at), System: system, Collector: "csv", TakenAt: night(at), StartedAt: night(at), FinishedAt: night(at), State: state, Digest: "d"}
	class := access.ClassAccount
	if system == "hr" {
		class = access.ClassPerson
	}
	snap.Coverage.Classes = []access.ClassCoverage{{Class: class, Claimed: access.NoClaim, Fetched: int64(len(records)), Parsed: int64(len(records)), State: access.Complete}}
	if state != access.Complete {
		snap.Reason = "503 after 5 tries"
	}
	l, err := n.store.BeginSnapshot(n.t.Context(), snap)
	for _, r := range records {
		if err == nil {
			err = l.Add(n.t.Context(), r)
		}
	}
	if err == nil {
		err = l.Commit(n.t.Context(), snap)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return snap
}

// run links and completes the night's run.
func (n *nights) run(at int, hr, erp access.Snapshot) access.Run {
	n.t.Helper()
	ctx := n.t.Context()
	run := access.Run{ID: fmt.Sprintf("R-%02d", at), State: access.RunCompleted, AsOf: night(at), StartedAt: night(at), FinishedAt: night(at).Add(time.Minute), LastEntry: uint64(at * 10)}
	w := store.World{RunID: run.ID, AsOf: run.AsOf, HR: hr, Systems: []store.SystemWorld{{System: "erp", Used: erp}}, Linking: store.LinkSpec{Keys: []access.LinkKey{access.KeyEmployeeID}}}
	err := n.store.SaveWorld(ctx, w)
	if err == nil {
		_, err = n.store.LinkAccounts(ctx, w)
	}
	n.clock = night(at).Add(time.Minute)
	if err == nil {
		err = n.store.SaveRun(ctx, run)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	return run
}

func person(id string, status access.Status, end time.Time) access.Person {
	return access.Person{ID: id, DisplayName: "Name of " + id, Status: status, EmploymentType: access.Employee, EndDate: end}
}

func account(id, owner string, enabled bool) access.Account {
	return access.Account{System: "erp", ID: id, Name: "login-" + id, EmployeeID: owner, Kind: access.KindHuman, Enabled: enabled, LastLogin: night(2).Add(8 * time.Hour)}
}

// TestLeaversComeOutOfTheStore plays ten nights. W-1 leaves on the 3rd and is taken away in time, as the system confirmed; W-2 left on the 3rd too, which HR shows on
// the 6th; HR is not read on the 5th, nor erp on the 7th.
func TestLeaversComeOutOfTheStore(t *testing.T) {
	n := &nights{t: t, clock: night(1)}
	n.store = open(t, &n.clock)
	var hr, erp access.Snapshot
	var last access.Run
	for at := 1; at <= 10; at++ {
		n.clock = night(at)
		one, two := person("W-1", access.StatusActive, time.Time{}), person("W-2", access.StatusActive, time.Time{})
		if at >= 3 {
			one = person("W-1", access.StatusTerminated, day(3))
		}
		if at >= 6 {
			two = person("W-2", access.StatusTerminated, day(3))
		}
		if at == 5 {
			n.read("hr", at, access.Partial, one)
		} else {
			hr = n.read("hr", at, access.Complete, one, two, person("W-3", access.StatusActive, time.Time{}))
		}
		list := []access.Record{account("a3", "W-3", true), account("a2", "W-2", at < 8)}
		if at < 5 {
			list = append(list, account("a1", "W-1", true))
		}
		if at == 7 {
			n.read("erp", at, access.Failed)
		} else {
			erp = n.read("erp", at, access.Complete, list...)
		}
		last = n.run(at, hr, erp)
	}
	n.act()
	ev := evidence.Evidence{Run: last, Sources: []evidence.Source{{System: access.SystemFacts{Name: "hr", IsHR: true}}, {System: access.SystemFacts{Name: "erp", Title: "ERP", SLA: 24 * time.Hour}}}}
	period := frame.Period{From: day(1), To: day(30)}
	facts, err := Gather(t.Context(), n.store, last, ev, 1, period, "")
	if err != nil {
		t.Fatal(err)
	}
	m := terminations.Sum(facts)
	if len(m.Leavers) != 2 || len(m.Leavers[0].Accounts) != 1 || len(m.Leavers[1].Accounts) != 1 {
		t.Fatalf("%+v", m.Leavers)
	}
	one, two := m.Leavers[0], m.Leavers[1]
	if a := one.Accounts[0]; a.Verdict != terminations.InTime || !a.Exact || a.Action != "A-1" || a.Off.ID != "S-erp-05" || a.On.ID != "S-erp-04" || a.Key != string(access.KeyEmployeeID) || a.First != "R-01" || a.Last != "R-04" {
		t.Errorf("W-1: %+v", a)
	}
	if !two.Late || two.MissedHR != 1 || two.Before.ID != "S-hr-04" || two.Shown.ID != "S-hr-06" {
		t.Errorf("W-2: %+v", two)
	}
	if a := two.Accounts[0]; a.Verdict != terminations.Unsure || a.Cause != terminations.CauseSource || a.Off.ID != "S-erp-08" || a.How != "disabled" {
		t.Errorf("W-2: %+v", a)
	}
	// The report of an earlier run knows nothing of what came later.
	early := last
	early.ID, early.AsOf, early.FinishedAt, early.LastEntry = "R-04", night(4), night(4).Add(time.Minute), 40
	if facts, err = Gather(t.Context(), n.store, early, ev, 1, period, "erp"); err != nil {
		t.Fatal(err)
	}
	if m := terminations.Sum(facts); len(m.Leavers) != 1 || m.Leavers[0].Accounts[0].Verdict != terminations.Running || len(facts.Actions) != 0 {
		t.Errorf("as of the 4th: %+v", m.Leavers)
	}
	if _, err := Gather(t.Context(), n.store, last, ev, 1, period, "crm"); access.KindOf(err) != access.NotFound {
		t.Errorf("a system that there is not: %v", err)
	}
}

// act keeps an action that disabled W-1's account in the morning of the 4th, and one about somebody else.
func (n *nights) act() {
	n.t.Helper()
	save := func(r remediate.Record) {
		d, err := r.Document()
		if err == nil {
			err = n.store.SaveDocuments(context.Background(), d)
		}
		if err != nil {
			n.t.Fatal(err)
		}
	}
	r := remediate.Record{Action: access.Action{ID: "A-1", Key: "k1", Kind: access.DisableAccount, System: "erp", Account: access.AccountRef{ID: "a1"}, Person: "W-1"}, State: remediate.Planned, ChangedAt: night(4).Add(2 * time.Minute), Version: 1}
	save(r)
	done := r
	done.State, done.ChangedAt, done.Version = remediate.Done, night(4).Add(3*time.Minute), 2
	done.Receipt = &access.Receipt{Action: "A-1", Outcome: access.OutcomeDone, At: done.ChangedAt}
	save(done)
	r.ID, r.Key, r.Account.ID = "A-2", "k2", "a3"
	save(r)
}
