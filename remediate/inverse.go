package remediate

import (
	"muster/internal/access"
)

// Inverse is the action that takes a back, given what a re-read showed right before a was applied. False when there is none: what
// was told or ended cannot be taken back, and what was there already is not undone. It has no ID yet.
func Inverse(a access.Action, before access.Observation) (access.Action, bool) {
	if before.Shows(a) {
		return access.Action{}, false
	}
	inverse := access.Action{Kind: inverseKind(a.Kind), System: a.System, Account: a.Account, Entitlement: a.Entitlement, Person: a.Person, PersonName: a.PersonName,
		Finding: a.Finding, FindingID: a.FindingID, Rule: a.Rule, Severity: a.Severity, AdminOption: a.AdminOption, Undoes: a.ID, Restore: before.Restore, Reason: "undo of " + a.ID}
	if before.AccountID != "" {
		inverse.Account.ID = before.AccountID
	}
	if a.Kind == access.SetExpiry {
		inverse.ExpiresAt = before.ExpiresAt
	}
	if a.Kind == access.DeleteAccount {
		inverse.Attributes = map[string]string{access.AttrUserName: a.Account.Name}
	}
	return inverse, inverse.Kind != ""
}

func inverseKind(k access.ActionKind) access.ActionKind {
	switch k {
	case access.DisableAccount:
		return access.EnableAccount
	case access.EnableAccount:
		return access.DisableAccount
	case access.CreateAccount:
		return access.DeleteAccount
	case access.DeleteAccount:
		return access.CreateAccount
	case access.RemoveEntitlement:
		return access.GrantEntitlement
	case access.GrantEntitlement:
		return access.RemoveEntitlement
	case access.SetExpiry:
		return access.SetExpiry
	}
	return "" // sessions that were ended and people who were told
}
