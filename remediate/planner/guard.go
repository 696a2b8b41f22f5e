package planner

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// guard blocks what must not be done: each action by its own merits. The order is that of how bad it would be.
func (p *planning) guard(all []proposal) {
	left := p.losses(all)
	for i := range all {
		one := &all[i]
		if one.State != remediate.Planned && one.State != remediate.Waiting {
			continue
		}
		why := p.block(one)
		if why == "" {
			why = left[one.System].take(one, false)
		}
		if why != "" {
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
	if why := cmp.Or(p.stale(), p.blind(one.System)); why != "" {
		return why
	}
	if one.c != nil && one.c.Finding.Change == access.ChangeUnverified {
		return unseen
	}
	if one.account != nil && one.account.Kind == access.KindBreakGlass {
		return "break-glass accounts are never touched"
	}
	if own(sys.Abilities.Self, one.Account) {
		return "it is the account that muster itself uses"
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

// stale says that the run is not of these days: nobody has looked for long, or its clock was wrong. What it saw is no reason to do
// anything now, whoever releases it.
func (p *planning) stale() string {
	apart := p.in.Clock.Sub(p.in.Run.AsOf)
	if p.in.Clock.IsZero() || p.in.MaxGap <= 0 || apart.Abs() <= p.in.MaxGap {
		return ""
	}
	return fmt.Sprintf("the run looked at %s, and it is %s now (max_gap %s): the next run looks again", p.in.Run.AsOf.Format(time.DateOnly), p.in.Clock.Format(time.DateOnly), Days(p.in.MaxGap))
}

// unseen is why nothing is done about a finding that stands as it was.
const unseen = "the finding could not be looked at tonight"

// own reports whether an account is one of those that Muster itself uses; systems differ in what they call it and in whether case counts.
func own(self []string, a access.AccountRef) bool {
	return slices.ContainsFunc(self, func(s string) bool {
		return s != "" && (s == a.ID || strings.EqualFold(s, a.Name) || strings.EqualFold(s, a.SourceRef))
	})
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
