package dossier

import (
	"slices"
	"strconv"

	"muster/internal/access"
	"muster/internal/reconcile/dossier/past"
	"muster/reports/person"
)

func uintText(n uint64) string { return strconv.FormatUint(n, 10) }

// history reads how the person and their accounts were in every complete snapshot that tells of them.
func (w *personal) history() error {
	all, err := w.Store.PersonHistory(w.ctx, w.Run.ID, w.World.HR.System, w.id)
	if err != nil {
		return err
	}
	w.past = past.Persons(all)
	var known []person.Known
	for _, p := range w.past {
		known = append(known, person.Known{At: p.Snapshot.TakenAt, Snapshot: p.Snapshot.ID, There: p.Known, Person: p.Person})
	}
	w.m.Changes = person.Changes(known, w.Run.AsOf)
	if n := len(all); n > 0 {
		w.m.History = person.History{Snapshots: n, First: all[0].Snapshot.TakenAt, Last: all[n-1].Snapshot.TakenAt}
	}
	runs, err := w.policies()
	if err != nil {
		return err
	}
	bySystem := map[string][]string{}
	for _, a := range w.m.Accounts {
		bySystem[a.System] = append(bySystem[a.System], a.ID)
	}
	for system, ids := range bySystem {
		all, err := w.Store.AccountHistory(w.ctx, w.Run.ID, system, ids)
		if err != nil {
			return err
		}
		for i := range w.m.Accounts {
			a := &w.m.Accounts[i]
			if a.System != system {
				continue
			}
			then := past.Account(all, a.ID)
			read := map[string]string{} // the run that read each snapshot
			for _, one := range all {
				read[one.Snapshot.ID] = one.Snapshot.RunID
			}
			a.FirstSeen, a.AtFirst, _ = person.Present(then)
			w.stretches(a, then, read, runs)
		}
	}
	for i := range w.m.Held {
		w.once(&w.m.Held[i])
	}
	return nil
}

// stretches notes since when an account holds what it holds, and what it held before.
func (w *personal) stretches(a *person.Account, then []person.Then, read map[string]string, runs map[string]person.Policy) {
	for _, s := range person.Stretches(then) {
		if !s.Until.IsZero() {
			w.m.Past = append(w.m.Past, person.Past{System: a.System, Account: a.Name, AccountID: a.ID, Entitlement: s.Entitlement.Name, From: s.From, AtFirst: s.AtFirst, Until: s.Until, Snapshot: s.Snapshot})
			continue
		}
		for i := range w.m.Held {
			if g := &w.m.Held[i]; g.System == a.System && g.AccountID == a.ID && g.Entitlement == s.Entitlement.Name {
				g.Since, g.AtFirst, g.Then = s.From, s.AtFirst, runs[read[s.First]]
			}
		}
	}
}

// policies are the rules and the configuration of every completed run, by its id.
func (w *personal) policies() (map[string]person.Policy, error) {
	all, err := w.Store.Runs(w.ctx, 0)
	out := map[string]person.Policy{}
	for _, r := range all {
		if r.State == access.RunCompleted {
			out[r.ID] = person.Policy{Run: r.ID, RulesSHA256: r.RulesDigest, ConfigSHA256: r.ConfigDigest, SameRules: r.RulesDigest == w.Run.RulesDigest, SameConfig: r.ConfigDigest == w.Run.ConfigDigest}
		}
	}
	return out, err
}

// once says of an entitlement without basis which bundles name it, and until when each gave it by the HR snapshots that are kept.
func (w *personal) once(g *person.Grant) {
	if len(g.Basis) > 0 {
		return
	}
	for i, b := range w.in.Given.All() {
		if !slices.Contains(b.Entitlements, access.EntitlementRef{System: g.System, Name: g.Entitlement}) {
			continue
		}
		o := person.Once{Name: b.Name, Title: b.Title, When: b.When, Values: values(b.When, w.f.Person)}
		for n, p := range w.past {
			matched, _ := w.in.Given.Match(p.Person) // a condition that fails does not hold
			if p.Known && slices.Contains(matched, i) && p.Person.Entitled(p.Snapshot.TakenAt, b.LeadDays) {
				if o.Still = n+1 == len(w.past); !o.Still {
					o.Until = w.past[n+1].Snapshot.TakenAt
				}
			}
		}
		g.Once = append(g.Once, o)
	}
}
