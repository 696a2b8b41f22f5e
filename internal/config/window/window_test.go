package window

import (
	"testing"
	"time"
)

func parse(t *testing.T, texts ...string) Set {
	t.Helper()
	var s Set
	for _, text := range texts {
		if err := s.Add(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	return s
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", text)
	if err != nil {
		panic(err)
	}
	return t
}

// 2026-11-23 is a Monday.
func TestOpenAndNext(t *testing.T) {
	tests := []struct {
		name    string
		windows []string
		at      string
		next    string // empty: open now
	}{
		{"no windows", nil, "2026-11-23 12:00:00", ""},
		{"on the first second", []string{"Mon-Fri 01:00-05:00"}, "2026-11-23 01:00:00", ""},
		{"on the last second", []string{"Mon-Fri 01:00-05:00"}, "2026-11-27 04:59:59", ""},
		{"the end is closed", []string{"Mon-Fri 01:00-05:00"}, "2026-11-23 05:00:00", "2026-11-24 01:00:00"},
		{"before it", []string{"Mon-Fri 01:00-05:00"}, "2026-11-23 00:59:59", "2026-11-23 01:00:00"},
		{"over the week-end", []string{"Mon-Fri 01:00-05:00"}, "2026-11-27 05:00:00", "2026-11-30 01:00:00"},
		{"another day", []string{"Sat,Sun 00:00-24:00"}, "2026-11-27 23:59:59", "2026-11-28 00:00:00"},
		{"until midnight", []string{"Sat,Sun 00:00-24:00"}, "2026-11-29 23:59:59", ""},
		{"after the week-end", []string{"Sat,Sun 00:00-24:00"}, "2026-11-30 00:00:00", "2026-12-05 00:00:00"},
		{"into the next morning", []string{"22:00-04:00"}, "2026-11-25 03:59:59", ""},
		{"out of it", []string{"22:00-04:00"}, "2026-11-25 04:00:00", "2026-11-25 22:00:00"},
		{"from Sunday into Monday", []string{"Sun 22:00-04:00"}, "2026-11-30 03:00:00", ""},
		{"not from Monday into Tuesday", []string{"Sun 22:00-04:00"}, "2026-12-01 03:00:00", "2026-12-06 22:00:00"},
		{"days over Sunday", []string{"Sat-Mon 10:00-11:00"}, "2026-11-30 10:30:00", ""},
		{"days over Sunday leave Tuesday", []string{"Sat-Mon 10:00-11:00"}, "2026-12-01 10:30:00", "2026-12-05 10:00:00"},
		{"the nearer of two", []string{"Sat 10:00-11:00", "Thu 09:00-10:00"}, "2026-11-25 12:00:00", "2026-11-26 09:00:00"},
		{"mixed", []string{"mon,Wed-Thu 01:00 - 02:00"}, "2026-11-26 01:30:00", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, now := parse(t, tt.windows...), at(tt.at)
			want := now
			if tt.next != "" {
				want = at(tt.next)
			}
			if got := s.Next(now); s.Open(now) != (tt.next == "") || !got.Equal(want) {
				t.Errorf("open %v, next %v; want %v, %v", s.Open(now), got, tt.next == "", want)
			}
			if !s.Open(s.Next(now)) || s.Open(want.Add(-time.Nanosecond)) && tt.next != "" {
				t.Errorf("next %v is not the first open moment", s.Next(now))
			}
		})
	}
	east := time.FixedZone("east", 9*3600)
	if s := parse(t, "Mon 01:00-05:00"); !s.Open(at("2026-11-23 01:30:00").In(east)) || s.Open(time.Date(2026, 11, 23, 1, 30, 0, 0, east)) {
		t.Error("windows are UTC, whatever zone the clock is in")
	}
}

// Next must agree with Open minute by minute, over more than a week.
func TestNextIsTheFirstOpenMinute(t *testing.T) {
	for _, texts := range [][]string{{"Mon-Fri 01:00-05:00"}, {"Sun 22:00-04:00", "Wed 12:00-12:01"}, {"23:59-00:01"}, {"Sat-Mon 00:00-24:00"}} {
		s := parse(t, texts...)
		start := at("2026-11-20 00:00:00")
		next := start.Add(20 * 24 * time.Hour)
		for !s.Open(next) {
			next = next.Add(time.Minute)
		}
		for m := next; !m.Before(start); m = m.Add(-time.Minute) {
			if s.Open(m) {
				next = m
			}
			if got := s.Next(m); !got.Equal(next) {
				t.Fatalf("%v at %v: next %v, want %v", texts, m, got, next)
			}
		}
	}
}

func TestAddRefusesWhatIsNoWindow(t *testing.T) {
	for _, text := range []string{"", "always", "Mon", "01:00", "1:00-2:00", "Mon-Fri", "Mon-Fri 1-5", "Mondays 01:00-02:00", "Mox 01:00-02:00", "Mon-Tue-Wed 01:00-02:00",
		"Mon 01:00-01:00", "Mon 24:00-01:00", "Mon 01:60-02:00", "Mon 01:00-25:00", "Mon 01:00-24:30", "Mon, 01:00-02:00", "Mon 01:00-05:00 CET"} {
		var s Set
		if err := s.Add(text); err == nil || s.String() != "always" || !s.Open(time.Time{}) {
			t.Errorf("%q is taken: %v", text, s)
		}
	}
	if got := parse(t, " Mon-Fri 01:00-05:00 ", "Sat 00:00-24:00").String(); got != "Mon-Fri 01:00-05:00; Sat 00:00-24:00 UTC" {
		t.Errorf("prints as %q", got)
	}
}

func FuzzAdd(f *testing.F) {
	for _, seed := range []string{"Mon-Fri 01:00-05:00", "Sat,Sun 00:00-24:00", "22:00-04:00", "x"} {
		f.Add(seed)
	}
	now := at("2026-11-23 12:00:00")
	f.Fuzz(func(t *testing.T, text string) {
		var s Set
		if s.Add(text) != nil {
			return
		}
		if next := s.Next(now); next.Before(now) || next.Sub(now) >= week || !s.Open(next) {
			t.Errorf("%q: next %v after %v", text, next, now)
		}
	})
}
