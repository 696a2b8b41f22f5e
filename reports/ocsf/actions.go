package ocsf

import (
	"cmp"
	"io"
	"strings"

	"muster/internal/access"
)

// Change is one action and what came of it.
type Change struct {
	Action  access.Action
	Receipt access.Receipt
	State   string // the record's state: done, verified, contradicted, ...; empty when it is not known
}

// Actions writes an event for each action with its receipt, in the stream's order: an Account Change for what happens to an account, a
// Group Management for a membership in a group, a User Access Management for any other entitlement. What only told people is a Base Event.
func Actions(w io.Writer, about About, stream func(yield func(Change) error) error) error {
	out := newLines(w)
	if err := stream(func(c Change) error { return out.write(change(c, about)) }); err != nil {
		return err
	}
	return out.flush()
}

// activity is the class, the id and the name of a kind of action.
func activity(a access.Action) (class, int, string) {
	inGroup := strings.EqualFold(a.Entitlement.Kind, "group")
	switch a.Kind {
	case access.CreateAccount:
		return accountChange(), 1, "Create"
	case access.EnableAccount:
		return accountChange(), 2, "Enable"
	case access.DisableAccount:
		return accountChange(), 5, "Disable"
	case access.DeleteAccount:
		return accountChange(), 6, "Delete"
	case access.SetExpiry, access.RevokeSessions:
		return accountChange(), other, string(a.Kind)
	case access.GrantEntitlement:
		if inGroup {
			return groupManagement(), 3, "Add User"
		}
		return userAccess(), 1, "Assign Privileges"
	case access.RemoveEntitlement:
		if inGroup {
			return groupManagement(), 4, "Remove User"
		}
		return userAccess(), 2, "Revoke Privileges"
	}
	return baseEvent(), other, string(a.Kind)
}

func change(c Change, about About) event {
	a, r := c.Action, c.Receipt
	class, id, name := activity(a)
	at := r.At
	if at.IsZero() && a.Before != nil {
		at = a.Before.At
	}
	e := class.event(id, name, at, about)
	e.severity(cmp.Or(a.Severity, access.Informational))
	e.Message, e.StatusDetail = a.Reason, r.Said
	e.Metadata.UID, e.Metadata.EventCode = a.ID, string(a.Kind)
	e.Metadata.Correlation = cmp.Or(a.Run, about.Run)
	e.StatusCode = string(r.Outcome)
	switch r.Outcome {
	case access.OutcomeDone, access.OutcomeAlready:
		e.StatusID, e.Status = 1, "Success"
	case "":
		e.StatusID, e.Status = other, "no receipt"
	default:
		e.StatusID, e.Status = other, string(r.Outcome) // ordered: a person does it, a later snapshot shows it
	}
	if class.uid != baseEvent().uid {
		e.User = userOf(a, r)
	}
	switch class {
	case accountChange():
		e.Actor = &actor{App: "Muster"}
	case groupManagement():
		e.Group = &group{UID: a.Entitlement.ID, Name: entitlement(a), Type: a.Entitlement.Kind}
	case userAccess():
		e.Privileges = []string{entitlement(a)}
	}
	if class == groupManagement() || class == userAccess() {
		e.Resource = &resource{Type: "system", Name: cmp.Or(a.System, "unknown")}
	}
	e.Unmapped = map[string]any{"system": a.System, "kind": string(a.Kind)}
	for key, value := range map[string]string{"state": c.State, "finding": a.FindingID, "rule": a.Rule, "undoes": a.Undoes, "entitlement_kind": a.Entitlement.Kind} {
		if value != "" {
			e.Unmapped[key] = value
		}
	}
	if r.Recovered {
		e.Unmapped["recovered"] = true
	}
	if a.Kind == access.SetExpiry {
		e.Unmapped["expires_at"] = milliseconds(a.ExpiresAt) // 0 takes the expiry away
	}
	return e
}

// userOf names the account whose access changed.
func userOf(a access.Action, r access.Receipt) *user {
	u := &user{UID: cmp.Or(a.Account.ID, r.After.AccountID), Name: cmp.Or(a.Account.Name, a.Attributes[access.AttrUserName]), FullName: a.PersonName, UIDAlt: a.Person, Domain: a.System}
	if u.UID == "" && u.Name == "" {
		u.Name = cmp.Or(a.Person, "unknown")
	}
	u.Account = &account{UID: u.UID, Name: u.Name}
	return u
}

func entitlement(a access.Action) string {
	return cmp.Or(a.Entitlement.Name, a.Entitlement.ID, "unknown")
}
