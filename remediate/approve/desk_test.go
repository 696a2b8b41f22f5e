package approve_test

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate/approve"
)

func TestWhoMayNotDecideIsRefusedOnTheLedger(t *testing.T) {
	for _, c := range []struct {
		name   string
		why    approve.RefusalKind
		change func(o *office, q *access.Approval, c *approve.Claim)
	}{
		{"unknown question", approve.RefusedUnknown, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Approval = "AP-2" }},
		{"no question", approve.RefusedUnknown, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Approval = "" }},
		{"another verdict", approve.RefusedShape, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Verdict = access.Expire }},
		{"denial without a reason", approve.RefusedShape, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Verdict, c.Reason = access.Deny, " no  " }},
		{"no token", approve.RefusedToken, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Token = "" }},
		{"token of another question", approve.RefusedToken, func(o *office, _ *access.Approval, c *approve.Claim) { c.Token = o.Tokens.Button("AP-2") }},
		{"tampered token", approve.RefusedToken, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Token += "x" }},
		{"no channel", approve.RefusedToken, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Channel, c.Token = "", "" }},
		{"stranger", approve.RefusedStranger, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Person = "" }},
		{"subject", approve.RefusedSelf, func(_ *office, q *access.Approval, c *approve.Claim) {
			c.Person = "W-1"
			q.Approvers = append(q.Approvers, access.Approver{Person: "W-1"}) // whatever names them
		}},
		{"subject denies", approve.RefusedSelf, func(_ *office, q *access.Approval, c *approve.Claim) {
			c.Person, c.Verdict, c.Reason = "W-1", access.Deny, "I need it"
			q.Approvers = append(q.Approvers, access.Approver{Person: "W-1"})
		}},
		{"requester", approve.RefusedRequester, func(_ *office, q *access.Approval, c *approve.Claim) {
			c.Person = "W-7"
			q.Approvers = append(q.Approvers, access.Approver{Person: "W-7"})
		}},
		{"left", approve.RefusedDeactivated, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Person = "W-3" }},
		{"on leave", approve.RefusedDeactivated, func(_ *office, q *access.Approval, c *approve.Claim) {
			c.Person = "W-4"
			q.Approvers = append(q.Approvers, access.Approver{Person: "W-4"})
		}},
		{"unknown to HR", approve.RefusedDeactivated, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Person = "W-99" }},
		{"not on the route", approve.RefusedRoute, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Person = "W-9" }},
		{"before it is escalated", approve.RefusedRoute, func(_ *office, _ *access.Approval, c *approve.Claim) { c.Person = "W-6" }},
		{"step up", approve.RefusedStepUp, func(_ *office, q *access.Approval, _ *approve.Claim) { q.StepUp = true }},
		{"too late", approve.RefusedClosed, func(o *office, q *access.Approval, _ *approve.Claim) {
			q.ExpiresAt = monday.Add(time.Hour)
			o.clock = monday.Add(time.Hour)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := open(t)
			q, claim := question(), o.claim("W-2", access.Approve)
			c.change(o, &q, &claim)
			o.raise(t, q)
			_, err := o.Decide(t.Context(), claim)
			if why := refusedFor(t, err); why != c.why {
				t.Errorf("refused for %q, not %q", why, c.why)
			}
			if a := o.stored(t, "AP-1"); a.State != access.ApprovalWaiting || len(a.Decisions) > 0 || a.Version != 1 {
				t.Errorf("the question changed: %+v", a)
			}
			list := o.entries(t, ledger.Refusal, `"`+cmp.Or(claim.Person, "unknown")+`"`)
			if len(list) != 1 || !strings.Contains(list[0], fmt.Sprintf(`"why":%q`, c.why)) || !strings.Contains(list[0], `"who":"`+claim.Person) {
				t.Errorf("the ledger says %v", list)
			}
			if n := len(o.entries(t, ledger.Decision)); n != 0 {
				t.Errorf("%d decisions", n)
			}
		})
	}
}

func TestOneApprovalOrOneDenialEndsAQuestion(t *testing.T) {
	for verdict, state := range map[access.Verdict]access.ApprovalState{access.Approve: access.ApprovalApproved, access.Deny: access.ApprovalDenied} {
		t.Run(string(verdict), func(t *testing.T) {
			o := open(t)
			o.raise(t, question())
			a, err := o.Decide(t.Context(), o.claim("W-5", verdict))
			if err != nil || a.State != state || len(a.Decisions) != 1 {
				t.Fatalf("decided as %+v: %v", a, err)
			}
			if d := a.Decisions[0]; d.By != "W-5" || d.ByName != "Leila Haddad" || d.Role != "owner" || d.Channel != access.ChannelSlack || !d.At.Equal(monday) {
				t.Errorf("the decision is %+v", d)
			}
			if approve.Cleared(a) != (verdict == access.Approve) || o.stored(t, "AP-1").State != state {
				t.Error("it does not clear what it should, or is not stored")
			}
			list := o.entries(t, ledger.Decision)
			if len(list) != 1 || !strings.Contains(list[0], `"by":"W-5"`) || !strings.Contains(list[0], fmt.Sprintf(`"verdict":%q`, verdict)) || strings.Contains(list[0], "not this month") {
				t.Errorf("the ledger says %v", list)
			}
			for _, who := range []string{"W-2", "W-5"} {
				_, err := o.Decide(t.Context(), o.claim(who, access.Approve))
				if why := refusedFor(t, err); why != approve.RefusedClosed {
					t.Errorf("%s afterwards: %q", who, why)
				}
			}
		})
	}
}

func TestSeveralMustApprove(t *testing.T) {
	o := open(t)
	q := question()
	q.Need = 2
	o.raise(t, q)
	if a, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err != nil || a.State != access.ApprovalWaiting || approve.Cleared(a) {
		t.Fatalf("after one of two it is %s: %v", a.State, err)
	}
	_, err := o.Decide(t.Context(), o.claim("W-2", access.Approve))
	if why := refusedFor(t, err); why != approve.RefusedTwice {
		t.Errorf("the same person again: %q", why)
	}
	_, err = o.Decide(t.Context(), o.claim("W-2", access.Deny))
	if why := refusedFor(t, err); why != approve.RefusedTwice {
		t.Errorf("the same person changes their mind: %q", why)
	}
	if a, err := o.Decide(t.Context(), o.claim("W-5", access.Approve)); err != nil || a.State != access.ApprovalApproved {
		t.Errorf("after two of two it is %s: %v", a.State, err)
	}
}

func TestOneDenialOutweighsApprovals(t *testing.T) {
	o := open(t)
	q := question()
	q.Need = 2
	o.raise(t, q)
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err != nil {
		t.Fatal(err)
	}
	if a, err := o.Decide(t.Context(), o.claim("W-5", access.Deny)); err != nil || a.State != access.ApprovalDenied {
		t.Errorf("it is %s: %v", a.State, err)
	}
}

func TestStepUpLetsDecideWhatAChannelAloneMayNot(t *testing.T) {
	o := open(t)
	q := question()
	q.StepUp = true
	o.raise(t, q)
	c := approve.Claim{Approval: "AP-1", Verdict: access.Approve, Person: "W-2", Channel: access.ChannelCLI, StepUp: true}
	if a, err := o.Decide(t.Context(), c); err != nil || a.State != access.ApprovalApproved {
		t.Errorf("it is %s: %v", a.State, err)
	}
}

func TestManyAtOnceDecideOnceEach(t *testing.T) {
	o := open(t)
	q := question()
	q.Need, q.Approvers = 3, nil
	p := staff()
	for i := range 10 {
		id := fmt.Sprintf("W-1%d", i)
		p[id] = access.Person{ID: id, DisplayName: id, Status: access.StatusActive}
		q.Approvers = append(q.Approvers, access.Approver{Person: id, Name: id})
	}
	o.People = p
	o.raise(t, q)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken, refused := map[string]int{}, 0
	for i := range 50 {
		wg.Go(func() {
			who := fmt.Sprintf("W-1%d", i%10)
			_, err := o.Decide(t.Context(), o.claim(who, access.Approve))
			mu.Lock()
			defer mu.Unlock()
			if _, no := errors.AsType[*approve.Refusal](err); no {
				refused++
			} else if err == nil {
				taken[who]++
			}
		})
	}
	wg.Wait()
	a := o.stored(t, "AP-1")
	if len(a.Decisions) != 3 || len(taken) != 3 || refused != 47 || a.State != access.ApprovalApproved {
		t.Errorf("%d decisions, taken %v, refused %d, %s", len(a.Decisions), taken, refused, a.State)
	}
	by := map[string]bool{}
	for _, d := range a.Decisions {
		by[d.By] = true
	}
	if len(by) != 3 || len(o.entries(t, ledger.Decision)) != 3 || len(o.entries(t, ledger.Refusal)) != 47 {
		t.Errorf("by %v; %d and %d on the ledger", by, len(o.entries(t, ledger.Decision)), len(o.entries(t, ledger.Refusal)))
	}
}

func TestNothingIsDecidedThatTheLedgerDoesNotHave(t *testing.T) {
	full := errors.New("no space left on device")
	o := open(t)
	o.raise(t, question())
	o.ledger.Before = func([]ledger.Event) error { return full }
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); !errors.Is(err, full) {
		t.Errorf("it says %v", err)
	}
	if _, err := o.Decide(t.Context(), o.claim("W-9", access.Approve)); !errors.Is(err, full) {
		t.Errorf("a refusal that is not on the ledger says only %v", err)
	}
	if _, err := o.Raise(t.Context(), []access.Approval{{ID: "AP-2", Key: "another"}}); !errors.Is(err, full) {
		t.Errorf("raising says %v", err)
	}
	if a := o.stored(t, "AP-1"); a.State != access.ApprovalWaiting || len(a.Decisions) != 0 {
		t.Errorf("it is %+v", a)
	}
}

// A process that dies between the ledger and the store has a decision on the ledger that nobody acts on. The same claim again heals it.
func TestADecisionThatWasNotStoredIsTakenAgain(t *testing.T) {
	o := open(t)
	o.raise(t, question())
	o.records.Before = func([]access.Document) error { return errors.New("the process is dead") }
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err == nil {
		t.Fatal("it was not stored")
	}
	o.records.Before = nil
	o.wait(time.Minute)
	if a := o.stored(t, "AP-1"); approve.Cleared(a) {
		t.Fatal("what is not stored clears nothing")
	}
	a, err := o.Decide(t.Context(), o.claim("W-2", access.Approve))
	if err != nil || a.State != access.ApprovalApproved || len(a.Decisions) != 1 {
		t.Fatalf("it is %+v: %v", a, err)
	}
	list := o.entries(t, ledger.Decision)
	if len(list) != 2 || !strings.Contains(list[0], a.Decisions[0].ID) || !strings.Contains(list[1], a.Decisions[0].ID) {
		t.Errorf("one decision has one id, however often it is entered: %v", list)
	}
}

func TestAQuestionIsRaisedOnce(t *testing.T) {
	o := open(t)
	o.raise(t, question())
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err != nil {
		t.Fatal(err)
	}
	again := question()
	again.Actions = append(again.Actions, "A-2")
	if a := o.raise(t, again); a.State != access.ApprovalApproved || len(a.Actions) != 1 || len(o.entries(t, ledger.Approval)) != 1 {
		t.Errorf("it came back as %+v", a)
	}
}

func TestSnoozeDecidesNothingAndIsForApproversAlone(t *testing.T) {
	o := open(t)
	o.raise(t, question())
	until := monday.Add(3 * time.Hour)
	for _, who := range []string{"W-2", "W-5"} {
		if _, err := o.Snooze(t.Context(), "AP-1", who, until); err != nil {
			t.Fatal(err)
		}
	}
	if a := o.stored(t, "AP-1"); a.State != access.ApprovalWaiting || len(a.Decisions) != 0 || !a.Snoozed["W-2"].Equal(until) || !a.Snoozed["W-5"].Equal(until) {
		t.Errorf("it is %+v", a)
	}
	_, err := o.Snooze(t.Context(), "AP-1", "W-6", until)
	if why := refusedFor(t, err); why != approve.RefusedRoute {
		t.Errorf("a stranger to it: %q", why)
	}
	_, err = o.Snooze(t.Context(), "AP-9", "W-2", until)
	if why := refusedFor(t, err); why != approve.RefusedUnknown {
		t.Errorf("an unknown one: %q", why)
	}
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err != nil {
		t.Fatal(err)
	}
	_, err = o.Snooze(t.Context(), "AP-1", "W-5", until)
	if why := refusedFor(t, err); why != approve.RefusedClosed {
		t.Errorf("a closed one: %q", why)
	}
	if n := len(o.entries(t, ledger.Refusal)); n != 3 {
		t.Errorf("%d refusals on the ledger", n)
	}
}
