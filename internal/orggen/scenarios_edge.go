package orggen

import (
	"fmt"

	"muster/internal/access"
	"muster/internal/orggen/draw"
	"muster/internal/orggen/model"
)

// edgeScenarios: where two rules or two readings meet.
func edgeScenarios() []scenario {
	coder := in("Engineering", "Backend Engineer")
	return []scenario{
		{name: "too-early", permille: 0.6, least: 1, shape: func(g *generator, p *model.Person, k int) {
			p.Status, p.StartDate = access.StatusPrehire, g.day(8+k%20)
		}, drift: func(g *generator, p *model.Person, _ int) { g.give(p, model.Directory, "all-staff") }},
		{name: "early-department", permille: 0.5, least: 1, shape: func(g *generator, p *model.Person, k int) {
			coder(g, p, k)
			p.Status, p.StartDate = access.StatusPrehire, g.day(4+k%4) // everyone's groups are due, the department's are not
		}, drift: func(g *generator, p *model.Person, _ int) { g.give(p, model.Directory, "eng-all") }},
		{name: "left-ahead", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, k int) {
			g.leave(p, -10-k%10) // HR closed the record before the last day
		}, drift: func(_ *generator, p *model.Person, _ int) { enable(p.Find(model.VPN)) }},
		{name: "contract-ended-on-leave", permille: 0.3, least: 1, shape: func(g *generator, p *model.Person, k int) {
			p.EmploymentType, p.Status, p.EndDate = access.Contractor, access.StatusLeave, g.day(-1-k%40)
		}, drift: func(g *generator, p *model.Person, _ int) { g.give(p, model.SaaS, "Workspace Guests") }},
		{name: "second-account", permille: 0.6, least: 1, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			if k%2 == 1 {
				g.second(p, model.Directory).Give(g.policy.Named(model.Directory, "helpdesk-admins"))
				return
			}
			g.second(p, model.SaaS).Give(g.policy.Named(model.SaaS, "Billing Admins"), g.policy.Named(model.SaaS, "Workspace Members"))
		}},
		{name: "sod-second-account", permille: 0.4, least: 1, shape: in("Procurement", "Vendor Specialist"), drift: func(g *generator, p *model.Person, _ int) {
			g.second(p, model.ERP).Give(g.policy.Named(model.ERP, "PAY_VENDOR"))
		}},
		{name: "granted-twice", permille: 0.5, least: 1, shape: in("Finance", "Controller"), drift: func(g *generator, p *model.Person, k int) {
			a, e := p.Find(model.ERP), g.policy.Named(model.ERP, "TAX_REPORT") // one of the two is over
			a.Grants = append(a.Grants, model.Grant{Of: e, Expires: g.day(-30)}, model.Grant{Of: e, Expires: g.day(30 + k)})
		}},
		{name: "near-direct-and-nested", permille: 0.5, least: 1, shape: coder, drift: func(g *generator, p *model.Person, _ int) {
			g.give(p, model.Directory, "eng-all")
		}},
		{name: "near-stale-number", permille: 0.5, least: 1, shape: coder, drift: func(_ *generator, p *model.Person, k int) {
			a := p.Find(model.SaaS)
			a.EmployeeID, a.Keys.EmployeeID = workerID(9_800_000+k), model.Nobody
		}},
		{name: "near-stale-address", permille: 0.5, least: 1, shape: in("Data", ""), drift: func(_ *generator, p *model.Person, _ int) {
			a := p.Find(model.Warehouse)
			a.EmployeeID, a.Email, a.Keys.EmployeeID, a.Keys.Email = "", p.Username+"@old.acme.example", model.Nobody, model.Nobody
		}},
		{name: "two-upns", permille: 0.4, least: 1, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			a, other := p.Find(model.VPN), g.clean(k)
			a.UPN, a.Keys.UPN = other.UPN, other.Index
		}},
		{name: "missing-excepted", permille: 0.3, least: 1, most: 10, shape: coder, drift: func(g *generator, p *model.Person, k int) {
			drop(p, model.VPN)
			p.Excepted = append(p.Excepted, g.except("missing-access", "vpn", p.ID, "vpn-eng", []int{15, -15}[k%2]))
		}},
		{name: "prehire-no-end", permille: 0.3, least: 1, shape: func(g *generator, p *model.Person, _ int) {
			p.EmploymentType, p.Status, p.StartDate = access.Contractor, access.StatusPrehire, g.day(30)
		}},
	}
}

// second makes another account of a person in a system, known by the worker id alone.
func (g *generator) second(p *model.Person, s model.System) *model.Account {
	a := g.newAccount(p, s, draw.New(g.opt.Seed, "second-"+s.String(), uint64(p.Index)))
	a.Member |= 1
	a.Name, a.Email, a.EmployeeID = "adm-"+a.Name, "", p.ID
	a.ID = fmt.Sprint(1_000_000 + a.Member)
	if s != model.ERP {
		a.ID = draw.UUID(g.opt.Seed, s.String(), uint64(a.Member))
	}
	a.Keys = model.NoKeys()
	a.Keys.EmployeeID = p.Index
	return a
}
