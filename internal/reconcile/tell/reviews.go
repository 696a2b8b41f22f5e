package tell

import (
	"context"
	"errors"
	"fmt"

	"muster/internal/reconcile/review"
	"muster/remediate/notice"
)

// Review tells everybody who has items of a campaign to decide that they do, once for each occasion: "reminded", "escalated", a day.
func (t *Teller) Review(ctx context.Context, organisation string, p review.Progress, occasion string) error {
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
		list = append(list, notice.Digest{Organisation: organisation, Run: p.Campaign.ID + "." + occasion, AsOf: p.Campaign.AsOf, Owner: r.Approver, Systems: systems, Title: title,
			Waiting: []notice.Line{{ID: p.Campaign.ID, Text: p.Campaign.Name + ": " + title, Until: p.Campaign.DueAt}}})
	}
	if len(list) == 0 {
		return nil
	}
	var errs []error
	for _, c := range t.Channels {
		var err error
		list, err = c.Digests(ctx, list)
		errs = append(errs, err)
	}
	for _, d := range list {
		t.Log.WarnContext(ctx, "reviewer is reached by no channel", "person", d.Owner.Person, "campaign", p.Campaign.ID)
	}
	return errors.Join(errs...)
}
