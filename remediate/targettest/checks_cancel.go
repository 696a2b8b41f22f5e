package targettest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"muster/internal/access"
)

// tries is how often what breaks off after every write may have to be applied, and how many requests one call may make.
const (
	tries    = 10
	requests = 200
)

// clean is the shape after an action that nothing hindered.
func (b *bench) clean(kind access.ActionKind) (shape string, err error) {
	err = b.with(Scenario{}, func(p *place) error {
		_, _, err := p.done(p.action(kind))
		shape = p.shape()
		return err
	})
	return shape, err
}

// checkCommitted lets the connection break after every write that was made. What the next look shows decides, as in the executor.
func checkCommitted(b *bench) error {
	return b.each(Scenario{Fault: Committed}, func(p *place, a access.Action) error {
		want, err := b.clean(a.Kind)
		if err != nil {
			return fmt.Errorf("without a fault: %w", err)
		}
		for try := range tries {
			if a, err = p.ready(a); err != nil {
				return fmt.Errorf("look %d: %w", try+1, err)
			}
			if a.Before.Shows(a) {
				break
			}
			if _, err := p.apply(a); access.KindOf(err) != access.Transient {
				return fmt.Errorf("apply %d: kind %q, want %q: %v", try+1, access.KindOf(err), access.Transient, err)
			}
		}
		if !a.Before.Shows(a) {
			return fmt.Errorf("not done after %d tries", tries)
		}
		receipt, err := p.apply(a)
		if err != nil {
			return fmt.Errorf("apply what is done: %w", err)
		}
		if receipt.Outcome == access.OutcomeDone {
			return errors.New("what was done already was done again")
		}
		return differ("committed and broken off", want, p.shape())
	})
}

func checkCancelledBefore(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		before := p.sys.Dump()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		for _, kind := range b.s.kinds() {
			a := p.action(kind)
			if _, err := p.inspectWith(ctx, a); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: inspect: got error %v, want one that wraps context.Canceled", kind, err)
			}
			if _, err := p.applyWith(ctx, a); !errors.Is(err, context.Canceled) {
				return fmt.Errorf("%s: apply: got error %v, want one that wraps context.Canceled", kind, err)
			}
		}
		return differ("cancelled before the start", before, p.sys.Dump())
	})
}

// trap cancels a context at the n-th request.
type trap struct {
	mu     sync.Mutex
	at     int // 0: not armed
	count  int
	cancel context.CancelFunc
	sprung time.Time
}

func (t *trap) onRequest() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cancel == nil {
		return
	}
	if t.count++; t.count == t.at {
		t.sprung = time.Now()
		t.cancel()
	}
}

// call runs f with a context that ends at the n-th request, and reports whether it came to that.
func (t *trap) call(n int, f func(context.Context) error) (sprung bool, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	t.mu.Lock()
	t.at, t.count, t.cancel, t.sprung = n, 0, cancel, time.Time{}
	t.mu.Unlock()
	err = f(ctx)
	back := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel = nil
	switch late := back.Sub(t.sprung); {
	case t.sprung.IsZero():
		return false, err
	case late > prompt:
		return true, fmt.Errorf("it went on for %s", late)
	case err == nil && t.count > n:
		return true, fmt.Errorf("it made %d more requests and returned no error", t.count-n)
	case err != nil && !errors.Is(err, context.Canceled):
		return true, fmt.Errorf("the error does not wrap context.Canceled: %w", err)
	}
	return true, nil // without an error when all was done
}

func checkInspectCancelled(b *bench) error {
	var t trap
	return b.each(Scenario{OnRequest: t.onRequest}, func(p *place, a access.Action) error {
		before := p.sys.Dump()
		for n := 1; n <= requests; n++ {
			sprung, err := t.call(n, func(ctx context.Context) error { _, err := p.inspectWith(ctx, a); return err })
			if err != nil {
				return fmt.Errorf("cancelled at request %d: %w", n, err)
			}
			if !sprung && n == 1 {
				return errors.New("the harness showed no request")
			}
			if !sprung {
				return differ("cancelled", before, p.sys.Dump())
			}
		}
		return fmt.Errorf("it makes more than %d requests", requests)
	})
}

// checkApplyCancelled cancels at every request, looks and applies again, until an apply gets through.
func checkApplyCancelled(b *bench) error {
	var errs []error
	for _, kind := range b.s.kinds() {
		want, err := b.clean(kind)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: without a cancellation: %w", kind, err))
			continue
		}
		through := false
		for n := 1; n <= requests && !through && err == nil; n++ {
			if through, err = b.cancelledAt(kind, n, want); err != nil {
				errs = append(errs, fmt.Errorf("%s: cancelled at request %d: %w", kind, n, err))
			}
			if through && n == 1 {
				errs = append(errs, fmt.Errorf("%s: the harness showed no request", kind))
			}
		}
		if !through && err == nil {
			errs = append(errs, fmt.Errorf("%s: it makes more than %d requests", kind, requests))
		}
	}
	return errors.Join(errs...)
}

func (b *bench) cancelledAt(kind access.ActionKind, n int, want string) (through bool, err error) {
	var t trap
	err = b.with(Scenario{OnRequest: t.onRequest}, func(p *place) error {
		a, err := p.ready(p.action(kind))
		if err != nil {
			return err
		}
		sprung, err := t.call(n, func(ctx context.Context) error { _, err := p.applyWith(ctx, a); return err })
		if err != nil {
			return err
		}
		through = !sprung
		if a, err = p.ready(a); err != nil {
			return fmt.Errorf("look afterwards: %w", err)
		}
		receipt, err := p.apply(a)
		if err != nil {
			return fmt.Errorf("apply afterwards: %w", err)
		}
		if !receipt.After.Shows(a) {
			return fmt.Errorf("apply afterwards: the re-read does not show the change: %s", text(receipt.After))
		}
		return differ("apply afterwards", want, p.shape())
	})
	return through, err
}
