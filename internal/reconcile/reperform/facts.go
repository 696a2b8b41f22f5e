package reperform

import (
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile/expect"
	"muster/internal/reconcile/inputs"
	"muster/reports/evidence"
)

// duplicates is how many others with one e-mail address are named, and one more to tell that there are more.
const duplicates = 101

// systems are the sources as the run saw them.
func systems(file evidence.File) (all []access.SystemFacts, previous map[string]access.Snapshot) {
	previous = map[string]access.Snapshot{}
	for _, s := range file.Sources {
		all = append(all, s.Facts())
		if s.Previous != nil {
			previous[s.Name] = s.Previous.Snapshot(s.Name)
		}
	}
	return all, previous
}

// assemble puts the facts together: every person with their accounts in the order of worker ids, then each account that is nobody's.
func (p *population) assemble(systems []access.SystemFacts, previous map[string]access.Snapshot) []*access.PersonFacts {
	for _, a := range p.accounts {
		for _, s := range systems {
			if s.Name == a.System {
				a.SnapshotTakenAt, a.PreviousTakenAt = s.Used.TakenAt, previous[s.Name].TakenAt
			}
		}
	}
	sharing := map[string][]string{} // e-mail → those who have not left
	for _, x := range p.persons {
		if x.Status != access.StatusTerminated && x.keys.EmailKey != "" {
			sharing[x.keys.EmailKey] = append(sharing[x.keys.EmailKey], x.ID)
		}
	}
	var out []*access.PersonFacts
	of := map[string]*access.PersonFacts{}
	for _, x := range p.persons {
		f := &access.PersonFacts{Person: &x.Person, Quality: p.quality(x, sharing)}
		if q, ok := p.carried[x.ID]; ok {
			f.Quality.ManagerUnknown, f.Quality.ManagerTerminated, f.Quality.DuplicateEmail = q.ManagerUnknown, q.ManagerTerminated, q.DuplicateEmail
		}
		out, of[x.ID] = append(out, f), f
	}
	for _, a := range p.accounts {
		switch a.Link.Result {
		case access.Linked:
			f := of[a.Link.PersonID]
			f.Accounts = append(f.Accounts, a)
			continue
		case access.ServiceOwned:
			if owner := p.byID[a.Link.PersonID]; owner != nil {
				a.Owner = &owner.Person
			}
		}
		out = append(out, &access.PersonFacts{Accounts: []*access.AccountFacts{a}})
	}
	return out
}

func (p *population) quality(x *person, sharing map[string][]string) access.Quality {
	q := access.Quality{DuplicateID: x.rows - 1}
	if x.ManagerID != "" {
		manager := p.byID[x.ManagerID]
		q.ManagerUnknown = manager == nil
		q.ManagerTerminated = manager != nil && manager.Status == access.StatusTerminated
	}
	if list := sharing[x.keys.EmailKey]; x.Status != access.StatusTerminated && x.keys.EmailKey != "" && len(list) > 1 {
		q.DuplicateEmail = slices.DeleteFunc(slices.Clone(list[:min(len(list), duplicates)]), func(id string) bool { return id == x.ID })
	}
	return q
}

// filler gathers what completes the facts, from the inputs and the tables.
func (p *population) filler(in *inputs.Inputs, systems []access.SystemFacts, book *expect.Book) *expect.Filler {
	f := &expect.Filler{Book: book, Usable: map[string]bool{}, Heads: map[string]bool{}, Managers: map[string]string{}, Departments: in.Departments,
		Catalogue: map[access.EntitlementRef]access.Entitlement{}}
	for _, s := range systems {
		if !s.IsHR {
			f.Usable[s.Name] = s.Used.ID != ""
		}
	}
	for _, id := range in.Heads {
		f.Heads[id] = true
	}
	for _, x := range p.persons {
		if x.Status != access.StatusTerminated && x.ManagerID != "" {
			f.Managers[x.ID] = x.ManagerID
		}
	}
	for _, q := range p.carried { // a cycle is found again of those who are in it
		for i, one := range q.ManagerCycle {
			f.Managers[one] = q.ManagerCycle[(i+1)%len(q.ManagerCycle)]
		}
	}
	for _, e := range p.ordered {
		f.Catalogue[access.EntitlementRef{System: e.System, Name: e.Name}] = e
	}
	return f
}

// Field is the value of a field that bundles may read, as text; of an attribute with an equals sign before it, so that an empty one differs from none.
func Field(p *access.Person, name string) string { return field(p, name) }

// field is Field.
func field(p *access.Person, name string) string {
	switch name {
	case "id":
		return p.ID
	case "given_name":
		return p.GivenName
	case "family_name":
		return p.FamilyName
	case "display_name":
		return p.DisplayName
	case "email":
		return p.Email
	case "upn":
		return p.UPN
	case "username":
		return p.Username
	case "title":
		return p.Title
	case "department":
		return p.Department
	case "cost_centre":
		return p.CostCentre
	case "company":
		return p.Company
	case "location":
		return p.Location
	case "employment_type":
		return string(p.EmploymentType)
	case "status":
		return string(p.Status)
	case "manager_id":
		return p.ManagerID
	case "start_date":
		return p.StartDate.String()
	case "end_date":
		return p.EndDate.String()
	case "attributes":
		var all []string
		for k, v := range p.Attributes {
			all = append(all, k+"="+v)
		}
		slices.Sort(all)
		return strings.Join(all, "\x00")
	}
	v, ok := p.Attributes[strings.TrimPrefix(name, "attributes.")]
	if !ok {
		return ""
	}
	return "=" + v
}
