// Package answer is the answer key of the invented organisation: a plain reading of the rules over the facts that the generator
// planted, and the comparison of a run's findings with it.
//
// The reading shares no code with the rule engine that it checks: it knows whose an account is instead of searching for it,
// holds one person at a time and asks each rule's question in the words of the rule. What must not be planted is not in
// the key: incomplete snapshots, and this host, whose accounts nobody invented.
//
// An Evaluator belongs to one goroutine. Times are UTC; "today" is the date of the moment that the organisation is looked at.
package answer

import (
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// The thresholds of the built-in rules.
const (
	dormantDays  = 90
	spikeMinimum = 5
)

// Evaluator judges persons and accounts.
type Evaluator struct {
	policy   *model.Policy
	now      time.Time
	today    time.Time
	expected []bool // by entitlement index, of the person in hand
	emit     func(Finding)
	person   *model.Person
	accepted []model.Exception // of the person or account in hand
	// Holders gives the persons in whose HR row the address of person i stands; it differs from {i} only where HR is wrong.
	holders func(i int) []int
}

// New makes an Evaluator that calls emit for every finding.
func New(policy *model.Policy, now time.Time, holders func(int) []int, emit func(Finding)) *Evaluator {
	return &Evaluator{policy: policy, now: now, today: now.Truncate(24 * time.Hour),
		expected: make([]bool, len(policy.Entitlements)), holders: holders, emit: emit}
}

// Person judges a person with all their accounts.
func (e *Evaluator) Person(p *model.Person) {
	e.person, e.accepted = p, p.Excepted
	e.expect(p)
	var linked []*judged
	for _, a := range p.Accounts {
		j := e.judge(a)
		if j.link == access.Linked {
			linked = append(linked, j)
		}
		e.account(j)
	}
	for _, j := range linked {
		e.creep(j)
	}
	e.missing(linked)
	e.conflicts(linked)
	e.quality(p)
	e.person = nil
}

// Account judges an account that is nobody's by birth: service, shared, break-glass, or left over.
func (e *Evaluator) Account(a *model.Account) {
	e.person, e.accepted = nil, a.Excepted
	e.account(e.judge(a))
}

// judged is an account with what follows from its own facts.
type judged struct {
	*model.Account
	link access.LinkResult
	held []model.Held
}

func (e *Evaluator) judge(a *model.Account) *judged {
	return &judged{Account: a, link: e.Link(a), held: Closure(a, e.now)}
}

// Link says how the account is linked. Persons are indexes.
func (e *Evaluator) Link(a *model.Account) access.LinkResult {
	if a.Keys.Map != model.Nobody {
		return access.Linked
	}
	if a.Kind != access.KindHuman {
		return access.ServiceOwned
	}
	var left []int // persons that every key so far allows
	matched := false
	for _, persons := range e.matches(a) {
		switch {
		case len(persons) == 0:
		case !matched:
			matched, left = true, persons
		default:
			left = intersect(left, persons)
		}
		if matched && len(left) == 0 {
			return access.Disputed
		}
	}
	switch {
	case !matched:
		return access.Unmatched
	case len(left) > 1:
		return access.Disputed
	}
	return access.Linked
}

// matches lists the persons of each key, in the order of the configuration.
func (e *Evaluator) matches(a *model.Account) [5][]int {
	one := func(i int) []int {
		if i == model.Nobody {
			return nil
		}
		return []int{i}
	}
	address := func(i int) []int {
		if i == model.Nobody {
			return nil
		}
		return e.holders(i)
	}
	k := a.Keys
	return [5][]int{one(k.EmployeeID), address(k.Email), one(k.UPN), one(k.Username), address(k.Address)}
}

func intersect(a, b []int) []int {
	var out []int
	for _, x := range a {
		for _, y := range b {
			if x == y {
				out = append(out, x)
			}
		}
	}
	return out
}

// Closure resolves nesting: every entitlement that the account holds, once each. One of several paths with effect is enough.
func Closure(a *model.Account, now time.Time) []model.Held {
	return closure(a.Grants, a.NoInherit, now)
}

func closure(grants []model.Grant, noInherit bool, now time.Time) []model.Held {
	out := make([]model.Held, 0, len(grants)+4)
	for _, g := range grants {
		effective := g.Expires.IsZero() || now.Before(g.Expires)
		if noInherit && g.Of.Kind == model.Group {
			effective = false
		}
		for of := g.Of; of != nil; of = of.Parent {
			out = add(out, model.Held{Of: of, Effective: effective})
		}
	}
	return out
}

func add(list []model.Held, h model.Held) []model.Held {
	for i := range list {
		if list[i].Of == h.Of {
			list[i].Effective = list[i].Effective || h.Effective
			return list
		}
	}
	return append(list, h)
}

// expect computes what the person should hold today.
func (e *Evaluator) expect(p *model.Person) {
	clear(e.expected)
	for _, b := range e.policy.Bundles {
		if !b.When.Holds(&p.Person) || !p.Entitled(e.now, b.LeadDays) {
			continue
		}
		for _, x := range b.Entitlements {
			e.expected[x.Index] = true
		}
	}
}

// find emits one finding; an exception holds up to and including its last day.
func (e *Evaluator) find(rule, system, subject, detail string, severity access.Severity) {
	f := Finding{Rule: rule, System: system, Subject: subject, Detail: detail, Severity: severity, State: access.Open}
	for _, x := range e.accepted {
		if x.Rule == rule && x.System == system && x.Subject == subject && x.Detail == detail && !x.Expires.Before(e.today) {
			f.State = access.Excepted
		}
	}
	e.emit(f)
}

func date(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

func joined(systems map[string]bool) string {
	var list []string
	for s := range systems {
		list = append(list, s)
	}
	sort.Strings(list)
	return strings.Join(list, "+")
}
