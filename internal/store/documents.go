package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// documentRows is how many documents one insert holds.
const documentRows = 2000

// SaveDocuments appends versions of documents. The same versions again store nothing twice.
func (s *Store) SaveDocuments(ctx context.Context, docs ...access.Document) error {
	for len(docs) > 0 {
		chunk := docs[:min(documentRows, len(docs))]
		docs = docs[len(chunk):]
		if err := s.db.Insert(ctx, "insert documents", documentBlock(chunk, s.db.Now())); err != nil {
			return err
		}
	}
	return nil
}

func documentBlock(docs []access.Document, now time.Time) wire.Block {
	n := len(docs)
	text := make([]wire.Slice[string], 8)
	var version wire.Slice[uint64]
	var at wire.Each[time.Time]
	token := []string{"documents"}
	for _, d := range docs {
		for i, v := range []string{string(d.Kind), d.ID, d.State, d.Key, d.System, d.Person, d.Run, string(d.Body)} {
			text[i] = append(text[i], v)
		}
		version, at = append(version, d.Version), append(at, wire.Trunc(d.At))
		token = append(token, string(d.Kind), d.ID, wire.Number(d.Version), string(d.Body))
	}
	cols := []wire.Col{{Name: "version", Data: version}, {Name: "at", Data: at}, {Name: "written_at", Data: wire.Same(wire.Trunc(now), n)}}
	for i, name := range []string{"kind", "id", "state", "key", "system", "person", "run_id", "body"} {
		cols = append(cols, wire.Col{Name: name, Data: text[i]})
	}
	return wire.Block{Table: "documents", Token: wire.Token(token...), Cols: cols}
}

// Documents yields the newest versions that match, by kind and id. Bodies are read only of those: which they are is worked out from the
// narrow columns first.
func (s *Store) Documents(ctx context.Context, q access.DocumentQuery, yield func(access.Document) error) error {
	always, newest, args := documentWhere(q)
	newer := "SELECT kind, id, max(version) FROM documents WHERE " + always + " GROUP BY kind, id"
	if newest != "" {
		newer += " HAVING " + newest
	}
	return s.eachDocument(ctx, "(kind, id, version) IN ("+newer+")", args, yield)
}

// DocumentHistory yields every version of one document, the oldest first.
func (s *Store) DocumentHistory(ctx context.Context, kind access.DocumentKind, id string, yield func(access.Document) error) error {
	return s.eachDocument(ctx, "kind = {kind:String} AND id = {id:String}", []any{wire.P("kind", string(kind)), wire.P("id", id)}, yield)
}

// documentWhere is a query as two conditions: on what all versions of a document have in common, and on what the newest says.
func documentWhere(q access.DocumentQuery) (always, newest string, args []any) {
	common, last := []string{"1"}, []string{}
	add := func(list *[]string, cond, name string, value any) {
		*list, args = append(*list, cond), append(args, wire.P(name, value))
	}
	if q.Kind != "" {
		add(&common, "kind = {kind:String}", "kind", string(q.Kind))
	}
	if q.ID != "" {
		add(&common, "id = {id:String}", "id", q.ID)
	}
	if q.IDs != nil {
		add(&common, "id IN {ids:Array(String)}", "ids", q.IDs)
	}
	if q.IDPrefix != "" {
		add(&common, "startsWith(upper(id), upper({prefix:String}))", "prefix", q.IDPrefix)
	}
	for _, f := range []struct{ column, value string }{{"system", q.System}, {"person", q.Person}, {"run_id", q.Run}} {
		if f.value != "" {
			add(&last, "argMax("+f.column+", version) = {"+f.column+":String}", f.column, f.value)
		}
	}
	if len(q.States) > 0 {
		add(&last, "argMax(state, version) IN {states:Array(String)}", "states", q.States)
	}
	if q.Keys != nil {
		add(&last, "argMax(key, version) IN {keys:Array(String)}", "keys", q.Keys)
	}
	return strings.Join(common, " AND "), strings.Join(last, " AND "), args
}

// eachDocument yields versions, of each the one that was written first.
func (s *Store) eachDocument(ctx context.Context, where string, args []any, yield func(access.Document) error) error {
	row := wire.Packed("toString(kind)", "id", "version", "toString(state)", "key", "toString(system)", "person", "run_id", "toUnixTimestamp64Milli(at)", "body")
	q := wire.Query{Op: "read documents", Args: args, Settings: map[string]any{"max_bytes_before_external_sort": 512 << 20},
		SQL: "SELECT " + row + " FROM documents WHERE " + where + " ORDER BY kind, id, version, written_at LIMIT 1 BY kind, id, version"}
	return s.db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		r := wire.NewBinary(packed)
		d := access.Document{Kind: access.DocumentKind(r.Str()), ID: r.Str(), Version: r.U64(), State: r.Str(), Key: r.Str(), System: r.Str(), Person: r.Str(), Run: r.Str()}
		at := r.I64()
		d.At, d.Body = wire.OfMilli(&at), json.RawMessage(r.Str())
		if err := r.Err(q.Op); err != nil {
			return err
		}
		return yield(d)
	})
}
