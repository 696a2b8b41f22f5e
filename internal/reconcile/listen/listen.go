// Package listen takes decisions while muster waits for the next night: it puts what people press in Slack before the Desk, lets questions
// age, carries out what was approved, and keeps the channels up to date.
//
// Every piece of work takes the ledger's lock for itself, so that a nightly run, a command and a listener never decide at the same
// time; while a run holds it, decisions wait in the inbox, which is on disk. Refusals must not keep an acknowledgement waiting: while the
// ledger is held they are spooled, durably, and entered with the next piece of work. Times are UTC.
package listen

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"muster/internal/access"
	"muster/internal/ledger/shared"
	"muster/internal/reconcile/mend"
	"muster/internal/reconcile/tell"
	"muster/remediate/approve"
)

// Listener does the work of muster serve.
type Listener struct {
	Ledger *shared.Ledger
	Mender *mend.Mender // its ledger and its desk's are Ledger
	Teller *tell.Teller
	Spool  *Spool
	Every  time.Duration // between two looks at the clock; default one minute
	Log    *slog.Logger

	wake chan struct{}
}

// New makes a listener.
func New(l Listener) *Listener {
	l.wake = make(chan struct{}, 1)
	if l.Every == 0 {
		l.Every = time.Minute
	}
	return &l
}

// refuseWait is how long a refusal waits for the ledger before it is spooled.
const refuseWait = 200 * time.Millisecond

// Decide takes a claim with the ledger held, so that it is the only decision at that moment.
func (l *Listener) Decide(ctx context.Context, c approve.Claim) (a access.Approval, err error) {
	work := l.Ledger.Do(ctx, func(ctx context.Context) error {
		a, err = l.Mender.Desk.Decide(ctx, c)
		return nil
	})
	return a, errors.Join(err, work)
}

// Snooze puts off a reminder.
func (l *Listener) Snooze(ctx context.Context, approval, person string, until time.Time) (a access.Approval, err error) {
	work := l.Ledger.Do(ctx, func(ctx context.Context) error {
		a, err = l.Mender.Desk.Snooze(ctx, approval, person, until)
		return nil
	})
	return a, errors.Join(err, work)
}

// Refuse enters an attempt, at once or from the spool.
func (l *Listener) Refuse(ctx context.Context, a approve.Attempt) error {
	soon, cancel := context.WithTimeout(ctx, refuseWait)
	defer cancel()
	if err := l.Mender.Desk.Refuse(soon, a); err == nil {
		return nil
	}
	return l.Spool.Put(a)
}

// Decided lets a decision take effect at once. It does not block.
func (l *Listener) Decided(access.Approval) {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Work looks at the clock, now and again, until ctx ends. What fails is logged and tried again at the next look.
func (l *Listener) Work(ctx context.Context) {
	timer := time.NewTicker(l.Every)
	defer timer.Stop()
	for {
		if err := l.Once(ctx); err != nil && ctx.Err() == nil {
			l.Log.ErrorContext(ctx, "work between two runs failed", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-l.wake:
		}
	}
}

// Once lets questions age, carries out what may be done, and tells what changed.
func (l *Listener) Once(ctx context.Context) error {
	err := l.Ledger.Do(ctx, func(ctx context.Context) error {
		if err := l.Spool.Empty(func(a approve.Attempt) error { return l.Mender.Desk.Refuse(ctx, a) }); err != nil {
			return err
		}
		if _, err := l.Mender.Recover(ctx); err != nil {
			return err
		}
		if err := l.Mender.Tick(ctx); err != nil {
			return err
		}
		if !l.Mender.Enabled() {
			return nil
		}
		_, err := l.Mender.Apply(ctx)
		return err
	})
	return errors.Join(err, l.Teller.Questions(ctx))
}
