package planner_test

import (
	"slices"
	"testing"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

func TestTooManyAccountsHoldASystemAndNoOther(t *testing.T) {
	for _, c := range []struct {
		name     string
		accounts int64
		limit    int
		percent  float64
		cases    int
		held     bool
	}{
		{"as many as may be", 1000, 25, 5, 25, false},
		{"one more", 1000, 25, 5, 26, true},
		{"as many percent as may be", 400, 25, 5, 20, false},
		{"one more than the percentage", 400, 25, 5, 21, true},
		{"a percentage that is no whole number is not rounded up", 39, 25, 5, 2, true},
		{"one account may always be touched", 3, 25, 5, 1, false},
		{"29 % of 100 are 29", 100, 50, 29, 29, false},
		{"an empty system", 0, 25, 5, 2, true},
		{"none at all", 1000, 0, 5, 1, true},
	} {
		for _, policy := range []access.Policy{auto(access.DisableAccount), asks(access.DisableAccount)} {
			t.Run(c.name+" "+string(policy.Mode), func(t *testing.T) {
				l := begin()
				l.policies["leaver"] = policy
				l.change("erp", func(s *planner.System) { s.Accounts, s.Limit, s.Percent = c.accounts, c.limit, c.percent })
				l.many("leaver", "erp", 0, c.cases)
				l.leaver("leaver", account("vpn", "ada"), "")
				p := l.make(t)
				elsewhere := p.Records[slices.IndexFunc(p.Records, func(r remediate.Record) bool { return r.System == "vpn" })]
				if elsewhere.State == remediate.Held {
					t.Errorf("another system is held: %s", elsewhere.Why)
				}
				if !c.held {
					counts(t, p, remediate.Held, 0)
					return
				}
				counts(t, p, remediate.Held, c.cases)
				if len(p.Holds) != 1 || p.Holds[0].System != "erp" || p.Holds[0].Accounts != c.cases || p.Holds[0].Actions != c.cases || len(p.Questions) > 1 {
					t.Errorf("holds %+v, %d questions", p.Holds, len(p.Questions))
				}
			})
		}
	}
}

func TestAccountsAreCountedAndNotActions(t *testing.T) {
	l := begin()
	l.policies["creep"] = auto(access.RemoveEntitlement)
	for _, name := range []string{"ada", "grace"} {
		a := account("erp", name)
		for _, e := range []string{"a", "b", "c", "d"} {
			l.excess("creep", a, e, "")
		}
	}
	l.change("erp", func(s *planner.System) { s.Limit = 2 })
	counts(t, l.make(t), remediate.Planned, 8)
}

// held makes a life in which 30 leavers of erp are held, and gives the hold.
func held(t *testing.T) (*life, access.Hold) {
	t.Helper()
	l := begin()
	l.policies["leaver"] = auto(access.DisableAccount)
	l.many("leaver", "erp", 0, 30)
	p := l.plan(t)
	counts(t, p, remediate.Held, 30)
	if len(p.Holds) != 1 {
		t.Fatalf("%d holds", len(p.Holds))
	}
	return l, p.Holds[0]
}

func TestAHoldKeepsItsIDAndIsCountedAgain(t *testing.T) {
	l, h := held(t)
	if p := l.night(1).plan(t); p.Count(remediate.Held) != 30 || len(p.Holds) != 0 {
		t.Errorf("the same again: %d held, changed %+v", p.Count(remediate.Held), p.Holds)
	}
	l.night(1)
	l.many("leaver", "erp", 30, 40)
	p := l.plan(t)
	counts(t, p, remediate.Held, 40)
	if len(p.Holds) != 1 || p.Holds[0].ID != h.ID || p.Holds[0].Accounts != 40 || p.Holds[0].Digest == h.Digest || !p.Holds[0].At.Equal(h.At) {
		t.Errorf("with ten more: %+v, was %+v", p.Holds, h)
	}
}

func TestAHoldHoldsHoweverFewAreLeft(t *testing.T) {
	l, h := held(t)
	l.night(1)
	l.Cases = l.Cases[:3]
	p := l.plan(t)
	counts(t, p, remediate.Held, 3)
	if len(p.Holds) != 1 || p.Holds[0].ID != h.ID || len(p.Dropped) != 27 {
		t.Errorf("holds %+v, %d dropped", p.Holds, len(p.Dropped))
	}
	l.release(h.ID)
	counts(t, l.plan(t), remediate.Planned, 3)
}

func TestAReleaseCoversWhatWasHeldAndNoMore(t *testing.T) {
	l, h := held(t)
	l.release(h.ID)
	p := l.plan(t)
	counts(t, p, remediate.Planned, 30)
	if len(p.Holds) != 0 {
		t.Errorf("a new hold: %+v", p.Holds)
	}
	t.Run("nor again on a later night", func(t *testing.T) {
		l.night(1) // the window was closed
		counts(t, l.plan(t), remediate.Planned, 30)
	})
	t.Run("others are counted by themselves", func(t *testing.T) {
		l.night(1)
		l.many("leaver", "erp", 30, 50)
		counts(t, l.make(t), remediate.Planned, 50)
		l.many("leaver", "erp", 50, 60)
		p := l.make(t)
		counts(t, p, remediate.Planned, 30)
		counts(t, p, remediate.Held, 30)
		if len(p.Holds) != 1 || p.Holds[0].ID == h.ID || p.Holds[0].Accounts != 30 {
			t.Errorf("holds %+v", p.Holds)
		}
	})
}

func TestAReleaseOfOneListDoesNotCoverAnother(t *testing.T) {
	l, h := held(t)
	l.many("leaver", "erp", 30, 31)
	l.plan(t)
	l.Holds[0].Digest = h.Digest // the store has one more than the hold says that it holds
	l.release(h.ID)
	p := l.make(t)
	counts(t, p, remediate.Held, 31)
	if len(p.Holds) != 1 || p.Holds[0].ID == h.ID {
		t.Errorf("holds %+v", p.Holds)
	}
}

// A process may die after the hold is kept and before its records are.
func TestAReleaseCoversWhatWasHeldAndNotKept(t *testing.T) {
	l, h := held(t)
	l.Standing = nil
	l.release(h.ID)
	p := l.plan(t)
	counts(t, p, remediate.Planned, 30)
	if len(p.Holds) != 0 {
		t.Errorf("it is raised again: %+v", p.Holds)
	}
}

func TestWhatIsReleasedIsAskedAboutAllTheSame(t *testing.T) {
	l := begin()
	l.policies["leaver"] = asks(access.DisableAccount)
	l.many("leaver", "erp", 0, 30)
	p := l.plan(t)
	counts(t, p, remediate.Held, 30)
	if len(p.Questions) != 0 {
		t.Errorf("%d questions about what is held", len(p.Questions))
	}
	l.release(p.Holds[0].ID)
	p = l.plan(t)
	counts(t, p, remediate.Waiting, 30)
	if len(p.Questions) != 30 {
		t.Errorf("%d questions", len(p.Questions))
	}
}

func TestWhatPeopleAgreedToIsNotCounted(t *testing.T) {
	l := begin()
	l.policies["leaver"] = asks(access.DisableAccount)
	l.many("leaver", "erp", 0, 20)
	for _, q := range l.plan(t).Questions {
		l.answer(q.ID, access.ApprovalApproved)
	}
	l.night(1)
	l.many("leaver", "erp", 20, 40)
	p := l.make(t)
	counts(t, p, remediate.Planned, 20)
	counts(t, p, remediate.Waiting, 20)
}

// One run may touch so many accounts, however often it is planned and whatever is left over from other nights.
func TestWhatWasTouchedSinceItWasReadCounts(t *testing.T) {
	for _, state := range []remediate.State{remediate.Done, remediate.Planned, remediate.Failed, remediate.Applying, remediate.Ordered} {
		t.Run(string(state), func(t *testing.T) {
			l := begin()
			l.policies["leaver"] = auto(access.DisableAccount)
			l.many("leaver", "erp", 0, 20)
			for _, r := range l.plan(t).Records {
				l.ends(r.ID, state)
			}
			l.many("leaver", "erp", 20, 25)
			counts(t, l.make(t), remediate.Held, 0)
			l.many("leaver", "erp", 25, 30)
			p := l.make(t)
			if p.Count(remediate.Held) < 10 || len(p.Holds) != 1 || p.Holds[0].Accounts != 30 {
				t.Errorf("%d held by %+v", p.Count(remediate.Held), p.Holds)
			}
		})
	}
}

func TestAJumpOfTheClockHoldsEverythingThatNobodyAgreedTo(t *testing.T) {
	for _, c := range []struct {
		name string
		days int
		hold bool
	}{{"one night", 1, false}, {"as many as may be", 14, false}, {"one more", 15, true}, {"a year", 366, true}, {"backwards", -1, true}} {
		t.Run(c.name, func(t *testing.T) {
			l := begin()
			l.policies["leaver"], l.policies["asked"] = auto(access.DisableAccount), asks(access.DisableAccount)
			l.leaver("asked", account("erp", "agreed"), "W-1")
			l.leaver("leaver", account("erp", "failed"), "")
			l.leaver("leaver", account("erp", "window"), "")
			for _, r := range l.plan(t).Records {
				if r.Account.Name == "failed" {
					l.ends(r.ID, remediate.Failed)
				}
			}
			l.answer(l.Approvals[0].ID, access.ApprovalApproved)
			l.night(c.days)
			l.leaver("leaver", account("vpn", "new"), "")
			p := l.plan(t)
			if !c.hold {
				counts(t, p, remediate.Planned, 4)
				return
			}
			counts(t, p, remediate.Planned, 1)
			counts(t, p, remediate.Held, 3)
			if len(p.Holds) != 1 || p.Holds[0].System != "" || p.Holds[0].Actions != 3 {
				t.Fatalf("holds %+v", p.Holds)
			}
			again := l.plan(t)
			if counts(t, again, remediate.Held, 3); len(again.Holds) != 0 {
				t.Errorf("raised again: %+v", again.Holds)
			}
			l.release(p.Holds[0].ID)
			again = l.plan(t)
			if counts(t, again, remediate.Planned, 4); len(again.Holds) != 0 {
				t.Errorf("raised again after the release: %+v", again.Holds)
			}
			l.night(1)
			counts(t, l.make(t), remediate.Planned, 4)
		})
	}
}

func TestTheClockIsNotAskedAboutWithoutARunBefore(t *testing.T) {
	l := begin()
	l.policies["leaver"] = auto(access.DisableAccount)
	l.leaver("leaver", account("erp", "ada"), "")
	counts(t, l.make(t), remediate.Planned, 1)
}

// Who says that the clock is right has not said that 300 leavers are.
func TestTheReleaseOfTheClockIsNoReleaseOfTooMany(t *testing.T) {
	for _, cause := range []string{"clock", planner.CausePerson} {
		t.Run(cause, func(t *testing.T) {
			l := begin()
			l.policies["leaver"] = auto(access.DisableAccount)
			l.many("leaver", "erp", 0, 1)
			l.plan(t)
			if cause == "clock" {
				l.night(400)
			} else {
				l.night(1)
				l.Holds = append(l.Holds, access.Hold{ID: "H-P", System: "erp", Cause: cause, By: "W-7"})
			}
			l.many("leaver", "erp", 1, 300)
			counts(t, l.plan(t), remediate.Held, 300)
			l.release(l.Holds[0].ID)
			p := l.plan(t)
			counts(t, p, remediate.Held, 300)
			if len(p.Holds) != 1 || p.Holds[0].Cause != "too-many" {
				t.Errorf("holds %+v", p.Holds)
			}
		})
	}
}

func TestAPersonsHoldStopsWhatWasAgreedToAsWell(t *testing.T) {
	for _, system := range []string{"erp", ""} {
		t.Run("on "+system, func(t *testing.T) {
			l := begin()
			l.policies["leaver"], l.policies["asked"] = auto(access.DisableAccount), asks(access.DisableAccount)
			l.leaver("asked", account("erp", "ada"), "W-1")
			l.leaver("leaver", account("vpn", "ada"), "W-1")
			first := l.plan(t)
			l.answer(first.Questions[0].ID, access.ApprovalApproved)
			l.Holds = append(l.Holds, access.Hold{ID: "H-P", System: system, Cause: planner.CausePerson, By: "W-7"})
			p := l.plan(t)
			is(t, p.Records[0], remediate.Held, "by H-P")
			if system == "" {
				is(t, p.Records[1], remediate.Held, "by H-P")
			} else {
				is(t, p.Records[1], remediate.Planned, "")
			}
			l.release("H-P")
			p = l.plan(t)
			counts(t, p, remediate.Planned, 2)
			if p.Records[0].ID != first.Records[0].ID || p.Records[0].Approval != first.Questions[0].ID || len(p.Questions) > 0 {
				t.Errorf("it is another one: %+v", p.Records[0])
			}
		})
	}
}

// A person's hold on top of a release does not take the release back.
func TestAPersonsHoldLeavesAReleaseStanding(t *testing.T) {
	l, h := held(t)
	l.release(h.ID)
	l.plan(t)
	l.Holds = append(l.Holds, access.Hold{ID: "H-P", System: "erp", Cause: planner.CausePerson})
	counts(t, l.plan(t), remediate.Held, 30)
	l.release("H-P")
	counts(t, l.plan(t), remediate.Planned, 30)
}
