package retention

import (
	"slices"
	"testing"
	"time"
)

func TestLessThanADayIsShort(t *testing.T) {
	s := Settings{Facts: 12 * time.Hour, Packs: 24 * time.Hour, Commitments: -day}
	given := map[string]string{"facts": "12h", "documents": "0d", "packs": "24h", "commitments": "-1d"}
	if got := s.Short(func(key string) string { return given[key] }); !slices.Equal(got, []string{"facts", "documents", "commitments"}) {
		t.Errorf("%q", got)
	}
	delete(given, "documents")
	if got := s.Short(func(key string) string { return given[key] }); !slices.Equal(got, []string{"facts", "commitments"}) {
		t.Errorf("%q", got)
	}
	for keep, want := range map[time.Duration]int{0: 0, day: 1, 36 * time.Hour: 2, 400 * day: 400} {
		if got := (Settings{Facts: keep}).FactsDays(); got != want {
			t.Errorf("%s is %d days, want %d", keep, got, want)
		}
	}
}
