package notice_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/retry"
	"muster/remediate/notice"
	"muster/remediate/notice/noticetest"
	"muster/remediate/remediatetest"
)

// clock is a time that moves only when somebody waits.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return ctx.Err()
}

// killed stands for the death of the process.
type killed struct{ at string }

// channel is a channel with Slack's traps: it may take a message and say that it failed, and its search lags.
type channel struct {
	mu       sync.Mutex
	clock    *clock
	lag      time.Duration
	search   bool
	posts    []post
	faults   []fault // one for each request, the first first
	requests int
}

type post struct {
	key string
	at  time.Time
}

type fault struct {
	err     error
	commits bool
}

func (c *channel) Ready(context.Context, notice.Notice) error { return nil }

func (c *channel) Send(_ context.Context, n notice.Notice) (notice.Ref, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	var f fault
	if len(c.faults) > 0 {
		f, c.faults = c.faults[0], c.faults[1:]
	}
	if f.err != nil && !f.commits {
		return notice.Ref{}, f.err
	}
	c.posts = append(c.posts, post{n.Key, c.clock.Now()})
	return notice.Ref{Channel: n.Address, ID: fmt.Sprint(len(c.posts))}, f.err
}

func (c *channel) Find(_ context.Context, n notice.Notice, since time.Time) (notice.Ref, bool, error) {
	if !c.search {
		return notice.Ref{}, false, notice.ErrCannotFind
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, p := range c.posts {
		if p.key == n.Key && !p.at.Before(since) && c.clock.Now().Sub(p.at) >= c.lag {
			return notice.Ref{Channel: n.Address, ID: fmt.Sprint(i + 1)}, true, nil
		}
	}
	return notice.Ref{}, false, nil
}

func (c *channel) count(key string) int {
	n := 0
	for _, p := range c.posts {
		if p.key == key {
			n++
		}
	}
	return n
}

type house struct {
	clock   *clock
	records *remediatetest.Records
	ledger  *noticetest.Ledger
	channel *channel
}

func newHouse() *house {
	c := &clock{now: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)}
	return &house{clock: c, records: &remediatetest.Records{}, ledger: &noticetest.Ledger{}, channel: &channel{clock: c, search: true, lag: 5 * time.Second}}
}

// outbox is that of a new process; kill names the step at which the process dies.
func (h *house) outbox(kill string) *notice.Outbox {
	return &notice.Outbox{Records: h.records, Ledger: h.ledger, Now: h.clock.Now, Sleep: h.clock.Sleep, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Retry: retry.Policy{Sleep: h.clock.Sleep}, Step: func(s string) {
			if s == kill {
				panic(killed{s})
			}
		}}
}

func message(key string) notice.Notice {
	return notice.Notice{Key: key, Channel: access.ChannelSlack, Address: "C0SECURITY", Run: "R-1", Digest: "d1"}
}

func dying(t *testing.T, f func()) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			return
		}
		t.Fatal("the process was not killed")
	}()
	f()
}

func TestAMessageIsSentOnceWhereverTheProcessIsKilled(t *testing.T) {
	for _, step := range []string{notice.StepIntent, notice.StepPosted, notice.StepEntered, notice.StepSent} {
		t.Run(step, func(t *testing.T) {
			h := newHouse()
			dying(t, func() { h.outbox(step).Post(t.Context(), message("approval/AP-1"), h.channel) })
			n, err := h.outbox("").Post(t.Context(), message("approval/AP-1"), h.channel)
			if err != nil || n.State != notice.Sent || n.Ref.ID != "1" {
				t.Fatalf("after the restart: %+v, %v", n, err)
			}
			if got := h.channel.count("approval/AP-1"); got != 1 {
				t.Fatalf("the message is there %d times", got)
			}
			if len(h.ledger.Events(ledger.Notice)) == 0 {
				t.Fatal("the ledger has no entry")
			}
		})
	}
}

func TestAnAmbiguousAnswerIsNeverRepeatedBlindly(t *testing.T) {
	broken := &access.Error{Op: "post", Kind: access.Transient, Err: errors.New("500")}
	cases := map[string]struct {
		faults []fault
		lag    time.Duration
	}{
		"failed after it was taken":               {[]fault{{broken, true}}, 5 * time.Second},
		"failed and not taken":                    {[]fault{{broken, false}}, 5 * time.Second},
		"taken, and the search lags 25 s":         {[]fault{{broken, true}}, 25 * time.Second},
		"not taken, then taken and failed":        {[]fault{{broken, false}, {broken, true}}, 5 * time.Second},
		"an error without a kind, after taking":   {[]fault{{errors.New("unexpected EOF"), true}}, 0},
		"throttled, then taken":                   {[]fault{{retry.After(&access.Error{Op: "post", Kind: access.Throttled, Err: errors.New("429")}, 40*time.Second), false}}, 0},
		"throttled, then taken and failed":        {[]fault{{retry.After(&access.Error{Op: "post", Kind: access.Throttled, Err: errors.New("429")}, 40*time.Second), false}, {broken, true}}, 5 * time.Second},
		"the time of the request ran out, taken":  {[]fault{{context.DeadlineExceeded, true}}, 0},
		"failed three times, taken the third one": {[]fault{{broken, false}, {broken, false}, {broken, true}}, 20 * time.Second},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHouse()
			h.channel.faults, h.channel.lag = c.faults, c.lag
			n, err := h.outbox("").Post(t.Context(), message("hold/R-1"), h.channel)
			if err != nil || n.State != notice.Sent {
				t.Fatalf("%+v, %v", n, err)
			}
			if got := h.channel.count("hold/R-1"); got != 1 {
				t.Fatalf("the message is there %d times after %d requests", got, h.channel.requests)
			}
		})
	}
}

func TestAThrottledProcessThatIsKilledLooksFromItsLastRequest(t *testing.T) {
	// The first attempt is throttled for 100 s; the second is taken, and the process dies at once. A restart a second later must not
	// count the settling from the first attempt.
	h := newHouse()
	h.channel.lag = 20 * time.Second
	h.channel.faults = []fault{{retry.After(&access.Error{Op: "post", Kind: access.Throttled, Err: errors.New("429")}, 100*time.Second), false}}
	dying(t, func() { h.outbox(notice.StepPosted).Post(t.Context(), message("k"), h.channel) })
	h.clock.Sleep(t.Context(), time.Second)
	if _, err := h.outbox("").Post(t.Context(), message("k"), h.channel); err != nil {
		t.Fatal(err)
	}
	if got := h.channel.count("k"); got != 1 {
		t.Fatalf("the message is there %d times", got)
	}
}

func TestWhatTheChannelRefusedForGoodRestsUntilItChanges(t *testing.T) {
	h := newHouse()
	no := &access.Error{Op: "post", Kind: access.Invalid, Err: errors.New("invalid_blocks")}
	h.channel.faults = []fault{{no, false}, {no, false}}
	n, err := h.outbox("").Post(t.Context(), message("k"), h.channel)
	if err == nil || n.State != notice.Failed || n.Why == "" {
		t.Fatalf("%+v, %v", n, err)
	}
	if n, err = h.outbox("").Post(t.Context(), message("k"), h.channel); err != nil || n.State != notice.Failed || h.channel.requests != 1 {
		t.Fatalf("at once again: %+v, %v, %d requests", n, err, h.channel.requests)
	}
	other := message("k")
	other.Digest = "d2"
	h.outbox("").Post(t.Context(), other, h.channel)
	if h.channel.requests != 2 {
		t.Fatalf("a new content makes %d requests, want 2", h.channel.requests)
	}
	h.clock.Sleep(t.Context(), 2*time.Hour)
	if n, err = h.outbox("").Post(t.Context(), other, h.channel); err != nil || n.State != notice.Sent {
		t.Fatalf("after its rest: %+v, %v", n, err)
	}
}

func TestNothingIsSentWhoseIntentCannotBeStored(t *testing.T) {
	h := newHouse()
	h.records.Before = func([]access.Document) error { return errors.New("disk full") }
	if _, err := h.outbox("").Post(t.Context(), message("k"), h.channel); err == nil || h.channel.requests != 0 {
		t.Fatalf("%v, %d requests", err, h.channel.requests)
	}
}

func TestALedgerThatRefusesLeavesTheMessageToBeFound(t *testing.T) {
	h := newHouse()
	h.ledger.Fail(true)
	if _, err := h.outbox("").Post(t.Context(), message("k"), h.channel); err == nil {
		t.Fatal("no error")
	}
	h.ledger.Fail(false)
	n, err := h.outbox("").Post(t.Context(), message("k"), h.channel)
	if err != nil || n.State != notice.Sent || h.channel.count("k") != 1 || len(h.ledger.Events(ledger.Notice)) != 1 {
		t.Fatalf("%+v, %v, %d there, %d entries", n, err, h.channel.count("k"), len(h.ledger.Events(ledger.Notice)))
	}
}

func TestAChannelWithoutSearchSendsAgainAtOnce(t *testing.T) {
	h := newHouse()
	h.channel.search = false
	dying(t, func() { h.outbox(notice.StepIntent).Post(t.Context(), message("k"), h.channel) })
	before := h.clock.Now()
	n, err := h.outbox("").Post(t.Context(), message("k"), h.channel)
	if err != nil || n.State != notice.Sent || n.Tries != 2 || !h.clock.Now().Equal(before) {
		t.Fatalf("%+v, %v, waited %s", n, err, h.clock.Now().Sub(before))
	}
}

func TestAStoppedProcessRenewsItsIntent(t *testing.T) {
	h := newHouse()
	box := h.outbox("")
	box.Step = func(s string) {
		if s == notice.StepIntent && h.channel.requests == 0 && h.clock.Now().Minute() == 0 {
			h.clock.Sleep(t.Context(), 10*time.Minute) // the machine slept
		}
	}
	n, err := box.Post(t.Context(), message("k"), h.channel)
	if err != nil || h.clock.Now().Sub(n.SendingAt) > time.Second {
		t.Fatalf("the intent is %s old, %v", h.clock.Now().Sub(n.SendingAt), err)
	}
}

func TestEditIsDoneOncePerContentAndNeverBackwards(t *testing.T) {
	h := newHouse()
	box := h.outbox("")
	m := message("k")
	m.Shows = 1
	if _, err := box.Post(t.Context(), m, h.channel); err != nil {
		t.Fatal(err)
	}
	edits := 0
	edit := func(_ context.Context, n notice.Notice) error {
		if n.Ref.ID != "1" {
			t.Errorf("edits %+v", n.Ref)
		}
		edits++
		return nil
	}
	for _, c := range []struct {
		digest string
		shows  uint64
		want   int
	}{{"d1", 1, 0}, {"d2", 3, 1}, {"d2", 3, 1}, {"d1", 2, 1}, {"d3", 4, 2}} {
		m.Digest, m.Shows = c.digest, c.shows
		if _, err := box.Edit(t.Context(), m, edit); err != nil || edits != c.want {
			t.Fatalf("content %s of version %d: %d edits, want %d, %v", c.digest, c.shows, edits, c.want, err)
		}
	}
	dying(t, func() {
		m.Digest, m.Shows = "d4", 5
		h.outbox(notice.StepEdited).Edit(t.Context(), m, edit)
	})
	if n, err := h.outbox("").Edit(t.Context(), m, edit); err != nil || n.Digest != "d4" || edits != 4 {
		t.Fatalf("after a kill: %+v, %d edits, %v", n, edits, err)
	}
	m.Digest, m.Shows = "d5", 6
	gone := func(context.Context, notice.Notice) error {
		return &access.Error{Op: "edit", Kind: access.NotFound, Err: errors.New("message_not_found")}
	}
	if n, err := box.Edit(t.Context(), m, gone); err != nil || n.State != notice.Gone {
		t.Fatalf("%+v, %v", n, err)
	}
	if n, err := box.Post(t.Context(), m, h.channel); err != nil || n.State != notice.Gone || h.channel.count("k") != 1 {
		t.Fatalf("a removed message is sent again: %+v, %v", n, err)
	}
}

func TestPostAllKeepsOrderAndStopsAtAChannelThatIsDown(t *testing.T) {
	h := newHouse()
	var list []notice.Posting
	for i := range 40 {
		list = append(list, notice.Posting{Notice: message(fmt.Sprintf("digest/%02d", i%39)), Sender: h.channel})
	}
	got, err := h.outbox("").PostAll(t.Context(), list)
	if err != nil || len(got) != 40 {
		t.Fatalf("%d, %v", len(got), err)
	}
	for i, n := range got {
		if n.Key != list[i].Notice.Key || n.State != notice.Sent || h.channel.count(n.Key) != 1 {
			t.Fatalf("%d: %+v, there %d times", i, n, h.channel.count(n.Key))
		}
	}
	if n := len(h.ledger.Events(ledger.Notice)); n != 3 {
		t.Fatalf("%d entries for 40 messages, want 3", n)
	}
	down := newHouse()
	for range 1000 {
		down.channel.faults = append(down.channel.faults, fault{&access.Error{Op: "post", Kind: access.Transient, Err: errors.New("refused")}, false})
	}
	for i := range list {
		list[i].Sender = down.channel
	}
	if _, err := down.outbox("").PostAll(t.Context(), list); err == nil || down.channel.requests > 16*5 {
		t.Fatalf("%v after %d requests", err, down.channel.requests)
	}
}

func TestTwoSendersOfOneKeySendOnce(t *testing.T) {
	h := newHouse()
	box := h.outbox("")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := box.Post(t.Context(), message("k"), h.channel); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if h.channel.count("k") != 1 {
		t.Fatalf("there %d times", h.channel.count("k"))
	}
}
