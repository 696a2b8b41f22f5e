package victim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"muster/internal/access"
	"muster/internal/retry"
	"muster/remediate"
	"muster/remediate/notice"
	"muster/remediate/slack"
)

// Settle is how long a victim waits before it believes that a message did not arrive. It is longer than the fake's longest lag.
const Settle = 700 * time.Millisecond

// board is the service's Slack side.
type board struct {
	*slack.Board
	p *process
}

type buttons struct{}

// Button is a token that opens nothing: nobody clicks here.
func (buttons) Button(approval string) string { return approval + ".drill" }

func newBoard(p *process, log *slog.Logger, step func(string)) *board {
	again := retry.Policy{Tries: 4, Base: 20 * time.Millisecond, Max: time.Second}
	client := slack.New(p.house.Slack, slack.Options{Log: log, Retry: again, Pace: 20 * time.Millisecond})
	box := &notice.Outbox{Records: p.store, Ledger: p.ledger, Now: time.Now, Log: log, Settle: Settle, Retry: again, Step: step}
	return &board{Board: &slack.Board{Client: client, Outbox: box, Buttons: buttons{}, Now: time.Now}, p: p}
}

// tell brings Slack to what the task names. That Slack is not to be reached is no failure: the next telling catches up.
func (b *board) tell(ctx context.Context, t Task) error {
	_, err := b.told(ctx, t)
	return err
}

// told is tell, and reports whether Slack was told all.
func (b *board) told(ctx context.Context, t Task) (bool, error) {
	all := true
	for _, do := range []func(context.Context, Task) error{b.approvals, b.holds, b.digests} {
		err := do(ctx, t)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return false, nil
		case notice.Unreachable(err):
			all = false
		default:
			return false, fmt.Errorf("tell slack: %w", err)
		}
	}
	return all, nil
}

// approvals shows the task's questions.
func (b *board) approvals(ctx context.Context, t Task) error {
	var list []access.Approval
	for _, id := range t.Approvals {
		found, err := remediate.Load[access.Approval](ctx, b.p.store, access.DocumentQuery{Kind: access.DocApproval, ID: id})
		if err != nil {
			return err
		}
		list = append(list, found...)
	}
	return b.Sync(ctx, list)
}

// holds tells of what runs hold back.
func (b *board) holds(ctx context.Context, t Task) error {
	var errs []error
	for _, run := range t.Holds {
		list, err := remediate.Load[access.Hold](ctx, b.p.store, access.DocumentQuery{Kind: access.DocHold, Run: run})
		if err != nil {
			return err
		}
		errs = append(errs, b.Holds(ctx, run, list))
	}
	return errors.Join(errs...)
}

// digests tells the owners of runs. What a digest says depends on its run alone, so that every process says the same.
func (b *board) digests(ctx context.Context, t Task) error {
	var errs []error
	for _, run := range t.Digests {
		var list []notice.Digest
		for i, owner := range b.p.house.Owners {
			list = append(list, notice.Digest{Organisation: "Acme", Run: run, AsOf: time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC), Systems: []string{"directory"},
				Owner: access.Approver{Person: owner, Name: "Owner " + owner}, Waiting: []notice.Line{{ID: fmt.Sprintf("AP-%08d", i), Text: "somebody would lose something"}}})
		}
		_, err := b.Digests(ctx, list)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
