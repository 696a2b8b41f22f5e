package expect

import (
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules"
)

var asOf = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

const policy = `bundles:
  - name: staff
    when: person.status != "terminated"
    lead_days: 7
    entitlements: {vpn: [users], erp: [TIME]}
  - name: finance
    when: person.department == "Finance"
    entitlements: {erp: [TIME, LEDGER]}
`

func book(t *testing.T, people ...access.Person) *Book {
	t.Helper()
	return bookOf(t, policy, people...)
}

func bookOf(t *testing.T, policy string, people ...access.Person) *Book {
	t.Helper()
	doc, err := config.Parse("bundles.yaml", []byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	bundles, err := rules.LoadBundles([]*config.Document{doc}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := NewBook(bundles, asOf)
	for i, p := range people {
		if err := b.Learn(uint64(i), p); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func date(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestFillGivesWhatIsExpectedAtTheRunsClock(t *testing.T) {
	active := access.Person{ID: "W-1", Status: access.StatusActive, Department: "Finance", ManagerID: "W-2", StartDate: date("2020-01-01")}
	with := func(change func(*access.Person)) access.Person {
		p := active
		change(&p)
		return p
	}
	tests := []struct {
		name   string
		person access.Person
		want   []string
	}{
		{"active", active, []string{"erp/LEDGER", "erp/TIME", "vpn/users"}},
		{"another department", with(func(p *access.Person) { p.Department = "Sales" }), []string{"erp/TIME", "vpn/users"}},
		{"starts in 7 days: only what opens early", with(func(p *access.Person) { p.StartDate = date("2026-11-29") }), []string{"erp/TIME", "vpn/users"}},
		{"starts in 8 days", with(func(p *access.Person) { p.StartDate = date("2026-11-30") }), nil},
		{"starts today", with(func(p *access.Person) { p.StartDate = date("2026-11-22") }), []string{"erp/LEDGER", "erp/TIME", "vpn/users"}},
		{"last day today", with(func(p *access.Person) { p.EndDate = date("2026-11-22") }), []string{"erp/LEDGER", "erp/TIME", "vpn/users"}},
		{"last day yesterday", with(func(p *access.Person) { p.EndDate = date("2026-11-21") }), nil},
		{"terminated", with(func(p *access.Person) { p.Status = access.StatusTerminated }), nil},
		{"unknown status", with(func(p *access.Person) { p.Status = access.StatusUnknown }), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := &Filler{Book: book(t, tt.person), Usable: map[string]bool{"erp": true, "vpn": true}}
			facts := &access.PersonFacts{Person: &tt.person}
			if err := f.Fill(facts, 0); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range facts.Missing {
				got = append(got, g.System+"/"+g.Entitlement.Name)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("missing %v, want %v", got, tt.want)
			}
		})
	}
}

func TestFillMarksWhatIsHeldAndSkipsSystemsThatWereNotRead(t *testing.T) {
	p := access.Person{ID: "W-1", Status: access.StatusActive, Department: "Finance"}
	grant := func(name string) access.GrantFacts {
		return access.GrantFacts{System: "erp", Entitlement: access.Entitlement{System: "erp", Name: name}, Actual: true}
	}
	facts := &access.PersonFacts{Person: &p, Accounts: []*access.AccountFacts{{Account: access.Account{System: "erp"}, Grants: []access.GrantFacts{grant("LEDGER"), grant("PAYROLL")}}}}
	f := &Filler{Book: book(t, p), Usable: map[string]bool{"erp": true}, Departments: []string{"Sales"}, Managers: map[string]string{"W-1": "W-1"},
		Catalogue: map[access.EntitlementRef]access.Entitlement{{System: "erp", Name: "TIME"}: {System: "erp", Name: "TIME", Kind: "role"}}}
	if err := f.Fill(facts, 0); err != nil {
		t.Fatal(err)
	}
	grants := facts.Accounts[0].Grants
	if !grants[0].Expected || len(grants[0].Basis) != 1 || grants[0].Basis[0].Name != "finance" {
		t.Errorf("LEDGER: %+v", grants[0])
	}
	if grants[1].Expected {
		t.Errorf("PAYROLL is expected: %+v", grants[1])
	}
	if len(facts.Missing) != 1 || facts.Missing[0].Entitlement.Kind != "role" || len(facts.Missing[0].Basis) != 2 {
		t.Errorf("missing: %+v, want TIME of erp with both bundles and nothing of the vpn, which was not read", facts.Missing)
	}
	if q := facts.Quality; !q.ManagerMissing || !q.DepartmentUnknown || len(q.ManagerCycle) != 1 {
		t.Errorf("quality: %+v", q)
	}
}

func TestConditionThatFailsMakesUnsureNotWrong(t *testing.T) {
	const policy = `bundles:
  - {name: staff, when: person.status != "terminated", lead_days: 3, entitlements: {vpn: [users]}}
  - {name: senior, when: int(person.cost_centre) > 500, lead_days: 7, entitlements: {erp: [LEDGER]}}
`
	people := []access.Person{
		{ID: "W-1", Status: access.StatusActive, CostCentre: "700"},
		{ID: "W-2", Status: access.StatusActive, CostCentre: "none"},
		{ID: "W-3", Status: access.StatusTerminated, CostCentre: "none"},
		{ID: "W-4", Status: access.StatusPrehire, CostCentre: "none", StartDate: asOf.AddDate(0, 0, 6)},
		{ID: "W-5", Status: access.StatusPrehire, CostCentre: "none", StartDate: asOf.AddDate(0, 0, 9)},
	}
	b := bookOf(t, policy, people...)
	for i, unsure := range []bool{false, true, false, true, false} {
		if got := b.Unsure(uint64(i), &people[i]); (got != "") != unsure {
			t.Errorf("%s: unsure %q, want %v", people[i].ID, got, unsure)
		}
	}
	want, err := b.of(1, &people[1])
	if err != nil || len(want.list) != 1 || want.list[0].Ref.System != "vpn" {
		t.Errorf("what the other bundles give: %+v, %v", want, err)
	}
}

func TestBundlesThatReadNoFieldHoldForEverybody(t *testing.T) {
	p := access.Person{ID: "W-1", Status: access.StatusActive}
	for name, policy := range map[string]string{"none": "bundles: []\n", "always": "bundles: [{name: all, when: 'true', entitlements: {vpn: [users]}}]\n"} {
		b := bookOf(t, policy, access.Person{})
		const other = 4711 // the store numbers the one profile as it likes
		if _, err := b.of(other, &p); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProfilesThatExpectTheSameShareIt(t *testing.T) {
	people := make([]access.Person, 50)
	for i := range people {
		people[i] = access.Person{Status: access.StatusActive, Department: "Sales"}
	}
	b := book(t, people...)
	if len(b.sets) != 1 {
		t.Errorf("%d sets for %d profiles that expect the same, want 1", len(b.sets), len(people))
	}
}
