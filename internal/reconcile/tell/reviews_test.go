package tell_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/review"
	"muster/internal/reconcile/tell"
	"muster/remediate/notice"
	"muster/remediate/remediatetest"
)

// channel reaches some people. One that fails reaches those before it fails, says so in the records, and gives back who is not its to tell.
type channel struct {
	name    string
	reaches string
	fails   string // at whom
	records *remediatetest.Records
	version uint64
	sent    []notice.Digest
}

func (c *channel) Sync(context.Context, []access.Approval) error { return nil }

func (c *channel) Holds(context.Context, string, []access.Hold) error { return nil }

func (c *channel) Digests(ctx context.Context, list []notice.Digest) (rest []notice.Digest, err error) {
	for _, d := range list {
		c.version++
		n := notice.Notice{Key: c.name + "/" + d.Run + "/" + d.Owner.Person, Run: d.Run, Person: d.Owner.Person, State: notice.Sent, Version: c.version}
		switch {
		case !strings.Contains(c.reaches, d.Owner.Person):
			rest = append(rest, d)
			continue
		case c.fails == "resting "+d.Owner.Person:
			n.State = notice.Failed
		case strings.Contains(c.fails, d.Owner.Person):
			n.State, err = notice.Sending, errors.New("connection refused")
		case err != nil: // it is not to be reached
			continue
		default:
			c.sent = append(c.sent, d)
		}
		doc, encoded := n.Document(d.AsOf)
		if encoded != nil {
			return nil, encoded
		}
		if saved := c.records.SaveDocuments(ctx, doc); saved != nil {
			return nil, saved
		}
	}
	return rest, err
}

func (c *channel) told() string {
	var list []string
	for _, d := range c.sent {
		list = append(list, d.Owner.Person)
	}
	return strings.Join(list, " ")
}

// progress is a campaign in which three people have something to decide, and one has not.
func progress() review.Progress {
	p := review.Progress{Campaign: access.Campaign{ID: "C-1", Name: "Q4", DueAt: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), Sources: []access.ReviewScope{{System: "erp", Items: 9}, {System: "crm"}}}}
	p.Reviewers = []review.Reviewer{{Approver: access.Approver{Person: "W-1"}, Items: 4, Open: 3}, {Approver: access.Approver{Person: "W-2"}, Items: 4, Open: 1}, {Approver: access.Approver{Person: "W-3"}, Items: 4, Decided: 4},
		{Approver: access.Approver{Person: "W-4"}, Items: 2, Open: 2}}
	return p
}

func TestWhoHasItemsToDecideIsTold(t *testing.T) {
	records := &remediatetest.Records{}
	slack, mail := &channel{name: "slack", reaches: "W-1", records: records}, &channel{name: "mail", reaches: "W-1 W-2 W-3 W-4", records: records}
	teller := &tell.Teller{Channels: []tell.Channel{slack, mail}, Log: slog.New(slog.DiscardHandler)}
	if told, err := teller.Review(t.Context(), records, "Example", progress(), "reminded"); err != nil || !told {
		t.Fatal(told, err)
	}
	if slack.told() != "W-1" || mail.told() != "W-2 W-4" {
		t.Fatalf("slack %+v, mail %+v", slack.sent, mail.sent)
	}
	d := slack.sent[0]
	if d.Empty() || d.Headline() != "3 of 4 items wait for your review" || d.Run != "C-1.reminded" || len(d.Systems) != 1 || !d.Waiting[0].Until.Equal(progress().Campaign.DueAt) || notice.ApprovalCommand(d.Waiting[0].ID) != "muster review list C-1" {
		t.Errorf("told %+v", d)
	}
}

func TestWhomAChannelFailsTheNextOneTells(t *testing.T) {
	for _, one := range []struct {
		name            string
		slack, fails    string
		mail, mailFails string
		bySlack, byMail string
		told, failed    bool
	}{
		{"slack is down", "W-1 W-2", "W-1", "W-1 W-2 W-4", "", "", "W-1 W-2 W-4", true, true},
		{"slack fails half-way", "W-1 W-2", "W-2", "W-1 W-2 W-4", "", "W-1", "W-2 W-4", true, true},
		{"slack is down and mail does not reach all", "W-1 W-2", "W-1", "W-1 W-4", "", "", "W-1 W-4", false, true},
		{"both are down", "W-1 W-2", "W-1", "W-1 W-2 W-4", "W-1", "", "", false, true},
		{"slack refused it a moment ago", "W-1 W-2", "resting W-1", "W-2 W-4", "", "W-2", "W-4", false, false},
		{"nobody has an address", "", "", "", "", "", "", true, false},
	} {
		records := &remediatetest.Records{}
		slack, mail := &channel{name: "slack", reaches: one.slack, fails: one.fails, records: records}, &channel{name: "mail", reaches: one.mail, fails: one.mailFails, records: records}
		teller := &tell.Teller{Channels: []tell.Channel{slack, mail}, Log: slog.New(slog.DiscardHandler)}
		told, err := teller.Review(t.Context(), records, "Example", progress(), "reminded")
		if slack.told() != one.bySlack || mail.told() != one.byMail || told != one.told || (err != nil) != one.failed {
			t.Errorf("%s: slack told %q and mail %q; told %t, %v", one.name, slack.told(), mail.told(), told, err)
		}
		// The next night everything is well again: whoever was told is not told again.
		slack.fails, mail.fails = "", ""
		before := slack.told() + " " + mail.told()
		slack.sent, mail.sent = nil, nil
		if told, err := teller.Review(t.Context(), records, "Example", progress(), "reminded"); err != nil || !told {
			t.Errorf("%s: the next night %t, %v", one.name, told, err)
		}
		for _, d := range append(slack.sent, mail.sent...) {
			if strings.Contains(before, d.Owner.Person) {
				t.Errorf("%s: %s is told twice", one.name, d.Owner.Person)
			}
		}
	}
}
