// Package sight takes down what one run sees, as far as a plan of remediation needs it, and reads what people decided that bears on a
// run: requests, exceptions, and the accounts that earlier actions touched.
//
// A Taker is fed by one goroutine while the run streams facts past the rules; it keeps the facts of those who have a finding. Times are UTC.
package sight

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
	Ended    remediate.Ends     // what was decided before to be taken away
	Watched  map[string]Watched // by WatchKey: accounts that earlier actions touched, as the run found them
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

// Taker takes down one run.
type Taker struct {
	Stand Standing

	subjects map[string]*access.PersonFacts // by fingerprint of a hit
	watched  map[string]Watched             // accounts that earlier actions touched
	ended    []planner.Case                 // grants that a request gave and whose time is over, or that a review revoked, where no rule says so
	weights  map[string]*weight             // by system
}

// NewTaker starts to take down a run under what stands.
func NewTaker(stand Standing) *Taker {
	return &Taker{Stand: stand, subjects: map[string]*access.PersonFacts{}, watched: map[string]Watched{}, weights: map[string]*weight{}}
}

// Hit takes down whose facts a finding is about.
func (t *Taker) Hit(fingerprint string, f *access.PersonFacts) { t.subjects[fingerprint] = f }

// weight counts what a system must not lose the last of.
type weight struct {
	accounts, admins int
	holders          map[string]int
}

// Standing is what people decided that bears on a run.
type Standing struct {
	Personal map[string][]access.Expectation // approved requests in force, by worker id
	Accepted []rules.Exception               // accepted risks in force
	Revoked  access.Revocations              // by reviews

	ended map[endKey]access.Request
	ends  remediate.Ends // those requests, and Revoked
	watch map[string]bool
}

// endKey is what a request gave to whom.
type endKey struct {
	person string
	ref    access.EntitlementRef
}

// endedFor is how long after its end a request still explains why its access is taken away.
const endedFor = 400 * 24 * time.Hour

// Stand reads the requests and exceptions in force at a moment, and the accounts that actions touched.
func Stand(ctx context.Context, records remediate.Records, at time.Time) (Standing, error) {
	s := Standing{Personal: map[string][]access.Expectation{}, ended: map[endKey]access.Request{}, ends: remediate.Ends{}, watch: map[string]bool{}}
	requests, err := remediate.Load[access.Request](ctx, records, access.DocumentQuery{Kind: access.DocRequest, States: []string{string(access.RequestActive), string(access.RequestEnded)}})
	if err != nil {
		return s, err
	}
	for _, q := range requests {
		if q.State == access.RequestActive && at.Before(q.Until) {
			s.Personal[q.Person] = append(s.Personal[q.Person], access.Expectation{Ref: q.Ref, Basis: []access.Basis{{Kind: "request", Name: q.ID, Until: q.Until}}})
		} else if at.Before(q.Until.Add(endedFor)) {
			s.ended[endKey{q.Person, q.Ref}] = q
		}
	}
	for person, list := range s.Personal {
		slices.SortFunc(list, func(a, b access.Expectation) int { return strings.Compare(a.Basis[0].Name, b.Basis[0].Name) })
		for _, x := range list {
			delete(s.ended, endKey{person, x.Ref}) // asked for again
		}
	}
	for k, q := range s.ended {
		s.ends.Person(k.person, k.ref, remediate.End{Name: "request " + q.ID + " ended", Basis: "request " + q.ID, At: q.Until,
			Reason: fmt.Sprintf("%s was requested until %s (%s)", q.Ref.Name, q.Until.Format(time.DateOnly), q.ID)})
	}
	if s.Revoked, err = revoked(ctx, records, requests); err != nil {
		return s, err
	}
	accepted, err := remediate.Load[access.RiskException](ctx, records, access.DocumentQuery{Kind: access.DocException, States: []string{string(access.RequestActive)}})
	if err != nil {
		return s, err
	}
	for _, x := range accepted {
		if at.Before(x.Expires.AddDate(0, 0, 1)) {
			s.Accepted = append(s.Accepted, rules.Exception{ID: x.ID, Rule: x.Rule, System: x.System, Subject: x.SubjectID, Detail: x.Detail, Owner: x.Owner,
				Approver: strings.Join(x.ApprovedBy, ", "), Reason: x.Reason, CompensatingControl: x.CompensatingControl, Expires: x.Expires})
		}
	}
	done, err := remediate.Load[remediate.Record](ctx, records, access.DocumentQuery{Kind: access.DocAction,
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

// Note takes down of one person's facts what a plan needs besides the hits.
func (t *Taker) Note(f *access.PersonFacts) {
	for _, a := range f.Accounts {
		w := t.weights[a.System]
		if w == nil {
			w = &weight{holders: map[string]int{}}
			t.weights[a.System] = w
		}
		w.accounts++
		for _, key := range []string{WatchKey(a.System, access.AccountRef{ID: a.ID}), WatchKey(a.System, access.AccountRef{Name: a.Name})} {
			if t.Stand.watch[key] {
				t.watched[key] = Watched{Account: a, Person: f.Person}
			}
		}
		for i := range a.Grants {
			g := &a.Grants[i]
			if a.Enabled && g.Effective && g.Entitlement.Privileged {
				w.holders[g.Entitlement.Name]++
			}
			if g.Actual && !g.Expected {
				t.noteEnded(f, a, g)
			}
		}
		if a.Enabled && a.PrivilegedEffective {
			w.admins++
		}
	}
}

// noteEnded makes a case of a grant that a request gave until its time was over, or that a review revoked. Where a bundle names the system,
// a rule says so too; the plan takes each action once.
func (t *Taker) noteEnded(f *access.PersonFacts, a *access.AccountFacts, g *access.GrantFacts) {
	ref := access.EntitlementRef{System: a.System, Name: g.Entitlement.Name}
	finding := access.Finding{Scope: access.ScopeGrant, Severity: access.Medium, System: a.System, Subject: a.Name, SubjectID: a.ID, Detail: g.Entitlement.Name}
	if f.Person != nil {
		finding.Person, finding.PersonName = f.Person.ID, f.Person.Name()
	}
	if r, ok := t.Stand.Revoked[access.RevokedGrant(a.System, a.ID, g.Entitlement.Name)]; ok {
		end := endOf(r, ref)
		t.Stand.ends.Account(a.ID, ref, end)
		finding.Rule, finding.FirstSeen, finding.Message = "review-revoked", r.At, end.Reason
	} else if q, ok := t.Stand.ended[endKey{finding.Person, ref}]; ok && f.Person != nil {
		finding.Rule, finding.FirstSeen = "request-ended", q.Until
		finding.Message = fmt.Sprintf("%s was given until %s", g.Entitlement.Name, q.Until.UTC().Format(time.RFC3339))
	} else {
		return
	}
	t.ended = append(t.ended, planner.Case{Case: access.Case{Finding: finding, Person: f.Person, Account: a, Grant: g}})
}

// Sighting gathers what a plan is made of, from the run's findings in their present state. config is the digest of the configuration.
func (t *Taker) Sighting(run access.Run, world store.World, systems []access.SystemFacts, config string, findings []access.Finding) (Sighting, error) {
	s := Sighting{Run: run, Facts: world, Accounts: map[string]int64{}, Admins: map[string]int{}, Holders: map[string]map[string]int{}, Ended: t.Stand.ends, Watched: t.watched}
	byName := map[string]*access.SystemFacts{}
	type used struct{ System, Snapshot, Digest string }
	from := []any{config}
	for i := range systems {
		f := systems[i]
		from = append(from, used{f.Name, f.Used.ID, f.Used.Digest})
		if f.IsHR {
			s.HR = f
			continue
		}
		s.Systems = append(s.Systems, f)
		byName[f.Name] = &f
	}
	var err error
	if s.World, err = remediate.Digest(from); err != nil {
		return s, err
	}
	for name, w := range t.weights {
		s.Accounts[name], s.Admins[name], s.Holders[name] = int64(w.accounts), w.admins, w.holders
	}
	accepted := map[[3]string]bool{} // grants that an exception covers: system, account and entitlement
	for _, f := range findings {
		if f.State == access.Excepted && f.Scope == access.ScopeGrant {
			accepted[[3]string{f.System, f.SubjectID, f.Detail}] = true
		}
		if f.State == access.Resolved || f.State == access.Excepted {
			continue
		}
		s.Cases = append(s.Cases, caseOf(f, t.subjects[f.Fingerprint], byName[f.System]))
	}
	for _, c := range t.ended {
		if accepted[[3]string{c.Finding.System, c.Finding.SubjectID, c.Finding.Detail}] {
			continue // its request is over, and somebody answers for the risk
		}
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
