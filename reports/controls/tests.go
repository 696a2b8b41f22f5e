package controls

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// tests gathers the rules that runs of the period applied for the control, and how often each run did.
func (s *summing) tests() {
	at := map[string]int{}
	digests := map[string]map[string]bool{}
	for _, r := range s.f.Runs {
		for _, rule := range r.Rules {
			if !slices.Contains(rule.Controls, s.c.ID) {
				continue
			}
			i, known := at[rule.ID]
			if !known {
				i = len(s.c.Tests)
				at[rule.ID], digests[rule.ID] = i, map[string]bool{}
				s.c.Tests = append(s.c.Tests, Test{Rule: rule.ID})
			}
			digests[rule.ID][rule.Digest] = true
			s.c.Tests[i].add(rule, r.Run.AsOf)
		}
	}
	for i := range s.c.Tests {
		t := &s.c.Tests[i]
		t.Versions = len(digests[t.Rule])
		if n := len(s.f.Runs); !t.Until.Equal(s.f.Runs[n-1].Run.AsOf) {
			t.Last = 0
		}
	}
	s.c.Covered = len(s.c.Tests) > 0
	s.readings()
}

// add counts what one run says of the rule.
func (t *Test) add(rule evidence.Rule, at time.Time) {
	t.Title, t.Severity, t.Scope, t.SHA256, t.Last, t.Until = rule.Title, rule.Severity, rule.Scope, rule.Digest, rule.Evaluated, at
	t.Applied++
	t.Evaluated, t.Errors = t.Evaluated+rule.Evaluated, t.Errors+rule.Errors
	if rule.Evaluated > 0 {
		t.Runs++
	}
	if answered(rule) {
		t.Answered++
	}
}

// answered reports whether a rule could be answered for a record at least.
func answered(rule evidence.Rule) bool { return rule.Evaluated > rule.Errors }

// readings counts the runs that tested the control, and what they did not read whole.
func (s *summing) readings() {
	for _, r := range s.f.Runs {
		asked, tested := false, false
		for _, rule := range r.Rules {
			if slices.Contains(rule.Controls, s.c.ID) {
				asked = true
				tested = tested || answered(rule) && seen(rule.Scope, r.Sources)
			}
		}
		if !asked {
			continue
		}
		s.asked++
		whole := true
		for _, src := range r.Sources { // a rule sees HR by the links, whatever else it is about
			if !src.System.Tonight.Whole() {
				whole = false
				s.unread[src.System.Name]++
			}
		}
		if tested {
			s.c.Runs++
			if whole {
				s.c.Whole++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.unread)) {
		n := s.unread[name]
		if n == s.asked {
			s.gaps = append(s.gaps, name+" was read whole by no run")
			continue
		}
		s.c.Limits = append(s.c.Limits, fmt.Sprintf("%s was not read whole in %d of %s", name, n, frame.Plural(s.asked, "run")))
	}
}

// seen reports whether enough was read for a rule to be a test: of one on persons, accounts or grants HR and a system, because who somebody is comes
// from the one and what they hold from the other.
func seen(scope access.Scope, sources []evidence.Source) bool {
	var hr, system bool
	for _, src := range sources {
		if src.System.Tonight.Usable() {
			hr, system = hr || src.System.IsHR, system || !src.System.IsHR
		}
	}
	if scope == access.ScopeSystem {
		return hr || system
	}
	return hr && system
}

// population counts what the last run applied the control's rules to.
func (s *summing) population() {
	if len(s.f.Runs) == 0 {
		return
	}
	last := s.f.Runs[len(s.f.Runs)-1]
	scopes := map[access.Scope]bool{}
	for _, t := range s.c.Tests {
		if t.Until.Equal(last.Run.AsOf) {
			scopes[t.Scope] = true
		}
	}
	add := func(class access.Class, word string) {
		p := Population{Class: word}
		for _, src := range last.Sources {
			for _, n := range src.Tested {
				if n.Class == class {
					p.N, p.Systems = p.N+n.N, p.Systems+1
				}
			}
		}
		s.c.Population = append(s.c.Population, p)
	}
	if scopes[access.ScopePerson] {
		add(access.ClassPerson, "persons")
	}
	if scopes[access.ScopeAccount] {
		add(access.ClassAccount, "accounts")
	}
	if scopes[access.ScopeGrant] {
		add(access.ClassGrant, "grants")
	}
	if scopes[access.ScopeSystem] {
		s.c.Population = append(s.c.Population, Population{Class: "sources", N: int64(len(last.Sources)), Systems: len(last.Sources)})
	}
}
