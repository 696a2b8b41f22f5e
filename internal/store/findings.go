package store

import (
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store/wire"
)

// findingRows is how many findings one insert holds.
const findingRows = 5000

// FindingFilter narrows a list of findings. The zero value takes all.
type FindingFilter struct {
	States      []access.FindingState
	Rule        string
	System      string // also one of several joined by "+"
	Person      string // worker id of the person concerned
	IDPrefix    string // of the finding's ID or fingerprint, in either case
	RunID       string // last written by this run
	MinSeverity access.Severity
}

// SaveFindings appends what a run found. It counts only once the run is saved as completed. Saving the same findings in the same order again stores
// nothing twice.
func (s *Store) SaveFindings(ctx context.Context, runID string, fs iter.Seq[access.Finding]) error {
	seq := uint64(0)
	chunk := make([]access.Finding, 0, findingRows)
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		seq++
		err := s.db.Insert(ctx, "insert finding_events", findingBlock(runID, seq, chunk))
		chunk = chunk[:0]
		return err
	}
	for f := range fs {
		chunk = append(chunk, f)
		if len(chunk) == findingRows {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// textOf are the text columns of a finding in the order of textColumns.
func textOf(f access.Finding) []string {
	return []string{f.Fingerprint, f.ID, f.Rule, string(f.Scope), string(f.Severity), string(f.State), string(f.Change), f.System, f.Subject, f.SubjectID, f.Detail,
		f.Person, f.PersonName, f.Message, f.Hint, f.Exception}
}

func textColumns() []string {
	return []string{"fingerprint", "id", "rule", "scope", "severity", "state", "change", "system", "subject", "subject_id", "detail", "person", "person_name", "message", "hint", "exception"}
}

// findingBlock makes an insert of one chunk. Its token covers the content too, so that a different list of the same run is not taken for the same.
func findingBlock(runID string, seq uint64, fs []access.Finding) wire.Block {
	n := len(fs)
	text := make([]wire.Slice[string], len(textColumns()))
	var rank wire.Slice[int8]
	var controls, expr, value, source wire.Each[[]string]
	var firstSeen, lastSeen wire.Each[time.Time]
	var resolved wire.Each[*time.Time]
	token := []string{"findings", runID, wire.Number(seq)}
	for _, f := range fs {
		for i, v := range textOf(f) {
			text[i] = append(text[i], v)
		}
		rank = append(rank, int8(f.Severity.Rank()))
		e, v, src := []string{}, []string{}, []string{}
		for _, x := range f.Evidence {
			e, v, src = append(e, x.Expr), append(v, x.Value), append(src, x.Source)
		}
		controls, expr, value, source = append(controls, append([]string{}, f.Controls...)), append(expr, e), append(value, v), append(source, src)
		firstSeen, lastSeen, resolved = append(firstSeen, wire.Trunc(f.FirstSeen)), append(lastSeen, wire.Trunc(f.LastSeen)), append(resolved, wire.Opt(f.ResolvedAt))
		token = append(token, f.Fingerprint, string(f.State), string(f.Change), f.Message)
	}
	cols := []wire.Col{
		{Name: "run_id", Data: wire.Same(runID, n)}, {Name: "severity_rank", Data: rank}, {Name: "controls", Data: controls},
		{Name: "evidence_expr", Data: expr}, {Name: "evidence_value", Data: value}, {Name: "evidence_source", Data: source},
		{Name: "first_seen", Data: firstSeen}, {Name: "last_seen", Data: lastSeen}, {Name: "resolved_at", Data: resolved},
	}
	for i, name := range textColumns() {
		cols = append(cols, wire.Col{Name: name, Data: text[i]})
	}
	return wire.Block{Table: "finding_events", Token: wire.Token(token...), Cols: cols}
}

// Findings yields the current state of the findings that match: what the last completed run that wrote each said of it. The order is severity (the worst
// first), rule, system, subject, detail.
func (s *Store) Findings(ctx context.Context, f FindingFilter, yield func(access.Finding) error) error {
	where, args := f.sql()
	return s.eachFinding(ctx, "findings_current", where, findingOrder, args, yield)
}

// findingOrder is the one order of findings that people see.
const findingOrder = "severity_rank DESC, rule, system, subject, detail, fingerprint"

// sql writes the filter as a condition.
func (f FindingFilter) sql() (string, []any) {
	where, args := []string{"1"}, []any{}
	add := func(cond, name string, value any) {
		where, args = append(where, cond), append(args, wire.P(name, value))
	}
	if len(f.States) > 0 {
		var states []string
		for _, x := range f.States {
			states = append(states, string(x))
		}
		add("state IN {states:Array(String)}", "states", states)
	}
	if f.Rule != "" {
		add("rule = {rule:String}", "rule", f.Rule)
	}
	if f.System != "" {
		add("(system = {system:String} OR has(splitByChar('+', toString(system)), {system:String}))", "system", f.System)
	}
	if f.Person != "" {
		add("person = {person:String}", "person", f.Person)
	}
	if f.IDPrefix != "" {
		add("(startsWith(upper(id), upper({prefix:String})) OR startsWith(fingerprint, lower({prefix:String})))", "prefix", f.IDPrefix)
	}
	if f.RunID != "" {
		add("run_id = {run:String}", "run", f.RunID)
	}
	if f.MinSeverity != "" {
		where = append(where, "severity_rank >= "+strconv.Itoa(f.MinSeverity.Rank()))
	}
	return strings.Join(where, " AND "), args
}

// FindingHistory are all that completed runs have said of a finding, the oldest first.
func (s *Store) FindingHistory(ctx context.Context, fingerprint string) ([]access.Finding, error) {
	var out []access.Finding
	from := "(SELECT e.*, r.sequence AS sequence FROM finding_events AS e INNER JOIN completed_runs AS r ON e.run_id = r.id WHERE e.fingerprint = {fingerprint:String} LIMIT 1 BY e.run_id)"
	err := s.eachFinding(ctx, from, "1", "sequence", []any{wire.P("fingerprint", fingerprint)}, func(f access.Finding) error {
		out = append(out, f)
		return nil
	})
	return out, err
}

// FindingsOfRun yields what a completed run wrote, in the order of Findings; nothing for a run that is not completed.
func (s *Store) FindingsOfRun(ctx context.Context, runID string, yield func(access.Finding) error) error {
	from := "(SELECT * FROM finding_events WHERE run_id = {run:String} AND run_id IN (SELECT id FROM completed_runs) LIMIT 1 BY fingerprint)"
	return s.eachFinding(ctx, from, "1", findingOrder, []any{wire.P("run", runID)}, yield)
}

// OpenNight is how many findings were open after a run, by severity.
type OpenNight struct {
	AsOf time.Time
	Open map[access.Severity]int
}

// OpenSince counts the findings that were open after each completed run up to and including one, as far back as span; the oldest first. Of several
// runs of one moment it is the last.
func (s *Store) OpenSince(ctx context.Context, run access.Run, span time.Duration) ([]OpenNight, error) {
	all, err := s.Runs(ctx, 0)
	if err != nil {
		return nil, err
	}
	var ids []string
	var out []OpenNight
	for _, one := range slices.Backward(all) {
		if one.State != access.RunCompleted || one.AsOf.After(run.AsOf) || run.AsOf.Sub(one.AsOf) > span || one.LastEntry > run.LastEntry {
			continue
		}
		if n := len(out); n > 0 && !out[n-1].AsOf.Before(one.AsOf) {
			ids, out = ids[:n-1], out[:n-1]
		}
		ids, out = append(ids, one.ID), append(out, OpenNight{one.AsOf, map[access.Severity]int{}})
	}
	open, err := s.OpenAfter(ctx, ids)
	for i, id := range ids {
		if open[id] != nil {
			out[i].Open = open[id]
		}
	}
	return out, err
}

// OpenAfter counts the findings that were open after each of some runs, by severity. A run that left nothing open is not in it.
func (s *Store) OpenAfter(ctx context.Context, runs []string) (map[string]map[access.Severity]int, error) {
	out := map[string]map[access.Severity]int{}
	q := wire.Query{Op: "count open findings", Args: []any{wire.P("runs", append([]string{}, runs...))},
		SQL: `SELECT run_id, toString(severity), uniqExact(fingerprint) FROM finding_events
		WHERE run_id IN {runs:Array(String)} AND state NOT IN ('resolved', 'excepted') GROUP BY run_id, severity`}
	err := s.db.Each(ctx, q, func(scan func(...any) error) error {
		var run, severity string
		var n uint64
		if err := scan(&run, &severity, &n); err != nil {
			return err
		}
		if out[run] == nil {
			out[run] = map[access.Severity]int{}
		}
		out[run][access.Severity(severity)] = int(n)
		return nil
	})
	return out, err
}

// FindingsBefore yields the findings as they stood when a completed run judged them: those that were open, and those resolved ones that it
// wrote about again. The order is that of Findings.
func (s *Store) FindingsBefore(ctx context.Context, runID string, yield func(access.Finding) error) error {
	from := `(SELECT e.*, r.sequence AS sequence FROM finding_events AS e INNER JOIN completed_runs AS r ON e.run_id = r.id
		WHERE r.sequence < (SELECT sequence FROM completed_runs WHERE id = {run:String}) ORDER BY r.sequence DESC LIMIT 1 BY e.fingerprint)`
	where := "(state != 'resolved' OR fingerprint IN (SELECT fingerprint FROM finding_events WHERE run_id = {run:String}))"
	return s.eachFinding(ctx, from, where, findingOrder, []any{wire.P("run", runID)}, yield)
}

// eachFinding reads findings from a table or a subquery.
func (s *Store) eachFinding(ctx context.Context, from, where, order string, args []any, yield func(access.Finding) error) error {
	row := wire.Packed("run_id, "+strings.Join(textColumns(), ", "), "controls", "evidence_expr", "evidence_value", "evidence_source",
		"toUnixTimestamp64Milli(first_seen)", "toUnixTimestamp64Milli(last_seen)", "toUnixTimestamp64Milli(resolved_at)")
	q := wire.Query{Op: "read findings", Args: args, Settings: map[string]any{"max_bytes_before_external_sort": 512 << 20},
		SQL: "SELECT " + row + " FROM " + from + " WHERE " + where + " ORDER BY " + order}
	return s.db.Each(ctx, q, func(scan func(...any) error) error {
		var packed []byte
		if err := scan(&packed); err != nil {
			return err
		}
		f, err := decodeFinding(packed)
		if err != nil {
			return err
		}
		return yield(f)
	})
}

// decodeFinding reads a row of eachFinding.
func decodeFinding(packed []byte) (access.Finding, error) {
	r := wire.NewBinary(packed)
	f := access.Finding{RunID: r.Str(), Fingerprint: r.Str(), ID: r.Str(), Rule: r.Str(), Scope: access.Scope(r.Str()), Severity: access.Severity(r.Str()),
		State: access.FindingState(r.Str()), Change: access.Change(r.Str()), System: r.Str(), Subject: r.Str(), SubjectID: r.Str(), Detail: r.Str(),
		Person: r.Str(), PersonName: r.Str(), Message: r.Str(), Hint: r.Str(), Exception: r.Str(), Controls: r.Strs()}
	expr, value, source := r.Strs(), r.Strs(), r.Strs()
	firstSeen, lastSeen := r.I64(), r.I64()
	f.FirstSeen, f.LastSeen, f.ResolvedAt = wire.OfMilli(&firstSeen), wire.OfMilli(&lastSeen), wire.OfMilli(r.OptMilli())
	if err := r.Err("read findings"); err != nil {
		return f, err
	}
	if len(value) != len(expr) || len(source) != len(expr) {
		return f, wire.Failf(access.Internal, "read findings", "", "the evidence of finding %s is damaged", f.ID)
	}
	for i := range expr {
		f.Evidence = append(f.Evidence, access.Evidence{Expr: expr[i], Value: value[i], Source: source[i]})
	}
	return f, nil
}
