package execute

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"muster/remediate"
)

// wave is some actions of one system that are worked on together: at most one of an account, so that each action sees what the one before
// it left, and none before the one that it depends on.
type wave struct {
	records  []*remediate.Record
	accounts []string      // of the records, which belong to whoever works on the wave once it is under way
	ids      []string      // likewise
	changed  chan struct{} // closed when it changes nothing any more
	written  chan struct{} // closed when what happened is written down
}

func newWave() *wave { return &wave{changed: make(chan struct{}), written: make(chan struct{})} }

func (w *wave) add(rec *remediate.Record) {
	w.records, w.accounts, w.ids = append(w.records, rec), append(w.accounts, accountKey(rec.Action)), append(w.ids, rec.ID)
}

// overlap is how many waves are under way at most: while one is written down, the other looks or changes.
const overlap = 2

// pattern says how many actions a wave has and how many waves are under way at most. Where a rate slows the changes down there is nothing to
// gain by many, and looks would be old when the changes come.
func (r *run) pattern() (size, most int) {
	size, most = cmpOr(r.x.Batch, defaultBatch), overlap
	if r.sys.Rate > 0 {
		size, most = max(1, min(size, int(r.sys.Rate*freshFor.Seconds()))), 1
	}
	return size, most
}

// work carries out actions in waves. The system sees one wave at a time, and their changes in the order of the waves; what is written about
// one is written while the next is at the system.
func (r *run) work(ctx context.Context, list []*remediate.Record) error {
	size, most := r.pattern()
	g, within := errgroup.WithContext(ctx)
	next, before := newWave(), newWave()
	close(before.changed)
	for len(list) > 0 || len(next.records) > 0 {
		var over []*remediate.Record
		list, over = r.fill(next, list, size)
		if err := r.x.settled(within, over); err != nil {
			g.Go(func() error { return err }) // ends what is under way
			break
		}
		full := len(next.records) == size || len(list) == 0
		switch {
		case len(r.under) == most, len(r.under) > 0 && !full: // what is left may wait for what is under way
			<-r.under[0].written
			r.under = r.under[1:]
		case len(next.records) > 0:
			this, last := next, before.changed
			r.begin(this)
			g.Go(func() error { return r.batch(within, this, last) })
			next, before = newWave(), this
		case len(list) > 0: // each waits for another
			blocked := list
			list = nil
			g.Go(func() error {
				return r.x.settle(within, blocked, remediate.Blocked, "the account that it needs was not created")
			})
		}
		if within.Err() != nil {
			break
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("apply actions in %s: %w", r.name, err)
	}
	return nil
}

// begin takes a wave up.
func (r *run) begin(w *wave) {
	r.under = append(r.under, w)
	for _, rec := range w.records {
		r.ended[rec.ID] = rec
	}
}

// fill adds to a wave the next actions that may go with it. Rest are those that may not, over those whose account was not created.
func (r *run) fill(w *wave, list []*remediate.Record, size int) (rest, over []*remediate.Record) {
	busy, pending := map[string]bool{}, map[string]bool{} // by account, by action
	for _, u := range append([]*wave{w}, r.under...) {
		for i := range u.records {
			busy[u.accounts[i]], pending[u.ids[i]] = true, true
		}
	}
	for _, rec := range list {
		pending[rec.ID] = true
	}
	for _, rec := range list {
		account := accountKey(rec.Action)
		if len(w.records) == size || busy[account] || rec.After != "" && pending[rec.After] {
			busy[account] = true
			rest = append(rest, rec)
			continue
		}
		if rec.After != "" && rec.Account.ID == "" {
			if state, why := r.created(rec); state != remediate.Planned || why != "" {
				if rec.State != state || rec.Why != why {
					rec.State, rec.Why = state, why
					over = append(over, rec)
				}
				continue
			}
		}
		busy[account] = true
		w.add(rec)
	}
	return rest, over
}

// batch does one wave: look, write intents, change once the wave before makes no more changes, write receipts.
func (r *run) batch(ctx context.Context, w *wave, before <-chan struct{}) error {
	defer close(w.written)
	ready, err := r.look(ctx, w.records)
	<-before
	if err == nil {
		r.at(func() { r.each(ready, func(rec *remediate.Record) { r.apply(ctx, rec) }) })
	}
	close(w.changed)
	if err != nil || len(ready) == 0 {
		return err
	}
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	return errors.Join(r.x.receipts(flush, ready), ctx.Err())
}

// look inspects the actions of a wave and writes down what will be done. Ready are those that may be.
func (r *run) look(ctx context.Context, list []*remediate.Record) (ready []*remediate.Record, err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("apply actions in %s: %w", r.name, err)
	}
	if why, stop := r.stopped(); stop {
		return nil, r.x.settle(ctx, list, remediate.Planned, why)
	}
	r.at(func() { r.each(list, func(rec *remediate.Record) { r.inspect(ctx, rec) }) })
	var over []*remediate.Record
	for _, rec := range list {
		if rec.State == remediate.Applying {
			ready = append(ready, rec)
		} else {
			over = append(over, rec)
		}
	}
	if err := r.x.settled(ctx, over); err != nil {
		return nil, err
	}
	if len(ready) == 0 {
		return nil, ctx.Err()
	}
	return ready, r.x.intents(ctx, ready)
}

// at does what concerns the system when it is the only one to do so.
func (r *run) at(f func()) {
	r.turn.Lock()
	defer r.turn.Unlock()
	f()
}
