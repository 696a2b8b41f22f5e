package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/show"
	"muster/internal/reconcile"
)

func (a *app) whyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "why PERSON [SYSTEM [ENTITLEMENT]]",
		Short: "Say why a person holds what they hold: path, basis, since when, findings",
		Long:  "PERSON is a worker id, an e-mail address or a login name. The answer rests on the last completed run.",
		Args:  cobra.RangeArgs(1, 3),
		RunE: a.with(false, func(ctx context.Context, s *session, args []string) error {
			q := reconcile.WhyQuery{Person: args[0]}
			if len(args) > 1 {
				src, err := s.plan.Source(args[1])
				if err != nil {
					return usageError{err}
				}
				q.System = src.Name
			}
			if len(args) > 2 {
				q.Entitlement = args[2]
			}
			answer, err := s.runner.Why(ctx, q)
			if err != nil {
				return err
			}
			return a.printWhy(answer)
		}),
	}
}

func (a *app) printWhy(w reconcile.Answer) error {
	if a.format != "table" {
		l := show.Listing{Head: []string{"person", "system", "account", "entitlement", "held", "expected", "path", "since", "basis", "findings"}, Wide: -1, Items: w}
		for _, g := range w.Grants {
			l.Rows = append(l.Rows, []string{w.Person.ID, g.System, g.Account, g.Entitlement, fmt.Sprint(g.Held), fmt.Sprint(g.Expected),
				strings.Join(g.Path, " > "), g.Since, strings.Join(g.Basis, "; "), strings.Join(g.Findings, "; ")})
		}
		return a.show().List(l)
	}
	out := a.stdout
	p := w.Person
	var where []string
	for _, part := range []string{p.ID, p.Title, p.Department, p.Location} {
		if part != "" {
			where = append(where, part)
		}
	}
	fmt.Fprintf(out, "%s (%s)  %s, %s\n", p.Name, strings.Join(where, ", "), p.Status, p.EmploymentType)
	fmt.Fprintf(out, "  %s\n", p.Dates)
	for _, l := range w.Accounts {
		fmt.Fprintf(out, "  account %s in %s (%s), linked by %s\n", l.Name, l.System, l.State, l.Link)
	}
	for _, g := range w.Grants {
		verb := "holds"
		if !g.Held {
			verb = "lacks"
		}
		since := ""
		if g.Since != "" {
			since = "  since " + g.Since
		}
		fmt.Fprintf(out, "\n%s %s in %s%s\n", verb, g.Entitlement, g.System, since)
		if g.Held {
			fmt.Fprintf(out, "  path     %s\n", strings.Join(append([]string{"account " + g.Account}, append(g.Path, g.Entitlement)...), " → "))
		}
		basis := "none found"
		if len(g.Basis) > 0 {
			basis = strings.Join(g.Basis, "; ")
		}
		fmt.Fprintf(out, "  basis    %s\n", basis)
		if len(g.Findings) > 0 {
			fmt.Fprintf(out, "  findings %s\n", strings.Join(g.Findings, "; "))
		}
	}
	if len(w.Grants) == 0 {
		fmt.Fprintln(out, "\nholds nothing there and should hold nothing")
	}
	for _, f := range w.Findings {
		fmt.Fprintf(out, "\n%s %s (%s): %s\n", f.ID, f.Rule, f.Severity, strings.Join(show.Wrap(f.Message, 70), "\n  "))
	}
	return nil
}
