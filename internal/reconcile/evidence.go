package reconcile

import (
	"context"
	"encoding/json"
	"fmt"

	"muster/internal/access"
	"muster/internal/reconcile/inputs"
	"muster/internal/reconcile/prove"
	"muster/internal/store"
	"muster/reports/evidence"
)

// told is what a run tells its pack besides findings and population. It is kept with the run as JSON, because the configuration
// may be another when the pack is rendered again.
type told struct {
	RanBy       string                `json:"ran_by"`
	Suppressed  int                   `json:"suppressed"`
	Class       string                `json:"classification"`
	Sources     []evidence.Source     `json:"sources"`
	Rules       []evidence.Rule       `json:"rules"`
	Controls    []evidence.Control    `json:"controls"`
	Bundles     []evidence.Bundle     `json:"bundles"`
	Exceptions  []evidence.Exception  `json:"exceptions"`
	Mitigations []evidence.Mitigation `json:"mitigations"`
	Inputs      []evidence.Input      `json:"inputs"`
	Previous    string                `json:"previous"`
	Before      string                `json:"before"`
}

// tally counts what the rules were asked about, by system and class.
type tally map[string]map[access.Class]int64

func (t tally) add(system string, class access.Class, n int) {
	if t[system] == nil {
		t[system] = map[access.Class]int64{}
	}
	t[system][class] += int64(n)
}

func (t tally) counts(system string) []evidence.Count {
	var out []evidence.Count
	for _, class := range []access.Class{access.ClassPerson, access.ClassAccount, access.ClassEntitlement, access.ClassGrant} {
		if n, ok := t[system][class]; ok {
			out = append(out, evidence.Count{Class: class, N: n})
		}
	}
	return out
}

// tell gathers what the pack of this run will say.
func (j *judge) tell(ctx context.Context, res Result) (string, error) {
	p := j.runner.Plan
	in, err := inputs.Of(p, res.Run.AsOf, j.taker.Stand)
	if err != nil {
		return "", err
	}
	t := told{RanBy: j.runner.RanBy, Inputs: in, Previous: j.held.String(), Before: j.stood.String(), Suppressed: res.Suppressed, Class: p.Settings.Report.Classification}
	for i, s := range j.systems {
		src := evidence.Source{System: s, Previous: j.previous[i], Tested: j.tested.counts(s.Name)}
		if s.Used.ID != "" {
			stored, err := j.runner.Store.StoredCounts(ctx, s.Used.ID)
			if err != nil {
				return "", fmt.Errorf("count what is stored of %s: %w", s.Name, err)
			}
			src.InScope = tally{s.Name: stored}.counts(s.Name)
		}
		t.Sources = append(t.Sources, src)
	}
	t.Rules, t.Bundles = inputs.Rules(p.Rules, res.RuleStats), inputs.Bundles(p.Bundles)
	t.Controls, t.Exceptions, t.Mitigations = inputs.Controls(t.Rules), inputs.Exceptions(p.Exceptions), inputs.Mitigations(p.Matrix, j.names)
	text, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode what the run tells: %w", err)
	}
	return string(text), nil
}

// Evidence is the model of a completed run's pack, from the store and the ledger alone.
func (r *Runner) Evidence(ctx context.Context, run access.Run) (evidence.Evidence, error) {
	ev, err := said(run)
	if err != nil {
		return ev, err
	}
	if ev.Trust, err = r.Trust(ctx); err != nil {
		return ev, err
	}
	if ev.Ledger, err = prove.Run(ctx, r.LedgerDir, run); err != nil {
		return ev, fmt.Errorf("prove the entries of run %s: %w", run.ID, err)
	}
	return ev, nil
}

// said is what a run says of itself.
func said(run access.Run) (evidence.Evidence, error) {
	var t told
	if err := json.Unmarshal([]byte(run.Evidence), &t); err != nil {
		return evidence.Evidence{}, fmt.Errorf("decode what run %s told: %w", run.ID, err)
	}
	return evidence.Evidence{Organisation: run.Organisation, Classification: t.Class, Run: run, RanBy: t.RanBy, Sources: t.Sources, Rules: t.Rules, Controls: t.Controls,
		Bundles: t.Bundles, Exceptions: t.Exceptions, Mitigations: t.Mitigations, Inputs: t.Inputs, Previous: t.Previous, Before: t.Before, GeneratedBy: "muster " + run.Version, Suppressed: t.Suppressed}, nil
}

// runData streams a run's findings and population from the store.
type runData struct {
	store *store.Store
	run   access.Run
	world store.World
}

// Findings yields what the run wrote.
func (d runData) Findings(ctx context.Context, yield func(access.Finding) error) error {
	return d.store.FindingsOfRun(ctx, d.run.ID, yield)
}

// Before yields what stood when the run began.
func (d runData) Before(ctx context.Context, yield func(access.Finding) error) error {
	return d.store.FindingsBefore(ctx, d.run.ID, yield)
}

// Population yields a table of what the run reasoned from.
func (d runData) Population(ctx context.Context, table string, head func([]string) error, row func([]string) error) error {
	return d.store.Population(ctx, d.world, table, head, row)
}
