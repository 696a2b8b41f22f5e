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
)

// parallelSources is how many sources are read at once: enough that a slow one holds up none, few enough for two cores.
const parallelSources = 8

// Collect reads the sources at the same time, each into a snapshot of its own. A source that fails gives a failed snapshot,
// not an error: the others go on. The error is for what concerns all: the store, the ledger, a cancelled ctx.
func (r *Runner) Collect(ctx context.Context, run access.Run, sources []Source) ([]access.Snapshot, error) {
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
func (r *Runner) collectBaseline(ctx context.Context, run access.Run, src Source) error {
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

func (r *Runner) collectSource(ctx context.Context, run access.Run, src Source, c collectors.Collector, takenAt time.Time, baseline bool) (access.Snapshot, error) {
	var previous access.Snapshot
	if !baseline {
		var err error
		if previous, _, err = r.Store.NewestComplete(ctx, src.Name, takenAt); err != nil {
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
	systems := make([]access.SystemFacts, 0, len(r.Plan.Sources))
	previous := make([]access.Snapshot, 0, len(r.Plan.Sources))
	for _, src := range r.Plan.Sources {
		f := access.SystemFacts{Name: src.Name, Title: src.System.Title, Collector: src.Kind, Owner: src.System.Owner,
			Criticality: src.System.Criticality, SLA: src.System.SLA, IsHR: src.HR}
		newest, found, err := r.Store.Newest(ctx, src.Name)
		if err != nil {
			return nil, nil, err
		}
		if !found {
			newest = access.Snapshot{System: src.Name, State: access.Failed, Reason: "never collected", Hint: "muster collect " + src.Name}
		}
		f.Tonight = newest
		if f.Used, _, err = r.Store.NewestComplete(ctx, src.Name, run.AsOf); err != nil {
			return nil, nil, err
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
