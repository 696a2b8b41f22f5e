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
	"muster/remediate"
	"muster/remediate/approve"
)

// Assign gives every item that has too few reviewers to the first independent people of the campaign's route, and opens the campaign. It
// gives back all items; those that nobody can review say why.
func (b *Board) Assign(ctx context.Context, c access.Campaign) (access.Campaign, []access.ReviewItem, error) {
	items, err := b.changeable(ctx, c, "assign")
	if err != nil {
		return c, nil, err
	}
	now := b.Now().UTC()
	x := b.assigner(c, items)
	var changed []int
	for n := range items {
		if i := &items[n]; i.State == access.ItemOpen && len(i.Reviewers) < c.Need {
			was := len(i.Reviewers)
			if err := x.assign(ctx, i, now); err != nil {
				return c, nil, err
			}
			if len(i.Reviewers) > was || i.Unassigned != "" {
				changed = append(changed, n)
			}
		}
	}
	if err := b.keepAssigned(ctx, c, "assigned", items, changed); err != nil {
		return c, items, err
	}
	if c.State == access.CampaignOpen {
		return c, items, nil
	}
	c.State, c.OpenedAt = access.CampaignOpen, now
	if err := b.enter(ctx, c, "opened", nil); err != nil {
		return c, items, err
	}
	return c, items, b.saveCampaign(ctx, &c)
}

// AssignTo gives items to one person, whatever the route says. Nobody is given their own access.
func (b *Board) AssignTo(ctx context.Context, c access.Campaign, ids []string, person, reason, by string) ([]access.ReviewItem, error) {
	if err := remediate.CheckReason("assign by hand", reason); err != nil {
		return nil, err
	}
	items, err := b.changeable(ctx, c, "assign")
	if err != nil {
		return nil, err
	}
	p, known, err := b.People.Find(ctx, person)
	if err != nil {
		return nil, err
	}
	bad := func(kind access.Kind, hint, format string, args ...any) error {
		return &access.Error{Op: "assign to " + person, Kind: kind, Hint: hint, Err: fmt.Errorf(format, args...)}
	}
	if !known || p.Status != access.StatusActive {
		return nil, bad(access.Invalid, "name a person who works here by worker id, e-mail address or login", "no active person is %q", person)
	}
	now := b.Now().UTC()
	var changed []int
	for _, id := range ids {
		n := slices.IndexFunc(items, func(i access.ReviewItem) bool { return i.ID == fullID(c, id) })
		if n < 0 {
			return nil, bad(access.NotFound, "list them with: muster review list "+c.ID, "%s has no item %s", c.ID, id)
		}
		i := &items[n]
		if i.Own(p.ID) {
			return nil, bad(access.Denied, "name somebody else", "%s is %s's own access", i.ID, p.Name())
		}
		i.Reviewers = slices.DeleteFunc(i.Reviewers, func(r access.ReviewAssignment) bool { return r.Person == p.ID })
		i.Reviewers = slices.Insert(i.Reviewers, 0, access.ReviewAssignment{Approver: access.Approver{Person: p.ID, Name: p.Name(), Email: p.Email, Role: "by hand"},
			Reason: "named by " + by + ": " + strings.TrimSpace(reason), At: now})
		i.Reviewers = i.Reviewers[:min(len(i.Reviewers), c.Need)]
		if len(i.Reviewers) == c.Need {
			i.Unassigned = ""
		}
		changed = append(changed, n)
	}
	return items, b.keepAssigned(ctx, c, "assigned by hand", items, changed)
}

// fullID is the id of an item that may be given by its number alone.
func fullID(c access.Campaign, id string) string {
	if !strings.Contains(id, ".") {
		return c.ID + "." + id
	}
	return strings.ToUpper(id)
}

// changeable reads the items of a campaign that is not closed.
func (b *Board) changeable(ctx context.Context, c access.Campaign, op string) ([]access.ReviewItem, error) {
	if c.State == access.CampaignClosed {
		return nil, &access.Error{Op: op + " " + c.ID, Kind: access.Conflict, Err: errors.New("the campaign was closed at " + c.ClosedAt.Format("2006-01-02 15:04 UTC"))}
	}
	items, err := b.Items(ctx, c)
	if err != nil {
		return nil, err
	}
	return items, Whole(c, items)
}

// keepAssigned enters and stores the items of a list that were assigned anew.
func (b *Board) keepAssigned(ctx context.Context, c access.Campaign, what string, items []access.ReviewItem, changed []int) error {
	if len(changed) == 0 {
		return nil
	}
	kept, nobody, list := make([]access.ReviewItem, len(changed)), 0, []string{}
	for k, n := range changed {
		kept[k] = items[n]
		if items[n].Unassigned != "" {
			nobody++
		}
		list = append(list, items[n].ID)
		for _, r := range items[n].Reviewers {
			list = append(list, r.Person)
		}
	}
	if err := b.enter(ctx, c, what, map[string]any{"items": len(changed), "unassigned": nobody, "assignment_sha256": remediate.Hash(list...)}); err != nil {
		return err
	}
	if err := b.saveItems(ctx, c, kept); err != nil {
		return err
	}
	for k, n := range changed {
		items[n] = kept[k]
	}
	return nil
}

// assigner finds reviewers. What one account and person were given to once, the next item of theirs is given to as well, so that one reviewer
// sees them whole; people of a group share the work.
type assigner struct {
	routes *approve.Routes
	c      access.Campaign
	owners map[string]string // of the systems
	load   map[string]int    // items by worker id
	known  map[string][]access.Approver
	chosen map[string]string // by word and subject: whom of a group
}

func (b *Board) assigner(c access.Campaign, items []access.ReviewItem) *assigner {
	x := &assigner{routes: b.Routes, c: c, owners: map[string]string{}, load: map[string]int{}, known: map[string][]access.Approver{}, chosen: map[string]string{}}
	for _, s := range c.Sources {
		x.owners[s.System] = s.Owner
	}
	for _, i := range items {
		for _, r := range i.Reviewers {
			x.load[r.Person]++
		}
	}
	return x
}

// assign fills up the reviewers of an item.
func (x *assigner) assign(ctx context.Context, i *access.ReviewItem, at time.Time) error {
	var passed []string // words of the route that led to nobody
	for _, word := range x.c.Route {
		list, err := x.candidates(ctx, word, *i)
		if err != nil {
			return err
		}
		for _, who := range list {
			if len(i.Reviewers) >= x.c.Need {
				break
			}
			reason := x.reason(word, *i)
			if len(passed) > 0 {
				reason += "; " + strings.Join(passed, ", ") + ": nobody who is here and independent"
			}
			i.Reviewers = append(i.Reviewers, access.ReviewAssignment{Approver: who, Reason: reason, At: at})
			x.load[who.Person]++
		}
		if len(list) == 0 {
			passed = append(passed, word)
		}
	}
	i.Unassigned = ""
	if n := len(i.Reviewers); n < x.c.Need {
		i.Unassigned = fmt.Sprintf("%d of %d: %s lead to nobody else who is here and independent", n, x.c.Need, strings.Join(x.c.Route, ", "))
	}
	return nil
}

func (x *assigner) reason(word string, i access.ReviewItem) string {
	switch word {
	case access.RouteManager:
		return "manager of " + cmp.Or(i.Person, i.Answers)
	case access.RouteOwner:
		return "owner of " + i.System
	}
	return "one of " + word
}

// candidates are those to whom a word of the route leads for an item, whom it suits best first.
func (x *assigner) candidates(ctx context.Context, word string, i access.ReviewItem) ([]access.Approver, error) {
	subject := cmp.Or(i.Person, i.Answers)
	key := word + "\x00" + subject + "\x00" + i.System
	list, ok := x.known[key]
	if !ok {
		var err error
		if list, err = x.routes.Resolve(ctx, []string{word}, approve.Question{Person: subject, Owner: x.owners[i.System]}); err != nil {
			return nil, err
		}
		x.known[key] = list
	}
	list = slices.DeleteFunc(slices.Clone(list), func(a access.Approver) bool {
		_, has := i.Reviewer(a.Person)
		said, _ := i.Said(a.Person)
		return has || i.Own(a.Person) || said.Verdict == access.ReviewAbstain
	})
	first := x.chosen[key]
	slices.SortStableFunc(list, func(a, b access.Approver) int {
		if (a.Person == first) != (b.Person == first) {
			if a.Person == first {
				return -1
			}
			return 1
		}
		return cmp.Compare(x.load[a.Person], x.load[b.Person])
	})
	if len(list) > 0 && first == "" {
		x.chosen[key] = list[0].Person
	}
	return list, nil
}
