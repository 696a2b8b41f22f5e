package tell_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/review"
	"muster/internal/reconcile/tell"
	"muster/remediate/notice"
)

// channel reaches some people.
type channel struct {
	reaches string
	sent    []notice.Digest
}

func (c *channel) Sync(context.Context, []access.Approval) error { return nil }

func (c *channel) Holds(context.Context, string, []access.Hold) error { return nil }

func (c *channel) Digests(_ context.Context, list []notice.Digest) (rest []notice.Digest, err error) {
	for _, d := range list {
		if strings.Contains(c.reaches, d.Owner.Person) {
			c.sent = append(c.sent, d)
		} else {
			rest = append(rest, d)
		}
	}
	return rest, nil
}

func TestWhoHasItemsToDecideIsTold(t *testing.T) {
	slack, mail := &channel{reaches: "W-1"}, &channel{reaches: "W-1 W-2 W-3"}
	teller := &tell.Teller{Channels: []tell.Channel{slack, mail}, Log: slog.New(slog.DiscardHandler)}
	due := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	p := review.Progress{Campaign: access.Campaign{ID: "C-1", Name: "Q4", DueAt: due, Sources: []access.ReviewScope{{System: "erp", Items: 9}, {System: "crm"}}}}
	p.Reviewers = []review.Reviewer{{Approver: access.Approver{Person: "W-1"}, Items: 4, Open: 3}, {Approver: access.Approver{Person: "W-2"}, Items: 4, Open: 1}, {Approver: access.Approver{Person: "W-3"}, Items: 4, Decided: 4}}
	if err := teller.Review(t.Context(), "Example", p, "reminded"); err != nil {
		t.Fatal(err)
	}
	if len(slack.sent) != 1 || len(mail.sent) != 1 || mail.sent[0].Owner.Person != "W-2" {
		t.Fatalf("slack %+v, mail %+v", slack.sent, mail.sent)
	}
	d := slack.sent[0]
	if d.Empty() || d.Headline() != "3 of 4 items wait for your review" || d.Run != "C-1.reminded" || len(d.Systems) != 1 || !d.Waiting[0].Until.Equal(due) || notice.ApprovalCommand(d.Waiting[0].ID) != "muster review list C-1" {
		t.Errorf("told %+v", d)
	}
}
