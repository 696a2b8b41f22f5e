package reconciliation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
)

// conclusion counts, says what the run could not see, and points to what should be read first.
func (w *builder) conclusion() {
	w.chapter("Conclusion and counts")
	w.para(w.verdict())
	complete := len(w.ev.Sources) - len(w.ev.Incomplete())
	exceptions, mitigations := 0, 0
	for _, x := range w.ev.Exceptions {
		if x.State == "valid" {
			exceptions++
		}
	}
	for _, m := range w.ev.Mitigations {
		if m.State == "valid" {
			mitigations++
		}
	}
	w.para(fmt.Sprintf("Looked at: %s (%s read whole) with %s, %s and %s; judged by %s. Expected access comes from %s. In force: %s and %s%s.",
		plural(len(w.ev.Sources), "source"), number(complete), plural(w.ev.Run.Persons, "person"), plural(w.ev.Run.Accounts, "account"),
		number(w.ev.Run.Grants)+" entitlements held", plural(len(w.ev.Rules), "rule"), plural(len(w.ev.Bundles), "bundle"),
		plural(exceptions, "exception"), plural(mitigations, "mitigation"), lapsed(len(w.ev.Exceptions)+len(w.ev.Mitigations)-exceptions-mitigations)))
	for _, s := range w.ev.Incomplete() {
		w.incompleteSource(s)
	}
	if w.ev.Suppressed > 0 {
		w.callout("Not raised", plural(w.ev.Suppressed, "possible finding")+" would have rested on absence in a source that was not read whole, and "+
			"so is not among the findings of this run. The next complete run decides.")
	}
	w.section("Findings by severity", 30)
	w.severityTable()
	w.note("New, reopened and unverified findings are among the open or excepted ones. Unverified: the finding could not be looked at tonight and stands as it was.")
	if w.in.Tally.Totals.Open > 0 {
		w.heatMap()
		w.trend()
		w.readFirst()
	}
}

func (w *builder) severityTable() {
	t := document.Table{Columns: []document.Column{{Title: "Severity", Share: 22}, {Title: "Open", Share: 13, Align: 'R'}, {Title: "New", Share: 13, Align: 'R'},
		{Title: "Reopened", Share: 13, Align: 'R'}, {Title: "Unverified", Share: 13, Align: 'R'}, {Title: "Excepted", Share: 13, Align: 'R'},
		{Title: "Resolved", Share: 13, Align: 'R'}}, Size: 8.5}
	for _, s := range severities() {
		n := w.in.Tally.BySeverity[s]
		if n.All == 0 && s == access.Informational {
			continue
		}
		row := document.Row("", zero(n.Open), zero(n.New), zero(n.Reopened), zero(n.Unverified), zero(n.Excepted), zero(n.Resolved))
		row[0] = severityCell(s)
		t.Rows = append(t.Rows, row)
	}
	n := w.in.Tally.Totals
	total := document.Row("all", number(n.Open), number(n.New), number(n.Reopened), number(n.Unverified), number(n.Excepted), number(n.Resolved))
	for i := range total {
		total[i].Font = document.Bold
	}
	t.Rows = append(t.Rows, total)
	w.table("Findings by severity", t)
}

// readFirst lists the worst open findings, oldest first within a severity as the rules order them.
func (w *builder) readFirst() {
	const most = 10
	t := document.Table{Columns: []document.Column{{Title: "Severity", Share: 10}, {Title: "Finding", Share: 12, Whole: true}, {Title: "Who", Share: 26},
		{Title: "What", Share: 42}, {Title: "Age", Share: 8, Align: 'R'}}}
	for _, f := range w.worst(most) {
		row := document.Row("", f.ID, "", f.Message, days(age(f, w.ev.Run.AsOf)))
		row[0], row[2] = severityCell(f.Severity), who(f)
		row[1].Link = ruleID(f.Rule)
		t.Rows = append(t.Rows, row)
	}
	t.KeepRows = 5
	w.section("Read these first", 50)
	w.table("The worst open findings", t)
}

// lapsed says how many accepted risks are over and cover nothing.
func lapsed(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d more have expired and cover nothing", n)
}

func age(f access.Finding, asOf time.Time) int { return evidence.Age(f, asOf) }

// worst picks the open findings to be read first: by severity, then the longest known; one rule may fill half of the list.
func (w *builder) worst(most int) []access.Finding {
	var all []access.Finding
	for _, g := range w.groups {
		n := 0
		for _, f := range g.Shown {
			if evidence.Open(f) && n < most {
				all = append(all, f)
				n++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b access.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), a.FirstSeen.Compare(b.FirstSeen), access.CompareFindings(a, b))
	})
	var out []access.Finding
	byRule := map[string]int{}
	for _, f := range all {
		if byRule[f.Rule]++; byRule[f.Rule] <= most/2 && len(out) < most {
			out = append(out, f)
		}
	}
	return out
}

// incompleteSource says loudly what is not concluded.
func (w *builder) incompleteSource(s evidence.Source) {
	tonight := s.System.Tonight
	name := sourceName(s)
	what := []string{fmt.Sprintf("It is %s: %s.", tonight.State, strings.TrimSuffix(dash(tonight.Reason), "."))}
	for _, c := range tonight.Coverage.Classes {
		if c.State != access.Complete && c.Claimed != access.NoClaim {
			what = append(what, fmt.Sprintf("Of %s that it says it holds, %s were read.", plural(c.Claimed, string(c.Class)), number(c.Parsed)))
		}
	}
	if s.System.IsHR {
		what = append(what, "Not concluded: no account is newly called an orphan and no finding is called resolved, in any system, because someone whom HR did not list may only have been cut off.")
	} else {
		what = append(what, "Not concluded: no access is newly called missing in it, no account of it is newly called an orphan, and none of its earlier findings is called resolved.")
	}
	unverified := 0
	for _, g := range w.groups {
		if slices.Contains(strings.Split(g.System, "+"), s.System.Name) {
			unverified += g.Totals.Unverified
		}
	}
	switch {
	case unverified == 1:
		what = append(what, "1 earlier finding there could not be looked at and stands as it was (unverified).")
	case unverified > 1:
		what = append(what, plural(unverified, "earlier finding")+" there could not be looked at and stand as they were (unverified).")
	}
	if used := s.System.Used; used.ID != "" {
		what = append(what, "Reasoned from instead: its complete snapshot of "+clock(used.TakenAt)+".")
	} else {
		what = append(what, "There is no complete snapshot of it at all: it is left out of every other rule.")
	}
	if tonight.Hint != "" {
		what = append(what, "What to do: "+tonight.Hint)
	}
	w.callout(name+" was not read whole", what...)
}
