package ledger

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
)

// gather is how long a group waits at most for callers of the group before, who are on their way back.
const gather = 300 * time.Microsecond

// publishAfter is how long readers of the folder may wait for what callers in groups appended.
const publishAfter = 20 * time.Millisecond

// queue is who waits to append. The first to come leads: it appends for everybody who came until then, and hands the lead on.
type queue struct {
	mu      sync.Mutex
	leading bool
	waiting []*request
	before  int // how many requests the last group had
}

// request is one Append.
type request struct {
	ctx    context.Context
	events []encoded
	first  uint64
	err    error
	wake   chan bool // true: lead; false: it is done
}

// Append enters events in order and returns the index of the first. When it returns without an error the entries are
// durable; with an error none of them is in the log, and the same Append may be tried again. Callers at the same time share
// one wait for the disk; each one's events stay together. Readers see what a caller appended alone at once, and what callers
// appended together within 20 ms; Log.Reader sees everything.
func (l *Log) Append(ctx context.Context, events ...Event) (first uint64, err error) {
	r := &request{ctx: ctx, events: make([]encoded, len(events)), wake: make(chan bool, 1)}
	for i, event := range events {
		if r.events[i], err = event.encode(); err != nil {
			return 0, failed(access.Invalid, "append", "", err)
		}
		if err := ctx.Err(); err != nil {
			return 0, failed(access.Transient, "append", "", err)
		}
	}
	if !l.queue.join(r) {
		return r.first, r.err
	}
	group := l.queue.group()
	l.mu.Lock()
	l.appendGroup(group)
	l.mu.Unlock()
	l.queue.handOn()
	for _, other := range group {
		if other != r {
			other.wake <- false
		}
	}
	return r.first, r.err
}

// join enters a request. It returns true when the request must lead its group, and false when it was done by another.
func (q *queue) join(r *request) (lead bool) {
	q.mu.Lock()
	q.waiting = append(q.waiting, r)
	if !q.leading {
		q.leading = true
		q.mu.Unlock()
		return true
	}
	q.mu.Unlock()
	return <-r.wake
}

// group takes everybody who waits. After a group of many it gives them a moment to come back: it costs less than a wait for the
// disk that only some of them share. A caller who is alone never waits.
func (q *queue) group() []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for end := time.Now().Add(gather); q.before > 1 && len(q.waiting) < q.before && time.Now().Before(end); {
		q.mu.Unlock()
		runtime.Gosched()
		q.mu.Lock()
	}
	group := q.waiting
	q.waiting, q.before = nil, len(group)
	return group
}

// handOn gives the lead to the first who waits.
func (q *queue) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.leading = false
		return
	}
	q.waiting[0].wake <- true
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
	err := l.writer.Append(raws, func(size uint64, root tlog.Hash) (text string, err error) {
		next, err = sign(l.keys.Signer, size, root)
		return next.Text, err
	})
	if err == nil {
		l.publish(len(group) > 1)
	}
	if l.broken = l.writer.Broken; err != nil {
		for _, r := range taken {
			r.first, r.err = 0, failed(access.Internal, "append", "free space on the disk; nothing was acknowledged", err)
		}
		return
	}
	l.at, l.last = next, last
}

// publish lets readers see what was acknowledged: now, or soon when callers come in groups, because files are dear.
func (l *Log) publish(soon bool) {
	if !soon {
		l.writer.Publish()
		return
	}
	if l.soon == nil {
		l.soon = time.AfterFunc(publishAfter, func() {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.soon = nil
			if l.writer != nil {
				l.writer.Publish()
			}
		})
	}
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
