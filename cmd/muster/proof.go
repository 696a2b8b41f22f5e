package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/keeping"
	"muster/cmd/muster/show"
	"muster/cmd/muster/vouching"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/internal/ledger/privacy"
	"muster/internal/reconcile/reperform"
	"muster/reports/pack/check"
)

func (a *app) verifyCommand() *cobra.Command {
	var explain bool
	var keys []string
	var ledgerDir string
	c := &cobra.Command{
		Use:   "verify PACK",
		Short: "Verify an evidence pack, offline, without configuration or engine",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			trusted := ""
			for _, key := range keys {
				data, err := os.ReadFile(key)
				if err != nil {
					return cli.Usage(err)
				}
				trusted += strings.TrimSpace(string(data)) + "\n"
			}
			if _, err := os.Stat(args[0]); err != nil {
				return cli.Usage(&access.Error{Op: "open pack", Kind: access.NotFound, Hint: "name the zip of a pack; runs leave them below packs in the data folder", Err: err})
			}
			rep, err := reperform.Verify(c.Context(), args[0], trusted)
			if ledgerDir != "" {
				for _, step := range check.OnLedger(c.Context(), rep, ledgerDir) {
					if rep.Steps = append(rep.Steps, step); !step.OK {
						err = errors.Join(err, &access.Error{Op: "compare pack with the ledger", Kind: access.Invalid, Hint: "ask for the pack that was handed out; the same run gives the same bytes",
							Err: errors.New(strings.Join(step.Details, "; "))})
					}
				}
			}
			if perr := a.printSteps(rep, explain); perr != nil {
				return perr
			}
			return err
		},
	}
	c.Flags().BoolVar(&explain, "explain", false, "say what each step proves and what it does not")
	c.Flags().StringVar(&ledgerDir, "ledger", "", "folder of a ledger that must hold the digest of this pack, such as .muster/ledger")
	c.Flags().StringArrayVar(&keys, "key", nil, "file with a key that you got from a place that you trust: the ledger's verifier key, the pack key (PEM) or the keyring; may be repeated")
	return c
}

func (a *app) printSteps(rep check.Report, explain bool) error {
	type item struct {
		Step    string   `json:"step"`
		OK      bool     `json:"ok"`
		Details []string `json:"details"`
		Proves  string   `json:"proves,omitempty"`
		Not     string   `json:"does_not_prove,omitempty"`
	}
	items := []item{}
	l := show.Listing{Head: []string{"ok", "step", "detail"}, Wide: -1}
	for _, s := range rep.Steps {
		var why check.Explanation
		if explain {
			why = check.Explain(s.Name)
		}
		items = append(items, item{s.Name, s.OK, append([]string{}, s.Details...), why.Proves, why.Not})
		ok := "ok"
		if !s.OK {
			ok = "DIFFERS"
		}
		l.Rows = append(l.Rows, []string{ok, s.Name, strings.Join(s.Details, "; ")})
		if a.Format == "table" {
			a.Show().Text(fmt.Sprintf("%-7s  ", ok), s.Name)
			for _, d := range s.Details {
				a.Show().Text("           ", d)
			}
			if explain {
				a.Show().Text("           proves:  ", why.Proves)
				a.Show().Text("           not:     ", why.Not)
			}
		}
	}
	if a.Format == "table" {
		return nil
	}
	l.Items = items
	return a.Show().List(l)
}

func (a *app) ledgerCommand() *cobra.Command {
	c := &cobra.Command{Use: "ledger", Short: "Verify the audit trail and prove its entries", Args: noSuchCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(
		&cobra.Command{
			Use: "verify", Short: "Recompute every leaf, tile, root and signature of the ledger", Args: cobra.NoArgs,
			RunE: func(c *cobra.Command, _ []string) error { return a.verifyLedger(c.Context()) },
		},
		&cobra.Command{
			Use: "proof N", Short: "Print the inclusion proof of entry N (C2SP tlog-proof)", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error {
				n, err := strconv.ParseUint(args[0], 10, 64)
				if err != nil {
					return cli.Usage(fmt.Errorf("an entry is a number from 0, not %q", args[0]))
				}
				dir, err := a.ledgerFolder()
				if err != nil {
					return err
				}
				p, err := ledger.Prove(dir, n)
				if err != nil {
					return err
				}
				if a.Format == "json" {
					return a.Show().List(show.Listing{Items: map[string]any{"index": p.Index, "entry": string(p.Entry), "hashes": p.Hashes, "checkpoint": p.Checkpoint}})
				}
				fmt.Fprint(a.Stdout, p.String())
				return nil
			},
		})
	c.AddCommand(keeping.LedgerCommands(a.App, a.ledgerFolder)...)
	c.AddCommand(vouching.CosignCommand(a.App, a.ledgerFolder))
	return c
}

// ledgerFolder finds the ledger from the configuration alone: no rule, no system and no engine is needed to verify it.
func (a *app) ledgerFolder() (string, error) {
	if a.DataDir != "" {
		return (&cli.Session{Dir: a.DataDir}).LedgerDir(), nil
	}
	settings, err := config.Load(a.ConfigFile)
	if err != nil {
		return "", err
	}
	return (&cli.Session{Dir: a.Folder(settings)}).LedgerDir(), nil
}

func (a *app) verifyLedger(ctx context.Context) error {
	dir, err := a.ledgerFolder()
	if err != nil {
		return err
	}
	rep, err := ledger.Verify(ctx, dir)
	if err != nil {
		for _, d := range rep.Differences {
			if !strings.Contains(d.String(), err.Error()) && !strings.Contains(err.Error(), d.String()) {
				fmt.Fprintln(a.Stderr, d.String())
			}
		}
		return err
	}
	kept, erased, err := privacy.Count(ctx, dir)
	if err != nil {
		return err
	}
	if a.Format == "json" {
		return a.Show().List(show.Listing{Items: map[string]any{"commitments_kept": kept, "commitments_erased": erased, "origin": rep.Origin, "entries": rep.Size, "root": rep.Root, "files": rep.Tiles,
			"types": rep.Types, "first": rep.First, "last": rep.Last, "verifier": rep.VerifierKey, "notes": append([]string{}, rep.Notes...)}})
	}
	when := "nothing was entered yet"
	if rep.Size > 0 {
		when = fmt.Sprintf("from %s to %s", show.Day(rep.First), show.Day(rep.Last))
	}
	fmt.Fprintf(a.Stdout, "ok: %s entries of %s\n    %s\n", show.Thousands(int64(rep.Size)), rep.Origin, when)
	fmt.Fprintf(a.Stdout, "    root %s, recomputed\n    %d files compared\n    signed by %s\n", rep.Root, rep.Tiles, rep.VerifierKey)
	if kept+erased > 0 {
		fmt.Fprintf(a.Stdout, "    %d commitments can be opened here, %d were erased\n", kept, erased)
	}
	for _, n := range rep.Notes {
		fmt.Fprintln(a.Stderr, "note: "+n)
	}
	return nil
}
