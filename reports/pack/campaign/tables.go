package campaign

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/accessreview"
	"muster/reports/pack/sheets"
)

// item is a row of the table of items.
type item struct {
	id, key                                         string
	system, account, entitlement, name, person, who string // who answers for it
	reviewers                                       []string
	state, endedAt                                  string
	silent, removed                                 bool
	decisions                                       []decision
}

// own reports whether the item is a person's own access.
func (i *item) own(person string) bool {
	return access.ReviewItem{Person: i.person, Answers: i.who}.Own(person)
}

// decision is a row of the table of decisions.
type decision struct {
	id, by   string
	verdict  access.ReviewVerdict
	together int
	void     bool
}

// none is no item: what the head of a table is written with.
func none(func(access.ReviewItem) error) error { return nil }

// table reads a table of the campaign.
func (c *checking) table(name string, write func(*sheet.Table, func(func(access.ReviewItem) error) error) error, yield func(cell func(string) string) error) error {
	columns, err := sheets.Head(func(t *sheet.Table) error { return write(t, none) })
	if err != nil {
		return err
	}
	f, err := c.Open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	return sheets.Rows(f, name, columns, yield)
}

// readItems reads the items. They are numbered in the order of what they are.
func (c *checking) readItems() error {
	const table = accessreview.ItemsAnnex
	var before *item
	return c.table(table, accessreview.Items, func(cell func(string) string) error {
		i := &item{id: cell("item"), key: cell("key"), system: cell("system"), account: cell("account_id"), entitlement: cell("entitlement_id"), name: cell("entitlement"), person: cell("person"), who: cell("answers"),
			reviewers: words(cell("reviewers")), state: cell("state"), endedAt: cell("ended_at"), silent: cell("silent") == "true", removed: cell("removal_snapshot") != ""}
		if want := fmt.Sprintf("%s.%d", c.Model.Campaign.ID, len(c.items)+1); i.id != want {
			c.wrong("%s: item %s stands where %s belongs", table, i.id, want)
		}
		if _, err := strconv.ParseBool(cell("silent")); err != nil {
			return err
		}
		if keyOf(i.system, i.account, i.entitlement, i.name, i.person) != i.key {
			c.wrong("%s: item %s has a key that is not of its system, account, entitlement and person", table, i.id)
		}
		if before != nil && compare(before, i) > 0 {
			c.wrong("%s: item %s is not in its place", table, i.id)
		}
		if i.removed != (cell("removal_sha256") != "") || i.removed != (cell("removal_taken_at") != "") || i.removed && i.state != string(access.ItemRevoked) {
			c.wrong("%s: the removal of item %s is told in part, or of what was not revoked", table, i.id)
		}
		before = i
		c.items, c.byID[i.id] = append(c.items, i), i
		return nil
	})
}

func compare(a, b *item) int {
	return cmp.Or(cmp.Compare(a.system, b.system), cmp.Compare(a.account, b.account), cmp.Compare(a.entitlement, b.entitlement), cmp.Compare(a.name, b.name))
}

// readDecisions reads the decisions, each of which is on the ledger.
func (c *checking) readDecisions() error {
	const table = accessreview.DecisionsAnnex
	seen, void := map[string]bool{}, 0
	err := c.table(table, accessreview.Decisions, func(cell func(string) string) error {
		d := decision{id: cell("decision"), by: cell("by"), verdict: access.ReviewVerdict(cell("verdict")), void: cell("void_at") != ""}
		i, entry := c.byID[cell("item")], c.trail.decided[d.id]
		if i == nil || entry == nil || seen[d.id] {
			c.wrong("%s: decision %s on item %s is not what the ledger says: it has none, or it comes twice", table, d.id, cell("item"))
			return nil
		}
		seen[d.id] = true
		var err error
		if d.together, err = strconv.Atoi(cell("together")); err != nil {
			return err
		}
		for _, one := range []struct{ column, said string }{{"item", entry.Item}, {"verdict", entry.Verdict}, {"role", entry.Role}, {"channel", entry.Channel}, {"at", moment(entry.at)}, {"replaces", entry.Replaces},
			{"together", strconv.Itoa(max(entry.Bulk, 1))}} {
			if have := cell(one.column); have != one.said {
				c.wrong("%s: decision %s on item %s is not what the ledger says: %s is %q there, here %q", table, d.id, i.id, one.column, one.said, have)
			}
		}
		if entry.by != "" && entry.by != d.by {
			c.wrong("%s: decision %s on item %s is not what the ledger says: it is by %s there, here by %s", table, d.id, i.id, entry.by, d.by)
		}
		if c.trail.void[d.id] && !d.void {
			c.wrong("%s: decision %s on item %s counts no more, as the ledger says", table, d.id, i.id)
		}
		if d.void && !c.trail.void[d.id] {
			void++
		}
		i.decisions = append(i.decisions, d)
		return nil
	})
	for id := range c.trail.decided {
		if !seen[id] {
			c.wrong("%s: decision %s is on the ledger and not in the table", table, id)
		}
	}
	if void > 0 {
		c.open(fmt.Sprintf("the entries by which %d decisions count no more are not in the pack", void))
	}
	return err
}

// states works out again how every item stands or ended.
func (c *checking) states() {
	const table = accessreview.ItemsAnnex
	about, ended := c.Model.Campaign, ""
	if c.trail.closed != nil {
		ended = moment(about.ClosedAt)
	}
	for _, i := range c.items {
		silence := c.trail.silent[i.id]
		if (silence != nil) != i.silent {
			c.wrong("%s: item %s ended by silence in one of the table and the ledger, and not in the other", table, i.id)
			continue
		}
		if silence != nil && silence.Verdict != string(about.Silence) {
			c.wrong("%s: silence on item %s meant %s on the ledger, in the campaign it means %s", table, i.id, silence.Verdict, about.Silence)
		}
		if about.State == access.CampaignClosing {
			continue // some of its items have ended, others not yet
		}
		if want := c.state(i, silence); i.state != want {
			c.wrong("%s: item %s is told as %s; from its decisions it is %s", table, i.id, i.state, want)
		}
		if i.endedAt != ended || silence != nil && moment(silence.at) != ended {
			c.wrong("%s: item %s ended at %q, the campaign at %q", table, i.id, i.endedAt, ended)
		}
		c.reviewed(i)
	}
	for id := range c.trail.silent {
		if c.byID[id] == nil {
			c.wrong("%s: item %s ended by silence on the ledger and is not in the table", table, id)
		}
	}
}

// state is how an item stands by its decisions, or ended by them or by silence.
func (c *checking) state(i *item, silence *said) string {
	stands := string(i.reviewed().Standing(c.Model.Campaign.Need))
	switch {
	case c.trail.closed == nil:
		return stands
	case silence != nil && stands == string(access.ItemOpen):
		stands = silence.Verdict
	case silence != nil:
		return stands + ", and not ended by silence"
	}
	switch stands {
	case string(access.ItemKeep):
		return string(access.ItemKept)
	case string(access.ItemRevoke):
		return string(access.ItemRevoked)
	}
	return stands + ", and ended by silence"
}

// reviewed is the item with its decisions, as its state is worked out of them.
func (i *item) reviewed() access.ReviewItem {
	var out access.ReviewItem
	for _, d := range i.decisions {
		one := access.ReviewDecision{ID: d.id, Verdict: d.verdict, By: d.by}
		if d.void {
			one.VoidAt = time.Unix(1, 0)
		}
		out.Decisions = append(out.Decisions, one)
	}
	return out
}

// reviewed checks that those decided an item whom it was given to. Once a campaign was escalated, others may have.
func (c *checking) reviewed(i *item) {
	if c.Model.Campaign.Escalated {
		return
	}
	x := i.reviewed()
	for _, d := range i.decisions {
		last, counts := x.Said(d.by)
		if counts && last.ID == d.id && d.verdict != access.ReviewAbstain && !slices.Contains(i.reviewers, d.by) {
			c.wrong("%s: item %s was decided by %s, who is not among its reviewers", accessreview.ItemsAnnex, i.id, d.by)
		}
	}
}
