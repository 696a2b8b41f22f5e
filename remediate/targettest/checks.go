package targettest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// checkAbilities wants an example of every kind, and what cannot be undone said in words.
func checkAbilities(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		can := p.sys.Target.Abilities()
		if len(can.Kinds) == 0 {
			return errors.New("the target can do nothing")
		}
		for kind := range can.Kinds {
			if _, ok := b.s.Actions[kind]; !ok {
				return fmt.Errorf("the target can do %s and the suite has no example of it", kind)
			}
		}
		for kind := range b.s.Actions {
			if !can.Can(kind) {
				return fmt.Errorf("the suite has an example of %s and the target cannot do it", kind)
			}
			if b.s.Cannot.Inverse[kind] != "" && can.Kinds[kind] == "" && !can.Orders {
				return fmt.Errorf("what the inverse of %s cannot restore is not said in Abilities", kind)
			}
		}
		return nil
	})
}

// checkInspect looks twice at what every action concerns and wants the same answer, no change, and the account also by its name.
func checkInspect(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		before := p.sys.Dump()
		for _, kind := range b.s.kinds() {
			if err := p.look(p.action(kind)); err != nil {
				return fmt.Errorf("%s: %w", kind, err)
			}
			if err := differ("inspect of "+string(kind), before, p.sys.Dump()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *place) look(a access.Action) error {
	first, err := p.inspect(a)
	if err != nil {
		return err
	}
	second, err := p.inspect(a)
	switch {
	case err != nil:
		return err
	case first.Shows(a):
		return errors.New("the fixture shows the change already: the example tells nothing")
	case first.At.IsZero() || first.At.Location() != time.UTC:
		return fmt.Errorf("it was looked at at %v, want a moment in UTC", first.At)
	case alike(first) != alike(second):
		return fmt.Errorf("two looks differ:\n%s%s", alike(first), alike(second))
	case first.Unseen:
		return nil
	case first.Exists == (a.Kind == access.CreateAccount):
		return fmt.Errorf("exists is %t", first.Exists)
	case !first.Exists:
		return nil
	case a.Account.ID != "" && first.AccountID != a.Account.ID:
		return fmt.Errorf("account id %q, want %q", first.AccountID, a.Account.ID)
	case first.AccountID == "" && p.b.s.Cannot.ID == "":
		return errors.New("it gives no account id")
	}
	a.Account.ID, a.Account.SourceRef = "", ""
	byName, err := p.inspect(a)
	if err != nil {
		return fmt.Errorf("by name alone: %w", err)
	}
	if alike(byName) != alike(first) {
		return fmt.Errorf("found by its name the account is another:\n%s%s", alike(first), alike(byName))
	}
	return nil
}

// alike is an observation as text, without the time.
func alike(o access.Observation) string {
	o.At = time.Time{}
	return text(o)
}

func checkConcurrent(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		var g sync.WaitGroup
		var mu sync.Mutex
		var errs []error
		for range 4 {
			for _, kind := range b.s.kinds() {
				a := p.action(kind)
				want, err := p.inspect(a)
				if err != nil {
					return err
				}
				g.Go(func() {
					got, err := p.inspect(a)
					if err == nil && alike(got) != alike(want) {
						err = fmt.Errorf("%s: two looks differ:\n%s%s", kind, alike(want), alike(got))
					}
					mu.Lock()
					errs = append(errs, err)
					mu.Unlock()
				})
			}
		}
		g.Wait()
		return errors.Join(errs...)
	})
}

// checkReceipt wants a receipt that says what a look of the suite's own and the dump show too.
func checkReceipt(b *bench) error {
	return b.each(Scenario{}, func(p *place, a access.Action) error {
		before := p.sys.Dump()
		a, receipt, err := p.done(a)
		if err != nil {
			return err
		}
		want := access.OutcomeDone
		if p.orders() {
			want = access.OutcomeOrdered
		}
		obs, err := p.inspect(a)
		switch {
		case err != nil:
			return fmt.Errorf("inspect afterwards: %w", err)
		case receipt.Outcome != want:
			return fmt.Errorf("outcome %q, want %q", receipt.Outcome, want)
		case receipt.Action != a.ID:
			return fmt.Errorf("the receipt is for %q, want %q", receipt.Action, a.ID)
		case receipt.Said == "":
			return errors.New("the receipt does not say what the system said")
		case receipt.At.IsZero() || receipt.At.Location() != time.UTC:
			return fmt.Errorf("the receipt is of %v, want a moment in UTC", receipt.At)
		case !receipt.After.Shows(a):
			return fmt.Errorf("the receipt's re-read does not show the change: %s", text(receipt.After))
		case !obs.Shows(a):
			return fmt.Errorf("a look afterwards does not show the change: %s", text(obs))
		case a.Kind == access.CreateAccount && !p.orders() && b.s.Cannot.ID == "" && (receipt.After.AccountID == "" || receipt.After.AccountID != obs.AccountID):
			return fmt.Errorf("the receipt says that the new account's id is %q, a look afterwards %q", receipt.After.AccountID, obs.AccountID)
		case p.sys.Dump() == before && a.Kind != access.RevokeSessions: // sessions are not in every dump
			return errors.New("the dump shows no change")
		}
		return nil
	})
}

// checkTwice wants the second time to change nothing and to say so, also with the observation of before the first time.
func checkTwice(b *bench) error {
	return b.each(Scenario{}, func(p *place, a access.Action) error {
		a, _, err := p.done(a)
		if err != nil {
			return err
		}
		once := p.sys.Dump()
		bare := a
		bare.Before = nil
		for _, again := range []access.Action{a, bare} {
			receipt, err := p.apply(again)
			switch {
			case err != nil:
				return fmt.Errorf("the second time: %w", err)
			case receipt.Outcome != access.OutcomeAlready && (!p.orders() || receipt.Outcome != access.OutcomeOrdered):
				return fmt.Errorf("the second receipt says %q, want %q", receipt.Outcome, access.OutcomeAlready)
			case !receipt.After.Shows(a):
				return fmt.Errorf("the second receipt does not show the change: %s", text(receipt.After))
			}
			if err := differ("the second time", once, p.sys.Dump()); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkInverse undoes every change and wants the first dump back, byte for byte; undone twice is undone once.
func checkInverse(b *bench) error {
	return b.each(Scenario{}, func(p *place, a access.Action) error {
		before := p.sys.Dump()
		a, receipt, err := p.done(a)
		if err != nil {
			return err
		}
		inverse, ok := remediate.Inverse(a, *a.Before)
		if !ok {
			return nil // sessions that were ended
		}
		inverse.ID = "A-INVERSE2"
		if a.Kind == access.CreateAccount {
			inverse.Account.ID = receipt.After.AccountID
		}
		inverse, undone, err := p.done(inverse)
		if err != nil {
			return fmt.Errorf("undo: %w", err)
		}
		if !undone.After.Shows(inverse) {
			return fmt.Errorf("undo: the re-read does not show it: %s", text(undone.After))
		}
		after := p.sys.Dump()
		if b.s.Cannot.Inverse[a.Kind] == "" {
			if err := differ("undo", before, after); err != nil {
				return err
			}
		}
		if _, err := p.apply(inverse); err != nil {
			return fmt.Errorf("undo a second time: %w", err)
		}
		return differ("undo a second time", after, p.sys.Dump())
	})
}

// checkVersion changes the account between the look and the change.
func checkVersion(b *bench) error {
	return b.each(Scenario{}, func(p *place, a access.Action) error {
		if a.Kind == access.CreateAccount || b.s.Cannot.Versions[a.Kind] != "" {
			return nil // there is no account yet whose version could be left behind
		}
		a, err := p.ready(a)
		if err != nil {
			return err
		}
		if a.Before.Version == "" {
			return errors.New("the observation has no version")
		}
		p.sys.Touch(a)
		touched := p.sys.Dump()
		_, err = p.apply(a)
		if kind := access.KindOf(err); kind != access.Conflict {
			return fmt.Errorf("an account that was changed meanwhile gave kind %q, want %q: %v", kind, access.Conflict, err)
		}
		if err := differ("refused", touched, p.sys.Dump()); err != nil {
			return err
		}
		if _, _, err := p.done(a); err != nil {
			return fmt.Errorf("after another look: %w", err)
		}
		return nil
	})
}
