package postgres

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/remediate/postgres/cluster"
)

// bootstrap is the oid of the superuser that initdb made.
const bootstrap = "10"

// guard refuses to touch what must not be touched, whatever the plan says.
func (t *Target) guard(s *cluster.Session, a access.Action, v *view) error {
	if a.Kind == access.CreateAccount {
		return t.guardName(a)
	}
	switch r := v.role; {
	case r == nil:
		return nil
	case r.OID == bootstrap:
		return t.fail(a, access.Denied, "it is the bootstrap superuser")
	case strings.HasPrefix(r.Name, "pg_"):
		return t.fail(a, access.Invalid, "it is a role of the server's own")
	case slices.Contains(s.Me.OIDs, r.OID):
		return t.fail(a, access.Denied, "it is the role that muster itself connects as")
	}
	return nil
}

// guardName refuses names that the server would cut or keeps for itself.
func (t *Target) guardName(a access.Action) error {
	switch name := userName(a); {
	case name == "":
		return t.fail(a, access.Invalid, "the account to create has no user name")
	case len(name) > 63: // NAMEDATALEN
		return t.fail(a, access.Invalid, "the user name is longer than the 63 bytes that the server keeps")
	case strings.HasPrefix(name, "pg_"), name == "public", name == "none", strings.ContainsRune(name, 0):
		return t.fail(a, access.Invalid, "the server keeps such names for itself")
	}
	return nil
}

// altersRole reports whether an action changes the role's own row.
func altersRole(a access.Action, v *view) bool {
	switch a.Kind {
	case access.DisableAccount, access.EnableAccount, access.SetExpiry, access.DeleteAccount:
		return true
	case access.GrantEntitlement, access.RemoveEntitlement:
		return v.held.attribute != ""
	}
	return false
}

// undone says why a change that raised no error is not to be seen.
func (t *Target) undone(a access.Action, v *view) error {
	e := &access.Error{System: t.spec.System, Op: operation(a), Kind: access.Denied, Err: errors.New("the server did not do it, though it raised no error")}
	switch {
	case a.Kind == access.EnableAccount && v.role != nil && v.role.Login:
		e.Kind, e.Err, e.Hint = access.Conflict, errors.New("its VALID UNTIL is over"), "set another expiry first"
	case a.Kind == access.RevokeSessions:
		e.Kind, e.Err, e.Hint = access.Transient, fmt.Errorf("%d sessions are still open", v.obs.Sessions), "disable the account first: it connects again"
	case v.held.privilege != "":
		e.Hint = "connect as a superuser, or as a member of the object's owner and of who granted the privilege"
	}
	return e
}

// fail makes an error about an action.
func (t *Target) fail(a access.Action, kind access.Kind, text string) error {
	return &access.Error{System: t.spec.System, Op: operation(a), Kind: kind, Err: errors.New(text)}
}

// operation is "disable account ada" or "grant entitlement staff".
func operation(a access.Action) string {
	op := strings.ReplaceAll(string(a.Kind), "-", " ")
	switch a.Kind {
	case access.GrantEntitlement, access.RemoveEntitlement:
		return fmt.Sprintf("%s %.80q", op, a.Entitlement.Name)
	case access.CreateAccount:
		return fmt.Sprintf("%s %.80q", op, userName(a))
	}
	return fmt.Sprintf("%s %.80q", op, a.Account.Name)
}

func userName(a access.Action) string {
	if name := a.Attributes[access.AttrUserName]; name != "" {
		return name
	}
	return a.Account.Name
}
