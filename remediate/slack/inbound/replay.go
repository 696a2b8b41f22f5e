package inbound

import (
	"sync"
	"time"
)

// replayTime is how long an interaction is remembered: twice as long as a signature is good for.
const replayTime = 10 * time.Minute

// replays remembers interactions. Every mark of one must be new.
type replays struct {
	mu     sync.Mutex
	seen   map[string]time.Time
	pruned time.Time
}

// take remembers the marks; false when one of them was there.
func (r *replays) take(marks []string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil {
		r.seen = map[string]time.Time{}
	}
	if now.Sub(r.pruned) > time.Minute {
		r.pruned = now
		for mark, at := range r.seen {
			if now.Sub(at) > replayTime {
				delete(r.seen, mark)
			}
		}
	}
	for _, m := range marks {
		if at, ok := r.seen[m]; ok && now.Sub(at) <= replayTime {
			return false
		}
	}
	for _, m := range marks {
		r.seen[m] = now
	}
	return true
}

// forget lets an interaction come again that could not be taken in.
func (r *replays) forget(marks []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range marks {
		delete(r.seen, m)
	}
}
