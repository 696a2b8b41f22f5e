package duties

import (
	"slices"
	"strings"
	"testing"
)

const ruleset = `
functions:
  create: {title: Create vendors, entitlements: {erp: [CREATE_VENDOR, VENDOR_ALL]}}
  pay: {title: Pay vendors, entitlements: {erp: [PAY_VENDOR, VENDOR_ALL], bank: [approver]}}
  audit: {title: Audit payments, entitlements: {erp: [AUDIT]}}
  root: {title: Run the bank, entitlements: {bank: [admin]}}
  sign: {title: Sign, entitlements: {bank: [admin]}}
conflicts:
  - {id: vendor-pay, title: Create and pay, functions: [create, pay], severity: critical}
  - {id: pay-audit, title: Pay and audit, functions: [pay, audit, create], severity: high}
  - {id: root-sign, title: Run and sign, functions: [root, sign], severity: high}
mitigations:
  - {id: M-1, conflict: vendor-pay, person: W-1, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-22}
  - {id: M-2, conflict: vendor-pay, person: W-2, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-21}
`

func TestChangesOfTheRulesetAreNamed(t *testing.T) {
	before, now := &was{matrix: ruleset, rule: "a"}, &was{rule: "a"}
	now.matrix = strings.NewReplacer("severity: high}\n  - {id: root", "severity: critical}\n  - {id: root", "  - {id: M-2, conflict: vendor-pay, person: W-2, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-21}\n", "",
		"  audit:", "  new: {title: New, entitlements: {erp: [NEW]}}\n  audit:").Replace(ruleset)
	if got := changes(before, now); !slices.Equal(got, []string{"function new added", "conflict pay-audit changed", "mitigation M-2 removed"}) {
		t.Errorf("%q", got)
	}
	now.matrix, now.rule = ruleset+"# a remark\n", "b"
	if got := changes(before, now); len(got) != 2 || !strings.Contains(got[0], "was edited") || !strings.Contains(got[1], "judges conflicts changed") {
		t.Errorf("%q", got)
	}
}
