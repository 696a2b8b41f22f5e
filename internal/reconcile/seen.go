package reconcile

import (
	"context"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
	"muster/internal/store"
)

// Seen is what a completed run reasoned from, to be looked at again. Each yields the facts of every person, then of every account that is
// nobody's, with what each should hold.
type Seen struct {
	Run     access.Run
	World   store.World
	Systems []access.SystemFacts // HR first, as configured
	Each    func(context.Context, func(*access.PersonFacts) error) error
}

// LastSeen is what the last completed run reasoned from; NotFound when there is none.
func (r *Runner) LastSeen(ctx context.Context) (*Seen, error) {
	run, world, err := r.lastWorld(ctx)
	if err != nil {
		return nil, err
	}
	s := &Seen{Run: run, World: world}
	if s.Systems, _, err = r.choose(ctx, run); err != nil {
		return nil, err
	}
	stand, err := sight.Stand(ctx, r.Store, run.AsOf)
	if err != nil {
		return nil, err
	}
	book, err := r.expectations(ctx, world, stand)
	if err != nil {
		return nil, err
	}
	filler, err := r.filler(ctx, world, book)
	s.Each = func(ctx context.Context, yield func(*access.PersonFacts) error) error {
		return r.Store.Facts(ctx, world, store.FactsQuery{Profile: r.Plan.Bundles.Fields()}, func(f *access.PersonFacts, profile uint64) error {
			if err := filler.Fill(f, profile); err != nil {
				return err
			}
			return yield(f)
		})
	}
	return s, err
}
