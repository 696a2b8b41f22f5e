package controls

import (
	"cmp"
	"slices"
	"strings"

	"muster/reports/evidence"
	"muster/reports/frame"
)

// Facts are what is known of a period.
type Facts struct {
	Period    frame.Period
	Only      string // one control, in any spelling; empty for all
	Catalogue []evidence.Control
	Reviews   map[string]bool // controls of the catalogue that ask that people review access
	Campaigns []Campaign      // closed in the period, the oldest first
	Runs      []RunFacts      // completed ones, the oldest first
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
		one := Control{ID: c.ID, Says: c.Says, Review: f.Reviews[c.ID], Tests: []Test{}, Population: []Population{}, Limits: []string{}, Excepted: []Accepted{}}
		one.Framework, one.Number = framework(c.ID)
		if f.Only != "" && Fold(c.ID) != Fold(f.Only) && Fold(one.Framework+one.Number) != Fold(f.Only) {
			continue
		}
		s := &summing{f: f, c: &one, unread: map[string]int{}}
		s.tests()
		s.population()
		s.campaigns()
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
	case Partly:
		t.Partly, t.Tested = t.Partly+1, t.Tested+1
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
	return [][2]string{{"SOC2", "SOC 2"}, {"ISO27001", "ISO/IEC 27001:2022"}, {"PCI-DSS", "PCI DSS 4.0.1"}, {"NIST-800-53", "NIST SP 800-53"}, {"HIPAA", "HIPAA"}, {"COBIT", "COBIT"}}
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
	f      Facts
	c      *Control
	asked  int            // runs that had rules for it
	unread map[string]int // how many of these did not read whole a source that it rests on
	gaps   []string       // what of it nothing in the period tested
}
