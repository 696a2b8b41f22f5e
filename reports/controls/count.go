package controls

import (
	"cmp"
	"slices"
	"time"

	"muster/internal/access"
)

// Seen is one finding in the period.
type Seen struct {
	Finding access.Finding      // as the last run of the period that wrote it has it
	Before  access.FindingState // how it stood when the period began; empty when it did not stand
	Steps   []Step              // what runs of the period said of it, the oldest first: all that changed it, and the last
}

// Step is what one run said of a finding.
type Step struct {
	At      time.Time
	State   access.FindingState
	Change  access.Change
	Covered bool // by an exception; of one that is resolved, until then
	Off     bool // it is resolved because its rule was switched off
}

// Add takes what a run said of the finding.
func (x *Seen) Add(f access.Finding, at time.Time) {
	x.Finding, x.Steps = f, append(x.Steps, StepOf(f, at))
}

// StepOf is what a run said of a finding.
func StepOf(f access.Finding, at time.Time) Step {
	off := f.State == access.Resolved && len(f.Evidence) == 1 && f.Evidence[0].Expr == "rule" && f.Evidence[0].Value == "switched off"
	return Step{At: at, State: f.State, Change: f.Change, Covered: f.Exception != "", Off: off}
}

// Between puts steps of other runs in their places.
func (x *Seen) Between(steps ...Step) {
	x.Steps = append(x.Steps, steps...)
	slices.SortStableFunc(x.Steps, func(a, b Step) int { return a.At.Compare(b.At) })
	x.Steps = slices.CompactFunc(x.Steps, func(a, b Step) bool { return a.At.Equal(b.At) })
}

// stand is how a finding stands.
type stand int

const (
	gone stand = iota
	open
	covered
)

func standing(state access.FindingState) stand {
	switch state {
	case "", access.Resolved:
		return gone
	case access.Excepted:
		return covered
	}
	return open
}

// follow counts a finding through the period, and gives how long each stretch of it took that was resolved. What runs did that are not among the
// steps shows in the next one, and is counted with it.
func (n *Count) follow(x Seen) (took []time.Duration) {
	at, since := standing(x.Before), x.Finding.FirstSeen
	n.Before, n.ExceptedBefore = n.Before+is(at, open), n.ExceptedBefore+is(at, covered)
	for _, s := range x.Steps {
		back := s.Change == access.ChangeReopened
		if at != gone && (back || s.Change == access.ChangeNew) {
			at = n.move(at, gone, false)
		}
		to := standing(s.State)
		if at == gone && to != gone {
			since = s.At
		}
		if to == gone && s.Change == access.ChangeResolved {
			until := open
			if s.Covered {
				until = covered
			}
			at = n.move(at, until, back)
			n.Off += is(s.Off, true)
			if !s.Off {
				took = append(took, s.At.Sub(since))
			}
		}
		at = n.move(at, to, back)
	}
	n.move(at, standing(x.Finding.State), false)
	n.Open, n.Excepted = n.Open+is(standing(x.Finding.State), open), n.Excepted+is(standing(x.Finding.State), covered)
	return took
}

func is[T comparable](a, b T) int {
	if a == b {
		return 1
	}
	return 0
}

// move counts that a finding comes to stand otherwise; back says that it stood before.
func (n *Count) move(from, to stand, back bool) stand {
	if from == gone && to != gone {
		if back {
			n.Reopened++
		} else {
			n.Opened++
		}
		from = open
	}
	switch {
	case from == open && to == covered:
		n.Accepted++
	case from == covered && to == open:
		n.Lapsed++
	case from == open && to == gone:
		n.Resolved++
	case from == covered && to == gone:
		n.ExceptedResolved++
	}
	return to
}

// Balanced reports whether the counts add up.
func (n Count) Balanced() bool {
	return n.Before+n.Opened+n.Reopened+n.Lapsed-n.Resolved-n.Accepted == n.Open && n.ExceptedBefore+n.Accepted-n.Lapsed-n.ExceptedResolved == n.Excepted
}

// Any reports whether there is anything to count.
func (n Count) Any() bool { return n != Count{} }

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
			if n != nil {
				took[n] = append(took[n], n.follow(x)...)
			}
		}
		if x.Finding.State == access.Excepted {
			excepted[[2]string{x.Finding.Exception, x.Finding.Rule}]++
		}
		out = append(out, s.deviation(x))
	}
	for n, list := range took {
		n.MeanMS = mean(list).Milliseconds()
	}
	for key, n := range excepted {
		a := s.f.Accepted[key[0]]
		a.ID, a.Rule, a.Findings = key[0], key[1], n
		s.c.Excepted = append(s.c.Excepted, a)
	}
	slices.SortFunc(s.c.Excepted, func(a, b Accepted) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Rule, b.Rule)) })
	return out
}

func mean(list []time.Duration) time.Duration {
	var sum time.Duration
	for _, d := range list {
		sum += d
	}
	return sum / time.Duration(max(len(list), 1))
}

func (s *summing) deviation(x Seen) Deviation {
	d := Deviation{Control: s.c.ID, Finding: x.Finding}
	end := s.f.Runs[len(s.f.Runs)-1].Run.AsOf
	for _, step := range x.Steps {
		if d.Opened.IsZero() && standing(x.Before) == gone && standing(step.State) != gone {
			d.Opened = step.At
		}
		if x.Finding.State == access.Resolved && step.Change == access.ChangeResolved {
			d.Closed, end = step.At, step.At
		}
	}
	if end.After(x.Finding.FirstSeen) {
		d.Days = int(end.Sub(x.Finding.FirstSeen) / (24 * time.Hour))
	}
	return d
}
