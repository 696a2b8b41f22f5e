package review_test

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/ledger/privacy"
	"muster/internal/reconcile/review"
	"muster/remediate"
	"muster/remediate/approve"
)

// leaves lets a person leave.
func (r *room) leaves(id string) {
	p := r.people[id]
	p.Status = access.StatusTerminated
	r.people[id] = p
}

// assign assigns again.
func (r *room) assign(c access.Campaign) []access.ReviewItem {
	r.t.Helper()
	_, items, err := r.Assign(r.t.Context(), c)
	if err != nil {
		r.t.Fatal(err)
	}
	return items
}

// give gives an item to a person by hand.
func (r *room) give(c access.Campaign, person string, ids ...string) []access.ReviewItem {
	r.t.Helper()
	items, err := r.AssignTo(r.t.Context(), c, ids, person, "the auditors take it over", "W-6")
	if err != nil {
		r.t.Fatal(err)
	}
	return items
}

// reviewers are who reviews an item now.
func (r *room) reviewers(c access.Campaign, account, entitlement string) string {
	var list []string
	for _, x := range r.item(c, account, entitlement).Reviewers {
		list = append(list, x.Person)
	}
	return strings.Join(list, " ")
}

func TestWhoLeftMakesRoomForTheNext(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	r.decide(r.claim(r.item(c, "a1", "staff"), "W-3", access.ReviewKeep))
	r.leaves("W-3")
	r.assign(c)
	for _, one := range []struct{ account, entitlement, who string }{{"a1", "payroll", "W-4"}, {"a2", "payroll", "W-4"}, {"a1", "staff", "W-3"}, {"a9", "payroll", "W-4"}} {
		if got := r.reviewers(c, one.account, one.entitlement); got != one.who {
			t.Errorf("%s of %s is reviewed by %q, not %q", one.entitlement, one.account, got, one.who)
		}
	}
	if i := r.item(c, "a1", "staff"); i.State != access.ItemKeep {
		t.Errorf("what they decided while they were here counts no more: %+v", i)
	}
	r.leaves("W-4")
	nobody := 0
	for _, i := range r.assign(c) {
		if i.Unassigned != "" && len(i.Reviewers) == 0 {
			nobody++
		}
	}
	if nobody != 4 {
		t.Errorf("%d items are said to be nobody's", nobody)
	}
	if i := r.give(c, "W-5", "1")[0]; r.reviewers(c, i.Account.ID, i.Entitlement.Name) != "W-5" || i.Unassigned != "" {
		t.Errorf("it is %+v", i)
	}
}

func TestOfFourEyesTwoAreReplacedAndTwoStay(t *testing.T) {
	r := open(t)
	c := r.opened(func(s string) string {
		return strings.Replace(s, "[manager, owner]", "[manager, auditors]\nneed: 2", 1)
	})
	r.decide(r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewKeep))
	second := r.item(c, "a1", "payroll").Reviewers[1].Person
	other := map[string]string{"W-5": "W-6", "W-6": "W-5"}[second]
	r.leaves("W-3")
	r.leaves(second)
	r.assign(c)
	if got := r.reviewers(c, "a1", "payroll"); got != "W-3 "+other {
		t.Errorf("it is reviewed by %q", got)
	}
	if got := r.decide(r.claim(r.item(c, "a1", "payroll"), other, access.ReviewKeep))[0]; got.State != access.ItemKeep {
		t.Errorf("both kept it: %+v", got)
	}
	if i := r.item(c, "a2", "payroll"); len(i.Reviewers) != 1 || !strings.HasPrefix(i.Unassigned, "1 of 2") {
		t.Errorf("of two one is left: %+v", i)
	}
}

func TestWhatSomebodyDecidedWhoMadeRoomIsVoid(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	i := r.item(c, "a1", "payroll")
	r.decide(r.claim(i, "W-3", access.ReviewRevoke))
	r.give(c, "W-5", i.ID)
	got := r.item(c, "a1", "payroll")
	if got.State != access.ItemOpen || len(got.Decisions) != 1 || got.Decisions[0].VoidAt.IsZero() || r.reviewers(c, "a1", "payroll") != "W-5" {
		t.Fatalf("it is %+v", got)
	}
	if list := r.entries(ledger.Campaign); !strings.Contains(list[len(list)-1], `"void":["`+got.Decisions[0].ID+`"]`) {
		t.Errorf("the ledger says %s", list[len(list)-1])
	}
	if why := r.refused(r.claim(i, "W-3", access.ReviewRevoke)); why != approve.RefusedRoute {
		t.Errorf("who made room decides: %s", why)
	}
	if got := r.decide(r.claim(i, "W-5", access.ReviewKeep))[0]; got.State != access.ItemKeep || len(got.Decisions) != 2 {
		t.Errorf("it is %+v", got)
	}
	// Given back, they decide anew; given to who has it already, nothing is void.
	r.give(c, "W-3", i.ID)
	if p, err := r.Progress(t.Context(), c); err != nil || !slices.ContainsFunc(p.Reviewers, func(x review.Reviewer) bool { return x.Person == "W-3" && x.Open == x.Items }) {
		t.Errorf("they have nothing left to decide: %+v, %v", p.Reviewers, err)
	}
	r.decide(r.claim(i, "W-3", access.ReviewRevoke))
	r.give(c, "W-3", i.ID)
	if got := r.item(c, "a1", "payroll"); got.State != access.ItemRevoke || !got.Decisions[2].VoidAt.IsZero() || got.Decisions[2].Replaces != "" {
		t.Errorf("it is %+v", got)
	}
	r.ledger.Before = func([]ledger.Event) error { return errKilled }
	if _, err := r.AssignTo(t.Context(), c, []string{i.ID}, "W-5", "the auditors take it over", "W-6"); err == nil || r.item(c, "a1", "payroll").State != access.ItemRevoke {
		t.Errorf("a decision is void that the ledger has: %v", err)
	}
}

func TestWhoDecidedByEscalationMayChangeTheirMind(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	r.clock = c.DueAt
	r.tick()
	i := r.item(c, "a1", "payroll")
	r.decide(r.claim(i, "W-6", access.ReviewKeep))
	got := r.decide(r.claim(i, "W-6", access.ReviewRevoke))[0]
	if got.State != access.ItemRevoke || got.Decisions[1].Replaces != got.Decisions[0].ID {
		t.Errorf("it is %+v", got)
	}
	staff := r.item(c, "a1", "staff")
	r.decide(r.claim(staff, "W-6", access.ReviewAbstain))
	r.decide(r.claim(staff, "W-3", access.ReviewKeep))
	if why := r.refused(r.claim(staff, "W-6", access.ReviewRevoke)); why != approve.RefusedRoute {
		t.Errorf("who passed it on decides what another decided: %s", why)
	}
	if c, err := r.Campaign(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	} else if _, _, err := r.Close(t.Context(), c, false, "W-6"); err != nil {
		t.Fatal(err)
	}
	if why := r.refused(r.claim(i, "W-6", access.ReviewKeep)); why != approve.RefusedClosed {
		t.Errorf("after the end: %s", why)
	}
}

func TestAnItemThatIsNamedTwiceIsGivenOnce(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	i := r.item(c, "a1", "payroll")
	_, number, _ := strings.Cut(i.ID, ".")
	r.give(c, "W-5", i.ID, number, strings.ToLower(i.ID))
	if list := r.entries(ledger.Campaign); !strings.Contains(list[len(list)-1], `"items":1,`) {
		t.Errorf("the ledger says %s", list[len(list)-1])
	}
	if got := r.item(c, "a1", "payroll"); got.Version != i.Version+1 {
		t.Errorf("it was stored %d times", got.Version-i.Version)
	}
}

func TestWhoReviewsWhatCannotBeGuessedFromTheLedger(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	i := r.item(c, "a1", "payroll")
	r.give(c, "W-5", i.ID)
	guess := remediate.Hash(i.ID, "W-5")
	list := r.entries(ledger.Campaign, guess)
	if last := list[len(list)-1]; !strings.Contains(last, guess) {
		t.Fatalf("the assignment is not committed to: %s", last)
	}
	digest, err := remediate.Digest(c)
	if err != nil {
		t.Fatal(err)
	}
	r.entries(ledger.Campaign, digest)
	reader, err := ledger.Read(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := privacy.Reveal(r.dir, reader.Size()-1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(opened.Openings, func(o commit.Opening) bool {
		return o.Field == "assignment_sha256" && slices.Equal(o.Persons, []string{"W-1", "W-5"})
	}) {
		t.Errorf("it cannot be erased with those whom it is about: %+v", opened)
	}
}
