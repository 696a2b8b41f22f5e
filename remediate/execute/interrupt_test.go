package execute_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/execute"
	"muster/remediate/remediatetest"
)

// drill is a list that touches every way in which actions depend on each other.
func drill() []remediate.Record {
	grant := planned("A-6", access.GrantEntitlement, "joan", "staff")
	grant.After = "A-5"
	return []remediate.Record{planned("A-1", access.RemoveEntitlement, "ada", "payroll"), planned("A-2", access.DisableAccount, "ada", ""),
		planned("A-3", access.GrantEntitlement, "grace", "x"), planned("A-4", access.DeleteAccount, "alan", ""), planned("A-5", access.CreateAccount, "joan", ""), grant}
}

// finish recovers and carries out what is left, as the next commands do.
func (s *site) finish(t *testing.T) {
	t.Helper()
	for range 3 {
		if _, err := s.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.run2(t)
	}
	for id, r := range s.stored(t) {
		if r.State != remediate.Done || r.Receipt == nil || r.Inverse == nil {
			t.Errorf("%s ends as %s (%s) with receipt %v", id, r.State, r.Why, r.Receipt)
		}
	}
	changes := s.system.Changes()
	for _, r := range drill() {
		if changes[r.ID] != 1 {
			t.Errorf("%s changed the system %d times", r.ID, changes[r.ID])
		}
	}
}

// steps counts the steps of the drill when nothing happens to it.
func steps(t *testing.T) int {
	t.Helper()
	s := open(t)
	var n atomic.Int32
	s.OnStep = func(execute.Step, access.Action) { n.Add(1) }
	s.run(t, drill()...)
	s.OnStep = nil
	s.finish(t)
	return int(n.Load())
}

func TestCancellationAtEveryStepLosesAndDoublesNothing(t *testing.T) {
	for stop := range steps(t) + 1 {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.Batch = 2
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var n atomic.Int32
			s.OnStep = func(execute.Step, access.Action) {
				if int(n.Add(1)) == stop {
					cancel()
				}
			}
			if _, err := s.Run(ctx, s.keep(t, drill()...)); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("it says: %v", err)
			}
			s.OnStep = nil
			s.finish(t)
			if t.Failed() {
				t.Log(strings.Join(s.tape.Lines(), "\n"))
			}
		})
	}
}

func TestCancellationInsideOfACall(t *testing.T) {
	for _, when := range []string{"before", "after"} {
		t.Run(when+" the change", func(t *testing.T) {
			s := open(t)
			ctx, cancel := context.WithCancel(t.Context())
			hook := func(_ context.Context, op remediatetest.Op, _ access.Action) error {
				if op == remediatetest.Apply {
					cancel()
				}
				return nil
			}
			if when == "before" {
				s.system.Before = hook
			} else {
				s.system.After = hook
			}
			start := time.Now()
			if _, err := s.Run(ctx, s.keep(t, drill()[:1]...)); !errors.Is(err, context.Canceled) {
				t.Errorf("the run says %v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s to stop", took)
			}
			state := s.stored(t)["A-1"].State
			if when == "after" && state != remediate.Done || when == "before" && state != remediate.Applying {
				t.Errorf("the record says %s", state)
			}
			s.system.Before, s.system.After = nil, nil
			if _, err := s.Recover(t.Context()); err != nil {
				t.Fatal(err)
			}
			s.run2(t)
			want(t, s.stored(t), "A-1 done")
			if s.system.Changes()["A-1"] != 1 {
				t.Errorf("changes %v", s.system.Changes())
			}
		})
	}
}

// A process that dies at a step writes nothing and asks nothing from then on.
func TestDeathAtEveryStepLosesAndDoublesNothing(t *testing.T) {
	dead := errors.New("the process is dead")
	for stop := range steps(t) + 1 {
		t.Run(fmt.Sprint(stop), func(t *testing.T) {
			t.Parallel()
			s := open(t)
			s.Batch = 2
			var n atomic.Int32
			die := func() error {
				if int(n.Load()) >= stop {
					return dead
				}
				return nil
			}
			save := s.records.Before
			list := s.keep(t, drill()...)
			s.OnStep = func(execute.Step, access.Action) { n.Add(1) }
			s.records.Before = func(docs []access.Document) error { return errors.Join(die(), save(docs)) }
			s.ledger.Before = func([]ledger.Event) error { return die() }
			s.system.Before = func(context.Context, remediatetest.Op, access.Action) error { return die() }
			s.system.After = s.system.Before
			_, _ = s.Run(t.Context(), list) // it dies, or it is done
			s.OnStep, s.records.Before, s.ledger.Before, s.system.Before, s.system.After = nil, save, nil, nil, nil
			s.finish(t)
			if t.Failed() {
				t.Log(strings.Join(s.tape.Lines(), "\n"))
			}
		})
	}
}

func TestDeathDuringRecovery(t *testing.T) {
	dead := errors.New("the process is dead")
	for _, where := range []execute.Step{execute.StepRecoverLook, execute.StepRecoverWrote} {
		t.Run(string(where), func(t *testing.T) {
			s := open(t)
			s.ledger.Before = refuse(ledger.Receipt, dead)
			if _, err := s.Run(t.Context(), s.keep(t, drill()...)); !errors.Is(err, dead) {
				t.Fatal(err)
			}
			died := false
			save := s.records.Before
			s.OnStep = func(step execute.Step, _ access.Action) { died = died || step == where }
			s.records.Before = func(docs []access.Document) error {
				if died {
					return dead
				}
				return save(docs)
			}
			s.ledger.Before = func([]ledger.Event) error {
				if died {
					return dead
				}
				return nil
			}
			if _, err := s.Recover(t.Context()); !errors.Is(err, dead) {
				t.Fatalf("recovery says %v", err)
			}
			s.OnStep, s.records.Before, s.ledger.Before = nil, save, nil
			s.finish(t)
		})
	}
}

func TestRecoveryOfAnActionWhoseSystemIsNotChangedAnyMore(t *testing.T) {
	s := open(t)
	r := planned("A-1", access.DisableAccount, "ada", "")
	r.State = remediate.Applying
	s.keep(t, r)
	delete(s.Systems, "erp")
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, s.stored(t), "A-1 failed: look there by hand")
}

func TestRecoveryDoesNotTakeAStrangerForTheAccount(t *testing.T) {
	s := open(t)
	r := planned("A-1", access.DisableAccount, "ada", "")
	r.State = remediate.Applying
	s.keep(t, r)
	s.system.Remove("u1")
	s.system.Add(remediatetest.Account{ID: "u9", Name: "ada"}) // disabled, and not by muster
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, s.stored(t), "A-1 planned")
	want(t, s.run2(t), "A-1 skipped: another one now")
}

func TestRecoveryAsksASilentSystemOnce(t *testing.T) {
	s := open(t)
	for i := range 20 {
		r := planned(fmt.Sprintf("A-%d", i), access.DisableAccount, "ada", "")
		r.State = remediate.Applying
		s.keep(t, r)
	}
	s.system.Before = func(context.Context, remediatetest.Op, access.Action) error { return broken(access.Transient) }
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := s.system.Calls(remediatetest.Inspect); n != 3 {
		t.Errorf("asked %d times", n)
	}
	if n := len(s.stored(t, remediate.Applying)); n != 20 {
		t.Errorf("%d of 20 wait for recovery", n)
	}
}

// left keeps actions that a dead process was about to do.
func (s *site) left(t *testing.T, n int) {
	t.Helper()
	for i := range n {
		r := planned(fmt.Sprintf("A-%02d", i), access.DisableAccount, "ada", "")
		r.State = remediate.Applying
		s.keep(t, r)
	}
}

func TestRecoveryWaitsForAllOfASystemAtOnce(t *testing.T) {
	s := open(t)
	s.Settle = 20 * time.Millisecond
	s.left(t, 100)
	start := time.Now()
	done, err := s.Recover(t.Context())
	if took := time.Since(start); err != nil || len(done) != 100 || took > 50*s.Settle {
		t.Errorf("%d actions that are not to be seen took %s, %v", len(done), took, err)
	}
	want(t, s.stored(t), "A-00 planned", "A-99 planned")
}

func TestRecoveryThatIsInterruptedGoesOnWhereItWas(t *testing.T) {
	s := open(t)
	s.Batch, s.Parallel = 4, 1
	s.left(t, 12)
	dead := errors.New("the process is dead")
	entered := 0
	s.ledger.Before = func([]ledger.Event) error {
		if entered++; entered > 2 {
			return dead
		}
		return nil
	}
	if _, err := s.Recover(t.Context()); !errors.Is(err, dead) {
		t.Fatal(err)
	}
	if n := len(s.stored(t, remediate.Applying)); n != 4 {
		t.Errorf("%d of 12 wait to be looked at again, want 4", n)
	}
}

// A deletion that took the account out of its groups and died before it deleted it goes on with an account that holds less: its inverse
// is still that of the account as it was.
func TestADeletionThatGoesOnKeepsItsInverse(t *testing.T) {
	dead := errors.New("the process is dead")
	s := open(t)
	died := false
	die := func() error {
		if died {
			return dead
		}
		return nil
	}
	save := s.records.Before
	list := s.keep(t, planned("A-4", access.DeleteAccount, "alan", ""))
	s.records.Before = func(docs []access.Document) error { return errors.Join(die(), save(docs)) }
	s.ledger.Before = func([]ledger.Event) error { return die() }
	s.system.Before = func(_ context.Context, op remediatetest.Op, _ access.Action) error {
		died = died || op == remediatetest.Apply
		return die()
	}
	_, _ = s.Run(t.Context(), list) // it dies
	s.records.Before, s.ledger.Before, s.system.Before = save, nil, nil
	s.system.Remove("u3")
	s.system.Add(remediatetest.Account{ID: "u3", Name: "alan"})
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, s.stored(t), "A-4 planned: interrupted")
	s.run2(t)
	got := s.stored(t)
	want(t, got, "A-4 done")
	if inverse := got["A-4"].Inverse; inverse == nil || !strings.Contains(string(inverse.Restore), "staff") {
		t.Errorf("the inverse is %+v, without what alan held", inverse)
	}
}
