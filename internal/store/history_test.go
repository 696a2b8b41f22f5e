package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
)

func finding(rule, system, subject, detail string, severity access.Severity, state access.FindingState, change access.Change) access.Finding {
	fp := access.Fingerprint(rule, access.ScopeAccount, system, subject, detail)
	return access.Finding{Fingerprint: fp, ID: access.ShortID(fp), Rule: rule, Scope: access.ScopeAccount, Severity: severity, State: state, Change: change, System: system,
		Subject: subject, SubjectID: subject, Detail: detail, Person: "W-" + subject, PersonName: "N", Message: "m\n'\\", Hint: "h", Controls: []string{"CC6.2", "A.5.18"},
		Evidence: []access.Evidence{{Expr: "account.enabled", Value: "true", Source: "row 1"}}, FirstSeen: at(20), LastSeen: at(22)}
}

func save(t *testing.T, s *store.Store, runID string, state access.RunState, fs ...access.Finding) {
	t.Helper()
	ctx := t.Context()
	if err := s.SaveRun(ctx, access.Run{ID: runID, State: access.RunStarted, AsOf: at(22), StartedAt: at(22)}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveFindings(ctx, runID, slices.Values(fs)); err != nil {
		t.Fatal(err)
	}
	if state == access.RunStarted {
		return
	}
	if err := s.SaveRun(ctx, access.Run{ID: runID, State: state, AsOf: at(22), StartedAt: at(22), FinishedAt: at(23)}); err != nil {
		t.Fatal(err)
	}
}

func current(t *testing.T, s *store.Store, f store.FindingFilter) []access.Finding {
	t.Helper()
	var out []access.Finding
	if err := s.Findings(t.Context(), f, func(x access.Finding) error {
		out = append(out, x)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func names(fs []access.Finding) string {
	var out []string
	for _, f := range fs {
		out = append(out, fmt.Sprintf("%s/%s/%s/%s=%s", f.Rule, f.System, f.Subject, f.Detail, f.State))
	}
	return strings.Join(out, " ")
}

func TestFindingsAcrossRuns(t *testing.T) {
	s := open(t)
	a := finding("orphaned-account", "erp", "a", "", access.High, access.Open, access.ChangeNew)
	b := finding("privilege-creep", "directory+erp", "b", "x", access.Medium, access.Open, access.ChangeNew)
	c := finding("leaver-active", "vpn", "c", "", access.Critical, access.Open, access.ChangeNew)
	// The id of the later run sorts before that of the first: runs count in the order in which they are completed.
	save(t, s, "run-9", access.RunCompleted, a, b)
	a2, b2 := a, b
	a2.State, a2.Change, a2.ResolvedAt = access.Resolved, access.ChangeResolved, at(23)
	b2.Change, b2.LastSeen = access.ChangeStill, at(23)
	save(t, s, "run-1", access.RunCompleted, a2, c)
	save(t, s, "run-2", access.RunStarted, b2, finding("dormant-account", "erp", "never-seen", "", access.Low, access.Open, access.ChangeNew))
	save(t, s, "run-3", access.RunFailed, b2)

	t.Run("current", func(t *testing.T) {
		got := current(t, s, store.FindingFilter{})
		if n, want := names(got), "leaver-active/vpn/c/=open orphaned-account/erp/a/=resolved privilege-creep/directory+erp/b/x=open"; n != want {
			t.Fatalf("got %s\nwant %s", n, want)
		}
		a2.RunID = "run-1"
		if !reflect.DeepEqual(got[1], a2) {
			t.Errorf("got %+v\nwant %+v", got[1], a2)
		}
		if got[2].Change != access.ChangeNew || got[2].RunID != "run-9" {
			t.Errorf("a run that is not completed changed b: %+v", got[2])
		}
	})
	for name, c := range map[string]struct {
		filter store.FindingFilter
		want   string
	}{
		"state":       {store.FindingFilter{States: []access.FindingState{access.Resolved, access.Excepted}}, "a"},
		"rule":        {store.FindingFilter{Rule: "leaver-active"}, "c"},
		"system":      {store.FindingFilter{System: "erp"}, "ab"},
		"person":      {store.FindingFilter{Person: "W-b"}, "b"},
		"id":          {store.FindingFilter{IDPrefix: strings.ToLower(a.ID)}, "a"},
		"fingerprint": {store.FindingFilter{IDPrefix: b.Fingerprint[:20]}, "b"},
		"run":         {store.FindingFilter{RunID: "run-9"}, "b"},
		"severity":    {store.FindingFilter{MinSeverity: access.High}, "ca"},
		"several":     {store.FindingFilter{MinSeverity: access.High, System: "erp", States: []access.FindingState{access.Open}}, ""},
	} {
		t.Run("filter "+name, func(t *testing.T) {
			got := ""
			for _, f := range current(t, s, c.filter) {
				got += f.Subject
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("history", func(t *testing.T) {
		h, err := s.FindingHistory(t.Context(), a.Fingerprint)
		if err != nil || len(h) != 2 || h[0].RunID != "run-9" || h[0].State != access.Open || h[1].RunID != "run-1" || h[1].State != access.Resolved {
			t.Errorf("got %+v, %v", h, err)
		}
		if h, err := s.FindingHistory(t.Context(), b.Fingerprint); err != nil || len(h) != 1 {
			t.Errorf("runs that are not completed are in the history: %+v, %v", h, err)
		}
	})
	t.Run("of run", func(t *testing.T) {
		for run, want := range map[string]int{"run-9": 2, "run-1": 2, "run-2": 0, "run-3": 0, "none": 0} {
			n := 0
			if err := s.FindingsOfRun(t.Context(), run, func(access.Finding) error { n++; return nil }); err != nil || n != want {
				t.Errorf("%s has %d findings, want %d (%v)", run, n, want, err)
			}
		}
	})
	t.Run("saved again", func(t *testing.T) {
		// An old run that is saved again, say with the digest of its pack, does not become the newest.
		save(t, s, "run-9", access.RunCompleted, a, b)
		if got := current(t, s, store.FindingFilter{Rule: "orphaned-account"}); len(got) != 1 || got[0].State != access.Resolved {
			t.Errorf("got %s", names(got))
		}
		n := 0
		if err := s.FindingsOfRun(t.Context(), "run-9", func(access.Finding) error { n++; return nil }); err != nil || n != 2 {
			t.Errorf("%d findings, want 2 (%v)", n, err)
		}
	})
}

func TestManyFindings(t *testing.T) {
	s := open(t)
	var fs []access.Finding
	for i := range 12_000 {
		fs = append(fs, finding("dormant-account", "erp", fmt.Sprintf("%05d", i), "", access.Low, access.Open, access.ChangeNew))
	}
	for range 2 {
		save(t, s, "run-1", access.RunCompleted, fs...)
	}
	got := current(t, s, store.FindingFilter{})
	if len(got) != len(fs) || !slices.IsSortedFunc(got, func(a, b access.Finding) int { return strings.Compare(a.Subject, b.Subject) }) {
		t.Errorf("%d findings, want %d in order", len(got), len(fs))
	}
}

func TestRuns(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	if _, found, err := s.LastRun(ctx, false); found || err != nil {
		t.Errorf("an empty store has a run: %v %v", found, err)
	}
	r := access.Run{ID: "2026-11-22T01:00:00Z-b", Organisation: "Acme", State: access.RunStarted, AsOf: at(22), StartedAt: at(22).Add(time.Second), Version: "v1", ConfigDigest: "c", RulesDigest: "r", FirstEntry: 7}
	if err := s.SaveRun(ctx, r); err != nil {
		t.Fatal(err)
	}
	if _, found, err := s.LastRun(ctx, true); found || err != nil {
		t.Errorf("a started run counts as completed: %v", err)
	}
	r.State, r.FinishedAt, r.Incomplete, r.Persons, r.Accounts, r.Grants, r.Checkpoint, r.LastEntry = access.RunCompleted, at(23), true, 1, 2, 3, "check\npoint\n", 9
	r.Counts = []access.RuleCount{{Rule: "x", System: "erp", Severity: access.High, New: 1, Open: 2}}
	r.Evidence = `{"a":"b\\n"}`
	if err := s.SaveRun(ctx, r); err != nil {
		t.Fatal(err)
	}
	got, found, err := s.Run(ctx, r.ID)
	if err != nil || !found || !reflect.DeepEqual(got, r) {
		t.Errorf("got %+v\nwant %+v (%v)", got, r, err)
	}
	later := access.Run{ID: "2026-11-22T01:00:00Z-a", State: access.RunFailed, AsOf: at(22)}
	if err := s.SaveRun(ctx, later); err != nil {
		t.Fatal(err)
	}
	if last, _, err := s.LastRun(ctx, false); err != nil || last.ID != later.ID {
		t.Errorf("the last run is %s, want %s (%v)", last.ID, later.ID, err)
	}
	if last, _, err := s.LastRun(ctx, true); err != nil || last.ID != r.ID {
		t.Errorf("the last completed run is %s, want %s (%v)", last.ID, r.ID, err)
	}
	for limit, want := range map[int]int{0: 2, 1: 1, 5: 2} {
		all, err := s.Runs(ctx, limit)
		if err != nil || len(all) != want || all[0].ID != later.ID {
			t.Errorf("limit %d: %d runs, want %d (%v)", limit, len(all), want, err)
		}
	}
	if _, found, err := s.Run(ctx, "none"); found || err != nil {
		t.Errorf("found a run that there is not: %v", err)
	}
}

func TestSnapshots(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	one := load(t, s, "S-1", "vpn", at(15), many(3)...)
	two := load(t, s, "S-2", "vpn", at(22), many(4)...)
	load(t, s, "S-3", "erp", at(22), many(1)...)
	l, err := s.BeginSnapshot(ctx, access.Snapshot{ID: "S-4", System: "vpn", TakenAt: at(23)})
	if err != nil {
		t.Fatal(err)
	}
	held := access.Snapshot{ID: "S-4", RunID: "run-2", System: "vpn", Collector: "csv", CollectorVersion: "2", TakenAt: at(23), StartedAt: at(23), FinishedAt: at(24), State: access.Held,
		Reason: "lost 40 %", Hint: "look", Digest: "d", Baseline: true, Coverage: access.Coverage{Source: "x", Queries: []string{"q"}, Classes: []access.ClassCoverage{{Class: access.ClassAccount, Claimed: access.NoClaim}}},
		Rejections: []access.Rejection{{Of: access.ClassAccount, Ref: "line 1", Reason: "b"}, {Of: access.ClassAccount, Ref: "line 2", Reason: "a"}}}
	if err := l.Commit(ctx, held); err != nil {
		t.Fatal(err)
	}
	newest := func(at time.Time) string {
		x, _, err := s.NewestComplete(ctx, "vpn", at)
		if err != nil {
			t.Fatal(err)
		}
		return x.ID
	}
	for when, want := range map[time.Time]string{at(14): "", at(15): "S-1", at(21): "S-1", at(22).Add(300 * time.Microsecond): "S-2", at(23): "S-2"} {
		if got := newest(when); got != want {
			t.Errorf("newest complete at %s: %q, want %q", when, got, want)
		}
	}
	if x, _, err := s.PreviousComplete(ctx, "vpn", two.TakenAt); err != nil || !reflect.DeepEqual(x, one) {
		t.Errorf("previous: %+v\nwant %+v (%v)", x, one, err)
	}
	if x, _, err := s.Newest(ctx, "vpn"); err != nil || !reflect.DeepEqual(x, held) {
		t.Errorf("newest: %+v\nwant %+v (%v)", x, held, err)
	}
	w := worldOf(access.Snapshot{}, two)
	w.RunID, w.Systems[0].Previous = "run-2", one
	if err := s.SaveWorld(ctx, w); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveRun(ctx, access.Run{ID: "run-2", State: access.RunCompleted, AsOf: at(23)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	if err := s.SetSnapshotState(ctx, "S-4", access.Complete, "released: checked"); err != nil {
		t.Fatal(err)
	}
	if got := newest(at(23)); got != "S-4" {
		t.Errorf("after the release the newest is %s", got)
	}
	if x, _, _ := s.Snapshot(ctx, "S-4"); x.State != access.Complete || x.Reason != "released: checked" || len(x.Rejections) != 2 {
		t.Errorf("got %+v", x)
	}
	t.Run("the run's own view", func(t *testing.T) {
		of, err := s.SnapshotsOfRun(ctx, "run-2")
		if err != nil || len(of) != 1 || of[0].State != access.Held {
			t.Errorf("a run must go on to show what it saw: %+v (%v)", of, err)
		}
		back, found, err := s.WorldOfRun(ctx, "run-2")
		if err != nil || !found || !reflect.DeepEqual(back, w) {
			t.Errorf("got %+v\nwant %+v (%v)", back, w, err)
		}
	})
	if err := s.SetSnapshotState(ctx, "none", access.Complete, ""); access.KindOf(err) != access.NotFound {
		t.Errorf("got %v", err)
	}
	if _, found, err := s.WorldOfRun(ctx, "none"); found || err != nil {
		t.Errorf("found a world that there is not: %v", err)
	}
}
