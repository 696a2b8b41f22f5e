// Package assess is the judgement of a run without its database: facts go past the rules, and what they raise is settled against what stood
// before. A nightly run uses it, and so does whoever performs a run again from its pack: one judgement, two sources of facts.
//
// It is pure; an Assessor belongs to one goroutine. Facts come as the store streams them: persons by worker id, then the accounts that are
// nobody's by system and id.
package assess

import (
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile/expect"
	"muster/internal/reconcile/settle"
	"muster/rules"
)

// Assessor judges the facts of one run.
type Assessor struct {
	Systems   []access.SystemFacts // HR among them
	Rules     *rules.Set
	Evaluator *rules.Evaluator
	Filler    *expect.Filler
	Elsewhere rules.Stats // what rules could not answer about subjects that are not judged here; nil when all are

	found  []rules.Hit
	unsure map[string]string // by worker id: why it is not known what they should hold
}

// Verdict is what a run makes of its facts.
type Verdict struct {
	Findings   []access.Finding // in the order of access.CompareFindings
	Counts     []access.RuleCount
	Suppressed int // hits not raised because they rest on absence in an incomplete source
	Stats      rules.Stats
}

// Sources judges the rules on the systems themselves.
func (a *Assessor) Sources() error {
	for i := range a.Systems {
		if err := a.Evaluator.EvaluateSystem(&a.Systems[i], a.keep); err != nil {
			return err
		}
	}
	return nil
}

func (a *Assessor) keep(h rules.Hit) error {
	a.found = append(a.found, h)
	return nil
}

// Judge completes the facts of one person, or of one account that is nobody's, and judges them. seen is told them once they are complete, and
// hit about each hit; both may be nil.
func (a *Assessor) Judge(f *access.PersonFacts, profile uint64, seen func(*access.PersonFacts), hit func(rules.Hit)) error {
	if err := a.Filler.Fill(f, profile); err != nil {
		return err
	}
	if seen != nil {
		seen(f)
	}
	why := ""
	if f.Person != nil {
		if why = a.Filler.Book.Unsure(profile, f.Person); why != "" {
			if a.unsure == nil {
				a.unsure = map[string]string{}
			}
			a.unsure[f.Person.ID] = why
		}
	}
	return a.Evaluator.Evaluate(f, func(h rules.Hit) error {
		if why != "" && ComparesGrants(h.Rule) {
			return nil
		}
		if hit != nil {
			hit(h)
		}
		return a.keep(h)
	})
}

// ComparesGrants reports whether a rule compares what is held with what is expected.
func ComparesGrants(r *rules.Rule) bool {
	return r.Scope == access.ScopeGrant || strings.Contains(r.When, "expected")
}

// admit counts, for every rule that compares grants, the persons whose expected access is not known as not judged: the run and its
// pack then say so, and none of the rule's findings is called resolved.
func (a *Assessor) admit(stats rules.Stats) {
	if len(a.unsure) == 0 {
		return
	}
	sample := ""
	for id, why := range a.unsure {
		if text := "expected access of " + id + ": " + why; sample == "" || text < sample {
			sample = text
		}
	}
	more := rules.Stats{}
	for _, r := range a.Rules.Rules() {
		if ComparesGrants(r) {
			more[r.ID] = rules.RuleStats{Errors: int64(len(a.unsure)), Sample: sample}
		}
	}
	stats.Merge(more)
}

// Settle turns hits into findings with their next state. before holds the present state of the findings by fingerprint; of the resolved ones
// only those that are raised again matter.
func (a *Assessor) Settle(run access.Run, before map[string]access.Finding) (Verdict, error) {
	v := Verdict{Stats: a.Evaluator.Stats()}
	a.admit(v.Stats)
	v.Stats.Merge(a.Elsewhere)
	s := settle.New(run, a.sight(v.Stats), before)
	for _, h := range a.found {
		if f, ok := s.Hit(h.Finding, string(h.Rule.Absence)); ok {
			v.Findings = append(v.Findings, f)
		}
	}
	err := s.Rest(func(f access.Finding) error {
		v.Findings = append(v.Findings, f)
		return nil
	})
	slices.SortFunc(v.Findings, access.CompareFindings)
	v.Counts, v.Suppressed = s.Counts(), s.Suppressed()
	return v, err
}

// sight says what could be seen.
func (a *Assessor) sight(stats rules.Stats) settle.Sight {
	t := settle.Sight{Systems: map[string]bool{}, RuleActive: map[string]bool{}, RuleErred: map[string]bool{}}
	for _, s := range a.Systems {
		if s.IsHR {
			t.HR, t.HRName = s.Tonight.Whole(), s.Name
			continue
		}
		t.Systems[s.Name] = s.Tonight.Whole()
	}
	for _, rule := range a.Rules.Rules() {
		t.RuleActive[rule.ID] = true
		t.RuleErred[rule.ID] = stats[rule.ID].Errors > 0
	}
	return t
}
