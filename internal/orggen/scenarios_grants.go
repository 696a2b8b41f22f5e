package orggen

import (
	"muster/internal/access"
	"muster/internal/orggen/model"
)

// creepScenarios: more access than the bundles give.
func creepScenarios() []scenario {
	vpnEng := func(g *generator, p *model.Person) *model.Account { return g.give(p, model.VPN, "vpn-eng") }
	return []scenario{
		{name: "mover", permille: 4, least: 3, shape: func(g *generator, p *model.Person, k int) {
			to := g.staff.depts[(k*5+3)%len(g.staff.depts)]
			g.post(p, to.Name, to.Titles[k%len(to.Titles)])
		}, drift: func(g *generator, p *model.Person, k int) {
			from := g.staff.depts[(k*7+5)%len(g.staff.depts)]
			then := p.Person
			then.Department, then.Title = from.Name, from.Titles[k%len(from.Titles)]
			for s, list := range g.policy.Due(&then, g.opt.AsOf) {
				if list = model.Minimal(list); len(list) > 0 && (s != model.Directory || k%3 > 0) {
					g.ensure(p, s).Give(list...)
				}
			}
		}},
		{name: "creep-privileged", permille: 1.5, least: 5, shape: func(g *generator, p *model.Person, k int) {
			g.post(p, []string{"Marketing", "Sales", "Legal"}[k%3], "")
		}, drift: func(g *generator, p *model.Person, k int) {
			switch k % 6 {
			case 0:
				g.give(p, model.SaaS, "Org Admins")
			case 1:
				g.give(p, model.ERP, "SYS_ADMIN")
			case 2:
				g.give(p, model.Warehouse, "attribute:createrole")
			case 3:
				g.give(p, model.Directory, "helpdesk-admins")
			case 4:
				g.give(p, model.Codehost, "org-owners")
			case 5:
				g.give(p, model.VPN, "vpn-admins")
			}
		}},
		{name: "creep-superuser", permille: 0.3, least: 1, shape: in("Data", "Data Engineer"), drift: func(g *generator, p *model.Person, k int) {
			g.give(p, model.Warehouse, []string{"attribute:superuser", "attribute:bypassrls"}[k%2])
		}},
		{name: "creep-direct", permille: 1, least: 1, shape: in("Product", ""), drift: func(g *generator, p *model.Person, k int) {
			g.give(p, model.Warehouse, []string{"table:finance.ledger:SELECT", "table:people.salaries:SELECT"}[k%2], "schema:finance:USAGE")
		}},
		{name: "creep-nested", permille: 1, least: 1, shape: in("Sales", "Account Executive"), drift: func(g *generator, p *model.Person, k int) {
			g.give(p, model.Directory, []string{"fin-close", "hr-payroll", "sre-lead"}[k%3])
		}},
		{name: "near-creep-disabled", permille: 0.6, least: 1, shape: in("Legal", ""), drift: func(g *generator, p *model.Person, _ int) {
			g.disable(vpnEng(g, p))
		}},
		{name: "near-creep-no-inherit", permille: 0.6, least: 1, shape: in("Product", ""), drift: func(g *generator, p *model.Person, _ int) {
			g.give(p, model.Warehouse, "pii_reader").NoInherit = true
		}},
		{name: "near-creep-grant-ended", permille: 0.6, least: 1, shape: in("Finance", "Financial Analyst"), drift: func(g *generator, p *model.Person, k int) {
			a := g.give(p, model.ERP, "ASSET_BOOK", "TAX_REPORT")
			for i := range a.Grants {
				if n := a.Grants[i].Of.Name; n == "ASSET_BOOK" || n == "TAX_REPORT" {
					a.Grants[i].Expires = g.day(-10 - k%100)
				}
			}
		}},
		{name: "creep-on-leave", permille: 0.6, least: 1, shape: func(g *generator, p *model.Person, _ int) {
			g.post(p, "Legal", "")
			p.Status = access.StatusLeave
		}, drift: func(g *generator, p *model.Person, _ int) { vpnEng(g, p) }},
		{name: "creep-excepted", permille: 0.5, least: 1, most: 40, shape: in("Logistics", ""), drift: func(g *generator, p *model.Person, k int) {
			days := []int{70, 0, -20}[k%3] // the second exception ends today, the third is over
			p.Excepted = append(p.Excepted, g.except("privilege-creep", "vpn", vpnEng(g, p).Name, "vpn-eng", days))
		}},
	}
}

// missingScenarios: less access than the bundles give.
func missingScenarios() []scenario {
	return []scenario{
		{name: "missing-grant", permille: 2, least: 3, shape: in("Data", "Data Engineer"), drift: func(_ *generator, p *model.Person, k int) {
			a := p.Accounts[k%len(p.Accounts)]
			a.Grants = a.Grants[:len(a.Grants)-1]
		}},
		{name: "missing-account", permille: 1, least: 2, shape: in("Engineering", "Frontend Engineer"), drift: func(_ *generator, p *model.Person, k int) {
			drop(p, []model.System{model.SaaS, model.VPN, model.Codehost, model.Directory}[k%4])
		}},
		{name: "joiner-late", permille: 1, least: 2, shape: func(g *generator, p *model.Person, k int) {
			p.Status, p.StartDate = access.StatusPrehire, g.day([]int{7, 2, 5, 1}[k%4])
		}, drift: func(_ *generator, p *model.Person, _ int) { p.Accounts = nil }},
		{name: "near-joiner-early", permille: 0.6, least: 1, shape: func(g *generator, p *model.Person, k int) {
			p.Status, p.StartDate = access.StatusPrehire, g.day(8+k%20)
		}},
		{name: "near-missing-on-leave", permille: 0.6, least: 1, shape: func(_ *generator, p *model.Person, _ int) {
			p.Status = access.StatusLeave
		}, drift: func(_ *generator, p *model.Person, _ int) { drop(p, model.SaaS) }},
		{name: "near-held-disabled", permille: 0.6, least: 1, shape: in("Research", ""), drift: func(g *generator, p *model.Person, _ int) {
			g.disable(p.Find(model.Codehost))
		}},
	}
}

// sodScenarios: functions that must not meet.
func sodScenarios() []scenario {
	vendor := in("Procurement", "Vendor Specialist") // creates vendors
	pays := func(g *generator, p *model.Person) *model.Account { return g.give(p, model.ERP, "PAY_VENDOR") }
	release := in("Engineering", "Release Engineer") // merges releases
	deploys := func(g *generator, p *model.Person) { g.give(p, model.Directory, "sre-oncall") }
	return []scenario{
		{name: "sod-mover", permille: 1, least: 2, shape: vendor, drift: func(g *generator, p *model.Person, _ int) { pays(g, p) }},
		{name: "sod-payroll", permille: 0.5, least: 1, shape: in("Human Resources", "HR Partner"), drift: func(g *generator, p *model.Person, _ int) {
			g.give(p, model.ERP, "PAYROLL_RUN")
		}},
		{name: "sod-journal", permille: 0.5, least: 1, shape: in("Finance", "Accountant"), drift: func(g *generator, p *model.Person, _ int) {
			g.give(p, model.ERP, "JOURNAL_APPROVE")
		}},
		{name: "sod-order", permille: 0.5, least: 1, shape: in("Procurement", "Buyer"), drift: func(g *generator, p *model.Person, _ int) {
			g.give(p, model.ERP, "APPROVE_PO")
		}},
		{name: "sod-across", permille: 0.6, least: 1, shape: release, drift: func(g *generator, p *model.Person, _ int) { deploys(g, p) }},
		{name: "sod-two-ways", permille: 0.5, least: 1, shape: vendor, drift: func(g *generator, p *model.Person, k int) {
			if g.give(p, model.Warehouse, "payments_release"); k%2 == 1 {
				pays(g, p)
			}
		}},
		{name: "sod-mitigated", permille: 0.6, least: 1, most: 60, shape: vendor, drift: func(g *generator, p *model.Person, k int) {
			pays(g, p)
			g.mitigate(p, "vendor-pay", []int{90, 0, -5}[k%3]) // the second mitigation ends today, the third is over
		}},
		{name: "sod-mitigated-other", permille: 0.3, least: 1, most: 20, shape: vendor, drift: func(g *generator, p *model.Person, _ int) {
			pays(g, p)
			g.mitigate(p, "order-approve", 60) // of another conflict: covers nothing
		}},
		{name: "sod-admin-pays", permille: 0.3, least: 1, shape: in("Accounts Payable", "Payments Officer"), drift: func(g *generator, p *model.Person, _ int) {
			g.give(p, model.ERP, "USER_ADMIN")
		}},
		{name: "sod-leaver", permille: 0.3, least: 1, shape: func(g *generator, p *model.Person, k int) {
			vendor(g, p, k)
			g.leave(p, 9)
		}, drift: func(g *generator, p *model.Person, _ int) { enable(pays(g, p)) }},
		{name: "near-sod-disabled", permille: 0.5, least: 1, shape: release, drift: func(g *generator, p *model.Person, _ int) {
			deploys(g, p)
			g.disable(p.Find(model.Codehost))
		}},
		{name: "near-sod-grant-ended", permille: 0.5, least: 1, shape: vendor, drift: func(g *generator, p *model.Person, _ int) {
			a := pays(g, p)
			a.Grants[len(a.Grants)-1].Expires = g.day(-40)
		}},
		{name: "near-sod-one", permille: 0.5, least: 1, shape: in("Sales", ""), drift: func(g *generator, p *model.Person, _ int) { pays(g, p) }},
	}
}
