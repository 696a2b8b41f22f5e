// Package leaving gathers from the store what is known of everyone who may have left in a period: what HR showed from snapshot to snapshot, which accounts runs linked
// with them, how the systems showed those, and what was planned and done about them. It changes nothing.
//
// All is told as of one completed run: what was read, released or decided after it is left out, so that a report of the run says the same on every day. Times are UTC.
package leaving

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/remediate"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/terminations"
)

// Gather gathers the facts as of a run, of which ev is the evidence; an empty system is all. policies is how many files of policies the run had.
func Gather(ctx context.Context, st *store.Store, run access.Run, ev evidence.Evidence, policies int, period frame.Period, system string) (terminations.Facts, error) {
	g := &gathering{ctx: ctx, store: st, run: run, f: terminations.Facts{Period: period, System: system, Run: run.ID, AsOf: run.AsOf, Accounts: map[string][]terminations.Account{}, Policies: policies}}
	if err := g.sources(ev); err != nil {
		return g.f, err
	}
	for _, step := range []func() error{g.persons, g.accounts, g.actions} {
		if err := step(); err != nil {
			return g.f, fmt.Errorf("gather who left from %s: %w", period, err)
		}
	}
	return g.f, nil
}

// gathering is one under way.
type gathering struct {
	ctx   context.Context
	store *store.Store
	run   access.Run
	f     terminations.Facts
	links map[[2]string][]store.LinkPast // by system and account
	runs  []string                       // the oldest first
}

// sources reads how every source was read until the run.
func (g *gathering) sources(ev evidence.Evidence) error {
	for _, s := range ev.Sources {
		if g.f.System != "" && !s.System.IsHR && s.System.Name != g.f.System {
			continue
		}
		class := access.ClassAccount
		if s.System.IsHR {
			class = access.ClassPerson
		}
		h, err := g.history(s.System.Name, class)
		if err != nil {
			return fmt.Errorf("read the snapshots of %s: %w", s.System.Name, err)
		}
		if s.System.IsHR {
			g.f.HR = h
			continue
		}
		g.f.Systems = append(g.f.Systems, terminations.System{Name: s.System.Name, Title: frame.SourceName(s), Owner: s.System.Owner, SLA: s.System.SLA, History: h})
	}
	if g.f.System != "" && len(g.f.Systems) == 0 {
		return &access.Error{System: g.f.System, Op: "report terminations", Kind: access.NotFound, Hint: "name a system as muster.yaml does", Err: fmt.Errorf("run %s knows no system of this name", g.run.ID)}
	}
	slices.SortFunc(g.f.Systems, func(a, b terminations.System) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return nil
}

func (g *gathering) history(system string, class access.Class) (terminations.History, error) {
	var h terminations.History
	all, err := g.store.SnapshotsUntil(g.ctx, g.run.ID, system)
	if err != nil {
		return h, err
	}
	var ids []string
	for _, s := range all {
		if s.Usable() {
			ids = append(ids, s.ID)
		}
	}
	kept := map[string]bool{}
	if len(ids) > 0 {
		if kept, err = g.store.Kept(g.ctx, class, ids); err != nil {
			return h, err
		}
	}
	for _, s := range all {
		x := terminations.Snapshot{ID: s.ID, Run: s.RunID, At: s.TakenAt, State: s.State, Reason: s.Reason, Whole: s.Whole()}
		switch {
		case s.TakenAt.After(g.run.AsOf): // read by a run whose clock was ahead
		case !s.Usable():
			h.Missed = append(h.Missed, x)
		case kept[s.ID]:
			h.Usable = append(h.Usable, x)
		default:
			h.Lost = append(h.Lost, x)
		}
	}
	return h, nil
}

func ids(h terminations.History) []string {
	out := make([]string, len(h.Usable))
	for i, s := range h.Usable {
		out[i] = s.ID
	}
	return out
}

// persons reads what HR showed of everyone who may have left.
func (g *gathering) persons() error {
	return g.store.Leaving(g.ctx, ids(g.f.HR), g.run.AsOf.AddDate(0, 0, 1), func(p store.PersonPast) error {
		x := terminations.Person{ID: p.ID, Name: p.Name, Department: p.Department, Seen: p.Seen}
		for _, c := range p.Changes {
			x.Changes = append(x.Changes, terminations.PersonChange{At: c.At, Status: c.Status, Type: c.Type, Start: c.Start, End: c.End})
		}
		g.f.Persons = append(g.f.Persons, x)
		return nil
	})
}

// accounts reads which accounts runs linked with them, and how the systems showed those.
func (g *gathering) accounts() error {
	var persons []string
	for _, p := range g.f.Persons {
		if g.f.Concerns(p) {
			persons = append(persons, p.ID)
		}
	}
	if err := g.past(); err != nil {
		return err
	}
	g.links = map[[2]string][]store.LinkPast{}
	of := map[string][]string{}
	err := g.store.LinksPast(g.ctx, g.runs, persons, func(l store.LinkPast) error {
		key := [2]string{l.System, l.Account}
		if len(g.links[key]) == 0 {
			of[l.System] = append(of[l.System], l.Account)
		}
		g.links[key] = append(g.links[key], l)
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range g.f.Systems {
		err := g.store.AccountsPast(g.ctx, ids(s.History), of[s.Name], func(a store.AccountPast) error {
			x := terminations.Account{System: s.Name, ID: a.ID, Name: a.Name, Seen: a.Seen}
			for _, c := range a.Changes {
				x.Changes = append(x.Changes, terminations.AccountChange{At: c.At, Enabled: c.Enabled, LastLogin: c.LastLogin, Never: c.Never})
			}
			for _, l := range g.links[[2]string{s.Name, a.ID}] {
				x.Key, x.First, x.Last = l.Key, g.runs[l.First], g.runs[l.Last]
				g.f.Accounts[l.Person] = append(g.f.Accounts[l.Person], x)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// past lists the completed runs up to this one.
func (g *gathering) past() error {
	all, err := g.store.Runs(g.ctx, 0)
	if err != nil {
		return err
	}
	for _, r := range slices.Backward(all) {
		if r.State == access.RunCompleted && r.LastEntry <= g.run.LastEntry {
			g.runs = append(g.runs, r.ID)
		}
	}
	return nil
}

// actions reads what was planned and done about the accounts, until the run ended.
func (g *gathering) actions() error {
	newest, err := remediate.Load[remediate.Record](g.ctx, g.store, access.DocumentQuery{Kind: access.DocAction})
	if err != nil {
		return err
	}
	until := g.run.FinishedAt
	if until.IsZero() {
		until = g.run.AsOf
	}
	for _, r := range newest {
		if _, ours := g.links[[2]string{r.System, r.Account.ID}]; !ours || !terminations.Takes(r.Kind) {
			continue
		}
		a := terminations.Action{ID: r.ID, Kind: r.Kind, System: r.System, Account: r.Account.ID}
		err := g.store.DocumentHistory(g.ctx, access.DocAction, r.ID, func(d access.Document) error {
			var then remediate.Record
			if err := json.Unmarshal(d.Body, &then); err != nil {
				return &access.Error{Op: "read action " + r.ID, Kind: access.Internal, Err: err}
			}
			if !then.ChangedAt.After(until) {
				a.States = append(a.States, terminations.ActionState{At: then.ChangedAt.UTC(), State: string(then.State), Why: then.Why})
				a.Done = done(then)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if len(a.States) > 0 {
			g.f.Actions = append(g.f.Actions, a)
		}
	}
	return nil
}

// done is when the system confirmed an action.
func done(r remediate.Record) time.Time {
	if r.Receipt == nil || r.Receipt.Outcome == access.OutcomeOrdered || r.State == remediate.Contradicted || r.State == remediate.Undone || r.Kind == access.SetExpiry && r.ExpiresAt.After(r.Receipt.At) {
		return time.Time{}
	}
	return r.Receipt.At.UTC()
}
