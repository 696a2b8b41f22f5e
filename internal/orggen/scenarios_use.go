package orggen

import (
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// useScenarios: accounts that nobody uses, and powerful ones that a password alone opens.
func useScenarios() []scenario {
	coder := in("Engineering", "Backend Engineer")
	idle := func(g *generator, p *model.Person, k, days int) *model.Account {
		list := withLogins(p)
		a := list[k%len(list)]
		a.Never, a.LastLogin = false, g.opt.AsOf.AddDate(0, 0, -days)
		a.CreatedAt = g.opt.AsOf.AddDate(0, 0, -days-100)
		return a
	}
	tells := []model.System{model.VPN, model.Codehost}
	sysadmin := in("IT Operations", "Systems Administrator")
	gates := []model.System{model.SaaS, model.VPN, model.Codehost}
	return []scenario{
		{name: "dormant", permille: 3, least: 4, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			idle(g, p, k, 91+(k*37)%300)
		}},
		{name: "dormant-erp", permille: 0.5, least: 1, shape: in("Finance", ""), drift: func(g *generator, p *model.Person, k int) {
			p.Find(model.ERP).LastLogin = g.opt.AsOf.AddDate(0, 0, -100-k%200)
		}},
		{name: "dormant-never", permille: 1, least: 2, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			a := p.Find(tells[k%2])
			a.Never, a.LastLogin, a.CreatedAt = true, time.Time{}, g.opt.AsOf.AddDate(0, 0, -92-k%150)
		}},
		{name: "dormant-excepted", permille: 0.4, least: 1, most: 30, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			a := idle(g, p, 2, 130)
			p.Excepted = append(p.Excepted, g.except("dormant-account", a.System.String(), a.Name, "", []int{40, -3}[k%2]))
		}},
		{name: "near-dormant-exact", permille: 0.8, least: 1, shape: coder, drift: func(g *generator, p *model.Person, k int) { idle(g, p, k, 90) }},
		{name: "near-dormant-young", permille: 0.6, least: 1, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			a := p.Find(tells[k%2])
			a.Never, a.LastLogin, a.CreatedAt = true, time.Time{}, g.opt.AsOf.AddDate(0, 0, -30)
		}},
		{name: "near-dormant-leave", permille: 0.8, least: 1, shape: func(g *generator, p *model.Person, k int) {
			coder(g, p, k)
			p.Status = access.StatusLeave
		}, drift: func(g *generator, p *model.Person, k int) { idle(g, p, k, 240) }},
		{name: "near-dormant-unknown", permille: 0.6, least: 1, shape: coder, drift: func(_ *generator, p *model.Person, k int) {
			p.Find(tells[k%2]).LastLogin = time.Time{}
		}},
		{name: "near-dormant-disabled", permille: 0.6, least: 1, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			g.disable(idle(g, p, k, 200))
		}},
		{name: "no-mfa", permille: 1.2, least: 3, shape: sysadmin, drift: func(_ *generator, p *model.Person, k int) {
			p.Find(gates[k%3]).MFA = access.No
		}},
		{name: "near-mfa-unknown", permille: 0.6, least: 1, shape: sysadmin, drift: func(_ *generator, p *model.Person, k int) {
			p.Find(gates[k%3]).MFA = access.Unknown
		}},
		{name: "near-no-mfa-disabled", permille: 0.5, least: 1, shape: sysadmin, drift: func(g *generator, p *model.Person, k int) {
			a := p.Find(gates[k%3])
			a.MFA = access.No
			g.disable(a)
		}},
		{name: "near-no-mfa-plain", permille: 0.6, least: 1, shape: coder, drift: func(_ *generator, p *model.Person, k int) {
			p.Find(gates[k%3]).MFA = access.No
		}},
	}
}

// spikeScenarios: more entitlements than a week ago. The account ends with `now` of them and had `before`.
func spikeScenarios() []scenario {
	grow := func(s model.System, before, now int) func(*generator, *model.Person, int) {
		return func(g *generator, p *model.Person, _ int) { g.grow(p, s, before, now) }
	}
	clerk := in("Accounts Payable", "AP Specialist") // three entitlements in the ERP
	coder := in("Engineering", "Backend Engineer")   // two on the code host
	return []scenario{
		{name: "spike-erp", permille: 0.6, least: 1, shape: clerk, drift: grow(model.ERP, 3, 9)},
		{name: "spike-double", permille: 0.4, least: 1, shape: clerk, drift: grow(model.ERP, 5, 10)},
		{name: "spike-from-none", permille: 0.3, least: 1, shape: clerk, drift: grow(model.ERP, 0, 5)},
		{name: "spike-code", permille: 0.5, least: 1, shape: coder, drift: grow(model.Codehost, 2, 7)},
		{name: "near-spike-four", permille: 0.5, least: 1, shape: clerk, drift: grow(model.ERP, 2, 6)},
		{name: "near-spike-share", permille: 0.4, least: 1, shape: clerk, drift: grow(model.ERP, 6, 11)},
		{name: "near-spike-less", permille: 0.4, least: 1, shape: clerk, drift: grow(model.ERP, 9, 3)},
	}
}

// grow sets how many entitlements the account has and had. Bulk entitlements would blur the threshold: the account has none.
func (g *generator) grow(p *model.Person, s model.System, before, now int) {
	a := p.Find(s)
	a.Grants = model.WithoutBulk(a.Grants)
	have := append([]model.Grant(nil), a.Grants...)
	for _, e := range g.policy.Entitlements {
		if e.System == s && !e.Bulk && !e.Privileged && !a.Has(e) && !g.sensitive(e) {
			have = append(have, model.Grant{Of: e})
		}
	}
	a.InBaseline, a.Before = true, append([]model.Grant(nil), have[:before]...)
	a.Grants = have[:max(now, len(a.Grants))]
}

// sensitive reports whether an entitlement is part of the SoD matrix.
func (g *generator) sensitive(e *model.Entitlement) bool {
	for _, f := range g.policy.Functions {
		if slices.Contains(f.GivenBy, e) {
			return true
		}
	}
	return false
}
