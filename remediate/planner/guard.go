package planner

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// guard blocks what must not be done: each action by its own merits. The order is that of how bad it would be.
func (p *planning) guard(all []proposal) {
	admins, holders := map[string]int{}, map[string]map[string]int{}
	for name, s := range p.in.Systems {
		admins[name], holders[name] = s.Admins, map[string]int{}
		for e, n := range s.Holders {
			holders[name][e] = n
		}
	}
	for i := range all {
		one := &all[i]
		if one.State != remediate.Planned && one.State != remediate.Waiting {
			continue
		}
		if why := p.block(one); why != "" {
			one.State, one.Why = remediate.Blocked, why
			continue
		}
		if why := lastAdmin(one, admins, holders[one.System]); why != "" {
			one.State, one.Why = remediate.Blocked, why
			continue
		}
		one.Once = p.in.Systems[one.System].Abilities.Kinds[one.Kind]
	}
}

// block says why an action must not be done now.
func (p *planning) block(one *proposal) string {
	sys, ok := p.in.Systems[one.System]
	switch {
	case !ok || !sys.Changes:
		return "the system is not configured to be changed"
	case !sys.Abilities.Can(one.Kind):
		return fmt.Sprintf("%s cannot %s: do it by hand", one.System, one.Kind)
	}
	if why := p.blind(one.System); why != "" {
		return why
	}
	if one.c != nil && one.c.Finding.Change == access.ChangeUnverified {
		return "the finding could not be looked at tonight"
	}
	if a := one.account; a != nil {
		switch {
		case a.Kind == access.KindBreakGlass:
			return "break-glass accounts are never touched"
		case slices.Contains(sys.Abilities.Self, a.ID) || slices.Contains(sys.Abilities.Self, a.Name):
			return "it is the account that muster itself uses"
		}
	}
	if sys.Protected != nil && (sys.Protected(one.Account.Name) || sys.Protected(one.Account.ID)) {
		return "the account is protected by the configuration"
	}
	if one.Entitlement.Name != "" && sys.Reserved != nil && sys.Reserved(one.Entitlement.Name) {
		return "the entitlement is protected by the configuration"
	}
	if one.NotBefore.After(p.in.Run.AsOf) {
		return "not before " + one.NotBefore.Format("2006-01-02 15:04 UTC") + ": the policy gives time"
	}
	return ""
}

// blind says which source of an action was not read whole tonight (invariants 1 and 2).
func (p *planning) blind(system string) string {
	if !p.in.HR.Tonight.Whole() {
		return "HR was not read whole tonight: " + reason(p.in.HR.Tonight)
	}
	if s, ok := p.in.Systems[system]; ok && !s.Facts.Tonight.Whole() {
		return system + " was not read whole tonight: " + reason(s.Facts.Tonight)
	}
	return ""
}

func reason(s access.Snapshot) string {
	if s.Reason != "" {
		return s.Reason
	}
	return string(s.State)
}

// lastAdmin keeps a system from losing its last administrator, and a privileged entitlement its last holder. It counts what the
// actions before this one take away.
func lastAdmin(one *proposal, admins map[string]int, holders map[string]int) string {
	a := one.account
	if a == nil || !a.Enabled || !one.Kind.Removes() || one.Kind == access.SetExpiry || one.Kind == access.RevokeSessions {
		return ""
	}
	if one.Kind == access.RemoveEntitlement {
		g := one.c.Grant
		if g == nil || !g.Entitlement.Privileged || !g.Effective {
			return ""
		}
		if holders[one.Entitlement.Name] <= 1 {
			return fmt.Sprintf("it is the last enabled account that holds %s", one.Entitlement.Name)
		}
		holders[one.Entitlement.Name]--
		return ""
	}
	if !a.PrivilegedEffective {
		return ""
	}
	if admins[one.System] <= 1 {
		return "it is the last enabled administrator of " + one.System
	}
	admins[one.System]--
	return ""
}

// CausePerson is the cause of a hold that a person set.
const CausePerson = "person"

const (
	causeTooMany = "too-many"
	causeClock   = "clock"
)

// limit holds everything new in a system where too many accounts would be touched, and everything new everywhere when the clock jumped.
// What is already held counts; what somebody agreed to does not.
func (p *planning) limit(all []proposal, fresh []*proposal) {
	stopped, byPerson := map[string]string{}, map[string]string{} // by system: id of the hold
	for _, h := range p.in.Holds {
		switch h.Cause {
		case causeClock:
			stopped[h.System] = h.ID
		case CausePerson:
			byPerson[h.System] = h.ID
		}
	}
	for i := range all { // a person's hold stops what was agreed to as well
		if one := &all[i]; one.State == remediate.Planned && cmp.Or(byPerson[""], byPerson[one.System]) != "" {
			one.State, one.Why = remediate.Held, "by "+cmp.Or(byPerson[""], byPerson[one.System])
		}
	}
	if why := p.clock(); why != "" && stopped[""] == "" {
		h := p.hold("", causeClock, why, nil)
		stopped[""] = h.ID
		p.holds = append(p.holds, h)
	}
	bySystem := map[string][]*proposal{}
	var names []string
	for _, one := range fresh {
		if one.State != remediate.Planned {
			continue
		}
		if id := stopped[""]; id != "" {
			one.State, one.Why = remediate.Held, "by "+id
			continue
		}
		if bySystem[one.System] == nil {
			names = append(names, one.System)
		}
		bySystem[one.System] = append(bySystem[one.System], one)
	}
	slices.Sort(names)
	for _, name := range names {
		list := bySystem[name]
		id := stopped[name]
		if id == "" {
			id = p.tooMany(name, list)
		}
		if id == "" {
			continue
		}
		for _, one := range list {
			one.State, one.Why = remediate.Held, "by "+id
		}
	}
}

// tooMany holds a system's list when it touches more accounts than one run may, and gives the hold's id.
func (p *planning) tooMany(name string, list []*proposal) string {
	sys := p.in.Systems[name]
	accounts := map[string]bool{}
	for _, one := range list {
		accounts[one.Account.Name+"\x00"+one.Account.ID] = true
	}
	most := sys.Limit
	if share := int(math.Max(1, math.Ceil(sys.Percent/100*float64(sys.Accounts)))); share < most {
		most = share
	}
	if len(accounts) <= most {
		return ""
	}
	why := fmt.Sprintf("%d of %d accounts of %s would be touched; one run may touch %d (max_accounts %d, max_percent %v)", len(accounts), sys.Accounts, name, most, sys.Limit, sys.Percent)
	h := p.hold(name, causeTooMany, why, list)
	for _, old := range p.in.Holds {
		if old.System == name && old.Cause == causeTooMany {
			if old.Digest == h.Digest {
				return old.ID
			}
			h.ID, h.At, h.Version = old.ID, old.At, old.Version
		}
	}
	h.Accounts = len(accounts)
	p.holds = append(p.holds, h)
	return h.ID
}

func (p *planning) hold(system, cause, why string, list []*proposal) access.Hold {
	keys := make([]string, 0, len(list))
	for _, one := range list {
		keys = append(keys, one.Key)
	}
	slices.Sort(keys)
	return access.Hold{ID: remediate.ShortID("H-", p.in.Run.ID, system, cause), System: system, Cause: cause, Reason: why, Run: p.in.Run.ID, Actions: len(list),
		Digest: remediate.Hash(keys...), At: p.in.Run.AsOf}
}

// clock says what is wrong with the run's clock against that of the run before.
func (p *planning) clock() string {
	if p.in.Previous.IsZero() || p.in.MaxGap <= 0 {
		return ""
	}
	gap := p.in.Run.AsOf.Sub(p.in.Previous)
	switch {
	case gap > p.in.MaxGap:
		return fmt.Sprintf("the clock of this run is %s after that of the run before (max_gap %s): is it right?", days(gap.Truncate(24*time.Hour)), days(p.in.MaxGap))
	case gap < 0:
		return fmt.Sprintf("the clock of this run lies %s before that of the run before: is it right?", (-gap).Truncate(time.Minute))
	}
	return ""
}
