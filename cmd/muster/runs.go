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
			m, err := a.mender(ctx, s)
			if err != nil {
				return err
			}
			if _, err := m.Recover(ctx); err != nil {
				return err
			}
			stop := a.showProgress(s, s.plan.Sources)
			res, err := s.runner.Nightly(ctx)
			stop()
			if err != nil {
				return err
			}
			if m.Desk.People, err = m.People(ctx); err != nil {
				return err
			}
			mended, err := m.Night(ctx, res.Sighting)
			if err != nil {
				return err
			}
			pack, err := s.runner.Report(ctx, res.Run.ID, filepath.Join(s.packsDir(), res.Run.ID))
			if err != nil {
				return err
			}
			o := a.outcome(s, res, &pack)
			o.Mended = &mended
			if err := a.show().Run(o); err != nil {
				return err
			}
			if mended.Held() {
				return exitStatus(exitIncomplete)
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
