package show

import (
	"fmt"
	"strings"

	"muster/internal/access"
)

// Approvals lists questions.
func (p Printer) Approvals(list []access.Approval, empty string) error {
	l := Listing{Head: []string{"id", "state", "severity", "until", "who decides", "question"}, Wide: 5, Drop: []int{2, 4}, Empty: empty}
	items := []access.Approval{}
	for _, a := range list {
		items = append(items, a)
		l.Rows = append(l.Rows, []string{a.ID, string(a.State), string(a.Severity), Day(a.ExpiresAt), deciders(a), a.Title})
	}
	l.Items = items
	return p.List(l)
}

func deciders(a access.Approval) string {
	var names []string
	for _, x := range a.Approvers {
		names = append(names, x.Name)
	}
	text := strings.Join(names, ", ")
	if a.Need > 1 {
		text += fmt.Sprintf(" (%d of them)", a.Need)
	}
	return text
}

// Approval shows one question whole. expiry says what happens when nobody decides.
func (p Printer) Approval(a access.Approval, expiry func(access.Approval) string) error {
	if p.Format != "table" {
		return p.Approvals([]access.Approval{a}, "")
	}
	fmt.Fprintf(p.Out, "%s  %s  %s\n", a.ID, a.State, a.Severity)
	p.Text("  ", a.Title)
	fmt.Fprintln(p.Out)
	for _, line := range a.Lines {
		p.Text("    - ", line)
	}
	row := func(name, value string) {
		if value != "" {
			p.Text(fmt.Sprintf("  %-12s ", name), value)
		}
	}
	row("why", a.Why)
	row("finding", strings.TrimSpace(a.FindingID+" "+a.Rule))
	row("conflicts", strings.Join(a.Conflicts, "; "))
	row("not undone", a.Irreversible)
	var who []string
	for _, x := range a.Approvers {
		who = append(who, fmt.Sprintf("%s (%s, %s)", x.Name, x.Person, x.Role))
	}
	row("may decide", strings.Join(who, ", "))
	if a.Need > 1 {
		row("needed", fmt.Sprintf("%d different people must approve", a.Need))
	}
	if a.State == access.ApprovalWaiting {
		if a.StepUp {
			row("how", "muster decide "+a.ID+" approve|deny [--token ...]; not in Slack")
		} else {
			row("how", "muster decide "+a.ID+" approve|deny")
		}
		if !a.ExpiresAt.IsZero() {
			row("until", Day(a.ExpiresAt)+"; "+expiry(a))
		}
	}
	for _, d := range a.Decisions {
		text := string(d.Verdict)
		if d.By != "" {
			text += fmt.Sprintf(" by %s (%s) as %s", d.ByName, d.By, d.Role)
		}
		text += " by " + string(d.Channel) + " at " + Day(d.At)
		if d.Reason != "" {
			text += ": " + d.Reason
		}
		row("decision", text)
	}
	row("outcome", a.Outcome)
	return nil
}

// Requests lists requests.
func (p Printer) Requests(list []access.Request) error {
	l := Listing{Head: []string{"id", "state", "person", "entitlement", "until", "reason"}, Wide: 5, Drop: []int{4}, Empty: "no request yet: muster request PERSON SYSTEM/ENTITLEMENT --for 14d --reason ..."}
	items := []access.Request{}
	for _, q := range list {
		items = append(items, q)
		l.Rows = append(l.Rows, []string{q.ID, string(q.State), q.PersonName, q.Ref.String(), Day(q.Until), q.Reason})
	}
	l.Items = items
	return p.List(l)
}

// Request shows what was asked for, what it would conflict with, and who decides.
func (p Printer) Request(q access.Request, question access.Approval, dry bool) error {
	if p.Format != "table" {
		return p.Requests([]access.Request{q})
	}
	if dry {
		fmt.Fprintf(p.Out, "Nothing was asked; this is what it would mean.\n")
	} else {
		fmt.Fprintf(p.Out, "%s waits for a decision in %s\n", q.ID, question.ID)
	}
	p.Text("  ", question.Title)
	for _, c := range q.Conflicts {
		p.warn("this would conflict with segregation of duties: %s", c)
	}
	p.Text("  who decides  ", deciders(question))
	p.Text("  until        ", Day(question.ExpiresAt)+", else it is refused")
	return nil
}
