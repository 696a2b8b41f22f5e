package orggen

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/draw"
	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
)

// other describes accounts that are no person's own: so many of them in each system of the list.
type other struct {
	name     string
	kind     access.AccountKind
	systems  []model.System
	permille float64
	least    int
	shape    func(g *generator, a *model.Account, k int)
}

// others lists the accounts that belong to software, to teams, to emergencies, and to nobody any more.
func others() []other {
	all := []model.System{model.Directory, model.SaaS, model.Warehouse, model.VPN, model.ERP, model.Codehost}
	service, shared, glass, human := access.KindService, access.KindShared, access.KindBreakGlass, access.KindHuman
	return []other{
		{"svc-sync", service, all, 1.2, 2, func(g *generator, a *model.Account, k int) { g.own(a, g.clean(k), k) }},
		{"svc-report", service, all, 0.4, 1, nil},
		{"svc-import", service, []model.System{model.Directory, model.Warehouse, model.ERP, model.Codehost}, 0.3, 1,
			func(g *generator, a *model.Account, k int) {
				left := g.staff.byPlant["owner-left"]
				g.own(a, g.planted(left[k%len(left)]), k)
			}},
		{"svc-legacy", service, []model.System{model.SaaS, model.VPN, model.ERP}, 0.2, 1,
			func(_ *generator, a *model.Account, k int) { a.OwnerRef = workerID(9_500_000 + k) }}, // nobody HR knows
		{"svc-retired", service, all, 0.3, 1, func(g *generator, a *model.Account, _ int) { g.disable(a) }},
		{"svc-burst", service, []model.System{model.ERP, model.Codehost}, 0.2, 1, func(g *generator, a *model.Account, k int) {
			g.own(a, g.clean(k), k)
			g.burst(a)
		}},
		{"shr-desk", shared, []model.System{model.Directory, model.SaaS, model.VPN, model.ERP, model.Codehost}, 0.3, 1,
			func(g *generator, a *model.Account, k int) { g.own(a, g.clean(k), k) }},
		{"shr-closed", shared, []model.System{model.Directory, model.VPN, model.ERP}, 0.2, 1, func(g *generator, a *model.Account, _ int) { g.disable(a) }},
		{"shr-admin", shared, []model.System{model.SaaS, model.VPN, model.Codehost}, 0.2, 1, func(g *generator, a *model.Account, _ int) {
			g.makeAdmin(a)
			a.MFA = access.No
		}},
		{"bg-emergency", glass, []model.System{model.Directory, model.SaaS, model.Warehouse, model.VPN, model.ERP, model.Codehost}, 0.1, 1,
			func(g *generator, a *model.Account, _ int) {
				g.makeAdmin(a)
				a.MFA, a.Never, a.LastLogin = access.Yes, a.System.TellsNever(), time.Time{}
				if !a.System.TellsMFA() {
					a.MFA = access.Unknown
				}
			}},
		{"bg-vault", glass, []model.System{model.SaaS, model.VPN, model.Codehost}, 0.1, 1, func(g *generator, a *model.Account, _ int) {
			g.makeAdmin(a)
			a.MFA = access.No
		}},
		{"bg-batch", glass, []model.System{model.ERP}, 0.1, 1, func(g *generator, a *model.Account, _ int) { g.makeAdmin(a); g.burst(a) }},
		{"svc-shared-owner", service, []model.System{model.SaaS, model.ERP}, 0.1, 1, func(g *generator, a *model.Account, _ int) {
			a.OwnerRef = g.person(g.staff.byPlant["same-address"][0]).Email // the address of two persons names nobody
		}},
		{"ext-", human, all, 0.9, 1, func(g *generator, a *model.Account, k int) {
			if g.forget(a, k); k == 1 {
				a.Excepted = []model.Exception{g.except("orphaned-account", a.System.String(), a.Name, "", 30-2*int(a.System)*10)}
			}
		}},
		{"ext-admin", human, []model.System{model.SaaS, model.VPN, model.Codehost}, 0.1, 1, func(g *generator, a *model.Account, k int) {
			g.forget(a, k)
			g.makeAdmin(a)
		}},
		{"old-", human, all, 0.4, 1, func(g *generator, a *model.Account, k int) {
			g.forget(a, k)
			g.disable(a)
		}},
	}
}

// eachOther makes every account that is no person's own, in a fixed order.
func (g *generator) eachOther(do func(*model.Account)) {
	serial := uint32(g.opt.Persons) * 2
	for _, o := range others() {
		count := max(o.least, int(o.permille*float64(g.opt.Persons)/1000+0.5))
		for _, s := range o.systems {
			for k := range count {
				serial++
				do(g.other(o, s, serial, k))
			}
		}
	}
	do(g.bootstrap(serial + 1))
}

func (g *generator) other(o other, s model.System, serial uint32, k int) *model.Account {
	r := draw.New(g.opt.Seed, "other-"+o.name, uint64(serial))
	name := fmt.Sprintf("%s-%02d", o.name, k+1)
	if strings.HasSuffix(o.name, "-") { // of a person whom HR does not have any more
		given, family := g.staff.book.Pick(r.Next())
		name = fmt.Sprintf("%s%s%s%d", o.name, given.ASCII[:1], family.ASCII, k+1)
	}
	a := &model.Account{System: s, Member: serial, Name: name, DisplayName: strings.ReplaceAll(name, "-", " "), FamilyName: name, Kind: o.kind, Enabled: true,
		Keys: model.NoKeys(), CreatedAt: g.day(-r.Between(100, 1500)).Add(9 * time.Hour)}
	switch s {
	case model.Directory, model.SaaS:
		a.ID = draw.UUID(g.opt.Seed, s.String(), uint64(serial))
	case model.Warehouse:
		a.ID = fmt.Sprint(100_000 + serial)
	case model.VPN:
		a.ID = name
	case model.ERP:
		a.ID, a.Name = fmt.Sprint(1_000_000+serial), strings.ToUpper(name)
	case model.Codehost:
		a.ID = fmt.Sprint(40_000_000 + serial)
	}
	if s.TellsLogins() {
		a.LastLogin = g.opt.AsOf.Add(-time.Hour - r.Within(200))
	}
	if s.TellsMFA() {
		a.MFA = access.No
	}
	if e := g.plain(s); e != nil {
		a.Give(e)
	}
	if o.shape != nil {
		o.shape(g, a, k)
	}
	return a
}

// plain is the least entitlement of a system.
func (g *generator) plain(s model.System) *model.Entitlement {
	return g.policy.Named(s, map[model.System]string{model.SaaS: "Workspace Guests", model.Warehouse: "warehouse_read", model.VPN: "vpn-vendors",
		model.ERP: "GL_READ", model.Codehost: "members"}[s])
}

func (g *generator) makeAdmin(a *model.Account) {
	a.Give(g.policy.Named(a.System, map[model.System]string{model.Directory: "domain-admins", model.SaaS: "Org Admins",
		model.Warehouse: "attribute:createrole", model.VPN: "vpn-admins", model.ERP: "SYS_ADMIN", model.Codehost: "org-owners"}[a.System]))
}

// burst lets an account have grown from one to six entitlements.
func (g *generator) burst(a *model.Account) {
	a.Grants = a.Grants[:1]
	a.InBaseline, a.Before = true, append([]model.Grant(nil), a.Grants...)
	for _, e := range g.policy.Entitlements {
		if e.System == a.System && !e.Bulk && !e.Privileged && len(a.Grants) < 6 {
			a.Give(e)
		}
	}
}

// own names the owner in one of the ways that systems do.
func (g *generator) own(a *model.Account, owner *model.Person, k int) {
	a.Owner = owner
	a.OwnerRef = []string{owner.ID, strings.ToUpper(owner.Username)}[k%2]
	if k%3 == 2 && export.IA5(owner.Email) {
		a.OwnerRef = owner.Email
	}
}

// clean is a person whose facts nobody plants: the head of a department.
func (g *generator) clean(k int) *model.Person { return g.person(1 + max(k, -k)%(g.staff.headsEnd-1)) }

// planted is a person with the HR facts of their scenario.
func (g *generator) planted(i int) *model.Person {
	p := g.person(i)
	if part, ok := g.staff.planted[i]; ok && part.shape != nil {
		part.shape(g, p, part.k)
	}
	return p
}

// forget makes the account of somebody whom HR does not have: what it carries leads nowhere.
func (g *generator) forget(a *model.Account, k int) {
	switch s := a.System; {
	case s == model.SaaS:
		a.Name += "@partner.example"
		a.Email = a.Name
	case k%3 == 1 && s != model.VPN && s != model.Codehost:
		a.EmployeeID = workerID(9_700_000 + k)
	case k%3 == 2 && s != model.VPN:
		a.Email = a.Name + "@partner.example"
	}
}

// bootstrap is PostgreSQL's first superuser, which every server has.
func (g *generator) bootstrap(serial uint32) *model.Account {
	a := &model.Account{System: model.Warehouse, Member: serial, ID: "10", Name: "postgres", Kind: access.KindBreakGlass, Enabled: true,
		Keys: model.NoKeys()}
	for _, e := range g.policy.Entitlements {
		if e.System == model.Warehouse && e.Kind == model.Attribute {
			a.Give(e)
		}
	}
	return a
}
