package rules

import "fmt"

// Stats counts evaluations by rule id.
type Stats map[string]RuleStats

// RuleStats counts one rule's evaluations. An evaluation that failed is neither a hit nor a miss: the rule could not tell.
type RuleStats struct {
	Evaluated int64  `json:"evaluated"`
	Hits      int64  `json:"hits"`
	Errors    int64  `json:"errors"`
	Sample    string `json:"sample,omitempty"` // the error that sorts first, with what it was about
}

// Stats are the counts so far of the enabled rules.
func (e *Evaluator) Stats() Stats {
	out := Stats{}
	for id, a := range e.byID {
		if a.rule.Enabled {
			out[id] = *a.stats
		}
	}
	return out
}

// Merge adds o to s.
func (s Stats) Merge(o Stats) {
	for id, more := range o {
		sum := s[id]
		sum.Evaluated += more.Evaluated
		sum.Hits += more.Hits
		sum.Errors += more.Errors
		sum.sample(more.Sample)
		s[id] = sum
	}
}

// Errors is the number of evaluations that failed in all rules.
func (s Stats) Errors() int64 {
	var n int64
	for _, one := range s {
		n += one.Errors
	}
	return n
}

// sample keeps the sample that sorts first, so that the order of evaluation does not show.
func (r *RuleStats) sample(text string) {
	if text != "" && (r.Sample == "" || text < r.Sample) {
		r.Sample = text
	}
}

func (e *Evaluator) failed(a *asked, part string, err error) {
	a.stats.Errors++
	at := e.place(a.rule)
	a.stats.sample(fmt.Sprintf("%s of %s: %v", part, at.label(), err))
}
