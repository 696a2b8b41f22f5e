package reconciliation

import (
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// mostPrinted bounds the findings in the PDF, which keeps it below 200 pages; the annex has all.
const mostPrinted = 3000

// findings prints the findings grouped by rule, then by system.
func (w *builder) findings() {
	if w.In.Tally.Totals.All == 0 {
		w.Part("The findings", 25)
		says := "There is none: the run found nothing, and nothing that it could call resolved."
		if len(w.Ev.Rules) == 0 {
			says = "There is none: no rule was enabled, and so nothing was judged."
		}
		w.Para(says)
		return
	}
	w.Chapter("The findings")
	limit := w.perGroup()
	w.Para("Grouped by rule, the worst first, then by system; within a group open findings come first. Every finding, with the facts that its rule used, is in " +
		"annexes/findings.csv.")
	for from := 0; from < len(w.Groups); {
		to := from + 1
		for to < len(w.Groups) && w.Groups[to].Rule == w.Groups[from].Rule {
			to++
		}
		w.ruleHead(w.Groups[from])
		w.ruleTable(w.Groups[from:to], limit)
		from = to
	}
}

// perGroup is the largest number of findings to print of each group so that all fit.
func (w *builder) perGroup() int {
	limit := w.In.Tally.Keep
	for ; limit > 5; limit-- {
		sum := 0
		for _, g := range w.Groups {
			sum += min(limit, len(g.Shown))
		}
		if sum <= mostPrinted {
			break
		}
	}
	return limit
}

func (w *builder) ruleHead(g evidence.Group) {
	w.Linked(w.Title(g.Rule), frame.RuleID(g.Rule), 45)
	var facts []string
	facts = append(facts, "Rule "+g.Rule)
	if r, ok := w.RuleByID[g.Rule]; ok && len(r.Controls) > 0 {
		facts = append(facts, "controls "+strings.Join(r.Controls, ", "))
	}
	w.Note(strings.Join(facts, "  ·  "))
	if r, ok := w.RuleByID[g.Rule]; ok && r.Remediation != "" {
		w.Para("To do: " + r.Remediation)
	}
}

// ruleTable lists one rule's findings, system by system.
func (w *builder) ruleTable(groups []evidence.Group, limit int) {
	t := document.Table{Columns: []document.Column{{Title: "Finding", Share: 17, Whole: true}, {Title: "Who", Share: 40}, {Title: "What", Share: 63},
		{Title: "Severity", Share: 13}, {Title: "State", Share: 17}, {Title: "First seen", Share: 16, Whole: true}, {Title: "Age", Share: 10, Align: 'R', Whole: true}}}
	for _, g := range groups {
		shown := g.Shown[:min(limit, len(g.Shown))]
		head := "In " + g.System + ": " + frame.Plural(g.Totals.Open, "open finding")
		if n := g.Totals.Excepted; n > 0 {
			head += ", " + frame.Number(n) + " excepted"
		}
		if n := g.Totals.Resolved; n > 0 {
			head += ", " + frame.Number(n) + " resolved by this run"
		}
		if more := g.Totals.All - len(shown); more > 0 {
			head += fmt.Sprintf("; %s are printed, %s more are in annexes/findings.csv", frame.Number(len(shown)), frame.Number(more))
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: head, Font: document.Bold}})
		for _, f := range shown {
			t.Rows = append(t.Rows, []document.Cell{{Text: f.ID}, frame.Who(f), {Text: f.Message}, frame.SeverityCell(f.Severity), {Text: state(f)},
				{Text: frame.Date(f.FirstSeen)}, {Text: frame.Days(age(f, w.Ev.Run.AsOf))}})
		}
	}
	w.Table("Findings of "+groups[0].Rule, t)
}

// state says where a finding stands and what this run did to it.
func state(f access.Finding) string {
	switch {
	case f.State == access.Excepted && f.Exception != "":
		return "excepted by " + f.Exception
	case f.Change == access.ChangeNew && evidence.Open(f):
		return string(f.State) + ", new"
	case f.Change == access.ChangeUnverified:
		return string(f.State) + ", unverified"
	}
	return string(f.State)
}
