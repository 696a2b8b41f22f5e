package dossier

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/expect"
	"muster/internal/reconcile/reperform"
	"muster/internal/store"
	"muster/reports/evidence"
	"muster/reports/person"
)

// facts reads the person with what they hold, and works out what they should hold by what the run was configured with.
func (w *personal) facts() error {
	q := store.FactsQuery{Profile: w.in.Given.Fields(), Person: w.id}
	err := w.Store.Facts(w.ctx, w.World, q, func(f *access.PersonFacts, profile uint64) error {
		if f.Person != nil {
			w.f, w.profile = f, profile
		}
		return nil
	})
	if err != nil {
		return err
	}
	if w.f == nil {
		return &access.Error{Op: "find person " + w.id, Kind: access.NotFound, Err: errNobody}
	}
	book := expect.NewBook(w.in.Given, w.World.AsOf)
	book.Personal, book.Revoked = w.in.Personal, w.in.Revoked
	if err := book.Learn(w.profile, *w.f.Person); err != nil {
		return err
	}
	w.m.Unsure = book.Unsure(w.profile, w.f.Person)
	filler, err := w.filler(book)
	if err != nil {
		return err
	}
	if err := filler.Fill(w.f, w.profile); err != nil {
		return err
	}
	w.mine(book)
	w.subjectOf()
	if manager, ok, err := w.Store.Person(w.ctx, w.World, w.m.Person.Manager); err != nil {
		return err
	} else if ok && manager.ID == w.m.Person.Manager {
		w.m.Person.ManagerName = manager.Name()
	}
	return nil
}

// filler is what a run's is, with the inputs in place of the configuration.
func (w *personal) filler(book *expect.Book) (*expect.Filler, error) {
	f := &expect.Filler{Book: book, Usable: map[string]bool{}, Heads: map[string]bool{}, Managers: map[string]string{}, Departments: w.in.Departments,
		Catalogue: map[access.EntitlementRef]access.Entitlement{}}
	for _, s := range w.World.Systems {
		f.Usable[s.System] = s.Used.ID != ""
	}
	for _, id := range w.in.Heads {
		f.Heads[id] = true
	}
	named := map[access.EntitlementRef]bool{}
	for _, b := range w.in.Given.All() {
		for _, ref := range b.Entitlements {
			named[ref] = true
		}
	}
	for _, x := range w.in.Personal[w.id] {
		named[x.Ref] = true
	}
	err := w.Store.Managers(w.ctx, w.World, func(id, manager string, status access.Status) error {
		if status != access.StatusTerminated && manager != "" {
			f.Managers[id] = manager
		}
		return nil
	})
	return f, errors.Join(err, w.Store.Entitlements(w.ctx, w.World, func(e access.Entitlement) error {
		if ref := (access.EntitlementRef{System: e.System, Name: e.Name}); named[ref] {
			f.Catalogue[ref] = e
		}
		return nil
	}))
}

// mine notes which rows of the run are theirs.
func (w *personal) mine(book *expect.Book) {
	w.theirs = theirs{person: w.id, profile: uintText(w.profile), accounts: map[pair]bool{}, held: map[pair]bool{}, due: map[pair]bool{}, foreign: map[pair]bool{}}
	for _, a := range w.f.Accounts {
		w.theirs.accounts[pair{a.System, a.ID}] = true
		for _, g := range a.Grants {
			w.theirs.held[pair{a.System, g.Entitlement.ID}] = true
		}
	}
	_ = book.Each(func(_ uint64, list []access.Expectation) error { // it yields what it is given
		for _, x := range list {
			w.theirs.due[pair{x.Ref.System, x.Ref.Name}] = true
		}
		return nil
	})
	for _, x := range w.in.Personal[w.id] {
		w.theirs.due[pair{x.Ref.System, x.Ref.Name}] = true
	}
	for _, m := range w.Evidence.Mitigations {
		if m.Person == w.id {
			w.theirs.mitigations = append(w.theirs.mitigations, m)
		}
	}
	q := w.f.Quality
	w.scope = evidence.Scope{Persons: []string{w.id}}
	if q.ManagerUnknown || q.ManagerTerminated || len(q.ManagerCycle) > 0 || len(q.DuplicateEmail) > 0 {
		w.scope.Quality = []evidence.Quality{{Person: w.id, ManagerUnknown: q.ManagerUnknown, ManagerTerminated: q.ManagerTerminated, ManagerCycle: q.ManagerCycle, DuplicateEmail: q.DuplicateEmail}}
	}
}

// subjectOf says who the person is, and which accounts are theirs.
func (w *personal) subjectOf() {
	p := w.f.Person
	w.m.Person = person.Subject{ID: p.ID, Name: p.Name(), Title: p.Title, Department: p.Department, CostCentre: p.CostCentre, Company: p.Company, Location: p.Location,
		EmploymentType: p.EmploymentType, Status: p.Status, Manager: p.ManagerID, StartDate: p.StartDate, EndDate: p.EndDate, Row: p.Row}
	w.m.Accounts, w.m.Held, w.m.Missing, w.m.Past = []person.Account{}, []person.Grant{}, []person.Grant{}, []person.Past{}
	for _, a := range w.f.Accounts {
		w.m.Accounts = append(w.m.Accounts, person.Account{System: a.System, ID: a.ID, Name: a.Name, State: stateOf(a), Kind: string(a.Kind), Privileged: a.PrivilegedEffective, MFA: triWord(a.MFA),
			CreatedAt: a.CreatedAt, LastLogin: a.LastLogin, NeverLoggedIn: a.NeverLoggedIn, Key: string(a.Link.Key), Evidence: slices.Concat([]string{}, a.Link.Evidence), Held: len(a.Grants), Findings: []string{}})
		for _, g := range a.Grants {
			w.m.Held = append(w.m.Held, w.grant(a, g))
		}
	}
	for _, g := range w.f.Missing {
		w.m.Missing = append(w.m.Missing, w.grant(nil, g))
	}
}

func stateOf(a *access.AccountFacts) string {
	switch {
	case a.Enabled:
		return "enabled"
	case a.Locked:
		return "locked"
	}
	return "disabled"
}

func triWord(t access.Tri) string {
	switch t {
	case access.Yes:
		return "yes"
	case access.No:
		return "no"
	}
	return "unknown"
}

// grant describes one entitlement, without its past.
func (w *personal) grant(a *access.AccountFacts, g access.GrantFacts) person.Grant {
	out := person.Grant{System: g.System, Entitlement: g.Entitlement.Name, Kind: g.Entitlement.Kind, Privileged: g.Entitlement.Privileged, Effective: g.Effective, Path: slices.Concat([]string{}, g.Path),
		Paths: g.Paths, Basis: []person.Basis{}, Once: []person.Once{}, Findings: []string{}, Reviews: []string{}}
	if a != nil {
		out.System, out.Account, out.AccountID, out.LastUse, out.NeverUsed = a.System, a.Name, a.ID, a.LastLogin, a.NeverLoggedIn
	}
	for _, b := range g.Basis {
		basis := person.Basis{Kind: b.Kind, Name: b.Name, Until: b.Until}
		if x, ok := w.bundle(b.Name); ok && b.Kind == "bundle" {
			basis.Title, basis.When, basis.Values = x.Title, x.When, values(x.When, w.f.Person)
		}
		out.Basis = append(out.Basis, basis)
	}
	return out
}

func (w *personal) bundle(name string) (access.Bundle, bool) {
	for _, b := range w.in.Given.All() {
		if b.Name == name {
			return b, true
		}
	}
	return access.Bundle{}, false
}

// fieldsOf finds the fields of the person in a condition.
var fieldsOf = regexp.MustCompile(`\bperson\.(attributes(?:\.\w+|\["[^"]*"\])|\w+)`)

// values are the fields that a condition reads, with what HR says of the person.
func values(when string, p *access.Person) []person.Value {
	out := []person.Value{}
	seen := map[string]bool{}
	for _, m := range fieldsOf.FindAllStringSubmatch(when, -1) {
		name := strings.NewReplacer(`["`, ".", `"]`, "").Replace(m[1])
		if seen[name] {
			continue
		}
		seen[name] = true
		value := strings.TrimPrefix(reperform.Field(p, name), "=")
		switch name {
		case "name":
			value = p.Name()
		case "start_date":
			value = day(p.StartDate)
		case "end_date":
			value = day(p.EndDate)
		}
		out = append(out, person.Value{Field: name, Value: value})
	}
	return out
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
