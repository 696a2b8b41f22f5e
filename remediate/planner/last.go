package planner

import (
	"fmt"

	"muster/internal/access"
	"muster/remediate"
)

// losses counts what a system must not lose the last of, as the actions of a plan take it away one after the other.
type losses struct {
	system  string
	admins  int
	holders map[string]int             // of each privileged entitlement, by name
	gone    map[string]bool            // accounts, by id, that are no administrators any more
	taken   map[string]map[string]bool // entitlements by account id
}

// losses starts from what the snapshots show, less what was done since.
func (p *planning) losses(all []proposal) map[string]*losses {
	out := map[string]*losses{}
	for name, s := range p.in.Systems {
		l := &losses{system: name, admins: s.Admins, holders: map[string]int{}, gone: map[string]bool{}, taken: map[string]map[string]bool{}}
		for e, n := range s.Holders {
			l.holders[e] = n
		}
		out[name] = l
	}
	for i := range all {
		if one := &all[i]; one.State == remediate.Applying || one.State == remediate.Done || one.State == remediate.Ordered {
			out[one.System].take(one, true)
		}
	}
	return out
}

// take counts what an action takes away, or says why it must not: it would be the last of its kind. What is done already is counted
// whatever it was.
func (l *losses) take(one *proposal, done bool) string {
	a := one.account
	if l == nil || a == nil || !a.Enabled || !one.Kind.Removes() || one.Kind == access.RevokeSessions {
		return ""
	}
	takes := heavy(a)
	if one.Kind == access.RemoveEntitlement {
		takes = nil
		if g := grantOf(one); g != nil && g.Entitlement.Privileged && g.Effective {
			takes = []string{g.Entitlement.Name}
		}
	}
	var left []string
	for _, e := range takes {
		if !l.taken[a.ID][e] {
			left = append(left, e)
		}
	}
	if one.Kind == access.RemoveEntitlement && !done && len(left) == 1 && l.holders[left[0]] <= 1 {
		return fmt.Sprintf("it is the last enabled account that holds %s", left[0])
	}
	ends := a.PrivilegedEffective && !l.gone[a.ID] && (one.Kind != access.RemoveEntitlement || len(left) == 1 && l.only(a, left[0]))
	if ends && !done && l.admins <= 1 {
		return "it is the last enabled administrator of " + l.system
	}
	if ends {
		l.gone[a.ID] = true
		l.admins--
	}
	if l.taken[a.ID] == nil {
		l.taken[a.ID] = map[string]bool{}
	}
	for _, e := range left {
		l.taken[a.ID][e] = true
		l.holders[e]--
	}
	return ""
}

// only reports whether an entitlement is the last that makes an account an administrator.
func (l *losses) only(a *access.AccountFacts, entitlement string) bool {
	if a.Privileged {
		return false
	}
	for _, e := range heavy(a) {
		if e != entitlement && !l.taken[a.ID][e] {
			return false
		}
	}
	return true
}

// heavy lists the privileged entitlements that an account holds with effect.
func heavy(a *access.AccountFacts) []string {
	var out []string
	for _, g := range a.Grants {
		if g.Entitlement.Privileged && g.Effective && g.Actual {
			out = append(out, g.Entitlement.Name)
		}
	}
	return out
}

// grantOf is what an action takes away.
func grantOf(one *proposal) *access.GrantFacts {
	for i := range one.account.Grants {
		if g := &one.account.Grants[i]; g.Entitlement.Name == one.Entitlement.Name {
			return g
		}
	}
	return one.c.Grant
}
