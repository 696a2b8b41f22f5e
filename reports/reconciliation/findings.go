package reconciliation

import (
	"strings"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/pdf"
)

// mostPrinted bounds the findings in the PDF, which keeps it below 200 pages; the annex has all.
const mostPrinted = 3000

// findings prints the findings grouped by rule, then by system.
func (w *writer) findings() {
	d := w.d
	d.Chapter("The findings")
	if w.in.Tally.Totals.All == 0 {
		d.Para("There is none.")
		return
	}
	limit := w.perGroup()
	d.Para("Grouped by rule, the worst first, then by system; within a group open findings come first. Every finding, with the facts that its rule used, is in " +
		"annexes/findings.csv.")
	rule := ""
	for _, g := range w.groups {
		if g.Rule != rule {
			rule = g.Rule
			w.ruleHead(g)
		}
		w.group(g, limit)
	}
}

// perGroup is the largest number of findings to print of each group so that all fit.
func (w *writer) perGroup() int {
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

func (w *writer) ruleHead(g evidence.Group) {
	d := w.d
	d.Section(2, w.title(g.Rule), 45)
	var facts []string
	facts = append(facts, "Rule "+g.Rule)
	if r, ok := w.rules[g.Rule]; ok && len(r.Controls) > 0 {
		facts = append(facts, "controls "+strings.Join(r.Controls, ", "))
	}
	d.Note(strings.Join(facts, "  ·  "))
	if r, ok := w.rules[g.Rule]; ok && r.Remediation != "" {
		d.Styled("To do: "+r.Remediation, pdf.Regular, 8.5, 40)
	}
}

// group prints one rule's findings in one system.
func (w *writer) group(g evidence.Group, limit int) {
	d := w.d
	shown := g.Shown[:min(limit, len(g.Shown))]
	d.Need(26)
	d.Skip(1)
	head := "In " + g.System + ": " + plural(g.Totals.Open, "open finding")
	if n := g.Totals.Excepted; n > 0 {
		head += ", " + number(n) + " excepted"
	}
	if n := g.Totals.Resolved; n > 0 {
		head += ", " + number(n) + " resolved by this run"
	}
	d.Styled(head, pdf.Bold, 9, 20)
	t := pdf.Table{Columns: []pdf.Column{{Title: "Finding", Share: 17}, {Title: "Who", Share: 35}, {Title: "What", Share: 68}, {Title: "Severity", Share: 13},
		{Title: "State", Share: 17}, {Title: "First seen", Share: 17}, {Title: "Age", Share: 11, Align: 'R'}}}
	for _, f := range shown {
		t.Rows = append(t.Rows, []pdf.Cell{{Text: f.ID}, {Text: who(f)}, {Text: f.Message}, severityCell(f.Severity), {Text: state(f)},
			{Text: date(f.FirstSeen)}, {Text: days(age(f, w.ev.Run.AsOf))}})
	}
	d.Table(t)
	if more := g.Totals.All - len(shown); more > 0 {
		d.Note(number(more) + " more of this rule in this system: annexes/findings.csv.")
	}
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
func (w *writer) exceptions() {
	d := w.d
	d.Section(1, "Exceptions and mitigations", 60)
	if len(w.ev.Exceptions) == 0 && len(w.ev.Mitigations) == 0 {
		d.Para("No risk was accepted: the configuration has neither exceptions nor mitigations of segregation-of-duties conflicts.")
		return
	}
	d.Para("A finding that is covered stays on record and is not counted as open. What has expired covers nothing.")
	if len(w.ev.Exceptions) > 0 {
		t := pdf.Table{Columns: []pdf.Column{{Title: "Exception", Share: 13}, {Title: "Covers", Share: 32}, {Title: "Why, and what is done instead", Share: 46},
			{Title: "Owner", Share: 24}, {Title: "Approved by", Share: 24}, {Title: "Until", Share: 18}}}
		for _, x := range w.ev.Exceptions {
			covers := x.Rule + "\n" + x.System + ", " + x.Subject
			if x.Detail != "" {
				covers += ", " + x.Detail
			}
			t.Rows = append(t.Rows, []pdf.Cell{{Text: x.ID}, {Text: covers}, {Text: why(x.Reason, x.Control)}, {Text: dash(x.Owner)}, {Text: dash(x.Approver)},
				until(date(x.Expires), x.State)})
		}
		d.Section(2, "Exceptions", 25)
		d.Table(t)
	}
	if len(w.ev.Mitigations) > 0 {
		t := pdf.Table{Columns: []pdf.Column{{Title: "Conflict", Share: 22}, {Title: "Person", Share: 28}, {Title: "Why, and what is done instead", Share: 42},
			{Title: "Owner", Share: 24}, {Title: "Approved by", Share: 24}, {Title: "Until", Share: 18}}}
		for _, m := range w.ev.Mitigations {
			person := m.Person
			if m.PersonName != "" {
				person = m.PersonName + " (" + m.Person + ")"
			}
			t.Rows = append(t.Rows, []pdf.Cell{{Text: m.Conflict}, {Text: person}, {Text: why(m.Reason, m.Control)}, {Text: dash(m.Owner)}, {Text: dash(m.Approver)},
				until(date(m.Expires), m.State)})
		}
		d.Section(2, "Mitigated conflicts of duties", 25)
		d.Table(t)
	}
}

func why(reason, control string) string {
	if control == "" {
		return dash(reason)
	}
	return dash(reason) + "\nInstead: " + control
}

func until(day, state string) pdf.Cell {
	c := pdf.Cell{Text: day, Ink: 20}
	if state != "" && state != "valid" {
		c.Text, c.Fill, c.Ink, c.Font = day+"\n"+state, 55, 255, pdf.Bold
	}
	return c
}
