package planner_test

import (
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

// one is a life with one leaver, planned on the first night.
func one(t *testing.T, policy access.Policy) (*life, remediate.Record) {
	t.Helper()
	l := begin()
	l.policies["leaver"] = policy
	l.leaver("leaver", account("erp", "ada"), "W-1")
	return l, only(t, l.plan(t))
}

// as checks that the one record of tonight's plan is the same action, and in which state.
func as(t *testing.T, l *life, was remediate.Record, state remediate.State, why string) remediate.Record {
	t.Helper()
	r := only(t, l.plan(t))
	if r.ID != was.ID {
		t.Errorf("another action: %s, was %s", words([]remediate.Record{r}), words([]remediate.Record{was}))
	}
	is(t, r, state, why)
	return r
}

// another checks that the one record of tonight's plan is a new action, and in which state.
func another(t *testing.T, l *life, was remediate.Record, state remediate.State) remediate.Record {
	t.Helper()
	r := only(t, l.plan(t))
	if r.ID == was.ID {
		t.Errorf("the same action: %s", words([]remediate.Record{r}))
	}
	is(t, r, state, "")
	return r
}

func TestWhatStandsIsCarriedFromNightToNight(t *testing.T) {
	t.Run("planned", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		as(t, l, r, remediate.Planned, "")
		as(t, l.night(1), r, remediate.Planned, "")
	})
	t.Run("waiting", func(t *testing.T) {
		l, r := one(t, asks(access.DisableAccount))
		for range 3 {
			if again := as(t, l.night(1), r, remediate.Waiting, ""); again.Approval != r.Approval {
				t.Errorf("another question %s, was %s", again.Approval, r.Approval)
			}
		}
		if len(l.Approvals) != 1 {
			t.Errorf("asked %d times", len(l.Approvals))
		}
	})
	t.Run("approved", func(t *testing.T) {
		l, r := one(t, asks(access.DisableAccount))
		l.answer(r.Approval, access.ApprovalApproved)
		as(t, l.night(1), r, remediate.Planned, "")
	})
	t.Run("applying", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Applying)
		as(t, l.night(1), r, remediate.Applying, "")
	})
	t.Run("blocked, and free again", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.night(1).broken("erp", access.Partial)
		as(t, l, r, remediate.Blocked, "erp was not read whole")
		as(t, l.night(1), r, remediate.Planned, "")
	})
	t.Run("approved while blocked", func(t *testing.T) {
		l, r := one(t, asks(access.DisableAccount))
		l.night(1).broken("hr", access.Held)
		as(t, l, r, remediate.Blocked, "HR")
		l.answer(r.Approval, access.ApprovalApproved)
		as(t, l, r, remediate.Blocked, "HR")
		as(t, l.night(1), r, remediate.Planned, "")
	})
	t.Run("done, and not read since", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Done)
		as(t, l, r, remediate.Done, "")
		used := l.Systems["erp"].Facts.Used
		l.night(1).change("erp", func(s *planner.System) { s.Facts.Used = used })
		as(t, l, r, remediate.Done, "")
	})
	t.Run("ordered, and not carried out yet", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Ordered)
		as(t, l.night(1), r, remediate.Ordered, "")
		as(t, l.night(30), r, remediate.Ordered, "")
	})
	t.Run("skipped, and not read since", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.night(1).plan(t)
		l.Now = l.Run.StartedAt.Add(time.Hour)
		l.ends(r.ID, remediate.Skipped)
		as(t, l, r, remediate.Skipped, "")
		another(t, l.night(1), r, remediate.Planned)
	})
	for _, state := range []remediate.State{remediate.Verified, remediate.Contradicted, remediate.Dropped} {
		t.Run(string(state)+", and there again", func(t *testing.T) {
			l, r := one(t, auto(access.DisableAccount))
			l.ends(r.ID, state)
			another(t, l.night(1), r, remediate.Planned)
		})
	}
}

func TestADenialIsNotAskedAgainFor90Days(t *testing.T) {
	for _, c := range []struct {
		state access.ApprovalState
		days  int
		why   string
	}{{access.ApprovalDenied, 90, "denied in AP-"}, {access.ApprovalExpired, 7, "nobody decided in time"}} {
		t.Run(string(c.state), func(t *testing.T) {
			l, r := one(t, asks(access.DisableAccount))
			l.answer(r.Approval, c.state)
			l.night(1)
			as(t, l, r, remediate.Refused, c.why)
			l.MaxGap = 0
			l.night(c.days - 1)
			if p := l.plan(t); len(p.Questions) != 0 || p.Records[0].State != remediate.Refused {
				t.Errorf("asked again: %s", words(p.Records))
			}
			l.night(1)
			another(t, l, r, remediate.Waiting)
		})
	}
}

func TestSilenceMayDisableAndNeverDeletes(t *testing.T) {
	policy := asks(access.DisableAccount)
	policy.OnExpiry = access.ExpiryApply
	l, r := one(t, policy)
	l.answer(r.Approval, access.ApprovalExpired)
	as(t, l.night(1), r, remediate.Planned, "")
	deletion := r
	deletion.Kind = access.DeleteAccount
	if state, why := planner.Decided(l.Approvals[0], deletion); state != remediate.Refused {
		t.Errorf("a deletion is %s by silence: %s", state, why)
	}
}

func TestAFeedThatWasWrongForANightOrdersNothingTwice(t *testing.T) {
	l, r := one(t, asks(access.DisableAccount))
	l.answer(r.Approval, access.ApprovalDenied)
	l.ends(r.ID, remediate.Ordered)
	l.night(2)
	l.Cases[0].Finding.Change, l.Cases[0].Finding.State = access.ChangeReopened, access.Reopened
	as(t, l, r, remediate.Ordered, "")
}

func TestAFindingThatCameBackIsANewEpisode(t *testing.T) {
	for state, days := range map[remediate.State]int{remediate.Refused: 2, remediate.Ordered: 14} {
		t.Run(string(state), func(t *testing.T) {
			l, r := one(t, asks(access.DisableAccount))
			l.answer(r.Approval, access.ApprovalDenied)
			l.ends(r.ID, state)
			l.MaxGap = 0
			l.night(days)
			l.Cases[0].Finding.Change, l.Cases[0].Finding.State = access.ChangeReopened, access.Reopened
			again := another(t, l, r, remediate.Waiting)
			l.answer(again.Approval, access.ApprovalDenied)
			l.Now = l.Run.StartedAt.Add(time.Hour)
			l.amend(again.ID, func(x *remediate.Record) { x.State = remediate.Refused })
			as(t, l, again, remediate.Refused, "") // the same night: it was denied after it came back
		})
	}
}

func TestWhatFailedIsTriedAgainUnderItsDecision(t *testing.T) {
	for _, policy := range []access.Policy{auto(access.DisableAccount), asks(access.DisableAccount)} {
		t.Run(string(policy.Mode), func(t *testing.T) {
			l, r := one(t, policy)
			l.answer(r.Approval, access.ApprovalApproved)
			for try := 1; try <= 5; try++ {
				l.ends(r.ID, remediate.Failed)
				if try < 5 {
					if again := as(t, l.night(1), r, remediate.Planned, ""); again.Approval != r.Approval {
						t.Errorf("under %q, was %q", again.Approval, r.Approval)
					}
				}
			}
			l.amend(r.ID, func(x *remediate.Record) { x.Why = "502 Bad Gateway" })
			for range 6 {
				as(t, l.night(1), r, remediate.Blocked, "failed 5 times, last: 502 Bad Gateway")
			}
			if len(l.Approvals) > 1 {
				t.Errorf("asked %d times", len(l.Approvals))
			}
			l.night(2) // after a week it is tried, or asked, anew
			p := l.plan(t)
			if fresh := only(t, p); fresh.ID == r.ID || fresh.Tries != 0 || len(p.Dropped) != 1 || p.Dropped[0].ID != r.ID {
				t.Errorf("after a week: %s; dropped %s", words(p.Records), words(p.Dropped))
			}
		})
	}
}

func TestWhatFailedIsAskedAboutOnceThePolicySaysSo(t *testing.T) {
	l, r := one(t, auto(access.DisableAccount))
	l.ends(r.ID, remediate.Failed)
	l.policies["leaver"] = asks(access.DisableAccount)
	as(t, l.night(1), r, remediate.Waiting, "")
	l.policies["leaver"] = access.Policy{Mode: access.ModeOff}
	if p := l.night(1).plan(t); len(p.Records) != 0 || len(p.Dropped) != 1 || len(p.Withdrawn) != 1 {
		t.Errorf("switched off: %s", words(p.Records))
	}
}

func TestWhatWasUndoneOrDeniedIsAskedAbout(t *testing.T) {
	t.Run("undone", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Undone)
		again := another(t, l, r, remediate.Waiting)
		if again.Mode != access.ModeApprove || !strings.Contains(again.Reason, r.ID+" and undone") {
			t.Errorf("it is %s: %s", again.Mode, again.Reason)
		}
		as(t, l.night(1), again, remediate.Waiting, "")
		l.answer(again.Approval, access.ApprovalApproved)
		as(t, l.night(1), again, remediate.Planned, "")
	})
	t.Run("undone, and blocked before it was asked", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Undone)
		l.night(1).broken("erp", access.Partial)
		again := another(t, l, r, remediate.Blocked)
		as(t, l.night(1), again, remediate.Waiting, "")
	})
	t.Run("undone, and held before it was asked", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Undone)
		l.change("erp", func(s *planner.System) { s.Limit = 0 })
		again := another(t, l, r, remediate.Held)
		l.release(l.Holds[0].ID)
		as(t, l, again, remediate.Waiting, "")
	})
	t.Run("denied, then automatic", func(t *testing.T) {
		l, r := one(t, asks(access.DisableAccount))
		l.answer(r.Approval, access.ApprovalDenied)
		l.night(1).plan(t)
		l.policies["leaver"] = auto(access.DisableAccount)
		l.MaxGap = 0
		another(t, l.night(91), r, remediate.Waiting)
	})
}

func TestNothingIsDoneThatNobodyAgreedTo(t *testing.T) {
	for name, break_ := range map[string]func(*life){
		"the question is not on file":                func(l *life) { l.Approvals = nil },
		"the question does not ask about it":         func(l *life) { l.Approvals[0].Actions = []string{"A-OTHER"} },
		"the same, though the policy is by now auto": func(l *life) { l.Approvals, l.policies["leaver"] = nil, auto(access.DisableAccount) },
	} {
		t.Run(name, func(t *testing.T) {
			l, r := one(t, asks(access.DisableAccount))
			l.answer(r.Approval, access.ApprovalApproved)
			break_(l)
			if again := as(t, l.night(1), r, remediate.Blocked, "nobody agreed"); again.Mode != access.ModeApprove {
				t.Errorf("what was asked about is %s by now", again.Mode)
			}
			l.ends(r.ID, remediate.Failed)
			as(t, l.night(1), r, remediate.Blocked, "nobody agreed")
		})
	}
}

func TestAnActionIsNeverTakenForAnother(t *testing.T) {
	t.Run("in the run in which it was undone", func(t *testing.T) {
		l, r := one(t, auto(access.DisableAccount))
		l.ends(r.ID, remediate.Undone)
		another(t, l, r, remediate.Waiting)
	})
	t.Run("in the run in which it was dropped", func(t *testing.T) {
		l, r := one(t, asks(access.DisableAccount))
		l.answer(r.Approval, access.ApprovalApproved)
		cases := l.Cases
		l.Cases = nil
		l.plan(t)
		l.Cases = cases
		again := another(t, l, r, remediate.Waiting)
		if again.Approval == r.Approval {
			t.Error("it came under the decision of another")
		}
	})
	t.Run("a question never gets more than it asked about", func(t *testing.T) {
		l := begin()
		l.policies["creep"] = asks(access.RemoveEntitlement)
		a := account("erp", "ada")
		l.excess("creep", a, "one", "W-1")
		r := only(t, l.plan(t))
		l.answer(r.Approval, access.ApprovalApproved)
		l.excess("creep", a, "two", "W-1")
		p := l.plan(t)
		counts(t, p, remediate.Planned, 1)
		counts(t, p, remediate.Waiting, 1)
		for _, x := range p.Records {
			if x.ID != r.ID && x.Approval == r.Approval {
				t.Errorf("%s came under %s, which does not ask about it", x.ID, r.Approval)
			}
		}
	})
	t.Run("another end date", func(t *testing.T) {
		l := begin()
		l.policies["contractor"] = asks(access.SetExpiry)
		p := l.staff["W-1"]
		p.EndDate = first.AddDate(0, 1, 0)
		l.staff["W-1"] = p
		c := l.leaver("contractor", account("erp", "ada"), "W-1")
		r := only(t, l.plan(t))
		l.answer(r.Approval, access.ApprovalApproved)
		l.night(1)
		c.Person.EndDate = first.AddDate(0, 2, 0)
		again := only(t, l.plan(t))
		if again.ID == r.ID || again.State != remediate.Waiting || !again.ExpiresAt.Equal(first.AddDate(0, 2, 1)) {
			t.Errorf("it is %s", words([]remediate.Record{again}))
		}
	})
}

func TestAPolicyThatOnlyTellsLetsNothingStand(t *testing.T) {
	l, r := one(t, auto(access.DisableAccount))
	policy := auto(access.DisableAccount)
	policy.Mode = access.ModeNotify
	l.policies["leaver"] = policy
	p := l.night(1).plan(t)
	if len(p.Dropped) != 1 || p.Dropped[0].ID != r.ID || p.Count(remediate.Told) != 1 {
		t.Errorf("records %s; dropped %s", words(p.Records), words(p.Dropped))
	}
}

func TestQuestionsOfWhichNothingIsLeftAreWithdrawn(t *testing.T) {
	l := begin()
	l.policies["creep"] = asks(access.RemoveEntitlement)
	a := account("erp", "ada")
	l.excess("creep", a, "one", "W-1")
	l.excess("creep", a, "two", "W-1")
	p := l.plan(t)
	if len(p.Questions) != 1 || len(p.Questions[0].Actions) != 2 {
		t.Fatalf("questions %+v", p.Questions)
	}
	l.night(1)
	l.Cases = l.Cases[:1]
	if p := l.plan(t); len(p.Dropped) != 1 || len(p.Withdrawn) != 0 || p.Records[0].State != remediate.Waiting {
		t.Errorf("one of two is gone: dropped %s, withdrawn %v", words(p.Dropped), p.Withdrawn)
	}
	l.night(1)
	l.Cases = nil
	if p := l.plan(t); len(p.Dropped) != 1 || len(p.Withdrawn) != 1 {
		t.Errorf("both are gone: dropped %s, withdrawn %v", words(p.Dropped), p.Withdrawn)
	}
	if p := l.night(1).plan(t); len(p.Dropped)+len(p.Withdrawn) != 0 {
		t.Errorf("dropped again: %s", words(p.Dropped))
	}
}

// A process may die after the questions are put and before the records are stored.
func TestAQuestionThatWasPutIsTakenUp(t *testing.T) {
	for state, want := range map[access.ApprovalState]remediate.State{access.ApprovalWaiting: remediate.Waiting, access.ApprovalApproved: remediate.Planned, access.ApprovalDenied: remediate.Refused} {
		t.Run(string(state), func(t *testing.T) {
			l, r := one(t, asks(access.DisableAccount))
			l.Standing = nil
			l.answer(r.Approval, state)
			p := l.plan(t)
			if again := only(t, p); again.ID != r.ID || again.Approval != r.Approval || again.State != want || len(p.Questions)+len(p.Withdrawn) > 0 {
				t.Errorf("it is %s; %d questions", words(p.Records), len(p.Questions))
			}
		})
	}
}
