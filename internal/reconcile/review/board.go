// Package review runs campaigns in which people review access: it freezes a population, assigns it to independent reviewers, takes their
// decisions, and lets what they revoke be removed and its removal be proven.
//
//	create   freeze what the scope covers of the last completed run's world
//	assign   to the first independent people of the route; whoever holds an access never reviews it
//	decide   keep, revoke or abstain; every decision and every refusal is on the ledger before it counts
//	close    silence becomes what the campaign said from the start; what was revoked is expected no more
//	tick     reminders, escalation, and the proof of removals by later snapshots; a close that died is finished
//
// Everything is kept as documents, the newest version of each counts, the ledger first. Two things go before the ledger, because nothing rests on
// them: that a campaign is closing, so that its end cannot become another one, and whom nobody told yet. A Board is used by one goroutine of the
// process that holds the ledger; looking needs no ledger. Times are UTC and of the wall clock.
package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/store"
	"muster/remediate"
	"muster/remediate/approve"
)

// Snapshots tell what later snapshots hold.
type Snapshots interface {
	// LastRun is the newest run, or the newest completed one.
	LastRun(ctx context.Context, completedOnly bool) (access.Run, bool, error)
	// NewestComplete is the newest complete snapshot of a system that was taken at a moment or before.
	NewestComplete(ctx context.Context, system string, at time.Time) (access.Snapshot, bool, error)
	// Kept finds those of the snapshots whose rows of a class are all still stored.
	Kept(ctx context.Context, class access.Class, snapshots []string) (map[string]bool, error)
	// StoredCounts says how many rows of each class a snapshot has now.
	StoredCounts(ctx context.Context, snapshot string) (map[access.Class]int64, error)
	// GrantsSince finds of grants those that the newest complete snapshot of a system holds.
	GrantsSince(ctx context.Context, system string, grants []store.GrantRef) (map[store.GrantRef]time.Time, error)
}

// Trail is the audit trail as a reader has it.
type Trail interface {
	// Entries yields the entries from an index on, in their order.
	Entries(ctx context.Context, from uint64, yield func(ledger.Entry) error) error
}

// Board keeps campaigns.
type Board struct {
	Records   remediate.Records
	Ledger    remediate.Ledger      // nil when the command only reads
	Trail     func() (Trail, error) // reads the Ledger, with what was entered last; nil when the command only reads
	People    approve.People        // as HR has them now
	Routes    *approve.Routes
	Findings  func(ctx context.Context, yield func(access.Finding) error) error
	Snapshots Snapshots
	Now       func() time.Time
}

// Campaigns lists campaigns in some states, or all, the newest first.
func (b *Board) Campaigns(ctx context.Context, states ...access.CampaignState) ([]access.Campaign, error) {
	q := access.DocumentQuery{Kind: access.DocCampaign}
	for _, s := range states {
		q.States = append(q.States, string(s))
	}
	list, err := remediate.Load[access.Campaign](ctx, b.Records, q)
	slices.SortStableFunc(list, func(x, y access.Campaign) int { return y.CreatedAt.Compare(x.CreatedAt) })
	return list, err
}

// Campaign finds one campaign by the beginning of its id, or by its name.
func (b *Board) Campaign(ctx context.Context, ref string) (access.Campaign, error) {
	list, err := b.Campaigns(ctx)
	if err != nil {
		return access.Campaign{}, err
	}
	match := slices.DeleteFunc(list, func(c access.Campaign) bool {
		return !strings.HasPrefix(c.ID, strings.ToUpper(ref)) && !strings.EqualFold(c.Name, ref) || ref == ""
	})
	switch len(match) {
	case 1:
		return match[0], nil
	case 0:
		return access.Campaign{}, &access.Error{Op: "find campaign " + ref, Kind: access.NotFound, Hint: "list them with: muster review list", Err: errors.New("there is no such campaign")}
	}
	return access.Campaign{}, &access.Error{Op: "find campaign " + ref, Kind: access.Invalid, Hint: "give more of the id", Err: fmt.Errorf("%d campaigns are called so", len(match))}
}

// Items are all items of a campaign, in the order of the population.
func (b *Board) Items(ctx context.Context, c access.Campaign) ([]access.ReviewItem, error) {
	items, err := remediate.Load[access.ReviewItem](ctx, b.Records, access.DocumentQuery{Kind: access.DocReviewItem, IDPrefix: c.ID + "."})
	slices.SortFunc(items, func(x, y access.ReviewItem) int { return number(x.ID) - number(y.ID) })
	return items, err
}

// itemID names the n-th item of a campaign.
func itemID(campaign string, n int) string { return campaign + "." + strconv.Itoa(n) }

func number(id string) int {
	_, n, _ := strings.Cut(id, ".")
	i, _ := strconv.Atoi(n) // of an id that itemID made
	return i
}

// Whole says what is wrong with the items of a campaign, as a frozen population: they must be as many as were frozen, and hash to the same.
func Whole(c access.Campaign, items []access.ReviewItem) error {
	keys := make([]string, len(items))
	for n, i := range items {
		if keys[n] = remediate.Hash(i.ItemParts()...); keys[n] != i.Key {
			return &access.Error{Op: "check the population of " + c.ID, Kind: access.Conflict, Hint: "compare its versions with the ledger", Err: fmt.Errorf("%s is not the item that was frozen", i.ID)}
		}
	}
	if sum := access.PopulationHash(keys); sum != c.Population.SHA256 || len(items) != c.Population.Count {
		return &access.Error{Op: "check the population of " + c.ID, Kind: access.Conflict, Hint: "compare its versions with the ledger",
			Err: fmt.Errorf("%d items with hash %.12s are stored, %d with %.12s were frozen", len(items), sum, c.Population.Count, c.Population.SHA256)}
	}
	return nil
}

// enter puts what happened to a campaign on the ledger, with further data.
func (b *Board) enter(ctx context.Context, c access.Campaign, what string, data map[string]any) error {
	event, err := b.event(c, what, data)
	if err != nil {
		return err
	}
	if _, err := b.Ledger.Append(ctx, event); err != nil {
		return fmt.Errorf("enter the campaign on the ledger: %w", err)
	}
	return nil
}

func (b *Board) event(c access.Campaign, what string, data map[string]any) (ledger.Event, error) {
	digest, err := remediate.Digest(c)
	if err != nil {
		return ledger.Event{}, err
	}
	who := []string{c.Owner, c.By, c.ClosedBy}
	for _, a := range c.Escalation {
		who = append(who, a.Person)
	}
	all := map[string]any{"campaign": c.ID, "what": what, "state": string(c.State), "population": c.Population.SHA256, "sha256": commit.Of(digest, who...)}
	for k, v := range data {
		all[k] = v
	}
	return ledger.Event{Time: b.Now().UTC(), Type: ledger.Campaign, Run: c.Run, Data: all}, nil
}

func (b *Board) saveCampaign(ctx context.Context, c *access.Campaign) error {
	c.Version++
	doc, err := remediate.CampaignDocument(*c, b.Now().UTC())
	if err != nil {
		return err
	}
	if err := b.Records.SaveDocuments(ctx, doc); err != nil {
		return fmt.Errorf("store campaign %s: %w", c.ID, err)
	}
	return nil
}

// saveItems stores the next version of each item.
func (b *Board) saveItems(ctx context.Context, c access.Campaign, items []access.ReviewItem) error {
	now := b.Now().UTC()
	docs := make([]access.Document, len(items))
	for n := range items {
		items[n].Version++
		var err error
		if docs[n], err = remediate.ItemDocument(items[n], c.Run, now); err != nil {
			return err
		}
	}
	if err := b.Records.SaveDocuments(ctx, docs...); err != nil {
		return fmt.Errorf("store items of %s: %w", c.ID, err)
	}
	return nil
}

// digestOf is the hex SHA-256 over the digests of items, in their order.
func digestOf(items []access.ReviewItem) (string, error) {
	sums := make([]string, len(items))
	for n, i := range items {
		i.Version, i.Removal = 0, nil // what is known later does not change how it ended
		var err error
		if sums[n], err = remediate.Digest(i); err != nil {
			return "", err
		}
	}
	return remediate.Hash(sums...), nil
}
