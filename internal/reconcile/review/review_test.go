package review_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/review"
	"muster/remediate"
	"muster/remediate/approve"
)

func TestThePopulationIsFrozenWithItsHash(t *testing.T) {
	r := open(t)
	c := r.frozen(nil, r.usual()...)
	if c.State != access.CampaignDraft || c.Population.Count != 5 || c.Population.Persons != 3 || c.Population.Accounts != 4 {
		t.Fatalf("it is %+v", c)
	}
	items, err := r.Items(t.Context(), c)
	if err != nil || review.Whole(c, items) != nil {
		t.Fatalf("the items are not what was frozen: %v, %v", err, review.Whole(c, items))
	}
	for n := range items {
		less := append(append([]access.ReviewItem{}, items[:n]...), items[n+1:]...)
		if review.Whole(c, less) == nil {
			t.Errorf("%s is dropped, and nobody notices", items[n].ID)
		}
		twice := append(append([]access.ReviewItem{}, less...), items[(n+1)%len(items)])
		if review.Whole(c, twice) == nil {
			t.Errorf("another stands in for %s, and nobody notices", items[n].ID)
		}
		other := append([]access.ReviewItem{}, items...)
		other[n].Entitlement.Name = "something else"
		if review.Whole(c, other) == nil {
			t.Errorf("%s is changed, and nobody notices", items[n].ID)
		}
	}
	again := open(t)
	if d := again.frozen(nil, r.usual()[1:]...); d.Population.SHA256 == c.Population.SHA256 {
		t.Error("another population has the same hash")
	}
	if list := r.entries(ledger.Campaign); len(list) != 1 || !strings.Contains(list[0], c.Population.SHA256) || !strings.Contains(list[0], `"what":"frozen"`) {
		t.Errorf("the ledger says %v", list)
	}
}

func TestWhatThePopulationMayLackIsSaid(t *testing.T) {
	r := open(t)
	c := r.frozen(func(s string) string { return strings.Replace(s, `"true"`, `person.department == ""`, 1) }, r.usual()...)
	if c.Population.Count != 4 || c.Population.Undecided != 1 || !strings.Contains(c.Population.Why, "login-a9") || !review.Incomplete(c) {
		t.Errorf("it is %+v", c.Population)
	}
	var said []string
	for _, s := range c.Sources {
		said = append(said, fmt.Sprintf("%s %d %s%s", s.System, s.Items, s.Excluded, s.Warning))
	}
	if len(said) != 2 || said[0] != "erp 4 " || !strings.Contains(said[1], "crm 0 it was never read whole: connection refused") {
		t.Errorf("the sources are %q", said)
	}
	seen := r.seen(r.usual()...)
	seen.Systems[1].Tonight = access.Snapshot{ID: "S-2", State: access.Partial, Reason: "page 3 of 6"}
	d := r.definition(`"true"`)
	if c, err := r.Create(t.Context(), d, seen, nil, "W-6"); err != nil || !strings.Contains(c.Sources[0].Warning, "page 3 of 6") {
		t.Errorf("sources %+v: %v", c.Sources, err)
	}
	if _, err := r.Create(t.Context(), d, seen, nil, "W-6"); access.KindOf(err) != access.Conflict {
		t.Errorf("a second one of the same name: %v", err)
	}
	if _, err := r.Create(t.Context(), r.definition(`entitlement.name == "nothing"`), seen, nil, "W-6"); access.KindOf(err) != access.Invalid {
		t.Errorf("an empty one: %v", err)
	}
}

func TestNobodyIsAssignedTheirOwnAccess(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	for _, one := range []struct{ account, who, why string }{
		{"a1", "W-3", "manager of W-1"}, {"a2", "W-3", "manager of W-2"}, {"a3", "W-4", "owner of erp; manager: nobody"}, {"a9", "W-4", "owner of erp; manager: nobody"},
	} {
		i := r.item(c, one.account, "payroll")
		if len(i.Reviewers) != 1 || i.Reviewers[0].Person != one.who || !strings.HasPrefix(i.Reviewers[0].Reason, one.why) {
			t.Errorf("%s is reviewed by %+v", one.account, i.Reviewers)
		}
	}
	// The owner's own access, and that of a service account that they answer for, goes to nobody on this route.
	r = open(t)
	service := r.holder("svc", "", "payroll")
	owner := r.people["W-3"]
	service.Accounts[0].Owner = &owner
	c, items, err := r.Assign(t.Context(), r.frozen(func(s string) string { return strings.Replace(s, "[manager, owner]", "[manager]", 1) }, r.holder("a3", "W-3", "payroll"), service, r.holder("a1", "W-1", "payroll")))
	if err != nil {
		t.Fatal(err)
	}
	nobody := 0
	for _, i := range items {
		if i.Unassigned != "" && len(i.Reviewers) == 0 {
			nobody++
		}
	}
	if nobody != 2 {
		t.Errorf("%d items are nobody's: %+v", nobody, items)
	}
	svc := r.item(c, "svc", "payroll")
	for _, i := range []access.ReviewItem{r.item(c, "a3", "payroll"), svc} {
		if _, err := r.AssignTo(t.Context(), c, []string{i.ID}, "W-3", "they know it best of all", "W-6"); access.KindOf(err) != access.Denied {
			t.Errorf("%s is given to its holder: %v", i.ID, err)
		}
	}
	if _, err := r.AssignTo(t.Context(), c, []string{svc.ID}, "W-5", "the auditors take what is left", "W-6"); err != nil {
		t.Fatal(err)
	}
	if i := r.item(c, "svc", "payroll"); i.Unassigned != "" || i.Reviewers[0].Person != "W-5" {
		t.Errorf("it is %+v", i)
	}
}

func TestAGroupSharesTheWork(t *testing.T) {
	r := open(t)
	c := r.opened(func(s string) string { return strings.Replace(s, "[manager, owner]", "[auditors]", 1) })
	p, err := r.Progress(t.Context(), c)
	if err != nil || len(p.Reviewers) != 2 || p.Reviewers[0].Items < 2 || p.Reviewers[1].Items < 2 || p.Reviewers[0].Items+p.Reviewers[1].Items != 5 {
		t.Errorf("it is shared as %+v: %v", p.Reviewers, err)
	}
}

func TestWhoMayNotReviewIsRefusedOnTheLedger(t *testing.T) {
	for _, one := range []struct {
		name   string
		why    approve.RefusalKind
		change func(r *room, c *access.Campaign, cl *review.Claim)
	}{
		{"stranger", approve.RefusedStranger, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Person = "" }},
		{"own access", approve.RefusedSelf, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Person = "W-1" }},
		{"not theirs", approve.RefusedRoute, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Person = "W-4" }},
		{"has left", approve.RefusedDeactivated, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Person = "W-7" }},
		{"left since", approve.RefusedDeactivated, func(r *room, _ *access.Campaign, _ *review.Claim) {
			p := r.people["W-3"]
			p.Status = access.StatusTerminated
			r.people["W-3"] = p
		}},
		{"no such campaign", approve.RefusedUnknown, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Campaign = "C-NOSUCH" }},
		{"no such item", approve.RefusedUnknown, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Items = []string{"77"} }},
		{"no item", approve.RefusedShape, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Items = nil }},
		{"another verdict", approve.RefusedShape, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Verdict = "approve" }},
		{"revoke without a reason", approve.RefusedShape, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Verdict, cl.Reason = access.ReviewRevoke, "" }},
		{"another population", approve.RefusedStale, func(_ *room, _ *access.Campaign, cl *review.Claim) { cl.Population = strings.Repeat("0", 64) }},
		{"closed", approve.RefusedClosed, func(r *room, c *access.Campaign, _ *review.Claim) {
			if _, _, err := r.Close(r.t.Context(), *c, true, "W-6"); err != nil {
				r.t.Fatal(err)
			}
		}},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := open(t)
			c := r.opened(nil)
			before := len(r.entries(ledger.Decision))
			cl := r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewKeep)
			one.change(r, &c, &cl)
			if one.name == "closed" {
				before = len(r.entries(ledger.Decision))
			}
			if why := r.refused(cl); why != one.why {
				t.Errorf("refused for %q, not %q", why, one.why)
			}
			list := r.entries(ledger.Refusal, `"`+cmp.Or(cl.Person, "unknown")+`"`)
			if len(list) != 1 || !strings.Contains(list[0], fmt.Sprintf(`"why":%q`, one.why)) || !strings.Contains(list[0], `"who":"`+cl.Person) {
				t.Errorf("the ledger says %v", list)
			}
			if i := r.item(c, "a1", "payroll"); len(i.Decisions) > 0 || len(r.entries(ledger.Decision)) != before {
				t.Errorf("it was decided: %+v", i)
			}
		})
	}
	r := open(t)
	c := r.frozen(nil, r.usual()...)
	if why := r.refused(r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewKeep)); why != approve.RefusedRoute {
		t.Errorf("a draft: %s", why)
	}
	if why := r.refused(review.Claim{Campaign: c.ID, Items: []string{r.item(c, "a2", "payroll").ID}, Person: "W-2", Verdict: access.ReviewKeep}); why != approve.RefusedSelf {
		t.Errorf("own access in a draft: %s", why)
	}
}

func TestNothingIsDecidedThatTheLedgerDoesNotHave(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	r.ledger.Before = func([]ledger.Event) error { return errors.New("disk full") }
	if _, _, err := r.Decide(t.Context(), r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewRevoke)); err == nil {
		t.Error("it was decided")
	}
	if i := r.item(c, "a1", "payroll"); i.State != access.ItemOpen || len(i.Decisions) > 0 {
		t.Errorf("it is %+v", i)
	}
	if _, _, err := r.Close(t.Context(), c, true, "W-6"); err == nil {
		t.Error("it was closed")
	}
	if got, err := r.Campaign(t.Context(), c.ID); err != nil || got.State != access.CampaignClosing || r.item(c, "a1", "payroll").State != access.ItemOpen {
		t.Errorf("it is %s: %v", got.State, err)
	}
}

func TestASecondDecisionReplacesTheFirstWithItsHistory(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	i := r.item(c, "a1", "payroll")
	r.decide(r.claim(i, "W-3", access.ReviewKeep))
	r.clock = r.clock.Add(4 * time.Second)
	got := r.decide(r.claim(i, "W-3", access.ReviewRevoke))[0]
	if got.State != access.ItemRevoke || len(got.Decisions) != 2 || got.Decisions[1].Replaces != got.Decisions[0].ID || got.Decisions[0].Took != 0 || got.Decisions[1].Took != 4*time.Second {
		t.Errorf("it is %+v", got)
	}
	if n := len(r.entries(ledger.Decision)); n != 2 {
		t.Errorf("%d decisions on the ledger", n)
	}
	if why := r.refused(review.Claim{Campaign: c.ID, Items: []string{r.item(c, "a2", "payroll").ID}, Person: "W-3", Verdict: access.ReviewKeep}); why != approve.RefusedShape {
		t.Errorf("what a finding is about is kept without a reason: %s", why)
	}
}

func TestOneStrokeOverAllLikeItIsFlagged(t *testing.T) {
	r := open(t)
	c := r.opened(func(s string) string { return strings.Replace(s, "[manager, owner]", "[owners]", 1) })
	r.decide(r.claim(r.item(c, "a1", "staff"), "W-4", access.ReviewKeep))
	r.clock = r.clock.Add(6 * time.Second)
	cl := r.claim(r.item(c, "a1", "payroll"), "W-4", access.ReviewKeep)
	cl.Like = true
	got := r.decide(cl)
	if len(got) != 3 { // a2 has a finding, which needs a reason of its own
		t.Fatalf("%d items: %+v", len(got), got)
	}
	for _, i := range got {
		if d := i.Decisions[0]; d.Bulk != 3 || d.Took != 2*time.Second || i.Entitlement.Name != "payroll" || i.State != access.ItemKeep {
			t.Errorf("it is %+v", i)
		}
	}
	if i := r.item(c, "a2", "payroll"); i.State != access.ItemOpen {
		t.Errorf("what a finding is about went with the others: %+v", i)
	}
	if d := r.item(c, "a1", "staff").Decisions[0]; d.Bulk != 0 {
		t.Errorf("one alone is flagged: %+v", d)
	}
}

func TestFourEyes(t *testing.T) {
	r := open(t)
	c := r.opened(func(s string) string { return strings.Replace(s, "[manager, owner]", "[manager, owner]\nneed: 2", 1) })
	i := r.item(c, "a1", "payroll")
	if len(i.Reviewers) != 2 {
		t.Fatalf("reviewed by %+v", i.Reviewers)
	}
	if got := r.decide(r.claim(i, "W-3", access.ReviewKeep))[0]; got.State != access.ItemOpen {
		t.Errorf("one of two kept it: %s", got.State)
	}
	if got := r.decide(r.claim(i, "W-3", access.ReviewKeep))[0]; got.State != access.ItemOpen {
		t.Errorf("the same person twice: %s", got.State)
	}
	if got := r.decide(r.claim(i, "W-4", access.ReviewKeep))[0]; got.State != access.ItemKeep {
		t.Errorf("both kept it: %s", got.State)
	}
	if got := r.decide(r.claim(r.item(c, "a2", "payroll"), "W-4", access.ReviewRevoke))[0]; got.State != access.ItemRevoke {
		t.Errorf("one revoked it: %s", got.State)
	}
	if i := r.item(c, "a3", "payroll"); len(i.Reviewers) != 1 || !strings.HasPrefix(i.Unassigned, "1 of 2") {
		t.Errorf("of two one is left: %+v", i)
	}
}

func TestWhoAbstainsPassesItOn(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	i := r.item(c, "a1", "payroll")
	got := r.decide(r.claim(i, "W-3", access.ReviewAbstain))[0]
	if got.State != access.ItemOpen || len(got.Reviewers) != 1 || got.Reviewers[0].Person != "W-4" || got.Decisions[0].Verdict != access.ReviewAbstain {
		t.Fatalf("it went to %+v", got)
	}
	if why := r.refused(r.claim(i, "W-3", access.ReviewKeep)); why != approve.RefusedRoute {
		t.Errorf("who abstained decides: %s", why)
	}
	got = r.decide(r.claim(i, "W-4", access.ReviewAbstain))[0]
	if len(got.Reviewers) != 0 || got.Unassigned == "" {
		t.Errorf("it is %+v", got)
	}
	if _, items, err := r.Assign(t.Context(), c); err != nil || items[0].ID != got.ID || len(items[0].Reviewers) != 0 {
		t.Errorf("it is given to who abstained: %v", err)
	}
}

func TestSilenceIsWhatTheCampaignSaid(t *testing.T) {
	for silence, want := range map[access.Silence]access.ItemState{access.SilenceKeep: access.ItemKept, access.SilenceRevoke: access.ItemRevoked} {
		t.Run(string(silence), func(t *testing.T) {
			r := open(t)
			c := r.opened(func(s string) string { return strings.Replace(s, "silence: keep", "silence: "+string(silence), 1) })
			r.decide(r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewRevoke))
			r.decide(r.claim(r.item(c, "a1", "staff"), "W-3", access.ReviewKeep))
			if _, _, err := r.Close(t.Context(), c, false, "W-6"); access.KindOf(err) != access.Conflict {
				t.Errorf("closed before its day: %v", err)
			}
			r.clock = c.DueAt
			closed, items, err := r.Close(t.Context(), c, false, "W-6")
			if err != nil || closed.State != access.CampaignClosed || closed.Outcome.Silent != 3 || closed.Outcome.Kept+closed.Outcome.Revoked != 5 || len(items) != 5 {
				t.Fatalf("closed as %+v: %v", closed, err)
			}
			if i := r.item(c, "a2", "payroll"); i.State != want || !i.Silent {
				t.Errorf("silence made %+v", i)
			}
			if a, b := r.item(c, "a1", "payroll"), r.item(c, "a1", "staff"); a.State != access.ItemRevoked || b.State != access.ItemKept || a.Silent || b.Silent {
				t.Errorf("what was decided is %s and %s", a.State, b.State)
			}
			if n := len(r.entries(ledger.Decision)); n != 5 {
				t.Errorf("%d decisions on the ledger", n)
			}
			if err := review.Ended(closed, items); err != nil {
				t.Error(err)
			}
			items[1].State = access.ItemKept
			items[1].Decisions = nil
			if review.Ended(closed, items) == nil {
				t.Error("a decision is dropped, and nobody notices")
			}
			if _, _, err := r.Close(t.Context(), closed, false, "W-6"); access.KindOf(err) != access.Conflict {
				t.Errorf("closed twice: %v", err)
			}
		})
	}
}

func TestAnItemThatWasExchangedStopsTheCampaign(t *testing.T) {
	r := open(t)
	c := r.opened(nil)
	i := r.item(c, "a2", "payroll")
	i.Person, i.Version = "W-1", i.Version+1
	doc, err := remediate.ItemDocument(i, c.Run, r.clock)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.records.SaveDocuments(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Decide(t.Context(), r.claim(r.item(c, "a1", "payroll"), "W-3", access.ReviewKeep)); access.KindOf(err) != access.Conflict {
		t.Errorf("decided over another population: %v", err)
	}
	if _, _, err := r.Close(t.Context(), c, true, "W-6"); access.KindOf(err) != access.Conflict {
		t.Errorf("closed over another population: %v", err)
	}
}
