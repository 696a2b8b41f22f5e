package vocabulary

import (
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"muster/internal/access"
)

func accountFields() []Field {
	of := func(get func(*access.AccountFacts) string) func(*Object) string {
		return func(o *Object) string { return get(o.account) }
	}
	is := func(get func(*access.AccountFacts) bool) func(*Object) bool {
		return func(o *Object) bool { return get(o.account) }
	}
	at := func(get func(*access.AccountFacts) time.Time) func(*Object) time.Time {
		return func(o *Object) time.Time { return get(o.account) }
	}
	return []Field{
		word("system", "name of the system", of(func(a *access.AccountFacts) string { return a.System })),
		text("id", "the system's immutable id", of(func(a *access.AccountFacts) string { return a.ID })),
		text("name", "login name", of(func(a *access.AccountFacts) string { return a.Name })),
		text("display_name", "full name as the system shows it", of(func(a *access.AccountFacts) string { return a.DisplayName })),
		identity("email", "e-mail address in the system", of(func(a *access.AccountFacts) string { return a.Email })),
		identity("upn", "user principal name in the system", of(func(a *access.AccountFacts) string { return a.UPN })),
		identity("employee_id", "worker id that the system carries", of(func(a *access.AccountFacts) string { return a.EmployeeID })),
		identity("owner", "worker id of the owner of a service, shared or break-glass account", of(accountOwner)),
		identity("owner_name", "name of that owner, when HR knows them", of(func(a *access.AccountFacts) string {
			if a.Owner == nil {
				return ""
			}
			return PersonName(a.Owner)
		})),
		identity("owner_status", "HR status of that owner", of(func(a *access.AccountFacts) string {
			if a.Owner == nil {
				return ""
			}
			return string(a.Owner.Status)
		})).oneOf("prehire", "active", "leave", "terminated", "unknown"),
		identity("owner_ref", "what the system itself writes down as the owner", of(func(a *access.AccountFacts) string { return a.OwnerRef })),
		word("kind", "human, service, shared or break-glass", of(func(a *access.AccountFacts) string { return string(a.Kind) })).
			oneOf("human", "service", "shared", "break-glass"),
		flag("enabled", "the account can be used now", is(func(a *access.AccountFacts) bool { return a.Enabled })),
		flag("locked", "locked in a way that time or an administrator lifts", is(func(a *access.AccountFacts) bool { return a.Locked })),
		flag("privileged", "administrative power of the account itself", is(func(a *access.AccountFacts) bool { return a.Privileged })),
		flag("privileged_effective", "privileged itself or by an effective grant", is(func(a *access.AccountFacts) bool { return a.PrivilegedEffective })),
		{Name: "mfa", Type: cel.BoolType, Doc: "multi-factor authentication is set up; absent when the system does not tell", Optional: true,
			get: func(o *Object) ref.Val {
				if o.account.MFA == access.Unknown {
					return nil
				}
				return types.Bool(o.account.MFA == access.Yes)
			}, set: func(o *Object) bool { return o.account.MFA != access.Unknown }},
		moment("created_at", "when it was created", at(func(a *access.AccountFacts) time.Time { return a.CreatedAt })),
		moment("last_login", "last login that the system knows of", at(func(a *access.AccountFacts) time.Time { return a.LastLogin })),
		flag("never_logged_in", "the system tells logins and there was none", is(func(a *access.AccountFacts) bool { return a.NeverLoggedIn })),
		moment("password_changed_at", "last change of the password", at(func(a *access.AccountFacts) time.Time { return a.PasswordChangedAt })),
		moment("expires_at", "when the account stops working", at(func(a *access.AccountFacts) time.Time { return a.ExpiresAt })),
		attributes("further attributes that the collector reads", func(o *Object) map[string]string { return o.account.Attributes }),
		word("link", "linked, unmatched, disputed or service-owned", of(func(a *access.AccountFacts) string { return string(a.Link.Result) })).
			oneOf("linked", "unmatched", "disputed", "service-owned"),
		{Name: "link_key", Type: cel.StringType, Doc: "key that decided the link: map, employee_id, email, upn, username, username@domain",
			Optional: true, get: func(o *Object) ref.Val {
				if o.account.Link.Key == "" {
					return nil
				}
				return o.scene.word(string(o.account.Link.Key))
			}, set: func(o *Object) bool { return o.account.Link.Key != "" }},
		text("link_evidence", "what each key compared and how many persons it matched",
			of(func(a *access.AccountFacts) string { return strings.Join(a.Link.Evidence, ", ") })),
		value("grants", cel.ListType(objectType("grant")), "entitlements held, by name", func(o *Object) ref.Val { return o.scene.grants(o.account) }),
		count("grant_count", "how many entitlements it holds", func(o *Object) int { return held(o.account) }),
		{Name: "previous_grant_count", Type: cel.IntType, Doc: "how many it held in the snapshot before; absent when there is none",
			Optional: true, get: func(o *Object) ref.Val {
				if o.account.PreviousGrants < 0 {
					return nil
				}
				return types.Int(o.account.PreviousGrants)
			}, set: func(o *Object) bool { return o.account.PreviousGrants >= 0 }},
		moment("previous_taken_at", "moment of the snapshot before", at(func(a *access.AccountFacts) time.Time { return a.PreviousTakenAt })),
		text("source", "where in the source: row, DN, path", of(func(a *access.AccountFacts) string { return a.SourceRef })),
	}
}

// accountOwner is the owner of a service-owned account; a linked person is no owner in this sense.
func accountOwner(a *access.AccountFacts) string {
	if a.Link.Result != access.ServiceOwned {
		return ""
	}
	return a.Link.PersonID
}

func held(a *access.AccountFacts) int {
	n := 0
	for i := range a.Grants {
		if a.Grants[i].Actual {
			n++
		}
	}
	return n
}

func noAccount(o *Object) error {
	if o.account == nil {
		return errNoAccount
	}
	return nil
}
