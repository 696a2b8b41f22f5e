package together

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestEverybodyIsServedOnceInGroups: no item is lost or worked on twice, no two groups are worked on at the same time, and callers who come while work
// goes on share the next.
func TestEverybodyIsServedOnceInGroups(t *testing.T) {
	var q Queue[int]
	var busy atomic.Bool
	var groups int
	done := map[int]int{}
	work := func(group []int) {
		if busy.Swap(true) {
			t.Error("two groups at the same time")
		}
		groups++
		for _, item := range group {
			done[item]++
		}
		time.Sleep(2 * time.Millisecond)
		busy.Store(false)
	}
	const callers, calls = 20, 10
	var wait sync.WaitGroup
	for c := range callers {
		wait.Go(func() {
			for i := range calls {
				q.Do(c*calls+i, work)
			}
		})
	}
	wait.Wait()
	for item := range callers * calls {
		if done[item] != 1 {
			t.Errorf("item %d was worked on %d times", item, done[item])
		}
	}
	if groups > callers*calls/2 {
		t.Errorf("%d groups for %d items", groups, callers*calls)
	}
	q.Do(-1, work)
	if done[-1] != 1 {
		t.Error("who comes alone is not served")
	}
}
