package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/remediate/approve"
)

// The occasions on which people are told of a campaign by time alone.
const (
	Reminded  = "reminded"
	Escalated = "escalated"
)

// Ticked is what time did to campaigns.
type Ticked struct {
	Due    []access.Campaign // people are to be told what Untold says, since now or since a night that could not tell them
	Proven int               // revocations whose removal a snapshot shows
}

// Tick lets time pass: what is due for a reminder is marked, what is past its due day is escalated, what was closed by a process that died is
// closed, and what was revoked is looked for in the newest snapshots. What fails for one campaign keeps no other; what was done is given back
// besides the error.
func (b *Board) Tick(ctx context.Context) (Ticked, error) {
	var out Ticked
	list, err := b.Campaigns(ctx, access.CampaignOpen, access.CampaignClosing, access.CampaignClosed)
	if err != nil {
		return out, err
	}
	var errs []error
	for _, c := range list {
		if err := b.age(ctx, c, &out); err != nil {
			errs = append(errs, fmt.Errorf("campaign %s: %w", c.ID, err))
		}
	}
	return out, errors.Join(errs...)
}

// age lets time pass over one campaign.
func (b *Board) age(ctx context.Context, c access.Campaign, out *Ticked) error {
	var err error
	if c.State == access.CampaignClosing {
		if c, _, err = b.Close(ctx, c, false, ""); err != nil {
			return err
		}
	}
	if c.State == access.CampaignClosed {
		n, err := b.Prove(ctx, c)
		out.Proven += n
		return err
	}
	now := b.Now().UTC()
	switch past := !now.Before(c.DueAt); {
	case past && !c.Escalated:
		c, err = b.escalate(ctx, c)
	case !past && !c.Escalated && !c.Reminded && !c.RemindAt.IsZero() && !now.Before(c.RemindAt):
		c.Reminded, c.Untold = true, Reminded
		if err = b.enter(ctx, c, Reminded, nil); err == nil {
			err = b.saveCampaign(ctx, &c)
		}
	}
	if err == nil && c.Untold != "" {
		out.Due = append(out.Due, c)
	}
	return err
}

// Told notes that people were told what was still to be told of a campaign.
func (b *Board) Told(ctx context.Context, c access.Campaign) error {
	what := c.Untold
	c.Untold = ""
	if err := b.enter(ctx, c, "told", map[string]any{"of": what}); err != nil {
		return err
	}
	return b.saveCampaign(ctx, &c)
}

// escalate lets those of the campaign's escalation decide what is open, besides.
func (b *Board) escalate(ctx context.Context, c access.Campaign) (access.Campaign, error) {
	var err error
	if c.Escalation, err = b.Routes.Resolve(ctx, c.Escalate, approve.Question{}); err != nil {
		return c, err
	}
	c.Escalated, c.Untold = true, Escalated
	if err := b.enter(ctx, c, Escalated, map[string]any{"to": len(c.Escalation)}); err != nil {
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
	return p, b.enter(ctx, c, Reminded, map[string]any{"people": waiting, "open": p.Open})
}

// Prove looks for what a closed campaign revoked. A removal is proven by a whole snapshot that the newest completed run read, that was begun after
// the campaign was closed and that does not hold the grant; nothing else proves it.
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
	snap, ok, err := b.believed(ctx, system, after)
	if err != nil || !ok {
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

// believed is the newest snapshot of a system, when a grant that it does not hold is not there: the newest completed run read it, it was begun
// after a moment, nothing in it was rejected, and everything in it is still stored. What an old snapshot does not hold may have expired.
func (b *Board) believed(ctx context.Context, system string, after time.Time) (access.Snapshot, bool, error) {
	run, ran, err := b.Snapshots.LastRun(ctx, true)
	if err != nil || !ran {
		return access.Snapshot{}, false, err
	}
	const always = 100 // years: whatever the clock of the run said
	snap, found, err := b.Snapshots.NewestComplete(ctx, system, b.Now().UTC().AddDate(always, 0, 0))
	if err != nil || !found || snap.RunID != run.ID || !unmarred(snap) || snap.Baseline || !snap.StartedAt.After(after) {
		return snap, false, err
	}
	kept, err := b.Snapshots.Kept(ctx, access.ClassAccount, []string{snap.ID})
	if err != nil || !kept[snap.ID] {
		return snap, false, err
	}
	stored, err := b.Snapshots.StoredCounts(ctx, snap.ID)
	if err != nil {
		return snap, false, err
	}
	for _, class := range []access.Class{access.ClassAccount, access.ClassGrant} {
		if read, stated := snap.Coverage.Of(class); !stated || stored[class] != read.Parsed {
			return snap, false, nil
		}
	}
	return snap, true, nil
}

// unmarred reports whether everything that a snapshot's source gave could be read. A rejected row of whatever class may be the grant that is
// looked for, or what it hangs on.
func unmarred(s access.Snapshot) bool {
	return s.Whole() && !slices.ContainsFunc(s.Coverage.Classes, func(c access.ClassCoverage) bool { return c.Rejected > 0 })
}
