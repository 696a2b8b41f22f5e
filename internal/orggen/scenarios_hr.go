package orggen

import (
	"muster/internal/access"
	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
)

// linkScenarios: links that HR or a system breaks.
func linkScenarios() []scenario {
	sharesAddress := func(g *generator, p *model.Person, k int, name string) {
		list := g.staff.byPlant[name]
		if k%2 == 1 { // HR shows the address of the person before
			p.AddressOf = list[k-1]
			p.Email = g.person(p.AddressOf).Email
		}
	}
	return []scenario{
		{name: "same-address", permille: 2, least: 4, shape: func(g *generator, p *model.Person, k int) {
			sharesAddress(g, p, k, "same-address")
			p.Defects.SharedAddress = k%2 == 1 || k+1 < len(g.staff.byPlant["same-address"])
			g.post(p, "Engineering", "Test Engineer")
		}},
		{name: "same-address-left", permille: 0.6, least: 2, shape: func(g *generator, p *model.Person, k int) {
			if sharesAddress(g, p, k, "same-address-left"); k%2 == 1 {
				g.leave(p, 50)
			}
		}},
		{name: "two-persons", permille: 1, least: 2, shape: in("Engineering", "Backend Engineer"), drift: func(g *generator, p *model.Person, k int) {
			a := p.Find([]model.System{model.SaaS, model.Directory}[k%2]) // employee id says p, address another one
			a.EmployeeID, a.Keys.EmployeeID = p.ID, p.Index
			a.Email, a.Keys.Email = g.address(k%g.staff.headsEnd, p), k%g.staff.headsEnd
			if a.System == model.Directory {
				other := g.staff.asciiAddress(g)
				a.Email, a.Keys.Email = other.Email, other.Index
			}
		}},
		{name: "mapped", permille: 0.4, least: 1, most: 25, shape: in("Finance", ""), drift: func(_ *generator, p *model.Person, _ int) {
			a := p.Find(model.ERP) // a login of the system before, which only the map in the configuration knows
			a.Name, a.EmployeeID = "Z"+a.ID, ""
			a.Keys = model.NoKeys()
			a.Keys.Map = p.Index
		}},
	}
}

// hrScenarios: what is wrong with the HR data itself.
func hrScenarios() []scenario {
	return []scenario{
		{name: "no-manager", permille: 0.8, least: 1, shape: func(g *generator, p *model.Person, k int) {
			if p.ManagerID = ""; k == 1 {
				p.Excepted = append(p.Excepted, g.except("hr-missing-manager", model.HR, p.ID, "", 25))
			}
		}},
		{name: "near-no-manager-left", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, k int) {
			g.leave(p, 30+k%90)
			p.ManagerID, p.Department = "", "Old Ventures"
		}},
		{name: "unknown-manager", permille: 0.8, least: 1, shape: func(_ *generator, p *model.Person, k int) {
			p.ManagerID, p.Defects.ManagerUnknown = workerID(9_000_000+k), true
			if k%3 == 1 { // ids of persons are exact
				p.ManagerID = "w-00001"
			}
		}},
		{name: "near-manager-left", permille: 0.5, least: 1, shape: func(g *generator, p *model.Person, k int) {
			left := g.staff.byPlant["owner-left"]
			p.ManagerID = workerID(left[k%len(left)])
		}},
		{name: "unknown-department", permille: 0.8, least: 1, shape: func(_ *generator, p *model.Person, _ int) { p.Department = strangeDept }},
		{name: "manager-cycle", permille: 0.8, least: 4, shape: func(g *generator, p *model.Person, k int) {
			list := g.staff.byPlant["manager-cycle"] // rings of three; the last one may be two, or one who is their own manager
			next := k + 1
			if next%3 == 0 || next == len(list) {
				next = k - k%3
			}
			p.ManagerID, p.Defects.OnManagerCycle = workerID(list[next]), true
		}},
		{name: "near-below-cycle", permille: 0.4, least: 1, shape: func(g *generator, p *model.Person, _ int) {
			p.ManagerID = workerID(g.staff.byPlant["manager-cycle"][0])
		}},
		{name: "two-rows", permille: 0.8, least: 1, shape: func(g *generator, p *model.Person, k int) {
			if p.Defects.DuplicateRow = true; k%3 == 2 {
				g.leave(p, 60)
			}
		}},
		{name: "contractor-no-end", permille: 0.8, least: 1, shape: func(_ *generator, p *model.Person, _ int) {
			p.EmploymentType = access.Contractor
		}},
		{name: "near-contractor-no-end-left", permille: 0.3, least: 1, shape: func(_ *generator, p *model.Person, _ int) {
			p.EmploymentType, p.Status = access.Contractor, access.StatusTerminated
		}},
		{name: "end-before-start", permille: 0.8, least: 2, shape: func(g *generator, p *model.Person, k int) {
			p.EmploymentType = access.Contractor
			p.EndDate = p.StartDate.AddDate(0, 0, -1-k%100)
			if k%2 == 0 {
				p.Status = access.StatusTerminated
			}
		}},
	}
}

// asciiAddress finds a head of department whose address LDAP can hold.
func (s *staffing) asciiAddress(g *generator) *model.Person {
	for i := 1; i < s.headsEnd; i++ {
		if p := g.person(i); export.IA5(p.Email) {
			return p
		}
	}
	return g.person(0)
}
