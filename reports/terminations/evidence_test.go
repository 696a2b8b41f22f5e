package terminations

import (
	"fmt"
	"strings"
	"testing"

	"muster/reports/evidence"
)

// TestTheReportIsEvidenceForWhatItsRulesName, and for nothing when nothing could be judged.
func TestTheReportIsEvidenceForWhatItsRulesName(t *testing.T) {
	fine := quarter(t)
	unread := newWorld(t, nil, nil).Facts
	unread.HR = History{}
	for name, c := range map[string]struct {
		f    Facts
		says string
	}{
		"a quarter":  {fine, "PCI-DSS 8.2.5"},
		"unread HR":  {unread, "The report is evidence for no control: who left is not known."},
		"no leavers": {newWorld(t, nil, nil).Facts, "The report is evidence for no control: there is no account whose time is over, so that nothing was judged."},
	} {
		m := Sum(c.f)
		in, _ := base(t, m)
		in.Evidence.Rules = []evidence.Rule{{ID: "leaver-active", Controls: []string{"PCI-DSS 8.2.5", "SOC2 CC6.2"}}, {ID: "dormant-account", Controls: []string{"PCI-DSS 8.2.6"}}}
		said := fmt.Sprintf("%+v", Document(in, m).Blocks)
		said, _, _ = strings.Cut(said, "How time is counted")
		if !strings.Contains(said, c.says) || strings.Contains(said, "8.2.6") || name != "a quarter" && strings.Contains(said, "8.2.5") {
			t.Errorf("%s: it says %s", name, said)
		}
	}
}
