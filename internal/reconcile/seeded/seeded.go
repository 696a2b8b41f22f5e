// Package seeded proves that the rules on conflicts of duties fire: it makes persons up who break them, and others who come as close as one can without, and lets the
// evaluator of a run judge them. It needs the rules and the matrix alone, so that it can be done again from what a pack carries, without store or network.
//
// It is pure. Times are UTC.
package seeded

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/inputs"
	"muster/internal/sheet"
	"muster/reports/sod"
	"muster/rules"
	matrix "muster/rules/sod"
	"muster/rules/vocabulary"
)

// Tests makes up and judges. What must fire is worked out from the matrix's own
// lists; what fires is what the evaluator of the run says. No exception is in force: a mitigation alone may cover.
func Tests(set *rules.Set, m *matrix.Matrix, now time.Time) ([]sod.Seed, error) {
	s := &seeder{matrix: m, now: now, gives: map[access.EntitlementRef][]string{}, has: map[string][]access.EntitlementRef{},
		evaluator: set.Evaluator(rules.Env{Now: now, Systems: map[string]*access.SystemFacts{}, Matrix: m})}
	for _, fn := range m.All() {
		s.has[fn.Name] = fn.Entitlements
		for _, ref := range fn.Entitlements {
			s.gives[ref] = append(s.gives[ref], fn.Name)
		}
	}
	for _, c := range m.Conflicts() {
		for _, step := range []func(vocabulary.Conflict) error{s.violations, s.controls, s.mitigations} {
			if err := step(c); err != nil {
				return nil, err
			}
		}
	}
	return s.out, nil
}

// Judges reports whether a rule judges the conflicts of the matrix.
func Judges(r *rules.Rule) bool { return strings.Contains(r.Each, "sod.conflicts") }

// Again does the tests of a pack on segregation of duties again, from its inputs, and compares them with its annex; files is the pack. It gives how many tests there are,
// and how the annex differs, in words; nothing when it is the same.
func Again(files fs.FS, in *inputs.Inputs) (n int, differs string, err error) {
	if in.Matrix == nil {
		return 0, "", fmt.Errorf("read %s: the inputs have no matrix", sod.SeedsAnnex)
	}
	told, err := fs.ReadFile(files, sod.SeedsAnnex)
	if err != nil {
		return 0, "", err
	}
	list, err := Tests(in.Set, in.Matrix, in.Clock)
	if err != nil {
		return 0, "", err
	}
	var again bytes.Buffer
	table := sheet.NewTable(&again)
	if err := sod.Seeds(table, sod.Model{Seeds: list}); err != nil {
		return 0, "", err
	}
	if _, err := table.Close(); err != nil {
		return 0, "", err
	}
	a, b := strings.Split(string(told), "\r\n"), strings.Split(again.String(), "\r\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return len(list), fmt.Sprintf("%s: row %d comes out otherwise", sod.SeedsAnnex, i), nil
		}
	}
	return len(list), "", nil
}

// seeder makes persons up.
type seeder struct {
	matrix    *matrix.Matrix
	now       time.Time
	evaluator *rules.Evaluator
	gives     map[access.EntitlementRef][]string
	has       map[string][]access.EntitlementRef
	out       []sod.Seed
}

// least picks the entitlement of a function that gives none of some others, nor, where there is a choice, anything else. False: each gives one of them.
func (s *seeder) least(function string, but ...string) (access.EntitlementRef, bool) {
	best, found := access.EntitlementRef{}, false
	for _, ref := range s.has[function] {
		if slices.ContainsFunc(s.gives[ref], func(name string) bool { return slices.Contains(but, name) }) {
			continue
		}
		if !found || len(s.gives[ref]) < len(s.gives[best]) {
			best, found = ref, true
		}
	}
	return best, found
}

// violations tests every entitlement of every function, together with one for each other function, and once with accounts that are disabled.
func (s *seeder) violations(c vocabulary.Conflict) error {
	for i, name := range c.Functions {
		for j, ref := range s.has[name] {
			holds := []access.EntitlementRef{ref}
			for _, other := range c.Functions {
				if other == name {
					continue
				}
				one, _ := s.least(other)
				holds = append(holds, one)
			}
			if err := s.test(sod.Seed{Conflict: c.ID, Kind: sod.Violation, What: ref.String() + " as " + name}, "", holds, true); err != nil {
				return err
			}
			if i == 0 && j == 0 {
				if err := s.test(sod.Seed{Conflict: c.ID, Kind: sod.Disabled, What: "the same, all accounts disabled"}, "", holds, false); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// controls leaves each function out in turn.
func (s *seeder) controls(c vocabulary.Conflict) error {
	for _, left := range c.Functions {
		seed := sod.Seed{Conflict: c.ID, Kind: sod.Control, What: "without " + left}
		var holds []access.EntitlementRef
		for _, other := range c.Functions {
			if other == left {
				continue
			}
			ref, ok := s.least(other, left)
			if !ok {
				seed.Why = fmt.Sprintf("whatever gives %s gives %s too", other, left)
				break
			}
			holds = append(holds, ref)
		}
		if seed.Why != "" {
			seed.Holds, seed.Expected, seed.Fired = []string{}, []string{}, []string{}
			s.out = append(s.out, seed)
			continue
		}
		if err := s.test(seed, "", holds, true); err != nil {
			return err
		}
	}
	return nil
}

// mitigations tests that each covers its person, as long as it is in force, and nobody else.
func (s *seeder) mitigations(c vocabulary.Conflict) error {
	var holds []access.EntitlementRef
	for _, name := range c.Functions {
		ref, _ := s.least(name)
		holds = append(holds, ref)
	}
	stranger := false
	for _, mit := range s.matrix.Mitigations() {
		if mit.Conflict != c.ID {
			continue
		}
		kind := sod.Covered
		if mit.Expired {
			kind = sod.Lapsed
		}
		if err := s.test(sod.Seed{Conflict: c.ID, Kind: kind, What: mit.ID}, mit.Person, holds, true); err != nil {
			return err
		}
		if !stranger {
			stranger = true
			if err := s.test(sod.Seed{Conflict: c.ID, Kind: sod.Stranger, What: "the same conflict"}, "", holds, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// test lets the rules judge one person, whose worker id is made up when it is empty, and keeps what was to fire and what did.
func (s *seeder) test(seed sod.Seed, person string, holds []access.EntitlementRef, enabled bool) error {
	if person == "" {
		person = fmt.Sprintf("SEEDED-%d", len(s.out)+1)
	}
	facts := synthetic(person, holds, enabled)
	seed.Holds, seed.Expected, seed.Fired = []string{}, []string{}, []string{}
	can := map[string]bool{}
	for _, ref := range holds {
		seed.Holds = append(seed.Holds, ref.String())
		for _, name := range s.gives[ref] {
			can[name] = enabled
		}
	}
	for _, c := range s.matrix.Conflicts() {
		if slices.ContainsFunc(c.Functions, func(name string) bool { return !can[name] }) {
			continue
		}
		covered := slices.ContainsFunc(s.matrix.Mitigations(), func(x matrix.Mitigation) bool {
			return x.Conflict == c.ID && x.Person == person && s.now.Before(x.Expires.AddDate(0, 0, 1))
		})
		seed.Expected = append(seed.Expected, told(c.ID, covered))
	}
	err := s.evaluator.Evaluate(facts, func(h rules.Hit) error {
		if Judges(h.Rule) {
			seed.Fired = append(seed.Fired, told(h.Finding.Detail, h.Finding.Exception != ""))
		}
		return nil
	})
	slices.Sort(seed.Fired)
	slices.Sort(seed.Expected)
	seed.OK = slices.Equal(seed.Expected, slices.Compact(slices.Clone(seed.Fired)))
	s.out = append(s.out, seed)
	return err
}

func told(conflict string, accepted bool) string {
	if accepted {
		return conflict + " (accepted)"
	}
	return conflict
}

// synthetic is a person who works, with one account in each system that holds exactly what is said.
func synthetic(id string, holds []access.EntitlementRef, enabled bool) *access.PersonFacts {
	f := &access.PersonFacts{Person: &access.Person{ID: id, DisplayName: "Seeded " + id, Status: access.StatusActive, EmploymentType: access.Employee}}
	at := map[string]*access.AccountFacts{}
	for _, ref := range holds {
		a := at[ref.System]
		if a == nil {
			a = &access.AccountFacts{Account: access.Account{System: ref.System, ID: "seeded", Name: "seeded", Kind: access.KindHuman, Enabled: enabled},
				Link: access.Link{System: ref.System, AccountID: "seeded", Result: access.Linked, PersonID: id, Key: access.KeyEmployeeID}}
			at[ref.System], f.Accounts = a, append(f.Accounts, a)
		}
		if slices.ContainsFunc(a.Grants, func(g access.GrantFacts) bool { return g.Entitlement.Name == ref.Name }) {
			continue
		}
		a.Grants = append(a.Grants, access.GrantFacts{System: ref.System, Entitlement: access.Entitlement{System: ref.System, ID: ref.Name, Name: ref.Name}, Actual: true, Effective: true, Direct: true})
	}
	slices.SortFunc(f.Accounts, func(a, b *access.AccountFacts) int {
		if a.System < b.System {
			return -1
		}
		return 1
	})
	for _, a := range f.Accounts {
		slices.SortFunc(a.Grants, func(x, y access.GrantFacts) int {
			if x.Entitlement.Name < y.Entitlement.Name {
				return -1
			}
			return 1
		})
	}
	return f
}
