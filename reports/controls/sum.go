package controls

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// Facts are what is known of a period.
type Facts struct {
	Period    frame.Period
	Only      string // one control, in any spelling; empty for all
	Catalogue []evidence.Control
	Runs      []RunFacts // completed ones, the oldest first
	Nights    []Night
	Findings  []Seen
	Accepted  map[string]Accepted // by the id of the exception or mitigation
}

// RunFacts is what one run says of itself.
type RunFacts struct {
	Run     Run
	Rules   []evidence.Rule
	Sources []evidence.Source
}

// Seen is one finding in the period.
type Seen struct {
	Finding access.Finding // as the last run of the period that wrote it has it
	Opened  []time.Time    // the runs that found it new or again
	Closed  []time.Time    // the runs that called it resolved
	Before  bool           // it was open when the period began
	First   time.Time      // first sight, of the stretch that was closed last
}

// Fold makes the spellings of a control one: "SOC 2 CC6.3" and "SOC2 CC6.3".
func Fold(id string) string {
	return strings.NewReplacer(" ", "", "-", "", "/", "", "SP", "", "IEC", "", ":2022", "").Replace(strings.ToUpper(id))
}

// Sum works out the model.
func Sum(f Facts) Model {
	m := Model{Period: f.Period, Only: f.Only, Runs: []Run{}, Nights: slices.Concat([]Night{}, f.Nights), Controls: []Control{}}
	for _, r := range f.Runs {
		m.Runs = append(m.Runs, r.Run)
		if len(r.Run.Incomplete) == 0 {
			m.Totals.Whole++
		}
	}
	for _, c := range catalogue(f) {
		if f.Only != "" && Fold(c.ID) != Fold(f.Only) {
			continue
		}
		one := Control{ID: c.ID, Says: c.Says, Tests: []Test{}, Population: []Population{}, Limits: []string{}, Excepted: []Accepted{}}
		one.Framework, one.Number = framework(c.ID)
		s := &summing{f: f, c: &one}
		s.tests()
		s.population()
		m.Deviations = append(m.Deviations, s.deviations()...)
		s.conclude()
		m.Controls = append(m.Controls, one)
		m.Totals.add(one)
	}
	slices.SortStableFunc(m.Controls, func(a, b Control) int { return cmp.Compare(rank(a.Framework), rank(b.Framework)) })
	return m
}

func (t *Totals) add(c Control) {
	t.Controls++
	switch c.Conclusion {
	case NoDeviation:
		t.NoDeviation, t.Tested = t.NoDeviation+1, t.Tested+1
	case Deviations:
		t.Deviations, t.Tested = t.Deviations+1, t.Tested+1
	default:
		t.NotTested++
	}
	if !c.Covered {
		t.NotCovered++
	}
}

// catalogue is the map of the frameworks, with those controls that rules of the organisation name besides.
func catalogue(f Facts) []evidence.Control {
	out := slices.Clone(f.Catalogue)
	known := map[string]bool{}
	for _, c := range out {
		known[c.ID] = true
	}
	for _, r := range f.Runs {
		for _, rule := range r.Rules {
			for _, id := range rule.Controls {
				if !known[id] {
					known[id] = true
					out = append(out, evidence.Control{ID: id, Says: "a control that the organisation's own rules name"})
				}
			}
		}
	}
	slices.SortFunc(out, func(a, b evidence.Control) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// frameworks are how rules write frameworks and how they are printed, in the order of the report.
func frameworks() [][2]string {
	return [][2]string{{"SOC2", "SOC 2"}, {"ISO27001", "ISO/IEC 27001:2022"}, {"PCI-DSS", "PCI DSS 4.0"}, {"NIST-800-53", "NIST SP 800-53"}, {"HIPAA", "HIPAA"}, {"COBIT", "COBIT"}}
}

func framework(id string) (title, number string) {
	word, rest, ok := strings.Cut(id, " ")
	for _, f := range frameworks() {
		if ok && f[0] == word {
			return f[1], rest
		}
	}
	return "Others", id
}

func rank(title string) int {
	for i, f := range frameworks() {
		if f[1] == title {
			return i
		}
	}
	return len(frameworks()) // others last
}

// summing is one control under way.
type summing struct {
	f Facts
	c *Control
}

// tests gathers the rules that the last run of the period applies for the control, and how often each run did.
func (s *summing) tests() {
	if len(s.f.Runs) == 0 {
		return
	}
	last := s.f.Runs[len(s.f.Runs)-1]
	for _, rule := range last.Rules {
		if !slices.Contains(rule.Controls, s.c.ID) {
			continue
		}
		s.c.Covered = true
		t := Test{Rule: rule.ID, Title: rule.Title, Severity: rule.Severity, Scope: rule.Scope, SHA256: rule.Digest, Last: rule.Evaluated}
		digests := map[string]bool{}
		for _, r := range s.f.Runs {
			for _, x := range r.Rules {
				if x.ID == rule.ID {
					digests[x.Digest] = true
					t.Evaluated, t.Errors = t.Evaluated+x.Evaluated, t.Errors+x.Errors
					if x.Evaluated > 0 {
						t.Runs++
					}
				}
			}
		}
		t.Versions = len(digests)
		s.c.Tests = append(s.c.Tests, t)
	}
	broken := map[string]int{}
	for _, r := range s.f.Runs {
		tested, whole := s.tested(r, broken)
		if tested {
			s.c.Runs++
			if whole {
				s.c.Whole++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(broken)) {
		s.c.Limits = append(s.c.Limits, fmt.Sprintf("%s was not read whole in %d of %d runs", name, broken[name], len(s.f.Runs)))
	}
}

// tested reports whether a run tested the control: a rule of it was asked, and a source that it rests on was read whole. It counts the others.
func (s *summing) tested(r RunFacts, broken map[string]int) (tested, whole bool) {
	whole = true
	counted := map[string]bool{}
	for _, rule := range r.Rules {
		if !slices.Contains(rule.Controls, s.c.ID) {
			continue
		}
		any := false
		for _, src := range r.Sources {
			if !rests(rule.Scope, src) {
				continue
			}
			if src.System.Tonight.Usable() {
				any = true
				continue
			}
			whole = false
			if name := src.System.Name; !counted[name] {
				counted[name] = true
				broken[name]++
			}
		}
		tested = tested || any && rule.Evaluated > 0
	}
	return tested, whole
}

// rests reports whether what a rule of a scope says rests on a source.
func rests(scope access.Scope, s evidence.Source) bool {
	switch scope {
	case access.ScopePerson:
		return s.System.IsHR
	case access.ScopeAccount, access.ScopeGrant:
		return !s.System.IsHR
	}
	return true
}

// population counts what the last run applied the control's rules to.
func (s *summing) population() {
	if len(s.f.Runs) == 0 {
		return
	}
	scopes := map[access.Scope]bool{}
	for _, t := range s.c.Tests {
		scopes[t.Scope] = true
	}
	add := func(class access.Class, word string) {
		p := Population{Class: word}
		for _, src := range s.f.Runs[len(s.f.Runs)-1].Sources {
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
		s.c.Population = append(s.c.Population, Population{Class: "sources", N: int64(len(s.f.Runs[len(s.f.Runs)-1].Sources)), Systems: len(s.f.Runs[len(s.f.Runs)-1].Sources)})
	}
}

// deviations counts the findings that bear on the control.
func (s *summing) deviations() []Deviation {
	var out []Deviation
	byRule := map[string]*Count{}
	for i := range s.c.Tests {
		byRule[s.c.Tests[i].Rule] = &s.c.Tests[i].Count
	}
	took := map[*Count][]time.Duration{}
	excepted := map[[2]string]int{}
	for _, x := range s.f.Findings {
		if byRule[x.Finding.Rule] == nil && !slices.Contains(x.Finding.Controls, s.c.ID) {
			continue
		}
		for _, n := range []*Count{&s.c.Count, byRule[x.Finding.Rule]} {
			if n == nil {
				continue
			}
			n.Opened += len(x.Opened)
			n.Resolved += len(x.Closed)
			if x.Before {
				n.Before++
			}
			switch x.Finding.State {
			case access.Resolved:
			case access.Excepted:
				n.Excepted++
			default:
				n.Open++
			}
			if k := len(x.Closed); k > 0 && !x.First.IsZero() {
				took[n] = append(took[n], x.Closed[k-1].Sub(x.First))
			}
		}
		if x.Finding.State == access.Excepted {
			excepted[[2]string{x.Finding.Exception, x.Finding.Rule}]++
		}
		out = append(out, s.deviation(x))
	}
	for n, list := range took {
		var sum time.Duration
		for _, d := range list {
			sum += d
		}
		n.MeanMS = (sum / time.Duration(len(list))).Milliseconds()
	}
	for key, n := range excepted {
		a := s.f.Accepted[key[0]]
		a.ID, a.Rule, a.Findings = key[0], key[1], n
		s.c.Excepted = append(s.c.Excepted, a)
	}
	slices.SortFunc(s.c.Excepted, func(a, b Accepted) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Rule, b.Rule)) })
	return out
}

func (s *summing) deviation(x Seen) Deviation {
	d := Deviation{Control: s.c.ID, Finding: x.Finding}
	if len(x.Opened) > 0 && !x.Before {
		d.Opened = x.Opened[0]
	}
	end := s.f.Runs[len(s.f.Runs)-1].Run.AsOf
	if n := len(x.Closed); n > 0 && x.Finding.State == access.Resolved {
		d.Closed = x.Closed[n-1]
		end = d.Closed
	}
	if end.After(x.Finding.FirstSeen) {
		d.Days = int(end.Sub(x.Finding.FirstSeen) / (24 * time.Hour))
	}
	return d
}

// conclude says what can be said.
func (s *summing) conclude() {
	c := s.c
	switch {
	case len(s.f.Runs) == 0:
		c.Conclusion, c.Why = NotTested, "no run was completed in the period"
	case !c.Covered:
		c.Conclusion, c.Why = NotTested, "no enabled rule gives evidence for it"
	case c.Runs == 0:
		c.Conclusion, c.Why = NotTested, "no run of the period asked its rules of a source that was read whole"
	case c.Count.Opened+c.Count.Before+c.Count.Open+c.Count.Excepted+c.Count.Resolved > 0:
		c.Conclusion = Deviations
	default:
		c.Conclusion = NoDeviation
	}
	if c.Conclusion == NoDeviation && slices.ContainsFunc(c.Tests, func(t Test) bool { return t.Runs == 0 }) {
		c.Limits = append(c.Limits, "some of its rules were never asked, as there was nothing in their scope")
	}
}
