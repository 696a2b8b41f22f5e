package facts

import (
	"context"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// defaultChunk is Query.Chunk unless it is set. A world with fewer accounts is read in one query.
const defaultChunk = 200_000

// samples is how many keys are drawn to find the borders of chunks. The borders shift with the draw, the stream does not.
const samples = 2000

// holdings streams the accounts of a world with their grants, in the order of person, system and account; those of nobody come last.
type holdings struct {
	db    *wire.DB
	world World
	known map[string]map[string]access.Entitlement
	only  narrowing
	size  int // accounts a chunk

	chunks []chunk
	cursor *wire.Cursor
	ahead  *access.AccountFacts // read and not yet given
	person string               // whose ahead is; empty: nobody's
}

// chunk is a condition on links.
type chunk struct {
	where string
	args  []any
	whole bool // all links of the run, so that nothing is gained by looking accounts up
}

// plan cuts the links of the run into chunks.
func (h *holdings) plan(ctx context.Context) error {
	run := wire.P("run", h.world.RunID)
	switch {
	case h.only.account != "":
		h.chunks = []chunk{{where: "system = {system:String} AND account_id = {account:String}", args: []any{run, wire.P("system", h.only.system), wire.P("account", h.only.account)}}}
		return nil
	case h.only.person != "":
		h.chunks = []chunk{{where: "result = 'linked' AND person_id = {person:String}", args: []any{run, wire.P("person", h.only.person)}}}
		return nil
	}
	var total uint64
	if _, err := h.db.One(ctx, wire.Query{Op: "count links", SQL: "SELECT count() FROM links WHERE run_id = {run:String}", Args: []any{run}}, &total); err != nil {
		return err
	}
	if total <= uint64(h.size) {
		h.chunks = []chunk{{where: "1", args: []any{run}, whole: true}}
		return nil
	}
	if err := h.cut(ctx, "result = 'linked'", "person_id", []any{run}); err != nil {
		return err
	}
	for _, s := range h.world.Systems {
		if err := h.cut(ctx, "result != 'linked' AND system = {system:String}", "account_id", []any{run, wire.P("system", s.System)}); err != nil {
			return err
		}
	}
	return nil
}

// cut makes chunks of the links that match where, by ranges of column.
func (h *holdings) cut(ctx context.Context, where, column string, args []any) error {
	var total uint64
	var packed []byte
	_, err := h.db.One(ctx, wire.Query{Op: "sample links", Args: args,
		SQL: "SELECT count(), " + wire.Packed("arraySort(groupArraySample("+wire.Number(samples)+")("+column+"))") + " FROM links WHERE run_id = {run:String} AND " + where}, &total, &packed)
	if err != nil {
		return err
	}
	r := wire.NewBinary(packed)
	sample := r.Strs()
	if err := r.Err("sample links"); err != nil || total == 0 {
		return err
	}
	n := int(total)/h.size + 1
	low := ""
	for i := 1; i <= n; i++ {
		c := chunk{where: where + " AND " + column + " > {low:String}", args: append([]any{wire.P("low", low)}, args...)}
		if i == 1 {
			c.where = where + " AND " + column + " >= {low:String}"
		}
		if i < n {
			high := sample[i*len(sample)/n]
			if high == low {
				continue // one key holds more than a chunk: the next border takes it
			}
			c.where += " AND " + column + " <= {high:String}"
			c.args = append(c.args, wire.P("high", high))
			low = high
		}
		h.chunks = append(h.chunks, c)
	}
	return nil
}

// query reads the accounts of a chunk.
func (h *holdings) query(c chunk) wire.Query {
	links := "(SELECT * FROM links WHERE run_id = {run:String} AND " + c.where + ")"
	among := func(column string) string {
		if c.whole {
			return ""
		}
		return " AND " + column + " IN (SELECT account_id FROM " + links + ")"
	}
	row := wire.Packed("if(l.result = 'linked', l.person_id, '')", "l.system", "l.snapshot_id", "l.account_id", "l.result", "l.person_id", "l.key", "l.evidence",
		"a.name", "a.display_name", "a.email", "a.upn", "a.employee_id", "a.owner_ref", "a.kind", "a.enabled", "a.locked", "a.privileged", "a.mfa",
		"a.created_ms", "a.last_login_ms", "a.never_logged_in", "a.password_changed_ms", "a.expires_ms", "mapSort(a.attributes)", "a.source_ref",
		"if(v.known = 1, toInt64(v.held), toInt64(-1))", "o.packed",
		"g.entitlement_ids", "g.flags", "g.path")
	args := append([]any{wire.P("used", h.world.UsedIDs()), wire.P("previous", h.world.PreviousIDs()), wire.P("hr", h.world.HR.ID)}, c.args...)
	return wire.Query{Op: "read accounts", Args: args, Settings: spill(), SQL: `SELECT ` + row + `
FROM ` + links + ` AS l
INNER JOIN (SELECT * FROM accounts WHERE snapshot_id IN {used:Array(String)}` + among("id") + ` ORDER BY snapshot_id, id, source_ref LIMIT 1 BY snapshot_id, id) AS a
	ON l.snapshot_id = a.snapshot_id AND l.account_id = a.id
LEFT JOIN (SELECT snapshot_id, account_id, entitlement_ids, flags, path FROM account_grants
	WHERE snapshot_id IN {used:Array(String)}` + among("account_id") + `) AS g ON l.snapshot_id = g.snapshot_id AND l.account_id = g.account_id
LEFT JOIN (SELECT x.system AS system, x.id AS id, any(y.held) AS held, 1 AS known
	FROM (SELECT snapshot_id, toString(system) AS system, id FROM accounts WHERE snapshot_id IN {previous:Array(String)}` + among("id") + `) AS x
	LEFT JOIN (SELECT snapshot_id, account_id, held FROM account_grants WHERE snapshot_id IN {previous:Array(String)}` + among("account_id") + `) AS y
		ON x.snapshot_id = y.snapshot_id AND x.id = y.account_id
	GROUP BY system, id) AS v ON l.system = v.system AND l.account_id = v.id
LEFT JOIN (SELECT id, ` + wire.Packed(personRow("")) + ` AS packed FROM ` + people + ` AS p
	WHERE id IN (SELECT person_id FROM ` + links + ` WHERE result = 'service-owned' AND person_id != '')) AS o ON l.result = 'service-owned' AND l.person_id = o.id
ORDER BY l.result = 'linked' DESC, if(l.result = 'linked', l.person_id, ''), l.system, l.account_id`}
}

// advance reads the next account into ahead; nil at the end.
func (h *holdings) advance(ctx context.Context) error {
	h.ahead, h.person = nil, ""
	for {
		if h.cursor == nil {
			if len(h.chunks) == 0 {
				return nil
			}
			c, err := h.db.Open(ctx, h.query(h.chunks[0]))
			if err != nil {
				return err
			}
			h.cursor, h.chunks = c, h.chunks[1:]
		}
		if h.cursor.Next() {
			var packed []byte
			if err := h.cursor.Scan(&packed); err != nil {
				return err
			}
			var err error
			h.ahead, h.person, err = h.decode(packed)
			return err
		}
		err := h.cursor.Close()
		h.cursor = nil
		if err != nil {
			return err
		}
	}
}

// of gives the accounts of the person, who must come in order.
func (h *holdings) of(ctx context.Context, person string) ([]*access.AccountFacts, error) {
	var out []*access.AccountFacts
	if person == "" {
		return nil, nil // the empty name is that of nobody
	}
	for {
		if h.ahead == nil {
			if err := h.advance(ctx); err != nil {
				return nil, err
			}
		}
		if h.ahead == nil || h.person != person {
			return out, nil
		}
		out = append(out, h.ahead)
		h.ahead = nil
	}
}

// next gives the next account whoever's it is; nil at the end.
func (h *holdings) next(ctx context.Context) (*access.AccountFacts, string, error) {
	if h.ahead == nil {
		if err := h.advance(ctx); err != nil {
			return nil, "", err
		}
	}
	a, person := h.ahead, h.person
	h.ahead = nil
	return a, person, nil
}

// close ends the stream, wherever it is.
func (h *holdings) close() {
	if h.cursor != nil {
		_ = h.cursor.Close() // whoever closes early has an error of their own
		h.cursor = nil
	}
}
