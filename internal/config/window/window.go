// Package window reads maintenance windows, the hours of the week in which a system may be changed:
//
//	Mon-Fri 01:00-05:00
//	Sat,Sun 00:00-24:00
//	22:00-04:00          (every day, into the next morning)
//
// Days are Mon to Sun; a window that ends before it begins ends on the day after. Times are UTC, so that no window is missing or
// double when clocks change. The beginning belongs to the window, the end does not. A Set does not change and may be shared.
package window

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Set is the windows of one system. The empty Set is always open.
type Set struct {
	text  []string
	spans []span
}

// span is one stretch of the week, measured from Monday 00:00; to may lie in the week after.
type span struct{ from, to time.Duration }

var form = regexp.MustCompile(`^(?:([A-Za-z]{3}(?:[-,][A-Za-z]{3})*) +)?(\d\d:\d\d) ?- ?(\d\d:\d\d)$`)

// Add reads one more window into the set; the error says in words what is wrong with it.
func (s *Set) Add(text string) error {
	m := form.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		return fmt.Errorf("not days and hours")
	}
	days, err := parseDays(m[1])
	if err != nil {
		return err
	}
	from, err := parseClock(m[2])
	if err != nil {
		return err
	}
	to, err := parseClock(m[3])
	if err != nil {
		return err
	}
	if from == day || from == to {
		return fmt.Errorf("it is empty: it ends where it begins")
	}
	if to < from {
		to += day
	}
	for d := range 7 {
		if days[d] {
			start := time.Duration(d) * day
			s.spans = append(s.spans, span{start + from, start + to})
		}
	}
	s.text = append(s.text, strings.TrimSpace(text))
	return nil
}

// Open reports whether the system may be changed at t.
func (s Set) Open(t time.Time) bool {
	at := sinceMonday(t)
	for _, sp := range s.spans {
		if sp.from <= at && at < sp.to || sp.from <= at+week && at+week < sp.to {
			return true
		}
	}
	return len(s.spans) == 0
}

// Next is the first moment, not before t, at which the system may be changed: t itself while a window is open.
func (s Set) Next(t time.Time) time.Time {
	if s.Open(t) {
		return t.UTC()
	}
	at, wait := sinceMonday(t), week
	for _, sp := range s.spans {
		wait = min(wait, (sp.from-at+week)%week)
	}
	return t.UTC().Add(wait)
}

// String is the windows as they were written.
func (s Set) String() string {
	if len(s.text) == 0 {
		return "always"
	}
	return strings.Join(s.text, "; ") + " UTC"
}

func sinceMonday(t time.Time) time.Duration {
	t = t.UTC()
	days := (int(t.Weekday()) + 6) % 7
	midnight := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	return time.Duration(days)*day + t.Sub(midnight)
}

// parseDays reads "Mon-Fri,Sun"; nothing means every day. A range may pass Sunday: Sat-Mon.
func parseDays(text string) (days [7]bool, err error) {
	if text == "" {
		text = "Mon-Sun"
	}
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err := parseDay(first)
		if err != nil {
			return days, err
		}
		to, err := parseDay(last)
		if err != nil {
			return days, err
		}
		for d := from; ; d = (d + 1) % 7 {
			days[d] = true
			if d == to {
				break
			}
		}
	}
	return days, nil
}

func parseDay(name string) (int, error) {
	for i, known := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		if strings.EqualFold(name, known) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("no day is called %q", name)
}

func parseClock(text string) (time.Duration, error) {
	h, _ := strconv.Atoi(text[:2])
	m, _ := strconv.Atoi(text[3:])
	if m > 59 || h > 24 || h == 24 && m > 0 {
		return 0, fmt.Errorf("there is no %s", text)
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute, nil
}
