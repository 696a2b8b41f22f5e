package planner_test

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

// reviewed is a night on which ada holds payroll, policies ask about it, and a review revoked it at a moment.
func reviewed(at time.Time) *life {
	l := begin()
	l.policies["creep"] = asks(access.RemoveEntitlement)
	l.excess("creep", account("erp", "ada"), "payroll", "W-1")
	l.Ended = remediate.Ends{}
	if !at.IsZero() {
		l.revoke(at)
	}
	return l
}

func (l *life) revoke(at time.Time) {
	l.Ended.Account("u-ada", access.EntitlementRef{System: "erp", Name: "payroll"}, remediate.End{Name: "review C-1.1", Reason: "payroll was revoked", Basis: "review C-1.1", At: at})
}

func TestWhatAReviewRevokedIsTakenAwayWithoutAQuestion(t *testing.T) {
	t.Run("at once", func(t *testing.T) {
		l := reviewed(first)
		p := l.plan(t)
		if r := p.Records[0]; len(p.Records) != 1 || len(p.Questions) != 0 || r.State != remediate.Planned || r.Mode != access.ModeAuto || r.Basis[0] != "review C-1.1" {
			t.Errorf("it is %s", words(p.Records))
		}
	})
	t.Run("of an account of nobody", func(t *testing.T) {
		l := reviewed(first)
		l.Cases[0].Person = nil
		wants(t, l.plan(t), "take payroll from ada in erp: planned")
	})
	t.Run("of another account", func(t *testing.T) {
		l := reviewed(first)
		l.excess("creep", account("erp", "bob"), "payroll", "W-1")
		wants(t, l.plan(t), "take payroll from ada in erp: planned", "take payroll from bob in erp: waiting")
	})
	for name, how := range map[string]func(t *testing.T, l *life, r remediate.Record){
		"while it was asked about": func(*testing.T, *life, remediate.Record) {},
		"after it was denied": func(t *testing.T, l *life, r remediate.Record) {
			l.answer(r.Approval, access.ApprovalDenied)
			l.night(1).plan(t)
		},
		"after it was done and undone": func(_ *testing.T, l *life, r remediate.Record) { l.ends(r.ID, remediate.Undone) },
	} {
		t.Run(name, func(t *testing.T) {
			l := reviewed(time.Time{})
			r := l.plan(t).Records[0]
			how(t, l, r)
			l.revoke(l.Now.Add(time.Hour))
			p := l.night(1).plan(t)
			planned := 0
			for _, x := range p.Records {
				if x.State == remediate.Planned && x.ID != r.ID && x.Approval == "" {
					planned++
				}
			}
			if planned != 1 || len(p.Questions) != 0 {
				t.Errorf("it is %s", words(p.Records))
			}
			for _, a := range l.Approvals {
				if a.State == access.ApprovalWaiting {
					t.Errorf("%s still waits", a.ID)
				}
			}
		})
	}
	t.Run("a denial after it stands", func(t *testing.T) {
		l := reviewed(time.Time{})
		r := l.plan(t).Records[0]
		l.revoke(first.Add(-time.Hour))
		l.answer(r.Approval, access.ApprovalDenied)
		if p := l.night(1).plan(t); p.Records[0].State != remediate.Refused {
			t.Errorf("it is %s", words(p.Records))
		}
	})
	t.Run("the guardrails stand", func(t *testing.T) {
		l := reviewed(first)
		l.change("erp", func(s *planner.System) { s.Limit = 0 })
		wants(t, l.plan(t), "take payroll from ada in erp: held")
	})
}
