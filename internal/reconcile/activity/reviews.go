package activity

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// Reviewed is an entitlement of an account that campaigns may have reviewed.
type Reviewed struct{ System, Account, Entitlement string }

// Reviews says in words what campaigns said of a person's entitlements, the last to end first.
func Reviews(ctx context.Context, records remediate.Records, person string) (map[Reviewed][]string, error) {
	items, err := remediate.Load[access.ReviewItem](ctx, records, access.DocumentQuery{Kind: access.DocReviewItem, Person: person})
	if err != nil || len(items) == 0 {
		return nil, err
	}
	campaigns, err := remediate.Load[access.Campaign](ctx, records, access.DocumentQuery{Kind: access.DocCampaign})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, c := range campaigns {
		names[c.ID] = c.Name
	}
	slices.SortStableFunc(items, func(a, b access.ReviewItem) int { return b.EndedAt.Compare(a.EndedAt) })
	out := map[Reviewed][]string{}
	for _, i := range items {
		ref := Reviewed{i.System, i.Account.ID, i.Entitlement.ID}
		out[ref] = append(out[ref], reviewWords(i, cmp.Or(names[i.Campaign], i.Campaign)))
	}
	return out, nil
}

// reviewWords is "kept by Maja Ström (owner) in Q4 finance, 2026-11-20".
func reviewWords(i access.ReviewItem, campaign string) string {
	how := string(i.State)
	switch n := len(i.Decisions); {
	case i.Silent:
		how += " by silence"
	case n > 0:
		d := i.Decisions[n-1]
		how += fmt.Sprintf(" by %s (%s)", cmp.Or(d.ByName, d.By), d.Role)
	}
	how += " in " + campaign
	if !i.EndedAt.IsZero() {
		how += ", " + i.EndedAt.UTC().Format(time.DateOnly)
	}
	return how
}
