package inbound

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"muster/internal/access"
	"muster/remediate/slack/blocks"
)

// rescan is how often the inbox is looked through for what did not fit the queue, or failed and may be tried again.
const rescan = time.Second

// Work handles interactions until ctx ends, and begins with those that a process before has left. It returns when the ones under way are
// through. One Work runs at a time.
func (d *Door) Work(ctx context.Context) {
	var running sync.WaitGroup
	for range d.Workers {
		running.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case x := <-d.queue.items:
					d.handle(ctx, x)
				}
			}
		})
	}
	for range 2 {
		running.Go(func() { d.say(ctx) })
	}
	running.Go(func() { d.show(ctx) })
	ticker := time.NewTicker(rescan)
	defer ticker.Stop()
	for ctx.Err() == nil {
		d.refill(ctx)
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
	}
	running.Wait()
}

func (d *Door) refill(ctx context.Context) {
	now := d.Now()
	list, err := d.inbox.List(func(id string) bool { return d.queue.waits(id, now) })
	if err != nil {
		d.Log.ErrorContext(ctx, "inbox could not be read", slog.Any("error", err))
	}
	for _, x := range list {
		d.queue.push(x)
	}
}

// handle answers one interaction and takes it out of the inbox. What fails for a reason that passes stays there.
func (d *Door) handle(ctx context.Context, x Interaction) {
	if !d.inbox.Has(x.ID) { // it was read from the inbox while somebody handled it
		d.queue.done(x.ID)
		return
	}
	err := d.answer(ctx, x)
	if err == nil {
		err = d.inbox.Remove(x.ID)
	}
	if err == nil {
		d.queue.done(x.ID)
		d.step(StepHandled)
		return
	}
	tries := d.queue.again(x.ID, d.Now())
	if ctx.Err() == nil {
		d.Log.ErrorContext(ctx, "interaction could not be handled; it is kept", slog.String("interaction", x.ID), slog.Int("tries", tries), slog.Any("error", err))
		if tries == 1 {
			d.tell(x, x.Channel, "This could not be handled right now. It is kept and will be handled as soon as it can be.")
		}
	}
}

// saying is one answer that one person alone sees.
type saying struct{ channel, user, text string }

// tell answers a person, if that can be done: what was decided does not depend on it.
func (d *Door) tell(x Interaction, channel, text string) {
	if channel == "" {
		return
	}
	select {
	case d.sayings <- saying{channel, x.User, blocks.Clean(text)}:
	default:
		d.Log.Warn("answer to a person was left out", slog.String("why", "too many wait"))
	}
}

func (d *Door) say(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-d.sayings:
			if err := d.Client.Whisper(ctx, s.channel, s.user, s.text); err != nil && ctx.Err() == nil {
				d.Log.WarnContext(ctx, "answer to a person could not be given", slog.Any("error", err))
			}
		}
	}
}

// shows holds the approvals whose messages are to be changed, each once, the newest version.
type shows struct {
	mu   sync.Mutex
	next map[string]access.Approval
	wake chan struct{}
}

func (s *shows) add(a access.Approval) {
	s.mu.Lock()
	if s.next == nil {
		s.next = map[string]access.Approval{}
	}
	if old, ok := s.next[a.ID]; !ok || old.Version <= a.Version {
		s.next[a.ID] = a
	}
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *shows) take() []access.Approval {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []access.Approval
	for _, a := range s.next {
		out = append(out, a)
	}
	s.next = nil
	return out
}

// show changes messages, apart from the decisions: Slack takes one message a second. What fails is left to the next Sync.
func (d *Door) show(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.shows.wake:
			if err := d.Board.Sync(ctx, d.shows.take()); err != nil && ctx.Err() == nil {
				d.Log.WarnContext(ctx, "messages could not be brought up to date; the next sync does it", slog.Any("error", err))
			}
		}
	}
}
