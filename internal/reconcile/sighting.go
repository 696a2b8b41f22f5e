package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/remediate"
	"muster/remediate/planner"
	"muster/rules"
)

// Sighting is what one run saw, as far as a plan of remediation needs it.
type Sighting struct {
	Run      access.Run
	World    string // digest of what was reasoned from: snapshots and configuration
	Facts    store.World
	HR       access.SystemFacts
	Systems  []access.SystemFacts // without HR
	Cases    []planner.Case       // open findings with their subjects, the worst first
	Accounts map[string]int64     // by system
	Admins   map[string]int       // enabled accounts with administrative power, by system
	Holders  map[string]map[string]int
	Ended    map[string]access.Request // requests whose time is over, by planner.EndedKey
	Watched  map[string]Watched        // by WatchKey: accounts that earlier actions touched, as the run found them
}

// Watched is an account with its person.
type Watched struct {
	Account *access.AccountFacts
	Person  *access.Person
}

// WatchKey names an account to watch; an account without id is watched by its name.
func WatchKey(system string, a access.AccountRef) string {
	if a.ID == "" {
		return system + "\x00name\x00" + strings.ToLower(a.Name)
	}
	return system + "\x00id\x00" + a.ID
}

// weight counts what a system must not lose the last of.
type weight struct {
	accounts, admins int
	holders          map[string]int
}

// standing is what people decided that bears on a run.
type standing struct {
	personal map[string][]access.Expectation
	accepted []rules.Exception
	ended    map[string]access.Request
	watch    map[string]bool
}

// endedFor is how long after its end a request still explains why its access is taken away.
const endedFor = 400 * 24 * time.Hour

// stand reads the requests and exceptions in force at a moment, and the accounts that actions touched.
func (r *Runner) stand(ctx context.Context, at time.Time) (standing, error) {
	s := standing{personal: map[string][]access.Expectation{}, ended: map[string]access.Request{}, watch: map[string]bool{}}
	requests, err := remediate.Load[access.Request](ctx, r.Store, access.DocumentQuery{Kind: access.DocRequest, States: []string{string(access.RequestActive), string(access.RequestEnded)}})
	if err != nil {
		return s, err
	}
	for _, q := range requests {
		if q.State == access.RequestActive && at.Before(q.Until) {
			s.personal[q.Person] = append(s.personal[q.Person], access.Expectation{Ref: q.Ref, Basis: []access.Basis{{Kind: "request", Name: q.ID, Until: q.Until}}})
		} else if at.Before(q.Until.Add(endedFor)) {
			s.ended[planner.EndedKey(q.Person, q.Ref)] = q
		}
	}
	for person, list := range s.personal {
		slices.SortFunc(list, func(a, b access.Expectation) int { return strings.Compare(a.Basis[0].Name, b.Basis[0].Name) })
		for _, x := range list {
			delete(s.ended, planner.EndedKey(person, x.Ref)) // asked for again
		}
	}
	accepted, err := remediate.Load[access.RiskException](ctx, r.Store, access.DocumentQuery{Kind: access.DocException, States: []string{string(access.RequestActive)}})
	if err != nil {
		return s, err
	}
	for _, x := range accepted {
		if at.Before(x.Expires.AddDate(0, 0, 1)) {
			s.accepted = append(s.accepted, rules.Exception{ID: x.ID, Rule: x.Rule, System: x.System, Subject: x.SubjectID, Detail: x.Detail, Owner: x.Owner,
				Approver: strings.Join(x.ApprovedBy, ", "), Reason: x.Reason, CompensatingControl: x.CompensatingControl, Expires: x.Expires})
		}
	}
	done, err := remediate.Load[remediate.Record](ctx, r.Store, access.DocumentQuery{Kind: access.DocAction,
		States: []string{string(remediate.Done), string(remediate.Ordered), string(remediate.Verified)}})
	for _, rec := range done {
		s.watch[WatchKey(rec.System, watchedAccount(rec))] = true
	}
	return s, err
}

// watchedAccount is the account of a record; of one that created it, the id that the system gave.
func watchedAccount(rec remediate.Record) access.AccountRef {
	a := rec.Account
	if a.ID == "" && rec.Receipt != nil {
		a.ID = rec.Receipt.After.AccountID
	}
	return a
}

// note takes down of one person's facts what a plan needs besides the hits.
func (j *judge) note(f *access.PersonFacts) {
	for _, a := range f.Accounts {
		w := j.weights[a.System]
		if w == nil {
			w = &weight{holders: map[string]int{}}
			j.weights[a.System] = w
		}
		w.accounts++
		for _, key := range []string{WatchKey(a.System, access.AccountRef{ID: a.ID}), WatchKey(a.System, access.AccountRef{Name: a.Name})} {
			if j.stand.watch[key] {
				j.watched[key] = Watched{Account: a, Person: f.Person}
			}
		}
		for i := range a.Grants {
			g := &a.Grants[i]
			if a.Enabled && g.Effective && g.Entitlement.Privileged {
				w.holders[g.Entitlement.Name]++
			}
			if f.Person != nil && g.Actual && !g.Expected {
				j.noteEnded(f, a, g)
			}
		}
		if a.Enabled && a.PrivilegedEffective {
			w.admins++
		}
	}
}

// noteEnded makes a case of a grant that a request gave until its time was over. Where a bundle names the system, a rule says so too; the
// plan takes each action once.
func (j *judge) noteEnded(f *access.PersonFacts, a *access.AccountFacts, g *access.GrantFacts) {
	q, ok := j.stand.ended[planner.EndedKey(f.Person.ID, access.EntitlementRef{System: a.System, Name: g.Entitlement.Name})]
	if !ok {
		return
	}
	finding := access.Finding{Rule: "request-ended", Scope: access.ScopeGrant, Severity: access.Medium, System: a.System, Subject: a.Name, SubjectID: a.ID, Detail: g.Entitlement.Name,
		Person: f.Person.ID, PersonName: f.Person.Name(), FirstSeen: q.Until, Message: fmt.Sprintf("%s was given until %s", g.Entitlement.Name, stamp(q.Until))}
	j.ended = append(j.ended, planner.Case{Case: access.Case{Finding: finding, Person: f.Person, Account: a, Grant: g}})
}

// sighting gathers what a plan is made of, from the run's findings in their present state.
func (j *judge) sighting(run access.Run, findings []access.Finding) (Sighting, error) {
	s := Sighting{Run: run, Facts: j.world, Accounts: map[string]int64{}, Admins: map[string]int{}, Holders: map[string]map[string]int{}, Ended: j.stand.ended, Watched: j.watched}
	byName := map[string]*access.SystemFacts{}
	type used struct{ System, Snapshot, Digest string }
	world := []any{j.runner.Plan.Digest}
	for i := range j.systems {
		f := j.systems[i]
		world = append(world, used{f.Name, f.Used.ID, f.Used.Digest})
		if f.IsHR {
			s.HR = f
			continue
		}
		s.Systems = append(s.Systems, f)
		byName[f.Name] = &f
	}
	var err error
	if s.World, err = remediate.Digest(world); err != nil {
		return s, err
	}
	for name, w := range j.weights {
		s.Accounts[name], s.Admins[name], s.Holders[name] = int64(w.accounts), w.admins, w.holders
	}
	for _, f := range findings {
		if f.State == access.Resolved || f.State == access.Excepted {
			continue
		}
		s.Cases = append(s.Cases, caseOf(f, j.subjects[f.Fingerprint], byName[f.System]))
	}
	for _, c := range j.ended {
		c.System = byName[c.Finding.System]
		s.Cases = append(s.Cases, c)
	}
	return s, nil
}

// caseOf finds the subject of a finding in its person's facts.
func caseOf(f access.Finding, facts *access.PersonFacts, system *access.SystemFacts) planner.Case {
	c := planner.Case{Case: access.Case{Finding: f, System: system}}
	if facts == nil {
		return c
	}
	c.Person = facts.Person
	for _, a := range facts.Accounts {
		if a.System != f.System {
			continue
		}
		c.Accounts = append(c.Accounts, a)
		if a.ID != f.SubjectID || f.Scope != access.ScopeAccount && f.Scope != access.ScopeGrant {
			continue
		}
		c.Account = a
		for i := range a.Grants {
			if f.Scope == access.ScopeGrant && a.Grants[i].Entitlement.Name == f.Detail {
				c.Grant = &a.Grants[i]
			}
		}
	}
	if c.Account == nil && f.Scope == access.ScopeGrant {
		for i := range facts.Missing {
			if g := &facts.Missing[i]; g.System == f.System && g.Entitlement.Name == f.Detail {
				c.Grant = g
			}
		}
	}
	return c
}

// Look judges again what a completed run reasoned from, without writing anything, for a plan that is made later.
func (r *Runner) Look(ctx context.Context, run access.Run) (Sighting, error) {
	world, ok, err := r.Store.WorldOfRun(ctx, run.ID)
	if err != nil || !ok {
		return Sighting{}, &access.Error{Op: "read what run " + run.ID + " reasoned from", Kind: access.NotFound, Hint: "run: muster nightly", Err: fmt.Errorf("it is gone: %v", err)}
	}
	systems, previous, err := r.choose(ctx, run)
	if err != nil {
		return Sighting{}, err
	}
	stand, err := r.stand(ctx, run.AsOf)
	if err != nil {
		return Sighting{}, err
	}
	book, err := r.expectations(ctx, world, stand)
	if err != nil {
		return Sighting{}, err
	}
	j := &judge{runner: r, world: world, systems: systems, previous: previous, book: book, stand: stand, tested: tally{}, names: map[string]string{}, unsure: map[string]string{}}
	if err := j.prepare(ctx); err != nil {
		return Sighting{}, err
	}
	var again Result
	if err := j.hits(ctx, &again); err != nil {
		return Sighting{}, fmt.Errorf("evaluate rules: %w", err)
	}
	var findings []access.Finding
	if err := r.Store.FindingsOfRun(ctx, run.ID, func(f access.Finding) error { findings = append(findings, f); return nil }); err != nil {
		return Sighting{}, fmt.Errorf("read the findings of run %s: %w", run.ID, err)
	}
	return j.sighting(run, findings)
}
