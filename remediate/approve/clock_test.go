package approve_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate/approve"
)

func timed() access.Approval {
	q := question()
	q.RemindAt, q.EscalateAt, q.ExpiresAt = monday.Add(4*time.Hour), monday.Add(24*time.Hour), monday.Add(72*time.Hour)
	return q
}

func (o *office) tick(t *testing.T) []access.Approval {
	t.Helper()
	list, err := o.Tick(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestTimeRemindsEscalatesAndExpires(t *testing.T) {
	o := open(t)
	o.raise(t, timed())
	if got := o.tick(t); len(got) != 0 {
		t.Errorf("at once %v changed", got)
	}
	o.wait(4 * time.Hour)
	if got := o.tick(t); len(got) != 1 || !got[0].Reminded || got[0].Escalated {
		t.Errorf("after 4 h: %+v", got)
	}
	if got := o.tick(t); len(got) != 0 {
		t.Errorf("reminded twice: %+v", got)
	}
	o.wait(20 * time.Hour)
	if got := o.tick(t); len(got) != 1 || !got[0].Escalated || got[0].State != access.ApprovalWaiting {
		t.Errorf("after 24 h: %+v", got)
	}
	if list := o.entries(t, ledger.Approval); len(list) != 2 || !strings.Contains(list[1], "escalated") {
		t.Errorf("the ledger says %v", list)
	}
	o.wait(48*time.Hour - time.Second)
	if got := o.tick(t); len(got) != 0 {
		t.Errorf("before 72 h: %+v", got)
	}
	o.wait(time.Second)
	got := o.tick(t)
	if len(got) != 1 || got[0].State != access.ApprovalExpired || got[0].Decisions[0].Verdict != access.Expire || got[0].Decisions[0].Channel != access.ChannelClock {
		t.Errorf("after 72 h: %+v", got)
	}
	if list := o.entries(t, ledger.Decision); len(list) != 1 || !strings.Contains(list[0], `"verdict":"expire"`) {
		t.Errorf("the ledger says %v", list)
	}
	if got := o.tick(t); len(got) != 0 {
		t.Errorf("expired twice: %+v", got)
	}
}

func TestExpiryDoesWhatTheQuestionSaid(t *testing.T) {
	for what, cleared := range map[access.OnExpiry]bool{access.ExpiryRefuse: false, access.ExpiryApply: true, "": false} {
		t.Run("on expiry "+string(what), func(t *testing.T) {
			o := open(t)
			q := timed()
			q.OnExpiry, q.Need = what, 2
			o.raise(t, q)
			if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err != nil { // one of two is not enough
				t.Fatal(err)
			}
			o.wait(72 * time.Hour)
			o.tick(t)
			if a := o.stored(t, "AP-1"); a.State != access.ApprovalExpired || approve.Cleared(a) != cleared {
				t.Errorf("it is %s and cleared: %t", a.State, approve.Cleared(a))
			}
		})
	}
}

func TestEscalationLetsOthersDecideAndCount(t *testing.T) {
	o := open(t)
	q := timed()
	q.Need = 2
	o.raise(t, q)
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Approve)); err != nil {
		t.Fatal(err)
	}
	o.wait(24 * time.Hour)
	o.tick(t)
	a, err := o.Decide(t.Context(), o.claim("W-6", access.Approve))
	if err != nil || a.State != access.ApprovalApproved || a.Decisions[1].Role != "security" {
		t.Errorf("it is %+v: %v", a, err)
	}
}

func TestAQuestionWithoutTimesWaits(t *testing.T) {
	o := open(t)
	o.raise(t, question())
	o.wait(10000 * time.Hour)
	if got := o.tick(t); len(got) != 0 {
		t.Errorf("it changed: %+v", got)
	}
}

func TestAnExpiryThatWasNotStoredComesAgain(t *testing.T) {
	o := open(t)
	o.raise(t, timed())
	o.wait(72 * time.Hour)
	o.records.Before = func([]access.Document) error { return errors.New("the process is dead") }
	if _, err := o.Tick(t.Context()); err == nil {
		t.Fatal("it was not stored")
	}
	o.records.Before = nil
	o.tick(t)
	if a := o.stored(t, "AP-1"); a.State != access.ApprovalExpired || len(a.Decisions) != 1 {
		t.Errorf("it is %+v", a)
	}
}

// Whoever withdraws or concludes has read the question some time ago.
func TestWhatWasAnsweredMeanwhileStaysAnswered(t *testing.T) {
	o := open(t)
	old := o.raise(t, question())
	if _, err := o.Decide(t.Context(), o.claim("W-2", access.Deny)); err != nil {
		t.Fatal(err)
	}
	if err := o.Withdraw(t.Context(), []access.Approval{old}, "the reason is gone"); err != nil {
		t.Fatal(err)
	}
	if a := o.stored(t, "AP-1"); a.State != access.ApprovalDenied || len(a.Decisions) != 1 {
		t.Errorf("it is %+v", a)
	}
	old.Outcome = "refused"
	if err := o.Conclude(t.Context(), []access.Approval{old}); err != nil {
		t.Fatal(err)
	}
	if a := o.stored(t, "AP-1"); a.State != access.ApprovalDenied || len(a.Decisions) != 1 || a.Outcome != "refused" {
		t.Errorf("it is %+v", a)
	}
}

func TestAWithdrawnQuestionIsClosed(t *testing.T) {
	o := open(t)
	q := o.raise(t, question())
	if err := o.Withdraw(t.Context(), []access.Approval{q}, "the reason is gone"); err != nil {
		t.Fatal(err)
	}
	a := o.stored(t, "AP-1")
	if a.State != access.ApprovalWithdrawn || a.Outcome != "the reason is gone" || approve.Cleared(a) {
		t.Errorf("it is %+v", a)
	}
	if list := o.entries(t, ledger.Approval); len(list) != 2 || !strings.Contains(list[1], "withdrawn") {
		t.Errorf("the ledger says %v", list)
	}
	_, err := o.Decide(t.Context(), o.claim("W-2", access.Approve))
	if why := refusedFor(t, err); why != approve.RefusedClosed {
		t.Errorf("afterwards: %q", why)
	}
}
