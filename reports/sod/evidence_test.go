package sod

import (
	"fmt"
	"strings"
	"testing"

	"muster/reports/evidence"
)

// TestTheReportIsEvidenceForWhatItsRulesName, and for nothing when its seeds fail or nothing was looked at.
func TestTheReportIsEvidenceForWhatItsRulesName(t *testing.T) {
	failing := fixture()
	failing.Seeds[0].Fired, failing.Seeds[0].OK = nil, false
	for name, c := range map[string]struct {
		f    Facts
		says string
	}{
		"a fine night":  {fixture(), "PCI-DSS 7.2.1"},
		"failing seeds": {failing, "The report is evidence for no control: seeded tests of the rules failed."},
		"no conflict":   {Facts{Run: "R-1", AsOf: asOf}, "The report is evidence for no control: nothing was looked at."},
	} {
		m := Sum(c.f)
		in := base(t, Sum(fixture()))
		in.Evidence.Rules = []evidence.Rule{{ID: "sod-conflict", Controls: []string{"PCI-DSS 7.2.1", "NIST-800-53 AC-5"}}, {ID: "leaver-active", Controls: []string{"PCI-DSS 8.2.5"}}}
		said := fmt.Sprintf("%+v", Document(in, m).Blocks)
		said, _, _ = strings.Cut(said, "Who has which conflict")
		if !strings.Contains(said, c.says) || strings.Contains(said, "7.2.2") || strings.Contains(said, "8.2.5") || name != "a fine night" && strings.Contains(said, "7.2.1") {
			t.Errorf("%s: it says %s", name, said)
		}
	}
}
