package slack

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// pace spaces posts: about one a second and channel is what Slack takes (apis/web-api/rate-limits).
type pace struct {
	gap   time.Duration
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu   sync.Mutex
	next map[string]time.Time // when the next post to a channel may go
}

// maxPaced is how many channels are remembered before the rested ones are forgotten.
const maxPaced = 1000

// wait takes the channel's next turn and waits for it.
func (p *pace) wait(ctx context.Context, channel string) error {
	p.mu.Lock()
	now := p.now()
	turn := p.next[channel]
	if turn.Before(now) {
		turn = now
	}
	if len(p.next) > maxPaced {
		for name, at := range p.next {
			if at.Before(now) {
				delete(p.next, name)
			}
		}
	}
	p.next[channel] = turn.Add(p.gap)
	p.mu.Unlock()
	wait := turn.Sub(now)
	if wait <= 0 {
		return ctx.Err()
	}
	if p.sleep != nil {
		return p.sleep(ctx, wait)
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for the channel's turn: %w", ctx.Err())
	}
}
