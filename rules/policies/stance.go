package policies

import (
	"muster/internal/access"
)

// Builtin is the name of the policy that holds where none of the files matches.
const Builtin = "built-in"

// stance is what a rule calls for when no policy says otherwise.
type stance struct {
	Scope   access.Scope        // of the rule; an own rule of that name and another scope has none of this
	Actions []access.ActionKind // in order
	Route   []string
	Expiry  access.OnExpiry // the safe state of the rule, when nobody decides
	Stays   string          // that state in words, when nothing is done
	Lacks   []string        // objects that such a finding never has
}

var (
	notify  = []access.ActionKind{access.NotifyOwner}
	disable = []access.ActionKind{access.DisableAccount}
	line    = []string{access.RouteManager, access.RouteOwner}
	keepers = []string{access.RouteOwner, access.RouteSecurity}
)

const (
	accountStays = "the account stays as it is"
	accessStays  = "the access stays as it is"
	nothingDone  = "nothing is changed"
)

// stances are those of the built-in rules. Refuse is the safe state of all but leavers: an access that HR says is over is the one thing
// that nobody's silence keeps alive.
func stances() map[string]stance {
	account := func(actions []access.ActionKind, route []string, lacks ...string) stance {
		return stance{access.ScopeAccount, actions, route, access.ExpiryRefuse, accountStays, lacks}
	}
	hr := stance{access.ScopePerson, notify, line, access.ExpiryRefuse, "HR's record stays as it is", nil}
	return map[string]stance{
		"orphaned-account":   account(disable, keepers, "person"),
		"disputed-link":      account(notify, keepers, "person"),
		"leaver-active":      {access.ScopeAccount, []access.ActionKind{access.DisableAccount, access.RevokeSessions}, append(line[:2:2], access.RouteSecurity), access.ExpiryApply, accountStays, nil},
		"contractor-expired": {access.ScopeAccount, disable, line, access.ExpiryApply, accountStays, nil},

		"post-termination-login":        account(notify, keepers),
		"dormant-account":               account(disable, line),
		"privileged-without-mfa":        account(notify, line),
		"access-spike":                  account(notify, line),
		"shared-account":                account(notify, keepers),
		"service-account-without-owner": account(notify, keepers),

		"privilege-creep": {access.ScopeGrant, []access.ActionKind{access.RemoveEntitlement}, line, access.ExpiryRefuse, accessStays, nil},
		"missing-access":  {access.ScopeGrant, []access.ActionKind{access.GrantEntitlement}, []string{access.RouteOwner}, access.ExpiryRefuse, "the access is not granted", []string{"account"}},

		"sod-conflict":        {access.ScopePerson, notify, append(line[:2:2], access.RouteSecurity), access.ExpiryRefuse, accessStays, nil},
		"snapshot-incomplete": {access.ScopeSystem, notify, []string{access.RouteOwner}, access.ExpiryRefuse, nothingDone, nil},

		"hr-missing-manager": hr, "hr-unknown-manager": hr, "hr-unknown-department": hr, "hr-manager-cycle": hr, "hr-duplicate-worker-id": hr,
		"hr-duplicate-email": hr, "hr-contractor-without-end": hr, "hr-end-before-start": hr,
	}
}

// ofScope is the stance of an own rule.
func ofScope(scope access.Scope) stance {
	switch scope {
	case access.ScopeAccount:
		return stance{scope, disable, line, access.ExpiryRefuse, accountStays, nil}
	case access.ScopeGrant:
		return stance{scope, []access.ActionKind{access.RemoveEntitlement}, line, access.ExpiryRefuse, accessStays, nil}
	}
	return stance{scope, notify, []string{access.RouteOwner}, access.ExpiryRefuse, nothingDone, nil}
}

// stanceOf is what a rule calls for, and whether Muster ships the rule.
func stanceOf(known map[string]stance, rule string, scope access.Scope) (stance, bool) {
	if st, ok := known[rule]; ok && st.Scope == scope {
		return st, true
	}
	return ofScope(scope), false
}

// sensible lists the actions that can mend what a rule finds.
func sensible(rule string, scope access.Scope, shipped bool) []access.ActionKind {
	switch {
	case scope == access.ScopeAccount && shipped:
		return []access.ActionKind{access.NotifyOwner, access.SetExpiry, access.RevokeSessions, access.DisableAccount, access.DeleteAccount}
	case scope == access.ScopeAccount:
		return []access.ActionKind{access.NotifyOwner, access.EnableAccount, access.SetExpiry, access.RevokeSessions, access.DisableAccount, access.DeleteAccount}
	case shipped && rule == "missing-access":
		return []access.ActionKind{access.NotifyOwner, access.CreateAccount, access.GrantEntitlement}
	case scope == access.ScopeGrant && shipped:
		return []access.ActionKind{access.NotifyOwner, access.RevokeSessions, access.RemoveEntitlement, access.DisableAccount}
	case scope == access.ScopeGrant:
		return []access.ActionKind{access.NotifyOwner, access.CreateAccount, access.GrantEntitlement, access.RevokeSessions, access.RemoveEntitlement, access.DisableAccount}
	}
	return notify
}

// SafeState says in words how things are when nobody decides about a finding of a rule in time.
func SafeState(rule string, p access.Policy) string {
	if p.OnExpiry == access.ExpiryApply {
		for _, done := range []struct {
			kind  access.ActionKind
			words string
		}{{access.DisableAccount, "the account is disabled"}, {access.RemoveEntitlement, "the entitlement is removed"}, {access.SetExpiry, "the account gets an end date"},
			{access.RevokeSessions, "the account's sessions are ended"}} {
			for _, kind := range p.Actions {
				if kind == done.kind {
					return done.words
				}
			}
		}
	}
	if st, ok := stances()[rule]; ok {
		return st.Stays
	}
	for _, kind := range p.Actions {
		switch kind {
		case access.DisableAccount, access.EnableAccount, access.SetExpiry, access.DeleteAccount:
			return accountStays
		case access.GrantEntitlement, access.CreateAccount:
			return "the access is not granted"
		}
	}
	return accessStays
}
