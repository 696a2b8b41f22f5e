package inbound

import (
	"sync"
	"time"
)

// queue holds what is to be handled next, as much as fits. What does not fit waits in the inbox.
type queue struct {
	items chan Interaction

	mu    sync.Mutex
	busy  map[string]bool // in items, or being handled
	tries map[string]int
	after map[string]time.Time // not to be tried before
}

func newQueue(size int) queue {
	return queue{items: make(chan Interaction, size), busy: map[string]bool{}, tries: map[string]int{}, after: map[string]time.Time{}}
}

// push takes an interaction unless it is there, or the queue is full.
func (q *queue) push(x Interaction) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.busy[x.ID] {
		return
	}
	select {
	case q.items <- x:
		q.busy[x.ID] = true
	default:
	}
}

// waits reports whether an interaction is not to be taken from the inbox now.
func (q *queue) waits(id string, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.busy[id] || now.Before(q.after[id])
}

// done forgets an interaction.
func (q *queue) done(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, id)
	delete(q.tries, id)
	delete(q.after, id)
}

// again lets an interaction be tried later, with growing patience.
func (q *queue) again(id string, now time.Time) (tries int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.busy, id)
	q.tries[id]++
	wait := 5 * time.Minute
	if n := q.tries[id]; n < 9 {
		wait = time.Second << n
	}
	q.after[id] = now.Add(wait)
	return q.tries[id]
}
