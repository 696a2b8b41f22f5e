// Package settle compares one run's hits with the findings that stood before and gives each finding its next state: new, still,
// resolved, reopened, or unverified. It is where invariant 1 is kept: nothing that rests on absence is new, and nothing resolves,
// where a source was not read whole tonight.
//
// It is pure: no clock, no store. A Settler is used by one goroutine. Times are those of the run's clock, in UTC.
package settle

import (
	"sort"
	"strings"

	"muster/internal/access"
)

// Sight says what could be seen tonight: which sources were read whole, and which rules were asked.
type Sight struct {
	HR         bool            // HR is complete
	HRName     string          // the name of the HR source
	Systems    map[string]bool // configured systems: complete or not
	RuleActive map[string]bool // rules that were evaluated
	RuleErred  map[string]bool // rules that could not be evaluated for somebody
}

// whole reports whether every system of a finding was read whole. A finding across systems joins their names by "+".
func (t Sight) whole(system string) bool {
	for _, name := range strings.Split(system, "+") {
		if name == t.HRName {
			if !t.HR {
				return false
			}
			continue
		}
		if !t.Systems[name] {
			return false
		}
	}
	return true
}

// all reports whether HR and every system was read whole.
func (t Sight) all() bool {
	for _, whole := range t.Systems {
		if !whole {
			return false
		}
	}
	return t.HR
}

// older reports whether a configured source of a finding was not read whole, so that the finding rests on an older snapshot of it.
// A rule may also give a finding a system's name of its own making; nothing is known of that.
func (t Sight) older(system string) bool {
	for _, name := range strings.Split(system, "+") {
		if whole, configured := t.Systems[name]; configured && !whole || name == t.HRName && !t.HR {
			return true
		}
	}
	return false
}

// Settler settles the findings of one run.
type Settler struct {
	run        access.Run
	tonight    Sight
	before     map[string]access.Finding // by fingerprint, the resolved ones included
	seen       map[string]bool
	counts     map[countKey]*access.RuleCount
	suppressed int
}

type countKey struct{ rule, system string }

// New makes a settler. before holds the present state of every finding by fingerprint, the resolved ones included.
func New(run access.Run, t Sight, before map[string]access.Finding) *Settler {
	return &Settler{run: run, tonight: t, before: before, seen: map[string]bool{}, counts: map[countKey]*access.RuleCount{}}
}

// Hit settles a finding that a rule raised now. An open one whose system was not read whole tonight stands unverified, as it was last
// seen; only whether it is excepted follows tonight's exceptions. absence names the source, "hr" or "system", whose lack of something the rule
// concludes from. ok is false when the finding must not be raised, or was raised in this run before.
func (s *Settler) Hit(f access.Finding, absence string) (access.Finding, bool) {
	if s.seen[f.Fingerprint] {
		return f, false
	}
	s.seen[f.Fingerprint] = true
	prev, known := s.before[f.Fingerprint]
	open := known && prev.State != access.Resolved
	if !open && s.blind(f, absence) {
		s.suppressed++
		return f, false
	}
	f.RunID, f.LastSeen, f.FirstSeen, f.State = s.run.ID, s.run.AsOf, s.run.AsOf, access.Open
	if prev.LastSeen.After(f.LastSeen) {
		f.LastSeen = prev.LastSeen // the clock went back
	}
	switch {
	case open && (s.blind(f, absence) || s.stale(f)):
		return s.unverified(accepted(prev, f.Exception)), true
	case open:
		f.FirstSeen, f.Change, f.State = prev.FirstSeen, access.ChangeStill, prev.State
		if prev.State == access.Excepted {
			f.State = access.Open
		}
	case known:
		f.FirstSeen, f.Change, f.State = prev.FirstSeen, access.ChangeReopened, access.Reopened
	default:
		f.Change = access.ChangeNew
	}
	if f.Exception != "" {
		f.State = access.Excepted
	}
	s.count(f)
	return f, true
}

// Rest settles every open finding that no rule raised, in the order of their fingerprints.
func (s *Settler) Rest(yield func(access.Finding) error) error {
	var left []string
	for fp, prev := range s.before {
		if prev.State != access.Resolved && !s.seen[fp] {
			left = append(left, fp)
		}
	}
	sort.Strings(left)
	for _, fp := range left {
		prev := s.before[fp]
		f := prev
		if s.mayResolve(prev) {
			f.State, f.Change, f.ResolvedAt, f.RunID = access.Resolved, access.ChangeResolved, s.run.AsOf, s.run.ID
			if !s.tonight.RuleActive[f.Rule] {
				f.Evidence = []access.Evidence{{Expr: "rule", Value: "switched off", Source: "configuration"}}
			}
			s.count(f)
		} else {
			f = s.unverified(prev)
		}
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// accepted gives a finding that stands as it was the exception that covers it tonight: one that ran out does so whether or not the
// source could be read.
func accepted(prev access.Finding, exception string) access.Finding {
	prev.Exception = exception
	switch {
	case exception != "":
		prev.State = access.Excepted
	case prev.State == access.Excepted:
		prev.State = access.Open
	}
	return prev
}

func (s *Settler) unverified(prev access.Finding) access.Finding {
	prev.Change, prev.RunID = access.ChangeUnverified, s.run.ID
	s.count(prev)
	return prev
}

// blind reports whether the absence that a rule concludes from could not be seen tonight.
func (s *Settler) blind(f access.Finding, absence string) bool {
	switch absence {
	case "hr":
		return !s.tonight.HR || !s.tonight.whole(f.System)
	case "system":
		if f.System == s.tonight.HRName { // a rule on persons: what they lack may be in any system
			return !s.tonight.all()
		}
		return !s.tonight.whole(f.System)
	}
	return false
}

// stale reports whether a hit was found in an older snapshot, because a system of the finding was not read whole tonight. What it says
// is still the best that is known, but nobody saw it tonight. Findings on the sources themselves are about just that.
func (s *Settler) stale(f access.Finding) bool {
	return f.Scope != access.ScopeSystem && s.tonight.older(f.System)
}

func (s *Settler) mayResolve(f access.Finding) bool {
	if !s.tonight.RuleActive[f.Rule] {
		return true
	}
	if s.tonight.RuleErred[f.Rule] {
		return false
	}
	if f.Scope == access.ScopeSystem {
		return s.tonight.whole(f.System)
	}
	return s.tonight.HR && s.tonight.whole(f.System)
}

func (s *Settler) count(f access.Finding) {
	key := countKey{f.Rule, f.System}
	c := s.counts[key]
	if c == nil {
		c = &access.RuleCount{Rule: f.Rule, System: f.System, Severity: f.Severity}
		s.counts[key] = c
	}
	if f.Severity.Rank() > c.Severity.Rank() {
		c.Severity = f.Severity
	}
	switch f.Change {
	case access.ChangeNew:
		c.New++
	case access.ChangeReopened:
		c.Reopened++
	case access.ChangeUnverified:
		c.Unverified++
	case access.ChangeResolved:
		c.Resolved++
		return
	}
	if f.State == access.Excepted {
		c.Excepted++
		return
	}
	c.Open++
}

// Suppressed is how many hits were not raised because they rest on absence in an incomplete source.
func (s *Settler) Suppressed() int { return s.suppressed }

// Counts lists the counts, the worst severity first, then by rule and system.
func (s *Settler) Counts() []access.RuleCount {
	out := make([]access.RuleCount, 0, len(s.counts))
	for _, c := range s.counts {
		out = append(out, *c)
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Severity.Rank() != b.Severity.Rank() {
			return a.Severity.Rank() > b.Severity.Rank()
		}
		if a.Rule != b.Rule {
			return a.Rule < b.Rule
		}
		return a.System < b.System
	})
	return out
}
