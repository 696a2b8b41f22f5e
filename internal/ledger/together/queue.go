// Package together lets callers who come at the same time share a piece of work that is dear by the time and not by the piece, such as a
// wait for the disk.
package together

import (
	"runtime"
	"sync"
	"time"
)

// gather is how long a group waits at most for callers of the group before, who are on their way back.
const gather = 300 * time.Microsecond

// Queue is who waits. The first to come leads: it works for everybody who came until then, and hands the lead on. The zero Queue
// is ready; it is safe for concurrent use.
type Queue[T any] struct {
	mu      sync.Mutex
	leading bool
	waiting []ticket[T]
	before  int // how many the last group had
}

// ticket is one caller.
type ticket[T any] struct {
	item T
	wake chan bool // true: lead; false: it is done
}

// Do enters an item and returns when work was done for it, by this caller or another. Work gets the items of a group in the order in
// which they came; no two groups are worked on at the same time.
func (q *Queue[T]) Do(item T, work func(group []T)) {
	mine := ticket[T]{item, make(chan bool, 1)}
	if !q.join(mine) {
		return
	}
	group := q.group()
	items := make([]T, len(group))
	for i, t := range group {
		items[i] = t.item
	}
	work(items)
	q.handOn()
	for _, t := range group {
		if t.wake != mine.wake {
			t.wake <- false
		}
	}
}

// join returns true when the caller must lead, and false when its work was done by another.
func (q *Queue[T]) join(t ticket[T]) (lead bool) {
	q.mu.Lock()
	q.waiting = append(q.waiting, t)
	if !q.leading {
		q.leading = true
		q.mu.Unlock()
		return true
	}
	q.mu.Unlock()
	return <-t.wake
}

// group takes everybody who waits. After a group of many it gives them a moment to come back: it costs less than work that only some
// of them share. A caller who is alone never waits.
func (q *Queue[T]) group() []ticket[T] {
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
func (q *Queue[T]) handOn() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.leading = false
		return
	}
	q.waiting[0].wake <- true
}
