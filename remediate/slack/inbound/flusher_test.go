package inbound

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestEveryoneGetsAFlushThatBeganAfterTheyAsked(t *testing.T) {
	var f flusher
	var began, asked atomic.Int64
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			asked.Add(1)
			before := began.Load()
			if err := f.flush(func() error {
				began.Add(1)
				time.Sleep(time.Millisecond)
				return nil
			}); err != nil {
				t.Error(err)
			}
			if began.Load() == before {
				t.Error("no flush began after the call")
			}
		})
	}
	wg.Wait()
	if began.Load() > 100 {
		t.Errorf("%d flushes for 200: nothing is shared", began.Load())
	}
	failed := errors.New("disk full")
	if err := f.flush(func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("the error is lost: %v", err)
	}
}
