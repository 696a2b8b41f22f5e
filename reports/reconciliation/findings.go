package reconciliation

import (
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
)

// mostPrinted bounds the findings in the PDF, which keeps it below 200 pages; the annex has all.
const mostPrinted = 3000

// findings prints the findings grouped by rule, then by system.
func (w *builder) findings() {
	if w.in.Tally.Totals.All == 0 {
		w.part("The findings", 25)
		w.para("There is none: the run found nothing, and nothing that it could call resolved.")
		return
	}
	w.chapter("The findings")
	limit := w.perGroup()
	w.para("Grouped by rule, the worst first, then by system; within a group open findings come first. Every finding, with the facts that its rule used, is in " +
		"annexes/findings.csv.")
	for from := 0; from < len(w.groups); {
		to := from + 1
		for to < len(w.groups) && w.groups[to].Rule == w.groups[from].Rule {
			to++
		}
		w.ruleHead(w.groups[from])
		w.ruleTable(w.groups[from:to], limit)
		from = to
	}
}

// perGroup is the largest number of findings to print of each group so that all fit.
func (w *builder) perGroup() int {
	limit := w.in.Tally.Keep
	for ; limit > 5; limit-- {
		sum := 0
		for _, g := range w.groups {
			sum += min(limit, len(g.Shown))
		}
		if sum <= mostPrinted {
			break
		}
	}
	return limit
}

func (w *builder) ruleHead(g evidence.Group) {
	w.linked(w.title(g.Rule), ruleID(g.Rule), 45)
	var facts []string
	facts = append(facts, "Rule "+g.Rule)
	if r, ok := w.rules[g.Rule]; ok && len(r.Controls) > 0 {
		facts = append(facts, "controls "+strings.Join(r.Controls, ", "))
	}
	w.note(strings.Join(facts, "  ·  "))
	if r, ok := w.rules[g.Rule]; ok && r.Remediation != "" {
		w.para("To do: " + r.Remediation)
	}
}

// ruleTable lists one rule's findings, system by system.
func (w *builder) ruleTable(groups []evidence.Group, limit int) {
	t := document.Table{Columns: []document.Column{{Title: "Finding", Share: 17, Whole: true}, {Title: "Who", Share: 40}, {Title: "What", Share: 63},
		{Title: "Severity", Share: 13}, {Title: "State", Share: 17}, {Title: "First seen", Share: 16, Whole: true}, {Title: "Age", Share: 10, Align: 'R', Whole: true}}}
	for _, g := range groups {
		shown := g.Shown[:min(limit, len(g.Shown))]
		head := "In " + g.System + ": " + plural(g.Totals.Open, "open finding")
		if n := g.Totals.Excepted; n > 0 {
			head += ", " + number(n) + " excepted"
		}
		if n := g.Totals.Resolved; n > 0 {
			head += ", " + number(n) + " resolved by this run"
		}
		if more := g.Totals.All - len(shown); more > 0 {
			head += fmt.Sprintf("; %s are printed, %s more are in annexes/findings.csv", number(len(shown)), number(more))
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: head, Font: document.Bold}})
		for _, f := range shown {
			t.Rows = append(t.Rows, []document.Cell{{Text: f.ID}, who(f), {Text: f.Message}, severityCell(f.Severity), {Text: state(f)},
				{Text: date(f.FirstSeen)}, {Text: days(age(f, w.ev.Run.AsOf))}})
		}
	}
	w.table("Findings of "+groups[0].Rule, t)
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

// exceptions prints the accepted risks, each with who answers for it.
func (w *builder) exceptions() {
	w.part("Exceptions and mitigations", 60)
	if len(w.ev.Exceptions) == 0 && len(w.ev.Mitigations) == 0 {
		w.para("No risk was accepted: the configuration has neither exceptions nor mitigations of segregation-of-duties conflicts.")
		return
	}
	w.para("A finding that is covered stays on record and is not counted as open. What has expired covers nothing.")
	if len(w.ev.Exceptions) > 0 {
		t := document.Table{Columns: []document.Column{{Title: "Exception", Share: 13, Whole: true}, {Title: "Covers", Share: 32}, {Title: "Why, and what is done instead", Share: 46},
			{Title: "Owner", Share: 24}, {Title: "Approved by", Share: 24}, {Title: "Until", Share: 18, Whole: true}}}
		for _, x := range w.ev.Exceptions {
			subject := x.System + ", " + x.Subject
			if x.Detail != "" {
				subject += ", " + x.Detail
			}
			t.Rows = append(t.Rows, []document.Cell{{Text: x.ID}, {Text: x.Rule, More: []string{subject}}, why(x.Reason, x.Control), {Text: dash(x.Owner)}, {Text: dash(x.Approver)},
				until(date(x.Expires), x.State)})
		}
		w.section("Exceptions", 25)
		w.table("Exceptions", t)
	}
	if len(w.ev.Mitigations) > 0 {
		t := document.Table{Columns: []document.Column{{Title: "Conflict", Share: 22}, {Title: "Person", Share: 28}, {Title: "Why, and what is done instead", Share: 42},
			{Title: "Owner", Share: 24}, {Title: "Approved by", Share: 24}, {Title: "Until", Share: 18, Whole: true}}}
		for _, m := range w.ev.Mitigations {
			person := m.Person
			if m.PersonName != "" {
				person = m.PersonName + " (" + m.Person + ")"
			}
			t.Rows = append(t.Rows, []document.Cell{{Text: m.Conflict}, {Text: person}, why(m.Reason, m.Control), {Text: dash(m.Owner)}, {Text: dash(m.Approver)},
				until(date(m.Expires), m.State)})
		}
		w.section("Mitigated conflicts of duties", 25)
		w.table("Mitigated conflicts of duties", t)
	}
}

func why(reason, control string) document.Cell {
	c := document.Cell{Text: dash(reason)}
	if control != "" {
		c.More = []string{"Instead: " + control}
	}
	return c
}

func until(day, state string) document.Cell {
	c := document.Cell{Text: day, Ink: 20}
	if state != "" && state != "valid" {
		c.More, c.Fill, c.Ink, c.Font = []string{state}, 55, 255, document.Bold
	}
	return c
}
