package store

import (
	"context"
	"encoding/json"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// SaveRun stores a version of a run; the newest wins. Saving it as completed makes its findings visible.
func (s *Store) SaveRun(ctx context.Context, r access.Run) error {
	if r.ID == "" {
		return wire.Failf(access.Internal, "insert run", "", "a run needs an id")
	}
	var last uint64
	if _, err := s.db.One(ctx, wire.Query{Op: "read run version", SQL: "SELECT max(version) FROM runs"}, &last); err != nil {
		return err
	}
	counts, err := json.Marshal(r.Counts)
	if err != nil {
		return wire.Fail("encode rule counts", err)
	}
	cols := wire.Row(
		"id", r.ID, "version", last+1, "organisation", r.Organisation, "state", string(r.State), "as_of", wire.Trunc(r.AsOf),
		"started_at", wire.Opt(r.StartedAt), "finished_at", wire.Opt(r.FinishedAt), "muster_version", r.Version,
		"config_digest", r.ConfigDigest, "rules_digest", r.RulesDigest, "incomplete", r.Incomplete,
		"persons", r.Persons, "accounts", r.Accounts, "grants", r.Grants, "counts", string(counts), "checkpoint", r.Checkpoint,
		"first_entry", r.FirstEntry, "last_entry", r.LastEntry, "evidence", r.Evidence, "written_at", wire.Trunc(s.db.Now()),
	)
	return s.db.Insert(ctx, "insert run", wire.Block{Table: "runs", Token: wire.Token("run", r.ID, wire.Number(last+1), string(r.State), r.Checkpoint, string(counts)), Cols: cols})
}

// Run finds a run by its id.
func (s *Store) Run(ctx context.Context, id string) (access.Run, bool, error) {
	return first(s.runs(ctx, "id = {id:String}", "first_version", 1, wire.P("id", id)))
}

// LastRun finds the run that was started last, or the one that was completed last.
func (s *Store) LastRun(ctx context.Context, completedOnly bool) (access.Run, bool, error) {
	if completedOnly {
		return first(s.runs(ctx, "state = 'completed'", "completed_version", 1))
	}
	return first(s.runs(ctx, "1", "first_version", 1))
}

// Runs lists the runs, the one that was started last first; limit 0 is all.
func (s *Store) Runs(ctx context.Context, limit int) ([]access.Run, error) {
	return s.runs(ctx, "1", "first_version", max(limit, 0))
}

func first(all []access.Run, err error) (access.Run, bool, error) {
	if err != nil || len(all) == 0 {
		return access.Run{}, false, err
	}
	return all[0], true, nil
}

// runs reads the newest version of the runs that match, the highest of order first.
func (s *Store) runs(ctx context.Context, where, order string, limit int, args ...any) ([]access.Run, error) {
	sql := `SELECT id, organisation, toString(state), as_of, started_at, finished_at, toString(muster_version), config_digest, rules_digest, incomplete,
		persons, accounts, grants, counts, checkpoint, first_entry, last_entry, evidence
	FROM (SELECT *, min(version) OVER (PARTITION BY id) AS first_version, minIf(version, state = 'completed') OVER (PARTITION BY id) AS completed_version
		FROM runs ORDER BY version DESC, written_at DESC LIMIT 1 BY id)
	WHERE ` + where + " ORDER BY " + order + " DESC, id DESC"
	if limit > 0 {
		sql += " LIMIT " + wire.Number(uint64(limit))
	}
	var out []access.Run
	err := s.db.Again(ctx, wire.Query{Op: "read runs", SQL: sql, Args: args}, func() { out = nil }, func(scan func(...any) error) error {
		var r access.Run
		var state, counts string
		var started, finished *time.Time
		if err := scan(&r.ID, &r.Organisation, &state, &r.AsOf, &started, &finished, &r.Version, &r.ConfigDigest, &r.RulesDigest, &r.Incomplete,
			&r.Persons, &r.Accounts, &r.Grants, &counts, &r.Checkpoint, &r.FirstEntry, &r.LastEntry, &r.Evidence); err != nil {
			return err
		}
		r.State, r.AsOf, r.StartedAt, r.FinishedAt = access.RunState(state), r.AsOf.UTC(), wire.OfOpt(started), wire.OfOpt(finished)
		if err := json.Unmarshal([]byte(counts), &r.Counts); err != nil {
			return wire.Fail("decode rule counts", err)
		}
		out = append(out, r)
		return nil
	})
	return out, err
}
