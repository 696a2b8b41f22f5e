package frame

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/internal/access"
)

func TestADrawDependsOnTheSeedAndTheIdsAlone(t *testing.T) {
	var ids []string
	for n := range 1000 {
		ids = append(ids, fmt.Sprintf("T-%04d", n))
	}
	seed := []byte("a digest of the population")
	first := Draw(seed, ids, 25)
	slices.Reverse(ids)
	if again := Draw(seed, ids, 25); !slices.Equal(first, again) || len(first) != 25 {
		t.Errorf("another order of the population gives another sample: %q, %q", first, again)
	}
	if other := Draw([]byte("another digest"), ids, 25); slices.Equal(first, other) {
		t.Error("another seed gives the same sample")
	}
	if more := Draw(seed, ids, 30); !slices.Equal(more[:25], first) {
		t.Error("a larger sample does not hold the smaller one")
	}
	if all := Draw(seed, ids[:3], 25); len(all) != 3 {
		t.Errorf("%q", all)
	}
	// Nobody is preferred: over many seeds every tenth of the population is drawn about as often.
	hits := make([]int, 10)
	for n := range 400 {
		for _, id := range Draw([]byte{byte(n), byte(n >> 8)}, ids, 25) {
			hits[id[3]-'0']++
		}
	}
	for tenth, n := range hits {
		if n < 850 || n > 1150 {
			t.Errorf("tenth %d was drawn %d times of 1,000", tenth, n)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for text, want := range map[string]Period{
		"2026-Q1": {day(2026, 1, 1), day(2026, 3, 31)}, "2026-q3": {day(2026, 7, 1), day(2026, 9, 30)}, "2024-Q4": {day(2024, 10, 1), day(2024, 12, 31)},
		"2026-02-01..2026-02-28": {day(2026, 2, 1), day(2026, 2, 28)}, "2026-02-01..2026-02-01": {day(2026, 2, 1), day(2026, 2, 1)},
	} {
		if got, err := ParsePeriod(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "2026", "2026-Q5", "2026-02-30..2026-03-01", "2026-03-01..2026-02-01", "2026-03-01", "2026-Q1..2026-Q2"} {
		if p, err := ParsePeriod(text); access.KindOf(err) != access.Invalid || access.HintOf(err) == "" {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
	p, _ := ParsePeriod("2026-Q3")
	if p.Has(p.From.Add(-1)) || !p.Has(p.From) || !p.Has(day(2026, 9, 30).Add(24*time.Hour-1)) || p.Has(day(2026, 10, 1)) {
		t.Error("both days of a period are in it, wholly")
	}
}
