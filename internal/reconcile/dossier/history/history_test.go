package history

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/settle"
	"muster/reports/controls"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// nights are what nights said of findings, as a store has it.
type nights struct {
	runs  []access.Run
	wrote map[string][]access.Finding
}

func (h nights) FindingsOfRun(_ context.Context, run string, yield func(access.Finding) error) error {
	return each(h.wrote[run], yield)
}

func (h nights) FindingsBefore(_ context.Context, run string, yield func(access.Finding) error) error {
	stood := map[string]access.Finding{}
	for _, r := range h.runs {
		if r.ID == run {
			break
		}
		for _, f := range h.wrote[r.ID] {
			stood[f.Fingerprint] = f
		}
	}
	return each(slices.Collect(maps.Values(stood)), yield)
}

func (h nights) FindingChanges(_ context.Context, runs []string, yield func(access.Finding) error) error {
	var out []access.Finding
	for i, run := range runs {
		for _, f := range h.wrote[run] {
			if i == len(runs)-1 || f.Change != access.ChangeStill && f.Change != access.ChangeUnverified {
				out = append(out, f)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b access.Finding) int { return access.CompareFindings(a, b) })
	return each(out, yield)
}

func each(list []access.Finding, yield func(access.Finding) error) error {
	for _, f := range list {
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// random lets findings of a rule, one in a system, come, go, be accepted, lapse and not be seen.
func random(r *rand.Rand, n int) nights {
	h := nights{wrote: map[string][]access.Finding{}}
	stands := map[string]access.Finding{}
	excepted := map[string]string{}
	for i := range n {
		run := access.Run{ID: fmt.Sprintf("R-%02d", i), AsOf: time.Date(2026, 9, 1+i, 1, 0, 0, 0, time.UTC), State: access.RunCompleted}
		sight := settle.Sight{HR: true, HRName: "hr", Systems: map[string]bool{}, RuleActive: map[string]bool{"r": r.IntN(12) > 0}}
		for k := range 5 {
			sight.Systems[fmt.Sprint("s", k)] = r.IntN(4) > 0
		}
		s := settle.New(run, sight, stands)
		var wrote []access.Finding
		for k := range 5 {
			name := fmt.Sprint("s", k)
			switch r.IntN(5) {
			case 0:
				excepted[name] = "EX-1"
			case 1:
				excepted[name] = ""
			}
			f := access.Finding{ID: name, Fingerprint: name, Rule: "r", Scope: access.ScopeAccount, System: name, Severity: access.High, Exception: excepted[name], Controls: []string{"SOC2 CC6.2"}}
			if sight.RuleActive["r"] && r.IntN(3) > 0 {
				if f, ok := s.Hit(f, ""); ok {
					wrote = append(wrote, f)
				}
			}
		}
		if err := s.Rest(func(f access.Finding) error { wrote = append(wrote, f); return nil }); err != nil {
			panic(err)
		}
		stands = maps.Clone(stands)
		for _, f := range wrote {
			stands[f.Fingerprint] = f
		}
		run.Counts = s.Counts()
		h.runs, h.wrote[run.ID] = append(h.runs, run), wrote
	}
	return h
}

// expected counts, night by night, how findings came to stand otherwise.
func (h nights) expected(list []access.Run) controls.Count {
	var n controls.Count
	before := map[string]access.Finding{}
	_ = h.FindingsBefore(context.Background(), list[0].ID, func(f access.Finding) error {
		before[f.Fingerprint] = f
		n.Before += of(evidence.Open(f))
		n.ExceptedBefore += of(f.State == access.Excepted)
		return nil
	})
	for _, r := range list {
		for _, f := range h.wrote[r.ID] {
			was, known := before[f.Fingerprint]
			stood := known && was.State != access.Resolved
			n.Opened += of(f.Change == access.ChangeNew)
			n.Reopened += of(f.Change == access.ChangeReopened)
			n.Accepted += of(f.State == access.Excepted && was.State != access.Excepted)
			n.Lapsed += of(stood && was.State == access.Excepted && evidence.Open(f))
			n.Resolved += of(f.State == access.Resolved && was.State != access.Excepted)
			n.ExceptedResolved += of(f.State == access.Resolved && was.State == access.Excepted)
			n.Off += of(f.State == access.Resolved && len(f.Evidence) == 1)
			before[f.Fingerprint] = f
		}
	}
	for _, f := range h.wrote[list[len(list)-1].ID] {
		n.Open += of(evidence.Open(f))
		n.Excepted += of(f.State == access.Excepted)
	}
	return n
}

func of(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestTheCountsOfRandomNightsAreTheirs: what comes out of the changes is what the nights did, and adds up.
func TestTheCountsOfRandomNightsAreTheirs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	lapsed := 0
	for range 500 {
		h := random(r, 14)
		list := h.runs[r.IntN(6):]
		f := controls.Facts{Period: frame.Period{From: list[0].AsOf.Truncate(24 * time.Hour), To: list[len(list)-1].AsOf.Truncate(24 * time.Hour)}}
		for _, run := range list {
			f.Runs = append(f.Runs, controls.RunFacts{Run: controls.Run{ID: run.ID, AsOf: run.AsOf}, Rules: []evidence.Rule{{ID: "r", Scope: access.ScopeAccount, Controls: []string{"SOC2 CC6.2"}, Evaluated: 9}}})
		}
		var err error
		if f.Findings, err = Gather(t.Context(), h, list); err != nil {
			t.Fatal(err)
		}
		got, want := controls.Sum(f).Controls[0].Count, h.expected(list)
		lapsed += want.Lapsed
		got.MeanMS = 0
		if got != want || !got.Balanced() {
			t.Fatalf("counted %+v, want %+v", got, want)
		}
	}
	if lapsed < 100 {
		t.Errorf("only %d exceptions lapsed: the nights are too quiet", lapsed)
	}
}
