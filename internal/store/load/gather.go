package load

import (
	"context"
	"fmt"

	"muster/internal/store/wire"
)

// gather turns the grants of each account into arrays. The table is sorted by account, so the aggregation streams. %s are the paths of
// those that have one.
const gather = `INSERT INTO account_grants (snapshot_id, account_id, entitlement_ids, flags, path, held, loaded_on)
SELECT snapshot_id, account_id, groupArray(entitlement_id) AS ids, groupArray(toUInt8(effective + 2 * admin_option + 4 * notEmpty(path))),
	%s, toUInt32(arrayUniq(ids)), any(loaded_on)
FROM grants WHERE snapshot_id = {snapshot:String} GROUP BY snapshot_id, account_id`

// Gather makes the arrays per account of one committed snapshot, unless it has them: account rules read these instead of rows. It is done
// when a run first reasons from the snapshot, so that a source which nobody uses costs nothing more. Arrays that a crash left unfinished
// are made anew: they are whole when they hold every row.
func Gather(ctx context.Context, db *wire.DB, snapshotID string) error {
	var rows, pathed, held uint64
	q := wire.Query{Op: "count grants", Args: []any{wire.P("snapshot", snapshotID)}, SQL: `SELECT count(), countIf(notEmpty(path)),
		(SELECT sum(length(entitlement_ids)) FROM account_grants WHERE snapshot_id = {snapshot:String})
		FROM grants WHERE snapshot_id = {snapshot:String}`}
	if _, err := db.One(ctx, q, &rows, &pathed, &held); err != nil {
		return err
	}
	if rows == held {
		return nil
	}
	paths := "[]"
	if pathed > 0 {
		paths = "groupArrayIf(path, notEmpty(path))"
	}
	return db.Replace(ctx, "build account grants", wire.Replacement{
		Table: "account_grants", Where: "snapshot_id = {snapshot:String}", Insert: fmt.Sprintf(gather, paths),
		Args: []any{wire.P("snapshot", snapshotID)}, Settings: map[string]any{"optimize_aggregation_in_order": 1},
	})
}
