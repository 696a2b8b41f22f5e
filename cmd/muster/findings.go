package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/store"
)

func (a *app) findingsCommand() *cobra.Command {
	var f store.FindingFilter
	var states []string
	var severity string
	c := &cobra.Command{
		Use:   "findings",
		Short: "List findings, or show one with its evidence",
		Args:  noSuchCommand,
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkSeverity("--severity", severity); err != nil {
			return err
		}
		return a.With(false, func(ctx context.Context, s *cli.Session, _ []string) error {
			f.MinSeverity = access.Severity(severity)
			var err error
			if f.States, err = parseStates(states); err != nil {
				return err
			}
			return a.listFindings(ctx, s, f)
		})(c, args)
	}
	c.Flags().StringSliceVar(&states, "state", []string{"unresolved"}, "states to list: open, excepted, resolved, ..., unresolved or all")
	c.Flags().StringVar(&f.Rule, "rule", "", "only of this rule")
	c.Flags().StringVar(&f.System, "system", "", "only in this system")
	c.Flags().StringVar(&f.Person, "person", "", "only about this worker id")
	c.Flags().StringVar(&severity, "severity", "", "only of this severity or above")
	c.AddCommand(a.findingsShowCommand())
	return c
}

func parseStates(words []string) ([]access.FindingState, error) {
	known := []access.FindingState{access.Open, access.Acknowledged, access.Excepted, access.Remediating, access.Resolved, access.Reopened}
	var out []access.FindingState
	for _, w := range words {
		switch {
		case w == "all":
			return nil, nil
		case w == "unresolved":
			for _, k := range known {
				if k != access.Resolved {
					out = append(out, k)
				}
			}
			continue
		}
		found := false
		for _, k := range known {
			if string(k) == w {
				out, found = append(out, k), true
			}
		}
		if !found {
			return nil, cli.Usage(fmt.Errorf("--state takes open, acknowledged, excepted, remediating, resolved, reopened, unresolved or all, not %q", w))
		}
	}
	return out, nil
}

func (a *app) listFindings(ctx context.Context, s *cli.Session, f store.FindingFilter) error {
	l := show.Listing{Head: findingHead, Wide: 6, Drop: []int{5, 2, 4}}
	items := []access.Finding{}
	err := s.Store.Findings(ctx, f, func(x access.Finding) error {
		items = append(items, x)
		l.Rows = append(l.Rows, findingRow(x))
		return nil
	})
	if err != nil {
		return err
	}
	l.Items = items
	if err := known(s, f, len(items)); err != nil {
		return err
	}
	last, ok, err := s.Store.LastRun(ctx, true)
	switch {
	case err != nil:
		return err
	case !ok:
		l.Empty = "no run has completed yet; run: muster nightly"
	default:
		l.Empty = fmt.Sprintf("no such finding after run %s, which looked at %s persons, %s accounts and %s grants", last.ID,
			show.Thousands(last.Persons), show.Thousands(last.Accounts), show.Thousands(last.Grants))
	}
	return a.Show().List(l)
}

var findingHead = []string{"id", "severity", "state", "rule", "system", "subject", "message"}

func findingRow(f access.Finding) []string {
	return []string{f.ID, string(f.Severity), string(f.State), f.Rule, f.System, f.Subject, f.Message}
}

// known refuses a mistyped rule or system, which would look like a clean one. What left the configuration may still have findings.
func known(s *cli.Session, f store.FindingFilter, found int) error {
	if found > 0 {
		return nil
	}
	if f.System != "" {
		if _, err := s.Plan.Source(f.System); err != nil {
			return cli.Usage(err)
		}
	}
	var ids []string
	for _, r := range s.Plan.Rules.All() {
		if r.ID == f.Rule {
			return nil
		}
		ids = append(ids, r.ID)
	}
	if f.Rule == "" {
		return nil
	}
	hint := "list them with: muster rules list"
	if near := config.Nearest(f.Rule, ids); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return cli.Usage(&access.Error{Op: "find rule " + f.Rule, Kind: access.NotFound, Hint: hint, Err: errors.New("there is none")})
}

func (a *app) findingsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show one finding: what, since when, why, and what to do",
		Args:  cobra.ExactArgs(1),
		RunE: a.With(false, func(ctx context.Context, s *cli.Session, args []string) error {
			f, err := cli.OneFinding(ctx, s, args[0])
			if err != nil {
				return err
			}
			if a.Format != "table" {
				return a.Show().List(show.Listing{Head: findingHead, Rows: [][]string{findingRow(f)}, Items: f})
			}
			return a.showFinding(ctx, s, f)
		}),
	}
}

func (a *app) showFinding(ctx context.Context, s *cli.Session, f access.Finding) error {
	out := a.Stdout
	fmt.Fprintf(out, "%s  %s  %s  %s\n", f.ID, f.Rule, f.Severity, f.State)
	a.Show().Text("  ", f.Message)
	fmt.Fprintln(out)
	row := func(name, value string) { a.Show().Text(fmt.Sprintf("  %-11s ", name), value) }
	row("system", f.System)
	row("subject", f.Subject)
	row("detail", f.Detail)
	if f.Person != "" {
		row("person", strings.TrimSpace(f.PersonName+" ("+f.Person+")"))
	}
	row("first seen", show.Day(f.FirstSeen))
	row("last seen", show.Day(f.LastSeen))
	row("resolved", show.Day(f.ResolvedAt))
	row("exception", f.Exception)
	row("controls", strings.Join(f.Controls, ", "))
	row("what to do", f.Hint)
	texts, err := s.Runner.Explain(ctx, f)
	if err != nil {
		return err
	}
	for _, t := range texts {
		fmt.Fprintf(out, "\n%s\n", strings.TrimRight(strings.ReplaceAll(t, f.Subject, show.Clean(f.Subject)), "\n"))
	}
	if len(texts) == 0 && len(f.Evidence) > 0 {
		fmt.Fprintln(out, "\n  evidence when it was last seen")
		for _, e := range f.Evidence {
			a.Show().Text("    ", e.Expr+" = "+e.Value+"   "+e.Source)
		}
	}
	return a.showHistory(ctx, s, f)
}

func (a *app) showHistory(ctx context.Context, s *cli.Session, f access.Finding) error {
	history, err := s.Store.FindingHistory(ctx, f.Fingerprint)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.Stdout, "\n  history")
	for i, h := range history {
		if i > 0 && i < len(history)-1 && h.Change == access.ChangeStill {
			continue
		}
		fmt.Fprintf(a.Stdout, "    %s  %-10s  %s\n", h.RunID, h.Change, h.State)
	}
	return nil
}
