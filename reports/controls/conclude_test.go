package controls_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/reports/controls"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// asked is a rule for the control SOC2 CC6.2.
func asked(id string, scope access.Scope, evaluated, failed int64) evidence.Rule {
	return evidence.Rule{ID: id, Title: id, Severity: access.High, Scope: scope, Controls: []string{"SOC2 CC6.2"}, Digest: "d", Evaluated: evaluated, Errors: failed}
}

// nights are runs of successive nights that read HR and two systems as three states say, and had rules.
func nights(n int, hr, erp, saas access.SnapshotState, rules ...evidence.Rule) controls.Facts {
	f := controls.Facts{Period: frame.Period{From: night(1).Truncate(24 * time.Hour), To: night(n).Truncate(24 * time.Hour)}, Catalogue: []evidence.Control{{ID: "SOC2 CC6.2", Says: "people lose access"}}}
	for i := range n {
		f.Runs = append(f.Runs, controls.RunFacts{Run: controls.Run{ID: fmt.Sprintf("R-%d", i+1), AsOf: night(i + 1)}, Rules: slices.Clone(rules),
			Sources: []evidence.Source{source("hr", true, hr), source("erp", false, erp), source("saas", false, saas)}})
	}
	return f
}

const (
	whole  = access.Complete
	failed = access.Failed
)

// TestWhatWasNeverReadIsNotSaidToBeWithoutDeviation: rules on persons see the grants of all systems, and rules on accounts see HR.
func TestWhatWasNeverReadIsNotSaidToBeWithoutDeviation(t *testing.T) {
	for _, scope := range []access.Scope{access.ScopePerson, access.ScopeAccount, access.ScopeGrant} {
		for _, c := range []struct {
			hr, erp, saas access.SnapshotState
			want          controls.Conclusion
			runs, whole   int
			why           string
		}{
			{whole, whole, whole, controls.NoDeviation, 3, 3, ""},
			{whole, failed, whole, controls.Partly, 3, 0, "erp was read whole by no run"},
			{whole, failed, failed, controls.NotTested, 0, 0, "its rules had no answer in any run of the period that read HR and a system whole"},
			{failed, whole, whole, controls.NotTested, 0, 0, "its rules had no answer in any run of the period that read HR and a system whole"},
		} {
			x := find(t, controls.Sum(nights(3, c.hr, c.erp, c.saas, asked("r", scope, 40, 0))), "SOC2 CC6.2")
			if x.Conclusion != c.want || x.Runs != c.runs || x.Whole != c.whole || x.Why != c.why {
				t.Errorf("%s, HR %s, erp %s, saas %s: %s (%s), %d tested, %d whole", scope, c.hr, c.erp, c.saas, x.Conclusion, x.Why, x.Runs, x.Whole)
			}
		}
	}
	f := nights(2, whole, whole, whole, asked("r", access.ScopeAccount, 40, 0))
	f.Runs[1].Sources[1].System.Tonight.Coverage.Classes = []access.ClassCoverage{{Class: access.ClassAccount, Rejected: 1}}
	if x := find(t, controls.Sum(f), "SOC2 CC6.2"); x.Whole != 1 || fmt.Sprint(x.Limits) != "[erp was not read whole in 1 of 2 runs]" {
		t.Errorf("an account was rejected: %d runs are whole, limits %q", x.Whole, x.Limits)
	}
}

func TestRulesWithoutAnAnswerTestNothing(t *testing.T) {
	x := find(t, controls.Sum(nights(3, whole, whole, whole, asked("r", access.ScopeAccount, 40, 40))), "SOC2 CC6.2")
	if x.Conclusion != controls.NotTested || x.Runs != 0 {
		t.Errorf("never answered: %s in %d runs", x.Conclusion, x.Runs)
	}
	x = find(t, controls.Sum(nights(3, whole, whole, whole, asked("r", access.ScopeAccount, 40, 40), asked("other", access.ScopeAccount, 40, 0))), "SOC2 CC6.2")
	if x.Conclusion != controls.Partly || x.Why != "r was never answered" {
		t.Errorf("one of two never answered: %s (%s)", x.Conclusion, x.Why)
	}
	x = find(t, controls.Sum(nights(3, whole, whole, whole, asked("r", access.ScopeAccount, 40, 1))), "SOC2 CC6.2")
	if x.Conclusion != controls.NoDeviation || fmt.Sprint(x.Limits) != "[r could not be answered 3 times; it was asked 120 times]" {
		t.Errorf("one of 40 not answered: %s, limits %q", x.Conclusion, x.Limits)
	}
}

// TestARuleThatIsSwitchedOffTakesNothingBack: what it found in the period stays, and the report says until when it was applied.
func TestARuleThatIsSwitchedOffTakesNothingBack(t *testing.T) {
	f := nights(3, whole, whole, whole, asked("r", access.ScopeAccount, 40, 0))
	f.Runs[2].Rules = nil
	open := access.Finding{ID: "F-1", Fingerprint: "F-1", Rule: "r", State: access.Open, Change: access.ChangeNew, FirstSeen: night(1), Controls: []string{"SOC2 CC6.2"}}
	off := open
	off.State, off.Change, off.Evidence = access.Resolved, access.ChangeResolved, []access.Evidence{{Expr: "rule", Value: "switched off", Source: "configuration"}}
	var x controls.Seen
	x.Add(open, night(1))
	x.Add(off, night(3))
	f.Findings = []controls.Seen{x}
	c := find(t, controls.Sum(f), "SOC2 CC6.2")
	if c.Conclusion != controls.Deviations || c.Count != (controls.Count{Opened: 1, Resolved: 1, Off: 1}) || !c.Covered || c.Runs != 2 || len(c.Population) != 0 {
		t.Errorf("%s, %+v in %d runs", c.Conclusion, c.Count, c.Runs)
	}
	if x := c.Tests[0]; x.Applied != 2 || !x.Until.Equal(night(2)) || x.Last != 0 || x.Evaluated != 80 {
		t.Errorf("the test is %+v", x)
	}
	if fmt.Sprint(c.Limits) != "[r was applied in 2 of 3 runs, last as of 2026-11-02 01:00 1 was resolved only in that the rule was switched off]" {
		t.Errorf("limits %q", c.Limits)
	}
	f.Findings = nil
	if c = find(t, controls.Sum(f), "SOC2 CC6.2"); c.Conclusion != controls.NoDeviation || len(c.Limits) != 1 {
		t.Errorf("nothing was found: %s, limits %q", c.Conclusion, c.Limits)
	}
}

// TestDeviationsAreNeverCalledNotTested, not those of a rule that is gone since before the period, and not those that no run could look at.
func TestDeviationsAreNeverCalledNotTested(t *testing.T) {
	stands := controls.Seen{Finding: access.Finding{ID: "F-1", Rule: "r", State: access.Open, FirstSeen: night(1), Controls: []string{"SOC2 CC6.2"}}, Before: access.Open}
	for name, f := range map[string]controls.Facts{"no rule": nights(2, whole, whole, whole), "nothing read": nights(2, failed, failed, failed, asked("r", access.ScopeAccount, 40, 0))} {
		f.Findings = []controls.Seen{stands}
		if c := find(t, controls.Sum(f), "SOC2 CC6.2"); c.Conclusion != controls.Deviations || c.Count.Open != 1 {
			t.Errorf("%s: %s, %+v", name, c.Conclusion, c.Count)
		}
	}
}

// TestReviewsRestOnCampaigns: that access was reviewed is shown by campaigns that were closed in the period, whatever rules found.
func TestReviewsRestOnCampaigns(t *testing.T) {
	review := controls.Campaign{ID: "C-1", Name: "Quarter", ClosedAt: night(2), Items: 10, Systems: []string{"erp", "saas"}}
	change := func(change func(*controls.Campaign)) []controls.Campaign {
		c := review
		change(&c)
		return []controls.Campaign{c}
	}
	none := func(*controls.Campaign) {}
	const never = "no review of access was closed in the period"
	rule := asked("r", access.ScopeAccount, 40, 0)
	for name, c := range map[string]struct {
		rules     []evidence.Rule
		campaigns []controls.Campaign
		want      controls.Conclusion
		why       string
	}{
		"neither":           {nil, nil, controls.NotTested, "no rule can test it, and " + never},
		"rules alone":       {[]evidence.Rule{rule}, nil, controls.Partly, never},
		"a campaign alone":  {nil, change(none), controls.NoDeviation, ""},
		"both":              {[]evidence.Rule{rule}, change(none), controls.NoDeviation, ""},
		"of one system":     {nil, change(func(c *controls.Campaign) { c.Systems = []string{"erp"} }), controls.Partly, "no review that was closed in the period is of saas"},
		"silence":           {nil, change(func(c *controls.Campaign) { c.Silent = 4 }), controls.Partly, "nobody decided 4 of 10 items that were to be reviewed"},
		"not as it was":     {nil, change(func(c *controls.Campaign) { c.Wrong = "the ledger differs" }), controls.NotTested, "no rule can test it, and " + never},
		"without an answer": {[]evidence.Rule{asked("r", access.ScopeAccount, 40, 40)}, change(none), controls.Partly, "r was never answered; its rules had no answer in any run of the period that read HR and a system whole"},
	} {
		f := nights(3, whole, whole, whole, c.rules...)
		f.Reviews, f.Campaigns = map[string]bool{"SOC2 CC6.2": true}, c.campaigns
		if x := find(t, controls.Sum(f), "SOC2 CC6.2"); x.Conclusion != c.want || x.Why != c.why {
			t.Errorf("%s: %s (%s)", name, x.Conclusion, x.Why)
		}
	}
	f := nights(3, whole, whole, whole, rule)
	f.Campaigns = change(none)
	if x := find(t, controls.Sum(f), "SOC2 CC6.2"); len(x.Campaigns) != 0 || x.Conclusion != controls.NoDeviation {
		t.Errorf("a control that asks for no review has %d campaigns: %s", len(x.Campaigns), x.Conclusion)
	}
}

// TestTwoRunsOfADayHideNoNight: the report names the days without a run.
func TestTwoRunsOfADayHideNoNight(t *testing.T) {
	f := nights(3, whole, whole, whole, asked("r", access.ScopeAccount, 40, 0))
	f.Runs[1].Run.AsOf = night(1).Add(time.Hour)
	said := ""
	for _, b := range controls.Document(base(), controls.Sum(f)).Blocks {
		if p, ok := b.(document.Paragraph); ok {
			said += p.Text + "\n"
		}
	}
	if !strings.Contains(said, "No run was completed on 1 day of the period up to the last run: 2026-11-02.") {
		t.Errorf("the report says %s", said)
	}
}

// TestCountsAddUpWhateverRunsSaid: of random histories, with runs that are missing among those that are told.
func TestCountsAddUpWhateverRunsSaid(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	states := []access.FindingState{access.Open, access.Excepted, access.Resolved, access.Reopened, access.Acknowledged}
	changes := []access.Change{access.ChangeNew, access.ChangeStill, access.ChangeResolved, access.ChangeReopened, access.ChangeUnverified}
	for range 2000 {
		f := nights(9, whole, whole, whole, asked("r", access.ScopeAccount, 40, 0))
		for n := range 1 + r.IntN(4) {
			x := controls.Seen{Finding: access.Finding{ID: fmt.Sprint(n), Rule: "r", State: states[r.IntN(len(states))], FirstSeen: night(1)}}
			if r.IntN(2) == 0 {
				x.Before = states[r.IntN(len(states))]
			}
			for i := range 9 {
				if r.IntN(3) == 0 {
					x.Steps = append(x.Steps, controls.Step{At: night(i + 1), State: states[r.IntN(len(states))], Change: changes[r.IntN(len(changes))], Covered: r.IntN(2) == 0})
				}
			}
			f.Findings = append(f.Findings, x)
		}
		c := find(t, controls.Sum(f), "SOC2 CC6.2")
		if !c.Count.Balanced() || !c.Tests[0].Count.Balanced() || c.Count != c.Tests[0].Count || c.Count.Open+c.Count.Excepted > len(f.Findings) {
			t.Fatalf("%+v of %+v", c.Count, f.Findings)
		}
	}
}
