package accessreview

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
)

// Facts are what is known of a campaign besides its items.
type Facts struct {
	Actions map[string]Action // by the id of an item: what was done about it
	Kept    bool              // the items hash to what the campaign says of its end; of one that is not closed true
	Ledger  Ledger            // Agrees is worked out
}

// Sum works out the model of a campaign and all its items, in their order.
func Sum(c access.Campaign, items []access.ReviewItem, facts Facts) Model {
	m := Model{Campaign: Campaign{ID: c.ID, Name: c.Name, Scope: c.Scope, Route: c.Route, Need: c.Need, Escalate: c.Escalate, Silence: c.Silence, Owner: c.Owner, OwnerName: c.Owned,
		CreatedBy: c.By, Run: c.Run, AsOf: c.AsOf, CreatedAt: c.CreatedAt, OpenedAt: c.OpenedAt, DueAt: c.DueAt, Reminded: c.Reminded, Escalated: c.Escalated, State: c.State,
		ClosedAt: c.ClosedAt, ClosedBy: c.ClosedBy}, Sources: c.Sources, Strokes: []Stroke{}, Fast: []Fast{}, Silent: []Row{}, Revocations: []Revocation{}}
	keys := make([]string, len(items))
	s := summing{m: &m, by: map[string]*person{}, roles: map[string]int{}, strokes: map[string]*Stroke{}}
	for n, i := range items {
		keys[n] = i.Key
		s.item(i, c.Need)
		if i.State == access.ItemRevoke || i.State == access.ItemRevoked {
			m.Revocations = append(m.Revocations, revocation(c, i, facts.Actions[i.ID]))
		}
	}
	m.Population = Population{Population: c.Population, Items: len(items), Recomputed: access.PopulationHash(keys), Ended: c.Outcome.SHA256, Kept: facts.Kept}
	m.Population.Whole = m.Population.Recomputed == c.Population.SHA256 && len(items) == c.Population.Count
	s.finish()
	m.Ledger = facts.Ledger
	m.Ledger.Agrees = agrees(c, m)
	return m
}

// agrees compares what the ledger has with what is stored. Of a campaign that is closing it has the end, or does not yet.
func agrees(c access.Campaign, m Model) bool {
	ended, silent := c.Outcome.SHA256, m.Totals.Silent
	if c.State == access.CampaignClosing {
		silent = c.Outcome.Silent
		if m.Ledger.Ended == "" {
			ended, silent = "", 0
		}
	}
	return m.Ledger.Frozen == c.Population.SHA256 && m.Ledger.Ended == ended && m.Ledger.Decisions == m.Pace.Decisions+silent
}

// summing is a Model under way.
type summing struct {
	m       *Model
	by      map[string]*person
	roles   map[string]int
	strokes map[string]*Stroke // by person and moment
	times   []time.Duration
}

type person struct {
	Reviewer
	times []time.Duration
}

func (s *summing) of(id, name string) *person {
	p := s.by[id]
	if p == nil {
		p = &person{Reviewer: Reviewer{Person: id, Name: name, Roles: []string{}}}
		s.by[id] = p
	}
	return p
}

func (s *summing) item(i access.ReviewItem, need int) {
	t, a := &s.m.Totals, &s.m.Assignment
	t.Items++
	switch i.State {
	case access.ItemKeep, access.ItemKept:
		t.Keep++
	case access.ItemRevoke, access.ItemRevoked:
		t.Revoke++
	default:
		t.Open++
	}
	if i.Silent || i.State == access.ItemOpen {
		s.m.Silent = append(s.m.Silent, row(i))
	}
	if i.Silent {
		t.Silent++
	}
	if len(i.Reviewers) == 0 {
		t.Unassigned++
	}
	if len(i.Reviewers) < need {
		a.TooFew++
	}
	if i.State == access.ItemRevoked && i.Removal != nil {
		t.Proven++
	} else if i.State == access.ItemRevoked {
		t.Standing++
	}
	fallback, byHand, roles := false, false, map[string]bool{}
	for _, r := range i.Reviewers {
		p := s.of(r.Person, r.Name)
		p.Items++
		if !slices.Contains(p.Roles, r.Role) {
			p.Roles = append(p.Roles, r.Role)
		}
		if !roles[r.Role] {
			roles[r.Role] = true
			s.roles[r.Role]++
		}
		fallback = fallback || strings.Contains(r.Reason, "; ")
		byHand = byHand || r.Role == "by hand"
		if i.Own(r.Person) {
			p.Own++
			a.OwnAssigned++
		}
	}
	if byHand {
		a.ByHand++
	} else if fallback {
		a.Fallback++
	}
	for _, d := range i.Decisions {
		s.decision(i, d)
	}
}

func (s *summing) decision(i access.ReviewItem, d access.ReviewDecision) {
	p, all := s.of(d.By, d.ByName), &s.m.Pace
	if !slices.Contains(p.Roles, d.Role) {
		p.Roles = append(p.Roles, d.Role)
	}
	last, _ := i.Said(d.By)
	for _, pace := range []*Pace{all, &p.Pace} {
		pace.Decisions++
		if !d.VoidAt.IsZero() {
			pace.Void++
		} else if last.ID != d.ID {
			pace.Replaced++
		}
		if d.Verdict == access.ReviewAbstain {
			pace.Abstained++
		}
		if d.Bulk > 1 {
			pace.Bulk++
		}
	}
	if last.ID == d.ID {
		switch d.Verdict {
		case access.ReviewKeep:
			p.Keep, p.Decided = p.Keep+1, p.Decided+1
		case access.ReviewRevoke:
			p.Revoke, p.Decided = p.Revoke+1, p.Decided+1
		}
		if _, assigned := i.Reviewer(d.By); assigned && d.Verdict != access.ReviewAbstain {
			p.Done++
		}
	}
	if i.Own(d.By) {
		s.m.Assignment.OwnDecided++
	}
	if d.Took > 0 {
		s.times, p.times = append(s.times, d.Took), append(p.times, d.Took)
		if d.Took < TooFast && d.Bulk <= 1 {
			s.m.Fast = append(s.m.Fast, Fast{Row: row(i), By: d.By, Name: d.ByName, At: d.At, Verdict: string(d.Verdict), TookMS: d.Took.Milliseconds()})
		}
	}
	if d.Bulk > 1 {
		key := d.By + d.At.Format(time.RFC3339Nano)
		x := s.strokes[key]
		if x == nil {
			x = &Stroke{By: d.By, Name: d.ByName, At: d.At, Verdict: string(d.Verdict), What: i.Entitlement.Name + " in " + i.System, Reason: d.Reason}
			s.strokes[key] = x
			all.Strokes++
			p.Pace.Strokes++
		}
		x.Items++
		x.TookMS += d.Took.Milliseconds()
	}
}

// finish sorts, and works out what needs all items.
func (s *summing) finish() {
	m := s.m
	m.Pace.measure(s.times)
	m.Reviewers, m.Assignment.Reasons = []Reviewer{}, []Reason{}
	for _, p := range s.by {
		p.Pace.measure(p.times)
		m.Reviewers = append(m.Reviewers, p.Reviewer)
	}
	slices.SortFunc(m.Reviewers, func(a, b Reviewer) int {
		return cmp.Or(cmp.Compare(b.Items-b.Done, a.Items-a.Done), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Person, b.Person))
	})
	for role, n := range s.roles {
		m.Assignment.Reasons = append(m.Assignment.Reasons, Reason{role, n})
	}
	slices.SortFunc(m.Assignment.Reasons, func(a, b Reason) int { return cmp.Or(cmp.Compare(b.Items, a.Items), cmp.Compare(a.Role, b.Role)) })
	for _, x := range s.strokes {
		m.Strokes = append(m.Strokes, *x)
	}
	slices.SortFunc(m.Strokes, func(a, b Stroke) int {
		return cmp.Or(cmp.Compare(b.Items, a.Items), a.At.Compare(b.At), cmp.Compare(a.By, b.By))
	})
	slices.SortStableFunc(m.Fast, func(a, b Fast) int { return cmp.Compare(a.TookMS, b.TookMS) })
}

func (p *Pace) measure(times []time.Duration) {
	if len(times) == 0 {
		return
	}
	slices.Sort(times)
	p.Measured, p.FastestMS = len(times), times[0].Milliseconds()
	p.MedianMS = times[len(times)/2].Milliseconds()
	if len(times)%2 == 0 {
		p.MedianMS = ((times[len(times)/2-1] + times[len(times)/2]) / 2).Milliseconds()
	}
	for _, t := range times {
		if t < TooFast {
			p.UnderLimit++
		}
	}
}

func row(i access.ReviewItem) Row {
	r := Row{Item: i.ID, Person: i.Person, PersonName: i.PersonName, System: i.System, Account: i.Account.Name, Entitlement: i.Entitlement.Name, State: string(i.State), Reviewers: []string{}, Why: i.Unassigned}
	for _, x := range i.Reviewers {
		r.Reviewers = append(r.Reviewers, x.Name)
	}
	return r
}

func revocation(c access.Campaign, i access.ReviewItem, done Action) Revocation {
	r := Revocation{Row: row(i), At: i.EndedAt, Action: done.ID, Done: done.State, Removal: i.Removal}
	for _, d := range i.Decisions {
		if last, _ := i.Said(d.By); last.ID == d.ID && d.Verdict == access.ReviewRevoke {
			r.By, r.Name, r.At, r.Reason = d.By, d.ByName, d.At, d.Reason
		}
	}
	switch {
	case i.Removal != nil:
	case c.State != access.CampaignClosed:
		r.Standing = "the campaign is not closed: it takes effect then"
	case done.State != "":
		r.Standing = "no whole snapshot begun after the campaign was closed shows that it is gone; the removal is " + done.State
	default:
		r.Standing = "no whole snapshot begun after the campaign was closed shows that it is gone; no removal is planned yet"
	}
	return r
}
