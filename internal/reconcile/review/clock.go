package review

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/remediate/approve"
)

// Ticked is what time did to campaigns.
type Ticked struct {
	Reminded  []access.Campaign // due for a reminder since now
	Escalated []access.Campaign // past their due day since now
	Proven    int               // revocations whose removal a snapshot shows
}

// Tick lets time pass: what is due for a reminder is marked, what is past its due day is escalated, and what was revoked is looked for in the
// newest snapshots.
func (b *Board) Tick(ctx context.Context) (Ticked, error) {
	var out Ticked
	now := b.Now().UTC()
	list, err := b.Campaigns(ctx, access.CampaignOpen, access.CampaignClosed)
	if err != nil {
		return out, err
	}
	for _, c := range list {
		switch {
		case c.State == access.CampaignClosed:
			n, err := b.Prove(ctx, c)
			out.Proven += n
			if err != nil {
				return out, err
			}
		case !c.Escalated && !now.Before(c.DueAt):
			if c, err = b.escalate(ctx, c); err != nil {
				return out, err
			}
			out.Escalated = append(out.Escalated, c)
		case !c.Reminded && !c.RemindAt.IsZero() && !now.Before(c.RemindAt):
			c.Reminded = true
			if err := b.enter(ctx, c, "reminded", nil); err != nil {
				return out, err
			}
			if err := b.saveCampaign(ctx, &c); err != nil {
				return out, err
			}
			out.Reminded = append(out.Reminded, c)
		}
	}
	return out, nil
}

// escalate lets those of the campaign's escalation decide what is open, besides.
func (b *Board) escalate(ctx context.Context, c access.Campaign) (access.Campaign, error) {
	var err error
	if c.Escalation, err = b.Routes.Resolve(ctx, c.Escalate, approve.Question{}); err != nil {
		return c, err
	}
	c.Escalated = true
	if err := b.enter(ctx, c, "escalated", map[string]any{"to": len(c.Escalation)}); err != nil {
		return c, err
	}
	return c, b.saveCampaign(ctx, &c)
}

// Remind enters that people are reminded of a campaign, and says who they are.
func (b *Board) Remind(ctx context.Context, c access.Campaign) (Progress, error) {
	p, err := b.Progress(ctx, c)
	if err != nil {
		return p, err
	}
	if c.State != access.CampaignOpen {
		return p, &access.Error{Op: "remind of " + c.ID, Kind: access.Conflict, Hint: "see: muster review status " + c.ID, Err: fmt.Errorf("it is %s", c.State)}
	}
	waiting := 0
	for _, r := range p.Reviewers {
		if r.Open > 0 {
			waiting++
		}
	}
	return p, b.enter(ctx, c, "reminded", map[string]any{"people": waiting, "open": p.Open})
}

// Prove looks for what a closed campaign revoked. A removal is proven by a whole snapshot that was begun after the campaign was closed and does
// not hold the grant; nothing else proves it.
func (b *Board) Prove(ctx context.Context, c access.Campaign) (int, error) {
	if c.State != access.CampaignClosed {
		return 0, nil
	}
	items, err := b.Items(ctx, c)
	if err != nil {
		return 0, err
	}
	open := map[string][]access.ReviewItem{}
	for _, i := range items {
		if i.State == access.ItemRevoked && i.Removal == nil {
			open[i.System] = append(open[i.System], i)
		}
	}
	var proven []access.ReviewItem
	per := map[string]any{}
	for system, list := range open {
		gone, snap, err := b.gone(ctx, system, c.ClosedAt, list)
		if err != nil {
			return 0, err
		}
		for _, i := range gone {
			i.Removal = &access.ReviewRemoval{Snapshot: snap.ID, Digest: snap.Digest, TakenAt: snap.TakenAt.UTC(), Run: snap.RunID}
			proven = append(proven, i)
		}
		if len(gone) > 0 {
			per[snap.ID] = len(gone)
		}
	}
	if len(proven) == 0 {
		return 0, nil
	}
	slices.SortFunc(proven, func(x, y access.ReviewItem) int { return cmp.Compare(number(x.ID), number(y.ID)) })
	if err := b.enter(ctx, c, "removed", map[string]any{"items": len(proven), "snapshots": per}); err != nil {
		return 0, err
	}
	return len(proven), b.saveItems(ctx, c, proven)
}

// gone are the items that the newest snapshot of a system does not hold, when it may be believed and was begun after a moment.
func (b *Board) gone(ctx context.Context, system string, after time.Time, list []access.ReviewItem) ([]access.ReviewItem, access.Snapshot, error) {
	const always = 100 // years: whatever the clock of the run said
	snap, found, err := b.Snapshots.NewestComplete(ctx, system, b.Now().UTC().AddDate(always, 0, 0))
	if err != nil || !found || !snap.Whole() || snap.Baseline || !snap.StartedAt.After(after) {
		return nil, snap, err
	}
	refs := make([]store.GrantRef, len(list))
	for n, i := range list {
		refs[n] = store.GrantRef{Account: i.Account.ID, Entitlement: i.Entitlement.ID}
	}
	holds, err := b.Snapshots.GrantsSince(ctx, system, refs)
	if err != nil {
		return nil, snap, fmt.Errorf("look for what %s still holds: %w", system, err)
	}
	var out []access.ReviewItem
	for n, i := range list {
		if _, held := holds[refs[n]]; !held {
			out = append(out, i)
		}
	}
	return out, snap, nil
}
