package orggen

import (
	"muster/internal/access"
	"muster/internal/orggen/draw"
	"muster/internal/orggen/model"
)

// scenario is one part that persons play: drift, or what looks like drift and is none ("near" in the name).
type scenario struct {
	name     string
	permille float64                              // how many of a thousand persons play it
	least    int                                  // how many at least
	most     int                                  // how many at most; 0 is no limit
	shape    func(*generator, *model.Person, int) // changes the HR facts before accounts are made; may be nil
	drift    func(*generator, *model.Person, int) // changes the accounts afterwards; may be nil
}

// scenarios lists every part. The order decides who plays what; append, so that an organisation stays as it is.
func scenarios() []scenario {
	var out []scenario
	out = append(out, leaverScenarios()...)
	out = append(out, contractScenarios()...)
	out = append(out, creepScenarios()...)
	out = append(out, missingScenarios()...)
	out = append(out, sodScenarios()...)
	out = append(out, useScenarios()...)
	out = append(out, spikeScenarios()...)
	out = append(out, linkScenarios()...)
	out = append(out, hrScenarios()...)
	return append(out, edgeScenarios()...)
}

// post puts a person into a department and a title, under a manager of it.
func (g *generator) post(p *model.Person, dept, title string) {
	p.Department, p.CostCentre = dept, g.costCentre(dept)
	if title != "" {
		p.Title = title
	}
	for d := range g.staff.depts {
		if g.staff.depts[d].Name != dept {
			continue
		}
		if title == "" {
			p.Title = g.staff.depts[d].Titles[0]
		}
		p.ManagerID = g.lead(d, draw.New(g.opt.Seed, "post", uint64(p.Index)))
	}
}

// in makes a shape that only posts the person.
func in(dept, title string) func(*generator, *model.Person, int) {
	return func(g *generator, p *model.Person, _ int) { g.post(p, dept, title) }
}

// leave ends the employment days ago.
func (g *generator) leave(p *model.Person, days int) {
	p.Status, p.EndDate = access.StatusTerminated, g.day(-days)
}

// ensure finds the person's account in a system, or makes one without grants.
func (g *generator) ensure(p *model.Person, s model.System) *model.Account {
	if a := p.Find(s); a != nil {
		return a
	}
	return g.newAccount(p, s, draw.New(g.opt.Seed, "ensure-"+s.String(), uint64(p.Index)))
}

// give grants an entitlement by name, with an account if need be.
func (g *generator) give(p *model.Person, s model.System, names ...string) *model.Account {
	a := g.ensure(p, s)
	for _, n := range names {
		a.Give(g.policy.Named(s, n))
	}
	return a
}

// drop removes the person's accounts in a system.
func drop(p *model.Person, s model.System) {
	kept := p.Accounts[:0]
	for _, a := range p.Accounts {
		if a.System != s {
			kept = append(kept, a)
		}
	}
	p.Accounts = kept
}

// withLogins lists the person's accounts in systems that tell last logins.
func withLogins(p *model.Person) []*model.Account {
	var out []*model.Account
	for _, a := range p.Accounts {
		if a.System.TellsLogins() {
			out = append(out, a)
		}
	}
	return out
}

// except accepts a finding until days from now.
func (g *generator) except(rule, system, subject, detail string, days int) model.Exception {
	owner := g.clean(len(subject) + days)
	return model.Exception{Rule: rule, System: system, Subject: subject, Detail: detail, Owner: owner.Email, Approver: g.person(0).Email,
		Reason: "hand-over agreed with the department", Control: "monthly review of the account's activity", Expires: g.day(days)}
}

// mitigate accepts an SoD conflict of the person, until days from now.
func (g *generator) mitigate(p *model.Person, conflict string, days int) {
	owner := g.clean(p.Index)
	p.Mitigated = append(p.Mitigated, model.Mitigation{Conflict: conflict, Person: p.ID, Control: "second signature on every payment",
		Owner: owner.Email, Approver: g.person(0).Email, Reason: "small team; no second person until a post is filled", Expires: g.day(days)})
}
