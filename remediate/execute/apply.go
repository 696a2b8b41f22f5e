package execute

import (
	"context"
	"fmt"
	"sync"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// inspect looks at an action's account and decides whether the action still is what it was planned as: then the record is Applying.
func (r *run) inspect(ctx context.Context, rec *remediate.Record) {
	var obs access.Observation
	err := r.x.Retry.Do(ctx, func(ctx context.Context) (err error) {
		obs, err = r.sys.Target.Inspect(ctx, rec.Action)
		return err
	})
	r.x.step(StepInspected, rec.Action)
	switch {
	case ctx.Err() != nil:
		return // the record stays planned
	case err != nil:
		rec.State, rec.Why = failure(err)
		return
	case obs.Shows(rec.Action):
		rec.State, rec.Why = remediate.Skipped, "it is so already"
		return
	}
	if why := r.changed(rec, obs); why != "" {
		rec.State, rec.Why = remediate.Skipped, why
		return
	}
	rec.Before = &obs
	rec.Inverse = nil
	if inverse, ok := remediate.Inverse(rec.Action, obs); ok {
		inverse.ID = remediate.ShortID("A-", "undo", rec.ID)
		rec.Inverse = &inverse
	}
	rec.State, rec.Why = remediate.Applying, ""
}

// changed says how an account differs from what the snapshot showed, or what the actions before this one left.
func (r *run) changed(rec *remediate.Record, obs access.Observation) string {
	if obs.Unseen {
		return "" // whoever carries out the order looks
	}
	r.mu.Lock()
	want, known := r.seen[accountKey(rec.Action)]
	r.mu.Unlock()
	if !known {
		want = seen{rec.Seen.Exists, rec.Seen.Enabled}
	}
	switch {
	case rec.Account.ID != "" && obs.AccountID != "" && obs.AccountID != rec.Account.ID:
		return fmt.Sprintf("the account is another one now: its id is %s", obs.AccountID)
	case obs.Exists != want.exists && want.exists:
		return "the account is gone since the snapshot"
	case obs.Exists != want.exists:
		return "there is an account of that name since the snapshot"
	case obs.Exists && obs.Enabled != want.enabled && want.enabled:
		return "the account was disabled since the snapshot"
	case obs.Exists && obs.Enabled != want.enabled:
		return "the account was enabled since the snapshot"
	}
	return ""
}

// apply makes the change. After an error that leaves it open whether the change was made, it looks before it tries again.
func (r *run) apply(ctx context.Context, rec *remediate.Record) {
	if why, stop := r.stopped(); stop {
		rec.State, rec.Why = remediate.Planned, why
		return
	}
	if err := r.pace.wait(ctx); err != nil {
		rec.State, rec.Why = remediate.Planned, "interrupted before it was done"
		return
	}
	tries := 0
	err := r.x.Retry.Do(ctx, func(ctx context.Context) error {
		if tries++; tries > 1 {
			if done, err := r.lookAgain(ctx, rec); done || err != nil {
				return err
			}
		}
		receipt, err := r.sys.Target.Apply(ctx, rec.Action)
		if err == nil {
			rec.Receipt = &receipt
		}
		return err
	})
	if err != nil && ctx.Err() != nil {
		r.interrupted(ctx, rec)
		return
	}
	if err != nil {
		rec.State, rec.Why = failure(err)
		return
	}
	r.confirm(ctx, rec)
	r.done(rec)
}

// confirm reads again, a few times, what a system that answers before it has made up its mind does not show at once.
func (r *run) confirm(ctx context.Context, rec *remediate.Record) {
	for try := 0; try < 3 && rec.Receipt.Outcome != access.OutcomeOrdered && !rec.Receipt.After.Shows(rec.Action); try++ {
		select {
		case <-ctx.Done():
			return
		case <-time.After(r.x.Settle << try):
		}
		if obs, err := r.sys.Target.Inspect(ctx, rec.Action); err == nil {
			rec.Receipt.After = obs
		}
	}
}

// interrupted settles an action during which ctx was cancelled: by looking, since the change may have been made.
func (r *run) interrupted(ctx context.Context, rec *remediate.Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime/2)
	defer cancel()
	done, err := r.lookAgain(ctx, rec)
	switch {
	case err != nil:
		rec.State, rec.Why = remediate.Applying, "interrupted, and the system does not say whether it was done" // Recover will look
	case done:
		r.done(rec)
	default:
		rec.State, rec.Why = remediate.Planned, "interrupted before it was done"
	}
}

// lookAgain reports whether the change is there, and writes the receipt if so.
func (r *run) lookAgain(ctx context.Context, rec *remediate.Record) (bool, error) {
	obs, err := r.sys.Target.Inspect(ctx, rec.Action)
	if err != nil {
		return false, err
	}
	if !obs.Shows(rec.Action) {
		return false, nil
	}
	rec.Receipt = recovered(rec, obs, r.x.Now(), "found done after the answer was lost")
	return true, nil
}

func recovered(rec *remediate.Record, obs access.Observation, now time.Time, said string) *access.Receipt {
	receipt := &access.Receipt{Action: rec.ID, Outcome: access.OutcomeDone, At: now.UTC(), Said: said, After: obs, Recovered: true}
	if obs.Ordered {
		receipt.Outcome = access.OutcomeOrdered
	}
	return receipt
}

// done reads the receipt.
func (r *run) done(rec *remediate.Record) {
	r.x.step(StepApplied, rec.Action)
	after := rec.Receipt.After
	switch {
	case rec.Receipt.Outcome == access.OutcomeOrdered:
		rec.State, rec.Why = remediate.Ordered, ""
		return
	case !after.Shows(rec.Action):
		rec.State, rec.Why = remediate.Failed, "the system said that it was done, and a re-read does not show it"
	default:
		rec.State, rec.Why = remediate.Done, ""
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen[accountKey(rec.Action)] = seen{after.Exists, after.Enabled}
}

// failure is what an error of a system makes of an action.
func failure(err error) (remediate.State, string) {
	switch access.KindOf(err) {
	case access.Conflict:
		return remediate.Skipped, "somebody else changed it meanwhile: " + err.Error()
	default:
		why := err.Error()
		if hint := access.HintOf(err); hint != "" {
			why += " (" + hint + ")"
		}
		return remediate.Failed, why
	}
}

// pacer keeps to a rate.
type pacer struct {
	rate float64
	now  func() time.Time

	mu   sync.Mutex
	next time.Time
}

// wait takes the next place and waits for it.
func (p *pacer) wait(ctx context.Context) error {
	if p.rate <= 0 {
		return ctx.Err()
	}
	p.mu.Lock()
	now := p.now()
	at := p.next
	if at.Before(now) {
		at = now
	}
	p.next = at.Add(time.Duration(float64(time.Second) / p.rate))
	p.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(at.Sub(now)):
		return nil
	}
}
