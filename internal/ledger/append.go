package ledger

import (
	"context"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger/commit"
)

// publishAfter is how long readers of the folder may wait for what callers in groups appended.
const publishAfter = 100 * time.Millisecond

// request is one Append.
type request struct {
	ctx    context.Context
	events []encoded
	first  uint64
	err    error
}

// Append enters events in order and returns the index of the first. When it returns without an error the entries are
// durable; with an error none of them is in the log, and the same Append may be tried again. Callers at the same time share
// one wait for the disk; each one's events stay together. Readers see what a caller appended alone at once, and what callers
// appended together within 100 ms; Log.Reader sees everything.
func (l *Log) Append(ctx context.Context, events ...Event) (first uint64, err error) {
	r := &request{ctx: ctx, events: make([]encoded, len(events))}
	for i, event := range events {
		if r.events[i], err = event.encode(l.random); err != nil {
			return 0, failed(access.Invalid, "append", "", err)
		}
		if err := ctx.Err(); err != nil {
			return 0, failed(access.Transient, "append", "", err)
		}
	}
	l.queue.Do(r, func(group []*request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.appendGroup(group)
	})
	return r.first, r.err
}

// appendGroup enters the events of a group with one checkpoint. A request whose events cannot be entered is left out; what
// the disk refuses, it refuses to all.
func (l *Log) appendGroup(group []*request) {
	var raws [][]byte
	var taken []*request
	last, now := l.last, l.now().UTC()
	size := l.at.Size
	for _, r := range group {
		mine, until, err := l.place(r, size, last, now)
		if err != nil {
			r.err = err
			continue
		}
		r.first = size
		size, last = size+uint64(len(mine)), until
		raws = append(raws, mine...)
		taken = append(taken, r)
	}
	if len(raws) == 0 {
		return
	}
	var next Checkpoint
	if err := l.keepOpenings(taken); err != nil {
		l.dropOpenings()
		refuse(taken, "keep what the entries commit to", err)
		return
	}
	err := l.writer.Append(raws, func(size uint64, root tlog.Hash) (text string, err error) {
		next, err = sign(l.keys.Signer, size, root)
		return next.Text, err
	})
	if err == nil {
		l.publish(len(group) > 1)
	}
	if l.broken = l.writer.Broken; err != nil {
		l.dropOpenings()
		refuse(taken, "append", err)
		return
	}
	l.at, l.last = next, last
}

// refuse tells everybody that the disk did not take anything.
func refuse(group []*request, op string, err error) {
	for _, r := range group {
		r.first, r.err = 0, failed(access.Internal, op, "free space on the disk; nothing was acknowledged", err)
	}
}

// keepOpenings makes what entries commit to durable before the entries. What is there without an entry is dropped first: it would seem to
// belong to the next.
func (l *Log) keepOpenings(group []*request) error {
	if err := l.trimBook(); err != nil {
		return err
	}
	var list []commit.Opening
	for _, r := range group {
		for i, e := range r.events {
			for _, o := range e.openings {
				o.Entry = r.first + uint64(i)
				list = append(list, o)
			}
		}
	}
	return l.book.Add(list)
}

// dropOpenings takes back what was kept for entries that were refused, unless nobody knows whether a crash would leave them in the log. When
// it fails, the next Append tries again.
func (l *Log) dropOpenings() {
	l.trimmed = false
	if l.broken == nil {
		_ = l.trimBook() // the next Append tells
	}
}

// trimBook drops openings of appends that never happened: once after the log was opened, not at once, because a log that was restored from
// an older backup must first be noticed by whoever opened it; and after an Append that was refused.
func (l *Log) trimBook() error {
	if l.trimmed {
		return nil
	}
	err := l.book.Trim(l.at.Size)
	l.trimmed = err == nil
	return err
}

// publish lets readers see what was acknowledged: now, or soon when callers come in groups, because files are dear. When it fails, nothing
// more is taken.
func (l *Log) publish(soon bool) {
	if !soon {
		_ = l.show() // the next Append tells
		return
	}
	if l.soon == nil {
		l.soon = time.AfterFunc(publishAfter, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.soon = nil
			_ = l.show() // the next Append tells
		})
	}
}

// show lets readers see everything that was acknowledged.
func (l *Log) show() error {
	if l.writer == nil {
		return nil // closed
	}
	err := l.writer.Publish()
	l.broken = l.writer.Broken
	return err
}

// place makes the leaves of a request, and says the time of the last one.
func (l *Log) place(r *request, size uint64, last, now time.Time) (raws [][]byte, until time.Time, err error) {
	if l.broken != nil {
		return nil, last, failed(access.Internal, "append", "start again: opening the log finds out what was written", l.broken)
	}
	if err := r.ctx.Err(); err != nil {
		return nil, last, failed(access.Transient, "append", "", err)
	}
	raws = make([][]byte, len(r.events))
	for i, e := range r.events {
		at := e.event.Time.UTC()
		if e.event.Time.IsZero() {
			at = now
		}
		if at.Before(last) {
			at = last
		}
		last = at
		if raws[i], err = e.leaf(size+uint64(i), at); err != nil {
			return nil, last, failed(access.Invalid, "append", "", err)
		}
	}
	return raws, last, nil
}
