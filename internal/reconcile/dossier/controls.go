package dossier

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/dossier/history"
	"muster/internal/reconcile/review"
	"muster/internal/sheet"
	"muster/internal/store"
	"muster/remediate"
	"muster/reports"
	"muster/reports/controls"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/rules"
)

// Controlled is what the report says of the controls in a period.
type Controlled struct{ Model controls.Model }

// LastRunIn is the last completed run of a period, which a report on the period rests on.
func LastRunIn(ctx context.Context, st *store.Store, period frame.Period) (access.Run, error) {
	list, err := completedIn(ctx, st, period, access.Run{})
	if err != nil {
		return access.Run{}, err
	}
	if len(list) == 0 {
		return access.Run{}, &access.Error{Op: "find a completed run from " + period.String(), Kind: access.NotFound, Hint: "see: muster runs", Err: errors.New("there is none")}
	}
	return list[len(list)-1], nil
}

// completedIn lists the completed runs of a period, the oldest first; of several of one moment the last. None is later than until, unless that is empty.
func completedIn(ctx context.Context, st *store.Store, period frame.Period, until access.Run) ([]access.Run, error) {
	all, err := st.Runs(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	return inOrder(all, period, until), nil
}

// inOrder is completedIn of all runs, the newest first. A run whose clock went back takes the place of all that were ahead of it.
func inOrder(all []access.Run, period frame.Period, until access.Run) []access.Run {
	var out []access.Run
	for _, r := range slices.Backward(all) {
		if r.State != access.RunCompleted || !period.Has(r.AsOf) || until.ID != "" && (r.LastEntry > until.LastEntry || r.AsOf.After(until.AsOf)) {
			continue
		}
		for n := len(out); n > 0 && !out[n-1].AsOf.Before(r.AsOf); n = len(out) {
			out = out[:n-1]
		}
		out = append(out, r)
	}
	return out
}

// Controls gathers what the runs of a period say of the controls, up to the run of the ground, which must be one of them; of one control, in any
// spelling, or of all when it is empty.
func Controls(ctx context.Context, g Ground, period frame.Period, only string) (Controlled, error) {
	list, err := completedIn(ctx, g.Store, period, g.Run)
	if err != nil {
		return Controlled{}, err
	}
	if len(list) == 0 || list[len(list)-1].ID != g.Run.ID {
		return Controlled{}, &access.Error{Op: "report on controls from " + period.String(), Kind: access.Invalid, Hint: "leave out --run, or give the last run of the period", Err: fmt.Errorf("run %s is not that", g.Run.ID)}
	}
	f := controls.Facts{Period: period, Only: only, Reviews: map[string]bool{}, Accepted: map[string]controls.Accepted{}}
	for _, c := range rules.Controls() {
		f.Catalogue = append(f.Catalogue, evidence.Control{ID: c.ID, Says: c.Says})
		f.Reviews[c.ID] = c.Review
	}
	ids := make([]string, len(list))
	for i, r := range list {
		ids[i] = r.ID
		facts, err := runFacts(r)
		if err != nil {
			return Controlled{}, err
		}
		f.Runs = append(f.Runs, facts)
	}
	open, err := g.Store.OpenAfter(ctx, ids)
	if err != nil {
		return Controlled{}, fmt.Errorf("count the findings of the period: %w", err)
	}
	for _, r := range list {
		f.Nights = append(f.Nights, controls.Night{At: r.AsOf, Open: open[r.ID]})
	}
	if f.Findings, err = history.Gather(ctx, g.Store, list); err != nil {
		return Controlled{}, fmt.Errorf("read the findings of the period: %w", err)
	}
	if f.Campaigns, err = closedIn(ctx, g, period); err != nil {
		return Controlled{}, fmt.Errorf("read the reviews of the period: %w", err)
	}
	if err := accepted(ctx, g, f.Accepted); err != nil {
		return Controlled{}, err
	}
	m := controls.Sum(f)
	if len(m.Controls) == 0 {
		var known []string
		for _, c := range f.Catalogue {
			known = append(known, c.ID)
		}
		return Controlled{}, &access.Error{Op: "find control " + only, Kind: access.NotFound, Hint: "the map has: " + strings.Join(known, ", "), Err: errors.New("neither the map nor a rule names it")}
	}
	return Controlled{Model: m}, nil
}

// untold stands among the sources that were not read whole for a run that told nothing of itself.
const untold = "unknown: the run left no evidence of what it read and asked, and counts for no control"

// runFacts is what a run told of itself for its pack. One that told nothing tested nothing.
func runFacts(r access.Run) (controls.RunFacts, error) {
	var said struct {
		Rules   []evidence.Rule   `json:"rules"`
		Sources []evidence.Source `json:"sources"`
	}
	if r.Evidence == "" {
		return controls.RunFacts{Run: controls.Run{ID: r.ID, AsOf: r.AsOf, Incomplete: []string{untold}, RulesSHA256: r.RulesDigest, ConfigSHA256: r.ConfigDigest}}, nil
	}
	if err := json.Unmarshal([]byte(r.Evidence), &said); err != nil {
		return controls.RunFacts{}, fmt.Errorf("decode what run %s told: %w", r.ID, err)
	}
	out := controls.RunFacts{Rules: said.Rules, Sources: said.Sources, Run: controls.Run{ID: r.ID, AsOf: r.AsOf, Incomplete: []string{}, RulesSHA256: r.RulesDigest, ConfigSHA256: r.ConfigDigest}}
	for _, s := range said.Sources {
		if !s.System.Tonight.Whole() {
			out.Run.Incomplete = append(out.Run.Incomplete, s.System.Name)
		}
	}
	return out, nil
}

// closedIn gathers the campaigns that were closed in a period, the oldest first.
func closedIn(ctx context.Context, g Ground, period frame.Period) ([]controls.Campaign, error) {
	list, err := (&review.Board{Records: g.Store}).Campaigns(ctx, access.CampaignClosed)
	if err != nil {
		return nil, err
	}
	var out []controls.Campaign
	for _, c := range slices.Backward(list) {
		if !period.Has(c.ClosedAt) {
			continue
		}
		r, err := Review(ctx, g.Store, g.Trail, c.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, r.evidence())
	}
	return out, nil
}

// evidence sums up a closed campaign.
func (r Reviewed) evidence() controls.Campaign {
	c, m := r.Campaign, r.Model
	out := controls.Campaign{ID: c.ID, Name: c.Name, Scope: c.Scope, ClosedAt: c.ClosedAt, Items: m.Totals.Items, Silent: m.Totals.Silent, Revoked: m.Totals.Revoke, Standing: m.Totals.Standing, Systems: []string{}}
	for _, s := range c.Sources {
		if s.Items > 0 {
			out.Systems = append(out.Systems, s.System)
		}
	}
	switch {
	case !m.Population.Whole:
		out.Wrong = "its items are not those that were frozen"
	case !m.Population.Kept:
		out.Wrong = "its items are not as they were when it was closed"
	case !m.Ledger.Agrees:
		out.Wrong = "the ledger and what is stored differ"
	case m.Assignment.OwnDecided > 0:
		out.Wrong = "people decided on their own access"
	}
	return out
}

// accepted gathers why risks were accepted: in the files of the run, and by request.
func accepted(ctx context.Context, g Ground, into map[string]controls.Accepted) error {
	asked, err := remediate.Load[access.RiskException](ctx, g.Store, access.DocumentQuery{Kind: access.DocException})
	if err != nil {
		return err
	}
	for _, x := range asked {
		into[x.ID] = controls.Accepted{Reason: x.Reason, Instead: x.CompensatingControl, Owner: cmp.Or(x.OwnerName, x.Owner), Approver: strings.Join(x.ApprovedBy, ", "), Expires: x.Expires}
	}
	for _, x := range g.Evidence.Exceptions {
		into[x.ID] = controls.Accepted{Reason: x.Reason, Instead: x.Control, Owner: x.Owner, Approver: x.Approver, Expires: x.Expires}
	}
	in, err := reread(g.Evidence.Inputs)
	if err != nil || in.Matrix == nil {
		return err
	}
	for _, x := range in.Matrix.Mitigations() {
		into[x.ID] = controls.Accepted{Reason: x.Reason, Instead: x.Control, Owner: x.Owner, Approver: x.Approver, Expires: x.Expires}
	}
	return nil
}

// Job is the pack. Its base is the evidence of the last run of the period.
func (c Controlled) Job() reports.Job {
	m := c.Model
	subject := m.Period.From.Format(time.DateOnly) + ".." + m.Period.To.Format(time.DateOnly)
	name := m.Period.From.Format(time.DateOnly) + "-to-" + m.Period.To.Format(time.DateOnly) + "-controls"
	if m.Only != "" {
		subject += " " + m.Controls[0].ID
		name += "-" + strings.Trim(fileName(m.Controls[0].ID), "_")
	}
	return reports.Job{Kind: "controls", Subject: subject, Name: name, Detail: m,
		Annexes: []reports.Annex{
			{Name: controls.ControlsAnnex, Fill: func(t *sheet.Table) error { return controls.ControlsTable(t, m) }},
			{Name: controls.DeviationsAnnex, Fill: func(t *sheet.Table) error { return controls.DeviationsTable(t, m) }},
		},
		Document: func(in frame.Input) document.Document { return controls.Document(in, m) }}
}
