package planner_test

import (
	"strings"
	"testing"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/planner"
)

func TestASourceThatShrankIsToldOnceUntilItIsReadAgain(t *testing.T) {
	for _, source := range []string{"hr", "erp"} {
		t.Run(source, func(t *testing.T) {
			l, r := one(t, auto(access.DisableAccount))
			l.night(1).broken(source, access.Held)
			p := l.plan(t)
			if len(p.Holds) != 1 || p.Holds[0].System != source || p.Holds[0].Cause != planner.CauseSource || p.Holds[0].Actions != 1 || p.Holds[0].Accounts != 1 || !p.Holds[0].Open() {
				t.Fatalf("held: %+v", p.Holds)
			}
			if !strings.Contains(p.Holds[0].Reason, source+" was not read whole: page 3 of 6 failed") {
				t.Errorf("the reason: %s", p.Holds[0].Reason)
			}
			as(t, l, r, remediate.Blocked, "was not read whole")
			id := p.Holds[0].ID
			l.night(1).broken(source, access.Held)
			if p := l.plan(t); len(p.Holds) != 0 {
				t.Errorf("told again: %+v", p.Holds)
			}
			l.night(1)
			p = l.plan(t)
			if len(p.Holds) != 1 || p.Holds[0].ID != id || p.Holds[0].Open() || p.Holds[0].ReleasedBy != "muster" || !strings.Contains(p.Holds[0].Release, "read whole again") {
				t.Fatalf("read again: %+v", p.Holds)
			}
			l.Holds = nil // the mender gives open ones alone
			as(t, l, r, remediate.Planned, "")
		})
	}
}

func TestASourceThatFailedIsNoHold(t *testing.T) {
	for _, state := range []access.SnapshotState{access.Failed, access.Partial} {
		l := begin()
		l.broken("hr", state)
		if p := l.plan(t); len(p.Holds) != 0 {
			t.Errorf("%s: there is nothing that could be released: %+v", state, p.Holds)
		}
	}
}
