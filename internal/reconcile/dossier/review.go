// Package dossier gathers from the store and the ledger what each kind of pack is about, and makes the job that writes it. It changes nothing.
// Times are UTC.
package dossier

import (
	"context"
	"encoding/json"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/activity"
	"muster/internal/reconcile/review"
	"muster/internal/sheet"
	"muster/remediate"
	"muster/reports"
	"muster/reports/accessreview"
	"muster/reports/document"
	"muster/reports/frame"
)

// Trail is the audit trail as a reader has it.
type Trail = activity.Trail

// Reviewed is a campaign with its items and what the report says of them.
type Reviewed struct {
	Campaign access.Campaign
	Items    []access.ReviewItem
	Model    accessreview.Model

	entries []uint64 // of the ledger
}

// Review gathers a campaign, by the beginning of its id or its name.
func Review(ctx context.Context, records remediate.Records, trail Trail, ref string) (Reviewed, error) {
	board := &review.Board{Records: records}
	c, err := board.Campaign(ctx, ref)
	if err != nil {
		return Reviewed{}, err
	}
	items, err := board.Items(ctx, c)
	if err != nil {
		return Reviewed{}, err
	}
	facts := accessreview.Facts{Kept: review.Ended(c, items) == nil}
	if facts.Actions, err = removals(ctx, records, c); err != nil {
		return Reviewed{}, err
	}
	var proven []uint64
	if facts.Ledger, proven, err = entries(ctx, trail, c); err != nil {
		return Reviewed{}, err
	}
	return Reviewed{Campaign: c, Items: items, Model: accessreview.Sum(c, items, facts), entries: proven}, nil
}

// removals are the newest actions that rest on the revocations of a campaign, by the id of the item.
func removals(ctx context.Context, records remediate.Records, c access.Campaign) (map[string]accessreview.Action, error) {
	out := map[string]accessreview.Action{}
	if c.Outcome.Revoked == 0 {
		return out, nil
	}
	last := map[string]remediate.Record{}
	list, err := remediate.Load[remediate.Record](ctx, records, access.DocumentQuery{Kind: access.DocAction})
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		for _, basis := range r.Basis {
			item, ok := strings.CutPrefix(basis, "review ")
			if !ok || !strings.HasPrefix(item, c.ID+".") {
				continue
			}
			if have, known := last[item]; !known || r.ChangedAt.After(have.ChangedAt) {
				last[item] = r
				out[item] = accessreview.Action{ID: r.ID, State: strings.TrimSuffix(string(r.State)+": "+r.Why, ": ")}
			}
		}
	}
	return out, nil
}

// entries are what the ledger has of a campaign, and the places of its freezing, its end, its decisions and of what made them void. Those that hand
// out tokens, remind, or note a later removal come and go on after the end, and are not among them.
func entries(ctx context.Context, trail Trail, c access.Campaign) (accessreview.Ledger, []uint64, error) {
	var proven []uint64
	out := accessreview.Ledger{Entries: []accessreview.Entry{}}
	decided := map[string]bool{} // a decision that was entered again after a death counts once
	err := trail.Entries(ctx, 0, func(e ledger.Entry) error {
		if e.Type != ledger.Campaign && e.Type != ledger.Decision && e.Type != ledger.Refusal {
			return nil
		}
		var data struct {
			Campaign   string   `json:"campaign"`
			What       string   `json:"what"`
			Item       string   `json:"item"`
			Decision   string   `json:"decision"`
			Population string   `json:"population"`
			Ended      string   `json:"items_sha256"`
			Void       []string `json:"void"`
		}
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return &access.Error{Op: "read the ledger", Kind: access.Internal, Err: err}
		}
		switch {
		case e.Type == ledger.Refusal && (data.Item == c.ID || strings.HasPrefix(data.Item, c.ID+".")):
			out.Refusals++
		case data.Campaign != c.ID:
		case e.Type == ledger.Decision:
			if !decided[data.Decision] {
				out.Decisions++
			}
			decided[data.Decision] = data.Decision != "" // silence has no id, and one entry an item
			proven = append(proven, e.Index)
		case e.Type == ledger.Campaign:
			out.Entries = append(out.Entries, accessreview.Entry{Index: e.Index, At: e.Time.UTC(), What: data.What})
			if data.What == "frozen" || data.What == "closed" || len(data.Void) > 0 {
				proven = append(proven, e.Index)
			}
			if data.What == "frozen" {
				out.Frozen = data.Population
			}
			if data.What == "closed" {
				out.Ended = data.Ended
			}
		}
		return nil
	})
	return out, proven, err
}

// Job is the pack of the campaign. Its base is the evidence of the run whose world was frozen.
func (r Reviewed) Job() reports.Job {
	each := func(yield func(access.ReviewItem) error) error {
		for _, i := range r.Items {
			if err := yield(i); err != nil {
				return err
			}
		}
		return nil
	}
	return reports.Job{Kind: "access-review", Subject: r.Campaign.ID, Name: r.Campaign.CreatedAt.UTC().Format("2006-01-02") + "-access-review-" + strings.ToLower(r.Campaign.ID), Detail: r.Model, Entries: r.entries,
		Annexes: []reports.Annex{
			{Name: accessreview.ItemsAnnex, Fill: func(t *sheet.Table) error { return accessreview.Items(t, each) }},
			{Name: accessreview.DecisionsAnnex, Fill: func(t *sheet.Table) error { return accessreview.Decisions(t, each) }},
		},
		Document: func(in frame.Input) document.Document { return accessreview.Document(in, r.Model) }}
}
