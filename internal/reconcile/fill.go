package reconcile

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/internal/store"
)

// filler completes the facts of the store with what only the configuration knows: what is expected, what is missing, and the
// quality of the HR data.
type filler struct {
	expect      *expecter
	usable      map[string]bool
	catalogue   map[access.EntitlementRef]access.Entitlement // of the entitlements that bundles name
	heads       map[string]bool
	departments map[string]bool // folded; empty: any is known
	cycles      map[string][]string
}

func (r *Runner) newFiller(ctx context.Context, w store.World, e *expecter) (*filler, error) {
	f := &filler{expect: e, usable: map[string]bool{}, heads: map[string]bool{}, departments: map[string]bool{}}
	for _, s := range w.Systems {
		f.usable[s.System] = s.Used.ID != ""
	}
	for _, id := range r.Plan.Settings.HR.Heads {
		f.heads[id] = true
	}
	for _, d := range r.Plan.Settings.HR.Departments {
		f.departments[fold(d)] = true
	}
	var err error
	if f.cycles, err = r.cycles(ctx, w); err != nil {
		return nil, err
	}
	f.catalogue, err = r.catalogue(ctx, w)
	return f, err
}

// cycles finds the manager cycles among the persons who have not left.
func (r *Runner) cycles(ctx context.Context, w store.World) (map[string][]string, error) {
	managers := map[string]string{}
	err := r.Store.Managers(ctx, w, func(id, manager string, status access.Status) error {
		if status != access.StatusTerminated && manager != "" {
			managers[id] = manager
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read managers: %w", err)
	}
	return managerCycles(managers), nil
}

// fill completes one person's facts.
func (f *filler) fill(p *access.PersonFacts, profile uint64) error {
	if p.Person == nil {
		return nil
	}
	want, err := f.expect.of(profile, p.Person)
	if err != nil {
		return err
	}
	want.fill(p, f.usable, func(ref access.EntitlementRef) access.Entitlement {
		if e, ok := f.catalogue[ref]; ok {
			return e
		}
		return access.Entitlement{System: ref.System, Name: ref.Name}
	})
	q := &p.Quality
	q.ManagerMissing = p.Person.ManagerID == "" && !f.heads[p.Person.ID]
	q.DepartmentUnknown = len(f.departments) > 0 && !f.departments[fold(p.Person.Department)]
	q.ManagerCycle = f.cycles[p.Person.ID]
	return nil
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// catalogue reads what the systems know about the entitlements that bundles name, so that a missing grant has its kind and weight.
func (r *Runner) catalogue(ctx context.Context, w store.World) (map[access.EntitlementRef]access.Entitlement, error) {
	named := map[access.EntitlementRef]bool{}
	for _, b := range r.Plan.Bundles.All() {
		for _, ref := range b.Entitlements {
			named[ref] = true
		}
	}
	out := make(map[access.EntitlementRef]access.Entitlement, len(named))
	err := r.Store.Entitlements(ctx, w, func(e access.Entitlement) error {
		if ref := (access.EntitlementRef{System: e.System, Name: e.Name}); named[ref] {
			out[ref] = e
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read entitlements: %w", err)
	}
	return out, nil
}
