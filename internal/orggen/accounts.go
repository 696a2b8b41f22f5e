package orggen

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/draw"
	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
	"muster/internal/orggen/names"
)

// provision gives a person the accounts that they should have today, or that a leaver once had.
func (g *generator) provision(p *model.Person, r *draw.Random) {
	then, at := p.Person, g.opt.AsOf
	if p.Status == access.StatusTerminated {
		then.Status, at = access.StatusActive, time.Time{}
	}
	due := g.policy.Due(&then, at)
	for s := range model.Systems {
		list := model.Minimal(due[s])
		if len(list) == 0 {
			continue
		}
		a := g.newAccount(p, s, r)
		if s == model.Directory {
			list = g.separateAdmin(p, list)
		}
		a.Give(list...)
		if a.MFA == access.No && model.AnyPrivileged(list) {
			a.MFA = access.Yes
		}
	}
	if p.Status == access.StatusTerminated {
		g.retire(p, r)
	}
}

// separateAdmin moves the administration of the directory to a second account, as its administrators should have.
func (g *generator) separateAdmin(p *model.Person, list []*model.Entitlement) []*model.Entitlement {
	admins := g.policy.Named(model.Directory, "domain-admins")
	var rest []*model.Entitlement
	for _, e := range list {
		if e != admins {
			rest = append(rest, e)
			continue
		}
		a := g.second(p, model.Directory)
		a.Give(e)
	}
	return rest
}

// retire disables a leaver's accounts; about half of them are gone altogether.
func (g *generator) retire(p *model.Person, r *draw.Random) {
	_, isPlanted := g.staff.planted[p.Index]
	kept := p.Accounts[:0]
	for _, a := range p.Accounts {
		if !isPlanted && r.Chance(500) {
			continue
		}
		g.disable(a)
		if last := p.EndDate.Add(-r.Within(20)); !p.EndDate.IsZero() && last.Before(a.LastLogin) {
			a.LastLogin = last
		}
		if !p.EndDate.IsZero() && a.CreatedAt.After(p.EndDate) {
			a.CreatedAt = p.StartDate
		}
		kept = append(kept, a)
	}
	p.Accounts = kept
}

// disable takes an account out of use in the way of its system.
func (g *generator) disable(a *model.Account) {
	a.Enabled = false
	if a.System == model.Warehouse && a.EmployeeID == "" { // a role without LOGIN and worker id would be a group
		a.ExpiresAt = g.day(-30)
	}
	if a.System == model.VPN && a.Member%3 == 0 { // the export says active, and when that ended
		a.ExpiresAt = g.day(-20)
	}
}

// enable is disable's inverse.
func enable(a *model.Account) { a.Enabled, a.ExpiresAt = true, time.Time{} }

// newAccount makes the person's account in a system, linked by the identifiers that this system keeps.
func (g *generator) newAccount(p *model.Person, s model.System, r *draw.Random) *model.Account {
	a := &model.Account{System: s, Member: uint32(p.Index) * 2, Kind: access.KindHuman, Enabled: true, DisplayName: p.DisplayName,
		GivenName: p.GivenName, FamilyName: p.FamilyName, Keys: model.NoKeys()}
	g.times(a, p, r)
	if s.TellsMFA() {
		a.MFA = [...]access.Tri{access.Yes, access.No, access.Unknown}[max(0, r.Below(100)-97)]
		if r.Chance(60) {
			a.MFA = access.No
		}
	}
	mail := func() { a.Email, a.Keys.Email = names.Respell(g.address(p.AddressOf, p), r), p.AddressOf }
	number := func(id string) { a.EmployeeID, a.Keys.EmployeeID = id, p.Index }
	switch p.Index % 29 { // names that a CSV file must quote
	case 5:
		a.DisplayName = p.FamilyName + ", " + p.GivenName + " (Acme; " + p.Location + ")"
	case 11:
		a.DisplayName = p.GivenName + ` "` + string([]rune(p.GivenName)[:1]) + `" ` + p.FamilyName
	}
	switch s {
	case model.Directory:
		a.ID, a.Name, a.Keys.Username = draw.UUID(g.opt.Seed, "directory", uint64(a.Member)), p.Username, p.Index
		if r.Chance(930) {
			number(p.ID)
		}
		if mail(); !export.IA5(a.Email) { // mail has IA5 syntax in LDAP
			a.Email, a.Keys.Email = "", model.Nobody
		}
	case model.SaaS:
		a.ID, a.Name = draw.UUID(g.opt.Seed, "saas", uint64(a.Member)), names.Recase(p.Local+"@"+export.Domain, r)
		mail()
		if r.Chance(500) {
			number(p.ID)
		}
	case model.Warehouse:
		a.ID, a.Name, a.Keys.Username = fmt.Sprint(100_000+a.Member), p.Username, p.Index
		if r.Chance(600) {
			number(p.ID)
		} else {
			mail()
		}
	case model.VPN:
		a.ID, a.Name, a.Keys.Address = p.Local, p.Local, p.Index
		if r.Chance(500) {
			a.UPN, a.Keys.UPN = names.Recase(p.UPN, r), p.Index
		}
		if p.EmploymentType == access.Contractor && p.EndDate.After(g.today) {
			a.ExpiresAt = p.EndDate
		}
	case model.ERP:
		a.ID, a.Name, a.Keys.Username = fmt.Sprint(1_000_000+a.Member), strings.ToUpper(p.Username), p.Index
		if r.Chance(800) {
			number(strings.ToLower(p.ID))
		}
	case model.Codehost:
		a.ID = fmt.Sprint(40_000_000 + a.Member)
		a.Name = fmt.Sprintf("%s-%d", names.ASCII(p.GivenName), 1000+p.Index)
		mail()
	}
	p.Accounts = append(p.Accounts, a)
	return a
}

// times gives an account its history: made around the first day, used within the last weeks.
func (g *generator) times(a *model.Account, p *model.Person, r *draw.Random) {
	a.CreatedAt = p.StartDate.AddDate(0, 0, -r.Below(4)).Add(8*time.Hour + r.Within(1)/4)
	if latest := g.opt.AsOf.Add(-24*time.Hour - r.Within(3)); a.CreatedAt.After(latest) {
		a.CreatedAt = latest
	}
	if p.Status == access.StatusActive && r.Chance(25) { // came back: the account is older than the contract
		a.CreatedAt = a.CreatedAt.AddDate(-1, 0, -r.Below(300))
	}
	if !a.System.TellsLogins() {
		return
	}
	a.LastLogin = g.opt.AsOf.Add(-time.Hour - r.Within(45))
	if p.Status == access.StatusLeave {
		a.LastLogin = g.opt.AsOf.Add(-r.Within(200) - 24*time.Hour)
	}
	if p.Status == access.StatusPrehire || a.LastLogin.Before(a.CreatedAt) {
		a.LastLogin, a.Never = time.Time{}, a.System.TellsNever()
	}
}

// address is the address of person i in HR's spelling; p is that person or one who shares it.
func (g *generator) address(i int, p *model.Person) string {
	if i == p.Index {
		return p.Local + "@" + export.Domain
	}
	return g.person(i).Email
}
