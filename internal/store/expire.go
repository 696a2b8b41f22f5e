package store

import (
	"context"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// ExpireMessages removes the records of messages to people whose newest version lies before a time, with their older versions, except those
// to persons of keep. It tells how many messages that are, and how many keep kept. With dry set nothing is removed. Other documents are
// evidence and stay.
func (s *Store) ExpireMessages(ctx context.Context, before time.Time, keep []string, dry bool) (due, held uint64, err error) {
	if keep == nil {
		keep = []string{}
	}
	args := []any{wire.P("kind", string(access.DocNotice)), wire.P("before", before.UnixMilli()), wire.P("keep", keep)}
	const old = "SELECT id, argMax(person, version) AS who FROM documents WHERE kind = {kind:String} GROUP BY id HAVING toUnixTimestamp64Milli(max(at)) < {before:Int64}"
	_, err = s.db.One(ctx, wire.Query{Op: "count old messages", SQL: "SELECT countIf(NOT has({keep:Array(String)}, who)), countIf(has({keep:Array(String)}, who)) FROM (" + old + ")", Args: args}, &due, &held)
	if err != nil || dry || due == 0 {
		return due, held, err
	}
	return due, held, s.db.Exec(ctx, "remove old messages", "DELETE FROM documents WHERE kind = {kind:String} AND id IN (SELECT id FROM ("+old+") WHERE NOT has({keep:Array(String)}, who))", args...)
}
