package sight

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"muster/internal/access"
	"muster/remediate"
)

// revoked reads what reviews revoked that are closed. A later review that kept the same grant, or a request for it that was approved later, takes
// a revocation's place.
func revoked(ctx context.Context, records remediate.Records, requests []access.Request) (access.Revocations, error) {
	out := access.Revocations{}
	campaigns, err := remediate.Load[access.Campaign](ctx, records, access.DocumentQuery{Kind: access.DocCampaign, States: []string{string(access.CampaignClosed)}})
	if err != nil || len(campaigns) == 0 {
		return out, err
	}
	closed := map[string]bool{}
	for _, c := range campaigns {
		closed[c.ID] = true
	}
	ended := func(q access.DocumentQuery) ([]access.ReviewItem, error) {
		q.Kind = access.DocReviewItem
		list, err := remediate.Load[access.ReviewItem](ctx, records, q)
		return slices.DeleteFunc(list, func(i access.ReviewItem) bool { return !closed[i.Campaign] }), err
	}
	gone, err := ended(access.DocumentQuery{States: []string{string(access.ItemRevoked)}})
	if err != nil || len(gone) == 0 {
		return out, err
	}
	latest := map[string]access.ReviewItem{} // by key: the item that ended last
	keys := make([]string, 0, len(gone))
	for _, i := range gone {
		keys = append(keys, i.Key)
	}
	const chunk = 500 // keys that one question to the records names
	for len(keys) > 0 {
		part := keys[:min(chunk, len(keys))]
		keys = keys[len(part):]
		list, err := ended(access.DocumentQuery{Keys: part, States: []string{string(access.ItemRevoked), string(access.ItemKept)}})
		if err != nil {
			return nil, err
		}
		for _, i := range list {
			if have, ok := latest[i.Key]; !ok || cmp.Or(i.EndedAt.Compare(have.EndedAt), cmp.Compare(i.ID, have.ID)) > 0 {
				latest[i.Key] = i
			}
		}
	}
	given := map[string]access.Request{}
	for _, q := range requests {
		key := access.RevokedRef(q.Person, q.Ref)
		if have, ok := given[key]; !ok || q.From.After(have.From) {
			given[key] = q
		}
	}
	for _, i := range latest {
		ref := access.EntitlementRef{System: i.System, Name: i.Entitlement.Name}
		key := access.RevokedRef(i.Person, ref)
		if q, ok := given[key]; i.State != access.ItemRevoked || ok && q.From.After(i.EndedAt) {
			continue
		}
		r := access.Revocation{Item: i.ID, At: i.EndedAt}
		for _, d := range i.Decisions {
			if last, _ := i.Said(d.By); last.Verdict == access.ReviewRevoke {
				r.By = d.By
			}
		}
		out[access.RevokedGrant(i.System, i.Account.ID, i.Entitlement.Name)] = r
		if i.Person != "" {
			out[key] = r
		}
	}
	return out, nil
}

// endOf is a revocation as the reason of an action.
func endOf(r access.Revocation, ref access.EntitlementRef) remediate.End {
	by := "nobody's answer in time"
	if r.By != "" {
		by = r.By
	}
	return remediate.End{Name: "review " + r.Item, Basis: "review " + r.Item, At: r.At, Reason: fmt.Sprintf("%s was revoked in review %s by %s", ref.Name, r.Item, by)}
}
