package store

import (
	"context"
	"encoding/json"
	"time"

	"muster/internal/access"
	"muster/internal/store/load"
	"muster/internal/store/population"
	"muster/internal/store/wire"
)

// NewestComplete finds the complete snapshot of a system that was taken last, at the given moment at the latest; of several that were
// taken at the same moment, the one that was started last.
func (s *Store) NewestComplete(ctx context.Context, system string, at time.Time) (access.Snapshot, bool, error) {
	return s.snapshot(ctx, "system = {system:String} AND state = 'complete' AND taken_at <= {at:DateTime64(3, 'UTC')}", wire.P("system", system), wire.T("at", wire.Trunc(at)))
}

// PreviousComplete finds the complete snapshot of a system that was taken last before the given moment.
func (s *Store) PreviousComplete(ctx context.Context, system string, before time.Time) (access.Snapshot, bool, error) {
	return s.snapshot(ctx, "system = {system:String} AND state = 'complete' AND taken_at < {before:DateTime64(3, 'UTC')}", wire.P("system", system), wire.T("before", wire.Trunc(before)))
}

// Newest finds the snapshot of a system that was taken last, whatever its state. Baselines count too.
func (s *Store) Newest(ctx context.Context, system string) (access.Snapshot, bool, error) {
	return s.snapshot(ctx, "system = {system:String}", wire.P("system", system))
}

// Snapshot finds a snapshot by its id.
func (s *Store) Snapshot(ctx context.Context, id string) (access.Snapshot, bool, error) {
	return s.snapshot(ctx, "id = {id:String}", wire.P("id", id))
}

// snapshot reads the newest that matches.
func (s *Store) snapshot(ctx context.Context, where string, args ...any) (access.Snapshot, bool, error) {
	all, err := s.snapshots(ctx, "snapshots_current", where, 1, args...)
	if err != nil || len(all) == 0 {
		return access.Snapshot{}, false, err
	}
	return all[0], true, nil
}

// SnapshotsOfRun are those that the run read, in the order of system and moment, each in the state that it had when the run was completed.
func (s *Store) SnapshotsOfRun(ctx context.Context, runID string) ([]access.Snapshot, error) {
	newestFirst, err := s.snapshots(ctx, population.SnapshotsThen, "run_id = {run:String}", 0, wire.P("run", runID))
	if err != nil {
		return nil, err
	}
	return bySystem(newestFirst), nil
}

// snapshotRow is what readSnapshot reads.
const snapshotRow = `id, run_id, toString(system), toString(collector), toString(collector_version), taken_at, started_at, finished_at,
	toString(state), reason, hint, coverage, digest, baseline`

// snapshots reads those of a table or subquery that match, the newest first, with their rejections; limit 0 is all.
func (s *Store) snapshots(ctx context.Context, from, where string, limit uint64, args ...any) ([]access.Snapshot, error) {
	sql := "SELECT " + snapshotRow + " FROM " + from + " AS s WHERE " + where + " ORDER BY taken_at DESC, started_at DESC, id DESC"
	if limit > 0 {
		sql += " LIMIT " + wire.Number(limit)
	}
	var out []access.Snapshot
	q := wire.Query{Op: "read snapshots", SQL: sql, Args: args}
	err := s.db.Again(ctx, q, func() { out = nil }, func(scan func(...any) error) error {
		var x access.Snapshot
		var state, coverage string
		var started, finished *time.Time
		if err := scan(&x.ID, &x.RunID, &x.System, &x.Collector, &x.CollectorVersion, &x.TakenAt, &started, &finished, &state, &x.Reason, &x.Hint,
			&coverage, &x.Digest, &x.Baseline); err != nil {
			return err
		}
		x.TakenAt, x.StartedAt, x.FinishedAt, x.State = x.TakenAt.UTC(), wire.OfOpt(started), wire.OfOpt(finished), access.SnapshotState(state)
		if err := json.Unmarshal([]byte(coverage), &x.Coverage); err != nil {
			return wire.Fail("decode coverage", err)
		}
		out = append(out, x)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, s.addRejections(ctx, out)
}

// listedRejections is how many of a snapshot's rejections it lists itself, as when it was taken; Population has all.
const listedRejections = "100"

// addRejections fills in the rejected objects of all.
func (s *Store) addRejections(ctx context.Context, all []access.Snapshot) error {
	if len(all) == 0 {
		return nil
	}
	at, ids := map[string]int{}, []string{}
	for i, x := range all {
		at[x.ID] = i
		ids = append(ids, x.ID)
	}
	q := wire.Query{Op: "read rejections", Args: []any{wire.P("ids", ids)},
		SQL: "SELECT snapshot_id, toString(class), ref, reason FROM rejections WHERE snapshot_id IN {ids:Array(String)} ORDER BY snapshot_id, class, ref, reason LIMIT " + listedRejections + " BY snapshot_id"}
	return s.db.Each(ctx, q, func(scan func(...any) error) error {
		var id, class string
		var r access.Rejection
		if err := scan(&id, &class, &r.Ref, &r.Reason); err != nil {
			return err
		}
		r.Of = access.Class(class)
		all[at[id]].Rejections = append(all[at[id]].Rejections, r)
		return nil
	})
}

// SetSnapshotState gives a snapshot another state, such as the release of one that was held. The row of the old state stays.
func (s *Store) SetSnapshotState(ctx context.Context, id string, state access.SnapshotState, reason string) error {
	x, found, err := s.Snapshot(ctx, id)
	if err != nil {
		return err
	}
	if !found {
		return wire.Failf(access.NotFound, "set snapshot state", "", "there is no snapshot %s", id)
	}
	stored, err := s.StoredCounts(ctx, id)
	if err != nil {
		return err
	}
	x.State, x.Reason = state, reason
	return load.Record(ctx, s.db, x, stored)
}
