package planner_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

// lines are what a plan would do, in its order, with the states.
func lines(p planner.Plan) []string {
	var out []string
	for _, r := range p.Records {
		out = append(out, planner.Line(r.Action)+": "+string(r.State))
	}
	return out
}

func wants(t *testing.T, p planner.Plan, want ...string) {
	t.Helper()
	if got := lines(p); !slices.Equal(got, want) {
		t.Errorf("the plan is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAFindingBecomesWhatItsPolicySays(t *testing.T) {
	l := begin()
	l.policies["leaver"] = auto(access.DisableAccount, access.RevokeSessions, access.DeleteAccount, access.NotifyOwner)
	l.policies["told"] = access.Policy{Mode: access.ModeNotify, Actions: []access.ActionKind{access.DisableAccount}}
	l.policies["off"] = access.Policy{Mode: access.ModeOff, Actions: []access.ActionKind{access.DisableAccount}}
	l.policies["again"] = auto(access.EnableAccount)
	c := l.leaver("leaver", account("erp", "ada"), "W-1")
	l.leaver("told", account("erp", "bob"), "")
	l.leaver("off", account("erp", "carl"), "")
	gone := account("erp", "dora")
	gone.Enabled = false
	l.leaver("leaver", gone, "") // is disabled: only the sessions are left
	l.leaver("again", gone, "")
	p := l.make(t)
	wants(t, p, "tell the owner about ada in erp: told", "end the sessions of ada in erp: planned", "disable ada in erp: planned", "disable bob in erp: told",
		"tell the owner about dora in erp: told", "enable dora in erp: planned", "end the sessions of dora in erp: planned")
	r := p.Records[2]
	if r.Finding != c.Finding.Fingerprint || r.FindingID != c.Finding.ID || r.Rule != "leaver" || r.Person != "W-1" || r.PersonName != "Person W-1" || r.Severity != access.High ||
		r.Account.ID != "u-ada" || r.Account.SourceRef != "row ada" || r.Run != "R-1" || r.Reason != "leaver of ada" || r.Seen != (remediate.Seen{Exists: true, Enabled: true}) {
		t.Errorf("the record lacks something: %+v", r)
	}
}

func TestTellingOneFindingDoesNotKeepAnotherFromBeingMended(t *testing.T) {
	l := begin()
	l.policies["told"] = access.Policy{Mode: access.ModeNotify, Actions: []access.ActionKind{access.DisableAccount}}
	l.policies["leaver"] = auto(access.DisableAccount)
	a := account("erp", "ada")
	l.leaver("told", a, "")
	l.leaver("leaver", a, "")
	wants(t, l.make(t), "disable ada in erp: planned")
}

func TestTheSLARunsFromTheFirstSight(t *testing.T) {
	l := begin()
	policy := auto(access.DisableAccount)
	policy.SLA = 24 * time.Hour
	l.policies["leaver"] = policy
	l.leaver("leaver", account("erp", "ada"), "")
	if r := only(t, l.night(3).make(t)); !r.DueAt.Equal(first.Add(24 * time.Hour)) {
		t.Errorf("due at %s", r.DueAt)
	}
}

func TestAnEndDateIsTheLastDayOfAnAccount(t *testing.T) {
	l := begin()
	l.policies["contractor"] = auto(access.SetExpiry)
	p := l.staff["W-1"]
	p.EndDate = time.Date(2027, 3, 27, 0, 0, 0, 0, time.UTC) // the clocks of Europe change on the 28th
	l.staff["W-1"] = p
	l.leaver("contractor", account("erp", "ada"), "W-1")
	l.leaver("contractor", account("erp", "bob"), "W-2") // without an end
	if r := only(t, l.make(t)); !r.ExpiresAt.Equal(time.Date(2027, 3, 28, 0, 0, 0, 0, time.UTC)) || !strings.Contains(planner.Line(r.Action), "2027-03-28 00:00 UTC") {
		t.Errorf("%s", planner.Line(r.Action))
	}
}

func TestWhatComesThroughAGroupGoesWithIt(t *testing.T) {
	l := begin()
	l.policies["creep"] = auto(access.RemoveEntitlement)
	a := account("erp", "ada")
	l.excess("creep", a, "inner", "W-1", "outer")
	l.excess("creep", a, "outer", "W-1")
	b := account("erp", "bob")
	l.excess("creep", b, "inner", "W-2", "team", "outer") // bob should be in team
	p := l.make(t)
	wants(t, p, "take outer from ada in erp: planned", "take inner from bob in erp: blocked")
	is(t, p.Records[1], remediate.Blocked, "it comes through team → outer, which the person should hold")
}

func TestWhatAPersonLacksIsGivenToTheirAccount(t *testing.T) {
	l := begin()
	l.policies["missing"] = auto(access.GrantEntitlement)
	off := account("erp", "old")
	off.Enabled = false
	l.lacks("missing", "erp", "W-1", "staff", off, account("erp", "ada"))
	l.lacks("missing", "erp", "W-2", "staff", off)
	l.lacks("missing", "erp", "W-3", "payroll")
	l.lacks("missing", "erp", "W-3", "staff")
	p := l.make(t)
	wants(t, p, "give staff to ada in erp: planned", "give staff to old in erp: blocked", "create w-3 in erp: planned", "give payroll to w-3 in erp: planned", "give staff to w-3 in erp: planned")
	is(t, p.Records[1], remediate.Blocked, "the account old is disabled")
	made := p.Records[2]
	if made.Attributes[access.AttrUserName] != "w-3" || made.Attributes[access.AttrEmployeeID] != "W-3" || made.Attributes[access.AttrEmail] != "w-3@example.com" || made.Seen.Exists || made.Entitlement.Name != "" {
		t.Errorf("it would be created as %+v", made)
	}
	if p.Records[3].After != made.ID || p.Records[4].After != made.ID || p.Records[0].After != "" {
		t.Errorf("after %q, %q and %q; created by %s", p.Records[3].After, p.Records[4].After, p.Records[0].After, made.ID)
	}
	if b := p.Records[0].Basis; !slices.Equal(b, []string{"bundle base"}) {
		t.Errorf("basis %v", b)
	}
}

func TestTheLoginOfANewAccountIsTheOneThatHRSays(t *testing.T) {
	for _, c := range []struct {
		person access.Person
		login  string
	}{{access.Person{ID: "W-50", Username: "jdoe", Email: "jane@example.com"}, "jdoe"}, {access.Person{ID: "W-50", Email: "jane@example.com"}, "jane"}, {access.Person{ID: "W-50"}, "w-50"}} {
		l := begin()
		l.policies["missing"] = auto(access.GrantEntitlement)
		l.staff["W-50"] = c.person
		l.lacks("missing", "erp", "W-50", "staff")
		if r := l.make(t).Records[0]; r.Account.Name != c.login || r.Account.ID != "" {
			t.Errorf("%+v gets the login %q", c.person, r.Account.Name)
		}
	}
}

func TestGrantsFollowWhatBecomesOfTheirAccount(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(l *life, create remediate.Record)
		state  remediate.State
		why    string
	}{
		{"created", func(l *life, c remediate.Record) { l.ends(c.ID, remediate.Done) }, remediate.Planned, ""},
		{"ordered", func(l *life, c remediate.Record) { l.ends(c.ID, remediate.Ordered) }, remediate.Planned, ""},
		{"being created", func(l *life, c remediate.Record) { l.ends(c.ID, remediate.Applying) }, remediate.Blocked, "not created"},
		{"failed for good", func(l *life, c remediate.Record) {
			l.amend(c.ID, func(r *remediate.Record) { r.State, r.Tries, r.Why = remediate.Failed, 5, "no" })
		}, remediate.Blocked, "not created: it failed 5 times"},
		{"skipped", func(l *life, c remediate.Record) {
			l.Now = l.Run.StartedAt.Add(time.Hour)
			l.amend(c.ID, func(r *remediate.Record) { r.State, r.Why = remediate.Skipped, "there is one" })
		}, remediate.Blocked, "not created: there is one"},
		{"protected", func(l *life, c remediate.Record) {
			l.change("erp", func(s *planner.System) { s.Abilities.Kinds = map[access.ActionKind]string{access.GrantEntitlement: ""} })
		}, remediate.Blocked, "not created: erp cannot create-account"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := begin()
			l.policies["missing"] = auto(access.GrantEntitlement)
			l.lacks("missing", "erp", "W-3", "staff")
			was := l.plan(t)
			c.change(l, was.Records[0])
			p := l.make(t)
			is(t, p.Records[1], c.state, c.why)
			if p.Records[1].ID != was.Records[1].ID || p.Records[1].Receipt != nil {
				t.Errorf("another grant: %s", words(p.Records))
			}
		})
	}
}

// The account is there on the next night; the grant goes on under its id and its decision.
func TestAGrantGoesOnOnceItsAccountIsThere(t *testing.T) {
	l := begin()
	l.policies["missing"] = asks(access.GrantEntitlement)
	c := l.lacks("missing", "erp", "W-3", "staff")
	p := l.plan(t)
	counts(t, p, remediate.Waiting, 2)
	create, grant := p.Records[0], p.Records[1]
	if create.Approval != grant.Approval || len(p.Questions) != 1 {
		t.Errorf("asked apart: %+v", p.Questions)
	}
	l.answer(grant.Approval, access.ApprovalApproved)
	l.plan(t)
	l.ends(create.ID, remediate.Verified)
	l.night(1)
	c.Accounts = []*access.AccountFacts{account("erp", "w-3")}
	r := only(t, l.plan(t))
	is(t, r, remediate.Planned, "")
	if r.ID != grant.ID || r.Approval != grant.Approval || r.Account.ID != "u-w-3" || r.After != "" {
		t.Errorf("it goes on as %+v", r)
	}
}

func TestAGrantThatIsAskedForLaterHasItsOwnQuestion(t *testing.T) {
	l := begin()
	l.policies["missing"], l.policies["later"] = asks(access.GrantEntitlement), auto(access.GrantEntitlement)
	l.lacks("missing", "erp", "W-3", "staff")
	one := l.plan(t).Questions[0]
	l.night(1)
	l.lacks("missing", "erp", "W-3", "wifi")
	l.lacks("later", "erp", "W-3", "extra")
	p := l.plan(t)
	wants(t, p, "create w-3 in erp: waiting", "give extra to w-3 in erp: blocked", "give staff to w-3 in erp: waiting", "give wifi to w-3 in erp: waiting")
	is(t, p.Records[1], remediate.Blocked, one.ID+" asks about it")
	if len(p.Questions) != 1 || len(p.Questions[0].Actions) != 1 || p.Records[3].Approval != p.Questions[0].ID {
		t.Errorf("questions %+v", p.Questions)
	}
	l.answer(one.ID, access.ApprovalApproved)
	wants(t, l.plan(t), "create w-3 in erp: planned", "give extra to w-3 in erp: planned", "give staff to w-3 in erp: planned", "give wifi to w-3 in erp: waiting")
}

func TestTheEndOfARequestTakesAwayByItself(t *testing.T) {
	l := begin()
	l.policies["creep"] = asks(access.RemoveEntitlement)
	l.excess("creep", account("erp", "ada"), "payroll", "W-1")
	l.excess("creep", account("erp", "bob"), "payroll", "W-2")
	l.Ended = remediate.Ends{}
	l.Ended.Person("W-1", access.EntitlementRef{System: "erp", Name: "payroll"}, remediate.End{Name: "request RQ-1 ended", Reason: "payroll was requested until then (RQ-1)", Basis: "request RQ-1", At: first})
	p := l.make(t)
	wants(t, p, "take payroll from ada in erp: planned", "take payroll from bob in erp: waiting")
	if r := p.Records[0]; r.Mode != access.ModeAuto || !strings.Contains(r.Reason, "RQ-1") || !slices.Equal(r.Basis, []string{"request RQ-1"}) {
		t.Errorf("it is %+v", r)
	}
	l.broken("erp", access.Partial)
	is(t, l.make(t).Records[0], remediate.Blocked, "erp")
}

func TestAPolicyThatCannotBeAskedIsToldAndActsOnNothing(t *testing.T) {
	l := begin()
	l.Policy = func(access.Case) (access.Policy, error) { return access.Policy{}, errors.New("no such key: title") }
	l.leaver("leaver", account("erp", "ada"), "")
	p := l.make(t)
	if len(p.Records) != 0 || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "no such key") {
		t.Errorf("records %s, warnings %v", words(p.Records), p.Warnings)
	}
}

func TestDeletionOfWhatWasDisabledLongEnough(t *testing.T) {
	disabled := first.AddDate(0, 0, -40)
	for _, c := range []struct {
		name   string
		change func(l *life, r *planner.Retired)
		state  remediate.State // empty: nothing is planned
	}{
		{"long enough", func(*life, *planner.Retired) {}, remediate.Planned},
		{"nobody's account", func(_ *life, r *planner.Retired) { r.Person = nil }, remediate.Planned},
		{"not long enough", func(_ *life, r *planner.Retired) { r.Record.ChangedAt = first.Add(-30*day + time.Second) }, ""},
		{"just long enough", func(_ *life, r *planner.Retired) { r.Record.ChangedAt = first.Add(-30 * day) }, remediate.Planned},
		{"the system keeps them longer", func(l *life, _ *planner.Retired) {
			l.change("erp", func(s *planner.System) { s.DeleteAfter = 60 * day })
		}, ""},
		{"enabled again", func(_ *life, r *planner.Retired) { r.Account.Enabled = true }, ""},
		{"they came back", func(l *life, r *planner.Retired) { p := l.staff["W-1"]; r.Person = &p }, ""},
		{"not configured when it was disabled", func(_ *life, r *planner.Retired) { r.Record.Policy.DeleteAfter = 0 }, ""},
		{"not configured any more", func(l *life, _ *planner.Retired) { l.policies["leaver"] = auto(access.DisableAccount) }, ""},
		{"configured for longer by now", func(l *life, _ *planner.Retired) {
			p := l.policies["leaver"]
			p.DeleteAfter = 50 * day
			l.policies["leaver"] = p
		}, ""},
		{"asked about by now", func(l *life, _ *planner.Retired) {
			p := l.policies["leaver"]
			p.Mode = access.ModeApprove
			l.policies["leaver"] = p
		}, remediate.Waiting},
		{"was asked about when it was disabled", func(_ *life, r *planner.Retired) { r.Record.Policy.Mode = access.ModeApprove }, remediate.Waiting},
		{"break-glass", func(_ *life, r *planner.Retired) { r.Account.Kind = access.KindBreakGlass }, remediate.Blocked},
		{"disabled, enabled and disabled again", func(l *life, r *planner.Retired) {
			again := *r
			again.Record.ID, again.Record.ChangedAt = "A-LATER", first.Add(-day)
			l.Retired = append(l.Retired, again)
		}, ""},
		{"HR partial", func(l *life, _ *planner.Retired) { l.broken("hr", access.Partial) }, remediate.Blocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := begin()
			policy := auto(access.DisableAccount)
			policy.DeleteAfter, policy.OnExpiry = 30*day, access.ExpiryApply
			l.policies["leaver"] = policy
			a := account("erp", "ada")
			a.Enabled = false
			gone := l.staff["W-1"]
			gone.Status = access.StatusTerminated
			r := planner.Retired{Account: a, Person: &gone, Finding: finding("leaver", access.ScopeAccount, "erp", "ada", ""), Record: remediate.Record{Policy: policy, ChangedAt: disabled}}
			r.Record.ID, r.Record.Rule, r.Record.Person = "A-OLD", "leaver", "W-1"
			c.change(l, &r)
			l.Retired = append(l.Retired, r)
			p := l.make(t)
			if c.state == "" {
				if len(p.Records) != 0 {
					t.Errorf("planned: %s", words(p.Records))
				}
				return
			}
			d := only(t, p)
			is(t, d, c.state, "")
			if d.Kind != access.DeleteAccount || d.Seen.Enabled || d.Policy.OnExpiry != access.ExpiryRefuse || !strings.Contains(d.Reason, "A-OLD") {
				t.Errorf("it is %+v", d)
			}
			if c.state == remediate.Waiting && (p.Questions[0].OnExpiry != access.ExpiryRefuse || p.Questions[0].Irreversible != "it is gone for good") {
				t.Errorf("the question is %+v", p.Questions[0])
			}
		})
	}
}
