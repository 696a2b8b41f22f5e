package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/reconcile/plan"
)

// CollectOnly takes snapshots of some sources as a run of its own that judges nothing.
func (r *Runner) CollectOnly(ctx context.Context, sources []plan.Source) ([]access.Snapshot, error) {
	run, err := r.Start(ctx, "collect")
	if err != nil {
		return nil, err
	}
	snaps, err := r.Collect(ctx, run, sources)
	if err != nil {
		return nil, r.fail(ctx, run, err)
	}
	_, err = r.Ledger.Append(ctx, r.entry(run, ledger.RunEnd, map[string]any{"state": "collected", "sources": len(snaps)}))
	return snaps, err
}

// Release lets runs use the newest snapshot of a source that invariant 2 holds. The reason goes on the ledger before the snapshot
// changes its state.
func (r *Runner) Release(ctx context.Context, src plan.Source, reason string) (access.Snapshot, error) {
	reason = strings.TrimSpace(reason)
	if len(reason) < 10 {
		err := errors.New("the reason is too short to tell an auditor anything")
		return access.Snapshot{}, &access.Error{System: src.Name, Op: "release snapshot", Kind: access.Invalid, Hint: "say what happened and who confirmed it", Err: err}
	}
	snap, found, err := r.lastRead(ctx, src.Name)
	if err != nil {
		return snap, fmt.Errorf("find the newest snapshot of %s: %w", src.Name, err)
	}
	if !found || snap.State != access.Held {
		state := "there is none"
		if found {
			state = "it is " + string(snap.State)
		}
		return snap, &access.Error{System: src.Name, Op: "release snapshot", Kind: access.Conflict, Hint: "only a snapshot that was held can be released",
			Err: fmt.Errorf("no held snapshot: %s", state)}
	}
	if _, err := r.Ledger.Append(ctx, ledger.Event{Time: r.Now().UTC(), Type: ledger.Release, Data: map[string]any{"snapshot": snap.ID, "system": snap.System, "sha256": snap.Digest, "reason": commit.Of(reason)}}); err != nil {
		return snap, fmt.Errorf("enter the release on the ledger: %w", err)
	}
	return snap, r.Store.SetSnapshotState(ctx, snap.ID, access.Complete, "released: "+reason)
}

// lastRead is the snapshot of a system that was read last. It is the newest one, except when the clock went back in between.
func (r *Runner) lastRead(ctx context.Context, system string) (access.Snapshot, bool, error) {
	newest, found, err := r.Store.Newest(ctx, system)
	if err != nil || !found || newest.State == access.Held {
		return newest, found, err
	}
	const runs = 20 // a held snapshot is that of one of the last nights
	last, err := r.Store.Runs(ctx, runs)
	if err != nil {
		return newest, found, err
	}
	for _, run := range last {
		own, err := r.collected(ctx, run)
		if err != nil {
			return newest, found, err
		}
		if s, ok := own[system]; ok {
			return r.Store.Snapshot(ctx, s.ID) // in its state of today
		}
	}
	return newest, found, nil
}
