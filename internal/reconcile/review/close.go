package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
)

// Close ends a campaign. What nobody decided becomes what the campaign says that silence means, and is flagged; what was revoked is expected no
// more from now on, so that the next run finds it and the planner removes it. Before the due day a campaign with open items is closed only
// early. How it ends is stored first, as closing: after a death anywhere it is closed again by whoever comes next, with the same end, and
// nothing is entered twice.
func (b *Board) Close(ctx context.Context, c access.Campaign, early bool, by string) (access.Campaign, []access.ReviewItem, error) {
	if c.State == access.CampaignClosing {
		return b.goOn(ctx, c)
	}
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
	was := slices.Clone(items)
	out, err := endAll(items, c, now)
	if err != nil {
		return c, nil, err
	}
	if out.Silent > 0 && now.Before(c.DueAt) && !early {
		return refuse("wait, remind them by muster review remind "+c.ID+", or close it with --early", "%d items are not decided, and it is due at %s", out.Silent, c.DueAt.Format("2006-01-02 15:04 UTC"))
	}
	c.State, c.ClosedAt, c.ClosedBy, c.Outcome, c.Untold = access.CampaignClosing, now, by, out, ""
	if err := b.saveCampaign(ctx, &c); err != nil {
		return c, nil, err
	}
	return b.finish(ctx, c, was, items, false)
}

// goOn closes a campaign whose closing died. Its end is the one that was settled.
func (b *Board) goOn(ctx context.Context, c access.Campaign) (access.Campaign, []access.ReviewItem, error) {
	items, err := b.Items(ctx, c)
	if err != nil {
		return c, nil, err
	}
	if err := Whole(c, items); err != nil {
		return c, nil, err
	}
	was := slices.Clone(items)
	out, err := endAll(items, c, c.ClosedAt)
	if err != nil {
		return c, nil, err
	}
	if out != c.Outcome {
		return c, nil, &access.Error{Op: "close " + c.ID, Kind: access.Conflict, Hint: "compare its versions with the ledger", Err: errors.New("the items are not what they were when its end was settled")}
	}
	return b.finish(ctx, c, was, items, true)
}

// finish brings a campaign that is closing to its end. was are its items as they are stored; again: an earlier try may have entered some of it.
func (b *Board) finish(ctx context.Context, c access.Campaign, was, items []access.ReviewItem, again bool) (access.Campaign, []access.ReviewItem, error) {
	c.State = access.CampaignClosed
	if err := b.enterEnd(ctx, c, items, again); err != nil {
		return c, nil, err
	}
	var places []int
	var kept []access.ReviewItem
	for n, i := range items {
		if w := was[n]; w.State != i.State || w.Silent != i.Silent || !w.EndedAt.Equal(i.EndedAt) {
			places, kept = append(places, n), append(kept, i)
		}
	}
	if err := b.saveItems(ctx, c, kept); err != nil {
		return c, nil, err
	}
	for k, n := range places {
		items[n] = kept[k]
	}
	return c, items, b.saveCampaign(ctx, &c)
}

// endAll gives all items of a campaign their last states, and says what they come to.
func endAll(items []access.ReviewItem, c access.Campaign, at time.Time) (out access.CampaignOutcome, err error) {
	for n := range items {
		end(&items[n], c, at, &out)
	}
	out.SHA256, err = digestOf(items)
	return out, err
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

// enterEnd enters what silence decided, and the end, together; again, only what is not on the ledger.
func (b *Board) enterEnd(ctx context.Context, c access.Campaign, items []access.ReviewItem, again bool) error {
	silent, closed := map[string]bool{}, false
	if again {
		var err error
		if silent, closed, err = b.entered(ctx, c); err != nil || closed {
			return err
		}
	}
	var events []ledger.Event
	for _, i := range items {
		if i.Silent && !silent[i.ID] {
			events = append(events, ledger.Event{Time: c.ClosedAt, Type: ledger.Decision, Run: c.Run, Data: map[string]any{"campaign": c.ID, "item": i.ID, "key": commit.Of(i.Key, i.Person),
				"verdict": string(c.Silence), "by": "", "channel": string(access.ChannelClock)}})
		}
	}
	end, err := b.event(c, "closed", map[string]any{"kept": c.Outcome.Kept, "revoked": c.Outcome.Revoked, "silent": c.Outcome.Silent, "unassigned": c.Outcome.Unassigned,
		"items_sha256": c.Outcome.SHA256})
	if err != nil {
		return err
	}
	if _, err := b.Ledger.Append(ctx, append(events, end)...); err != nil {
		return fmt.Errorf("enter the end of the campaign on the ledger: %w", err)
	}
	return nil
}

// entered finds what the ledger has of the end of a campaign: the items that silence decided, and whether it was closed.
func (b *Board) entered(ctx context.Context, c access.Campaign) (silent map[string]bool, closed bool, err error) {
	trail, err := b.Trail()
	if err != nil {
		return nil, false, fmt.Errorf("read the ledger: %w", err)
	}
	silent = map[string]bool{}
	err = trail.Entries(ctx, 0, func(e ledger.Entry) error {
		if e.Type != ledger.Campaign && e.Type != ledger.Decision {
			return nil
		}
		var data struct{ Campaign, What, Decision, Item string }
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return &access.Error{Op: "read the ledger", Kind: access.Internal, Err: err}
		}
		switch {
		case data.Campaign != c.ID:
		case e.Type == ledger.Campaign:
			closed = closed || data.What == "closed"
		case data.Decision == "": // of silence
			silent[data.Item] = true
		}
		return nil
	})
	return silent, closed, err
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
