package facts

import (
	"context"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// expectRows is how many expectations one insert holds.
const expectRows = 50_000

// SaveExpectations stores the bundles of a run and what they gave for each profile. byProfile must yield in the same order when it is called
// for the same run again: then nothing is stored twice.
func SaveExpectations(ctx context.Context, db *wire.DB, w World, bundles []access.Bundle, byProfile func(yield func(profile uint64, e []access.Expectation) error) error) error {
	if err := saveBundles(ctx, db, w.RunID, bundles); err != nil {
		return err
	}
	b := expectations{db: db, run: w.RunID}
	err := byProfile(func(profile uint64, es []access.Expectation) error {
		for _, e := range es {
			b.add(profile, e)
		}
		if len(b.profile) >= expectRows {
			return b.flush(ctx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return b.flush(ctx)
}

// saveBundles stores the bundles as they were in that run.
func saveBundles(ctx context.Context, db *wire.DB, run string, bundles []access.Bundle) error {
	n := len(bundles)
	if n == 0 {
		return nil
	}
	var name, title, when wire.Slice[string]
	var lead wire.Slice[int64]
	var systems, entitlements wire.Each[[]string]
	token := []string{"bundles", run}
	for _, b := range bundles {
		name, title, when, lead = append(name, b.Name), append(title, b.Title), append(when, b.When), append(lead, int64(b.LeadDays))
		s, e := []string{}, []string{}
		for _, ref := range b.Entitlements {
			s, e = append(s, ref.System), append(e, ref.Name)
		}
		systems, entitlements = append(systems, s), append(entitlements, e)
		token = append(token, b.Name)
	}
	return db.Insert(ctx, "insert bundles", wire.Block{Table: "bundles", Token: wire.Token(token...), Cols: []wire.Col{
		{Name: "run_id", Data: wire.Same(run, n)}, {Name: "name", Data: name}, {Name: "title", Data: title}, {Name: "condition", Data: when},
		{Name: "lead_days", Data: lead}, {Name: "systems", Data: systems}, {Name: "entitlements", Data: entitlements},
	}})
}

// expectations is a buffer of rows.
type expectations struct {
	db  *wire.DB
	run string
	seq uint64

	profile             wire.Slice[uint64]
	system, entitlement wire.Slice[string]
	kind, name          wire.Each[[]string]
	until               wire.Each[[]*int64]
}

func (b *expectations) add(profile uint64, e access.Expectation) {
	kind, name, until := []string{}, []string{}, []*int64{}
	for _, basis := range e.Basis {
		kind, name, until = append(kind, basis.Kind), append(name, basis.Name), append(until, wire.Milli(basis.Until))
	}
	b.profile = append(b.profile, profile)
	b.system, b.entitlement = append(b.system, e.Ref.System), append(b.entitlement, e.Ref.Name)
	b.kind, b.name, b.until = append(b.kind, kind), append(b.name, name), append(b.until, until)
}

func (b *expectations) flush(ctx context.Context) error {
	n := len(b.profile)
	if n == 0 {
		return nil
	}
	b.seq++
	err := b.db.Insert(ctx, "insert expectations", wire.Block{Table: "expectations", Token: wire.Token("expectations", b.run, wire.Number(b.seq)), Cols: []wire.Col{
		{Name: "run_id", Data: wire.Same(b.run, n)}, {Name: "profile", Data: b.profile}, {Name: "system", Data: b.system}, {Name: "entitlement", Data: b.entitlement},
		{Name: "basis_kind", Data: b.kind}, {Name: "basis_name", Data: b.name}, {Name: "basis_until_ms", Data: b.until},
	}})
	*b = expectations{db: b.db, run: b.run, seq: b.seq}
	return err
}

// GrantRef names one grant of a system.
type GrantRef struct{ Account, Entitlement string }

// Since walks the complete snapshots of a system from the newest back and gives for each of the grants that the newest holds the first
// snapshot of its unbroken presence. Snapshots whose facts have expired end the walk.
func Since(ctx context.Context, db *wire.DB, newestFirst []access.Snapshot, grants []GrantRef) (map[GrantRef]access.Snapshot, error) {
	ids := make([]string, len(newestFirst))
	for i, s := range newestFirst {
		ids[i] = s.ID
	}
	accounts, entitlements := make([]string, len(grants)), make([]string, len(grants))
	for i, g := range grants {
		accounts[i], entitlements[i] = g.Account, g.Entitlement
	}
	holds := map[GrantRef]map[string]bool{}
	q := wire.Query{Op: "read grant history", Args: []any{wire.P("ids", ids), wire.P("accounts", accounts), wire.P("entitlements", entitlements)},
		SQL: `SELECT DISTINCT toString(snapshot_id), account_id, toString(entitlement_id) FROM grants
			WHERE snapshot_id IN {ids:Array(String)} AND account_id IN {accounts:Array(String)}
			AND (account_id, toString(entitlement_id)) IN (SELECT arrayJoin(arrayZip({accounts:Array(String)}, {entitlements:Array(String)})))`}
	err := db.Each(ctx, q, func(scan func(...any) error) error {
		var id string
		var g GrantRef
		if err := scan(&id, &g.Account, &g.Entitlement); err != nil {
			return err
		}
		if holds[g] == nil {
			holds[g] = map[string]bool{}
		}
		holds[g][id] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := map[GrantRef]access.Snapshot{}
	for g, in := range holds {
		for _, s := range newestFirst {
			if !in[s.ID] {
				break
			}
			out[g] = s
		}
	}
	return out, nil
}
