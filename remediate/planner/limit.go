package planner

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// CausePerson is the cause of a hold that a person set.
const CausePerson = "person"

const (
	causeTooMany = "too-many"
	causeClock   = "clock"
)

// limit holds everything new in a system where too many accounts would be touched, and everything new everywhere when the clock jumped. What
// is held already counts; what somebody agreed to does not. A hold that is open holds on, however few are left, until a person releases it.
func (p *planning) limit(all []proposal) {
	byPerson := map[string]string{} // by system: id of the hold
	for _, h := range p.in.Holds {
		if h.Cause == CausePerson {
			byPerson[h.System] = h.ID
		}
	}
	var fresh []*proposal
	touched := map[string]map[string]bool{} // by system: accounts that were touched since they were read
	for i := range all {
		one := &all[i]
		switch one.State {
		case remediate.Planned:
			if id := cmp.Or(byPerson[""], byPerson[one.System]); id != "" {
				one.State, one.Why = remediate.Held, "by "+id // what was agreed to as well
			} else if !p.agreed(one) {
				fresh = append(fresh, one)
			}
		case remediate.Applying, remediate.Done, remediate.Ordered:
			if !p.agreed(one) && !p.after(one.Record) {
				note(touched, one)
			}
		}
	}
	if id := p.clockHold(fresh); id != "" {
		hold(fresh, id)
		fresh = nil
	}
	bySystem := map[string][]*proposal{}
	for _, one := range fresh {
		bySystem[one.System] = append(bySystem[one.System], one)
	}
	for _, name := range slices.Sorted(maps.Keys(bySystem)) {
		if id := p.tooMany(name, bySystem[name], touched[name]); id != "" {
			hold(bySystem[name], id)
		}
	}
}

// agreed reports whether people agreed to an action: to itself, or by the release of a hold that held it.
func (p *planning) agreed(one *proposal) bool { return one.Approval != "" || one.Hold != "" }

func hold(list []*proposal, id string) {
	for _, one := range list {
		one.State, one.Why, one.Hold = remediate.Held, "by "+id, id
	}
}

func note(accounts map[string]map[string]bool, one *proposal) {
	if accounts[one.System] == nil {
		accounts[one.System] = map[string]bool{}
	}
	accounts[one.System][accountOf(one)] = true
}

// accountOf tells accounts apart; one that is to be created goes by its name.
func accountOf(one *proposal) string {
	if one.Account.ID != "" {
		return "id " + one.Account.ID
	}
	return "name " + one.Account.Name
}

// tooMany holds a system's list when it touches more accounts than one run may, and gives the hold's id; touched are those that the run
// touched before.
func (p *planning) tooMany(name string, list []*proposal, touched map[string]bool) string {
	sys := p.in.Systems[name]
	accounts := map[string]bool{}
	for _, one := range list {
		accounts[accountOf(one)] = true
	}
	maps.Copy(accounts, touched)
	most := sys.Limit
	if share := int(max(1, math.Floor(sys.Percent*float64(sys.Accounts)/100))); share < most {
		most = share
	}
	old, open := p.open(name, causeTooMany)
	if !open && len(accounts) <= most {
		return ""
	}
	why := fmt.Sprintf("%d of %d accounts of %s would be touched; one run may touch %d (max_accounts %d, max_percent %v)", len(accounts), sys.Accounts, name, most, sys.Limit, sys.Percent)
	if open && len(accounts) <= most {
		why += "; it holds since " + old.At.Format(time.DateOnly) + " until somebody releases it"
	}
	h := p.hold(name, causeTooMany, why, list)
	if open {
		if old.Digest == h.Digest {
			return old.ID
		}
		h.ID, h.At, h.Version = old.ID, old.At, old.Version
	} else if _, before := p.released[h.ID]; before {
		for _, one := range list {
			one.Hold = h.ID // just this was released
		}
		return ""
	}
	h.Accounts = len(accounts)
	p.holds = append(p.holds, h)
	return h.ID
}

// open finds an open hold.
func (p *planning) open(system, cause string) (access.Hold, bool) {
	for _, h := range p.in.Holds {
		if h.System == system && h.Cause == cause {
			return h, true
		}
	}
	return access.Hold{}, false
}

// hold makes a hold of a list. Its id follows from what it holds: one that was released is not raised again.
func (p *planning) hold(system, cause, why string, list []*proposal) access.Hold {
	keys := make([]string, 0, len(list))
	for _, one := range list {
		keys = append(keys, one.Key)
	}
	digest := digestOf(keys)
	return access.Hold{ID: remediate.ShortID("H-", p.in.Run.ID, system, cause, digest), System: system, Cause: cause, Reason: why, Run: p.in.Run.ID, Actions: len(list), Digest: digest,
		At: p.in.Run.AsOf}
}

// digestOf is what a hold says of the keys that it holds.
func digestOf(keys []string) string {
	slices.Sort(keys)
	return remediate.Hash(keys...)
}

// clockHold is the hold of a clock that jumped: one that is open, or a new one. Once released, it is believed for that run.
func (p *planning) clockHold(list []*proposal) string {
	if old, open := p.open("", causeClock); open {
		return old.ID
	}
	why := p.clock()
	if why == "" || slices.ContainsFunc(p.in.Released, func(h access.Hold) bool { return h.Cause == causeClock && h.Run == p.in.Run.ID }) {
		return ""
	}
	h := p.hold("", causeClock, why, list)
	accounts := map[string]bool{}
	for _, one := range list {
		accounts[one.System+"\x00"+accountOf(one)] = true
	}
	h.Accounts = len(accounts)
	p.holds = append(p.holds, h)
	return h.ID
}

// clock says what is wrong with the run's clock against that of the run before.
func (p *planning) clock() string {
	if p.in.Previous.IsZero() || p.in.MaxGap <= 0 {
		return ""
	}
	gap := p.in.Run.AsOf.Sub(p.in.Previous)
	switch {
	case gap > p.in.MaxGap:
		return fmt.Sprintf("the clock of this run is %s after that of the run before (max_gap %s): is it right?", Days(gap.Truncate(24*time.Hour)), Days(p.in.MaxGap))
	case gap < 0:
		return fmt.Sprintf("the clock of this run lies %s before that of the run before: is it right?", (-gap).Truncate(time.Minute))
	}
	return ""
}
