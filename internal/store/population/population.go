// Package population writes out everything that a run reasoned from, as text, so that an auditor can perform the run again.
//
// Each table has fixed columns and a total order, so one world gives the same text on every day. Days are written 2006-01-02 and moments in RFC 3339 (UTC,
// with milliseconds only when there are any), "no value" as nothing, truths as true and false, sets and maps as JSON. Text is the customer's,
// byte by byte. Rows stream; sorts that do not fit go to disk.
package population

import (
	"context"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store/facts"
	"muster/internal/store/wire"
)

// kind is how a column is packed and written.
type kind int

const (
	text kind = iota
	truth
	day    // Nullable(Int32), days
	moment // Nullable(Int64), milliseconds
	number // Int64
	tri    // Int8, access.Tri
)

// column is one column of a table.
type column struct {
	name string
	expr string
	kind kind
}

// table is one population.
type table struct {
	columns []column
	from    string
	keys    string // what it is sorted by first; ties are broken by all columns
}

// SnapshotsThen is a subquery of the snapshots in the state that they had when the run {run:String} was completed: a release afterwards does not change
// what the run saw. Should the clock have gone backwards, it is the first state.
const SnapshotsThen = `(SELECT * FROM (SELECT *, written_at <= ifNull((SELECT minOrNull(written_at) FROM runs WHERE id = {run:String} AND state = 'completed'), toDateTime64('2299-12-31', 3, 'UTC')) AS known FROM snapshots)
	ORDER BY known DESC, if(known, toInt64(version), -toInt64(version)) DESC LIMIT 1 BY id)`

// Tables are the names of all populations.
func Tables() []string {
	return []string{"snapshots", "persons", "accounts", "entitlements", "grants", "links", "profiles", "expectations", "rejections", "previous"}
}

// Read yields the column names and then the rows of one population of the world.
func Read(ctx context.Context, db *wire.DB, w facts.World, name string, head func([]string) error, row func([]string) error) error {
	t, err := lookup(ctx, db, w, name)
	if err != nil {
		return err
	}
	names, exprs, order := make([]string, len(t.columns)), make([]string, len(t.columns)), t.keys
	for i, c := range t.columns {
		names[i], exprs[i] = c.name, c.expr
		if c.kind == truth {
			exprs[i] = "toUInt8(" + c.expr + ")"
		}
		order += ", " + c.expr
	}
	if err := head(names); err != nil {
		return err
	}
	q := wire.Query{Op: "read population", Args: args(w), Settings: map[string]any{"max_bytes_before_external_sort": 512 << 20},
		SQL: "SELECT " + wire.Packed(exprs...) + " FROM " + t.from + " ORDER BY " + order}
	return db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		out := make([]string, len(t.columns))
		for i, c := range t.columns {
			out[i] = write(&r, c.kind)
		}
		if err := r.Err(q.Op); err != nil {
			return err
		}
		return row(out)
	})
}

// args are the parameters that the tables' SQL uses.
func args(w facts.World) []any {
	systems := []string{}
	for _, s := range w.Systems {
		if s.Used.ID != "" {
			systems = append(systems, s.System)
		}
	}
	all := append(append([]string{}, w.UsedIDs()...), w.PreviousIDs()...)
	if w.HR.ID != "" {
		all = append(all, w.HR.ID)
	}
	return []any{wire.P("run", w.RunID), wire.P("hr", w.HR.ID), wire.P("used", w.UsedIDs()), wire.P("previous", w.PreviousIDs()), wire.P("systems", systems), wire.P("all", all)}
}

// write reads the next value and writes it as text.
func write(r *wire.Binary, k kind) string {
	switch k {
	case truth:
		return strconv.FormatBool(r.Bool())
	case day:
		if t := wire.OfDay(r.OptDay()); !t.IsZero() {
			return t.Format(time.DateOnly)
		}
		return ""
	case moment:
		if t := wire.OfMilli(r.OptMilli()); !t.IsZero() {
			return t.Format("2006-01-02T15:04:05.999Z07:00")
		}
		return ""
	case number:
		return strconv.FormatInt(r.I64(), 10)
	case tri:
		return map[access.Tri]string{access.Yes: "true", access.No: "false"}[access.Tri(int8(r.U8()))]
	}
	return r.Str()
}

// texts makes text columns whose names are their expressions.
func texts(names ...string) []column {
	out := make([]column, len(names))
	for i, n := range names {
		out[i] = column{n, "toString(" + n + ")", text}
	}
	return out
}

// profileNumber is the expression of the profile number that the run's persons have; empty when the run made no profiles.
func profileNumber(ctx context.Context, db *wire.DB, w facts.World) (string, error) {
	var packed []byte
	found, err := db.One(ctx, wire.Query{Op: "read profile fields", Args: []any{wire.P("run", w.RunID)},
		SQL: "SELECT " + wire.Packed("fields") + " FROM profiles WHERE run_id = {run:String} LIMIT 1"}, &packed)
	if err != nil || !found {
		return "''", err
	}
	r := wire.NewBinary(packed)
	fields := r.Strs()
	if err := r.Err("read profile fields"); err != nil {
		return "", err
	}
	number, err := facts.ProfileNumber(fields)
	return "toString(" + number + ")", err
}

// join puts column lists together.
func join(lists ...[]column) []column {
	var out []column
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// unknown is the error for a table that there is not.
func unknown(name string) error {
	return wire.Failf(access.Invalid, "read population", "the tables are "+strings.Join(Tables(), ", "), "there is no population %q", name)
}
