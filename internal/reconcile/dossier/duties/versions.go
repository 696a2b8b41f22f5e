package duties

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/ledger"
	"muster/reports/evidence"
	"muster/reports/sod"
	matrix "muster/rules/sod"
)

// was is what one run says of its ruleset.
type was struct {
	run    access.Run
	matrix string // content
	rule   string // digest of the rules that judge conflicts
	entry  uint64
	onFile bool
}

// versions follows the matrix and the rules from run to run up to this one. Each run keeps what it was configured with; the ledger has the digest of its rules.
func (w *gathering) versions() error {
	all, err := w.Store.Runs(w.ctx, 0)
	if err != nil {
		return err
	}
	entries, err := w.entries()
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, r := range w.f.Rules {
		ours[r.ID] = true
	}
	var last *was
	for _, run := range slices.Backward(all) {
		if run.State != access.RunCompleted || run.LastEntry > w.Run.LastEntry {
			continue
		}
		now, err := read(run, ours)
		if err != nil {
			return err
		}
		if e, ok := entries[run.ID]; ok {
			now.entry, now.onFile = e.index, e.sha256 == run.RulesDigest
		}
		if last != nil && last.matrix == now.matrix && last.rule == now.rule && last.run.RulesDigest == run.RulesDigest {
			v := &w.f.Versions[len(w.f.Versions)-1]
			v.Last, v.LastAt, v.Runs, v.OnFile = run.ID, run.AsOf, v.Runs+1, v.OnFile && now.onFile
			last = now
			continue
		}
		v := sod.Version{Run: run.ID, At: run.AsOf, Last: run.ID, LastAt: run.AsOf, Runs: 1, Rules: run.RulesDigest, Rule: now.rule, Entry: now.entry, OnFile: now.onFile, Changes: []string{}}
		if now.matrix != "" {
			v.Matrix = digest(now.matrix)
		}
		if last != nil {
			v.Changes = changes(last, now)
		}
		w.f.Versions = append(w.f.Versions, v)
		last = now
	}
	return nil
}

// entry is a run's rules on the ledger.
type entry struct {
	index  uint64
	sha256 string
}

func (w *gathering) entries() (map[string]entry, error) {
	out := map[string]entry{}
	err := w.Trail.Entries(w.ctx, 0, func(e ledger.Entry) error {
		if e.Type != ledger.Rules {
			return nil
		}
		var data struct {
			SHA256 string `json:"sha256"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return &access.Error{Op: "read the ledger", Kind: access.Internal, Err: err}
		}
		out[e.Run] = entry{e.Index, data.SHA256}
		return nil
	})
	return out, err
}

// read takes the ruleset out of what a run told.
func read(run access.Run, ours map[string]bool) (*was, error) {
	var told struct {
		Rules  []evidence.Rule  `json:"rules"`
		Inputs []evidence.Input `json:"inputs"`
	}
	if run.Evidence != "" {
		if err := json.Unmarshal([]byte(run.Evidence), &told); err != nil {
			return nil, fmt.Errorf("decode what run %s told: %w", run.ID, err)
		}
	}
	out := &was{run: run}
	for _, r := range told.Rules {
		if ours[r.ID] {
			out.rule += r.Digest
		}
	}
	if len(out.rule) > 64 { // several rules
		out.rule = digest(out.rule)
	}
	for _, in := range told.Inputs {
		if strings.HasPrefix(in.Name, "sod/") {
			out.matrix = in.Content
		}
	}
	return out, nil
}

// changes says in words what is other than before.
func changes(before, now *was) []string {
	out := []string{}
	switch {
	case before.matrix != now.matrix && before.matrix == "":
		out = append(out, "the matrix is new")
	case before.matrix != now.matrix && now.matrix == "":
		out = append(out, "the matrix was taken out")
	case before.matrix != now.matrix:
		a, b := parse(before), parse(now)
		out = append(out, compare("function", a.functions, b.functions)...)
		out = append(out, compare("conflict", a.conflicts, b.conflicts)...)
		out = append(out, compare("mitigation", a.mitigations, b.mitigations)...)
		if len(out) == 0 {
			out = append(out, "the file of the matrix was edited; functions, conflicts and mitigations are the same")
		}
	}
	if before.rule != now.rule {
		out = append(out, "the rule that judges conflicts changed")
	}
	if before.run.RulesDigest != now.run.RulesDigest && before.rule == now.rule {
		out = append(out, "other rules changed")
	}
	return out
}

// parsed is a matrix, each part as text by its name.
type parsed struct{ functions, conflicts, mitigations map[string]string }

func parse(w *was) parsed {
	out := parsed{map[string]string{}, map[string]string{}, map[string]string{}}
	doc, err := config.Parse("sod.yaml", []byte(w.matrix))
	if err != nil {
		return out // the run read it, so that this is another format of an older version
	}
	m, err := matrix.Load(doc, nil, w.run.AsOf)
	if err != nil {
		return out
	}
	for _, f := range m.All() {
		out.functions[f.Name] = fmt.Sprint(f)
	}
	for _, c := range m.Conflicts() {
		out.conflicts[c.ID] = fmt.Sprint(c)
	}
	for _, x := range m.Mitigations() {
		x.Expired = false // time alone is no change
		out.mitigations[x.ID] = fmt.Sprint(x)
	}
	return out
}

func compare(what string, before, now map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if old, ok := before[name]; !ok {
			out = append(out, what+" "+name+" added")
		} else if old != now[name] {
			out = append(out, what+" "+name+" changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if _, ok := now[name]; !ok {
			out = append(out, what+" "+name+" removed")
		}
	}
	return out
}
