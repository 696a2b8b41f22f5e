package mend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/halt"
	"muster/remediate"
	"muster/remediate/remediatetest"
)

const why = "they come back on Monday"

// refuses lets a system refuse the changes of actions.
func refuses(ids ...string) func(context.Context, remediatetest.Op, access.Action) error {
	return func(_ context.Context, op remediatetest.Op, a access.Action) error {
		if op == remediatetest.Apply && slices.Contains(ids, a.ID) {
			return &access.Error{System: "erp", Op: "change", Kind: access.Denied, Err: errors.New("not allowed")}
		}
		return nil
	}
}

func refuseAll([]ledger.Event) error { return errors.New("no space left on device") }

// undo takes back and gives the inverses by what they undo.
func (s *site) undo(t *testing.T, id string) map[string]remediate.Record {
	t.Helper()
	list, err := s.Undo(t.Context(), id, why, "W-1")
	if err != nil {
		t.Fatalf("undo %s: %v", id, err)
	}
	out := map[string]remediate.Record{}
	for _, r := range list {
		out[r.Undoes] = r
	}
	return out
}

func TestUndoBringsASystemBack(t *testing.T) {
	s := open(t)
	before := s.system.Dump()
	grant := planned("A-5", access.GrantEntitlement, "joan", "staff")
	grant.After = "A-4"
	s.keep(t, planned("A-1", access.RemoveEntitlement, "ada", "payroll"), planned("A-2", access.DisableAccount, "ada", ""), planned("A-3", access.GrantEntitlement, "grace", "x"),
		planned("A-4", access.CreateAccount, "joan", ""), grant)
	s.apply(t)
	if s.system.Dump() == before {
		t.Fatal("nothing was done")
	}
	got := s.undo(t, "r-1")
	if s.system.Dump() != before {
		t.Errorf("it left\n%swhere there was\n%s", s.system.Dump(), before)
	}
	for id, r := range got {
		if r.State != remediate.Done {
			t.Errorf("%s is taken back as %s: %s", id, r.State, r.Why)
		}
		if x := s.is(t, id, remediate.Undone); x.UndoneBy != r.ID {
			t.Errorf("%s is undone by %q", id, x.UndoneBy)
		}
	}
	if len(got) != 5 {
		t.Errorf("%d of 5 are taken back", len(got))
	}
	for _, id := range []string{"R-1", "A-1"} {
		if _, err := s.Undo(t.Context(), id, why, "W-1"); access.KindOf(err) != access.Conflict {
			t.Errorf("%s again: %v", id, err)
		}
	}
	entries, err := remediatetest.Entries(t.Context(), s.dir, ledger.Decision, "Monday", "W-1")
	if err != nil || len(entries) != 5 || !strings.Contains(entries[0], "Monday") {
		t.Errorf("the ledger says %v: %v", entries, err)
	}
}

func TestUndoThatFailedIsTriedAgainUnderItsOwnVersions(t *testing.T) {
	s := open(t)
	s.keep(t, planned("A-1", access.DisableAccount, "ada", ""))
	s.apply(t)
	inverse := s.record(t, "A-1").Inverse.ID
	s.system.Before = refuses(inverse)
	if r := s.undo(t, "A-1")["A-1"]; r.State != remediate.Failed {
		t.Fatalf("it is %s", r.State)
	}
	s.is(t, "A-1", remediate.Done)
	s.system.Before = nil
	if r := s.undo(t, "A-1")["A-1"]; r.State != remediate.Done || r.ID != inverse {
		t.Fatalf("the second time it is %s %s", r.ID, r.State)
	}
	s.is(t, "A-1", remediate.Undone)
	if got := s.versions(t, inverse); !slices.Equal(got, []string{"1 planned", "2 applying", "3 failed", "4 planned", "5 applying", "6 done"}) {
		t.Errorf("versions %v", got)
	}
	if s.system.Changes()[inverse] != 1 {
		t.Errorf("changes %v", s.system.Changes())
	}
}

func TestUndoThatWasStoppedIsDoneByTheNextApply(t *testing.T) {
	s := open(t)
	s.keep(t, planned("A-1", access.DisableAccount, "ada", ""))
	s.apply(t)
	if err := halt.Set(s.DataDir, "change freeze until the audit is over", "W-1"); err != nil {
		t.Fatal(err)
	}
	if r := s.undo(t, "A-1")["A-1"]; r.State != remediate.Planned || !strings.Contains(r.Why, "kill switch") {
		t.Errorf("it is %s: %s", r.State, r.Why)
	}
	if err := s.Resume(t.Context(), "the audit is over, says W-1", "W-1"); err != nil {
		t.Fatal(err)
	}
	s.apply(t)
	s.is(t, "A-1", remediate.Undone)
}

// A process may die after the inverse is done and before that is said of what it took back.
func TestUndoThatDiedHeals(t *testing.T) {
	for _, when := range []string{"before the receipt", "after the receipt"} {
		t.Run(when, func(t *testing.T) {
			s := open(t)
			s.keep(t, planned("A-1", access.DisableAccount, "ada", ""))
			s.apply(t)
			dead, receipts := errors.New("the process is dead"), 0
			s.ledger.Before = func(events []ledger.Event) error {
				for _, e := range events {
					if e.Type == ledger.Receipt {
						receipts++
					}
					if receipts > 0 && (when == "before the receipt" || e.Type == ledger.Settled) {
						return dead
					}
				}
				return nil
			}
			if _, err := s.Undo(t.Context(), "A-1", why, "W-1"); !errors.Is(err, dead) {
				t.Fatalf("it says %v", err)
			}
			s.is(t, "A-1", remediate.Done)
			s.ledger.Before = nil
			if when == "before the receipt" { // the next command recovers first
				if _, err := s.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else {
				s.undo(t, "A-1")
			}
			r := s.is(t, "A-1", remediate.Undone)
			if a, _ := s.system.Account("ada"); !a.Enabled || s.system.Changes()[r.UndoneBy] != 1 {
				t.Errorf("ada is %+v after %v", a, s.system.Changes())
			}
		})
	}
}

func TestUndoIsOfOneRunOrOneAction(t *testing.T) {
	s := open(t)
	one, two := planned("A-1X", access.DisableAccount, "ada", ""), planned("A-1Y", access.DisableAccount, "grace", "")
	one.Run, two.Run = "R-20261122T010000Z-aa", "R-20261123T010000Z-bb"
	s.keep(t, one, two)
	s.apply(t)
	for id, kind := range map[string]access.Kind{"R-": access.Invalid, "R-2026": access.Invalid, "A-1": access.Invalid, "A-9": access.NotFound, "R-9": access.NotFound} {
		if _, err := s.Undo(t.Context(), id, why, "W-1"); access.KindOf(err) != kind {
			t.Errorf("undo %s: %v", id, err)
		}
	}
	if _, err := s.Undo(t.Context(), "A-1X", "no", "W-1"); access.KindOf(err) != access.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	s.is(t, "A-1X", remediate.Done)
	s.undo(t, "R-20261122")
	s.is(t, "A-1X", remediate.Undone)
	s.is(t, "A-1Y", remediate.Done)
}

func TestUndoLeavesAloneWhatOthersChangedSince(t *testing.T) {
	s := open(t)
	s.keep(t, planned("A-1", access.RemoveEntitlement, "ada", "payroll"), planned("A-2", access.DisableAccount, "grace", ""))
	s.apply(t)
	s.system.Add(remediatetest.Account{ID: "u1", Name: "ada"}) // somebody disabled ada
	s.system.Add(remediatetest.Account{ID: "u2", Name: "grace", Enabled: true, Holds: []string{"staff"}})
	got := s.undo(t, "R-1")
	if r := got["A-1"]; r.State != remediate.Skipped || !strings.Contains(r.Why, "disabled since") {
		t.Errorf("A-1 is taken back as %s: %s", r.State, r.Why)
	}
	s.is(t, "A-1", remediate.Done)
	s.is(t, "A-2", remediate.Undone) // somebody had taken it back already
}

// What muster itself did to the account afterwards is no change of others.
func TestUndoOfTheEarlierOfTwoChanges(t *testing.T) {
	for _, state := range []remediate.State{remediate.Done, remediate.Verified} {
		t.Run(string(state), func(t *testing.T) {
			s := open(t)
			s.keep(t, planned("A-1", access.RemoveEntitlement, "ada", "payroll"), planned("A-2", access.DisableAccount, "ada", ""))
			for _, r := range s.apply(t) {
				r.State = state
				s.keep(t, r)
			}
			if r := s.undo(t, "A-1")["A-1"]; r.State != remediate.Done {
				t.Errorf("it is %s: %s", r.State, r.Why)
			}
			if a, _ := s.system.Account("ada"); a.Enabled || len(a.Holds) != 2 {
				t.Errorf("ada is %+v", a)
			}
		})
	}
}

func TestAnUndoCanBeUndone(t *testing.T) {
	s := open(t)
	s.keep(t, planned("A-1", access.DisableAccount, "ada", ""))
	s.apply(t)
	back := s.undo(t, "A-1")["A-1"]
	if r := s.undo(t, back.ID)[back.ID]; r.State != remediate.Done || r.Kind != access.DisableAccount {
		t.Errorf("it is %s %s: %s", r.Kind, r.State, r.Why)
	}
	if a, _ := s.system.Account("ada"); a.Enabled {
		t.Error("ada is enabled")
	}
	s.is(t, back.ID, remediate.Undone)
}

func TestUndoOfManyIsInReverse(t *testing.T) {
	s := open(t)
	var list []remediate.Record
	for i := range 6 {
		list = append(list, planned(fmt.Sprintf("A-%02d", i), access.GrantEntitlement, "grace", fmt.Sprintf("e%02d", i)))
	}
	before := s.system.Dump()
	s.keep(t, list...)
	s.apply(t)
	if got := s.undo(t, "R-1"); len(got) != 6 || s.system.Dump() != before {
		t.Errorf("%d taken back:\n%s", len(got), s.system.Dump())
	}
}
