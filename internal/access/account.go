package access

import "time"

// AccountKind says what an Account is for.
type AccountKind string

// The kinds of account. A collector or the classification in the configuration decides; the default is human.
const (
	KindHuman      AccountKind = "human"
	KindService    AccountKind = "service"
	KindShared     AccountKind = "shared"
	KindBreakGlass AccountKind = "break-glass"
)

// Tri is a truth that a source may not tell.
type Tri int8

// The three values of Tri. The zero value is Unknown.
const (
	Unknown Tri = iota
	No
	Yes
)

// TriOf makes a Tri of a known truth.
func TriOf(b bool) Tri {
	if b {
		return Yes
	}
	return No
}

// Account is a login in a System, identified by (System, ID) where ID is immutable in that system, never the name.
type Account struct {
	System            string
	ID                string // immutable: entryUUID, objectGUID, SCIM id, role oid, uid; or the mapped key column of an export
	Name              string // the login name as the system shows it
	DisplayName       string
	Email             string
	UPN               string
	EmployeeID        string // the worker id that the system carries, if it does
	OwnerRef          string // who the system says owns a service or shared account: worker id, e-mail or login
	Kind              AccountKind
	Enabled           bool // the account can be used now: not disabled, locked, expired or without a login shell
	Locked            bool // a lock that time or an administrator lifts
	Privileged        bool // the account itself carries administrative power (superuser, uid 0), grants aside
	MFA               Tri
	CreatedAt         time.Time
	LastLogin         time.Time // zero means the source does not tell or there was none; see NeverLoggedIn
	NeverLoggedIn     bool      // the source tells logins and there was none
	PasswordChangedAt time.Time
	ExpiresAt         time.Time
	Attributes        map[string]string
	SourceRef         string // where in the source: "row 212", a DN, "/Users/2819c223"
}

// Class names the object class of a Record.
func (Account) Class() Class { return ClassAccount }

// Entitlement is something that an Account can hold in a System. Name is unique within the system and is what bundles, the
// SoD matrix and people use; ID is the system's immutable id.
type Entitlement struct {
	System      string
	ID          string
	Kind        string // group, role, licence, permission
	Name        string
	Description string
	Privileged  bool
	SourceRef   string
}

// Class names the object class of a Record.
func (Entitlement) Class() Class { return ClassEntitlement }

// Grant is one Account holding one Entitlement by one path. An account may hold the same entitlement by several paths; each
// path is a Grant of its own and they count as one when access is compared.
type Grant struct {
	System        string
	AccountID     string
	EntitlementID string
	Path          []string // names from the account's own group down to the entitlement's holder; empty means direct
	Effective     bool     // false: recorded but without effect now (membership without INHERIT, an expired grant)
	AdminOption   bool     // the holder may pass the entitlement on
	ExpiresAt     time.Time
}

// Class names the object class of a Record.
func (Grant) Class() Class { return ClassGrant }
