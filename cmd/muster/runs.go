package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/cli"
	"muster/cmd/muster/keeping"
	"muster/cmd/muster/reviewing"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile"
	"muster/internal/reconcile/trail"
)

func (a *app) nightlyCommand() *cobra.Command {
	var failOn string
	c := &cobra.Command{
		Use:   "nightly",
		Short: "Collect every source, reconcile, and write the evidence pack",
		Args:  cobra.NoArgs,
		RunE: a.withThreshold(&failOn, func(ctx context.Context, s *cli.Session, _ []string) error {
			unknown, err := trail.Check(ctx, s.LedgerDir(), s.Store) // before recovery, which writes
			if err != nil {
				return err
			}
			for _, run := range unknown {
				fmt.Fprintln(a.Stderr, "note: "+run)
			}
			m, err := a.Mender(ctx, s)
			if err != nil {
				return err
			}
			if _, err := m.Recover(ctx); err != nil {
				return err
			}
			stop := a.showProgress(s, s.Plan.Sources)
			res, err := s.Runner.Nightly(ctx)
			stop()
			if err != nil {
				return err
			}
			mended, err := m.Night(ctx, res.Sighting)
			if err != nil {
				return err
			}
			pack, err := s.Runner.Report(ctx, res.Run.ID, filepath.Join(s.PacksDir(), res.Run.ID))
			if err != nil {
				return err
			}
			channels, err := a.Channels(s, m, s.Ledger)
			if err != nil {
				return err
			}
			a.Tell(ctx, channels.Teller.Run(ctx, res, mended))
			if err := reviewing.Night(ctx, a.App, s, m, channels); err != nil {
				return err
			}
			if _, err := keeping.Keeper(a.App, s).Apply(ctx, false); err != nil {
				return err
			}
			o := a.outcome(s, res, &pack)
			o.Mended = &mended
			if err := a.Show().Run(o); err != nil {
				return err
			}
			if mended.Held() {
				return cli.ExitStatus(cli.ExitIncomplete)
			}
			return status(res, failOn)
		}),
	}
	addFailOn(c, &failOn)
	return c
}

func (a *app) reconcileCommand() *cobra.Command {
	var failOn string
	c := &cobra.Command{
		Use:   "reconcile",
		Short: "Judge the newest complete snapshots again, without collecting",
		Args:  cobra.NoArgs,
		RunE: a.withThreshold(&failOn, func(ctx context.Context, s *cli.Session, _ []string) error {
			run, err := s.Runner.Start(ctx, "reconcile")
			if err != nil {
				return err
			}
			res, err := s.Runner.Reconcile(ctx, run)
			if err != nil {
				return err
			}
			if err := a.Show().Run(a.outcome(s, res, nil)); err != nil {
				return err
			}
			return status(res, failOn)
		}),
	}
	addFailOn(c, &failOn)
	return c
}

func (a *app) collectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "collect [SYSTEM...]",
		Short: "Take a snapshot of all sources, or of those named",
		RunE: a.With(true, func(ctx context.Context, s *cli.Session, args []string) error {
			sources := s.Plan.Sources
			if len(args) > 0 {
				sources = nil
				for _, name := range args {
					src, err := s.Plan.Source(name)
					if err != nil {
						return cli.Usage(err)
					}
					sources = append(sources, src)
				}
			}
			stop := a.showProgress(s, sources)
			snaps, err := s.Runner.CollectOnly(ctx, sources)
			stop()
			if err != nil {
				return err
			}
			if err := a.Show().Snapshots(snaps); err != nil {
				return err
			}
			if slices.ContainsFunc(snaps, func(s access.Snapshot) bool { return !s.Usable() }) {
				return cli.ExitStatus(cli.ExitIncomplete)
			}
			return nil
		}),
	}
}

// withThreshold is a writing session whose --fail-on is checked before anything is read.
func (a *app) withThreshold(failOn *string, do func(context.Context, *cli.Session, []string) error) func(*cobra.Command, []string) error {
	inner := a.With(true, do)
	return func(c *cobra.Command, args []string) error {
		if err := checkSeverity("--fail-on", *failOn); err != nil {
			return err
		}
		return inner(c, args)
	}
}

func addFailOn(c *cobra.Command, failOn *string) {
	c.Flags().StringVar(failOn, "fail-on", "", "exit 2 when a finding of this severity or above is open: info, low, medium, high or critical")
}

func checkSeverity(flag, s string) error {
	if s == "" || access.Severity(s).Rank() >= 0 {
		return nil
	}
	known := []string{"info", "low", "medium", "high", "critical"}
	err := fmt.Errorf("%s takes one of %s, not %q", flag, strings.Join(known, ", "), s)
	if near := config.Nearest(s, known); near != "" {
		err = fmt.Errorf("%w; did you mean %q?", err, near)
	}
	return cli.Usage(err)
}

// status is the exit code of a run: incomplete goes before findings, because what was found is then not all.
func status(res reconcile.Result, failOn string) error {
	if res.Incomplete() {
		return cli.ExitStatus(cli.ExitIncomplete)
	}
	if failOn == "" {
		return nil
	}
	for _, f := range res.Worst {
		if f.Severity.Rank() >= access.Severity(failOn).Rank() {
			return cli.ExitStatus(cli.ExitFindings)
		}
	}
	return nil
}
