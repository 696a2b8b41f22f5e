package rules

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/sod"
)

func date(text string) time.Time {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return t
}

// person is an employee who works; change tells what is different.
func person(change func(*access.Person)) *access.Person {
	p := &access.Person{ID: "W-1", Row: 12, GivenName: "Maja", FamilyName: "Lind", DisplayName: "Maja Lind", Email: "m.lind@acme.example",
		Department: "Finance", Title: "Accountant", EmploymentType: access.Employee, Status: access.StatusActive, ManagerID: "W-9",
		StartDate: date("2024-01-08")}
	if change != nil {
		change(p)
	}
	return p
}

// account is an ordinary account of that person.
func account(change func(*access.AccountFacts)) *access.AccountFacts {
	a := &access.AccountFacts{Account: access.Account{System: "erp", ID: "17", Name: "MLIND", Kind: access.KindHuman, Enabled: true, MFA: access.Yes,
		CreatedAt: date("2024-01-08"), LastLogin: date("2026-11-20"), SourceRef: "row 17"},
		Link:           access.Link{System: "erp", AccountID: "17", Result: access.Linked, PersonID: "W-1", Key: access.KeyEmployeeID, Evidence: []string{`employee_id "w-1": 1 person`}},
		PreviousGrants: -1, SnapshotTakenAt: clock}
	if change != nil {
		change(a)
	}
	return a
}

func grant(name string, change func(*access.GrantFacts)) access.GrantFacts {
	g := access.GrantFacts{System: "erp", Entitlement: access.Entitlement{System: "erp", ID: name, Name: name, Kind: "role"}, Actual: true, Effective: true, Direct: true, Paths: 1}
	if change != nil {
		change(&g)
	}
	return g
}

const testBundles = `
bundles:
  - {name: finance, title: Finance staff, when: 'person.department == "Finance"', entitlements: {erp: [GL_READ]}}
`

const testMatrix = `
functions:
  create-vendor: {title: Create vendors, entitlements: {erp: [CREATE_VENDOR, VENDOR_ADMIN]}}
  pay-vendor: {title: Pay vendors, entitlements: {erp: [PAY_VENDOR], saas: [payments]}}
conflicts:
  - {id: vendor-pay, title: create a vendor and pay it, functions: [create-vendor, pay-vendor], severity: critical, controls: ["ORG FIN-4"]}
mitigations:
  - {conflict: vendor-pay, person: W-2, control: Weekly review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-22}
  - {conflict: vendor-pay, person: W-3, control: Weekly review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-21}
`

const testExceptions = `
exceptions:
  - {id: EX-1, rule: dormant-account, system: erp, subject: MLIND, owner: W-1, approver: W-2, reason: Seasonal, expires: 2026-11-22}
  - {id: EX-2, rule: dormant-account, system: saas, subject: MLIND, owner: W-1, approver: W-2, reason: Seasonal, expires: 2026-11-21}
`

func parse(t testing.TB, text string) *config.Document {
	t.Helper()
	doc, err := config.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func testEnv(t testing.TB) Env {
	t.Helper()
	b, err := LoadBundles([]*config.Document{parse(t, testBundles)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := sod.Load(parse(t, testMatrix), nil, clock)
	if err != nil {
		t.Fatal(err)
	}
	used := access.Snapshot{ID: "s1", State: access.Complete, TakenAt: clock}
	return Env{Now: clock, Bundles: b, Matrix: m, Systems: map[string]*access.SystemFacts{
		"hr":   {Name: "hr", IsHR: true, Used: used, Tonight: used},
		"erp":  {Name: "erp", Title: "Ledger", Used: used, Tonight: used},
		"vpn":  {Name: "vpn", Used: used, Tonight: used},
		"saas": {Name: "saas", Tonight: access.Snapshot{State: access.Failed}}}}
}

// says evaluates facts and lists "rule severity system/subject detail", sorted. It fails on any error of a rule.
func says(t testing.TB, env Env, f *access.PersonFacts) ([]string, []access.Finding) {
	t.Helper()
	e := builtin(t).Evaluator(env)
	var out []string
	var found []access.Finding
	err := e.Evaluate(f, func(h Hit) error {
		x := h.Finding
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s/%s %s", x.Rule, x.Severity, x.System, x.Subject, x.Detail)))
		found = append(found, x)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Stats().Errors(); n > 0 {
		t.Errorf("%d evaluations failed: %+v", n, e.Stats())
	}
	sort.Strings(out)
	return out, found
}

type ruleCase struct {
	name string
	f    *access.PersonFacts
	want string // "" or the findings joined by ", "
}

func one(p *access.Person, a ...*access.AccountFacts) *access.PersonFacts {
	return &access.PersonFacts{Person: p, Accounts: a}
}

func nobody(change func(*access.AccountFacts)) *access.PersonFacts {
	return &access.PersonFacts{Accounts: []*access.AccountFacts{account(func(a *access.AccountFacts) {
		a.Link = access.Link{System: "erp", AccountID: "17", Result: access.Unmatched, Evidence: []string{`employee_id "": 0 persons`}}
		change(a)
	})}}
}

func check(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, found := says(t, testEnv(t), c.f)
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(got, ", "), c.want)
			}
			for _, f := range found {
				if f.Message == "" || len(f.Evidence) == 0 || f.Hint == "" || len(f.Controls) == 0 || !strings.HasPrefix(f.ID, "F-") {
					t.Errorf("incomplete finding: %+v", f)
				}
				for _, ev := range f.Evidence {
					if ev.Expr == "" || ev.Value == "" || ev.Source == "" {
						t.Errorf("%s: incomplete evidence: %+v", f.Rule, ev)
					}
				}
			}
		})
	}
}

func TestAccountRules(t *testing.T) {
	leaver := func(end string) *access.Person {
		return person(func(p *access.Person) {
			p.Status = access.StatusTerminated
			if end != "" {
				p.EndDate = date(end)
			}
		})
	}
	contractor := func(end string) *access.Person {
		return person(func(p *access.Person) { p.EmploymentType = access.Contractor; p.EndDate = date(end) })
	}
	login := func(text string) func(*access.AccountFacts) {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return func(a *access.AccountFacts) { a.LastLogin = at }
	}
	check(t, []ruleCase{
		{"nothing wrong", one(person(nil), account(nil)), ""},
		{"orphan", nobody(func(a *access.AccountFacts) {}), "orphaned-account high erp/MLIND"},
		{"orphan without a login", nobody(func(a *access.AccountFacts) { a.LastLogin = time.Time{} }), "orphaned-account high erp/MLIND"},
		{"disabled orphan", nobody(func(a *access.AccountFacts) { a.Enabled = false }), ""},
		{"unmatched break-glass", nobody(func(a *access.AccountFacts) { a.Kind = access.KindBreakGlass }), ""},
		{"disputed", nobody(func(a *access.AccountFacts) { a.Link.Result = access.Disputed }), "disputed-link medium erp/MLIND"},
		{"disabled disputed", nobody(func(a *access.AccountFacts) { a.Link.Result, a.Enabled = access.Disputed, false }), ""},
		{"leaver", one(leaver("2026-11-13"), account(func(a *access.AccountFacts) { a.LastLogin = date("2026-11-13") })), "leaver-active critical erp/MLIND"},
		{"leaver without an end date", one(leaver(""), account(nil)), "leaver-active critical erp/MLIND"},
		{"leaver with an end date to come", one(leaver("2026-12-01"), account(nil)), "leaver-active critical erp/MLIND"},
		{"leaver, disabled", one(leaver("2026-11-20"), account(func(a *access.AccountFacts) { a.Enabled = false })), ""},
		{"leaver, contractor", one(person(func(p *access.Person) {
			p.EmploymentType, p.Status, p.EndDate = access.Contractor, access.StatusTerminated, date("2026-11-20")
		}), account(nil)), "leaver-active critical erp/MLIND"},
		{"contract ended yesterday", one(contractor("2026-11-21"), account(nil)), "contractor-expired high erp/MLIND"},
		{"contract ends today", one(contractor("2026-11-22"), account(nil)), ""},
		{"contract ended, disabled", one(contractor("2026-11-21"), account(func(a *access.AccountFacts) { a.Enabled = false })), ""},
		{"employee with a past end date", one(person(func(p *access.Person) { p.EndDate = date("2026-11-01") }), account(nil)), ""},
		{"login on the last day", one(leaver("2026-11-10"), account(func(a *access.AccountFacts) { a.Enabled = false; login("2026-11-10T23:59:59Z")(a) })), ""},
		{"login after the last day, disabled since", one(leaver("2026-11-10"), account(func(a *access.AccountFacts) { a.Enabled = false; login("2026-11-11T00:00:00Z")(a) })),
			"post-termination-login critical erp/MLIND"},
		{"login of a leaver without an end date", one(leaver(""), account(func(a *access.AccountFacts) { a.Enabled = false })), ""},
		{"used exactly 90 days ago", one(person(nil), account(login("2026-08-24T01:00:00Z"))), ""},
		{"used 90 days and a second ago", one(person(nil), account(login("2026-08-24T00:59:59Z"))), "dormant-account low erp/MLIND"},
		{"never used, old", one(person(nil), account(func(a *access.AccountFacts) { a.LastLogin, a.NeverLoggedIn = time.Time{}, true })), "dormant-account low erp/MLIND"},
		{"never used, new", one(person(nil), account(func(a *access.AccountFacts) {
			a.LastLogin, a.NeverLoggedIn, a.CreatedAt = time.Time{}, true, date("2026-11-01")
		})), ""},
		{"never used, age unknown", one(person(nil), account(func(a *access.AccountFacts) {
			a.LastLogin, a.NeverLoggedIn, a.CreatedAt = time.Time{}, true, time.Time{}
		})), ""},
		{"logins not told", one(person(nil), account(func(a *access.AccountFacts) { a.LastLogin = time.Time{} })), ""},
		{"dormant on leave", one(person(func(p *access.Person) { p.Status = access.StatusLeave }), account(login("2026-01-01T00:00:00Z"))), ""},
		{"privileged without mfa", one(person(nil), account(func(a *access.AccountFacts) { a.Privileged, a.MFA = true, access.No })), "privileged-without-mfa high erp/MLIND"},
		{"privileged by a grant without mfa", one(person(nil), account(func(a *access.AccountFacts) { a.PrivilegedEffective, a.MFA = true, access.No })), "privileged-without-mfa high erp/MLIND"},
		{"privileged, mfa unknown", one(person(nil), account(func(a *access.AccountFacts) { a.Privileged, a.MFA = true, access.Unknown })), ""},
		{"break-glass without mfa", nobody(func(a *access.AccountFacts) {
			a.Kind, a.Privileged, a.MFA, a.Link.Result = access.KindBreakGlass, true, access.No, access.ServiceOwned
		}), "privileged-without-mfa high erp/MLIND"},
		{"privileged service without mfa", nobody(func(a *access.AccountFacts) {
			a.Kind, a.Privileged, a.MFA = access.KindService, true, access.No
			a.Link.Result, a.Link.PersonID = access.ServiceOwned, "W-5"
		}), ""},
		{"shared", nobody(func(a *access.AccountFacts) { a.Kind, a.Link.Result = access.KindShared, access.ServiceOwned }), "shared-account medium erp/MLIND"},
		{"shared, owned", nobody(func(a *access.AccountFacts) {
			a.Kind, a.Link.Result, a.Link.PersonID, a.Owner = access.KindShared, access.ServiceOwned, "W-5", person(nil)
		}), "shared-account medium erp/MLIND"},
		{"shared, disabled", nobody(func(a *access.AccountFacts) {
			a.Kind, a.Link.Result, a.Enabled = access.KindShared, access.ServiceOwned, false
		}), ""},
		{"service without owner", nobody(func(a *access.AccountFacts) { a.Kind, a.Link.Result = access.KindService, access.ServiceOwned }), "service-account-without-owner medium erp/MLIND"},
		{"service, owner works", nobody(func(a *access.AccountFacts) {
			a.Kind, a.Link.Result, a.Link.PersonID, a.Owner = access.KindService, access.ServiceOwned, "W-1", person(nil)
		}), ""},
		{"service, owner left", nobody(func(a *access.AccountFacts) {
			a.Kind, a.Link.Result, a.Link.PersonID, a.Owner = access.KindService, access.ServiceOwned, "W-1", leaver("2026-11-01")
		}), "service-account-without-owner medium erp/MLIND"},
	})
}

func TestAccessSpikeBoundaries(t *testing.T) {
	for _, c := range []struct{ before, now, want int }{{-1, 40, 0}, {0, 4, 0}, {0, 5, 1}, {5, 9, 0}, {5, 10, 1}, {6, 11, 0}, {6, 12, 1}, {30, 40, 0}, {4, 8, 0}} {
		a := account(func(a *access.AccountFacts) { a.PreviousGrants, a.PreviousTakenAt = c.before, date("2026-11-15") })
		for i := range c.now {
			a.Grants = append(a.Grants, grant(fmt.Sprintf("E%02d", i), func(g *access.GrantFacts) { g.Expected = true }))
		}
		a.Grants = append(a.Grants, grant("NOT_HELD", func(g *access.GrantFacts) { g.Actual, g.Effective, g.Expected = false, false, true }))
		got, _ := says(t, testEnv(t), one(person(nil), a))
		if len(got) != c.want {
			t.Errorf("from %d to %d: %v", c.before, c.now, got)
		}
	}
}

func TestGrantRules(t *testing.T) {
	with := func(p *access.Person, a func(*access.AccountFacts), g ...access.GrantFacts) *access.PersonFacts {
		acc := account(a)
		acc.Grants = g
		return one(p, acc)
	}
	lacks := func(p *access.Person, g access.GrantFacts) *access.PersonFacts {
		g.Actual, g.Effective, g.Expected, g.Basis = false, false, true, []access.Basis{{Kind: "bundle", Name: "finance"}}
		return &access.PersonFacts{Person: p, Missing: []access.GrantFacts{g}}
	}
	elsewhere := func(g *access.GrantFacts) { g.System, g.Entitlement.System = "saas", "saas" }
	off := account(func(a *access.AccountFacts) {
		a.System = "saas"
	})
	off.Grants = []access.GrantFacts{grant("payments", elsewhere)}
	check(t, []ruleCase{
		{"expected", with(person(nil), nil, grant("GL_READ", func(g *access.GrantFacts) { g.Expected = true })), ""},
		{"creep", with(person(nil), nil, grant("GL_POST", nil)), "privilege-creep medium erp/MLIND GL_POST"},
		{"privileged creep", with(person(nil), nil, grant("ADMIN", func(g *access.GrantFacts) { g.Entitlement.Privileged = true })), "privilege-creep high erp/MLIND ADMIN"},
		{"creep through a group", with(person(nil), nil, grant("GL_POST", func(g *access.GrantFacts) { g.Direct, g.Path = false, []string{"AP", "AP_SENIOR"} })), "privilege-creep medium erp/MLIND GL_POST"},
		{"not effective", with(person(nil), nil, grant("GL_POST", func(g *access.GrantFacts) { g.Effective = false })), ""},
		{"disabled account", with(person(nil), func(a *access.AccountFacts) { a.Enabled = false }, grant("GL_POST", nil)), ""},
		{"break-glass", with(person(nil), func(a *access.AccountFacts) { a.Kind = access.KindBreakGlass }, grant("GL_POST", nil)), ""},
		{"disputed", with(nil, func(a *access.AccountFacts) { a.Link.Result = access.Disputed }, grant("GL_POST", nil)), "disputed-link medium erp/MLIND"},
		{"system without bundles", one(person(nil), off), ""},
		{"leaver's grants", with(person(func(p *access.Person) { p.Status = access.StatusTerminated }), nil, grant("GL_POST", nil)), "leaver-active critical erp/MLIND"},
		{"on leave", with(person(func(p *access.Person) { p.Status = access.StatusLeave }), nil, grant("GL_POST", nil)), "privilege-creep medium erp/MLIND GL_POST"},
		{"expired contractor's grants", with(person(func(p *access.Person) {
			p.EmploymentType, p.EndDate = access.Contractor, date("2026-11-21")
		}), nil, grant("GL_POST", nil)), "contractor-expired high erp/MLIND"},
		{"contractor on the last day", with(person(func(p *access.Person) {
			p.EmploymentType, p.EndDate = access.Contractor, date("2026-11-22")
		}), nil, grant("GL_POST", nil)), "privilege-creep medium erp/MLIND GL_POST"},
		{"missing", lacks(person(nil), grant("GL_READ", nil)), "missing-access medium erp/W-1 GL_READ"},
		{"missing, prehire", lacks(person(func(p *access.Person) { p.Status, p.StartDate = access.StatusPrehire, date("2026-11-25") }), grant("GL_READ", nil)), "missing-access medium erp/W-1 GL_READ"},
		{"missing, on leave", lacks(person(func(p *access.Person) { p.Status = access.StatusLeave }), grant("GL_READ", nil)), ""},
		{"missing where nothing was read", lacks(person(nil), grant("payments", elsewhere)), ""},
	})
}

func TestSegregationOfDuties(t *testing.T) {
	holds := func(id string, change func(*access.AccountFacts), names ...string) *access.PersonFacts {
		a := account(change)
		a.Link.PersonID = id
		for _, n := range names {
			a.Grants = append(a.Grants, grant(n, func(g *access.GrantFacts) { g.Expected = true }))
		}
		return one(person(func(p *access.Person) { p.ID = id }), a)
	}
	across := holds("W-1", nil, "CREATE_VENDOR")
	across.Accounts = append(across.Accounts, account(func(a *access.AccountFacts) {
		a.System, a.ID = "saas", "u-9"
		a.Grants = []access.GrantFacts{grant("payments", func(g *access.GrantFacts) { g.System, g.Expected = "saas", true })}
	}))
	weak := holds("W-1", nil, "CREATE_VENDOR", "PAY_VENDOR")
	weak.Accounts[0].Grants[1].Effective = false
	check(t, []ruleCase{
		{"one function", holds("W-1", nil, "CREATE_VENDOR", "VENDOR_ADMIN"), ""},
		{"both", holds("W-1", nil, "CREATE_VENDOR", "PAY_VENDOR"), "sod-conflict critical erp/W-1 vendor-pay"},
		{"across systems", across, "sod-conflict critical erp+saas/W-1 vendor-pay"},
		{"not effective", weak, ""},
		{"disabled account", holds("W-1", func(a *access.AccountFacts) { a.Enabled = false }, "CREATE_VENDOR", "PAY_VENDOR"), ""},
	})
	for id, want := range map[string]string{"W-1": "", "W-2": "vendor-pay:W-2", "W-3": ""} {
		_, found := says(t, testEnv(t), holds(id, nil, "CREATE_VENDOR", "PAY_VENDOR"))
		if len(found) != 1 || found[0].Exception != want {
			t.Errorf("%s: exception %+v, want %q", id, found, want)
		}
		if len(found) == 1 && !slices.Contains(found[0].Controls, "ORG FIN-4") {
			t.Errorf("the conflict's own control is not among %v", found[0].Controls)
		}
	}
}

func TestPersonRules(t *testing.T) {
	q := func(q access.Quality, p *access.Person) *access.PersonFacts {
		return &access.PersonFacts{Person: p, Quality: q}
	}
	left := person(func(p *access.Person) { p.Status = access.StatusTerminated })
	all := access.Quality{ManagerMissing: true, ManagerUnknown: true, DepartmentUnknown: true, ManagerCycle: []string{"W-1", "W-2"}, DuplicateEmail: []string{"W-4"}}
	noEmail := person(func(p *access.Person) { p.Email, p.ManagerID, p.Department = "", "", "" })
	contractor := func(s access.Status, end time.Time) *access.Person {
		return person(func(p *access.Person) { p.EmploymentType, p.Status, p.EndDate = access.Contractor, s, end })
	}
	every := "hr-duplicate-email medium hr/W-1, hr-manager-cycle medium hr/W-1, hr-missing-manager low hr/W-1, hr-unknown-department low hr/W-1, hr-unknown-manager low hr/W-1"
	check(t, []ruleCase{
		{"clean", q(access.Quality{}, person(nil)), ""},
		{"everything", q(all, person(nil)), every},
		{"everything, and the fields are empty", q(all, noEmail), every},
		{"everything, but left", q(all, left), ""},
		{"double worker id", q(access.Quality{DuplicateID: 1}, left), "hr-duplicate-worker-id medium hr/W-1"},
		{"contractor without end", q(access.Quality{}, contractor(access.StatusActive, time.Time{})), "hr-contractor-without-end medium hr/W-1"},
		{"contractor without end, left", q(access.Quality{}, contractor(access.StatusTerminated, time.Time{})), ""},
		{"contractor with end", q(access.Quality{}, contractor(access.StatusActive, date("2027-01-01"))), ""},
		{"end on the start date", q(access.Quality{}, person(func(p *access.Person) { p.EndDate = p.StartDate })), ""},
		{"end before the start date", q(access.Quality{}, person(func(p *access.Person) { p.EndDate = p.StartDate.AddDate(0, 0, -1) })), "hr-end-before-start low hr/W-1"},
	})
}

func TestSystemRules(t *testing.T) {
	e := builtin(t).Evaluator(testEnv(t))
	for _, state := range []access.SnapshotState{access.Complete, access.Partial, access.Failed, access.Held} {
		var got []access.Finding
		sf := &access.SystemFacts{Name: "saas", Title: "Ticket desk", Tonight: access.Snapshot{State: state, Reason: "page 3 of 6: 503", TakenAt: clock}}
		if err := e.EvaluateSystem(sf, func(h Hit) error { got = append(got, h.Finding); return nil }); err != nil {
			t.Fatal(err)
		}
		if (len(got) == 1) != (state != access.Complete) {
			t.Errorf("%s: %+v", state, got)
		}
		if len(got) == 1 && (got[0].Subject != "saas" || got[0].System != "saas" || !strings.Contains(got[0].Message, "Ticket desk is "+string(state)+": page 3 of 6")) {
			t.Errorf("%+v", got[0])
		}
	}
}

func TestExceptionsCoverUpToTheirDay(t *testing.T) {
	env := testEnv(t)
	x, err := LoadExceptions(parse(t, testExceptions), clock, builtin(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	env.Exceptions = x
	old := func(system string) *access.AccountFacts {
		return account(func(a *access.AccountFacts) { a.System, a.LastLogin = system, date("2025-01-01") })
	}
	_, found := says(t, env, one(person(nil), old("erp"), old("saas")))
	if len(found) != 2 || found[0].Exception != "EX-1" || found[1].Exception != "" {
		t.Errorf("%+v", found)
	}
	if exp := x.Expired(); len(exp) != 1 || exp[0].ID != "EX-2" {
		t.Errorf("expired: %+v", exp)
	}
}
