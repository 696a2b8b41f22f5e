package config

import (
	"errors"
	"testing"
	"time"
)

func TestNothingIsKeptForLessThanADay(t *testing.T) {
	s, err := settings(t, "", "retention: {facts: 24h, documents: 1d, packs: 90d}\n")
	if err != nil || s.Retention.FactsDays() != 1 || s.Retention.Documents != 24*time.Hour || s.Retention.Commitments != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = settings(t, "", "retention:\n  facts: 12h\n  documents: 0d\n  packs: 23h59m\n  commitments: -1d\n")
	var ps Problems
	if !errors.As(err, &ps) || len(ps) != 4 {
		t.Fatalf("%v", err)
	}
	for i, p := range ps {
		if p.Line != 6+i || p.Col < 10 || p.Hint == "" {
			t.Errorf("%+v", p)
		}
	}
	// What cannot be read is told once.
	if _, err := settings(t, "", "retention: {facts: soon}\n"); !errors.As(err, &ps) || len(ps) != 1 {
		t.Errorf("%v", err)
	}
}
