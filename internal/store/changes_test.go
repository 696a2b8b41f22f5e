package store_test

import (
	"fmt"
	"testing"

	"muster/internal/access"
)

// TestChangesOfFindings: of the runs asked about, every change, and all of the last one.
func TestChangesOfFindings(t *testing.T) {
	s := open(t)
	a := finding("orphaned-account", "erp", "a", "", access.High, access.Open, access.ChangeNew)
	b := finding("dormant-account", "erp", "b", "", access.Low, access.Open, access.ChangeNew)
	save(t, s, "run-1", access.RunCompleted, a, b)
	still := func(f access.Finding, state access.FindingState, change access.Change) access.Finding {
		f.State, f.Change = state, change
		return f
	}
	save(t, s, "run-2", access.RunCompleted, still(a, access.Resolved, access.ChangeResolved), still(b, access.Open, access.ChangeStill))
	save(t, s, "run-3", access.RunFailed, still(a, access.Reopened, access.ChangeReopened))
	save(t, s, "run-4", access.RunCompleted, still(a, access.Reopened, access.ChangeReopened), still(b, access.Excepted, access.ChangeStill))
	for _, c := range []struct {
		runs []string
		want string
	}{
		{[]string{"run-1", "run-2", "run-3", "run-4"}, "a run-1 new; a run-2 resolved; a run-4 reopened; b run-1 new; b run-4 still; "},
		{[]string{"run-1", "run-2"}, "a run-1 new; a run-2 resolved; b run-1 new; b run-2 still; "},
		{nil, ""},
	} {
		got := map[string]string{}
		err := s.FindingChanges(t.Context(), c.runs, func(f access.Finding) error {
			got[f.Subject] += fmt.Sprintf("%s %s %s; ", f.Subject, f.RunID, f.Change)
			return nil
		})
		if text := got["a"] + got["b"]; err != nil || text != c.want {
			t.Errorf("%v: %q, want %q (%v)", c.runs, text, c.want, err)
		}
	}
}
