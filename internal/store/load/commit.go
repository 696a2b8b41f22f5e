package load

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// Tables are the tables that hold a snapshot's records, by object class.
func Tables() map[access.Class]string {
	return map[access.Class]string{
		access.ClassPerson: "persons", access.ClassAccount: "accounts", access.ClassEntitlement: "entitlements",
		access.ClassGrant: "grants", access.ClassRejection: "rejections",
	}
}

// Commit inserts what is left, checks that every row arrived once, and makes the snapshot visible. snap carries what is known now: times,
// state, coverage, digest. Its Rejections are stored unless rejections were given to Add. When Commit fails, nothing is visible and
// Abort can clean up.
func (l *Loader) Commit(ctx context.Context, snap access.Snapshot) error {
	if snap.ID != l.snap.ID || snap.System != l.snap.System {
		return wire.Failf(access.Internal, "commit snapshot", "", "snapshot %s of %s was begun, not %s of %s", l.snap.ID, l.snap.System, snap.ID, snap.System)
	}
	if err := l.drain(ctx, snap); err != nil {
		return err
	}
	stored, err := Counts(ctx, l.db, snap.ID)
	if err != nil {
		return err
	}
	for class := range Tables() {
		if stored[class] != l.added[class] {
			return wire.Failf(access.Internal, "commit snapshot", "run again; if it comes back, look for another process that writes into the same database",
				"%d rows of class %s were added and %d are stored", l.added[class], class, stored[class])
		}
	}
	l.mu.Lock()
	l.recording = true
	l.mu.Unlock()
	if err := Record(ctx, l.db, snap, stored); err != nil {
		return err
	}
	l.end()
	l.stop()
	return nil
}

// Missing counts the persons and accounts of an earlier snapshot whose ids this one does not have, by class. It inserts what is left, so
// nothing can be added afterwards; snap is the one that Commit will be given.
func (l *Loader) Missing(ctx context.Context, snap access.Snapshot, earlier string) (map[access.Class]int64, error) {
	if err := l.drain(ctx, snap); err != nil {
		return nil, err
	}
	out := map[access.Class]int64{}
	for class, table := range map[access.Class]string{access.ClassPerson: "persons", access.ClassAccount: "accounts"} {
		var n uint64
		q := wire.Query{Op: "count what is missing", Args: []any{wire.P("earlier", earlier), wire.P("snapshot", l.snap.ID)},
			SQL: "SELECT uniqExact(id) FROM " + table + " WHERE snapshot_id = {earlier:String} AND id NOT IN (SELECT id FROM " + table +
				" WHERE snapshot_id = {snapshot:String})"}
		if _, err := l.db.One(ctx, q, &n); err != nil {
			return nil, err
		}
		out[class] = int64(n)
	}
	return out, nil
}

// drain inserts all that is buffered and waits.
func (l *Loader) drain(ctx context.Context, snap access.Snapshot) error {
	l.mu.Lock()
	given, drained := l.added[access.ClassRejection] > 0, l.drained
	l.mu.Unlock()
	if drained {
		return l.flushes.Wait()
	}
	if !given {
		for _, r := range snap.Rejections {
			if err := l.Add(ctx, r); err != nil {
				return err
			}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return wire.Failf(access.Internal, "commit snapshot", "", "the loader of snapshot %s has ended", l.snap.ID)
	}
	for _, class := range slices.Sorted(maps.Keys(l.buffers)) {
		l.hand(class)
	}
	l.drained = true
	return l.flushes.Wait()
}

// Counts says how many rows of each class are stored for a snapshot, committed or not.
func Counts(ctx context.Context, db *wire.DB, snapshotID string) (map[access.Class]int64, error) {
	out := map[access.Class]int64{}
	var parts []string
	for class, table := range Tables() {
		out[class] = 0
		parts = append(parts, "SELECT "+wire.Literal(string(class))+", count() FROM "+table+" WHERE snapshot_id = {snapshot:String}")
	}
	q := wire.Query{Op: "count snapshot rows", SQL: strings.Join(parts, " UNION ALL "), Args: []any{wire.P("snapshot", snapshotID)}}
	err := db.Each(ctx, q, func(scan func(...any) error) error {
		var class string
		var n uint64
		if err := scan(&class, &n); err != nil {
			return err
		}
		out[access.Class(class)] = int64(n)
		return nil
	})
	return out, err
}

// Remove deletes the rows of a snapshot that has no commit record.
func Remove(ctx context.Context, db *wire.DB, snapshotID string) error {
	tables := append(slices.Sorted(maps.Values(Tables())), "account_grants")
	for _, table := range tables {
		err := db.Exec(ctx, "remove uncommitted rows", "DELETE FROM "+table+" WHERE snapshot_id = {snapshot:String}", wire.P("snapshot", snapshotID))
		if err != nil {
			return err
		}
	}
	return nil
}

// Record writes a version of a snapshot's row, one above the highest there is: the first is the commit record.
func Record(ctx context.Context, db *wire.DB, s access.Snapshot, stored map[access.Class]int64) error {
	var last uint64
	if _, err := db.One(ctx, wire.Query{Op: "read snapshot version", SQL: "SELECT max(version) FROM snapshots WHERE id = {id:String}",
		Args: []any{wire.P("id", s.ID)}}, &last); err != nil {
		return err
	}
	coverage, err := json.Marshal(s.Coverage)
	if err != nil {
		return wire.Fail("encode coverage", err)
	}
	counts := map[string]uint64{}
	for class, n := range stored {
		counts[string(class)] = uint64(n)
	}
	return db.Insert(ctx, "record snapshot", wire.Block{
		Table: "snapshots", Token: wire.Token("snapshot row", s.ID, string(s.State), s.Reason, string(coverage), s.Digest, wire.Number(last)),
		Cols: wire.Row(
			"id", s.ID, "version", last+1, "run_id", s.RunID, "system", s.System, "collector", s.Collector, "collector_version", s.CollectorVersion,
			"taken_at", wire.Trunc(s.TakenAt), "started_at", wire.Opt(s.StartedAt), "finished_at", wire.Opt(s.FinishedAt),
			"state", string(s.State), "reason", s.Reason, "hint", s.Hint, "coverage", string(coverage), "digest", s.Digest,
			"baseline", s.Baseline, "counts", counts, "written_at", wire.Trunc(db.Now()),
		),
	})
}
