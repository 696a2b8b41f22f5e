package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile"
)

func (a *app) nightlyCommand() *cobra.Command {
	var failOn string
	c := &cobra.Command{
		Use:   "nightly",
		Short: "Collect every source, reconcile, and write the evidence pack",
		Args:  cobra.NoArgs,
		RunE: a.withThreshold(&failOn, func(ctx context.Context, s *session, _ []string) error {
			stop := a.showProgress(s, s.plan.Sources)
			res, err := s.runner.Nightly(ctx)
			stop()
			if err != nil {
				return err
			}
			pack, err := s.runner.Report(ctx, res.Run.ID, filepath.Join(s.packsDir(), res.Run.ID))
			if err != nil {
				return err
			}
			if err := a.show().Run(a.outcome(s, res, &pack)); err != nil {
				return err
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
		RunE: a.withThreshold(&failOn, func(ctx context.Context, s *session, _ []string) error {
			run, err := s.runner.Start(ctx, "reconcile")
			if err != nil {
				return err
			}
			res, err := s.runner.Reconcile(ctx, run)
			if err != nil {
				return err
			}
			if err := a.show().Run(a.outcome(s, res, nil)); err != nil {
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
		RunE: a.with(true, func(ctx context.Context, s *session, args []string) error {
			sources := s.plan.Sources
			if len(args) > 0 {
				sources = nil
				for _, name := range args {
					src, err := s.plan.Source(name)
					if err != nil {
						return usageError{err}
					}
					sources = append(sources, src)
				}
			}
			stop := a.showProgress(s, sources)
			snaps, err := s.runner.CollectOnly(ctx, sources)
			stop()
			if err != nil {
				return err
			}
			if err := a.show().Snapshots(snaps); err != nil {
				return err
			}
			if slices.ContainsFunc(snaps, func(s access.Snapshot) bool { return !s.Usable() }) {
				return exitStatus(exitIncomplete)
			}
			return nil
		}),
	}
}

func (a *app) releaseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "release SYSTEM --reason TEXT",
		Short: "Let runs use a snapshot that was held because its source shrank",
		Long: "A source that lost more than its threshold is held: nothing rests on it until a person who looked into it releases it.\n" +
			"The release and its reason are entered on the ledger; the next reconcile uses the snapshot.",
		Args: cobra.ExactArgs(1),
		RunE: a.with(true, func(ctx context.Context, s *session, args []string) error {
			src, err := s.plan.Source(args[0])
			if err != nil {
				return usageError{err}
			}
			snap, err := s.runner.Release(ctx, src, reason)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "released %s of %s; run: muster reconcile\n", snap.ID, snap.System)
			return nil
		}),
	}
	c.Flags().StringVar(&reason, "reason", "", "why the loss is real (required)")
	_ = c.MarkFlagRequired("reason")
	return c
}

// withThreshold is a writing session whose --fail-on is checked before anything is read.
func (a *app) withThreshold(failOn *string, do func(context.Context, *session, []string) error) func(*cobra.Command, []string) error {
	inner := a.with(true, do)
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
	return usageError{err}
}

// status is the exit code of a run: incomplete goes before findings, because what was found is then not all.
func status(res reconcile.Result, failOn string) error {
	if res.Incomplete() {
		return exitStatus(exitIncomplete)
	}
	if failOn == "" {
		return nil
	}
	for _, f := range res.Worst {
		if f.Severity.Rank() >= access.Severity(failOn).Rank() {
			return exitStatus(exitFindings)
		}
	}
	return nil
}
