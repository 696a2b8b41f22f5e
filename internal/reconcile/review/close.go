package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
)

// Close ends a campaign. What nobody decided becomes what the campaign says that silence means, and is flagged; what was revoked is expected no
// more from now on, so that the next run finds it and the planner removes it. Before the due day a campaign with open items is closed only
// early. A process that died while it closed one goes on where it was: the outcome follows from the decisions.
func (b *Board) Close(ctx context.Context, c access.Campaign, early bool, by string) (access.Campaign, []access.ReviewItem, error) {
	items, err := b.changeable(ctx, c, "close")
	if err != nil {
		return c, nil, err
	}
	now := b.Now().UTC().Truncate(time.Millisecond)
	refuse := func(hint, format string, args ...any) (access.Campaign, []access.ReviewItem, error) {
		return c, nil, &access.Error{Op: "close " + c.ID, Kind: access.Conflict, Hint: hint, Err: fmt.Errorf(format, args...)}
	}
	if c.State == access.CampaignDraft {
		return refuse("muster review assign "+c.ID, "nobody was asked yet")
	}
	out := access.CampaignOutcome{}
	for n := range items {
		end(&items[n], c, now, &out)
	}
	if out.Silent > 0 && now.Before(c.DueAt) && !early {
		return refuse("wait, remind them by muster review remind "+c.ID+", or close it with --early", "%d items are not decided, and it is due at %s", out.Silent, c.DueAt.Format("2006-01-02 15:04 UTC"))
	}
	if out.SHA256, err = digestOf(items); err != nil {
		return c, nil, err
	}
	c.State, c.ClosedAt, c.ClosedBy, c.Outcome = access.CampaignClosed, now, by, out
	if err := b.enterEnd(ctx, c, items); err != nil {
		return c, nil, err
	}
	if err := b.saveItems(ctx, c, items); err != nil {
		return c, nil, err
	}
	return c, items, b.saveCampaign(ctx, &c)
}

// end gives an item its last state.
func end(i *access.ReviewItem, c access.Campaign, now time.Time, out *access.CampaignOutcome) {
	state := i.Standing(c.Need)
	i.EndedAt, i.Silent = now, state == access.ItemOpen
	if i.Silent {
		out.Silent++
		if len(i.Reviewers) == 0 {
			out.Unassigned++
		}
		if state = access.ItemKeep; c.Silence == access.SilenceRevoke {
			state = access.ItemRevoke
		}
	}
	if state == access.ItemRevoke {
		i.State = access.ItemRevoked
		out.Revoked++
		return
	}
	i.State = access.ItemKept
	out.Kept++
}

// enterEnd enters what silence decided, and the end.
func (b *Board) enterEnd(ctx context.Context, c access.Campaign, items []access.ReviewItem) error {
	var events []ledger.Event
	for _, i := range items {
		if i.Silent {
			events = append(events, ledger.Event{Time: c.ClosedAt, Type: ledger.Decision, Run: c.Run, Data: map[string]any{"campaign": c.ID, "item": i.ID, "key": commit.Of(i.Key, i.Person),
				"verdict": string(c.Silence), "by": "", "channel": string(access.ChannelClock)}})
		}
	}
	if len(events) > 0 {
		if _, err := b.Ledger.Append(ctx, events...); err != nil {
			return fmt.Errorf("enter what silence decided on the ledger: %w", err)
		}
	}
	return b.enter(ctx, c, "closed", map[string]any{"kept": c.Outcome.Kept, "revoked": c.Outcome.Revoked, "silent": c.Outcome.Silent, "unassigned": c.Outcome.Unassigned,
		"items_sha256": c.Outcome.SHA256})
}

// Ended says what is wrong with the items of a closed campaign: they must be those that were frozen, and have ended as the ledger has it.
func Ended(c access.Campaign, items []access.ReviewItem) error {
	if err := Whole(c, items); err != nil || c.State != access.CampaignClosed {
		return err
	}
	sum, err := digestOf(items)
	if err == nil && sum != c.Outcome.SHA256 {
		return &access.Error{Op: "check the decisions of " + c.ID, Kind: access.Conflict, Hint: "compare its versions with the ledger",
			Err: errors.New("the items are not what they were when the campaign was closed")}
	}
	return err
}

// EnterToken says on the ledger that a token was made by which a person can say who they are for one campaign, to be handed over by an operator.
// Nobody makes one for themselves.
func (b *Board) EnterToken(ctx context.Context, c access.Campaign, person, by string) error {
	if person == by {
		return &access.Error{Op: "make token", Kind: access.Denied, Hint: "let somebody else hand it out", Err: errors.New("nobody hands out tokens to themselves")}
	}
	return b.enter(ctx, c, "token", map[string]any{"for": commit.Of(person, person), "by": commit.Of(by, by)})
}
