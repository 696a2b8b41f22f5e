package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/show"
	"muster/internal/config"
	"muster/internal/reconcile/plan"
	"muster/rules"
	"muster/rules/ruletest"
)

func (a *app) rulesCommand() *cobra.Command {
	c := &cobra.Command{Use: "rules", Short: "List, check and explain the rules", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(a.rulesListCommand(), a.rulesCheckCommand(), a.rulesTestCommand(), a.rulesFieldsCommand())
	return c
}

func (a *app) rulesListCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rules with the changes of the configuration applied", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := plan.Load(a.ConfigFile, a.Now, a.Log())
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
			l := show.Listing{Head: []string{"id", "scope", "severity", "on", "title"}, Wide: 4, Empty: "no rule is loaded"}
			for _, r := range loaded.Rules.All() {
				items = append(items, item{r.ID, r.Title, string(r.Scope), string(r.Severity), r.Enabled, r.When, r.Params, r.Controls, r.Remediation, r.File, r.Line, r.Digest})
				on := "yes"
				if !r.Enabled {
					on = "no"
				}
				l.Rows = append(l.Rows, []string{r.ID, string(r.Scope), string(r.Severity), on, r.Title})
			}
			l.Items = items
			return a.Show().List(l)
		},
	}
}

func (a *app) rulesCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use: "check", Short: "Check configuration, rules, bundles, matrix and exceptions", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			loaded, err := plan.Load(a.ConfigFile, a.Now, a.Log())
			if err != nil {
				return err
			}
			for _, w := range loaded.Warnings {
				fmt.Fprintln(a.Stderr, "warning: "+w)
			}
			fmt.Fprintf(a.Stderr, "%s: %d sources, %d rules, %d bundles: no problem found\n", a.ConfigFile, len(loaded.Sources), len(loaded.Rules.Rules()), len(loaded.Bundles.All()))
			return nil
		},
	}
}

func (a *app) rulesTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test FILE...", Short: "Test rules: given facts, the findings that must come of them", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			loaded, err := plan.Load(a.ConfigFile, a.Now, a.Log())
			if err != nil {
				return err
			}
			passed, failed := 0, 0
			for _, file := range files {
				doc, err := config.ParseFile(file)
				if err != nil {
					return err
				}
				results, err := ruletest.Run(loaded.Rules, rules.Env{Bundles: loaded.Bundles, Matrix: loaded.Matrix}, doc)
				if err != nil {
					return err
				}
				for _, r := range results {
					if r.Passed() {
						passed++
						continue
					}
					failed++
					fmt.Fprintf(a.Stdout, "%s: %s: %s\n", r.Position, r.Section, r.Test)
					for _, part := range []struct {
						word  string
						lines []string
					}{{"lacks", r.Lacking}, {"surplus", r.Surplus}, {"error", r.Errors}} {
						for _, line := range part.lines {
							fmt.Fprintf(a.Stdout, "  %-8s %s\n", part.word, line)
						}
					}
				}
			}
			fmt.Fprintf(a.Stdout, "%d passed, %d failed\n", passed, failed)
			if failed > 0 {
				return cli.ExitStatus(cli.ExitError)
			}
			return nil
		},
	}
}

func (a *app) rulesFieldsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "fields OBJECT", Short: "List what a rule can ask of person, account, grant, ...", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			fields, ok := rules.FieldsDoc(args[0])
			if !ok {
				return cli.Usage(errors.New("rules know no object " + args[0] + "; ask for one of " + strings.Join(rules.Objects(), ", ")))
			}
			l := show.Listing{Head: []string{"field", "type", "meaning"}, Wide: 2, Items: fields}
			for _, f := range fields {
				typ := f.Type
				if f.Optional {
					typ += "?"
				}
				name := args[0] + "." + f.Name
				if args[0] == "functions" {
					name = f.Name
				}
				l.Rows = append(l.Rows, []string{name, typ, strings.TrimSpace(f.Doc)})
			}
			return a.Show().List(l)
		},
	}
}
