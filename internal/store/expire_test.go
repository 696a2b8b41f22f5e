package store_test

import (
	"testing"
	"time"

	"muster/internal/access"
)

// TestOnlyOldMessagesExpire: a message whose newest version is young stays with its older ones, and so do decisions, and messages to whom is kept.
func TestOnlyOldMessagesExpire(t *testing.T) {
	s := open(t)
	old, young := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	message := func(id, person string, version uint64, at time.Time) access.Document {
		d := doc(id, version, "sent")
		d.Kind, d.Person, d.At = access.DocNotice, person, at
		return d
	}
	decision := doc("AP-1", 1, "denied")
	decision.Kind, decision.At = access.DocApproval, old
	saveDocs(t, s, message("old", "W-1", 1, old), message("old", "W-1", 2, old), message("changed", "W-1", 1, old), message("changed", "W-1", 2, young), message("kept", "W-2", 1, old), decision)
	cut := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, dry := range []bool{true, false} {
		if due, held, err := s.ExpireMessages(t.Context(), cut, []string{"W-2"}, dry); err != nil || due != 1 || held != 1 {
			t.Errorf("dry %t: %d due, %d held, %v", dry, due, held, err)
		}
	}
	for id, want := range map[string]int{"old": 0, "changed": 2, "kept": 1} {
		if got := len(history(t, s, access.DocNotice, id)); got != want {
			t.Errorf("%s has %d versions, want %d", id, got, want)
		}
	}
	if len(history(t, s, access.DocApproval, "AP-1")) != 1 {
		t.Error("a decision is gone")
	}
	if due, held, err := s.ExpireMessages(t.Context(), cut, nil, false); err != nil || due != 1 || held != 0 {
		t.Errorf("without a hold: %d, %d, %v", due, held, err)
	}
}
