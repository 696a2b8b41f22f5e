package execute

import (
	"context"
	"fmt"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
)

// Recover settles what a process that died left in the state applying: it looks at each system and writes the receipt that is missing,
// or lets the action be done by the next apply. A system that does not answer leaves its actions as they are. It gives the records that
// it settled.
func (x *Executor) Recover(ctx context.Context) ([]remediate.Record, error) {
	left, err := remediate.Load[remediate.Record](ctx, x.Records, access.DocumentQuery{Kind: access.DocAction, States: []string{string(remediate.Applying)}})
	if err != nil {
		return nil, err
	}
	var settled []*remediate.Record
	silent := map[string]bool{}
	for i := range left {
		rec := &left[i]
		sys, ok := x.Systems[rec.System]
		switch {
		case !ok:
			rec.State, rec.Why = remediate.Failed, "interrupted, and the system is no longer configured to be changed: look there by hand"
			settled = append(settled, rec)
			continue
		case silent[rec.System]:
			continue
		}
		var obs access.Observation
		err := x.Retry.Do(ctx, func(ctx context.Context) (err error) {
			obs, err = x.await(ctx, sys.Target, rec, true)
			return err
		})
		x.step(StepRecoverLook, rec.Action)
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("recover action %s: %w", rec.ID, ctx.Err())
		case err != nil:
			silent[rec.System] = access.KindOf(err) == access.Transient
			x.Log.WarnContext(ctx, "interrupted action cannot be looked at", "action", rec.ID, "system", rec.System, "error", err)
			continue
		case shows(rec, obs):
			rec.Receipt = recovered(rec, obs, x.Now(), "found done after an interruption")
			rec.State, rec.Why = remediate.Done, ""
			if obs.Ordered {
				rec.State = remediate.Ordered
			}
		default:
			rec.State, rec.Why = remediate.Planned, "interrupted before it was done"
		}
		settled = append(settled, rec)
	}
	if err := x.entered(ctx, settled); err != nil {
		return nil, err
	}
	out := make([]remediate.Record, len(settled))
	for i, rec := range settled {
		out[i] = *rec
	}
	return out, nil
}

// entered writes the outcome of a recovery: the ledger first, then the records.
func (x *Executor) entered(ctx context.Context, list []*remediate.Record) error {
	err := x.write(ctx, ledger.Receipt, list, func(r *remediate.Record) (map[string]any, error) {
		data := map[string]any{"state": string(r.State), "recovered": true}
		if r.Receipt == nil {
			return data, nil
		}
		digest, err := remediate.Digest(r.Receipt)
		data["outcome"], data["sha256"] = string(r.Receipt.Outcome), digest
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
