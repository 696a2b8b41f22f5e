package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/store/facts"
	"muster/internal/store/load"
	"muster/internal/store/population"
	"muster/internal/store/wire"
)

// bySystem sorts snapshots by system and moment.
func bySystem(all []access.Snapshot) []access.Snapshot {
	slices.SortStableFunc(all, func(a, b access.Snapshot) int {
		return cmp.Or(cmp.Compare(a.System, b.System), a.TakenAt.Compare(b.TakenAt), a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// SaveWorld stores what the run reasons from, so that it can be shown again later. A second one of the same run takes the place of the first.
func (s *Store) SaveWorld(ctx context.Context, w World) error {
	if err := facts.SaveMap(ctx, s.db, w); err != nil {
		return err
	}
	keys := make([]string, len(w.Linking.Keys))
	for i, k := range w.Linking.Keys {
		keys[i] = string(k)
	}
	domains := append([]string{}, w.Linking.Domains...)
	rows := append([]SystemWorld{{System: w.HR.System, Used: w.HR}}, w.Systems...)
	n := len(rows)
	var ordinal wire.Slice[uint32]
	var hr wire.Slice[bool]
	var system, used, previous wire.Slice[string]
	var linkKeys, linkDomains wire.Each[[]string]
	version := uint64(s.db.Now().UnixNano())
	token := []string{"world", w.RunID, wire.Number(version)}
	for i, r := range rows {
		ordinal, hr = append(ordinal, uint32(i)), append(hr, i == 0)
		system, used, previous = append(system, r.System), append(used, r.Used.ID), append(previous, r.Previous.ID)
		k, d := []string{}, []string{}
		if i == 0 {
			k, d = keys, domains
		}
		linkKeys, linkDomains = append(linkKeys, k), append(linkDomains, d)
		token = append(token, r.System, r.Used.ID, r.Previous.ID)
	}
	return s.db.Insert(ctx, "insert run_snapshots", wire.Block{Table: "run_snapshots", Token: wire.Token(token...), Cols: []wire.Col{
		{Name: "run_id", Data: wire.Same(w.RunID, n)}, {Name: "version", Data: wire.Same(version, n)}, {Name: "ordinal", Data: ordinal}, {Name: "hr", Data: hr},
		{Name: "system", Data: system}, {Name: "used_id", Data: used}, {Name: "previous_id", Data: previous},
		{Name: "as_of", Data: wire.Same(wire.Trunc(w.AsOf), n)}, {Name: "link_keys", Data: linkKeys}, {Name: "link_domains", Data: linkDomains},
	}})
}

// WorldOfRun reads what SaveWorld stored. Its snapshots come in the state that they had when the run was completed.
func (s *Store) WorldOfRun(ctx context.Context, runID string) (World, bool, error) {
	w := World{RunID: runID}
	found := false
	q := wire.Query{Op: "read run_snapshots", Args: []any{wire.P("run", runID)},
		SQL: `SELECT hr, toString(system), used_id, previous_id, as_of, link_keys, link_domains FROM run_snapshots
			WHERE run_id = {run:String} AND version = (SELECT max(version) FROM run_snapshots WHERE run_id = {run:String}) ORDER BY ordinal`}
	err := s.db.Each(ctx, q, func(scan func(...any) error) error {
		var hr bool
		var x SystemWorld
		var asOf time.Time
		var keys, domains []string
		if err := scan(&hr, &x.System, &x.Used.ID, &x.Previous.ID, &asOf, &keys, &domains); err != nil {
			return err
		}
		found = true
		w.AsOf = asOf.UTC()
		if !hr {
			w.Systems = append(w.Systems, x)
			return nil
		}
		w.HR = access.Snapshot{ID: x.Used.ID, System: x.System}
		for _, k := range keys {
			w.Linking.Keys = append(w.Linking.Keys, access.LinkKey(k))
		}
		if len(domains) > 0 {
			w.Linking.Domains = domains
		}
		return nil
	})
	if err != nil || !found {
		return World{}, false, err
	}
	if err := s.fillWorld(ctx, &w); err != nil {
		return World{}, false, err
	}
	if w.Linking.Map, err = facts.LoadMap(ctx, s.db, runID); err != nil {
		return World{}, false, err
	}
	return w, true, nil
}

// fillWorld reads the snapshots whose ids w has.
func (s *Store) fillWorld(ctx context.Context, w *World) error {
	places := []*access.Snapshot{&w.HR}
	for i := range w.Systems {
		places = append(places, &w.Systems[i].Used, &w.Systems[i].Previous)
	}
	ids := []string{}
	for _, p := range places {
		if p.ID != "" {
			ids = append(ids, p.ID)
		}
	}
	all, err := s.snapshots(ctx, population.SnapshotsThen, "id IN {ids:Array(String)}", 0, wire.P("ids", ids), wire.P("run", w.RunID))
	if err != nil {
		return err
	}
	byID := map[string]access.Snapshot{}
	for _, x := range all {
		byID[x.ID] = x
	}
	for _, p := range places {
		if x, ok := byID[p.ID]; ok {
			*p = x
		}
	}
	return nil
}

// LinkAccounts makes a world ready for Facts: it gathers the grants of each account, where that was not done yet, and links every account of the world's usable snapshots to persons and counts the results. The explicit map is final. A
// service, shared or break-glass account is service-owned, by the person that its owner reference names, if it names one. For all
// others the keys narrow in their order; see access.Link for the evidence that is kept.
func (s *Store) LinkAccounts(ctx context.Context, w World) (map[access.LinkResult]int64, error) {
	for _, x := range w.Systems {
		for _, id := range []string{x.Used.ID, x.Previous.ID} {
			if id == "" {
				continue
			}
			if err := load.Gather(ctx, s.db, id); err != nil {
				return nil, err
			}
		}
	}
	return facts.Link(ctx, s.db, w)
}

// Profiles finds the distinct values of the named person fields, stores them for the run, and yields each with its number. A field is one of the
// rules' names (department, title, start_date, attributes.X, ...); only these are set on p.
func (s *Store) Profiles(ctx context.Context, w World, fields []string, yield func(profile uint64, p access.Person) error) error {
	return facts.Profiles(ctx, s.db, w, fields, yield)
}

// SaveExpectations stores the bundles of the run and what they give to each profile. byProfile must yield in the same order if it is called for
// the same run again.
func (s *Store) SaveExpectations(ctx context.Context, w World, bundles []access.Bundle, byProfile func(yield func(profile uint64, e []access.Expectation) error) error) error {
	return facts.SaveExpectations(ctx, s.db, w, bundles, byProfile)
}

// Facts yields the facts of every person in the order of worker ids, and then each account that is nobody's with a nil Person, in the order of system
// and id. LinkAccounts must have run for the world's run. The caller completes Expected, Missing, and those of Quality that need
// the configuration (ManagerMissing, ManagerCycle, DepartmentUnknown). A yielded value is fresh and may be kept.
func (s *Store) Facts(ctx context.Context, w World, q FactsQuery, yield func(f *access.PersonFacts, profile uint64) error) error {
	return facts.Stream(ctx, s.db, w, q, yield)
}

// Managers yields every person's manager and status, ordered by worker id.
func (s *Store) Managers(ctx context.Context, w World, yield func(id, manager string, status access.Status) error) error {
	return facts.Managers(ctx, s.db, w, yield)
}

// Entitlements yields the entitlements of the world's usable snapshots, ordered by system and id.
func (s *Store) Entitlements(ctx context.Context, w World, yield func(access.Entitlement) error) error {
	return facts.EachEntitlement(ctx, s.db, w, yield)
}

// FindPersons finds the worker ids that a text can mean: the id itself, else an e-mail, UPN, login or display name, all folded. Sorted.
func (s *Store) FindPersons(ctx context.Context, w World, text string) ([]string, error) {
	return facts.FindPersons(ctx, s.db, w, text)
}

// Person finds the one person whom a text means: a worker id, an e-mail address, a login or a name. False when there is none, or several.
func (s *Store) Person(ctx context.Context, w World, text string) (access.Person, bool, error) {
	ids, err := facts.FindPersons(ctx, s.db, w, text)
	if err != nil || len(ids) != 1 {
		return access.Person{}, false, err
	}
	return facts.PersonByID(ctx, s.db, w, ids[0])
}

// GrantRef names one grant of a system.
type GrantRef = facts.GrantRef

// GrantsSince finds since when accounts hold entitlements without a break, as the complete snapshots of the system tell: the moment of the
// first of them. A grant that the newest does not hold is left out. Facts that have expired count as a break.
func (s *Store) GrantsSince(ctx context.Context, system string, grants []GrantRef) (map[GrantRef]time.Time, error) {
	all, err := s.snapshots(ctx, "snapshots_current", "system = {system:String} AND state = 'complete'", 0, wire.P("system", system))
	if err != nil {
		return nil, err
	}
	first, err := facts.Since(ctx, s.db, all, grants)
	if err != nil {
		return nil, err
	}
	out := make(map[GrantRef]time.Time, len(first))
	for g, snap := range first {
		out[g] = snap.TakenAt
	}
	return out, nil
}

// Population yields a whole table of the world, for annexes of packs: the column names first, then every row as text, in a total order. The tables are those of
// PopulationTables. Dates are 2006-01-02, moments RFC 3339, sets JSON. The same world always gives the same text.
func (s *Store) Population(ctx context.Context, w World, table string, head func([]string) error, row func([]string) error) error {
	return population.Read(ctx, s.db, w, table, head, row)
}

// PopulationTables are the names that Population knows, in the order in which a pack lists them.
func PopulationTables() []string { return population.Tables() }
