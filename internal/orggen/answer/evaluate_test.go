package answer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// now is the moment of every case; today is 2026-11-22.
func now() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }

func day(n int) time.Time { return now().Truncate(24*time.Hour).AddDate(0, 0, n) }

// small is a policy of two groups that nest, an administrator's entitlement and one conflict across systems.
type small struct {
	policy                   *model.Policy
	staff, child, admin, pay *model.Entitlement
}

func newSmall() small {
	staff := &model.Entitlement{Index: 0, System: model.Directory, Name: "staff"}
	child := &model.Entitlement{Index: 1, System: model.Directory, Name: "deploy", Parent: &model.Entitlement{Index: 2, System: model.Directory, Name: "prod"}}
	admin := &model.Entitlement{Index: 3, System: model.SaaS, Name: "Admins", Privileged: true}
	pay := &model.Entitlement{Index: 4, System: model.ERP, Name: "PAY"}
	p := &model.Policy{Entitlements: []*model.Entitlement{staff, child, child.Parent, admin, pay}, Departments: []string{"Sales"}}
	p.Bundles = []*model.Bundle{{Name: "all", LeadDays: 7, Entitlements: []*model.Entitlement{staff}}}
	p.Functions = []model.Function{{Name: "deploys", GivenBy: []*model.Entitlement{child.Parent}}, {Name: "pays", GivenBy: []*model.Entitlement{pay}}}
	p.Conflicts = []model.Conflict{{ID: "both", Functions: []string{"deploys", "pays"}, Severity: access.Critical}}
	p.Governs = [model.Systems]bool{model.Directory: true, model.SaaS: true, model.ERP: true}
	return small{p, staff, child, admin, pay}
}

// judgeOne judges one person with accounts and returns "rule system/subject detail severity state" lines.
func judgeOne(s small, p *model.Person) []string {
	var out []string
	e := New(s.policy, now(), func(i int) []int { return []int{i} }, func(f Finding) {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s/%s %s", f.Rule, f.System, f.Subject, f.Detail))+fmt.Sprintf(" %s %s", f.Severity, f.State))
	})
	e.Person(p)
	slices.Sort(out)
	return out
}

// worker is an active employee who holds what they should, by one account in the directory.
func worker(s small) *model.Person {
	p := &model.Person{}
	p.ID, p.Department, p.ManagerID, p.Status, p.EmploymentType, p.StartDate = "W-1", "Sales", "W-2", access.StatusActive, access.Employee, day(-900)
	p.Accounts = []*model.Account{account(model.Directory, "wo", s.staff)}
	return p
}

func account(s model.System, name string, list ...*model.Entitlement) *model.Account {
	a := &model.Account{System: s, Name: name, Kind: access.KindHuman, Enabled: true, Keys: model.NoKeys(), LastLogin: day(-3), CreatedAt: day(-800)}
	a.Keys.EmployeeID = 0
	a.Give(list...)
	return a
}

// spoiled is a person with one thing changed, and what must be found.
type spoiled struct {
	name  string
	spoil func(s small, p *model.Person)
	want  []string
}

func TestOnePersonAtATime(t *testing.T) {
	for _, c := range append(leaving(), using()...) {
		t.Run(c.name, func(t *testing.T) {
			s := newSmall()
			p := worker(s)
			c.spoil(s, p)
			if got := judgeOne(s, p); !slices.Equal(got, c.want) {
				t.Errorf("found\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func leaving() []spoiled {
	return []spoiled{
		{"nothing wrong", func(small, *model.Person) {}, nil},
		{"left and enabled", func(_ small, p *model.Person) { p.Status, p.EndDate = access.StatusTerminated, day(-1) },
			[]string{"leaver-active directory/wo critical open"}},
		{"used on the day after the last", func(_ small, p *model.Person) {
			p.Status, p.EndDate = access.StatusTerminated, day(-9)
			p.Accounts[0].Enabled, p.Accounts[0].LastLogin = false, day(-8)
		}, []string{"post-termination-login directory/wo critical open"}},
		{"used in the last second of the last day", func(_ small, p *model.Person) {
			p.Status, p.EndDate = access.StatusTerminated, day(-9)
			p.Accounts[0].Enabled, p.Accounts[0].LastLogin = false, day(-8).Add(-time.Second)
		}, nil},
		{"contract ended yesterday", func(_ small, p *model.Person) { p.EmploymentType, p.EndDate = access.Contractor, day(-1) },
			[]string{"contractor-expired directory/wo high open"}},
		{"contract ends today", func(_ small, p *model.Person) { p.EmploymentType, p.EndDate = access.Contractor, day(0) }, nil},
		{"contractor without end", func(_ small, p *model.Person) { p.EmploymentType = access.Contractor },
			[]string{"hr-contractor-without-end hr/W-1 medium open"}},
		{"nested excess", func(s small, p *model.Person) { p.Accounts[0].Give(s.child) },
			[]string{"privilege-creep directory/wo deploy medium open", "privilege-creep directory/wo prod medium open"}},
		{"privileged excess without second factor", func(s small, p *model.Person) {
			a := account(model.SaaS, "w@", s.admin)
			a.MFA = access.No
			p.Accounts = append(p.Accounts, a)
		}, []string{"privilege-creep saas/w@ Admins high open", "privileged-without-mfa saas/w@ high open"}},
		{"excess whose grant is over", func(s small, p *model.Person) {
			p.Accounts = append(p.Accounts, account(model.ERP, "WO", s.pay))
			p.Accounts[1].Grants[0].Expires = day(-1)
		}, nil},
		{"excess in a system that no bundle names", func(s small, p *model.Person) {
			s.policy.Governs[model.ERP] = false
			p.Accounts = append(p.Accounts, account(model.ERP, "WO", s.pay))
		}, nil},
		{"no account", func(_ small, p *model.Person) { p.Accounts = nil }, []string{"missing-access directory/W-1 staff medium open"}},
		{"held by a disabled account", func(_ small, p *model.Person) { p.Accounts[0].Enabled = false }, nil},
		{"starts in seven days, no account", func(_ small, p *model.Person) {
			p.Status, p.StartDate, p.Accounts = access.StatusPrehire, day(7), nil
		}, []string{"missing-access directory/W-1 staff medium open"}},
		{"starts in eight days, no account", func(_ small, p *model.Person) {
			p.Status, p.StartDate, p.Accounts = access.StatusPrehire, day(8), nil
		}, nil},
		{"on leave, no account", func(_ small, p *model.Person) { p.Status, p.Accounts = access.StatusLeave, nil }, nil},
	}
}

func using() []spoiled {
	return []spoiled{
		{"conflict across systems, mitigated until today", func(s small, p *model.Person) {
			p.Accounts[0].Give(s.child)
			p.Accounts = append(p.Accounts, account(model.ERP, "WO", s.pay))
			p.Mitigated = []model.Mitigation{{Conflict: "both", Expires: day(0)}}
			p.Excepted = []model.Exception{{Rule: "privilege-creep", System: "erp", Subject: "WO", Detail: "PAY", Expires: day(-1)},
				{Rule: "privilege-creep", System: "directory", Subject: "wo", Detail: "prod", Expires: day(1)}}
		}, []string{"privilege-creep directory/wo deploy medium open", "privilege-creep directory/wo prod medium excepted",
			"privilege-creep erp/WO PAY medium open", "sod-conflict directory+erp/W-1 both critical excepted"}},
		{"conflict with one account disabled", func(s small, p *model.Person) {
			p.Accounts[0].Give(s.child)
			p.Accounts = append(p.Accounts, account(model.ERP, "WO", s.pay))
			p.Accounts[0].Enabled = false
		}, []string{"privilege-creep erp/WO PAY medium open"}},
		{"unused for exactly 90 days", func(_ small, p *model.Person) { p.Accounts[0].LastLogin = now().AddDate(0, 0, -90) }, nil},
		{"unused for a second longer", func(_ small, p *model.Person) { p.Accounts[0].LastLogin = now().AddDate(0, 0, -90).Add(-time.Second) },
			[]string{"dormant-account directory/wo low open"}},
		{"unused and on leave", func(_ small, p *model.Person) {
			p.Status, p.Accounts[0].LastLogin = access.StatusLeave, day(-200)
		}, nil},
		{"never used", func(_ small, p *model.Person) { p.Accounts[0].Never, p.Accounts[0].LastLogin = true, time.Time{} },
			[]string{"dormant-account directory/wo low open"}},
		{"login not known", func(_ small, p *model.Person) { p.Accounts[0].LastLogin = time.Time{} }, nil},
		{"two keys name two persons", func(_ small, p *model.Person) { p.Accounts[0].Keys.Email = 1 },
			[]string{"disputed-link directory/wo medium open", "missing-access directory/W-1 staff medium open"}},
		{"no key matches", func(_ small, p *model.Person) { p.Accounts[0].Keys = model.NoKeys() },
			[]string{"missing-access directory/W-1 staff medium open", "orphaned-account directory/wo high open"}},
		{"HR knows neither manager nor department", func(_ small, p *model.Person) { p.ManagerID, p.Department = "", "Salse" },
			[]string{"hr-missing-manager hr/W-1 low open", "hr-unknown-department hr/W-1 low open"}},
		{"twice in HR, ends before the start, and has left", func(_ small, p *model.Person) {
			p.Status, p.EndDate, p.ManagerID, p.Accounts, p.Defects.DuplicateRow = access.StatusTerminated, day(-1000), "", nil, true
		}, []string{"hr-duplicate-worker-id hr/W-1 medium open", "hr-end-before-start hr/W-1 low open"}},
	}
}

func TestSpikeIsMeasuredAgainstTheOlderExport(t *testing.T) {
	s := newSmall()
	for _, c := range []struct {
		before, now int
		want        bool
	}{{0, 5, true}, {1, 5, false}, {5, 10, true}, {5, 9, false}, {6, 11, false}, {3, 8, true}, {9, 3, false}} {
		for i := len(s.policy.Entitlements); i < 20; i++ {
			s.policy.Entitlements = append(s.policy.Entitlements, &model.Entitlement{Index: i, System: model.ERP, Name: fmt.Sprint(i)})
		}
		a := account(model.ERP, "svc", s.policy.Entitlements[5:5+c.now]...)
		a.Kind, a.InBaseline, a.Owner = access.KindService, true, worker(s)
		for _, e := range s.policy.Entitlements[5 : 5+c.before] {
			a.Before = append(a.Before, model.Grant{Of: e})
		}
		var found []Finding
		New(s.policy, now(), nil, func(f Finding) { found = append(found, f) }).Account(a)
		if got := len(found) == 1 && found[0].Rule == "access-spike"; got != c.want || len(found) > 1 {
			t.Errorf("%d → %d: %v, want spike %v", c.before, c.now, found, c.want)
		}
	}
}

func TestAccountsOfNobody(t *testing.T) {
	s := newSmall()
	left := worker(s)
	left.Status = access.StatusTerminated
	for _, c := range []struct {
		name  string
		shape func(a *model.Account)
		want  string
	}{
		{"service with an owner", func(a *model.Account) { a.Kind, a.Owner = access.KindService, worker(s) }, ""},
		{"service without", func(a *model.Account) { a.Kind = access.KindService }, "service-account-without-owner"},
		{"service whose owner left", func(a *model.Account) { a.Kind, a.Owner = access.KindService, left }, "service-account-without-owner"},
		{"disabled service", func(a *model.Account) { a.Kind, a.Enabled = access.KindService, false }, ""},
		{"privileged service", func(a *model.Account) {
			a.Kind, a.Owner = access.KindService, worker(s)
			a.Give(s.admin)
			a.MFA = access.No
		}, ""},
		{"shared", func(a *model.Account) { a.Kind = access.KindShared }, "shared-account"},
		{"shared and privileged", func(a *model.Account) { a.Kind = access.KindShared; a.Give(s.admin); a.MFA = access.No }, "privileged-without-mfa shared-account"},
		{"break-glass and privileged", func(a *model.Account) { a.Kind = access.KindBreakGlass; a.Give(s.admin); a.MFA = access.No }, "privileged-without-mfa"},
		{"break-glass, factor unknown", func(a *model.Account) { a.Kind = access.KindBreakGlass; a.Give(s.admin) }, ""},
		{"orphan", func(*model.Account) {}, "orphaned-account"},
		{"disabled orphan", func(a *model.Account) { a.Enabled = false }, ""},
	} {
		a := account(model.SaaS, "x")
		a.Keys = model.NoKeys()
		c.shape(a)
		var rules []string
		New(s.policy, now(), nil, func(f Finding) { rules = append(rules, f.Rule) }).Account(a)
		if got := strings.Join(rules, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
