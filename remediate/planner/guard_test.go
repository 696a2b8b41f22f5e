package planner_test

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

func TestGuardrailsBlockOneAction(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(l *life, c *planner.Case)
		why    string // empty: nothing blocks
	}{
		{"nothing", func(*life, *planner.Case) {}, ""},
		{"HR partial", func(l *life, _ *planner.Case) { l.broken("hr", access.Partial) }, "HR was not read whole tonight: page 3"},
		{"HR failed", func(l *life, _ *planner.Case) { l.broken("hr", access.Failed) }, "HR was not read whole"},
		{"HR held because it shrank", func(l *life, _ *planner.Case) { l.broken("hr", access.Held) }, "HR was not read whole"},
		{"HR with unreadable rows", func(l *life, _ *planner.Case) {
			l.HR.Tonight.Coverage.Classes = []access.ClassCoverage{{Class: access.ClassPerson, Rejected: 1, State: access.Complete}}
		}, "HR was not read whole"},
		{"system partial", func(l *life, _ *planner.Case) { l.broken("erp", access.Partial) }, "erp was not read whole tonight: page 3"},
		{"system held because it shrank", func(l *life, _ *planner.Case) { l.broken("erp", access.Held) }, "erp was not read whole"},
		{"another system partial", func(l *life, _ *planner.Case) { l.broken("vpn", access.Partial) }, ""},
		{"a run of long ago", func(l *life, _ *planner.Case) { l.Clock = first.Add(14*day + time.Second) }, "the run looked at 2026-11-22, and it is 2026-12-06 now"},
		{"a run of a clock that ran ahead", func(l *life, _ *planner.Case) { l.Clock = first.AddDate(-1, 0, 0) }, "the next run looks again"},
		{"a run of last week", func(l *life, _ *planner.Case) { l.Clock = first.Add(14 * day) }, ""},
		{"finding not looked at", func(_ *life, c *planner.Case) { c.Finding.Change = access.ChangeUnverified }, "could not be looked at"},
		{"break-glass account", func(_ *life, c *planner.Case) { c.Account.Kind = access.KindBreakGlass }, "break-glass"},
		{"muster itself, by name", func(_ *life, c *planner.Case) { c.Account.Name = "MUSTER" }, "muster itself"},
		{"muster itself, by id", func(_ *life, c *planner.Case) { c.Account.ID = "u-self" }, "muster itself"},
		{"muster itself, by where it is", func(l *life, c *planner.Case) {
			c.Account.SourceRef = "cn=Muster,dc=example,dc=com"
			l.change("erp", func(s *planner.System) { s.Abilities.Self = []string{"cn=muster,dc=example,dc=com"} })
		}, "muster itself"},
		{"protected name", func(l *life, _ *planner.Case) {
			l.change("erp", func(s *planner.System) { s.Protected = func(name string) bool { return name == "ada" } })
		}, "protected by the configuration"},
		{"not to be changed", func(l *life, _ *planner.Case) { l.change("erp", func(s *planner.System) { s.Changes = false }) }, "not configured to be changed"},
		{"not able to", func(l *life, _ *planner.Case) {
			l.change("erp", func(s *planner.System) {
				s.Abilities.Kinds = map[access.ActionKind]string{access.RemoveEntitlement: ""}
			})
		}, "erp cannot disable-account"},
		{"last administrator", func(l *life, c *planner.Case) {
			c.Account.PrivilegedEffective = true
			l.change("erp", func(s *planner.System) { s.Admins = 1 })
		}, "last enabled administrator of erp"},
		{"last administrator is another", func(l *life, _ *planner.Case) { l.change("erp", func(s *planner.System) { s.Admins = 1 }) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, policy := range []access.Policy{auto(access.DisableAccount), asks(access.DisableAccount)} {
				l := begin()
				l.policies["leaver"] = policy
				c.change(l, l.leaver("leaver", account("erp", "ada"), "W-1"))
				p := l.make(t)
				switch {
				case c.why != "":
					is(t, only(t, p), remediate.Blocked, c.why)
				case policy.Mode == access.ModeAuto:
					is(t, only(t, p), remediate.Planned, "")
				default:
					is(t, only(t, p), remediate.Waiting, "")
				}
				if c.why != "" && len(p.Questions) > 0 {
					t.Errorf("what is blocked is asked about: %+v", p.Questions)
				}
			}
		})
	}
}

func TestReservedEntitlementsAreNeitherTakenNorGiven(t *testing.T) {
	l := begin()
	l.policies["creep"], l.policies["missing"] = auto(access.RemoveEntitlement), auto(access.GrantEntitlement)
	l.change("erp", func(s *planner.System) { s.Reserved = func(e string) bool { return e == "admins" } })
	l.excess("creep", account("erp", "ada"), "admins", "W-1")
	l.lacks("missing", "erp", "W-2", "admins", account("erp", "grace"))
	for _, r := range l.make(t).Records {
		is(t, r, remediate.Blocked, "the entitlement is protected")
	}
}

// root is an enabled account with administrative power.
func root(name string, more ...string) *access.AccountFacts {
	a := account("erp", name)
	holds(a, "root")
	for _, e := range more {
		holds(a, e)
	}
	return a
}

func states(t *testing.T, p planner.Plan, want ...remediate.State) {
	t.Helper()
	for i, r := range p.Records {
		if i < len(want) && r.State != want[i] {
			t.Errorf("%s is %s (%s), want %s", planner.Line(r.Action), r.State, r.Why, want[i])
		}
	}
	if len(p.Records) != len(want) {
		t.Errorf("%d records instead of %d", len(p.Records), len(want))
	}
}

// lastOnes is a life in which erp has some administrators and holders of root.
func lastOnes(admins, holders int) *life {
	l := begin()
	l.policies["leaver"], l.policies["creep"], l.policies["contractor"] = auto(access.DisableAccount), auto(access.RemoveEntitlement), auto(access.SetExpiry)
	l.change("erp", func(s *planner.System) { s.Admins, s.Holders = admins, map[string]int{"root": holders, "root2": 1} })
	return l
}

func TestTheLastOfItsKindStaysWhateverIsTakenTogether(t *testing.T) {
	t.Run("administrators disabled", func(t *testing.T) {
		l := lastOnes(3, 3)
		for _, name := range []string{"a", "b", "c"} {
			l.leaver("leaver", root(name), "")
		}
		states(t, l.make(t), remediate.Planned, remediate.Planned, remediate.Blocked)
	})
	t.Run("holders of an entitlement", func(t *testing.T) {
		l := lastOnes(9, 2)
		l.excess("creep", account("erp", "a"), "root", "")
		l.excess("creep", account("erp", "b"), "root", "")
		p := l.make(t)
		states(t, p, remediate.Planned, remediate.Blocked)
		is(t, p.Records[1], remediate.Blocked, "last enabled account that holds root")
	})
	t.Run("one disabled, the other loses what makes it one", func(t *testing.T) {
		l := lastOnes(2, 2)
		l.excess("creep", account("erp", "a"), "root", "")
		l.leaver("leaver", root("b"), "")
		states(t, l.make(t), remediate.Planned, remediate.Blocked)
	})
	t.Run("a holder disabled, another loses it", func(t *testing.T) {
		l := lastOnes(9, 2)
		l.leaver("leaver", root("a"), "")
		l.excess("creep", account("erp", "b"), "root", "")
		states(t, l.make(t), remediate.Planned, remediate.Blocked)
	})
	t.Run("who keeps another stays an administrator", func(t *testing.T) {
		l := lastOnes(2, 2)
		a := root("a", "root2")
		c := l.leaver("creep", a, "")
		c.Finding = finding("creep", access.ScopeGrant, "erp", "a", "root")
		c.Grant = &a.Grants[0]
		l.leaver("leaver", root("b"), "")
		states(t, l.make(t), remediate.Planned, remediate.Planned)
	})
	t.Run("one account twice is one", func(t *testing.T) {
		l := lastOnes(2, 2)
		a := account("erp", "a")
		l.excess("creep", a, "root", "")
		l.leaver("leaver", a, "")
		states(t, l.make(t), remediate.Planned, remediate.Planned)
	})
	t.Run("an end date is an end", func(t *testing.T) {
		l := lastOnes(1, 1)
		p := l.staff["W-1"]
		p.EndDate = first.AddDate(0, 1, 0)
		l.staff["W-1"] = p
		l.leaver("contractor", root("a"), "W-1")
		states(t, l.make(t), remediate.Blocked)
	})
	t.Run("one that was disabled since it was read", func(t *testing.T) {
		l := lastOnes(2, 2)
		l.leaver("leaver", root("a"), "")
		done := l.plan(t).Records[0]
		l.ends(done.ID, remediate.Done)
		l.leaver("leaver", root("b"), "")
		states(t, l.make(t), remediate.Done, remediate.Blocked)
	})
	t.Run("a disabled account is the last of nothing", func(t *testing.T) {
		l := lastOnes(1, 1)
		a := account("erp", "a")
		a.Enabled = false
		l.excess("creep", a, "root", "")
		states(t, l.make(t), remediate.Planned)
	})
}

func TestNothingBeforeGraceAndHandOverAreOver(t *testing.T) {
	for _, c := range []struct {
		name    string
		policy  func(*access.Policy)
		end     time.Time // of the person
		since   time.Time // held
		until   time.Time // zero: at once
		grantOf bool
	}{
		{name: "no grace", policy: func(*access.Policy) {}},
		{name: "grace after the end date, whose day counts", policy: func(p *access.Policy) { p.Grace = 2 * day }, end: first.Truncate(day), until: first.Truncate(day).AddDate(0, 0, 3)},
		{name: "grace is over", policy: func(p *access.Policy) { p.Grace = 2 * day }, end: first.Truncate(day).AddDate(0, 0, -4)},
		{name: "grace without an end date runs from the first sight", policy: func(p *access.Policy) { p.Grace = day }, until: first.Add(day)},
		{name: "hand-over of what was due once", policy: func(p *access.Policy) { p.Handover = 10 * day }, since: first.AddDate(-1, 0, 0), until: first.Add(10 * day), grantOf: true},
		{name: "no hand-over of what never was", policy: func(p *access.Policy) { p.Handover = 10 * day }, since: first, grantOf: true},
		{name: "no hand-over where it is not known since when", policy: func(p *access.Policy) { p.Handover = 10 * day }, grantOf: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := begin()
			p := l.staff["W-1"]
			p.EndDate = c.end
			l.staff["W-1"] = p
			policy := auto(access.DisableAccount)
			if c.grantOf {
				policy = auto(access.RemoveEntitlement)
			}
			c.policy(&policy)
			l.policies["x"] = policy
			if c.grantOf {
				l.excess("x", account("erp", "ada"), "payroll", "W-1")
			} else {
				l.leaver("x", account("erp", "ada"), "W-1")
			}
			l.HeldSince = heldSince(c.since)
			r := only(t, l.make(t))
			if c.until.IsZero() {
				is(t, r, remediate.Planned, "")
				return
			}
			is(t, r, remediate.Blocked, "not before "+c.until.Format("2006-01-02 15:04 UTC"))
			l.Run.AsOf = c.until.Add(-time.Second)
			is(t, only(t, l.make(t)), remediate.Blocked, "not before")
			l.Run.AsOf = c.until
			is(t, only(t, l.make(t)), remediate.Planned, "")
		})
	}
}

func TestGraceDoesNotKeepWhatIsGiven(t *testing.T) {
	l := begin()
	policy := auto(access.GrantEntitlement)
	policy.Grace, policy.Handover = 30*day, 30*day
	l.policies["missing"] = policy
	l.lacks("missing", "erp", "W-1", "staff", account("erp", "ada"))
	is(t, only(t, l.make(t)), remediate.Planned, "")
}

// What stands from another night must not be done on a night on which its source was not read whole.
func TestWhatCouldNotBeSeenTonightIsNeitherDroppedNorDone(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(*life)
		state  remediate.State
	}{
		{"HR partial", func(l *life) { l.broken("hr", access.Partial) }, remediate.Blocked},
		{"system partial", func(l *life) { l.broken("erp", access.Partial) }, remediate.Blocked},
		{"finding not looked at", func(l *life) {}, remediate.Blocked},
		{"looked at and gone", func(l *life) { l.Cases = nil }, remediate.Dropped},
	} {
		for _, mode := range []access.Mode{access.ModeAuto, access.ModeApprove} {
			t.Run(c.name+" "+string(mode), func(t *testing.T) {
				l := begin()
				l.policies["leaver"] = auto(access.DisableAccount)
				if mode == access.ModeApprove {
					l.policies["leaver"] = asks(access.DisableAccount)
				}
				l.leaver("leaver", account("erp", "ada"), "W-1")
				was := only(t, l.plan(t))
				l.night(1)
				l.Cases[0].Finding.Change = access.ChangeUnverified
				l.Cases[0].Account, l.Cases[0].Accounts = nil, nil // its facts are not there
				c.break_(l)
				p := l.plan(t)
				if c.state == remediate.Dropped {
					if len(p.Records) != 0 || len(p.Dropped) != 1 || (len(p.Withdrawn) == 1) != (mode == access.ModeApprove) {
						t.Errorf("records %s, dropped %s, withdrawn %v", words(p.Records), words(p.Dropped), p.Withdrawn)
					}
					return
				}
				r := only(t, p)
				if r.ID != was.ID || len(p.Dropped)+len(p.Withdrawn) > 0 {
					t.Errorf("another action %s for %s; dropped %s", r.ID, was.ID, words(p.Dropped))
				}
				is(t, r, remediate.Blocked, "tonight")
				l.night(1)
				l.Cases = nil
				l.leaver("leaver", account("erp", "ada"), "W-1")
				if again := only(t, l.make(t)); again.ID != was.ID || again.State != was.State || again.Approval != was.Approval {
					t.Errorf("seen again it is %s, was %s", words([]remediate.Record{again}), words([]remediate.Record{was}))
				}
			})
		}
	}
}
