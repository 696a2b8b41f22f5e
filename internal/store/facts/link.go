package facts

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/internal/store/fold"
	"muster/internal/store/wire"
)

// maxSharing is how many persons one key value can name; a value that more of them share says nothing about any, and without a
// bound it would multiply with the accounts that carry it.
const maxSharing = 1000

// people is the HR snapshot with each worker id once.
const people = `(SELECT * FROM persons WHERE snapshot_id = {hr:String} ORDER BY snapshot_id, id, row LIMIT 1 BY id)`

// side is how a key is compared: an expression over the account a, and the person's column.
type side struct {
	key     access.LinkKey
	account []string // several: any of them
	person  string
}

// sides turns the configured keys into comparisons.
func sides(spec LinkSpec) ([]side, error) {
	var out []side
	for _, k := range spec.Keys {
		switch k {
		case access.KeyMap: // comes before all keys anyway
		case access.KeyEmployeeID:
			out = append(out, side{k, []string{"a.employee_key"}, "id_key"})
		case access.KeyEmail:
			out = append(out, side{k, []string{"a.email_key"}, "email_key"})
		case access.KeyUPN:
			out = append(out, side{k, []string{"a.upn_key"}, "upn_key"})
		case access.KeyUsername:
			out = append(out, side{k, []string{"a.name_key"}, "username_key"})
		case access.KeyUserDomain:
			s := side{key: k, person: "email_key"}
			for _, d := range spec.Domains {
				if d = fold.Key(d); d != "" {
					s.account = append(s.account, "if(a.name_key = '', '', concat(a.name_key, "+wire.Literal("@"+d)+"))")
				}
			}
			if len(s.account) > 0 {
				out = append(out, s)
			}
		default:
			return nil, wire.Failf(access.Invalid, "link accounts", "the keys are map, employee_id, email, upn, username and username@domain", "unknown link key %q", k)
		}
	}
	return out, nil
}

// linkQuery is the SQL that links every account of the world. mapped says that there is an explicit map.
func linkQuery(keys []side, mapped bool) string {
	var joins, candidates []string
	for i, s := range keys {
		var ids, values []string
		for j, value := range s.account {
			p := fmt.Sprintf("k%d_%d", i, j)
			joins = append(joins, fmt.Sprintf("LEFT JOIN (SELECT %[1]s AS k, arraySlice(arraySort(groupArray(id)), 1, %[2]d) AS ids FROM %[3]s AS p WHERE %[1]s != '' GROUP BY k) AS %[4]s ON %[5]s = %[4]s.k",
				s.person, maxSharing, people, p, value))
			ids, values = append(ids, p+".ids"), append(values, value)
		}
		text, persons := values[0], ids[0]
		if len(values) > 1 {
			text = "if(a.name_key = '', '', arrayStringConcat([" + strings.Join(values, ", ") + "], ', '))"
			persons = "arrayDistinct(arrayConcat(" + strings.Join(ids, ", ") + "))"
		}
		candidates = append(candidates, fmt.Sprintf("(%s, %s, %s)", wire.Literal(string(s.key)), text, persons))
	}
	mapIDs, isMapped, mapPerson := "CAST([] AS Array(String))", "0", "''"
	if mapped {
		joins = append(joins,
			"LEFT JOIN (SELECT system, account, arrayDistinct(arrayFlatten(groupArray(ids))) AS ids, min(person) AS person, count() AS n FROM mapping GROUP BY system, account) AS mi ON a.system = mi.system AND a.id = mi.account",
			"LEFT JOIN (SELECT system, account_key, arrayDistinct(arrayFlatten(groupArray(ids))) AS ids, min(person) AS person, count() AS n FROM mapping GROUP BY system, account_key) AS mn ON a.system = mn.system AND a.name_key = mn.account_key")
		mapIDs, isMapped, mapPerson = "arrayDistinct(arrayConcat(mi.ids, mn.ids))", "(mi.n + mn.n > 0)", "if(mi.n > 0, mi.person, mn.person)"
	}
	cands := "CAST([] AS Array(Tuple(String, String, Array(String))))"
	if len(candidates) > 0 {
		cands = "CAST([" + strings.Join(candidates, ", ") + "] AS Array(Tuple(String, String, Array(String))))"
	}
	return fmt.Sprintf(linkTemplate, people, people, mapIDs, isMapped, mapPerson, cands, strings.Join(joins, "\n"))
}

// linkTemplate narrows progressively: the first key that matches gives the persons, each later one that matches intersects
// them; an empty intersection is a contradiction and nothing after it counts.
const linkTemplate = `INSERT INTO links (run_id, system, snapshot_id, account_id, result, person_id, key, evidence, loaded_on)
WITH
mapping AS (
	SELECT m.system AS system, m.account AS account, m.account_key AS account_key, m.person AS person, p.ids AS ids
	FROM (SELECT DISTINCT system, account, account_key, person, person_key FROM link_map WHERE run_id = {run:String}) AS m
	LEFT JOIN (SELECT id_key AS k, groupArray(id) AS ids FROM %s AS p GROUP BY k) AS p ON m.person_key = p.k
),
owners AS (
	SELECT k, arraySort(groupUniqArray(id)) AS ids
	FROM (SELECT id, arrayJoin([id_key, email_key, username_key]) AS k FROM %s AS p)
	WHERE k != '' AND k IN (SELECT owner_key FROM accounts WHERE snapshot_id IN {used:Array(String)} AND kind IN ('service', 'shared', 'break-glass') AND owner_key != '')
	GROUP BY k
),
matched AS (
	SELECT a.system AS system, a.snapshot_id AS snapshot_id, a.id AS account_id, a.owner_key AS owner_key,
		a.kind IN ('service', 'shared', 'break-glass') AS owned, o.ids AS owner_ids,
		%s AS map_ids, %s AS mapped, %s AS map_person,
		arrayFilter(c -> c.2 != '', %s) AS candidates
	FROM (SELECT * FROM accounts WHERE snapshot_id IN {used:Array(String)} ORDER BY snapshot_id, id, source_ref LIMIT 1 BY snapshot_id, id) AS a
	LEFT JOIN owners AS o ON a.owner_key = o.k
	%s
),
narrowed AS (
	SELECT *, arrayFold((s, c) -> multiIf(
			s.2 = 1, s,
			empty(s.1), (c.3, toUInt8(0), c.1),
			empty(arrayIntersect(s.1, c.3)), (s.1, toUInt8(1), c.1),
			length(arrayIntersect(s.1, c.3)) < length(s.1), (arrayIntersect(s.1, c.3), toUInt8(0), c.1),
			s),
		arrayFilter(c -> notEmpty(c.3), candidates), (CAST([] AS Array(String)), toUInt8(0), '')) AS s
	FROM matched
),
judged AS (
	SELECT *, multiIf(
			mapped, multiIf(length(map_ids) = 1, 'linked', empty(map_ids), 'unmatched', 'disputed'),
			owned, 'service-owned',
			s.2 = 1, 'disputed',
			empty(s.1), 'unmatched',
			length(s.1) = 1, 'linked',
			'disputed') AS result
	FROM narrowed
)
SELECT {run:String}, system, snapshot_id, account_id, result,
	multiIf(mapped AND result = 'linked', map_ids[1], result = 'linked', s.1[1], result = 'service-owned' AND length(owner_ids) = 1, owner_ids[1], ''),
	multiIf(mapped, 'map', owned, '', s.3),
	multiIf(
		mapped, [concat('map ', toJSONString(map_person), ': ', toString(length(map_ids)), if(length(map_ids) = 1, ' person', ' persons'))],
		owned, if(owner_key = '', [], [concat('owner ', toJSONString(owner_key), ': ', toString(length(owner_ids)), if(length(owner_ids) = 1, ' person', ' persons'))]),
		arrayMap(c -> concat(c.1, ' ', toJSONString(c.2), ': ', toString(length(c.3)), if(length(c.3) = 1, ' person', ' persons')), candidates)),
	{day:Date}
FROM judged`

// Link links every account of the world's usable snapshots for the run and counts the results. Doing it again gives the same.
func Link(ctx context.Context, db *wire.DB, w World) (map[access.LinkResult]int64, error) {
	keys, err := sides(w.Linking)
	if err != nil {
		return nil, err
	}
	if err := SaveMap(ctx, db, w); err != nil {
		return nil, err
	}
	err = db.Replace(ctx, "link accounts", wire.Replacement{
		Table: "links", Where: "run_id = {run:String}", Insert: linkQuery(keys, len(w.Linking.Map) > 0),
		Args: []any{wire.P("run", w.RunID), wire.P("hr", w.HR.ID), wire.P("used", w.UsedIDs()), wire.P("day", db.Now().Format("2006-01-02"))},
	})
	if err != nil {
		return nil, err
	}
	out := map[access.LinkResult]int64{access.Linked: 0, access.Unmatched: 0, access.Disputed: 0, access.ServiceOwned: 0}
	q := wire.Query{Op: "count links", SQL: "SELECT toString(result), count() FROM links WHERE run_id = {run:String} GROUP BY result", Args: []any{wire.P("run", w.RunID)}}
	err = db.Each(ctx, q, func(scan func(...any) error) error {
		var result string
		var n uint64
		if err := scan(&result, &n); err != nil {
			return err
		}
		out[access.LinkResult(result)] = int64(n)
		return nil
	})
	return out, err
}

// SaveMap stores the explicit map of the run, folded.
func SaveMap(ctx context.Context, db *wire.DB, w World) error {
	n := len(w.Linking.Map)
	if n == 0 {
		return nil
	}
	ordinal := make(wire.Slice[uint32], n)
	cols := make([]wire.Slice[string], 5)
	token := []string{"link map", w.RunID}
	for i, m := range w.Linking.Map {
		ordinal[i] = uint32(i)
		for c, s := range []string{m.System, m.Account, fold.Key(m.Account), m.Person, fold.Key(m.Person)} {
			cols[c] = append(cols[c], s)
		}
		token = append(token, m.System, m.Account, m.Person)
	}
	return db.Insert(ctx, "insert link_map", wire.Block{Table: "link_map", Token: wire.Token(token...), Cols: []wire.Col{
		{Name: "run_id", Data: wire.Same(w.RunID, n)}, {Name: "ordinal", Data: ordinal}, {Name: "system", Data: cols[0]},
		{Name: "account", Data: cols[1]}, {Name: "account_key", Data: cols[2]}, {Name: "person", Data: cols[3]}, {Name: "person_key", Data: cols[4]},
	}})
}

// LoadMap reads what SaveMap stored.
func LoadMap(ctx context.Context, db *wire.DB, runID string) ([]MapEntry, error) {
	var out []MapEntry
	q := wire.Query{Op: "read link_map", SQL: "SELECT DISTINCT ordinal, toString(system), account, person FROM link_map WHERE run_id = {run:String} ORDER BY ordinal", Args: []any{wire.P("run", runID)}}
	err := db.Each(ctx, q, func(scan func(...any) error) error {
		var ordinal uint32
		var m MapEntry
		if err := scan(&ordinal, &m.System, &m.Account, &m.Person); err != nil {
			return err
		}
		out = append(out, m)
		return nil
	})
	return out, err
}
