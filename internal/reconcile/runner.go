package reconcile

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/plan"
	"muster/internal/reconcile/sight"
	"muster/internal/reconcile/trail"
	"muster/internal/store"
	"muster/reports/trust"
	"muster/rules"
)

// Runner runs a Plan against a store and a ledger.
type Runner struct {
	Plan      *plan.Plan
	Store     *store.Store
	Ledger    *ledger.Log
	LedgerDir string // where readers of the ledger find it
	Now       func() time.Time
	Version   string // muster's own
	RanBy     string // who or what runs it, for the evidence: the command and the user of the operating system
	Log       *slog.Logger
	Progress  func(collectors.Progress)                     // may be nil
	Trust     func(context.Context) (*trust.Signing, error) // the keys of packs
}

// Result is what a run found.
type Result struct {
	Run        access.Run
	Systems    []access.SystemFacts // HR first, as configured
	Links      map[access.LinkResult]int64
	Worst      map[string]access.Finding // by rule: the worst and oldest open finding
	RuleStats  rules.Stats
	Sighting   sight.Sighting // what a plan of remediation is made of
	Suppressed int            // hits not raised because they rest on absence in an incomplete source
}

// Incomplete reports whether any source of the run was not read whole.
func (r Result) Incomplete() bool { return r.Run.Incomplete }

// Start enters a new run on the ledger and in the store. Intent comes first: without the ledger entry there is no run.
func (r *Runner) Start(ctx context.Context, command string) (access.Run, error) {
	started := r.Now().UTC().Truncate(time.Millisecond)
	asOf := r.Plan.Settings.AsOf
	if asOf.IsZero() {
		asOf = started.Truncate(time.Second)
	}
	run := access.Run{ID: "R-" + started.Format("20060102T150405Z") + "-" + suffix(), Organisation: r.Plan.Settings.Organisation,
		State: access.RunStarted, AsOf: asOf, StartedAt: started, Version: r.Version, ConfigDigest: r.Plan.Digest, RulesDigest: r.Plan.Rules.Digest()}
	if _, err := r.Store.SweepUncommitted(ctx); err != nil {
		return run, fmt.Errorf("sweep what dead runs left: %w", err)
	}
	first, err := r.Ledger.Append(ctx,
		r.entry(run, ledger.RunStart, map[string]any{"command": command, "organisation": run.Organisation, "as_of": stamp(run.AsOf), "version": run.Version}),
		r.entry(run, ledger.Config, map[string]any{"sha256": run.ConfigDigest}),
		r.entry(run, ledger.Rules, map[string]any{"sha256": run.RulesDigest, "count": len(r.Plan.Rules.Rules())}))
	if err != nil {
		return run, fmt.Errorf("enter the run on the ledger: %w", err)
	}
	run.FirstEntry = first
	if err := r.Store.SaveRun(ctx, run); err != nil {
		return run, r.fail(ctx, run, err)
	}
	return run, nil
}

// Nightly collects every source, reconciles and records. The pack is made by Report. When the ledger does not continue, nothing is written.
func (r *Runner) Nightly(ctx context.Context) (Result, error) {
	if _, err := trail.Check(ctx, r.LedgerDir, r.Store); err != nil {
		return Result{}, err
	}
	run, err := r.Start(ctx, "nightly")
	if err != nil {
		return Result{}, err
	}
	if _, err := r.Collect(ctx, run, r.Plan.Sources); err != nil {
		return Result{}, r.fail(ctx, run, err)
	}
	return r.Reconcile(ctx, run)
}

// fail marks the run as failed, as far as that is possible, and gives the cause back.
func (r *Runner) fail(ctx context.Context, run access.Run, cause error) error {
	ctx = context.WithoutCancel(ctx)
	run.State, run.FinishedAt = access.RunFailed, r.Now().UTC()
	if err := r.Store.SaveRun(ctx, run); err != nil {
		r.Log.WarnContext(ctx, "run not marked as failed", "run", run.ID, "error", err)
	}
	_, err := r.Ledger.Append(ctx, r.entry(run, ledger.RunFail, map[string]any{"kind": string(access.KindOf(cause))}))
	if err != nil {
		r.Log.WarnContext(ctx, "end of run not entered on the ledger", "run", run.ID, "error", err)
	}
	return cause
}

func (r *Runner) entry(run access.Run, kind ledger.Type, data map[string]any) ledger.Event {
	return ledger.Event{Time: r.Now().UTC(), Type: kind, Run: run.ID, Data: data}
}

// suffix tells two runs of one second apart.
func suffix() string {
	var b [3]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
