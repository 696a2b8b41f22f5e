package orggen

import (
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// leaverScenarios: employment has ended.
func leaverScenarios() []scenario {
	return []scenario{
		{name: "leaver-active", permille: 2, least: 3, shape: func(g *generator, p *model.Person, k int) {
			g.leave(p, 3+k%60)
		}, drift: func(_ *generator, p *model.Person, k int) {
			enable(p.Accounts[k%len(p.Accounts)])
		}},
		{name: "leaver-active-everywhere", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, k int) {
			g.post(p, "Engineering", "Backend Engineer")
			g.leave(p, 1+k%3)
		}, drift: func(g *generator, p *model.Person, _ int) {
			for _, a := range p.Accounts {
				enable(a)
			}
		}},
		{name: "leaver-active-warehouse", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, k int) {
			g.post(p, "Data", "Data Engineer")
			g.leave(p, 10+k%60)
		}, drift: func(_ *generator, p *model.Person, _ int) {
			enable(p.Find(model.Warehouse))
		}},
		{name: "leaver-active-contractor", permille: 0.7, least: 1, shape: func(g *generator, p *model.Person, k int) {
			p.EmploymentType = access.Contractor
			g.leave(p, 5+k%40)
		}, drift: func(_ *generator, p *model.Person, k int) {
			enable(p.Find([]model.System{model.SaaS, model.VPN, model.Directory}[k%3]))
		}},
		{name: "late-login", permille: 0.8, least: 2, shape: func(g *generator, p *model.Person, k int) {
			g.leave(p, 20+k%60)
		}, drift: func(_ *generator, p *model.Person, k int) {
			list := withLogins(p)
			list[k%len(list)].LastLogin = p.EndDate.Add(time.Duration(30+k%100) * time.Hour)
		}},
		{name: "late-login-active", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, k int) {
			g.leave(p, 20+k%60)
		}, drift: func(_ *generator, p *model.Person, _ int) {
			a := p.Find(model.VPN)
			enable(a)
			a.LastLogin = p.EndDate.Add(24 * time.Hour) // the first second of the next day
		}},
		{name: "near-last-evening", permille: 0.6, least: 1, shape: func(g *generator, p *model.Person, k int) {
			g.post(p, "Engineering", "Test Engineer") // with an account on the code host, whose clock shows the next day
			g.leave(p, 20+k%60)
		}, drift: func(_ *generator, p *model.Person, _ int) {
			for _, a := range withLogins(p) {
				a.LastLogin = p.EndDate.Add(24*time.Hour - time.Second)
			}
		}},
		{name: "near-left-today", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, _ int) {
			g.leave(p, 0)
		}},
		{name: "near-left-no-date", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, _ int) {
			p.Status = access.StatusTerminated
		}},
		{name: "near-last-day", permille: 0.5, least: 1, shape: func(g *generator, p *model.Person, _ int) {
			p.EndDate = g.today
		}},
		{name: "owner-left", permille: 0.5, least: 2, shape: func(g *generator, p *model.Person, k int) {
			g.leave(p, 30+k%100)
		}},
	}
}

// contractScenarios: a contract has run out and HR still shows the person as working.
func contractScenarios() []scenario {
	ended := func(days func(k int) int) func(*generator, *model.Person, int) {
		return func(g *generator, p *model.Person, k int) {
			p.EmploymentType, p.Company, p.EndDate = access.Contractor, "Fabrikam Services", g.day(-days(k))
		}
	}
	// guest gives the accounts that a contractor has; provisioning made none, because the contract is over.
	guest := func(g *generator, p *model.Person) {
		g.give(p, model.Directory, "contractors")
		g.give(p, model.SaaS, "Workspace Guests")
		g.give(p, model.VPN, "vpn-vendors")
	}
	return []scenario{
		{name: "contract-ended", permille: 1.5, least: 2, shape: ended(func(k int) int { return 1 + 9*(k%20) }), drift: func(g *generator, p *model.Person, k int) {
			guest(g, p)
			if k%2 == 1 {
				g.disable(p.Find(model.Directory))
				g.disable(p.Find(model.SaaS))
			}
		}},
		{name: "near-contract-last-day", permille: 0.6, least: 1, shape: ended(func(int) int { return 0 })},
		{name: "near-contract-disabled", permille: 0.6, least: 1, shape: ended(func(k int) int { return 2 + k%50 }), drift: func(g *generator, p *model.Person, _ int) {
			guest(g, p)
			for _, a := range p.Accounts {
				g.disable(a)
			}
		}},
	}
}
