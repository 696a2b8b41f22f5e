package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"muster/cmd/muster/show"
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
			stop := a.showProgress(s)
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
			stop := a.showProgress(s)
			snaps, err := s.runner.CollectOnly(ctx, sources)
			stop()
			if err != nil {
				return err
			}
			return a.printSnapshots(snaps)
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

func (a *app) printSnapshots(snaps []access.Snapshot) error {
	l := show.Listing{Head: []string{"system", "state", "accounts", "grants", "rejected", "reason"}, Wide: 5, Empty: "no source is configured"}
	type item struct {
		ID       string                 `json:"id"`
		System   string                 `json:"system"`
		State    access.SnapshotState   `json:"state"`
		TakenAt  string                 `json:"taken_at"`
		Reason   string                 `json:"reason"`
		Hint     string                 `json:"hint"`
		Classes  []access.ClassCoverage `json:"classes"`
		SHA256   string                 `json:"sha256"`
		Queries  []string               `json:"queries"`
		Source   string                 `json:"source"`
		Rejected []access.Rejection     `json:"rejections"`
	}
	items := []item{}
	code := exitClean
	for _, s := range snaps {
		if !s.Usable() {
			code = exitIncomplete
		}
		subjects := access.ClassAccount
		if _, persons := s.Coverage.Of(access.ClassPerson); persons {
			subjects = access.ClassPerson
		}
		who, _ := s.Coverage.Of(subjects)
		grants, _ := s.Coverage.Of(access.ClassGrant)
		var rejected int64
		for _, c := range s.Coverage.Classes {
			rejected += c.Rejected
		}
		l.Rows = append(l.Rows, []string{s.System, string(s.State), show.Thousands(who.Parsed), show.Thousands(grants.Parsed), show.Thousands(rejected), s.Reason})
		items = append(items, item{s.ID, s.System, s.State, s.TakenAt.Format("2006-01-02T15:04:05Z"), s.Reason, s.Hint, s.Coverage.Classes, s.Digest,
			s.Coverage.Queries, s.Coverage.Source, s.Rejections})
	}
	l.Items = items
	if err := a.show().List(l); err != nil {
		return err
	}
	for _, s := range snaps {
		if s.Hint != "" && !s.Usable() {
			fmt.Fprintf(a.stderr, "%s: %s\nhint: %s\n", s.System, s.Reason, s.Hint)
		}
	}
	if code != exitClean {
		return exitStatus(code)
	}
	return nil
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
