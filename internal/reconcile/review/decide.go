package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/remediate"
	"muster/remediate/approve"
)

// Claim is what somebody says about items of one campaign. The channel has checked who it is and bound them to a person.
type Claim struct {
	Campaign   string
	Items      []string // ids, or their numbers
	Like       bool     // and every item of the same entitlement that is theirs and open
	Verdict    access.ReviewVerdict
	Person     string // worker id
	Channel    access.Channel
	Reason     string
	Population string // hash of the population that the person saw, or its beginning; empty where the channel shows the present one
}

// Pause is the longest time between two decisions of a person that tells how long the second took.
const Pause = 30 * time.Minute

// minReason is the shortest reason that tells an auditor anything.
const minReason = 5

// Decide takes a claim as a whole, or refuses it as a whole with a *approve.Refusal, which is on the ledger then.
func (b *Board) Decide(ctx context.Context, cl Claim) (access.Campaign, []access.ReviewItem, error) {
	now := b.Now().UTC().Truncate(time.Millisecond)
	refuse := func(c access.Campaign, subject string, why approve.RefusalKind, format string, args ...any) (access.Campaign, []access.ReviewItem, error) {
		r := &approve.Refusal{Why: why, Approval: subject, Detail: fmt.Sprintf(format, args...)}
		return c, nil, errors.Join(r, b.Refuse(ctx, subject, cl.Person, cl.Channel, why))
	}
	c, err := b.Campaign(ctx, cl.Campaign)
	if access.KindOf(err) == access.NotFound {
		return refuse(c, cl.Campaign, approve.RefusedUnknown, "there is no campaign %s", cl.Campaign)
	}
	if err != nil {
		return c, nil, err
	}
	items, err := b.Items(ctx, c)
	if err != nil {
		return c, nil, err
	}
	var picked []int
	for _, id := range cl.Items {
		n := slices.IndexFunc(items, func(i access.ReviewItem) bool { return i.ID == fullID(c, id) })
		if n < 0 {
			return refuse(c, fullID(c, id), approve.RefusedUnknown, "%s has no item %s", c.ID, id)
		}
		why, detail, err := b.judge(ctx, c, items[n], cl)
		if err != nil {
			return c, nil, err
		}
		if why != "" {
			return refuse(c, items[n].ID, why, "%s", detail)
		}
		picked = append(picked, n)
	}
	if len(picked) == 0 {
		return refuse(c, c.ID, approve.RefusedShape, "a decision names its items")
	}
	if err := Whole(c, items); err != nil {
		return c, nil, errors.Join(err, b.Refuse(ctx, c.ID, cl.Person, cl.Channel, approve.RefusedStale))
	}
	if cl.Like {
		picked = like(c, items, picked, cl.Person)
	}
	slices.Sort(picked)
	picked = slices.Compact(picked)
	took := since(items, cl.Person, now) / time.Duration(len(picked))
	kept := make([]access.ReviewItem, len(picked))
	for k, n := range picked {
		kept[k] = b.decided(c, items[n], cl, now, took, len(picked))
	}
	if cl.Verdict == access.ReviewAbstain {
		x := b.assigner(c, items)
		for k := range kept {
			if err := x.assign(ctx, &kept[k], now); err != nil {
				return c, nil, err
			}
		}
	}
	if err := b.record(ctx, c, kept); err != nil {
		return c, nil, err
	}
	return c, kept, b.saveItems(ctx, c, kept)
}

// judge says why a claim about one item is refused. The order is that of what an outsider may learn: first whether the item is theirs at all.
func (b *Board) judge(ctx context.Context, c access.Campaign, i access.ReviewItem, cl Claim) (why approve.RefusalKind, detail string, err error) {
	if cl.Person == "" {
		return approve.RefusedStranger, "nobody is bound to who asks", nil
	}
	if i.Own(cl.Person) {
		return approve.RefusedSelf, "nobody reviews their own access", nil
	}
	p, known, err := b.People.Find(ctx, cl.Person)
	if err != nil {
		return "", "", fmt.Errorf("find who decides: %w", err)
	}
	if !known || p.Status != access.StatusActive {
		return approve.RefusedDeactivated, "HR does not have " + cl.Person + " as active", nil
	}
	if _, may := reviewer(c, i, cl.Person); !may {
		return approve.RefusedRoute, i.ID + " is reviewed by " + names(i), nil
	}
	reason := strings.TrimSpace(cl.Reason)
	switch {
	case c.State == access.CampaignDraft:
		return approve.RefusedClosed, c.ID + " is not open yet: nothing is assigned", nil
	case c.State == access.CampaignClosing:
		return approve.RefusedClosed, c.ID + " is being closed", nil
	case c.State == access.CampaignClosed:
		return approve.RefusedClosed, c.ID + " was closed at " + c.ClosedAt.Format("2006-01-02 15:04 UTC"), nil
	case cl.Population != "" && (len(cl.Population) < 8 || !strings.HasPrefix(c.Population.SHA256, strings.ToLower(cl.Population))):
		return approve.RefusedStale, "that is not the population that was frozen; its hash is " + c.Population.SHA256, nil
	case cl.Verdict != access.ReviewKeep && cl.Verdict != access.ReviewRevoke && cl.Verdict != access.ReviewAbstain:
		return approve.RefusedShape, fmt.Sprintf("a decision is keep, revoke or abstain, not %q", cl.Verdict), nil
	case cl.Verdict != access.ReviewKeep && len(reason) < minReason:
		return approve.RefusedShape, "to " + string(cl.Verdict) + " needs a reason", nil
	case cl.Verdict == access.ReviewKeep && len(i.Findings) > 0 && len(reason) < minReason:
		return approve.RefusedShape, "to keep what a finding is about (" + strings.Join(i.Findings, ", ") + ") needs a reason", nil
	}
	return "", "", nil
}

// reviewer finds as whom a person may decide an item; those that it was escalated to may, once it was: what is open, and what they decided.
func reviewer(c access.Campaign, i access.ReviewItem, person string) (access.Approver, bool) {
	if who, ok := i.Reviewer(person); ok {
		return who, true
	}
	said, ok := i.Said(person)
	theirs := ok && said.Verdict != access.ReviewAbstain
	if c.Escalated && (theirs || i.State == access.ItemOpen) {
		for _, who := range c.Escalation {
			if who.Person == person {
				return who, true
			}
		}
	}
	return access.Approver{}, false
}

func names(i access.ReviewItem) string {
	var list []string
	for _, r := range i.Reviewers {
		list = append(list, r.Name)
	}
	if len(list) == 0 {
		return "nobody yet"
	}
	return strings.Join(list, ", ")
}

// like adds to picked items those of the same entitlements that are a person's to decide and that they have not decided. What needs a reason of
// its own, because a finding is on it, is left out.
func like(c access.Campaign, items []access.ReviewItem, picked []int, person string) []int {
	same := map[string]bool{}
	for _, n := range picked {
		same[items[n].System+"\x00"+items[n].Entitlement.ID+"\x00"+items[n].Entitlement.Name] = true
	}
	for n, i := range items {
		_, said := i.Said(person)
		_, may := reviewer(c, i, person)
		if same[i.System+"\x00"+i.Entitlement.ID+"\x00"+i.Entitlement.Name] && i.State == access.ItemOpen && may && !said && !i.Own(person) && len(i.Findings) == 0 {
			picked = append(picked, n)
		}
	}
	return picked
}

// since is the time from a person's decision before; 0 when there is none, or a pause lies between.
func since(items []access.ReviewItem, person string, now time.Time) time.Duration {
	var last time.Time
	for _, i := range items {
		for _, d := range i.Decisions {
			if d.By == person && d.At.After(last) {
				last = d.At
			}
		}
	}
	if gap := now.Sub(last); !last.IsZero() && gap <= Pause {
		return max(gap, time.Millisecond)
	}
	return 0
}

// decided is an item with one decision more.
func (b *Board) decided(c access.Campaign, i access.ReviewItem, cl Claim, now time.Time, took time.Duration, together int) access.ReviewItem {
	who, _ := reviewer(c, i, cl.Person)
	d := access.ReviewDecision{ID: remediate.ShortID("D-", i.ID, cl.Person, fmt.Sprint(len(i.Decisions))), Item: i.ID, Verdict: cl.Verdict, By: who.Person, ByName: who.Name, Role: who.Role,
		Channel: cl.Channel, At: now, Reason: strings.TrimSpace(cl.Reason), Took: took}
	if together > 1 {
		d.Bulk = together
	}
	if was, ok := i.Said(cl.Person); ok {
		d.Replaces = was.ID
	}
	i.Decisions = append(slices.Clone(i.Decisions), d)
	i.State = i.Standing(c.Need)
	if cl.Verdict == access.ReviewAbstain {
		i.Reviewers = slices.DeleteFunc(slices.Clone(i.Reviewers), func(r access.ReviewAssignment) bool { return r.Person == cl.Person })
	}
	return i
}

// record enters the last decision of each item on the ledger.
func (b *Board) record(ctx context.Context, c access.Campaign, items []access.ReviewItem) error {
	events := make([]ledger.Event, len(items))
	for n, i := range items {
		d := i.Decisions[len(i.Decisions)-1]
		digest, err := remediate.Digest(d)
		if err != nil {
			return err
		}
		events[n] = ledger.Event{Time: d.At, Type: ledger.Decision, Run: c.Run, Data: map[string]any{"decision": d.ID, "campaign": c.ID, "item": i.ID, "key": commit.Of(i.Key, i.Person), "verdict": string(d.Verdict),
			"by": commit.Of(d.By, d.By), "role": d.Role, "channel": string(d.Channel), "bulk": d.Bulk, "replaces": d.Replaces, "sha256": commit.Of(digest, d.By, i.Person)}}
	}
	if _, err := b.Ledger.Append(ctx, events...); err != nil {
		return fmt.Errorf("enter decisions on the ledger: %w", err)
	}
	return nil
}

// Refuse enters an attempt to decide that was refused. The entry commits to who.
func (b *Board) Refuse(ctx context.Context, subject, who string, channel access.Channel, why approve.RefusalKind) error {
	_, err := b.Ledger.Append(ctx, ledger.Event{Time: b.Now().UTC(), Type: ledger.Refusal, Data: map[string]any{"item": subject, "channel": string(channel),
		"who": commit.Of(cmp.Or(who, "unknown"), who), "why": string(why)}})
	if err != nil {
		return fmt.Errorf("enter the refusal on the ledger: %w", err)
	}
	return nil
}
