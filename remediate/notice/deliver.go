package notice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/retry"
)

// deliver brings a message to the channel. fresh says that the record does not know that it is there.
func (o *Outbox) deliver(ctx context.Context, want Notice, send Sender) (n Notice, fresh bool, err error) {
	known, err := o.Known(ctx, want.Key)
	if err != nil {
		return want, false, err
	}
	n, ok := known[want.Key]
	if !ok {
		n = want
	}
	resting := n.State == Failed && n.Digest == want.Digest && o.Now().Before(n.SendingAt.Add(failedAgain))
	if n.State == Sent || n.State == Gone || resting {
		return n, false, nil
	}
	err = o.policy().Do(ctx, func(ctx context.Context) error {
		if n.State == Sending {
			if there, err := o.look(ctx, &n, send); err != nil || there {
				return err
			}
		}
		return o.attempt(ctx, &n, want, send)
	})
	return n, err == nil, err
}

// attempt makes one request, its intent written down before it.
func (o *Outbox) attempt(ctx context.Context, n *Notice, want Notice, send Sender) error {
	if err := send.Ready(ctx, want); err != nil {
		return err
	}
	// Where it goes and what it says may have changed; since when it is tried has not.
	want.FirstAt, want.Tries, want.Version = n.FirstAt, n.Tries, n.Version
	*n = want
	if err := o.intend(ctx, n); err != nil {
		return err
	}
	o.step(StepIntent)
	if o.Now().Sub(n.SendingAt) > freshIntent {
		if err := o.intend(ctx, n); err != nil {
			return err
		}
	}
	limited, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	ref, err := send.Send(limited, *n)
	if err == nil {
		n.Ref = ref
		o.step(StepPosted)
		return nil
	}
	switch access.KindOf(err) {
	case access.Throttled:
		n.State = Queued
	case access.Denied, access.NotFound, access.Conflict, access.Invalid:
		n.State, n.Why = Failed, err.Error()
	default: // nobody knows whether it arrived: it stays sending
		return &access.Error{Op: "send " + n.Key, Kind: access.Transient, Err: err}
	}
	return errors.Join(err, o.store(ctx, n))
}

func (o *Outbox) intend(ctx context.Context, n *Notice) error {
	n.State, n.Why, n.SendingAt = Sending, "", o.Now().UTC()
	n.Tries++
	if n.FirstAt.IsZero() {
		n.FirstAt = n.SendingAt
	}
	return o.store(ctx, n)
}

// look searches the channel for a message that may have arrived, again once the search has settled.
func (o *Outbox) look(ctx context.Context, n *Notice, send Sender) (bool, error) {
	settle := o.Settle
	if settle == 0 {
		settle = defaultSettle
	}
	for try := range 2 {
		ref, found, err := send.Find(ctx, *n, n.FirstAt.Add(-searchMargin))
		if errors.Is(err, ErrCannotFind) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look whether %s arrived: %w", n.Key, err)
		}
		if found {
			n.Ref = ref
			o.Log.InfoContext(ctx, "message had arrived", slog.String("notice", n.Key), slog.Int("tries", n.Tries))
			return true, nil
		}
		// A clock that went back makes nobody wait longer than the settling itself.
		wait := min(n.SendingAt.Add(settle).Sub(o.Now()), settle)
		if try > 0 || wait <= 0 {
			break
		}
		if err := o.sleep(ctx, wait); err != nil {
			return false, err
		}
	}
	return false, nil
}

// commit enters what happened to messages on the ledger and then in their records, though the caller is being stopped.
func (o *Outbox) commit(ctx context.Context, what string, list ...*Notice) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	now := o.Now().UTC()
	entries := make([]map[string]any, len(list))
	for i, n := range list {
		if n.State == Sending {
			n.State, n.SentAt = Sent, now
		}
		entries[i] = map[string]any{"key": commit.Of(n.Key, n.Person), "channel": string(n.Channel), "ref": n.Ref.ID, "sha256": commit.Of(n.Digest, n.Person)}
	}
	if _, err := o.Ledger.Append(ctx, ledger.Event{Time: now, Type: ledger.Notice, Run: list[0].Run, Data: map[string]any{"what": what, "notices": entries}}); err != nil {
		return fmt.Errorf("enter messages on the ledger: %w", err)
	}
	o.step(StepEntered)
	docs := make([]access.Document, len(list))
	for i, n := range list {
		n.Version++
		doc, err := n.Document(now)
		if err != nil {
			return err
		}
		docs[i] = doc
	}
	if err := o.Records.SaveDocuments(ctx, docs...); err != nil {
		return fmt.Errorf("store messages: %w", err)
	}
	o.step(StepSent)
	return nil
}

func (o *Outbox) store(ctx context.Context, n *Notice) error {
	n.Version++
	doc, err := n.Document(o.Now().UTC())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if err := o.Records.SaveDocuments(ctx, doc); err != nil {
		return fmt.Errorf("store message %s: %w", n.Key, err)
	}
	return nil
}

func (o *Outbox) policy() retry.Policy {
	p := o.Retry
	if p.Max == 0 {
		p.Max = 2 * time.Minute // Slack may ask for a minute
	}
	if p.Sleep == nil {
		p.Sleep = o.sleep
	}
	return p
}

func (o *Outbox) sleep(ctx context.Context, d time.Duration) error {
	if o.Sleep != nil {
		return o.Sleep(ctx, d)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the channel: %w", ctx.Err())
	}
}

func (o *Outbox) step(name string) {
	if o.Step != nil {
		o.Step(name)
	}
}

// keyLocks lets one goroutine at a time work on a key.
type keyLocks struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

func (l *keyLocks) lock(key string) (unlock func()) {
	for {
		l.mu.Lock()
		busy, ok := l.held[key]
		if !ok {
			break
		}
		l.mu.Unlock()
		<-busy
	}
	if l.held == nil {
		l.held = map[string]chan struct{}{}
	}
	done := make(chan struct{})
	l.held[key] = done
	l.mu.Unlock()
	return func() {
		l.mu.Lock()
		delete(l.held, key)
		l.mu.Unlock()
		close(done)
	}
}
