package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile"
	"muster/remediate"
	"muster/rules/campaigns"
)

// Create freezes the population of a campaign: every grant that the scope covers, as the last completed run saw it. Nobody is asked yet. What
// the population may lack is said in the campaign's sources.
func (b *Board) Create(ctx context.Context, d *campaigns.Definition, seen *reconcile.Seen, governed func(string) bool, by string) (access.Campaign, error) {
	now := b.Now().UTC().Truncate(time.Millisecond)
	c := access.Campaign{ID: remediate.ShortID("C-", d.Name, seen.Run.ID, now.Format(time.RFC3339Nano)), Name: d.Name, Scope: d.Scope, Route: d.Reviewers, Need: d.Need,
		Escalate: d.Escalate, Silence: d.Silence, By: by, Run: seen.Run.ID, AsOf: seen.Run.AsOf, CreatedAt: now, DueAt: now.Add(d.Due), State: access.CampaignDraft}
	if d.Remind > 0 {
		c.RemindAt = now.Add(d.Remind)
	}
	owner, known, err := b.People.Find(ctx, d.Owner)
	if err != nil {
		return c, err
	}
	if !known || owner.Status != access.StatusActive {
		return c, &access.Error{Op: "create campaign", Kind: access.Invalid, Hint: "name a person who works here by worker id, e-mail address or login", Err: fmt.Errorf("no active person is %q", d.Owner)}
	}
	c.Owner, c.Owned = owner.ID, owner.Name()
	standing, err := b.Campaigns(ctx, access.CampaignDraft, access.CampaignOpen, access.CampaignClosing)
	if err != nil {
		return c, err
	}
	for _, x := range standing {
		if x.Name == c.Name {
			return c, &access.Error{Op: "create campaign", Kind: access.Conflict, Hint: "close it first, or give this one another name", Err: fmt.Errorf("%s is called so and not closed", x.ID)}
		}
	}
	items, err := b.freeze(ctx, &c, d, seen, governed)
	if err != nil {
		return c, err
	}
	if len(items) == 0 {
		return c, &access.Error{Op: "create campaign", Kind: access.Invalid, Hint: "see what scopes can ask: muster rules fields grant", Err: errors.New("nothing is in the scope; " + nothing(c))}
	}
	if err := b.enter(ctx, c, "frozen", map[string]any{"count": c.Population.Count, "undecided": c.Population.Undecided}); err != nil {
		return c, err
	}
	if err := b.saveItems(ctx, c, items); err != nil {
		return c, err
	}
	return c, b.saveCampaign(ctx, &c)
}

// nothing says why a population may be empty.
func nothing(c access.Campaign) string {
	if c.Population.Undecided > 0 {
		return fmt.Sprintf("on %d grants it cannot be evaluated: %s", c.Population.Undecided, c.Population.Why)
	}
	return "no system holds such a grant"
}

// freeze gathers the items and fills in what the campaign says of its population.
func (b *Board) freeze(ctx context.Context, c *access.Campaign, d *campaigns.Definition, seen *reconcile.Seen, governed func(string) bool) ([]access.ReviewItem, error) {
	systems := map[string]*access.SystemFacts{}
	for i := range seen.Systems {
		systems[seen.Systems[i].Name] = &seen.Systems[i]
	}
	findings, err := b.findings(ctx)
	if err != nil {
		return nil, err
	}
	scope := d.At(seen.Run.AsOf, systems, governed)
	var items []access.ReviewItem
	persons, accounts := map[string]bool{}, map[string]bool{}
	err = seen.Each(ctx, func(f *access.PersonFacts) error {
		for _, a := range f.Accounts {
			for n := range a.Grants {
				g := &a.Grants[n]
				covered, err := scope.Covers(f.Person, a, g)
				if err != nil {
					c.Population.Undecided++
					c.Population.Why = fmt.Sprintf("%s of %s in %s: %v", g.Entitlement.Name, a.Name, a.System, err)
				}
				if err != nil || !covered {
					continue
				}
				item := newItem(f.Person, a, g)
				item.Findings = findings[[3]string{a.System, a.ID, g.Entitlement.Name}]
				items = append(items, item)
				persons[item.Person], accounts[a.System+"\x00"+a.ID] = true, true
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("freeze the population: %w", err)
	}
	delete(persons, "")
	slices.SortFunc(items, func(x, y access.ReviewItem) int {
		return cmp.Or(cmp.Compare(x.System, y.System), cmp.Compare(x.Account.ID, y.Account.ID), cmp.Compare(x.Entitlement.ID, y.Entitlement.ID), cmp.Compare(x.Entitlement.Name, y.Entitlement.Name))
	})
	keys, per := make([]string, len(items)), map[string]int{}
	for n := range items {
		i := &items[n]
		i.ID, i.Campaign, i.Key, i.State = itemID(c.ID, n+1), c.ID, remediate.Hash(i.ItemParts()...), access.ItemOpen
		keys[n] = i.Key
		per[i.System]++
	}
	c.Population.Count, c.Population.SHA256, c.Population.Persons, c.Population.Accounts = len(items), access.PopulationHash(keys), len(persons), len(accounts)
	for _, s := range seen.Systems {
		if !s.IsHR {
			c.Sources = append(c.Sources, source(s, per[s.Name]))
		} else if !s.Tonight.Whole() {
			c.Sources = append(c.Sources, access.ReviewScope{System: s.Name, Snapshot: s.Used.ID, Digest: s.Used.Digest, TakenAt: s.Used.TakenAt, Warning: partial(s)})
		}
	}
	return items, nil
}

// source says what the campaign saw of one system.
func source(s access.SystemFacts, items int) access.ReviewScope {
	out := access.ReviewScope{System: s.Name, Owner: s.Owner, Snapshot: s.Used.ID, Digest: s.Used.Digest, TakenAt: s.Used.TakenAt, Items: items}
	switch {
	case s.Used.ID == "":
		out.Excluded = "it was never read whole: " + cmp.Or(s.Tonight.Reason, string(s.Tonight.State))
	case items == 0:
		out.Excluded = "the scope covers none of its grants"
	}
	if out.Excluded == "" && !s.Tonight.Whole() {
		out.Warning = partial(s)
	}
	return out
}

func partial(s access.SystemFacts) string {
	why := fmt.Sprintf("the run did not read it whole (%s", s.Tonight.State)
	if s.Tonight.Reason != "" {
		why += ": " + s.Tonight.Reason
	}
	why += ")"
	if s.Used.ID != "" && s.Used.ID != s.Tonight.ID {
		why += "; what was frozen is of " + s.Used.TakenAt.Format("2006-01-02 15:04 UTC")
	}
	return why
}

// Incomplete reports whether the population may lack something: a source that was not read whole, or grants that the scope could not judge.
func Incomplete(c access.Campaign) bool {
	return c.Population.Undecided > 0 || slices.ContainsFunc(c.Sources, func(s access.ReviewScope) bool { return s.Warning != "" || s.Snapshot == "" })
}

func newItem(p *access.Person, a *access.AccountFacts, g *access.GrantFacts) access.ReviewItem {
	i := access.ReviewItem{System: a.System, Account: access.AccountRef{ID: a.ID, Name: a.Name, SourceRef: a.SourceRef}, AccountKind: string(a.Kind), Enabled: a.Enabled,
		Entitlement: access.HeldRef{ID: g.Entitlement.ID, Name: g.Entitlement.Name, Kind: g.Entitlement.Kind}, Privileged: g.Entitlement.Privileged, Path: g.Path, LastUse: a.LastLogin}
	if p != nil {
		i.Person, i.PersonName, i.Department, i.Status = p.ID, p.Name(), p.Department, string(p.Status)
	}
	if a.Owner != nil {
		i.Answers = a.Owner.ID
	}
	for _, x := range g.Basis {
		text := x.Kind + " " + x.Name
		if !x.Until.IsZero() {
			text += " until " + x.Until.UTC().Format(time.DateOnly)
		}
		i.Basis = append(i.Basis, text)
	}
	return i
}

// findings are the ids of the open findings on grants.
func (b *Board) findings(ctx context.Context) (map[[3]string][]string, error) {
	out := map[[3]string][]string{}
	err := b.Findings(ctx, func(f access.Finding) error {
		if f.Scope == access.ScopeGrant && f.State != access.Resolved {
			key := [3]string{f.System, f.SubjectID, f.Detail}
			out[key] = append(out[key], f.ID)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read open findings: %w", err)
	}
	return out, nil
}
