package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/checking"
	"muster/cmd/muster/cli"
	"muster/cmd/muster/keeping"
	"muster/cmd/muster/show"
	"muster/cmd/muster/vouching"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/internal/ledger/privacy"
)

func (a *app) verifyCommand() *cobra.Command { return checking.Command(a.App) }

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
	c.AddCommand(vouching.CosignCommand(a.App, a.ledgerFolder), vouching.ReceiptCommand(a.App, a.ledgerFolder))
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
