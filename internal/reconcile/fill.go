package reconcile

import (
	"context"
	"fmt"

	"muster/internal/access"
	"muster/internal/reconcile/expect"
	"muster/internal/store"
)

// filler gathers what is needed to complete the facts of this world.
func (r *Runner) filler(ctx context.Context, w store.World, book *expect.Book) (*expect.Filler, error) {
	f := &expect.Filler{Book: book, Usable: map[string]bool{}, Heads: map[string]bool{}, Managers: map[string]string{}, Departments: r.Plan.Settings.HR.Departments}
	for _, s := range w.Systems {
		f.Usable[s.System] = s.Used.ID != ""
	}
	for _, id := range r.Plan.Settings.HR.Heads {
		f.Heads[id] = true
	}
	err := r.Store.Managers(ctx, w, func(id, manager string, status access.Status) error {
		if status != access.StatusTerminated && manager != "" {
			f.Managers[id] = manager
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read managers: %w", err)
	}
	f.Catalogue, err = r.catalogue(ctx, w, book)
	return f, err
}

// catalogue reads what the systems know about the entitlements that bundles and requests name, so that a missing grant has its kind and weight.
func (r *Runner) catalogue(ctx context.Context, w store.World, book *expect.Book) (map[access.EntitlementRef]access.Entitlement, error) {
	named := map[access.EntitlementRef]bool{}
	for _, b := range r.Plan.Bundles.All() {
		for _, ref := range b.Entitlements {
			named[ref] = true
		}
	}
	for _, list := range book.Personal {
		for _, x := range list {
			named[x.Ref] = true
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
