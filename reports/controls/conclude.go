package controls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/reports/frame"
)

// campaigns takes the reviews of access that were closed in the period as evidence for a control that asks for them.
func (s *summing) campaigns() {
	if !s.c.Review {
		return
	}
	s.c.Campaigns = s.f.Campaigns
	reviewed, silent, items := map[string]bool{}, 0, 0
	for _, c := range s.f.Campaigns {
		if c.Wrong != "" {
			s.c.Limits = append(s.c.Limits, "campaign "+c.ID+" is no evidence: "+c.Wrong)
			continue
		}
		s.c.Reviewed++
		silent, items = silent+c.Silent, items+c.Items
		for _, name := range c.Systems {
			reviewed[name] = true
		}
		if c.Standing > 0 {
			s.c.Limits = append(s.c.Limits, fmt.Sprintf("of what campaign %s revoked, %s not proven to be gone", c.ID, were(c.Standing)))
		}
	}
	if s.c.Reviewed == 0 {
		s.gaps = append(s.gaps, "no review of access was closed in the period")
		return
	}
	if left := slices.DeleteFunc(s.systems(), func(name string) bool { return reviewed[name] }); len(left) > 0 {
		s.gaps = append(s.gaps, "no review that was closed in the period is of "+strings.Join(left, ", "))
	}
	if silent > 0 {
		s.gaps = append(s.gaps, fmt.Sprintf("nobody decided %d of %s that were to be reviewed", silent, frame.Plural(items, "item")))
	}
	s.c.Limits = append(s.c.Limits, "a review is of what its scope covers")
}

// systems are those that the last run knew, without HR.
func (s *summing) systems() []string {
	var out []string
	if n := len(s.f.Runs); n > 0 {
		for _, src := range s.f.Runs[n-1].Sources {
			if !src.System.IsHR {
				out = append(out, src.System.Name)
			}
		}
	}
	return out
}

// conclude says what can be said. A deviation stands whatever else was not seen; that there is none is said only of what was.
func (s *summing) conclude() {
	s.answers()
	c := s.c
	if c.Covered && c.Runs == 0 && (c.Reviewed > 0 || c.Count.Any()) {
		s.gaps = append(s.gaps, s.untested())
	}
	switch {
	case len(s.f.Runs) == 0:
		c.Conclusion, c.Why = NotTested, "no run was completed in the period"
	case c.Count.Any():
		c.Conclusion = Deviations
		c.Limits = append(c.Limits, s.gaps...)
	case c.Runs == 0 && c.Reviewed == 0:
		c.Conclusion, c.Why = NotTested, s.untested()
		if c.Covered {
			c.Limits = append(c.Limits, s.gaps...)
		}
	case len(s.gaps) > 0:
		c.Conclusion, c.Why = Partly, strings.Join(s.gaps, "; ")
	default:
		c.Conclusion = NoDeviation
	}
	if !c.Count.Balanced() {
		c.Limits = append(c.Limits, "the counts of its deviations do not add up")
	}
	if c.Count.Off > 0 {
		c.Limits = append(c.Limits, fmt.Sprintf("%s resolved only in that the rule was switched off", were(c.Count.Off)))
	}
}

// untested says why a control was not tested.
func (s *summing) untested() string {
	switch {
	case s.c.Covered:
		return "its rules had no answer in any run of the period that read HR and a system whole"
	case s.c.Review:
		return "no rule can test it, and no review of access was closed in the period"
	}
	return "no enabled rule gives evidence for it"
}

// answers tells which rules were not applied all the time, not asked, or not answered.
func (s *summing) answers() {
	for _, t := range s.c.Tests {
		say := func(format string, args ...any) {
			s.c.Limits = append(s.c.Limits, t.Rule+" "+fmt.Sprintf(format, args...))
		}
		if n := len(s.f.Runs); t.Applied < n {
			say("was applied in %d of %s, last as of %s", t.Applied, frame.Plural(n, "run"), frame.Minute(t.Until))
		}
		switch {
		case t.Runs == 0 && s.c.Runs > 0:
			say("was never asked, as there was nothing in its scope")
		case t.Answered == 0 && t.Runs > 0:
			s.gaps = append(s.gaps, t.Rule+" was never answered")
		}
		if t.Errors > 0 {
			say("could not be answered %s; it was asked %s", frame.Plural(t.Errors, "time"), frame.Plural(t.Evaluated, "time"))
		}
	}
}

// missed are the days of the period, up to the last run, on which no run was completed.
func (m Model) missed() []time.Time {
	if len(m.Runs) == 0 {
		return nil
	}
	ran := map[time.Time]bool{}
	for _, r := range m.Runs {
		ran[day(r.AsOf)] = true
	}
	var out []time.Time
	to := slices.MinFunc([]time.Time{day(m.Runs[len(m.Runs)-1].AsOf), m.Period.To}, func(a, b time.Time) int { return cmp.Compare(a.Unix(), b.Unix()) })
	for d := day(m.Period.From); !d.After(to); d = d.AddDate(0, 0, 1) {
		if !ran[d] {
			out = append(out, d)
		}
	}
	return out
}

func day(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
