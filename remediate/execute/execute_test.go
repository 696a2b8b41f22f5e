package execute_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/remediate"
	"muster/remediate/execute"
	"muster/remediate/remediatetest"
)

func TestIntentIsOnRecordBeforeTheChangeAndReceiptAfterIt(t *testing.T) {
	s := open(t)
	got := s.run(t, planned("A-1", access.RemoveEntitlement, "ada", "payroll"))
	want(t, got, "A-1 done")
	var last int
	for _, line := range []string{"inspect A-1", "save A-1 applying", "ledger action.intent A-1", "apply A-1", "ledger action.receipt A-1", "save A-1 done"} {
		at := s.tape.Index(line)
		if at < last {
			t.Errorf("%q stands at %d, before what comes first:\n%s", line, at, strings.Join(s.tape.Lines(), "\n"))
		}
		last = at
	}
	r := s.stored(t)["A-1"]
	if r.State != remediate.Done || r.Inverse == nil || r.Inverse.Kind != access.GrantEntitlement || r.Receipt.Said != "200 OK" || !r.Before.Holds || r.Receipt.After.Holds {
		t.Errorf("the record lacks something: %+v", r)
	}
	for _, d := range s.records.History(access.DocAction, "A-1") { // the inverse is on record before the change, not only after
		if d.State == string(remediate.Applying) && !strings.Contains(string(d.Body), `"inverse":{"id":"A-`) {
			t.Errorf("version %d is applying without its inverse: %s", d.Version, d.Body)
		}
	}
}

func TestEveryKindIsDoneWithItsInverse(t *testing.T) {
	for _, c := range []struct {
		kind    access.ActionKind
		account string
		inverse access.ActionKind
	}{
		{access.DisableAccount, "ada", access.EnableAccount},
		{access.EnableAccount, "alan", access.DisableAccount},
		{access.DeleteAccount, "alan", access.CreateAccount},
		{access.CreateAccount, "joan", access.DeleteAccount},
		{access.RemoveEntitlement, "ada", access.GrantEntitlement},
		{access.GrantEntitlement, "grace", access.RemoveEntitlement},
		{access.SetExpiry, "ada", access.SetExpiry},
		{access.RevokeSessions, "ada", ""},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			s := open(t)
			a := planned("A-1", c.kind, c.account, "payroll")
			if c.kind == access.SetExpiry {
				a.ExpiresAt = night.AddDate(0, 1, 0)
			}
			before := s.system.Dump()
			r := s.run(t, a)["A-1"]
			want(t, map[string]remediate.Record{"A-1": r}, "A-1 done")
			if before == s.system.Dump() {
				t.Error("nothing changed")
			}
			if c.inverse == "" {
				if r.Inverse != nil {
					t.Errorf("what was ended cannot be taken back: %+v", r.Inverse)
				}
				return
			}
			back := remediate.Record{Action: *r.Inverse, State: remediate.Planned, Seen: remediate.Seen{Exists: r.Receipt.After.Exists, Enabled: r.Receipt.After.Enabled}}
			if back.Account.ID == "" {
				back.Account.ID = r.Receipt.After.AccountID
			}
			if back.Kind != c.inverse || back.Undoes != "A-1" {
				t.Errorf("the inverse is %s of %s", back.Kind, back.Undoes)
			}
			want(t, s.run(t, back), back.ID+" done")
			after := s.system.Dump()
			if c.kind == access.DeleteAccount { // it comes back under another id
				before, after = strings.ReplaceAll(before, "u3", "new-1"), strings.ReplaceAll(after, "u3", "new-1")
			}
			if after != before {
				t.Errorf("the inverse left\n%swhere there was\n%s", after, before)
			}
		})
	}
}

func TestNothingIsDoneThatIsNotOnRecord(t *testing.T) {
	full := errors.New("no space left on device")
	for name, break_ := range map[string]func(*site){
		"no intent on the ledger":  func(s *site) { s.ledger.Before = refuse(ledger.Intent, full) },
		"the record is not stored": func(s *site) { s.records.Before = func([]access.Document) error { return full } },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			list := s.keep(t, planned("A-1", access.DisableAccount, "ada", ""), planned("A-2", access.RemoveEntitlement, "grace", "staff"))
			before := s.system.Dump()
			break_(s)
			if _, err := s.Run(t.Context(), list); !errors.Is(err, full) {
				t.Errorf("the run says %v", err)
			}
			if s.system.Dump() != before || s.system.Calls(remediatetest.Apply) != 0 {
				t.Errorf("something was applied:\n%s", s.system.Dump())
			}
		})
	}
}

func refuse(kind ledger.Type, err error) func([]ledger.Event) error {
	return func(events []ledger.Event) error {
		if slices.ContainsFunc(events, func(e ledger.Event) bool { return e.Type == kind }) {
			return err
		}
		return nil
	}
}

func TestWhatWasDoneWithoutAReceiptIsFoundByRecovery(t *testing.T) {
	s := open(t)
	list := s.keep(t, planned("A-1", access.DisableAccount, "ada", ""))
	s.ledger.Before = refuse(ledger.Receipt, errors.New("the disk is full"))
	if _, err := s.Run(t.Context(), list); err == nil {
		t.Fatal("a receipt that cannot be written is no success")
	}
	want(t, s.stored(t), "A-1 applying")
	receipts := 0
	s.ledger.Before = func(events []ledger.Event) error {
		for _, e := range events {
			if data, _ := e.Data.(map[string]any); e.Type == ledger.Receipt {
				receipts++
				if _, sealed := data["sha256"].(commit.Private); !sealed {
					t.Errorf("the recovery's receipt has its digest in clear: %v", data)
				}
			}
		}
		return nil
	}
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := s.stored(t)["A-1"]
	if receipts != 1 || r.State != remediate.Done || r.Receipt == nil || !r.Receipt.Recovered || r.Inverse == nil || s.system.Changes()["A-1"] != 1 {
		t.Errorf("recovered as %+v; changes %v", r, s.system.Changes())
	}
}

func TestAnAnswerThatIsLostIsLookedForAndNotAskedAgain(t *testing.T) {
	for _, tries := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d tries", tries), func(t *testing.T) {
			s := open(t)
			s.Retry.Tries = tries
			s.system.After = func(_ context.Context, op remediatetest.Op, _ access.Action) error {
				if op == remediatetest.Apply {
					return broken(access.Transient) // it has made the change
				}
				return nil
			}
			got := s.run(t, planned("A-1", access.GrantEntitlement, "grace", "payroll"))
			want(t, got, "A-1 done")
			if s.system.Changes()["A-1"] != 1 || s.system.Calls(remediatetest.Apply) != 1 || !got["A-1"].Receipt.Recovered || got["A-1"].Inverse == nil {
				t.Errorf("changes %v, applied %d times, receipt %+v", s.system.Changes(), s.system.Calls(remediatetest.Apply), got["A-1"].Receipt)
			}
		})
	}
}

func TestAnAnswerThatStaysUnknownIsLeftToRecovery(t *testing.T) {
	s := open(t)
	down := false
	s.system.After = func(_ context.Context, op remediatetest.Op, _ access.Action) error {
		if op == remediatetest.Apply {
			down = true
		}
		if down {
			return broken(access.Transient)
		}
		return nil
	}
	want(t, s.run(t, planned("A-1", access.DisableAccount, "ada", "")), "A-1 applying: not known")
	if done, err := s.Recover(t.Context()); err != nil || len(done) != 0 {
		t.Errorf("recovery settled %v of a system that does not answer: %v", done, err)
	}
	want(t, s.stored(t), "A-1 applying")
	s.system.After = nil
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, s.stored(t), "A-1 done")
	if s.system.Changes()["A-1"] != 1 {
		t.Errorf("changes %v", s.system.Changes())
	}
}

func TestRefusalsEndInTheRecord(t *testing.T) {
	for kind, state := range map[access.Kind]string{access.Denied: "failed: it is denied", access.NotFound: "failed: it is not found", access.Invalid: "failed: it is invalid",
		access.Conflict: "skipped: somebody else changed it", access.Transient: "failed: tried 3 times", access.Throttled: "failed: tried 3 times"} {
		t.Run(string(kind), func(t *testing.T) {
			s := open(t)
			before := s.system.Dump()
			s.system.Before = func(_ context.Context, op remediatetest.Op, _ access.Action) error {
				if op == remediatetest.Apply {
					return broken(kind)
				}
				return nil
			}
			want(t, s.run(t, planned("A-1", access.DisableAccount, "ada", "")), "A-1 "+state)
			if s.system.Dump() != before {
				t.Error("something changed")
			}
		})
	}
}

func TestAnAccountThatChangedSinceTheSnapshotIsSkipped(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*remediatetest.System)
		action remediate.Record
		state  string
	}{
		{"disabled", func(s *remediatetest.System) {
			s.Add(remediatetest.Account{ID: "u1", Name: "ada", Holds: []string{"payroll"}})
		},
			planned("A-1", access.RemoveEntitlement, "ada", "payroll"), "skipped: the account was disabled since"},
		{"enabled", func(s *remediatetest.System) { s.Add(remediatetest.Account{ID: "u3", Name: "alan", Enabled: true}) },
			planned("A-1", access.DeleteAccount, "alan", ""), "skipped: the account was enabled since"},
		{"gone", func(s *remediatetest.System) { s.Remove("u1") }, planned("A-1", access.GrantEntitlement, "ada", "x"), "skipped: the account is gone"},
		{"gone, as wanted", func(s *remediatetest.System) { s.Remove("u1") }, planned("A-1", access.DisableAccount, "ada", ""), "skipped: it is so already"},
		{"another of the same name", func(s *remediatetest.System) {
			s.Remove("u1")
			s.Add(remediatetest.Account{ID: "u9", Name: "ada", Enabled: true, Holds: []string{"payroll"}})
		}, planned("A-1", access.RemoveEntitlement, "ada", "payroll"), "skipped: the account is another one now: its id is u9"},
		{"another of the same name, as wanted", func(s *remediatetest.System) {
			s.Remove("u1")
			s.Add(remediatetest.Account{ID: "u9", Name: "ada"})
		}, planned("A-1", access.DisableAccount, "ada", ""), "skipped: the account is another one now"},
		{"renamed", func(s *remediatetest.System) {
			s.Add(remediatetest.Account{ID: "u1", Name: "ada.l", Enabled: true, Holds: []string{"payroll"}})
		}, planned("A-1", access.RemoveEntitlement, "ada", "payroll"), "done"},
		{"the name is taken", func(s *remediatetest.System) { s.Add(remediatetest.Account{ID: "u9", Name: "joan"}) },
			planned("A-1", access.CreateAccount, "joan", ""), "skipped: an account of that name already"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t)
			c.change(s.system)
			want(t, s.run(t, c.action), "A-1 "+c.state)
			if n := s.system.Calls(remediatetest.Apply); (n > 0) != (c.state == "done") {
				t.Errorf("applied %d times", n)
			}
			want(t, s.stored(t), "A-1 "+c.state)
		})
	}
}

func TestSomebodyElseBetweenLookAndChange(t *testing.T) {
	s := open(t)
	s.OnStep = func(step execute.Step, _ access.Action) {
		if step == execute.StepIntent { // another administrator does the same at this very moment
			s.system.Add(remediatetest.Account{ID: "u1", Name: "ada"})
		}
	}
	got := s.run(t, planned("A-1", access.DisableAccount, "ada", ""))
	want(t, got, "A-1 skipped: it is so already")
	if got["A-1"].Inverse != nil {
		t.Error("what muster did not do it must not undo")
	}
}

func TestTheKillSwitchStopsBetweenTwoActions(t *testing.T) {
	s := open(t)
	s.Parallel = 1
	s.Halted = func() (string, bool) { return "freeze", s.system.Calls(remediatetest.Apply) > 0 }
	got := s.run(t, planned("A-1", access.DisableAccount, "ada", ""), planned("A-2", access.DisableAccount, "grace", ""), planned("A-3", access.GrantEntitlement, "alan", "x"))
	counts := map[remediate.State]int{}
	for _, r := range got {
		counts[r.State]++
		if r.State == remediate.Planned && (!strings.Contains(r.Why, "freeze") || r.Tries != 0) {
			t.Errorf("%s says %q after %d tries", r.ID, r.Why, r.Tries)
		}
	}
	if counts[remediate.Done] != 1 || counts[remediate.Planned] != 2 || s.system.Calls(remediatetest.Apply) != 1 {
		t.Errorf("states %v, applied %d times", counts, s.system.Calls(remediatetest.Apply))
	}
	s.Halted = nil
	for id, r := range s.run2(t) {
		if r.State != remediate.Done {
			t.Errorf("%s is %s once the switch is lifted: %s", id, r.State, r.Why)
		}
	}
}

// run2 carries out what is stored as planned.
func (s *site) run2(t *testing.T) map[string]remediate.Record {
	t.Helper()
	var list []remediate.Record
	for _, r := range s.stored(t, remediate.Planned) {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b remediate.Record) int { return strings.Compare(a.ID, b.ID) })
	done, err := s.Run(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	return byID(done)
}

func TestTheKillSwitchStopsBetweenTwoTries(t *testing.T) {
	s := open(t)
	s.system.Before = func(_ context.Context, op remediatetest.Op, _ access.Action) error {
		if op == remediatetest.Apply {
			s.Halted = func() (string, bool) { return "freeze", true }
			return broken(access.Transient)
		}
		return nil
	}
	want(t, s.run(t, planned("A-1", access.DisableAccount, "ada", "")), "A-1 planned: freeze")
	if s.system.Calls(remediatetest.Apply) != 1 {
		t.Errorf("applied %d times", s.system.Calls(remediatetest.Apply))
	}
}

func TestOutsideTheWindowNothingIsChangedAndItIsSaidOnce(t *testing.T) {
	s := open(t)
	sys := s.Systems["erp"]
	sys.Open, sys.Next = func(time.Time) bool { return false }, func(time.Time) string { return "on Sunday" }
	s.Systems["erp"] = sys
	want(t, s.run(t, planned("A-1", access.DisableAccount, "ada", "")), "A-1 planned: outside the maintenance window; the next one opens on Sunday")
	before := len(s.records.History(access.DocAction, "A-1"))
	want(t, s.run2(t), "A-1 planned: outside")
	if n := len(s.records.History(access.DocAction, "A-1")); n != before || s.system.Calls(remediatetest.Inspect) != 0 {
		t.Errorf("%d versions instead of %d; looked at %d times", n, before, s.system.Calls(remediatetest.Inspect))
	}
}

func TestTimeAndStateDecideWhatIsDone(t *testing.T) {
	s := open(t)
	later, held := planned("A-1", access.DisableAccount, "ada", ""), planned("A-2", access.DisableAccount, "grace", "")
	later.NotBefore, held.State = night.Add(time.Minute), remediate.Held
	elsewhere := planned("A-3", access.DisableAccount, "ada", "")
	elsewhere.System = "vpn"
	want(t, s.run(t, later, held, elsewhere), "A-1 planned", "A-2 held", "A-3 blocked: not configured")
	if s.system.Calls(remediatetest.Apply) != 0 {
		t.Error("something was applied")
	}
}

func TestTheRateIsKept(t *testing.T) {
	s := open(t)
	sys := s.Systems["erp"]
	sys.Rate = 20
	s.Systems["erp"] = sys
	s.Now = time.Now
	start := time.Now()
	s.run(t, planned("A-1", access.DisableAccount, "ada", ""), planned("A-2", access.DisableAccount, "grace", ""), planned("A-3", access.EnableAccount, "alan", ""))
	if took := time.Since(start); took < 100*time.Millisecond || s.system.Calls(remediatetest.Apply) != 3 {
		t.Errorf("3 changes at 20 a second took %s", took)
	}
}

func TestActionsOnOneAccountGoInTheOrderOfTheirKinds(t *testing.T) {
	s := open(t)
	got := s.run(t, planned("A-4", access.DisableAccount, "ada", ""), planned("A-3", access.RemoveEntitlement, "ada", "staff"), planned("A-2", access.RevokeSessions, "ada", ""),
		planned("A-1", access.GrantEntitlement, "ada", "x"))
	want(t, got, "A-1 done", "A-2 done", "A-3 done", "A-4 done")
	var applied []string
	for _, line := range s.tape.Lines() {
		if id, ok := strings.CutPrefix(line, "apply "); ok {
			applied = append(applied, id)
		}
	}
	if !slices.Equal(applied, []string{"A-1", "A-2", "A-3", "A-4"}) {
		t.Errorf("applied in the order %v", applied)
	}
}

func TestWhatAnEarlierRunDidToAnAccountIsNoChangeSinceTheSnapshot(t *testing.T) {
	s := open(t)
	denied := true
	s.system.Before = func(_ context.Context, op remediatetest.Op, a access.Action) error {
		if op == remediatetest.Apply && a.ID == "A-1" && denied {
			return broken(access.Denied)
		}
		return nil
	}
	got := s.run(t, planned("A-1", access.RemoveEntitlement, "ada", "staff"), planned("A-2", access.DisableAccount, "ada", ""))
	want(t, got, "A-1 failed", "A-2 done")
	denied = false
	again := got["A-1"]
	again.State = remediate.Planned
	want(t, s.run(t, again), "A-1 done")
}

func TestGrantsWaitForTheirAccount(t *testing.T) {
	grant := func(id, entitlement string) remediate.Record {
		r := planned(id, access.GrantEntitlement, "joan", entitlement)
		r.After = "A-1"
		return r
	}
	create := planned("A-1", access.CreateAccount, "joan", "")
	t.Run("and get its id", func(t *testing.T) {
		s := open(t)
		got := s.run(t, grant("A-2", "staff"), grant("A-3", "vpn"), create)
		want(t, got, "A-1 done", "A-2 done", "A-3 done")
		if a, _ := s.system.Account("joan"); a.ID != "new-1" || len(a.Holds) != 2 || got["A-3"].Account.ID != "new-1" {
			t.Errorf("joan is %+v, the grant names %q", a, got["A-3"].Account.ID)
		}
	})
	t.Run("over an interruption", func(t *testing.T) {
		s := open(t)
		want(t, s.run(t, create), "A-1 done")
		want(t, s.run(t, grant("A-2", "staff")), "A-2 done")
	})
	t.Run("and are not given to a stranger of that name", func(t *testing.T) {
		s := open(t)
		s.system.Add(remediatetest.Account{ID: "u9", Name: "joan", Enabled: true})
		want(t, s.run(t, create, grant("A-2", "payroll")), "A-1 skipped: an account of that name", "A-2 blocked: not created: there is an account of that name")
		if a, _ := s.system.Account("u9"); len(a.Holds) > 0 {
			t.Errorf("a stranger got %v", a.Holds)
		}
	})
	t.Run("and are blocked when it fails", func(t *testing.T) {
		s := open(t)
		s.system.Before = func(_ context.Context, op remediatetest.Op, _ access.Action) error {
			if op == remediatetest.Apply {
				return broken(access.Denied)
			}
			return nil
		}
		want(t, s.run(t, create, grant("A-2", "staff")), "A-1 failed", "A-2 blocked: was not created")
	})
	t.Run("and stay planned while it is stopped", func(t *testing.T) {
		s := open(t)
		s.Halted = func() (string, bool) { return "freeze", true }
		want(t, s.run(t, create, grant("A-2", "staff")), "A-1 planned: freeze", "A-2 planned")
	})
	t.Run("and are ordered with it", func(t *testing.T) {
		s := open(t)
		s.system.Orders = true
		want(t, s.run(t, create, grant("A-2", "staff")), "A-1 ordered", "A-2 ordered")
		if s.system.Calls(remediatetest.Apply) != 2 {
			t.Errorf("%d orders", s.system.Calls(remediatetest.Apply))
		}
	})
}

func TestASystemThatShowsItsChangesLate(t *testing.T) {
	for _, c := range []struct {
		lag   int
		state string
	}{{1, "done"}, {3, "done"}, {9, "failed: a re-read does not show it"}} {
		t.Run(fmt.Sprintf("after %d looks", c.lag), func(t *testing.T) {
			s := open(t)
			s.system.Lag, s.Settle = c.lag, time.Millisecond
			got := s.run(t, planned("A-1", access.DisableAccount, "ada", ""))
			want(t, got, "A-1 "+c.state)
			if c.state == "done" && got["A-1"].Receipt.After.Enabled {
				t.Error("the receipt shows the account as it was")
			}
			if c.state == "done" {
				return
			}
			again := got["A-1"] // the next night: it is there by now, muster did it, and can take it back
			again.State, s.system.Lag = remediate.Planned, 0
			s.system.Add(remediatetest.Account{ID: "u1", Name: "ada"})
			for range c.lag {
				_, _ = s.system.Inspect(t.Context(), again.Action)
			}
			got = s.run(t, again)
			want(t, got, "A-1 done")
			if got["A-1"].Inverse == nil || s.system.Changes()["A-1"] != 1 {
				t.Errorf("inverse %v, changes %v", got["A-1"].Inverse, s.system.Changes())
			}
		})
	}
}
