package dossier

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/reports/controls"
	"muster/reports/evidence"
	"muster/reports/frame"
)

func night(n int) time.Time { return time.Date(2026, 9, n, 1, 0, 0, 0, time.UTC) }

// TestARunWithoutEvidenceStopsNoReport: it counts for no control, and the report says so.
func TestARunWithoutEvidenceStopsNoReport(t *testing.T) {
	f := controls.Facts{Period: frame.Period{From: night(1).Truncate(24 * time.Hour), To: night(2).Truncate(24 * time.Hour)}, Catalogue: []evidence.Control{{ID: "SOC2 CC6.2"}}}
	for i, text := range []string{"", `{"rules": [{"id": "r", "scope": "system", "controls": ["SOC2 CC6.2"], "evaluated": 1}], "sources": [{"system": {"name": "erp", "tonight": {"state": "complete"}}}]}`} {
		facts, err := runFacts(access.Run{ID: fmt.Sprint("R-", i), AsOf: night(i + 1), Evidence: text})
		if err != nil {
			t.Fatal(err)
		}
		f.Runs = append(f.Runs, facts)
	}
	m := controls.Sum(f)
	if c := m.Controls[0]; m.Totals.Whole != 1 || c.Runs != 1 || c.Conclusion != controls.NoDeviation || len(m.Runs[0].Incomplete) != 1 || !strings.Contains(m.Runs[0].Incomplete[0], "no evidence") {
		t.Errorf("%+v", m)
	}
	if _, err := runFacts(access.Run{ID: "R", Evidence: "{"}); err == nil {
		t.Error("evidence that is broken is taken")
	}
}

func TestARunWhoseClockWentBackTakesThePlaceOfAllAheadOfIt(t *testing.T) {
	var all []access.Run
	for i, n := range []int{1, 2, 3, 4, 2, 5, 5} {
		all = append([]access.Run{{ID: fmt.Sprint("R-", i), AsOf: night(n), State: access.RunCompleted, LastEntry: uint64(i)}}, all...)
	}
	period := frame.Period{From: night(1).Truncate(24 * time.Hour), To: night(9).Truncate(24 * time.Hour)}
	text := ""
	for _, r := range inOrder(all, period, access.Run{}) {
		text += r.ID + " "
	}
	if text != "R-0 R-4 R-6 " {
		t.Errorf("the runs are %s", text)
	}
}
