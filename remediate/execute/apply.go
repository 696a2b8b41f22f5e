package execute

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// already is why nothing is done about what is there.
const already = "it is so already"

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
	case another(rec, obs):
		rec.State, rec.Why = remediate.Skipped, fmt.Sprintf("the account is another one now: its id is %s", obs.AccountID)
		return
	case obs.Shows(rec.Action):
		r.there(rec, obs)
		return
	}
	if why := r.changed(rec, obs); why != "" {
		rec.State, rec.Why = remediate.Skipped, why
		return
	}
	if begun(rec, obs) { // what an interrupted try left is not what the account was
		rec.Before, rec.Receipt, rec.State, rec.Why = &obs, nil, remediate.Applying, ""
		return
	}
	rec.Before, rec.Inverse, rec.Receipt = &obs, nil, nil
	if inverse, ok := remediate.Inverse(rec.Action, obs); ok {
		inverse.ID = remediate.ShortID("A-", "undo", rec.ID)
		rec.Inverse = &inverse
	}
	rec.State, rec.Why = remediate.Applying, ""
}

// another reports whether what was found is not the account that the action is about.
func another(rec *remediate.Record, obs access.Observation) bool {
	return rec.Account.ID != "" && obs.AccountID != "" && obs.AccountID != rec.Account.ID
}

// begun reports whether an earlier try may have done a part of a deletion, such as taking the account out of its groups: the inverse that
// it noted brings back what was there before it.
func begun(rec *remediate.Record, obs access.Observation) bool {
	return rec.Kind == access.DeleteAccount && rec.Inverse != nil && rec.Before != nil && rec.Before.AccountID == obs.AccountID
}

// there settles an action whose change is there before anything is done.
func (r *run) there(rec *remediate.Record, obs access.Observation) {
	switch {
	case rec.Receipt != nil && rec.Receipt.Outcome == access.OutcomeDone: // an earlier try did it, and the system took its time to show it
		rec.Receipt = recovered(rec, obs, r.x.Now(), "shown after an earlier try: "+rec.Receipt.Said)
		rec.State, rec.Why = remediate.Done, ""
	case rec.Kind == access.CreateAccount:
		rec.State, rec.Why = remediate.Skipped, "there is an account of that name already: link it to the person, or give the person another login"
	default:
		rec.State, rec.Why = remediate.Skipped, already
	}
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

// stopError ends the tries of an action because nothing may be changed any more.
type stopError struct{ why string }

// Error says why.
func (e *stopError) Error() string { return e.why }

// apply makes the change. After an error that leaves it open whether the change was made, it looks before it tries again, and before it
// says that the action failed.
func (r *run) apply(ctx context.Context, rec *remediate.Record) {
	if r.pace.wait(ctx) != nil {
		untried(rec, "interrupted before it was done")
		return
	}
	if why, stop := r.stopped(); stop {
		untried(rec, why)
		return
	}
	tries, unsure := 0, false
	err := r.x.Retry.Do(ctx, func(ctx context.Context) error {
		if tries > 0 {
			done, err := r.lookAgain(ctx, rec)
			if done || err != nil {
				return err
			}
			unsure = false
			if why, stop := r.stopped(); stop {
				return &stopError{why}
			}
		}
		tries++
		receipt, err := r.sys.Target.Apply(ctx, rec.Action)
		if err == nil {
			rec.Receipt = &receipt
		}
		unsure = err != nil && ambiguous(err, tries)
		return err
	})
	stop, stopped := errors.AsType[*stopError](err)
	switch {
	case err != nil && ctx.Err() != nil && tries == 0:
		untried(rec, "interrupted before it was done")
	case err != nil && ctx.Err() != nil:
		r.interrupted(ctx, rec)
	case stopped:
		rec.State, rec.Why = remediate.Planned, stop.why
	case unsure:
		r.unsure(ctx, rec, err)
	case err != nil:
		rec.State, rec.Why = failure(err)
	case rec.Receipt.Outcome == access.OutcomeAlready && tries == 1 && !rec.Receipt.After.Ordered:
		rec.State, rec.Why, rec.Inverse = remediate.Skipped, already, nil // somebody else did it meanwhile
	default:
		r.confirm(ctx, rec)
		r.done(rec)
	}
}

// untried lets an action be done another time that was not even tried.
func untried(rec *remediate.Record, why string) {
	rec.State, rec.Why = remediate.Planned, why
	rec.Tries--
}

// ambiguous reports whether the change may have been made although the system answered with an error. A conflict after the first try may
// be with what that try left.
func ambiguous(err error, tries int) bool {
	switch access.KindOf(err) {
	case access.Transient, access.Internal, access.Incomplete:
		return true
	case access.Conflict:
		return tries > 1
	}
	return false
}

// confirm reads again, a few times, what a system that answers before it has made up its mind does not show at once.
func (r *run) confirm(ctx context.Context, rec *remediate.Record) {
	if rec.Receipt.Outcome == access.OutcomeOrdered || rec.Receipt.After.Shows(rec.Action) {
		return
	}
	if obs, err := r.x.await(ctx, r.sys.Target, rec, false); err == nil {
		rec.Receipt.After = obs
	}
}

// waits are the times before each look at what may take a while to be seen.
func (x *Executor) waits() []time.Duration {
	if x.Settle <= 0 {
		return []time.Duration{0}
	}
	return []time.Duration{0, x.Settle, 2 * x.Settle, 4 * x.Settle}
}

// await looks at an action's account until the change is to be seen, a few times with growing waits, and gives the last look. At once says
// whether the first look needs no wait.
func (x *Executor) await(ctx context.Context, target remediate.Target, rec *remediate.Record, atOnce bool) (access.Observation, error) {
	waits := x.waits()
	if !atOnce && len(waits) > 1 {
		waits = waits[1:]
	}
	var obs access.Observation
	var err error
	for _, wait := range waits {
		select {
		case <-ctx.Done():
			return obs, fmt.Errorf("look at %s: %w", rec.ID, ctx.Err())
		case <-time.After(wait):
		}
		if obs, err = target.Inspect(ctx, rec.Action); err == nil && shows(rec, obs) {
			return obs, nil
		}
	}
	return obs, err
}

// interrupted settles an action during which ctx was cancelled: by looking, since the change may have been made. What is not to be seen
// yet may still come: Recover looks once more.
func (r *run) interrupted(ctx context.Context, rec *remediate.Record) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime/2)
	defer cancel()
	if done, err := r.lookAgain(ctx, rec); err == nil && done {
		r.done(rec)
		return
	}
	rec.State, rec.Why = remediate.Applying, "interrupted, and it is not known whether it was done: the next command looks"
}

// unsure settles an action whose last try ended with an error that leaves it open whether it was made.
func (r *run) unsure(ctx context.Context, rec *remediate.Record, cause error) {
	done, err := r.lookAgain(ctx, rec)
	switch {
	case done:
		r.done(rec)
	case err != nil:
		rec.State, rec.Why = remediate.Applying, "it is not known whether it was done: "+cause.Error()
	default:
		rec.State, rec.Why = failure(cause)
	}
}

// lookAgain reports whether the change is there, and writes the receipt if so.
func (r *run) lookAgain(ctx context.Context, rec *remediate.Record) (bool, error) {
	obs, err := r.x.await(ctx, r.sys.Target, rec, true)
	if err != nil {
		return false, err
	}
	if !shows(rec, obs) {
		return false, nil
	}
	rec.Receipt = recovered(rec, obs, r.x.Now(), "found done after the answer was lost")
	return true, nil
}

// shows reports whether an observation shows the change of an action, on the account that it is about.
func shows(rec *remediate.Record, obs access.Observation) bool {
	return obs.Shows(rec.Action) && (rec.Kind == access.CreateAccount || !another(rec, obs))
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
	case rec.Receipt.Outcome == access.OutcomeOrdered || after.Ordered:
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
