package reconciliation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// conclusion counts, says what the run could not see, and points to what should be read first.
func (w *builder) conclusion() {
	w.Chapter("Conclusion and counts")
	w.Para(w.verdict())
	complete := len(w.Ev.Sources) - len(w.Ev.Incomplete())
	exceptions, mitigations := 0, 0
	for _, x := range w.Ev.Exceptions {
		if x.State == "valid" {
			exceptions++
		}
	}
	for _, m := range w.Ev.Mitigations {
		if m.State == "valid" {
			mitigations++
		}
	}
	w.Para(fmt.Sprintf("Looked at: %s (%s read whole) with %s, %s and %s; judged by %s. Expected access comes from %s. In force: %s and %s%s.",
		frame.Plural(len(w.Ev.Sources), "source"), frame.Number(complete), frame.Plural(w.Ev.Run.Persons, "person"), frame.Plural(w.Ev.Run.Accounts, "account"),
		frame.Number(w.Ev.Run.Grants)+" entitlements held", frame.Plural(len(w.Ev.Rules), "rule"), frame.Plural(len(w.Ev.Bundles), "bundle"),
		frame.Plural(exceptions, "exception"), frame.Plural(mitigations, "mitigation"), lapsed(len(w.Ev.Exceptions)+len(w.Ev.Mitigations)-exceptions-mitigations)))
	for _, s := range w.Ev.Incomplete() {
		w.incompleteSource(s)
	}
	if w.Ev.Suppressed > 0 {
		w.Callout("Not raised", frame.Plural(w.Ev.Suppressed, "possible finding")+" would have rested on absence in a source that was not read whole, and "+
			"so is not among the findings of this run. The next complete run decides.")
	}
	w.Section("Findings by severity", 30)
	w.severityTable()
	w.Note("New, reopened and unverified findings are among the open or excepted ones. Unverified: the finding could not be looked at tonight and stands as it was.")
	if w.In.Tally.Totals.Open > 0 {
		w.heatMap()
		w.trend()
		w.readFirst()
	}
}

func (w *builder) severityTable() {
	t := document.Table{Columns: []document.Column{{Title: "Severity", Share: 22}, {Title: "Open", Share: 13, Align: 'R'}, {Title: "New", Share: 13, Align: 'R'},
		{Title: "Reopened", Share: 13, Align: 'R'}, {Title: "Unverified", Share: 13, Align: 'R'}, {Title: "Excepted", Share: 13, Align: 'R'},
		{Title: "Resolved", Share: 13, Align: 'R'}}, Size: 8.5}
	for _, s := range frame.Severities() {
		n := w.In.Tally.BySeverity[s]
		if n.All == 0 && s == access.Informational {
			continue
		}
		row := document.Row("", frame.Zero(n.Open), frame.Zero(n.New), frame.Zero(n.Reopened), frame.Zero(n.Unverified), frame.Zero(n.Excepted), frame.Zero(n.Resolved))
		row[0] = frame.SeverityCell(s)
		t.Rows = append(t.Rows, row)
	}
	n := w.In.Tally.Totals
	total := document.Row("all", frame.Number(n.Open), frame.Number(n.New), frame.Number(n.Reopened), frame.Number(n.Unverified), frame.Number(n.Excepted), frame.Number(n.Resolved))
	for i := range total {
		total[i].Font = document.Bold
	}
	t.Rows = append(t.Rows, total)
	w.Table("Findings by severity", t)
}

// readFirst lists the worst open findings, oldest first within a severity.
func (w *builder) readFirst() {
	t := document.Table{Columns: []document.Column{{Title: "Severity", Share: 10}, {Title: "Finding", Share: 12, Whole: true}, {Title: "Who", Share: 26},
		{Title: "What", Share: 42}, {Title: "Age", Share: 8, Align: 'R'}}}
	for _, f := range w.In.Tally.Worst() {
		row := document.Row("", f.ID, "", f.Message, frame.Days(age(f, w.Ev.Run.AsOf)))
		row[0], row[2] = frame.SeverityCell(f.Severity), frame.Who(f)
		row[1].Link = frame.RuleID(f.Rule)
		t.Rows = append(t.Rows, row)
	}
	t.KeepRows = 5
	w.Section("Read these first", 50)
	w.Table("The worst open findings", t)
}

// lapsed says how many accepted risks are over and cover nothing.
func lapsed(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d more have expired and cover nothing", n)
}

func age(f access.Finding, asOf time.Time) int { return evidence.Age(f, asOf) }

// incompleteSource says loudly what is not concluded.
func (w *builder) incompleteSource(s evidence.Source) {
	tonight := s.System.Tonight
	name := frame.SourceName(s)
	what := []string{fmt.Sprintf("It is %s: %s.", tonight.State, strings.TrimSuffix(frame.Dash(tonight.Reason), "."))}
	for _, c := range tonight.Coverage.Classes {
		if c.State != access.Complete && c.Claimed != access.NoClaim {
			what = append(what, fmt.Sprintf("Of %s that it says it holds, %s were read.", frame.Plural(c.Claimed, string(c.Class)), frame.Number(c.Parsed)))
		}
	}
	if s.System.IsHR {
		what = append(what, "Not concluded: no account is newly called an orphan and no finding is called resolved, in any system, because someone whom HR did not list may only have been cut off.")
	} else {
		what = append(what, "Not concluded: no access is newly called missing in it, no account of it is newly called an orphan, and none of its earlier findings is called resolved.")
	}
	unverified := 0
	for _, g := range w.Groups {
		if slices.Contains(strings.Split(g.System, "+"), s.System.Name) {
			unverified += g.Totals.Unverified
		}
	}
	switch {
	case unverified == 1:
		what = append(what, "1 earlier finding there could not be looked at and stands as it was (unverified).")
	case unverified > 1:
		what = append(what, frame.Plural(unverified, "earlier finding")+" there could not be looked at and stand as they were (unverified).")
	}
	if used := s.System.Used; used.ID != "" {
		what = append(what, "Reasoned from instead: its complete snapshot of "+frame.Clock(used.TakenAt)+".")
	} else {
		what = append(what, "There is no complete snapshot of it at all: it is left out of every other rule.")
	}
	if tonight.Hint != "" {
		what = append(what, "What to do: "+tonight.Hint)
	}
	w.Callout(name+" was not read whole", what...)
}
