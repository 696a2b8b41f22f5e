package reconcile

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/plan"
)

// parallelSources is how many sources are read at once: enough that a slow one holds up none, few enough for two cores.
const parallelSources = 8

// Collect reads the sources at the same time, each into a snapshot of its own. A source that fails gives a failed snapshot,
// not an error: the others go on. The error is for what concerns all: the store, the ledger, a cancelled ctx.
func (r *Runner) Collect(ctx context.Context, run access.Run, sources []plan.Source) ([]access.Snapshot, error) {
	snaps := make([]access.Snapshot, len(sources))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelSources)
	for i, src := range sources {
		g.Go(func() error {
			if err := r.collectBaseline(ctx, run, src); err != nil {
				return err
			}
			snap, err := r.collectSource(ctx, run, src, src.Collector, run.AsOf, false)
			snaps[i] = snap
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return snaps, nil
}

// collectBaseline reads the older export of a source when the store holds nothing older than this run to compare with.
func (r *Runner) collectBaseline(ctx context.Context, run access.Run, src plan.Source) error {
	if src.Baseline == nil {
		return nil
	}
	_, found, err := r.Store.PreviousComplete(ctx, src.Name, run.AsOf)
	if err != nil || found {
		return err
	}
	_, err = r.collectSource(ctx, run, src, src.Baseline, src.System.Baseline.TakenAt, true)
	return err
}

func (r *Runner) collectSource(ctx context.Context, run access.Run, src plan.Source, c collectors.Collector, takenAt time.Time, baseline bool) (access.Snapshot, error) {
	var previous access.Snapshot
	if !baseline {
		var err error
		if previous, err = r.before(ctx, src.Name, takenAt); err != nil {
			return access.Snapshot{}, fmt.Errorf("find the snapshot before of %s: %w", src.Name, err)
		}
	}
	spec := collectors.RunSpec{
		ID: snapshotID(r.Now(), src.Name), RunID: run.ID, System: src.Name, Kind: src.Kind, Version: src.Version, HR: src.HR,
		TakenAt: takenAt, Baseline: baseline, Previous: previous, ShrinkPercent: src.System.ShrinkPercent, Classify: src.System.Classify,
		Now: r.Now, Log: r.Log, Progress: r.Progress,
	}
	loader, err := r.Store.BeginSnapshot(ctx, access.Snapshot{ID: spec.ID, RunID: run.ID, System: src.Name, TakenAt: takenAt})
	if err != nil {
		return access.Snapshot{}, fmt.Errorf("begin snapshot of %s: %w", src.Name, err)
	}
	spec.Missing = func(ctx context.Context, snap access.Snapshot) (map[access.Class]int64, error) {
		return loader.Missing(ctx, snap, previous.ID)
	}
	snap, err := collectors.Run(ctx, spec, c, loader)
	if err == nil && snap.State != access.Complete {
		r.Log.WarnContext(ctx, "snapshot is not complete", "system", src.Name, "state", string(snap.State), "reason", snap.Reason)
	}
	if err == nil {
		_, err = r.Ledger.Append(ctx, r.entry(run, ledger.Snapshot, snapshotEntry(snap)))
	}
	if err == nil {
		err = loader.Commit(ctx, snap)
	}
	if err != nil {
		return snap, errors.Join(fmt.Errorf("store snapshot of %s: %w", src.Name, err), loader.Abort(context.WithoutCancel(ctx)))
	}
	return snap, nil
}

// before finds the complete snapshot whose counts a new one must stand up to. When the clock went back, and none is older, it is the
// newest of all: a source that shrank is held whatever the clock says (invariant 2).
func (r *Runner) before(ctx context.Context, system string, takenAt time.Time) (access.Snapshot, error) {
	previous, found, err := r.Store.NewestComplete(ctx, system, takenAt)
	if err == nil && !found {
		previous, _, err = r.Store.NewestComplete(ctx, system, takenAt.AddDate(100, 0, 0))
	}
	return previous, err
}

func snapshotID(now time.Time, system string) string {
	return "S-" + now.UTC().Format("20060102T150405.000Z") + "-" + system + "-" + suffix()
}

// snapshotEntry is what the ledger keeps of a snapshot: counts and digest, no personal data.
func snapshotEntry(s access.Snapshot) map[string]any {
	classes := map[string]any{}
	for _, c := range s.Coverage.Classes {
		classes[string(c.Class)] = map[string]any{"claimed": c.Claimed, "fetched": c.Fetched, "parsed": c.Parsed, "rejected": c.Rejected, "state": string(c.State)}
	}
	return map[string]any{"snapshot": s.ID, "system": s.System, "collector": s.Collector, "version": s.CollectorVersion, "taken_at": stamp(s.TakenAt),
		"state": string(s.State), "classes": classes, "sha256": s.Digest, "baseline": s.Baseline}
}

// choose picks the world of a run: what is newest, what may be reasoned from, and what to compare with.
func (r *Runner) choose(ctx context.Context, run access.Run) ([]access.SystemFacts, []access.Snapshot, error) {
	own, err := r.collected(ctx, run)
	if err != nil {
		return nil, nil, err
	}
	systems := make([]access.SystemFacts, 0, len(r.Plan.Sources))
	previous := make([]access.Snapshot, 0, len(r.Plan.Sources))
	for _, src := range r.Plan.Sources {
		f := access.SystemFacts{Name: src.Name, Title: src.System.Title, Collector: src.Kind, Owner: src.System.Owner,
			Criticality: src.System.Criticality, SLA: src.System.SLA, IsHR: src.HR}
		if f.Tonight, err = r.tonight(ctx, run, src.Name, own); err != nil {
			return nil, nil, err
		}
		if f.Used = f.Tonight; !f.Tonight.Usable() {
			if f.Used, _, err = r.Store.NewestComplete(ctx, src.Name, run.AsOf); err != nil {
				return nil, nil, err
			}
		}
		var before access.Snapshot
		if f.Used.ID != "" {
			if before, _, err = r.Store.PreviousComplete(ctx, src.Name, f.Used.TakenAt); err != nil {
				return nil, nil, err
			}
		}
		systems, previous = append(systems, f), append(previous, before)
	}
	return systems, previous, nil
}

// collected are the snapshots that the run took itself, by system, without the baselines.
func (r *Runner) collected(ctx context.Context, run access.Run) (map[string]access.Snapshot, error) {
	all, err := r.Store.SnapshotsOfRun(ctx, run.ID)
	if err != nil {
		return nil, fmt.Errorf("read the snapshots of run %s: %w", run.ID, err)
	}
	own := map[string]access.Snapshot{}
	for _, s := range all {
		if !s.Baseline {
			own[s.System] = s
		}
	}
	return own, nil
}

// tonight is the reading of a system that the run answers for: its own, else the newest one. One that was taken after the run's clock
// tells nothing of the run's moment, and what was read before it may have been cut; so the source counts as not read.
func (r *Runner) tonight(ctx context.Context, run access.Run, system string, own map[string]access.Snapshot) (access.Snapshot, error) {
	if s, ok := own[system]; ok {
		return s, nil
	}
	newest, found, err := r.Store.Newest(ctx, system)
	switch {
	case err != nil:
		return newest, err
	case !found:
		return access.Snapshot{System: system, State: access.Failed, Reason: "never collected", Hint: "muster collect " + system}, nil
	case newest.TakenAt.After(run.AsOf):
		return access.Snapshot{System: system, State: access.Failed, Reason: "its newest snapshot was taken at " + stamp(newest.TakenAt) + ", after the clock of this run",
			Hint: "let as_of be that moment or later, or collect it again: muster nightly"}, nil
	}
	return newest, nil
}
