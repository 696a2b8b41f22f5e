// Package shared lets a process that runs for long write to a ledger that other processes write to as well: it takes the ledger's lock for
// each piece of work and gives it back. While another process holds it, work waits.
//
// A Ledger is safe for concurrent use; pieces of work run one after the other. What is appended with a ctx of Do goes through the lock that
// Do holds; any other Append is a piece of work of its own. Errors are the ledger's.
package shared

import (
	"context"
	"errors"
	"sync"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
)

// Ledger is a ledger that is opened for each piece of work.
type Ledger struct {
	dir  string
	o    ledger.Options
	wait time.Duration

	mu sync.Mutex
}

// New makes a shared ledger of a folder. Work waits for the lock as long as wait, or as its ctx lets it.
func New(dir string, o ledger.Options, wait time.Duration) *Ledger {
	return &Ledger{dir: dir, o: o, wait: wait}
}

// firstTry is how long the first wait for the lock is; it doubles up to lastTry.
const (
	firstTry = 5 * time.Millisecond
	lastTry  = 250 * time.Millisecond
)

type held struct{}

// Do runs work that needs the ledger for itself: nobody else decides or changes meanwhile.
func (l *Ledger) Do(ctx context.Context, work func(ctx context.Context) error) error {
	if l.of(ctx) != nil {
		return work(ctx)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	log, err := l.open(ctx)
	if err != nil {
		return err
	}
	return errors.Join(work(context.WithValue(ctx, held{}, lease{l, log})), log.Close())
}

// lease is the lock while one piece of work holds it.
type lease struct {
	of  *Ledger
	log *ledger.Log
}

// of gives the log that a ctx of Do holds.
func (l *Ledger) of(ctx context.Context) *ledger.Log {
	if x, ok := ctx.Value(held{}).(lease); ok && x.of == l {
		return x.log
	}
	return nil
}

// Append enters events, in the piece of work of ctx or in one of its own.
func (l *Ledger) Append(ctx context.Context, events ...ledger.Event) (first uint64, err error) {
	if log := l.of(ctx); log != nil {
		return log.Append(ctx, events...)
	}
	err = l.Do(ctx, func(ctx context.Context) error {
		first, err = l.of(ctx).Append(ctx, events...)
		return err
	})
	return first, err
}

// open takes the lock, and waits for it while another process has it.
func (l *Ledger) open(ctx context.Context) (*ledger.Log, error) {
	until, pause := time.Now().Add(l.wait), firstTry
	for {
		log, err := ledger.Open(l.dir, l.o)
		if access.KindOf(err) != access.Conflict || time.Now().After(until) {
			return log, err
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), err)
		case <-time.After(pause):
		}
		pause = min(2*pause, lastTry)
	}
}
