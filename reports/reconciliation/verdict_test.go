package reconciliation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// input is a run of one rule over a few accounts, with some findings.
func input(change func(*evidence.Evidence), findings ...access.Finding) Input {
	ev := evidence.Evidence{Organisation: "Example", Run: access.Run{ID: "R-1", AsOf: night, StartedAt: night, Persons: 3, Accounts: 4, Grants: 5},
		Rules: []evidence.Rule{{ID: "leaver-active", Title: "Leaver", Severity: access.High}}}
	if change != nil {
		change(&ev)
	}
	tally := evidence.NewTally(night, 10)
	for _, f := range findings {
		tally.Add(f)
	}
	return Input{Input: frame.Input{Evidence: ev, File: evidence.NewFile(ev), Tally: tally}}
}

func finding(n int, state access.FindingState) access.Finding {
	return access.Finding{ID: fmt.Sprintf("F-%04d", n), Fingerprint: fmt.Sprint(n), Rule: "leaver-active", System: "erp", Subject: fmt.Sprintf("a%04d", n), Severity: access.High, State: state, FirstSeen: night.AddDate(0, 0, -n), Message: "still active"}
}

// TestTheVerdictSaysNoMoreThanWasSeen: "no access was found" is said of a run that looked, found nothing, and had no reason to see less than there is.
func TestTheVerdictSaysNoMoreThanWasSeen(t *testing.T) {
	const clean = "No access was found"
	partial := evidence.Source{System: access.SystemFacts{Name: "erp", Tonight: access.Snapshot{State: access.Partial}}}
	for name, tt := range map[string]struct {
		in        Input
		want, not []string
	}{
		"all was looked at": {input(nil), []string{clean, "1 rule looked at 3 persons, 4 accounts and 5 grants."}, []string{"there may be more"}},
		"only accepted":     {input(nil, finding(1, access.Excepted), finding(2, access.Excepted)), []string{"Access differs", "in 2 places, and every one is an accepted risk; none is open"}, []string{clean}},
		"a rule failed":     {input(func(e *evidence.Evidence) { e.Rules[0].Errors = 7 }), []string{"1 of 1 rule could not be answered for every record: there may be more."}, nil},
		"hits suppressed":   {input(func(e *evidence.Evidence) { e.Suppressed = 1 }), []string{"1 possible finding was not raised: there may be more."}, nil},
		"no rule":           {input(func(e *evidence.Evidence) { e.Rules = nil }), []string{"Nothing was judged: no rule was enabled.", "no rule was enabled, and so nothing was judged"}, []string{clean, "the run found nothing"}},
		"nothing to see":    {input(func(e *evidence.Evidence) { e.Run.Persons, e.Run.Accounts, e.Run.Grants = 0, 0, 0 }), []string{"there was nothing to look at"}, []string{clean}},
		"some open, a rule failed, a source incomplete": {input(func(e *evidence.Evidence) { e.Rules[0].Errors, e.Sources = 7, []evidence.Source{partial} }, finding(1, access.Open)),
			[]string{"in 1 place", "1 of 1 source could not be read whole; 1 of 1 rule could not be answered for every record: there may be more."}, []string{clean}},
	} {
		d := Document(tt.in)
		said := d.Cover.Verdict + fmt.Sprintf("%+v", d.Blocks)
		for _, want := range tt.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the report does not say %q: %s", name, want, d.Cover.Verdict)
			}
		}
		for _, not := range tt.not {
			if strings.Contains(said, not) {
				t.Errorf("%s: the report says %q", name, not)
			}
		}
	}
}

// TestTheOldestAreReadFirst: of many findings of one rule those that have been known the longest are listed, whatever they are called.
func TestTheOldestAreReadFirst(t *testing.T) {
	var list []access.Finding
	for n := range 500 {
		list = append(list, finding(n, access.Open))
	}
	for _, b := range Document(input(nil, list...)).Blocks {
		table, ok := b.(document.Table)
		if !ok || table.Caption != "The worst open findings" {
			continue
		}
		got := ""
		for _, row := range table.Rows {
			got += row[1].Text + " "
		}
		if want := "F-0499 F-0498 F-0497 F-0496 F-0495 F-0494 F-0493 F-0492 F-0491 F-0490 "; got != want {
			t.Errorf("read first: %s, want %s", got, want)
		}
		return
	}
	t.Error("nothing is to be read first")
}
