package execute_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/remediatetest"
)

// crowd adds n more accounts to the site's system and plans to disable each of them: ...
func (s *site) crowd(n int) []remediate.Record {
	var list []remediate.Record
	for i := range n {
		name := fmt.Sprintf("c%02d", i)
		s.system.Add(remediatetest.Account{ID: "id of " + name, Name: name, Enabled: true})
		r := planned(fmt.Sprintf("A-%02d", i), access.DisableAccount, name, "")
		r.Account.ID = "id of " + name
		list = append(list, r)
	}
	return list
}

// before checks that lines are on the tape in an order.
func (s *site) before(t *testing.T, lines ...string) {
	t.Helper()
	for i, line := range lines {
		if s.tape.Index(line) < 0 || i > 0 && s.tape.Index(lines[i-1]) > s.tape.Index(line) {
			t.Errorf("%q is not after %q:\n%s", line, lines[max(0, i-1)], strings.Join(s.tape.Lines(), "\n"))
		}
	}
}

// waiting makes the ledger wait with events of a type of an action until a line is on the tape.
func (s *site) waiting(kind ledger.Type, action, line string) {
	s.ledger.Before = func(events []ledger.Event) error {
		data, _ := events[0].Data.(map[string]any)
		if events[0].Type != kind || data["action"] != action {
			return nil
		}
		for deadline := time.Now().Add(10 * time.Second); s.tape.Index(line) < 0; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				return errors.New("it did not come: " + line)
			}
		}
		return nil
	}
}

func TestOneWaveIsAtTheSystemWhileTheOtherIsWrittenDown(t *testing.T) {
	for _, c := range []struct {
		kind ledger.Type
		line string
	}{{ledger.Intent, "inspect A-01"}, {ledger.Receipt, "apply A-01"}} {
		t.Run(string(c.kind), func(t *testing.T) {
			s := open(t)
			s.Batch = 1
			list := s.crowd(4)
			s.waiting(c.kind, "A-00", c.line)
			got := s.run(t, list...)
			for _, r := range list {
				want(t, got, r.ID+" done")
			}
		})
	}
}

func TestChangesComeInTheOrderOfTheWaves(t *testing.T) {
	s := open(t)
	s.Batch = 2
	list := s.crowd(8)
	save := s.records.Before
	s.records.Before = func(docs []access.Document) error { // what is written about every other wave takes long
		if slices.Contains([]string{"A-00", "A-04"}, docs[0].ID) {
			time.Sleep(20 * time.Millisecond)
		}
		return save(docs)
	}
	var mu sync.Mutex
	at, most := 0, 0
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		at += n
		most = max(most, at)
	}
	note := s.system.Before
	s.system.Before = func(ctx context.Context, op remediatetest.Op, a access.Action) error {
		count(1)
		time.Sleep(time.Millisecond)
		return note(ctx, op, a)
	}
	s.system.After = func(context.Context, remediatetest.Op, access.Action) error { count(-1); return nil }
	s.run(t, list...)
	for i := 0; i < 6; i += 2 {
		for _, pair := range [][2]int{{i, i + 2}, {i, i + 3}, {i + 1, i + 2}, {i + 1, i + 3}} {
			s.before(t, "apply "+list[pair[0]].ID, "apply "+list[pair[1]].ID)
		}
	}
	if most != 2 {
		t.Errorf("%d accounts of waves of 2 at the same time", most)
	}
}

func TestAnActionWaitsForTheOneBeforeOnItsAccount(t *testing.T) {
	s := open(t)
	s.Batch = 1
	got := s.run(t, planned("A-1", access.RemoveEntitlement, "ada", "payroll"), planned("A-2", access.DisableAccount, "ada", ""),
		planned("A-3", access.DisableAccount, "grace", ""))
	want(t, got, "A-1 done", "A-2 done", "A-3 done")
	s.before(t, "apply A-1", "save A-1 done", "inspect A-2", "apply A-2")
}

func TestWithARateWavesAreShortAndDoNotOverlap(t *testing.T) {
	s := open(t)
	sys := s.Systems["erp"]
	sys.Rate = 0.3 // three in ten seconds
	s.Systems["erp"] = sys
	s.Now = func() time.Time { return time.Now().Add(time.Hour) } // the first change need not wait
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := s.Run(ctx, s.keep(t, s.crowd(6)...)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the run says %v", err)
	}
	looks, changes := s.system.Calls(remediatetest.Inspect), s.system.Calls(remediatetest.Apply)
	if looks != 3 || changes != 1 || s.tape.Index("inspect A-03") >= 0 {
		t.Errorf("%d looks and %d changes, want 3 and 1: accounts are not looked at long before their turn:\n%s", looks, changes, strings.Join(s.tape.Lines(), "\n"))
	}
}

func TestAWaveThatCannotBeWrittenDownEndsTheNext(t *testing.T) {
	s := open(t)
	s.Batch = 1
	s.ledger.Before = refuse(ledger.Receipt, errors.New("the disk is full"))
	list := s.crowd(6)
	if _, err := s.Run(t.Context(), s.keep(t, list...)); err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("the run says %v", err)
	}
	for _, r := range list[2:] {
		if s.system.Changes()[r.ID] > 0 {
			t.Errorf("%s was done although nothing can be written", r.ID)
		}
	}
	s.ledger.Before = nil
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.run2(t)
	for id, r := range s.stored(t) {
		if r.State != remediate.Done || s.system.Changes()[id] != 1 {
			t.Errorf("%s ends as %s and was done %d times", id, r.State, s.system.Changes()[id])
		}
	}
}
