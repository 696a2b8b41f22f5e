package expect

import (
	"strings"

	"muster/internal/access"
)

// Filler completes the facts of one person at a time.
type Filler struct {
	Book        *Book
	Usable      map[string]bool                              // systems with a snapshot to look into
	Catalogue   map[access.EntitlementRef]access.Entitlement // of the entitlements that bundles name
	Heads       map[string]bool                              // worker ids that need no manager
	Departments []string                                     // the known ones; empty means that any is
	Managers    map[string]string                            // worker id to the manager's, of those who have not left

	departments map[string]bool
	cycles      map[string][]string
}

// prepare works out once what every person needs.
func (f *Filler) prepare() {
	if f.cycles != nil {
		return
	}
	f.cycles = managerCycles(f.Managers)
	f.departments = map[string]bool{}
	for _, d := range f.Departments {
		f.departments[fold(d)] = true
	}
}

// Fill completes one person's facts; those of an account that is nobody's stay as they are.
func (f *Filler) Fill(p *access.PersonFacts, profile uint64) error {
	if p.Person == nil {
		return nil
	}
	f.prepare()
	want, err := f.Book.of(profile, p.Person)
	if err != nil {
		return err
	}
	want.fill(p, f.Usable, func(ref access.EntitlementRef) access.Entitlement {
		if e, ok := f.Catalogue[ref]; ok {
			return e
		}
		return access.Entitlement{System: ref.System, Name: ref.Name}
	})
	f.Book.withdraw(p)
	q := &p.Quality
	q.ManagerMissing = p.Person.ManagerID == "" && !f.Heads[p.Person.ID]
	q.DepartmentUnknown = len(f.departments) > 0 && !f.departments[fold(p.Person.Department)]
	q.ManagerCycle = f.cycles[p.Person.ID]
	return nil
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }
