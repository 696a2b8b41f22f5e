package sod

import (
	"reflect"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
)

const matrix = `
functions:
  pay: {title: Pay vendors, entitlements: {saas: [payments], erp: [PAY_VENDOR, PAY_ALL]}}
  create: {title: Create vendors, entitlements: {erp: [CREATE_VENDOR, PAY_ALL]}}
conflicts:
  - {id: vendor-pay, title: Create and pay, functions: [pay, create], severity: high}
mitigations:
  - {id: M-1, conflict: vendor-pay, person: W-1, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-22}
  - {conflict: vendor-pay, person: W-2, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-21}
`

func load(t *testing.T) *Matrix {
	t.Helper()
	doc, err := config.Parse("sod.yaml", []byte(matrix))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(doc, []string{"erp", "saas"}, time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFunctionsComeFromEffectiveGrantsOfEnabledLinkedAccounts(t *testing.T) {
	m := load(t)
	facts := func(enabled bool, link access.LinkResult, g ...access.GrantFacts) *access.PersonFacts {
		a := &access.AccountFacts{Account: access.Account{System: "erp", Enabled: enabled}, Link: access.Link{Result: link}, Grants: g}
		return &access.PersonFacts{Accounts: []*access.AccountFacts{a}}
	}
	g := func(name string, actual, effective bool) access.GrantFacts {
		return access.GrantFacts{System: "erp", Entitlement: access.Entitlement{Name: name}, Actual: actual, Effective: effective}
	}
	all := access.EntitlementRef{System: "erp", Name: "PAY_ALL"}
	vendor := access.EntitlementRef{System: "erp", Name: "PAY_VENDOR"}
	for _, c := range []struct {
		name string
		f    *access.PersonFacts
		want map[string][]access.EntitlementRef
	}{
		{"two ways, one given twice", facts(true, access.Linked, g("PAY_VENDOR", true, true), g("PAY_ALL", true, true), g("PAY_ALL", true, true)),
			map[string][]access.EntitlementRef{"pay": {all, vendor}, "create": {all}}},
		{"not effective", facts(true, access.Linked, g("PAY_ALL", true, false)), nil},
		{"only expected", facts(true, access.Linked, g("PAY_ALL", false, true)), nil},
		{"disabled", facts(false, access.Linked, g("PAY_ALL", true, true)), nil},
		{"disputed", facts(true, access.Disputed, g("PAY_ALL", true, true)), nil},
		{"the name in another system", facts(true, access.Linked, g("payments", true, true)), nil},
	} {
		if got := m.Functions(c.f); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestMitigationsHoldThroughTheirLastDay(t *testing.T) {
	m := load(t)
	if mit, ok := m.Mitigation("vendor-pay", "W-1"); !ok || mit.ID != "M-1" {
		t.Errorf("W-1: %+v, %v", mit, ok)
	}
	if _, ok := m.Mitigation("vendor-pay", "W-2"); ok {
		t.Error("an expired mitigation is in force")
	}
	if len(m.Mitigations()) != 2 || !m.Mitigations()[1].Expired || m.Mitigations()[1].ID != "vendor-pay:W-2" {
		t.Errorf("%+v", m.Mitigations())
	}
}

func TestTheMatrixIsInOrder(t *testing.T) {
	m := load(t)
	if f := m.All(); len(f) != 2 || f[0].Name != "create" || f[1].Entitlements[0].String() != "erp/PAY_ALL" {
		t.Errorf("%+v", f)
	}
	if c := m.Conflicts(); len(c) != 1 || !reflect.DeepEqual(c[0].Functions, []string{"create", "pay"}) {
		t.Errorf("%+v", c)
	}
}
