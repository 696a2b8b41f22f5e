package shared_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/shared"
)

func event(what string) ledger.Event {
	return ledger.Event{Type: ledger.Decision, Data: map[string]any{"what": what}}
}

func TestWorkOfSeveralWritersTakesTurns(t *testing.T) {
	dir := t.TempDir()
	o := ledger.Options{Origin: "muster.example/test"}
	var wg sync.WaitGroup
	inside, most := 0, 0
	var mu sync.Mutex
	for range 3 { // each stands for a process: the lock is the file's
		l := shared.New(dir, o, time.Minute)
		wg.Go(func() {
			for range 5 {
				err := l.Do(t.Context(), func(ctx context.Context) error {
					mu.Lock()
					inside++
					most = max(most, inside)
					mu.Unlock()
					_, err := l.Append(ctx, event("a"), event("b"))
					mu.Lock()
					inside--
					mu.Unlock()
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	rep, err := ledger.Verify(t.Context(), dir)
	if err != nil || rep.Size != 30 {
		t.Errorf("the ledger has %d entries, want 30: %v", rep.Size, err)
	}
	if most != 1 {
		t.Errorf("%d pieces of work ran at once", most)
	}
}

func TestWorkWaitsForAnotherWriterAndNotForEver(t *testing.T) {
	dir := t.TempDir()
	o := ledger.Options{Origin: "muster.example/test"}
	other, err := ledger.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := shared.New(dir, o, 30*time.Millisecond).Append(t.Context(), event("late")); access.KindOf(err) != access.Conflict {
		t.Errorf("a ledger that is held gave %v, want a conflict", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := shared.New(dir, o, time.Minute).Append(ctx, event("late")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a cancelled wait gave %v", err)
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		_ = other.Close()
	}()
	if _, err := shared.New(dir, o, time.Minute).Append(t.Context(), event("in time")); err != nil {
		t.Errorf("work did not get its turn: %v", err)
	}
}
