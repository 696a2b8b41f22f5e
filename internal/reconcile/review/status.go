package review

import (
	"cmp"
	"context"
	"slices"
	"time"

	"muster/internal/access"
)

// Progress is where a campaign stands.
type Progress struct {
	Campaign   access.Campaign `json:"campaign"`
	Items      int             `json:"items"`
	Keep       int             `json:"keep"`
	Revoke     int             `json:"revoke"`
	Open       int             `json:"open"`
	Unassigned int             `json:"unassigned"`
	Silent     int             `json:"silent"`
	Removed    int             `json:"removed"`  // revoked, and a later snapshot shows that it is gone
	Standing   int             `json:"standing"` // revoked, and nothing shows yet that it is gone
	Left       time.Duration   `json:"left"`     // until it is due; below 0 since
	Reviewers  []Reviewer      `json:"reviewers"`
}

// Reviewer is how far one person is.
type Reviewer struct {
	access.Approver
	Items   int `json:"items"`   // that they review
	Decided int `json:"decided"` // of those, by them
	Open    int `json:"open"`    // of those, still to be decided by them
}

// Escalated are those who may decide what is open, besides, as far as they may: it is not theirs to be counted.
func (p Progress) Escalated() []Reviewer {
	var out []Reviewer
	for _, who := range p.Campaign.Escalation {
		if p.Open > 0 && !slices.ContainsFunc(p.Reviewers, func(r Reviewer) bool { return r.Person == who.Person && r.Open > 0 }) {
			out = append(out, Reviewer{Approver: who, Items: p.Items, Open: p.Open})
		}
	}
	return out
}

// Progress counts where a campaign stands.
func (b *Board) Progress(ctx context.Context, c access.Campaign) (Progress, error) {
	items, err := b.Items(ctx, c)
	if err != nil {
		return Progress{}, err
	}
	return Count(c, items, b.Now()), nil
}

// Count counts where items of a campaign stand at a moment.
func Count(c access.Campaign, items []access.ReviewItem, now time.Time) Progress {
	p := Progress{Campaign: c, Items: len(items), Left: c.DueAt.Sub(now), Reviewers: []Reviewer{}}
	by := map[string]*Reviewer{}
	of := func(who access.Approver) *Reviewer {
		if by[who.Person] == nil {
			by[who.Person] = &Reviewer{Approver: who}
		}
		return by[who.Person]
	}
	for _, i := range items {
		switch i.State {
		case access.ItemOpen:
			p.Open++
		case access.ItemKeep, access.ItemKept:
			p.Keep++
		case access.ItemRevoke, access.ItemRevoked:
			p.Revoke++
		}
		if i.Silent {
			p.Silent++
		}
		if len(i.Reviewers) == 0 {
			p.Unassigned++
		}
		if i.State == access.ItemRevoked && i.Removal != nil {
			p.Removed++
		} else if i.State == access.ItemRevoked {
			p.Standing++
		}
		for _, a := range i.Reviewers {
			r := of(a.Approver)
			r.Items++
			if said, ok := i.Said(a.Person); ok && said.Verdict != access.ReviewAbstain {
				r.Decided++
			} else if i.State == access.ItemOpen {
				r.Open++
			}
		}
	}
	for _, r := range by {
		p.Reviewers = append(p.Reviewers, *r)
	}
	slices.SortFunc(p.Reviewers, func(x, y Reviewer) int {
		return cmp.Or(cmp.Compare(y.Open, x.Open), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Person, y.Person))
	})
	return p
}
