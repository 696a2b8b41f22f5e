package tell

import (
	"context"
	"errors"
	"fmt"

	"muster/internal/access"
	"muster/internal/reconcile/review"
	"muster/remediate"
	"muster/remediate/notice"
)

// Review tells everybody who has items of a campaign to decide that they do, once for each occasion: "reminded", "escalated", a day. The records
// say who was told: whom a channel failed the next one tells, and nobody is told by two. told is false when somebody was not told because a channel
// failed, now or a moment ago: it is to be done again then.
func (t *Teller) Review(ctx context.Context, records remediate.Records, organisation string, p review.Progress, occasion string) (told bool, err error) {
	run := p.Campaign.ID + "." + occasion
	var systems []string
	for _, s := range p.Campaign.Sources {
		if s.Items > 0 {
			systems = append(systems, s.System)
		}
	}
	var list []notice.Digest
	for _, r := range p.Reviewers {
		if r.Open == 0 {
			continue
		}
		title := fmt.Sprintf("%d of %d items wait for your review", r.Open, r.Items)
		list = append(list, notice.Digest{Organisation: organisation, Run: run, AsOf: p.Campaign.AsOf, Owner: r.Approver, Systems: systems, Title: title,
			Waiting: []notice.Line{{ID: p.Campaign.ID, Text: p.Campaign.Name + ": " + title, Until: p.Campaign.DueAt}}})
	}
	list, failed, err := untold(ctx, records, run, list) // an earlier night told some
	errs := []error{err}
	for _, c := range t.Channels {
		if len(list) == 0 {
			break
		}
		_, err = c.Digests(ctx, list)
		errs = append(errs, err)
		list, failed, err = untold(ctx, records, run, list)
		errs = append(errs, err)
	}
	for _, d := range list {
		t.Log.WarnContext(ctx, "reviewer is reached by no channel", "person", d.Owner.Person, "campaign", p.Campaign.ID)
	}
	err = errors.Join(errs...)
	return len(list) == 0 || err == nil && !failed, err
}

// untold are the digests that no record says were sent, and whether one of them was tried. Where nobody knows they are sent by another way: better
// twice than never.
func untold(ctx context.Context, records remediate.Records, run string, list []notice.Digest) (rest []notice.Digest, tried bool, err error) {
	notices, err := remediate.Load[notice.Notice](ctx, records, access.DocumentQuery{Kind: access.DocNotice, Run: run})
	if err != nil {
		return list, false, fmt.Errorf("find who was told: %w", err)
	}
	told, known := map[string]bool{}, map[string]bool{}
	for _, n := range notices {
		known[n.Person] = true
		told[n.Person] = told[n.Person] || n.State == notice.Sent || n.State == notice.Gone
	}
	for _, d := range list {
		if !told[d.Owner.Person] {
			rest, tried = append(rest, d), tried || known[d.Owner.Person]
		}
	}
	return rest, tried, nil
}
