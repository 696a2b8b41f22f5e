// Package noticetest holds a ledger in memory, for tests of what happens many times or must be looked at afterwards.
//
// It is safe for concurrent use. Nothing here is used outside of tests and measurements.
package noticetest

import (
	"context"
	"errors"
	"sync"

	"muster/internal/ledger"
)

// Ledger keeps events in memory. The zero value is empty.
type Ledger struct {
	mu     sync.Mutex
	events []ledger.Event
	down   bool
}

// Append enters events.
func (l *Ledger) Append(_ context.Context, events ...ledger.Event) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return 0, errors.New("append to the ledger: the disk is full")
	}
	l.events = append(l.events, events...)
	return uint64(len(l.events)), nil
}

// Fail makes the ledger refuse, or take again.
func (l *Ledger) Fail(down bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = down
}

// Events gives what was entered of a type.
func (l *Ledger) Events(kind ledger.Type) []ledger.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []ledger.Event
	for _, e := range l.events {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}
