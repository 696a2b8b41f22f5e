package mend

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/halt"
	"muster/remediate"
	"muster/remediate/planner"
	"muster/remediate/remediatetest"
)

func TestWhatIsDueIsWhatWasAgreedTo(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, s *site, r *remediate.Record)
		state  remediate.State
	}{
		{"by itself", func(*testing.T, *site, *remediate.Record) {}, remediate.Done},
		{"never asked about", func(_ *testing.T, _ *site, r *remediate.Record) { r.Mode = access.ModeApprove }, remediate.Planned},
		{"waiting and unanswered", func(t *testing.T, s *site, r *remediate.Record) {
			r.Mode, r.State, r.Approval = access.ModeApprove, remediate.Waiting, "AP-1"
			s.asked(t, "AP-1", access.ApprovalWaiting, "A-1")
		}, remediate.Waiting},
		{"approved", func(t *testing.T, s *site, r *remediate.Record) {
			r.Mode, r.State, r.Approval = access.ModeApprove, remediate.Waiting, "AP-1"
			s.asked(t, "AP-1", access.ApprovalApproved, "A-1")
		}, remediate.Done},
		{"denied", func(t *testing.T, s *site, r *remediate.Record) {
			r.Mode, r.State, r.Approval = access.ModeApprove, remediate.Waiting, "AP-1"
			s.asked(t, "AP-1", access.ApprovalDenied, "A-1")
		}, remediate.Refused},
		{"denied after it was approved and planned", func(t *testing.T, s *site, r *remediate.Record) {
			r.Mode, r.Approval = access.ModeApprove, "AP-1"
			s.asked(t, "AP-1", access.ApprovalDenied, "A-1")
		}, remediate.Refused},
		{"expired, and silence applies", func(t *testing.T, s *site, r *remediate.Record) {
			r.Mode, r.State, r.Approval = access.ModeApprove, remediate.Waiting, "AP-1"
			s.asked(t, "AP-1", access.ApprovalExpired, "A-1")
		}, remediate.Done},
		{"expired, and it deletes", func(t *testing.T, s *site, r *remediate.Record) {
			r.Kind, r.Mode, r.State, r.Approval = access.DeleteAccount, access.ModeApprove, remediate.Waiting, "AP-1"
			s.asked(t, "AP-1", access.ApprovalExpired, "A-1")
		}, remediate.Refused},
		{"its question is not on file", func(_ *testing.T, _ *site, r *remediate.Record) {
			r.Mode, r.State, r.Approval = access.ModeApprove, remediate.Waiting, "AP-1"
		}, remediate.Blocked},
		{"its question is not on file, and the policy is by now auto", func(_ *testing.T, _ *site, r *remediate.Record) { r.Approval = "AP-1" }, remediate.Blocked},
		{"its question does not name it", func(t *testing.T, s *site, r *remediate.Record) {
			r.Mode, r.State, r.Approval = access.ModeApprove, remediate.Waiting, "AP-1"
			s.asked(t, "AP-1", access.ApprovalApproved, "A-2")
		}, remediate.Blocked},
		{"held by a person", func(t *testing.T, s *site, _ *remediate.Record) {
			if _, err := s.Hold(t.Context(), "erp", "the database is moved", "W-1"); err != nil {
				t.Fatal(err)
			}
		}, remediate.Planned},
		{"everything is held by a person", func(t *testing.T, s *site, _ *remediate.Record) {
			if _, err := s.Hold(t.Context(), "", "change freeze until Monday", "W-1"); err != nil {
				t.Fatal(err)
			}
		}, remediate.Planned},
		{"another system is held", func(t *testing.T, s *site, _ *remediate.Record) {
			if _, err := s.Hold(t.Context(), "vpn", "the database is moved", "W-1"); err != nil {
				t.Fatal(err)
			}
		}, remediate.Done},
		{"held by a guardrail", func(_ *testing.T, _ *site, r *remediate.Record) { r.State, r.Hold = remediate.Held, "H-1" }, remediate.Held},
		{"blocked", func(_ *testing.T, _ *site, r *remediate.Record) { r.State = remediate.Blocked }, remediate.Blocked},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			r := planned("A-1", access.DisableAccount, "ada", "")
			c.change(t, s, &r)
			s.keep(t, r)
			s.apply(t)
			s.is(t, "A-1", c.state)
			if n := s.system.Calls(remediatetest.Apply); (n == 1) != (c.state == remediate.Done) {
				t.Errorf("applied %d times", n)
			}
		})
	}
}

func TestRecordsAreKeptUnderTheNextVersion(t *testing.T) {
	s := open(t)
	r := planned("A-1", access.DisableAccount, "ada", "")
	s.keep(t, r)
	s.keep(t, r) // the same again
	told := planned("A-2", access.NotifyOwner, "ada", "")
	told.State = remediate.Told
	r.State = remediate.Held
	s.keep(t, r, told) // of a copy that has no version
	r.State = remediate.Dropped
	s.keep(t, r)
	if got := s.versions(t, "A-1"); !slices.Equal(got, []string{"1 planned", "2 held", "3 dropped"}) {
		t.Errorf("versions %v", got)
	}
	if got := s.versions(t, "A-2"); len(got) != 0 {
		t.Errorf("what is only told is kept: %v", got)
	}
	var many []remediate.Record
	for i := range 2500 {
		many = append(many, planned(fmt.Sprintf("A-X%04d", i), access.DisableAccount, "ada", ""))
	}
	s.keep(t, many...)
	kept, err := s.keepRecords(t.Context(), many)
	if err != nil || len(kept) != 2500 || kept[2499].Version != 1 {
		t.Errorf("%d kept: %v", len(kept), err)
	}
}

func TestAQuestionIsToldWhatBecameOfAllItsActions(t *testing.T) {
	s := open(t)
	one, two := planned("A-1", access.DisableAccount, "ada", ""), planned("A-2", access.DisableAccount, "grace", "")
	gone := planned("A-3", access.DisableAccount, "alan", "")
	one.Approval, two.Approval, gone.Approval, gone.State = "AP-1", "AP-1", "AP-1", remediate.Dropped
	s.asked(t, "AP-1", access.ApprovalApproved, "A-1", "A-2", "A-3")
	s.keep(t, one, two, gone)
	s.system.Before = refuses("A-2")
	s.apply(t)
	outcome := func() string {
		list, err := remediate.Load[access.Approval](t.Context(), s.Store, access.DocumentQuery{Kind: access.DocApproval})
		if err != nil {
			t.Fatal(err)
		}
		return list[0].Outcome
	}
	if got := outcome(); !strings.HasPrefix(got, "1 of 2 done") || !strings.Contains(got, "not allowed") {
		t.Errorf("outcome %q", got)
	}
	s.system.Before = nil
	again := s.record(t, "A-2")
	again.State = remediate.Planned
	s.keep(t, again)
	s.apply(t)
	if got := outcome(); !strings.HasPrefix(got, "done at ") {
		t.Errorf("outcome %q", got)
	}
}

func TestAHoldIsReleasedOnceWithAReason(t *testing.T) {
	s := open(t)
	h, err := s.Hold(t.Context(), "erp", "the database is moved", "W-1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Release(t.Context(), "erp", "ok", "W-2"); access.KindOf(err) != access.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	if list, err := s.Release(t.Context(), "vpn", "the database is moved", "W-2"); err != nil || len(list) != 0 {
		t.Errorf("of another system: %v, %v", list, err)
	}
	list, err := s.Release(t.Context(), strings.ToLower(h.ID), "the database is moved", "W-2")
	if err != nil || len(list) != 1 || list[0].ReleasedBy != "W-2" || list[0].Open() {
		t.Errorf("released %+v: %v", list, err)
	}
	if list, err := s.Release(t.Context(), "all", "the database is moved", "W-2"); err != nil || len(list) != 0 {
		t.Errorf("again: %v, %v", list, err)
	}
	if open, err := s.Holds(t.Context()); err != nil || len(open) != 0 {
		t.Errorf("open: %v, %v", open, err)
	}
	entries, err := remediatetest.Entries(t.Context(), s.dir, ledger.Release)
	if err != nil || len(entries) != 1 || !strings.Contains(entries[0], "the database is moved") || !strings.Contains(entries[0], `"by":"W-2"`) {
		t.Errorf("the ledger says %v: %v", entries, err)
	}
}

// A hold that the planner changes from night to night is one document.
func TestAHoldIsKeptUnderItsID(t *testing.T) {
	s := open(t)
	for actions := range 3 {
		holds, err := s.Holds(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		h := access.Hold{ID: "H-1", System: "erp", Cause: "too-many", Actions: actions, At: night}
		if len(holds) > 0 {
			h.Version = holds[0].Version
		}
		if err := s.Keep(t.Context(), planner.Plan{Run: "R-1", Holds: []access.Hold{h}}); err != nil {
			t.Fatal(err)
		}
	}
	if holds, err := s.Holds(t.Context()); err != nil || len(holds) != 1 || holds[0].Actions != 2 || holds[0].Version != 3 {
		t.Errorf("holds %+v: %v", holds, err)
	}
}

func TestTheKillSwitchIsOnTheLedgerOnceItIsMet(t *testing.T) {
	s := open(t)
	s.keep(t, planned("A-1", access.DisableAccount, "ada", ""))
	if err := halt.Set(s.DataDir, "change freeze until the audit is over", "W-1"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.apply(t)
	}
	s.is(t, "A-1", remediate.Planned)
	entries, err := remediatetest.Entries(t.Context(), s.dir, ledger.Halt)
	if err != nil || len(entries) != 1 || !strings.Contains(entries[0], "change freeze") {
		t.Errorf("the ledger says %v: %v", entries, err)
	}
	if n := len(s.versions(t, "A-1")); n != 2 {
		t.Errorf("%d versions of what was not done", n)
	}
	if err := s.Resume(t.Context(), "the audit is over, says W-1", "W-1"); err != nil {
		t.Fatal(err)
	}
	s.apply(t)
	s.is(t, "A-1", remediate.Done)
}

func TestNothingIsKeptThatTheLedgerDoesNotHave(t *testing.T) {
	s := open(t)
	full := errors.New("no space left on device")
	s.ledger.Before = func([]ledger.Event) error { return full }
	p := planner.Plan{Run: "R-1", Records: []remediate.Record{planned("A-1", access.DisableAccount, "ada", "")}, Holds: []access.Hold{{ID: "H-1"}}, Questions: []access.Approval{{ID: "AP-1"}}}
	if err := s.Keep(t.Context(), p); !errors.Is(err, full) {
		t.Errorf("it says %v", err)
	}
	for _, kind := range []access.DocumentKind{access.DocAction, access.DocApproval, access.DocHold} {
		err := s.Store.Documents(t.Context(), access.DocumentQuery{Kind: kind}, func(d access.Document) error { return fmt.Errorf("%s %s is kept", d.Kind, d.ID) })
		if err != nil {
			t.Error(err)
		}
	}
}
