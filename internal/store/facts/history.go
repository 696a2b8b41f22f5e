package facts

import (
	"context"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// Holding is one account as one snapshot had it.
type Holding struct {
	Snapshot string
	Account  access.AccountRef
	Enabled  bool
	Held     []access.HeldRef // sorted by id, each once
}

// PersonIn reads one person as each of some snapshots had them, by snapshot; of several rows of one worker id the first. known names the snapshots
// that still have persons at all: those of the others have passed their retention.
func PersonIn(ctx context.Context, db *wire.DB, snapshots []string, id string) (was map[string]access.Person, known map[string]bool, err error) {
	was = map[string]access.Person{}
	if known, err = stored(ctx, db, "persons", snapshots); err != nil {
		return nil, nil, err
	}
	q := wire.Query{Op: "read the history of a person", Args: []any{wire.P("ids", nonNil(snapshots)), wire.P("person", id)},
		SQL: "SELECT " + wire.Packed("toString(p.snapshot_id)", personRow("p.")) +
			" FROM (SELECT * FROM persons WHERE snapshot_id IN {ids:Array(String)} AND id = {person:String} ORDER BY snapshot_id, row LIMIT 1 BY snapshot_id) AS p"}
	err = db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		snapshot := r.Str()
		was[snapshot] = *readPerson(&r)
		return r.Err(q.Op)
	})
	return was, known, err
}

// HeldIn reads some accounts of one system as each of some snapshots had them, in the order of snapshot and account. known is as PersonIn has it.
func HeldIn(ctx context.Context, db *wire.DB, snapshots, accounts []string) (out []Holding, known map[string]bool, err error) {
	if known, err = stored(ctx, db, "accounts", snapshots); err != nil {
		return nil, nil, err
	}
	q := wire.Query{Op: "read the history of accounts", Args: []any{wire.P("ids", nonNil(snapshots)), wire.P("accounts", nonNil(accounts))},
		SQL: `SELECT ` + wire.Packed("toString(a.snapshot_id)", "a.id", "a.name", "a.source_ref", "a.enabled", "arrayMap(x -> x.1, g.held)", "arrayMap(x -> x.2, g.held)", "arrayMap(x -> x.3, g.held)") + `
FROM (SELECT * FROM accounts WHERE snapshot_id IN {ids:Array(String)} AND id IN {accounts:Array(String)} ORDER BY snapshot_id, id, source_ref LIMIT 1 BY snapshot_id, id) AS a
LEFT JOIN (SELECT h.snapshot_id AS snapshot_id, h.account_id AS account_id, arraySort(groupArray((toString(h.entitlement_id), toString(e.name), toString(e.kind)))) AS held
	FROM (SELECT DISTINCT snapshot_id, account_id, entitlement_id FROM grants WHERE snapshot_id IN {ids:Array(String)} AND account_id IN {accounts:Array(String)}) AS h
	LEFT JOIN (SELECT snapshot_id, id, min(name) AS name, min(kind) AS kind FROM entitlements WHERE snapshot_id IN {ids:Array(String)} GROUP BY snapshot_id, id) AS e
		ON h.snapshot_id = e.snapshot_id AND h.entitlement_id = e.id
	GROUP BY snapshot_id, account_id) AS g ON a.snapshot_id = g.snapshot_id AND a.id = g.account_id
ORDER BY a.snapshot_id, a.id`}
	err = db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		h := Holding{Snapshot: r.Str(), Account: access.AccountRef{ID: r.Str(), Name: r.Str(), SourceRef: r.Str()}, Enabled: r.Bool()}
		ids, names, kinds := r.Strs(), r.Strs(), r.Strs()
		if err := r.Err(q.Op); err != nil {
			return err
		}
		for i, id := range ids {
			e := access.HeldRef{ID: id, Name: names[i], Kind: kinds[i]}
			if e.Name == "" {
				e.Name = id // the system listed no such entitlement
			}
			h.Held = append(h.Held, e)
		}
		out = append(out, h)
		return nil
	})
	return out, known, err
}

// stored names those of some snapshots of which a table still has rows.
func stored(ctx context.Context, db *wire.DB, table string, snapshots []string) (map[string]bool, error) {
	out := map[string]bool{}
	q := wire.Query{Op: "find what is still stored", Args: []any{wire.P("ids", nonNil(snapshots))},
		SQL: "SELECT DISTINCT toString(snapshot_id) FROM " + wire.Quote(table) + " WHERE snapshot_id IN {ids:Array(String)}"}
	err := db.Each(ctx, q, func(scan func(...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		out[id] = true
		return nil
	})
	return out, err
}
