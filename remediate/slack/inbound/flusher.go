package inbound

import "sync"

// flusher lets many who want the same thing flushed share one flush: each gets the result of one that began after it asked.
type flusher struct {
	mu      sync.Mutex
	running bool
	next    *flush
}

type flush struct {
	done chan struct{}
	err  error
}

// flush returns once a flush that began after the call has ended.
func (f *flusher) flush(do func() error) error {
	f.mu.Lock()
	if f.next == nil {
		f.next = &flush{done: make(chan struct{})}
	}
	mine := f.next
	if !f.running {
		f.running = true
		go f.run(do)
	}
	f.mu.Unlock()
	<-mine.done
	return mine.err
}

// run flushes until nobody waits: those who came while one ran get the one after it.
func (f *flusher) run(do func() error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.next != nil {
		now := f.next
		f.next = nil
		f.mu.Unlock()
		now.err = do()
		close(now.done)
		f.mu.Lock()
	}
	f.running = false
}
