package show

import (
	"fmt"
	"strings"

	"muster/internal/reconcile"
)

// Why shows what a person holds and should hold, one entitlement after the other with path, basis and findings.
func (p Printer) Why(w reconcile.Answer) error {
	if p.Format != "table" {
		l := Listing{Head: []string{"person", "system", "account", "entitlement", "held", "expected", "path", "since", "basis", "findings", "reviews"}, Wide: -1, Items: w}
		for _, g := range w.Grants {
			l.Rows = append(l.Rows, []string{w.Person.ID, g.System, g.Account, g.Entitlement, fmt.Sprint(g.Held), fmt.Sprint(g.Expected),
				strings.Join(g.Path, " > "), g.Since, strings.Join(g.Basis, "; "), strings.Join(g.Findings, "; "), strings.Join(g.Reviews, "; ")})
		}
		return p.List(l)
	}
	who := w.Person
	var where []string
	for _, part := range []string{who.ID, who.Title, who.Department, who.Location} {
		if part != "" {
			where = append(where, part)
		}
	}
	p.Text("", fmt.Sprintf("%s (%s)", who.Name, strings.Join(where, ", ")))
	p.Text("  ", fmt.Sprintf("%s, %s, %s", who.Status, who.EmploymentType, who.Dates))
	for _, l := range w.Accounts {
		p.Text("  account  ", fmt.Sprintf("%s in %s (%s), linked by %s", l.Name, l.System, l.State, l.Link))
	}
	for _, g := range w.Grants {
		p.whyGrant(g)
	}
	if len(w.Grants) == 0 {
		fmt.Fprintln(p.Out, "\nholds nothing of what was asked for, and no bundle gives it")
	}
	for i, f := range w.Findings {
		if i == 0 {
			fmt.Fprintln(p.Out)
		}
		p.Text(f.ID+"  ", fmt.Sprintf("%s (%s): %s", f.Rule, f.Severity, f.Message))
	}
	return nil
}

func (p Printer) whyGrant(g reconcile.AnswerGrant) {
	verb, since := "lacks", ""
	if g.Held {
		verb = "holds"
	}
	if g.Since != "" {
		since = "  since " + g.Since
	}
	fmt.Fprintf(p.Out, "\n%s %s in %s%s\n", verb, Clean(g.Entitlement), g.System, since)
	if g.Held {
		p.Text("  path     ", strings.Join(append([]string{"account " + g.Account}, append(g.Path, g.Entitlement)...), " → "))
	}
	basis := "none found"
	if len(g.Basis) > 0 {
		basis = strings.Join(g.Basis, "; ")
	}
	p.Text("  basis    ", basis)
	if len(g.Findings) > 0 {
		p.Text("  findings ", strings.Join(g.Findings, "; "))
	}
	if len(g.Reviews) > 0 {
		p.Text("  reviews  ", strings.Join(g.Reviews, "; "))
	}
}
