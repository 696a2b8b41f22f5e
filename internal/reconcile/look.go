package reconcile

import (
	"context"
	"fmt"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
)

// Look judges again what a completed run reasoned from, without writing anything, for a plan that is made later.
func (r *Runner) Look(ctx context.Context, run access.Run) (sight.Sighting, error) {
	world, ok, err := r.Store.WorldOfRun(ctx, run.ID)
	if err != nil || !ok {
		return sight.Sighting{}, &access.Error{Op: "read what run " + run.ID + " reasoned from", Kind: access.NotFound, Hint: "run: muster nightly", Err: fmt.Errorf("it is gone: %v", err)}
	}
	systems, previous, err := r.choose(ctx, run)
	if err != nil {
		return sight.Sighting{}, err
	}
	stand, err := sight.Stand(ctx, r.Store, run.AsOf)
	if err != nil {
		return sight.Sighting{}, err
	}
	book, err := r.expectations(ctx, world, stand)
	if err != nil {
		return sight.Sighting{}, err
	}
	j := &judge{runner: r, world: world, systems: systems, previous: previous, book: book, taker: sight.NewTaker(stand), tested: tally{}, names: map[string]string{}}
	if err := j.prepare(ctx); err != nil {
		return sight.Sighting{}, err
	}
	var again Result
	if err := j.hits(ctx, &again); err != nil {
		return sight.Sighting{}, fmt.Errorf("evaluate rules: %w", err)
	}
	var findings []access.Finding
	if err := r.Store.FindingsOfRun(ctx, run.ID, func(f access.Finding) error { findings = append(findings, f); return nil }); err != nil {
		return sight.Sighting{}, fmt.Errorf("read the findings of run %s: %w", run.ID, err)
	}
	return j.taker.Sighting(run, world, systems, r.Plan.Digest, findings)
}
