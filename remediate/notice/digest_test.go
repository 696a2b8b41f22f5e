package notice_test

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate/notice"
)

func TestADigestSumsAndOrdersWhatItsSystemsHave(t *testing.T) {
	d := notice.Digest{Systems: []string{"erp", "saas"}, Before: &notice.Totals{Open: 9}, Counts: []access.RuleCount{
		{Rule: "dormant", System: "erp", Severity: access.Low, Open: 5},
		{Rule: "creep", System: "erp", Severity: access.Medium, New: 1, Open: 2, Resolved: 1},
		{Rule: "creep", System: "saas", Severity: access.High, Reopened: 2, Open: 3},
		{Rule: "orphan", System: "saas", Severity: access.High, Open: 4},
		{Rule: "nothing", System: "saas", Severity: access.Critical},
	}}
	var order []string
	for _, r := range d.Rules() {
		order = append(order, r.Rule)
	}
	if len(order) != 3 || order[0] != "creep" || order[1] != "orphan" || order[2] != "dormant" {
		t.Errorf("rules %v", order)
	}
	if got := d.Totals(); got != (notice.Totals{New: 3, Resolved: 1, Open: 14}) {
		t.Errorf("totals %+v", got)
	}
	if got, want := d.Headline(), "3 new, 1 resolved, 14 open in 2 systems (5 more than last time)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for name, c := range map[string]struct {
		d    notice.Digest
		want string
	}{
		"nothing":        {notice.Digest{Systems: []string{"erp"}}, "Nothing is open in erp"},
		"all resolved":   {notice.Digest{Systems: []string{"erp"}, Counts: []access.RuleCount{{Rule: "r", Resolved: 2}}, Before: &notice.Totals{Open: 2}}, "0 new, 2 resolved, 0 open in erp (2 fewer than last time)"},
		"the first run":  {notice.Digest{Counts: []access.RuleCount{{Rule: "r", New: 2, Open: 2}}}, "2 new, 0 resolved, 2 open in your systems"},
		"nothing is new": {notice.Digest{Systems: []string{"erp"}, Counts: []access.RuleCount{{Rule: "r", Open: 2}}, Before: &notice.Totals{Open: 2}}, "0 new, 0 resolved, 2 open in erp (as many as last time)"},
	} {
		if got := c.d.Headline(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if !(notice.Digest{}).Empty() || (notice.Digest{Incomplete: []string{"saas"}}).Empty() || d.Empty() {
		t.Error("what is empty is not, or the other way round")
	}
}

func TestOnlyWhatIsCriticalAndNewIsToldOnItsOwn(t *testing.T) {
	d := notice.Digest{Findings: []access.Finding{
		{ID: "F-1", Severity: access.Critical, Change: access.ChangeNew}, {ID: "F-2", Severity: access.Critical, Change: access.ChangeStill},
		{ID: "F-3", Severity: access.High, Change: access.ChangeNew}, {ID: "F-4", Severity: access.Critical, Change: access.ChangeReopened}}}
	got := d.Critical()
	if len(got) != 2 || got[0].ID != "F-1" || got[1].ID != "F-4" {
		t.Errorf("%+v", got)
	}
}

func TestLinksLeadNowhereWithoutAConsole(t *testing.T) {
	none, some := notice.Links{}, notice.Links{Console: "https://muster.acme.example/"}
	for got, want := range map[string]string{
		none.Finding("F-1"): "", some.Finding("F-1/../x"): "https://muster.acme.example/findings/F-1%2F..%2Fx", some.Rule("a&b"): "https://muster.acme.example/findings?rule=a%26b",
		some.Approval("AP-1"): "https://muster.acme.example/approvals/AP-1", some.All(): "https://muster.acme.example/findings",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheStateAfterTheDeadlineHasAName(t *testing.T) {
	at := time.Date(2026, 11, 25, 1, 0, 0, 0, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		a    access.Approval
		want string
	}{
		"actions":     {access.Approval{About: access.AboutActions, ExpiresAt: at}, "until 2026-11-25 00:00 UTC; then nothing is changed and the access stays as it is"},
		"request":     {access.Approval{About: access.AboutRequest, ExpiresAt: at}, "until 2026-11-25 00:00 UTC; then the request is refused and nothing is given"},
		"exception":   {access.Approval{About: access.AboutException, ExpiresAt: at}, "until 2026-11-25 00:00 UTC; then the risk is not accepted and the finding stays open"},
		"done anyway": {access.Approval{About: access.AboutActions, OnExpiry: access.ExpiryApply, ExpiresAt: at}, "until 2026-11-25 00:00 UTC; then the change is made all the same"},
		"no deadline": {access.Approval{}, "until somebody decides; until then nothing is changed"},
	} {
		if got := notice.Deadline(c.a); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	two := access.Approval{Need: 2, Decisions: []access.Decision{{Verdict: access.Approve}}}
	if got, want := notice.Needed(two), "2 different persons must approve; so far 1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	d := access.Decision{Verdict: access.Deny, ByName: "Ana Silva", Role: "owner", Channel: access.ChannelCLI, At: at, Reason: "not before Friday"}
	if got, want := notice.Decided(d), "Denied by Ana Silva (owner) 2026-11-25 00:00 UTC by cli: not before Friday"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
