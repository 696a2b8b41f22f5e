package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/reconcile"
	"muster/rules"
)

func (a *app) rulesCommand() *cobra.Command {
	c := &cobra.Command{Use: "rules", Short: "List, check and explain the rules", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(a.rulesListCommand(), a.rulesCheckCommand(), a.rulesFieldsCommand())
	return c
}

func (a *app) rulesListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rules with the changes of the configuration applied", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			plan, err := reconcile.Load(a.configFile, a.now, a.log())
			if err != nil {
				return err
			}
			type item struct {
				ID          string         `json:"id"`
				Title       string         `json:"title"`
				Scope       string         `json:"scope"`
				Severity    string         `json:"severity"`
				Enabled     bool           `json:"enabled"`
				When        string         `json:"when"`
				Params      map[string]any `json:"params"`
				Controls    []string       `json:"controls"`
				Remediation string         `json:"remediation"`
				File        string         `json:"file"`
				Line        int            `json:"line"`
				SHA256      string         `json:"sha256"`
			}
			items := []item{}
			l := listing{head: []string{"id", "scope", "severity", "on", "title"}, wide: 4, empty: "no rule is loaded"}
			for _, r := range plan.Rules.All() {
				items = append(items, item{r.ID, r.Title, string(r.Scope), string(r.Severity), r.Enabled, r.When, r.Params, r.Controls, r.Remediation, r.File, r.Line, r.Digest})
				on := "yes"
				if !r.Enabled {
					on = "no"
				}
				l.rows = append(l.rows, []string{r.ID, string(r.Scope), string(r.Severity), on, r.Title})
			}
			l.items = items
			return a.print(l)
		},
	}
}

func (a *app) rulesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check the configuration, rules, bundles, SoD matrix and exceptions without reading any system", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			plan, err := reconcile.Load(a.configFile, a.now, a.log())
			if err != nil {
				return err
			}
			for _, w := range plan.Warnings {
				fmt.Fprintln(a.stderr, "warning: "+w)
			}
			fmt.Fprintf(a.stderr, "%s: %d sources, %d rules, %d bundles: no problem found\n", a.configFile, len(plan.Sources), len(plan.Rules.Rules()), len(plan.Bundles.All()))
			return nil
		},
	}
}

func (a *app) rulesFieldsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "fields OBJECT", Short: "List what a rule can ask of person, account, grant or system", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			fields, ok := rules.FieldsDoc(args[0])
			if !ok {
				return usageError{errors.New("rules know no object " + args[0] + "; ask for person, account, grant or system")}
			}
			l := listing{head: []string{"field", "type", "meaning"}, wide: 2, items: fields}
			for _, f := range fields {
				typ := f.Type
				if f.Optional {
					typ += "?"
				}
				l.rows = append(l.rows, []string{args[0] + "." + f.Name, typ, strings.TrimSpace(f.Doc)})
			}
			return a.print(l)
		},
	}
}
