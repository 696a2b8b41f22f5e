package execute

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/remediate"
)

// Recover settles what a process that died left in the state applying: it looks at each system and writes the receipt that is missing,
// or lets the action be done by the next apply. A system that does not answer leaves its actions as they are. It gives the records that
// it settled. Systems are looked at at the same time, and what was found is written a batch at a time, so that a recovery that is
// interrupted itself goes on where it was.
func (x *Executor) Recover(ctx context.Context) ([]remediate.Record, error) {
	left, err := remediate.Load[remediate.Record](ctx, x.Records, access.DocumentQuery{Kind: access.DocAction, States: []string{string(remediate.Applying)}})
	if err != nil {
		return nil, err
	}
	bySystem := map[string][]*remediate.Record{}
	for i := range left {
		bySystem[left[i].System] = append(bySystem[left[i].System], &left[i])
	}
	var g errgroup.Group // one system that fails does not keep what the others showed from being written
	for name, list := range bySystem {
		g.Go(func() error { return x.recover(ctx, name, list) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(left, func(r remediate.Record) bool { return r.State == remediate.Applying }), nil
}

// recover settles what was left in one system.
func (x *Executor) recover(ctx context.Context, name string, list []*remediate.Record) error {
	sys, ok := x.Systems[name]
	if !ok {
		for _, rec := range list {
			rec.State, rec.Why = remediate.Failed, "interrupted, and the system is no longer configured to be changed: look there by hand"
		}
		return x.entered(ctx, list)
	}
	for part := range slices.Chunk(list, cmpOr(x.Batch, defaultBatch)) {
		if silent, err := x.settleLeft(ctx, sys.Target, part); err != nil || silent {
			return err
		}
	}
	return nil
}

// settleLeft looks at actions, more than once at those that are not to be seen, and settles those of which it is known what became of them.
// Silent says that the system does not answer, so that there is no sense in asking it about others.
func (x *Executor) settleLeft(ctx context.Context, target remediate.Target, list []*remediate.Record) (silent bool, err error) {
	for _, wait := range x.waits() {
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		seen, errs := x.looks(ctx, target, list)
		if ctx.Err() != nil {
			return true, fmt.Errorf("recover actions: %w", ctx.Err())
		}
		var there, unseen []*remediate.Record
		for i, rec := range list {
			x.step(StepRecoverLook, rec.Action)
			switch {
			case errs[i] != nil:
				silent = silent || access.KindOf(errs[i]) == access.Transient
			case shows(rec, seen[i]):
				rec.Receipt = recovered(rec, seen[i], x.Now(), "found done after an interruption")
				rec.State, rec.Why = remediate.Done, ""
				if seen[i].Ordered {
					rec.State = remediate.Ordered
				}
				there = append(there, rec)
			default:
				unseen = append(unseen, rec)
			}
		}
		list = unseen
		if err := x.entered(ctx, there); err != nil || silent || len(list) == 0 {
			return silent, err
		}
	}
	for _, rec := range list {
		rec.State, rec.Why = remediate.Planned, "interrupted before it was done"
	}
	return false, x.entered(ctx, list)
}

// looks looks at each action's account once, a few at the same time. After one to which the system gave no answer the others are not
// asked about, and have its error.
func (x *Executor) looks(ctx context.Context, target remediate.Target, list []*remediate.Record) ([]access.Observation, []error) {
	seen, errs := make([]access.Observation, len(list)), make([]error, len(list))
	var down atomic.Pointer[error]
	look := func(i int) {
		if err := down.Load(); err != nil {
			errs[i] = *err
			return
		}
		err := x.Retry.Do(ctx, func(ctx context.Context) (err error) {
			seen[i], err = target.Inspect(ctx, list[i].Action)
			return err
		})
		if err == nil {
			return
		}
		errs[i] = err
		if access.KindOf(err) == access.Transient {
			down.Store(&err)
		}
		x.Log.WarnContext(ctx, "interrupted action cannot be looked at", "action", list[i].ID, "system", list[i].System, "error", err)
	}
	look(0) // alone: a system that is down is asked once
	var g errgroup.Group
	g.SetLimit(cmpOr(x.Parallel, defaultParallel))
	for i := 1; i < len(list); i++ {
		g.Go(func() error { look(i); return nil })
	}
	_ = g.Wait() // look reports into its place
	return seen, errs
}

// entered writes the outcome of a recovery: the ledger first, then the records.
func (x *Executor) entered(ctx context.Context, list []*remediate.Record) error {
	err := x.write(ctx, ledger.Receipt, list, func(r *remediate.Record) (map[string]any, error) {
		data := map[string]any{"state": string(r.State), "recovered": true}
		if r.Receipt == nil {
			return data, nil
		}
		digest, err := remediate.Digest(r.Receipt)
		data["outcome"], data["sha256"] = string(r.Receipt.Outcome), commit.Of(digest, r.Person)
		return data, err
	}, false)
	if err != nil {
		return err
	}
	for _, rec := range list {
		x.step(StepRecoverWrote, rec.Action)
	}
	return x.save(ctx, list)
}
