package frame

import (
	"muster/reports/document"
)

// Exceptions prints the accepted risks, each with who answers for it.
func (w *Builder) Exceptions() {
	w.Part("Exceptions and mitigations", 60)
	if len(w.Ev.Exceptions) == 0 && len(w.Ev.Mitigations) == 0 {
		w.Para("No risk was accepted: the configuration has neither exceptions nor mitigations of segregation-of-duties conflicts.")
		return
	}
	w.Para("A finding that is covered stays on record and is not counted as open. What has expired covers nothing.")
	if len(w.Ev.Exceptions) > 0 {
		t := document.Table{Columns: []document.Column{{Title: "Exception", Share: 13, Whole: true}, {Title: "Covers", Share: 32}, {Title: "Why, and what is done instead", Share: 46},
			{Title: "Owner", Share: 24}, {Title: "Approved by", Share: 24}, {Title: "Until", Share: 18, Whole: true}}}
		for _, x := range w.Ev.Exceptions {
			subject := x.System + ", " + x.Subject
			if x.Detail != "" {
				subject += ", " + x.Detail
			}
			t.Rows = append(t.Rows, []document.Cell{{Text: x.ID}, {Text: x.Rule, More: []string{subject}}, why(x.Reason, x.Control), {Text: Dash(x.Owner)}, {Text: Dash(x.Approver)},
				until(Date(x.Expires), x.State)})
		}
		w.Section("Exceptions", 25)
		w.Table("Exceptions", t)
	}
	if len(w.Ev.Mitigations) > 0 {
		t := document.Table{Columns: []document.Column{{Title: "Conflict", Share: 22}, {Title: "Person", Share: 28}, {Title: "Why, and what is done instead", Share: 42},
			{Title: "Owner", Share: 24}, {Title: "Approved by", Share: 24}, {Title: "Until", Share: 18, Whole: true}}}
		for _, m := range w.Ev.Mitigations {
			person := m.Person
			if m.PersonName != "" {
				person = m.PersonName + " (" + m.Person + ")"
			}
			t.Rows = append(t.Rows, []document.Cell{{Text: m.Conflict}, {Text: person}, why(m.Reason, m.Control), {Text: Dash(m.Owner)}, {Text: Dash(m.Approver)},
				until(Date(m.Expires), m.State)})
		}
		w.Section("Mitigated conflicts of duties", 25)
		w.Table("Mitigated conflicts of duties", t)
	}
}

func why(reason, control string) document.Cell {
	c := document.Cell{Text: Dash(reason)}
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
