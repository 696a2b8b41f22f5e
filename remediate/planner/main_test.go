package planner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/planner"
)

var first = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// people is HR by worker id.
type people map[string]access.Person

// Find gives a person by worker id or e-mail address.
func (p people) Find(_ context.Context, ref string) (access.Person, bool, error) {
	for _, x := range p {
		if ref != "" && (x.ID == ref || x.Email == ref) {
			return x, true, nil
		}
	}
	return access.Person{}, false, nil
}

// life is a planner with what it remembers from night to night, as the mender keeps it.
type life struct {
	planner.Input
	policies map[string]access.Policy // by rule
	staff    people
}

// begin is an organisation with two systems of 1,000 accounts. W-9 manages all, W-8 owns the systems, W-7 is the security team.
func begin() *life {
	l := &life{policies: map[string]access.Policy{}, staff: people{}}
	for _, id := range []string{"W-1", "W-2", "W-3", "W-7", "W-8", "W-9"} {
		l.staff[id] = access.Person{ID: id, DisplayName: "Person " + id, ManagerID: "W-9", Email: strings.ToLower(id) + "@example.com", Status: access.StatusActive}
	}
	l.Run = access.Run{ID: "R-1", AsOf: first, StartedAt: first}
	l.Now = first
	l.MaxGap = 14 * day
	l.Systems = map[string]planner.System{}
	l.Policy = func(c access.Case) (access.Policy, error) { return l.policies[c.Finding.Rule], nil }
	l.Routes = &approve.Routes{People: l.staff, Security: []string{"W-7"}, Groups: map[string][]string{"pair": {"W-7", "W-8"}}}
	l.HR = access.SystemFacts{Name: "hr", IsHR: true}
	for _, name := range []string{"erp", "vpn"} {
		kinds := map[access.ActionKind]string{}
		for _, k := range access.ActionKinds() {
			kinds[k] = ""
		}
		kinds[access.DeleteAccount] = "it is gone for good"
		l.Systems[name] = planner.System{Facts: access.SystemFacts{Name: name, Owner: "w-8@example.com"}, Abilities: remediate.Abilities{Kinds: kinds, Self: []string{"muster", "u-self"}},
			Changes: true, Accounts: 1000, Limit: 25, Percent: 5, Admins: 5, Holders: map[string]int{"root": 5}}
	}
	l.read()
	return l
}

// read lets tonight's run read everything whole.
func (l *life) read() {
	snap := access.Snapshot{ID: "S-" + l.Run.ID, State: access.Complete, StartedAt: l.Run.StartedAt.Add(time.Minute), TakenAt: l.Run.AsOf}
	l.HR.Tonight, l.HR.Used = snap, snap
	for name := range l.Systems {
		l.change(name, func(s *planner.System) { s.Facts.Tonight, s.Facts.Used = snap, snap })
	}
}

func (l *life) change(system string, f func(*planner.System)) {
	s := l.Systems[system]
	f(&s)
	l.Systems[system] = s
}

// broken lets tonight's reading of a source end in a state; "hr" is HR.
func (l *life) broken(source string, state access.SnapshotState) {
	snap := access.Snapshot{ID: "S-bad", State: state, Reason: "page 3 of 6 failed", StartedAt: l.Run.StartedAt.Add(time.Minute)}
	if source == "hr" {
		l.HR.Tonight = snap
		return
	}
	l.change(source, func(s *planner.System) { s.Facts.Tonight = snap })
}

// night goes to the run of some days later.
func (l *life) night(days int) *life {
	l.Previous = l.Run.AsOf
	at := l.Run.AsOf.AddDate(0, 0, days)
	l.Run = access.Run{ID: fmt.Sprintf("R-%s", at.Format("0102")), AsOf: at, StartedAt: at}
	l.Now = at
	l.read()
	for i := range l.Cases {
		l.Cases[i].Finding.Change = access.ChangeStill
	}
	return l
}

// make plans without keeping anything.
func (l *life) make(t testing.TB) planner.Plan {
	t.Helper()
	p, err := planner.Make(t.Context(), l.Input)
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

// plan plans and keeps what the plan says, as the mender does.
func (l *life) plan(t testing.TB) planner.Plan {
	t.Helper()
	p := l.make(t)
	for _, r := range slices.Concat(p.Records, p.Dropped) {
		if r.State != remediate.Told {
			l.keep(r)
		}
	}
	for _, h := range p.Holds {
		l.Holds = slices.DeleteFunc(l.Holds, func(x access.Hold) bool { return x.ID == h.ID })
		h.Version++
		l.Holds = append(l.Holds, h)
	}
	for _, q := range p.Questions {
		q.State, q.Version = access.ApprovalWaiting, 1
		l.Approvals = append(l.Approvals, q)
	}
	for _, q := range p.Withdrawn {
		l.answer(q.ID, access.ApprovalWithdrawn)
	}
	return p
}

// keep stores a record as its next version, unless nothing of it changed.
func (l *life) keep(r remediate.Record) {
	i := slices.IndexFunc(l.Standing, func(x remediate.Record) bool { return x.ID == r.ID })
	if i < 0 {
		l.Standing = append(l.Standing, remediate.Record{})
		i = len(l.Standing) - 1
	} else if was := l.Standing[i]; was.State == r.State && was.Why == r.Why && was.Hold == r.Hold && was.Approval == r.Approval && was.Mode == r.Mode {
		return
	}
	r.Version++
	r.ChangedAt = l.Now
	l.Standing[i] = r
}

// amend changes what stands of an action.
func (l *life) amend(id string, f func(*remediate.Record)) {
	for _, r := range l.Standing {
		if r.ID == id {
			f(&r)
			r.ChangedAt = l.Now
			i := slices.IndexFunc(l.Standing, func(x remediate.Record) bool { return x.ID == id })
			l.Standing[i] = r
		}
	}
}

// ends lets an action end in a state tonight, after everything was read.
func (l *life) ends(id string, state remediate.State) {
	l.amend(id, func(r *remediate.Record) {
		r.State = state
		r.Tries++
		if state == remediate.Done || state == remediate.Ordered {
			r.Receipt = &access.Receipt{Action: id, At: l.Run.StartedAt.Add(time.Hour)}
		}
	})
}

func (l *life) answer(id string, state access.ApprovalState) {
	for i := range l.Approvals {
		if l.Approvals[i].ID == id {
			l.Approvals[i].State = state
		}
	}
}

func (l *life) release(id string) {
	for i, h := range l.Holds {
		if h.ID == id {
			h.ReleasedAt, h.ReleasedBy = l.Now, "W-7"
			l.Released = append(l.Released, h)
			l.Holds = slices.Delete(l.Holds, i, i+1)
			return
		}
	}
}

// account makes the facts of an enabled account.
func account(system, name string) *access.AccountFacts {
	return &access.AccountFacts{Account: access.Account{System: system, ID: "u-" + name, Name: name, Kind: access.KindHuman, Enabled: true, SourceRef: "row " + name}}
}

// holds gives an account an entitlement; one that begins with root is privileged.
func holds(a *access.AccountFacts, entitlement string, path ...string) *access.GrantFacts {
	g := access.GrantFacts{System: a.System, Entitlement: access.Entitlement{System: a.System, ID: "e-" + entitlement, Name: entitlement, Privileged: strings.HasPrefix(entitlement, "root")},
		Actual: true, Effective: true, Direct: len(path) == 0, Path: path, Paths: 1}
	a.PrivilegedEffective = a.PrivilegedEffective || g.Entitlement.Privileged
	a.Grants = append(a.Grants, g)
	return &a.Grants[len(a.Grants)-1]
}

func finding(rule string, scope access.Scope, system, subject, detail string) access.Finding {
	f := access.Finding{Rule: rule, Scope: scope, System: system, Subject: subject, SubjectID: "u-" + subject, Detail: detail, Severity: access.High, Change: access.ChangeNew, FirstSeen: first,
		Message: rule + " of " + subject}
	f.Fingerprint = access.Fingerprint(rule, scope, system, f.SubjectID, detail)
	f.ID = access.ShortID(f.Fingerprint)
	return f
}

// leaver is a finding about a whole account; person may be empty.
func (l *life) leaver(rule string, a *access.AccountFacts, person string) *planner.Case {
	c := planner.Case{Case: access.Case{Finding: finding(rule, access.ScopeAccount, a.System, a.Name, ""), Account: a}, Accounts: []*access.AccountFacts{a}}
	return l.of(c, person)
}

// excess is a finding about one grant of an account.
func (l *life) excess(rule string, a *access.AccountFacts, entitlement, person string, path ...string) *planner.Case {
	holds(a, entitlement, path...)
	c := planner.Case{Case: access.Case{Finding: finding(rule, access.ScopeGrant, a.System, a.Name, entitlement), Account: a}, Accounts: []*access.AccountFacts{a}}
	c.Grant = &a.Grants[len(a.Grants)-1]
	return l.of(c, person)
}

// lacks is a finding about a grant that a person should have; accounts are those that they have in the system.
func (l *life) lacks(rule, system, person, entitlement string, accounts ...*access.AccountFacts) *planner.Case {
	f := finding(rule, access.ScopeGrant, system, person, entitlement)
	f.SubjectID = person
	f.Fingerprint = access.Fingerprint(rule, access.ScopeGrant, system, person, entitlement)
	c := planner.Case{Case: access.Case{Finding: f, Grant: &access.GrantFacts{System: system, Entitlement: access.Entitlement{System: system, Name: entitlement}, Expected: true,
		Basis: []access.Basis{{Kind: "bundle", Name: "base"}}}}, Accounts: accounts}
	return l.of(c, person)
}

func (l *life) of(c planner.Case, person string) *planner.Case {
	if person != "" {
		p := l.staff[person]
		c.Person, c.Finding.Person, c.Finding.PersonName = &p, p.ID, p.Name()
	}
	sys := l.Systems[c.Finding.System].Facts
	c.System = &sys
	l.Cases = append(l.Cases, c)
	return &l.Cases[len(l.Cases)-1]
}

// many adds leavers of nobody's accounts.
func (l *life) many(rule, system string, from, to int) {
	for i := from; i < to; i++ {
		l.leaver(rule, account(system, fmt.Sprintf("a%03d", i)), "")
	}
}

func auto(kinds ...access.ActionKind) access.Policy {
	return access.Policy{Name: "by itself", Mode: access.ModeAuto, Actions: kinds, Route: []string{access.RouteManager, access.RouteOwner, access.RouteSecurity}, Need: 1, OnExpiry: access.ExpiryRefuse}
}

func asks(kinds ...access.ActionKind) access.Policy {
	p := auto(kinds...)
	p.Name, p.Mode, p.Expire = "asks", access.ModeApprove, 72*time.Hour
	return p
}

// only gives the one record of a plan.
func only(t testing.TB, p planner.Plan) remediate.Record {
	t.Helper()
	if len(p.Records) != 1 {
		t.Fatalf("%d records instead of one: %s", len(p.Records), words(p.Records))
	}
	return p.Records[0]
}

func words(list []remediate.Record) string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s %s (%s) %s", r.ID, planner.Line(r.Action), r.State, r.Why))
	}
	return strings.Join(out, "; ")
}

// is checks the state of a record and a part of what is said about it.
func is(t testing.TB, r remediate.Record, state remediate.State, why string) {
	t.Helper()
	if r.State != state || !strings.Contains(r.Why, why) {
		t.Errorf("%s %s is %s (%s), want %s (%s)", r.ID, planner.Line(r.Action), r.State, r.Why, state, why)
	}
}

func counts(t testing.TB, p planner.Plan, state remediate.State, want int) {
	t.Helper()
	if n := p.Count(state); n != want {
		t.Errorf("%d %s, want %d: %.600s", n, state, want, words(p.Records))
	}
}

func heldSince(at time.Time) func(context.Context, planner.Case) (time.Time, bool, error) {
	return func(context.Context, planner.Case) (time.Time, bool, error) { return at, !at.IsZero(), nil }
}
