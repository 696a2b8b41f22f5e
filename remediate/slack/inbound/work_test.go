package inbound

import (
	"testing"
	"time"
)

// TestWhatWasHandledMeanwhileIsNotHandledAgain puts an interaction into the queue that was read from the inbox right before it was handled, as
// a look through the inbox does.
func TestWhatWasHandledMeanwhileIsNotHandledAgain(t *testing.T) {
	inbox, err := OpenInbox(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	x := Interaction{ID: "twice", Token: "t", At: time.Now()}
	if err := inbox.Put(x); err != nil {
		t.Fatal(err)
	}
	d := &Door{inbox: inbox, queue: newQueue(4)}
	list, err := inbox.List(func(string) bool { return false })
	if err != nil || len(list) != 1 {
		t.Fatalf("%d in the inbox, %v", len(list), err)
	}
	if err := inbox.Remove(x.ID); err != nil {
		t.Fatal(err)
	}
	d.queue.push(list[0])
	d.handle(t.Context(), <-d.queue.items) // it has no desk: to answer would panic
	if d.queue.waits(x.ID, time.Now()) {
		t.Error("it is busy for ever")
	}
}
