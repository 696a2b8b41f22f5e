package frame_test

import (
	"fmt"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// ruled is a report whose run applied three rules and found something by one.
func ruled(persons ...string) *frame.Builder {
	ev := evidence.Evidence{Run: access.Run{ID: "R-1"}, Scope: evidence.Scope{Persons: persons}, Controls: []evidence.Control{{ID: "PCI-DSS 8.2.5", Says: "leavers lose access at once"}},
		Rules: []evidence.Rule{{ID: "leaver-active", Title: "Leaver", Controls: []string{"PCI-DSS 8.2.5", "SOC2 CC6.2"}, Evaluated: 40, Errors: 1}, {ID: "late-login", Title: "Late", Controls: []string{"SOC2 CC6.2"}, Evaluated: 40},
			{ID: "other", Title: "Other", Controls: []string{"SOC2 CC6.1"}, Evaluated: 40}}}
	tally := evidence.NewTally(ev.Run.AsOf, 10)
	tally.Add(access.Finding{Rule: "leaver-active", State: access.Open, Severity: access.High})
	return frame.New(frame.Input{Evidence: ev, File: evidence.NewFile(ev), Tally: tally})
}

// said is all that a report says, a line for a row.
func said(w *frame.Builder) string {
	var out strings.Builder
	for _, b := range w.Blocks {
		switch b := b.(type) {
		case document.Paragraph:
			fmt.Fprintln(&out, b.Text)
		case document.Callout:
			fmt.Fprintln(&out, b.Title, b.Paras)
		case document.Table:
			for _, c := range b.Columns {
				fmt.Fprint(&out, c.Title, "|")
			}
			fmt.Fprintln(&out)
			for _, row := range b.Rows {
				for _, c := range row {
					fmt.Fprint(&out, c.Text, "|")
				}
				fmt.Fprintln(&out)
			}
		}
	}
	return out.String()
}

// TestWhatIsOfTheWholeRunIsCalledSo: in a pack of one person the rules were asked of everybody, and what is open is theirs alone.
func TestWhatIsOfTheWholeRunIsCalledSo(t *testing.T) {
	for _, c := range []struct {
		w         *frame.Builder
		says, not []string
	}{
		{ruled("W-1"), []string{"|Asked, whole run|Open, this pack|", "This pack holds one person of the run", "|Tested by|Open, this pack|", "1 record of the whole run could not be judged"}, []string{"|Asked|"}},
		{ruled("W-1", "W-2"), []string{"This pack holds 2 persons of the run"}, nil},
		{ruled(), []string{"|Asked|Open|", "|Tested by|Open|"}, []string{"This pack holds", "whole run"}},
	} {
		c.w.RulesAndControls()
		text := said(c.w)
		for _, want := range c.says {
			if !strings.Contains(text, want) {
				t.Errorf("it does not say %q: %s", want, text)
			}
		}
		for _, no := range c.not {
			if strings.Contains(text, no) {
				t.Errorf("it says %q: %s", no, text)
			}
		}
	}
}

// TestAReportIsEvidenceForWhatItsRulesName, and for nothing when nothing can be concluded.
func TestAReportIsEvidenceForWhatItsRulesName(t *testing.T) {
	for name, c := range map[string]struct {
		why   string
		rules []string
		want  string
	}{
		"rules": {"", []string{"leaver-active", "late-login", "off"}, "The report is evidence for a part of each of the controls that the rules on it name: leaver-active, late-login.\nControl|What it asks, in our words|Named by|\n" +
			"PCI-DSS 8.2.5|leavers lose access at once|leaver-active|\nSOC2 CC6.2|–|leaver-active, late-login|\n"},
		"none enabled":         {"", []string{"off"}, "The report is evidence for no control by itself: no rule on what it is about was enabled and names one.\n"},
		"nothing is concluded": {"who left is not known", []string{"leaver-active"}, "The report is evidence for no control: who left is not known.\n"},
	} {
		w := ruled()
		w.EvidenceFor(c.why, c.rules)
		if got := said(w); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
