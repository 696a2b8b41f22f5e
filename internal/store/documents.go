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

// Documents yields the newest versions that match, by kind and id.
func (s *Store) Documents(ctx context.Context, q access.DocumentQuery, yield func(access.Document) error) error {
	where, args := documentWhere(q)
	return s.eachDocument(ctx, "documents_current", where, args, yield)
}

// DocumentHistory yields every version of one document, the oldest first.
func (s *Store) DocumentHistory(ctx context.Context, kind access.DocumentKind, id string, yield func(access.Document) error) error {
	return s.eachDocument(ctx, "(SELECT * FROM documents LIMIT 1 BY kind, id, version)", "kind = {kind:String} AND id = {id:String}",
		[]any{wire.P("kind", string(kind)), wire.P("id", id)}, yield)
}

func documentWhere(q access.DocumentQuery) (string, []any) {
	where, args := []string{"1"}, []any{}
	add := func(cond, name string, value any) {
		where, args = append(where, cond), append(args, wire.P(name, value))
	}
	for _, f := range []struct{ column, value string }{{"kind", string(q.Kind)}, {"id", q.ID}, {"system", q.System}, {"person", q.Person}, {"run_id", q.Run}} {
		if f.value != "" {
			add(f.column+" = {"+f.column+":String}", f.column, f.value)
		}
	}
	if len(q.States) > 0 {
		add("state IN {states:Array(String)}", "states", q.States)
	}
	if q.Keys != nil {
		add("key IN {keys:Array(String)}", "keys", q.Keys)
	}
	if q.IDPrefix != "" {
		add("startsWith(upper(id), upper({prefix:String}))", "prefix", q.IDPrefix)
	}
	return strings.Join(where, " AND "), args
}

func (s *Store) eachDocument(ctx context.Context, from, where string, args []any, yield func(access.Document) error) error {
	row := wire.Packed("toString(kind)", "id", "version", "toString(state)", "key", "toString(system)", "person", "run_id", "toUnixTimestamp64Milli(at)", "body")
	q := wire.Query{Op: "read documents", Args: args, Settings: map[string]any{"max_bytes_before_external_sort": 512 << 20},
		SQL: "SELECT " + row + " FROM " + from + " WHERE " + where + " ORDER BY kind, id, version"}
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
