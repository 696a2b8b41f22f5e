package review

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger/commit"
	"muster/remediate"
	"muster/remediate/approve"
)

// Assign gives every open item that has too few reviewers to the first independent people of the campaign's route, and opens the campaign. A
// reviewer who has left and had not decided does not count. It gives back all items; those that nobody can review say why.
func (b *Board) Assign(ctx context.Context, c access.Campaign) (access.Campaign, []access.ReviewItem, error) {
	items, err := b.changeable(ctx, c, "assign")
	if err != nil {
		return c, nil, err
	}
	now := b.Now().UTC()
	x := b.assigner(c, items)
	var changed []int
	for n := range items {
		i := &items[n]
		if i.State != access.ItemOpen {
			continue
		}
		was := slices.Clone(i.Reviewers)
		if err := x.relieve(ctx, i); err != nil {
			return c, nil, err
		}
		if len(i.Reviewers) >= c.Need {
			continue
		}
		if err := x.assign(ctx, i, now); err != nil {
			return c, nil, err
		}
		if !slices.Equal(i.Reviewers, was) || i.Unassigned != "" {
			changed = append(changed, n)
		}
	}
	if err := b.keepAssigned(ctx, c, "assigned", items, changed, nil); err != nil {
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

// AssignTo gives items to one person, whatever the route says. Nobody is given their own access. What somebody decided who makes room for them
// counts no more.
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
	var changed []int
	for _, id := range ids {
		n := slices.IndexFunc(items, func(i access.ReviewItem) bool { return i.ID == fullID(c, id) })
		if n < 0 {
			return nil, bad(access.NotFound, "list them with: muster review list "+c.ID, "%s has no item %s", c.ID, id)
		}
		if i := items[n]; i.Own(p.ID) {
			return nil, bad(access.Denied, "name somebody else", "%s is %s's own access", i.ID, p.Name())
		}
		changed = append(changed, n)
	}
	slices.Sort(changed)
	changed = slices.Compact(changed)
	var void []string
	now, x := b.Now().UTC().Truncate(time.Millisecond), b.assigner(c, items)
	for _, n := range changed {
		if err := x.relieve(ctx, &items[n]); err != nil {
			return nil, err
		}
		void = append(void, give(&items[n], c.Need, access.ReviewAssignment{Approver: access.Approver{Person: p.ID, Name: p.Name(), Email: p.Email, Role: "by hand"},
			Reason: "named by " + by + ": " + strings.TrimSpace(reason), At: now})...)
	}
	return items, b.keepAssigned(ctx, c, "assigned by hand", items, changed, void)
}

// give makes somebody the first reviewer of an item. What those decided who make room for them is void; it gives back the ids.
func give(i *access.ReviewItem, need int, a access.ReviewAssignment) (void []string) {
	list := slices.DeleteFunc(slices.Clone(i.Reviewers), func(r access.ReviewAssignment) bool { return r.Person == a.Person })
	list = slices.Insert(list, 0, a)
	i.Reviewers = list[:min(len(list), need)]
	i.Decisions = slices.Clone(i.Decisions)
	for _, gone := range list[len(i.Reviewers):] {
		for n := range i.Decisions {
			if d := &i.Decisions[n]; d.By == gone.Person && d.VoidAt.IsZero() {
				d.VoidAt = a.At
				void = append(void, d.ID)
			}
		}
	}
	i.State = i.Standing(need)
	if len(i.Reviewers) == need {
		i.Unassigned = ""
	} else if i.Unassigned == "" {
		i.Unassigned = fmt.Sprintf("%d of %d: the others have left", len(i.Reviewers), need)
	}
	return void
}

// fullID is the id of an item that may be given by its number alone.
func fullID(c access.Campaign, id string) string {
	if !strings.Contains(id, ".") {
		return c.ID + "." + id
	}
	return strings.ToUpper(id)
}

// changeable reads the items of a campaign that is neither closed nor closing.
func (b *Board) changeable(ctx context.Context, c access.Campaign, op string) ([]access.ReviewItem, error) {
	switch c.State {
	case access.CampaignClosed:
		return nil, &access.Error{Op: op + " " + c.ID, Kind: access.Conflict, Err: errors.New("the campaign was closed at " + c.ClosedAt.Format("2006-01-02 15:04 UTC"))}
	case access.CampaignClosing:
		return nil, &access.Error{Op: op + " " + c.ID, Kind: access.Conflict, Hint: "finish it with: muster review close " + c.ID, Err: errors.New("the campaign is being closed")}
	}
	items, err := b.Items(ctx, c)
	if err != nil {
		return nil, err
	}
	return items, Whole(c, items)
}

// keepAssigned enters and stores the items of a list that were assigned anew. The entry commits to who reviews what, and names the decisions
// that are void by it.
func (b *Board) keepAssigned(ctx context.Context, c access.Campaign, what string, items []access.ReviewItem, changed []int, void []string) error {
	if len(changed) == 0 {
		return nil
	}
	kept, nobody, list, whose := make([]access.ReviewItem, len(changed)), 0, []string{}, map[string]bool{}
	for k, n := range changed {
		i := items[n]
		kept[k] = i
		if i.Unassigned != "" {
			nobody++
		}
		list = append(list, i.ID)
		whose[i.Person], whose[i.Answers] = true, true
		for _, r := range i.Reviewers {
			list, whose[r.Person] = append(list, r.Person), true
		}
	}
	data := map[string]any{"items": len(changed), "unassigned": nobody, "assignment_sha256": commit.Of(remediate.Hash(list...), slices.Sorted(maps.Keys(whose))...)}
	if len(void) > 0 {
		data["void"] = void
	}
	if err := b.enter(ctx, c, what, data); err != nil {
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
	active map[string]bool   // by worker id: works here
}

func (b *Board) assigner(c access.Campaign, items []access.ReviewItem) *assigner {
	x := &assigner{routes: b.Routes, c: c, owners: map[string]string{}, load: map[string]int{}, known: map[string][]access.Approver{}, chosen: map[string]string{}, active: map[string]bool{}}
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

// relieve takes the reviewers of an item off it who have left without deciding it.
func (x *assigner) relieve(ctx context.Context, i *access.ReviewItem) error {
	var rest []access.ReviewAssignment
	for _, r := range i.Reviewers {
		here, err := x.here(ctx, r.Person)
		if err != nil {
			return err
		}
		if _, said := i.Said(r.Person); here || said {
			rest = append(rest, r)
		} else {
			x.load[r.Person]--
		}
	}
	i.Reviewers = rest
	return nil
}

// here reports whether a person works here.
func (x *assigner) here(ctx context.Context, person string) (bool, error) {
	if at, known := x.active[person]; known {
		return at, nil
	}
	p, known, err := x.routes.People.Find(ctx, person)
	if err != nil {
		return false, fmt.Errorf("find reviewer: %w", err)
	}
	x.active[person] = known && p.Status == access.StatusActive
	return x.active[person], nil
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
