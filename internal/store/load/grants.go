package load

import (
	"sort"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// grantChunk is how many grants are sent as one piece.
const grantChunk = 1 << 17

// grants is the buffer of access.Grant. There may be fifty million of them, so a row is a few bytes without pointers: it neither keeps the
// collector's strings alive nor costs the garbage collector anything.
type grants struct {
	accounts []byte   // account ids, one after another
	ends     []uint32 // where each ends
	dict     []any    // entitlement ids
	codes    []uint32 // the entitlement of each row, as a place in dict
	known    map[string]uint32
	flags    []uint8           // 1 effective, 2 admin option
	paths    []rowed[[]string] // in the order of rows; most grants are direct
	expires  []rowed[*int64]   // in the order of rows; most do not expire
}

func newGrants() *grants {
	return &grants{known: map[string]uint32{}}
}

func (b *grants) rows() int { return len(b.ends) }

func (b *grants) add(rec access.Record) int {
	g := rec.(access.Grant)
	row := len(b.ends)
	b.accounts = append(b.accounts, g.AccountID...)
	b.ends = append(b.ends, uint32(len(b.accounts)))
	grown := len(g.AccountID) + 9
	code, ok := b.known[g.EntitlementID]
	if !ok {
		code = uint32(len(b.dict))
		b.known[g.EntitlementID] = code
		b.dict = append(b.dict, g.EntitlementID)
		grown += 2*len(g.EntitlementID) + 64
	}
	b.codes = append(b.codes, code)
	flags := uint8(0)
	if g.Effective {
		flags |= 1
	}
	if g.AdminOption {
		flags |= 2
	}
	b.flags = append(b.flags, flags)
	if len(g.Path) > 0 {
		b.paths = append(b.paths, rowed[[]string]{row, g.Path})
		grown += size(g.Path...) + 16*len(g.Path) + 64
	}
	if !g.ExpiresAt.IsZero() {
		b.expires = append(b.expires, rowed[*int64]{row, wire.Milli(g.ExpiresAt)})
		grown += 32
	}
	return grown
}

// reset empties b and keeps its memory for the next rows.
func (b *grants) reset() {
	b.accounts, b.ends, b.codes, b.flags = b.accounts[:0], b.ends[:0], b.codes[:0], b.flags[:0]
	b.dict = b.dict[:0]
	clear(b.known)
	clear(b.paths) // lets go of the collector's strings
	b.paths, b.expires = b.paths[:0], b.expires[:0]
}

// insert leaves out what no row has: the table's defaults are the same and cost nothing.
func (b *grants) insert(s access.Snapshot, day time.Time) wire.Chunked {
	names := []string{"snapshot_id", "loaded_on", "account_id", "entitlement_id", "effective", "admin_option"}
	if len(b.paths) > 0 {
		names = append(names, "path")
	}
	if len(b.expires) > 0 {
		names = append(names, "expires_ms")
	}
	return wire.Chunked{Table: "grants", Names: names, Chunks: func(send func([]wire.ColumnData) error) error {
		for from := 0; from < b.rows(); from += grantChunk {
			if err := send(b.chunk(s, day, from, min(from+grantChunk, b.rows()))); err != nil {
				return err
			}
		}
		return nil
	}}
}

// chunk makes the columns of the rows from up to and without to.
func (b *grants) chunk(s access.Snapshot, day time.Time, from, to int) []wire.ColumnData {
	n := to - from
	accounts, effective, admin := make(strs, n), make(wire.Slice[bool], n), make(wire.Slice[bool], n)
	base := uint32(0)
	if from > 0 {
		base = b.ends[from-1]
	}
	text, start := string(b.accounts[base:b.ends[to-1]]), uint32(0)
	for i := range n {
		end := b.ends[from+i] - base
		accounts[i], start = text[start:end], end
		effective[i], admin[i] = b.flags[from+i]&1 != 0, b.flags[from+i]&2 != 0
	}
	cols := []wire.ColumnData{wire.Same(s.ID, n), wire.Same(day, n), accounts, wire.Coded{Dict: b.dict, Codes: b.codes[from:to]}, effective, admin}
	if len(b.paths) > 0 {
		paths := make(wire.Each[[]string], n)
		spread(paths, b.paths, from)
		cols = append(cols, paths)
	}
	if len(b.expires) > 0 {
		expires := make(wire.Slice[*int64], n)
		spread(expires, b.expires, from)
		cols = append(cols, expires)
	}
	return cols
}

// rowed is a value that only some rows have. A list of them in the order of rows is much cheaper than a map.
type rowed[T any] struct {
	row   int
	value T
}

// spread puts the values of the rows after from where they belong in out, whose first row is from.
func spread[S ~[]T, T any](out S, values []rowed[T], from int) {
	first := sort.Search(len(values), func(i int) bool { return values[i].row >= from })
	for _, v := range values[first:] {
		if v.row >= from+len(out) {
			return
		}
		out[v.row-from] = v.value
	}
}
