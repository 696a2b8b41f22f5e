package planner_test

import (
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

func who(list []access.Approver) []string {
	var out []string
	for _, x := range list {
		out = append(out, x.Person)
	}
	return out
}

func TestOneQuestionForARuleASystemAndAPerson(t *testing.T) {
	l := begin()
	l.policies["creep"], l.policies["leaver"] = asks(access.RemoveEntitlement), asks(access.DisableAccount)
	a, b := account("erp", "ada"), account("erp", "ada2")
	l.excess("creep", a, "one", "W-1")
	l.excess("creep", a, "two", "W-1")
	l.excess("creep", b, "one", "W-1")                     // another account of the same person
	l.excess("creep", account("vpn", "ada"), "one", "W-1") // another system
	l.excess("creep", account("erp", "bob"), "one", "W-2") // another person
	l.leaver("leaver", a, "W-1")                           // another rule
	l.leaver("leaver", account("erp", "x"), "")            // nobody's accounts, one by one
	l.leaver("leaver", account("erp", "y"), "")
	p := l.make(t)
	var sizes []int
	asked := map[string]int{}
	for _, q := range p.Questions {
		sizes = append(sizes, len(q.Actions))
		if len(q.Lines) != len(q.Actions) || q.Need != 1 || !q.RaisedAt.Equal(l.Now) || !q.ExpiresAt.Equal(l.Now.Add(72*time.Hour)) {
			t.Errorf("question %+v", q)
		}
		for _, id := range q.Actions {
			asked[id]++
		}
	}
	slices.Sort(sizes)
	if !slices.Equal(sizes, []int{1, 1, 1, 1, 1, 3}) {
		t.Errorf("questions about %v actions", sizes)
	}
	for _, r := range p.Records {
		if r.State != remediate.Waiting || asked[r.ID] != 1 {
			t.Errorf("%s is asked about %d times", words([]remediate.Record{r}), asked[r.ID])
		}
	}
}

func TestQuestionsGoToWhoMayDecide(t *testing.T) {
	for _, c := range []struct {
		name       string
		route      []string
		escalate   []string
		need       int
		person     string
		change     func(l *life)
		approvers  []string
		escalation []string
		blocked    bool
	}{
		{name: "manager and owner", route: []string{"manager", "owner"}, escalate: []string{"security"}, need: 1, person: "W-1", approvers: []string{"W-9", "W-8"}, escalation: []string{"W-7"}},
		{name: "never the subject", route: []string{"manager", "owner"}, need: 1, person: "W-8", approvers: []string{"W-9"}},
		{name: "never the subject by escalation", route: []string{"owner"}, escalate: []string{"security", "owner"}, need: 1, person: "W-7", approvers: []string{"W-8"}},
		{name: "the manager has left", route: []string{"manager"}, need: 1, person: "W-1", change: func(l *life) {
			gone := l.staff["W-9"]
			gone.Status, gone.ManagerID = access.StatusTerminated, "W-8"
			l.staff["W-9"] = gone
		}, approvers: []string{"W-8"}},
		{name: "an account of nobody has no manager", route: []string{"manager"}, escalate: []string{"security"}, need: 1, approvers: []string{"W-7"}},
		{name: "four eyes", route: []string{"manager", "owner"}, need: 2, person: "W-1", approvers: []string{"W-9", "W-8"}},
		{name: "four eyes of one and the escalation, at once", route: []string{"manager"}, escalate: []string{"security"}, need: 2, person: "W-1", approvers: []string{"W-9", "W-7"}},
		{name: "four eyes are not to be had", route: []string{"manager"}, need: 2, person: "W-1", blocked: true},
		{name: "the same person twice is one", route: []string{"owner", "pair"}, escalate: []string{"pair"}, need: 3, person: "W-1", blocked: true},
		{name: "nobody at all", route: []string{"nobody"}, need: 1, person: "W-1", blocked: true},
		{name: "who escalates and decides is in it once", route: []string{"security"}, escalate: []string{"security", "owner"}, need: 1, person: "W-1", approvers: []string{"W-7"}, escalation: []string{"W-8"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := begin()
			policy := asks(access.DisableAccount)
			policy.Route, policy.EscalateTo, policy.Need = c.route, c.escalate, c.need
			l.policies["leaver"] = policy
			if c.change != nil {
				c.change(l)
			}
			l.leaver("leaver", account("erp", "ada"), c.person)
			p := l.make(t)
			r := only(t, p)
			if c.blocked {
				is(t, r, remediate.Blocked, "must approve and only")
				if len(p.Questions) > 0 || r.Approval != "" {
					t.Errorf("it is asked all the same: %+v", p.Questions)
				}
				return
			}
			is(t, r, remediate.Waiting, "")
			q := p.Questions[0]
			if !slices.Equal(who(q.Approvers), c.approvers) || !slices.Equal(who(q.Escalation), c.escalation) || q.Need != c.need {
				t.Errorf("it goes to %v, then %v", who(q.Approvers), who(q.Escalation))
			}
			if slices.Contains(who(q.Approvers), c.person) || slices.Contains(who(q.Escalation), c.person) {
				t.Error("the subject decides")
			}
		})
	}
}

func TestAQuestionThatNobodyMayAnswerIsAskedOnceSomebodyMay(t *testing.T) {
	l := begin()
	policy := asks(access.DisableAccount)
	policy.Route = []string{"team"}
	l.policies["leaver"] = policy
	l.leaver("leaver", account("erp", "ada"), "W-1")
	was := only(t, l.plan(t))
	is(t, was, remediate.Blocked, "must approve")
	l.night(1).Routes.Groups["team"] = []string{"W-8"}
	if r := only(t, l.plan(t)); r.ID != was.ID || r.State != remediate.Waiting {
		t.Errorf("it is %s", words([]remediate.Record{r}))
	}
}

func TestAQuestionSaysTheWorstOfItsActions(t *testing.T) {
	l := begin()
	policy := asks(access.RemoveEntitlement)
	policy.SLA, policy.StepUp, policy.Remind, policy.Escalate = 24*time.Hour, true, 4*time.Hour, 24*time.Hour
	l.policies["creep"] = policy
	a := account("erp", "ada")
	l.excess("creep", a, "one", "W-1").Finding.Severity = access.Low
	c := l.excess("creep", a, "two", "W-1")
	c.Finding.Severity, c.Finding.FirstSeen = access.Critical, first.AddDate(0, 0, -3)
	q := l.make(t).Questions[0]
	if q.Severity != access.Critical || !q.DueAt.Equal(first.AddDate(0, 0, -2)) || !q.StepUp || q.Person != "W-1" || q.System != "erp" ||
		!q.RemindAt.Equal(first.Add(4*time.Hour)) || !q.EscalateAt.Equal(first.Add(24*time.Hour)) || q.Title != "Person W-1 would lose access in erp (2 changes)" {
		t.Errorf("question %+v", q)
	}
}

func TestTheSameWorldGivesTheSamePlan(t *testing.T) {
	build := func() *life {
		l := begin()
		l.policies["leaver"], l.policies["creep"], l.policies["missing"] = auto(access.DisableAccount), asks(access.RemoveEntitlement), auto(access.GrantEntitlement)
		l.many("leaver", "erp", 0, 40)
		for _, name := range []string{"ada", "bob", "carl"} {
			a := account("vpn", name)
			l.excess("creep", a, "one", "W-1")
			l.excess("creep", a, "two", "W-1")
		}
		l.lacks("missing", "vpn", "W-3", "staff")
		return l
	}
	a, b := build(), build()
	slices.Reverse(b.Cases)
	b.Now = b.Now.Add(time.Hour) // when people are asked is not what is planned
	one, two := a.plan(t), b.plan(t)
	if one.Digest == "" || one.Digest != two.Digest {
		t.Errorf("%s and %s", one.Digest, two.Digest)
	}
	slices.Reverse(b.Standing)
	if x, y := a.make(t), b.make(t); x.Digest != y.Digest || x.Digest == one.Digest {
		t.Errorf("after it is kept: %s and %s, was %s", x.Digest, y.Digest, one.Digest)
	}
	for name, change := range map[string]func(*life){
		"one more":            func(l *life) { l.many("leaver", "erp", 40, 41) },
		"another mode":        func(l *life) { l.policies["leaver"] = asks(access.DisableAccount) },
		"another state":       func(l *life) { l.broken("vpn", access.Partial) },
		"another approver":    func(l *life) { l.change("vpn", func(s *planner.System) { s.Facts.Owner = "w-2@example.com" }) },
		"another entitlement": func(l *life) { l.Cases[40].Grant.Entitlement.Name = "three" },
	} {
		l := build()
		change(l)
		if l.make(t).Digest == one.Digest {
			t.Errorf("%s has the same digest", name)
		}
	}
	sealed := one
	if err := sealed.Seal(); err != nil || sealed.Digest != one.Digest {
		t.Errorf("sealed again it is %s: %v", sealed.Digest, err)
	}
}
