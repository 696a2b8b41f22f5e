package targettest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"muster/internal/access"
)

// check is one property of a target. It returns an error and does not fail the test itself, so that the suite can be tested with targets
// that are broken on purpose.
type check struct {
	name   string
	cannot func(Capabilities) string // the declared reason not to ask; nil is always asked
	run    func(*bench) error
}

// Run checks the targets that h opens. Every check is a subtest.
func Run(t *testing.T, h Harness, s Suite) {
	t.Helper()
	if err := s.validate(); err != nil {
		t.Fatal(err)
	}
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			if c.cannot != nil {
				if why := c.cannot(s.Cannot); why != "" {
					t.Logf("not asked of this harness: %s", why)
					return
				}
			}
			if err := c.run(&bench{t: t, h: h, s: s}); err != nil {
				t.Error(err)
			}
		})
	}
}

func (s Suite) validate() error {
	if len(s.Actions) == 0 {
		return errors.New("suite has no actions")
	}
	ids := map[string]bool{}
	for kind, a := range s.Actions {
		switch {
		case a.Kind != kind:
			return fmt.Errorf("suite's action for %s is %q", kind, a.Kind)
		case a.ID == "" || ids[a.ID]:
			return fmt.Errorf("suite's action for %s needs an id of its own", kind)
		case kind == access.NotifyOwner:
			return errors.New("suite asks a target to notify an owner, which is no target's")
		}
		ids[a.ID] = true
		if (kind == access.GrantEntitlement || kind == access.RemoveEntitlement) && s.Nowhere == (access.HeldRef{}) {
			return errors.New("suite has no Nowhere, an entitlement that the fixture does not have")
		}
	}
	switch {
	case s.Gone.Account.Name == "" || s.Gone.ID == "":
		return errors.New("suite has no Gone, an action on an account that the fixture does not have")
	case s.Gone.Account.ID == "" && s.Cannot.ID == "":
		return errors.New("suite's Gone has no account id and Capabilities.ID does not say why")
	case s.Secret == "" && s.Cannot.Secret == "":
		return errors.New("suite has no Secret and Capabilities.Secret does not say why")
	}
	return nil
}

// kinds are those of the suite's actions, in the order of access.ActionKinds.
func (s Suite) kinds() []access.ActionKind {
	return slices.DeleteFunc(access.ActionKinds(), func(k access.ActionKind) bool { _, ok := s.Actions[k]; return !ok })
}

func checks() []check {
	requests := func(c Capabilities) string { return c.Requests }
	list := []check{
		{"abilities", nil, checkAbilities},
		{"inspect writes nothing", nil, checkInspect},
		{"looks from many goroutines", nil, checkConcurrent},
		{"receipt is confirmed", nil, checkReceipt},
		{"applied twice is once", nil, checkTwice},
		{"inverse restores", nil, checkInverse},
		{"changed meanwhile", func(c Capabilities) string { return c.Version }, checkVersion},
		{"account is not there", nil, checkGone},
		{"entitlement is not there", nil, checkNowhere},
		{"another account of the same name", func(c Capabilities) string { return c.ID }, checkForeign},
	}
	for _, f := range []struct {
		fault Fault
		kind  access.Kind
	}{{Unauthorised, access.Denied}, {Forbidden, access.Denied}, {Missing, access.NotFound}, {Clash, access.Conflict},
		{Throttled, access.Throttled}, {Unavailable, access.Transient}, {Dropped, access.Transient}} {
		list = append(list, check{"refused with " + string(f.fault), faultOf(f.fault), func(b *bench) error { return checkRefused(b, f.fault, f.kind) }})
	}
	return append(list,
		check{"committed and broken off", faultOf(Committed), checkCommitted},
		check{"cancelled before the start", nil, checkCancelledBefore},
		check{"inspect cancelled at every request", requests, checkInspectCancelled},
		check{"apply cancelled at every request", requests, checkApplyCancelled},
	)
}

func faultOf(f Fault) func(Capabilities) string {
	return func(c Capabilities) string { return c.Faults[f] }
}
