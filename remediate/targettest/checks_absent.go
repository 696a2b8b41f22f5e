package targettest

import (
	"errors"
	"fmt"

	"muster/internal/access"
)

// checkGone asks for every kind but creation on an account that is not there.
func checkGone(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		list := []access.Action{p.fill(b.s.Gone)}
		for _, kind := range b.s.kinds() {
			if a := p.action(kind); kind != access.CreateAccount {
				a.Account = list[0].Account
				list = append(list, a)
			}
		}
		for _, a := range list {
			obs, err := p.inspect(a)
			switch {
			case err != nil:
				return fmt.Errorf("%s: inspect: %w", a.Kind, err)
			case obs.Unseen:
				return nil // whoever carries out the order looks
			case obs.Exists || obs.AccountID != "":
				return fmt.Errorf("%s: an account that is not there exists: %s", a.Kind, text(obs))
			}
			if err := p.absent(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkNowhere asks for an entitlement that is not there.
func checkNowhere(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		for _, kind := range []access.ActionKind{access.GrantEntitlement, access.RemoveEntitlement} {
			if _, ok := b.s.Actions[kind]; !ok {
				continue
			}
			a := p.action(kind)
			a.Entitlement = b.s.Nowhere
			obs, err := p.inspect(a)
			if err != nil && access.KindOf(err) != access.NotFound {
				return fmt.Errorf("%s: inspect: %w", kind, err)
			}
			if obs.Unseen {
				return nil
			}
			if obs.Holds {
				return fmt.Errorf("%s: an entitlement that is not there is held", kind)
			}
			if err := p.absent(a); err != nil {
				return err
			}
		}
		return nil
	})
}

// absent wants a change of what is not there to be NotFound, or to be there already, and to change nothing.
func (p *place) absent(a access.Action) error {
	before := p.sys.Dump()
	receipt, err := p.apply(a)
	switch {
	case err != nil && access.KindOf(err) != access.NotFound:
		return fmt.Errorf("%s: what is not there gave kind %q, want %q: %w", a.Kind, access.KindOf(err), access.NotFound, err)
	case err == nil && (receipt.Outcome != access.OutcomeAlready || !receipt.After.Shows(a)):
		return fmt.Errorf("%s: what is not there gave outcome %q and no error: %s", a.Kind, receipt.Outcome, text(receipt.After))
	}
	return differ(string(a.Kind), before, p.sys.Dump())
}

// checkForeign asks for every kind with the id of an account that is not there and the name of one that is: a new account that got an
// old name.
func checkForeign(b *bench) error {
	return b.with(Scenario{}, func(p *place) error {
		before := p.sys.Dump()
		for _, kind := range b.s.kinds() {
			a := p.action(kind)
			if kind == access.CreateAccount {
				continue
			}
			a.Account.ID, a.Account.SourceRef = p.fill(b.s.Gone).Account.ID, ""
			obs, err := p.inspect(a)
			if err != nil {
				return fmt.Errorf("%s: inspect: %w", kind, err)
			}
			if obs.Unseen {
				return nil
			}
			if obs.Exists && obs.AccountID == a.Account.ID {
				return fmt.Errorf("%s: the account of the same name is said to have the id %s", kind, obs.AccountID)
			}
			receipt, err := p.apply(a)
			if k := access.KindOf(err); err != nil && k != access.Conflict && k != access.NotFound {
				return fmt.Errorf("%s: another account gave kind %q: %w", kind, k, err)
			}
			if err == nil && receipt.Outcome != access.OutcomeAlready {
				return fmt.Errorf("%s: another account of the same name was changed", kind)
			}
			if err := differ(string(kind), before, p.sys.Dump()); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkRefused wants the Kind that the retry decision reads, and nothing changed.
func checkRefused(b *bench, f Fault, kind access.Kind) error {
	return b.with(Scenario{Fault: f}, func(p *place) error {
		before := p.sys.Dump()
		var errs []error
		for _, k := range b.s.kinds() {
			a, err := p.ready(p.action(k))
			if err == nil {
				_, err = p.apply(a)
			}
			switch {
			case err == nil:
				err = errors.New("no error")
			case access.KindOf(err) == kind:
				err = nil
			default:
				err = fmt.Errorf("kind %q, want %q: %w", access.KindOf(err), kind, err)
			}
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", k, err))
			}
		}
		return errors.Join(append(errs, differ("refused", before, p.sys.Dump()))...)
	})
}
