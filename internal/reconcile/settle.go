package reconcile

import (
	"sort"
	"strings"

	"muster/internal/access"
)

// tonight says which sources were read whole in this run.
type tonight struct {
	hr         bool            // HR is complete
	hrName     string          // the name of the HR source
	systems    map[string]bool // configured systems: complete or not
	ruleActive map[string]bool // rules that were evaluated
	ruleErred  map[string]bool // rules that could not be evaluated for somebody
}

// whole reports whether every system of a finding was read whole. A finding across systems joins their names by "+".
func (t tonight) whole(system string) bool {
	for _, name := range strings.Split(system, "+") {
		if name == t.hrName {
			if !t.hr {
				return false
			}
			continue
		}
		if !t.systems[name] {
			return false
		}
	}
	return true
}

// settler compares one run's hits with the findings that stood before and gives each finding its next state. It implements
// invariant 1: nothing that rests on absence is new, and nothing resolves, where a source was incomplete.
type settler struct {
	run     access.Run
	tonight tonight
	before  map[string]access.Finding // by fingerprint, the resolved ones included
	seen    map[string]bool
	counts  map[countKey]*access.RuleCount
	// suppressed counts hits that were not raised because they rest on absence in an incomplete source.
	suppressed int
}

type countKey struct{ rule, system string }

func newSettler(run access.Run, t tonight, before map[string]access.Finding) *settler {
	return &settler{run: run, tonight: t, before: before, seen: map[string]bool{}, counts: map[countKey]*access.RuleCount{}}
}

// hit settles a finding that a rule raised now. absence names the source, "hr" or "system", whose lack of something the rule
// concludes from. ok is false when the finding must not be raised, or was raised in this run before.
func (s *settler) hit(f access.Finding, absence string) (access.Finding, bool) {
	if s.seen[f.Fingerprint] {
		return f, false
	}
	prev, known := s.before[f.Fingerprint]
	open := known && prev.State != access.Resolved
	if !open && s.blind(f, absence) {
		s.suppressed++
		return f, false
	}
	s.seen[f.Fingerprint] = true
	f.RunID, f.LastSeen, f.FirstSeen, f.State = s.run.ID, s.run.AsOf, s.run.AsOf, access.Open
	switch {
	case open && s.blind(f, absence):
		return s.unverified(prev), true
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

// rest settles every open finding that no rule raised, in the order of their fingerprints.
func (s *settler) rest(yield func(access.Finding) error) error {
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
			if !s.tonight.ruleActive[f.Rule] {
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

func (s *settler) unverified(prev access.Finding) access.Finding {
	prev.Change, prev.RunID = access.ChangeUnverified, s.run.ID
	s.count(prev)
	return prev
}

// blind reports whether the absence that a rule concludes from could not be seen tonight.
func (s *settler) blind(f access.Finding, absence string) bool {
	switch absence {
	case "hr":
		return !s.tonight.hr || !s.tonight.whole(f.System)
	case "system":
		return !s.tonight.whole(f.System)
	}
	return false
}

func (s *settler) mayResolve(f access.Finding) bool {
	if !s.tonight.ruleActive[f.Rule] {
		return true
	}
	if s.tonight.ruleErred[f.Rule] {
		return false
	}
	if f.Scope == access.ScopeSystem {
		return s.tonight.whole(f.System)
	}
	return s.tonight.hr && s.tonight.whole(f.System)
}

func (s *settler) count(f access.Finding) {
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

// ruleCounts lists the counts, the worst severity first, then by rule and system.
func (s *settler) ruleCounts() []access.RuleCount {
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
