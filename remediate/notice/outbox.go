package notice

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/retry"
	"muster/remediate"
)

// Outbox sends messages and remembers them.
type Outbox struct {
	Records remediate.Records
	Ledger  remediate.Ledger
	Now     func() time.Time
	Log     *slog.Logger
	Settle  time.Duration                              // how long the channel's search may lag behind; 0 is 30 seconds
	Retry   retry.Policy                               // for throttled and ambiguous attempts
	Sleep   func(context.Context, time.Duration) error // nil waits on a timer
	Step    func(string)                               // the crash drill's hook, called at every Step...; may be nil

	locks keyLocks
}

// The steps of a message, in order, as Outbox.Step is told.
const (
	StepIntent  = "notice intent"  // the record says sending, no request was made
	StepPosted  = "notice posted"  // the channel has it, nothing says so yet
	StepEntered = "notice entered" // the ledger has it, the record does not
	StepSent    = "notice sent"    // the record says sent
	StepEdited  = "notice edited"  // the channel shows the new content, nothing says so yet
)

const (
	defaultSettle = 30 * time.Second
	// searchMargin is how far before our first attempt the search begins: the channel has a clock of its own.
	searchMargin = 5 * time.Minute
	// freshIntent is how old an intent may be when its request is made; a process that was stopped in between writes it again.
	freshIntent = 5 * time.Second
	// requestTime bounds one request, so that nothing arrives long after its intent.
	requestTime = 10 * time.Second
	// recordTime is how long what happened may take to be written down after a cancellation.
	recordTime = 20 * time.Second
	// failedAgain is how long a refused message rests: long enough to spare the channel, short enough for who mends the cause.
	failedAgain = 10 * time.Minute
)

// knownChunk is how many keys one query names.
const knownChunk = 500

// Known reads the notices of keys.
func (o *Outbox) Known(ctx context.Context, keys ...string) (map[string]Notice, error) {
	out := map[string]Notice{}
	for part := range slices.Chunk(keys, knownChunk) {
		list, err := remediate.Load[Notice](ctx, o.Records, access.DocumentQuery{Kind: access.DocNotice, Keys: part})
		if err != nil {
			return nil, err
		}
		for _, n := range list {
			out[n.Key] = n
		}
	}
	return out, nil
}

// Post sends a message unless its key was sent before, and gives what the record says of it. A message that the channel refused for good
// is Failed, with the error; it rests ten minutes, unless its content changes. What is there already is not changed: Edit does that.
func (o *Outbox) Post(ctx context.Context, n Notice, send Sender) (Notice, error) {
	defer o.locks.lock(n.Key)()
	n, fresh, err := o.deliver(ctx, n, send)
	if err != nil || !fresh {
		return n, err
	}
	return n, o.commit(ctx, "sent", &n)
}

// Edit brings a message that was sent to a content of the notice's digest. It is done once per content; what shows an older version than
// the message does is left out. A message that is not there is not edited.
func (o *Outbox) Edit(ctx context.Context, n Notice, edit func(context.Context, Notice) error) (Notice, error) {
	defer o.locks.lock(n.Key)()
	known, err := o.Known(ctx, n.Key)
	if err != nil {
		return n, err
	}
	old, ok := known[n.Key]
	if !ok || old.State != Sent || old.Digest == n.Digest || n.Shows < old.Shows {
		return old, nil
	}
	err = o.policy().Do(ctx, func(ctx context.Context) error { return edit(ctx, old) })
	if access.KindOf(err) == access.NotFound {
		old.State, old.Why = Gone, err.Error()
		return old, o.commit(ctx, "gone", &old)
	}
	if err != nil {
		return old, err
	}
	o.step(StepEdited)
	old.Digest, old.Shows, old.EditedAt = n.Digest, n.Shows, o.Now().UTC()
	return old, o.commit(ctx, "edited", &old)
}
