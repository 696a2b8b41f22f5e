package access

import (
	"encoding/json"
	"time"
)

// ActionKind is what an Action does to an Account. The words are those of SCIM and NIST SP 800-53 AC-2 (create, enable, modify,
// disable, remove accounts).
type ActionKind string

// The kinds of action.
const (
	DisableAccount    ActionKind = "disable-account"
	EnableAccount     ActionKind = "enable-account"
	DeleteAccount     ActionKind = "delete-account"
	CreateAccount     ActionKind = "create-account"
	RemoveEntitlement ActionKind = "remove-entitlement"
	GrantEntitlement  ActionKind = "grant-entitlement"
	SetExpiry         ActionKind = "set-expiry"
	RevokeSessions    ActionKind = "revoke-sessions" // sessions, tokens and connections that are open now
	NotifyOwner       ActionKind = "notify-owner"    // tells people and changes no system
)

// ActionKinds lists every kind, those that take access away last.
func ActionKinds() []ActionKind {
	return []ActionKind{NotifyOwner, CreateAccount, EnableAccount, GrantEntitlement, SetExpiry, RevokeSessions, RemoveEntitlement, DisableAccount, DeleteAccount}
}

// Removes reports whether the kind takes access away, so that it may rest on absence (invariants 1 and 2).
func (k ActionKind) Removes() bool {
	switch k {
	case DisableAccount, DeleteAccount, RemoveEntitlement, SetExpiry, RevokeSessions:
		return true
	}
	return false
}

// AccountRef names one account in one system: by its immutable id, and by the name that people know.
type AccountRef struct {
	ID        string `json:"id"` // empty for an account that is still to be created
	Name      string `json:"name"`
	SourceRef string `json:"source_ref,omitempty"` // where the snapshot found it: a DN, "/Users/2819c223"
}

// HeldRef names one entitlement of one system with the id that the system knows.
type HeldRef struct {
	ID   string `json:"id"` // empty when no snapshot has shown the entitlement
	Name string `json:"name"`
	Kind string `json:"kind,omitempty"` // group, role, licence, permission
}

// Action is one proposed change in one System. It is plain data and does not change once it is planned, save for Before and Account.ID,
// which are filled in right before it is applied.
type Action struct {
	ID          string            `json:"id"`  // A- and eight base32 characters; what a target is idempotent by
	Key         string            `json:"key"` // what it changes, whoever plans it: hex SHA-256 of kind, system, account or person, entitlement
	Run         string            `json:"run"` // the run that first planned it
	Kind        ActionKind        `json:"kind"`
	System      string            `json:"system"`
	Account     AccountRef        `json:"account"`
	Entitlement HeldRef           `json:"entitlement,omitzero"`
	Person      string            `json:"person,omitempty"` // worker id of the person whose access changes
	PersonName  string            `json:"person_name,omitempty"`
	Finding     string            `json:"finding,omitempty"` // fingerprint of the finding that it mends
	FindingID   string            `json:"finding_id,omitempty"`
	Rule        string            `json:"rule,omitempty"`
	Severity    Severity          `json:"severity,omitempty"`
	Reason      string            `json:"reason"`               // one line for people: why
	Basis       []string          `json:"basis,omitempty"`      // what it rests on: "bundle staff-base", "request RQ-7K2M", "hr row 212"
	Attributes  map[string]string `json:"attributes,omitempty"` // of an account to create; see the keys Attr...
	ExpiresAt   time.Time         `json:"expires_at,omitzero"`  // of set-expiry: the moment, zero takes the expiry away; of grant-entitlement: informative
	AdminOption bool              `json:"admin_option,omitempty"`
	Undoes      string            `json:"undoes,omitempty"`  // id of the action whose inverse this is
	Restore     json.RawMessage   `json:"restore,omitempty"` // of an inverse: the former state, as the target's own Inspect gave it
	Before      *Observation      `json:"before,omitempty"`  // what a re-read showed right before
}

// The attributes of an account to create, in the words of SCIM (RFC 7643 §4.1) where it has them.
const (
	AttrUserName    = "user_name"
	AttrDisplayName = "display_name"
	AttrGivenName   = "given_name"
	AttrFamilyName  = "family_name"
	AttrEmail       = "email"
	AttrUPN         = "upn"
	AttrEmployeeID  = "employee_id"
	AttrTitle       = "title"
	AttrDepartment  = "department"
)

// Observation is what a re-read of one account showed, as far as one action is concerned with it. It holds no secrets.
type Observation struct {
	At        time.Time       `json:"at"`
	Exists    bool            `json:"exists"`               // the account is there
	AccountID string          `json:"account_id,omitempty"` // its immutable id, when it is there
	Enabled   bool            `json:"enabled"`
	ExpiresAt time.Time       `json:"expires_at,omitzero"`
	Holds     bool            `json:"holds"`              // the account itself holds the action's entitlement, not through nesting
	Through   []string        `json:"through,omitempty"`  // groups or roles through which it holds the entitlement besides
	Sessions  int             `json:"sessions,omitempty"` // open now; -1 when the system does not tell
	Version   string          `json:"version,omitempty"`  // what compare-and-set compares: ETag, entryCSN; empty when the system has nothing
	Ordered   bool            `json:"ordered,omitempty"`  // of a target that writes orders: the order of this action is on file
	Unseen    bool            `json:"unseen,omitempty"`   // of a target that writes orders: it does not look at the system, so that Exists to Version say nothing
	Restore   json.RawMessage `json:"restore,omitempty"`  // the former state in the target's own form, for the inverse
}

// Shows reports whether an observation shows that the change of an action is there.
func (o Observation) Shows(a Action) bool {
	if o.Ordered || o.Unseen {
		return o.Ordered
	}
	switch a.Kind {
	case DisableAccount:
		return !o.Exists || !o.Enabled
	case EnableAccount:
		return o.Exists && o.Enabled
	case DeleteAccount:
		return !o.Exists
	case CreateAccount:
		return o.Exists
	case RemoveEntitlement:
		return !o.Exists || !o.Holds
	case GrantEntitlement:
		return o.Exists && o.Holds
	case SetExpiry:
		return o.Exists && o.ExpiresAt.Equal(a.ExpiresAt)
	case RevokeSessions:
		return !o.Exists || o.Sessions == 0
	}
	return false
}

// Outcome is how the attempt at an action ended.
type Outcome string

// The outcomes. Already: the change was there before, so nothing was done and there is nothing to undo.
const (
	OutcomeDone    Outcome = "done"
	OutcomeAlready Outcome = "already"
	OutcomeOrdered Outcome = "ordered" // written down for a person to do; a later snapshot shows whether it was
)

// Receipt is what the System said, and what a re-read of it showed afterwards.
type Receipt struct {
	Action    string      `json:"action"`
	Outcome   Outcome     `json:"outcome"`
	At        time.Time   `json:"at"`
	Said      string      `json:"said"` // "204 No Content", "REVOKE ROLE", "orders/2026-11-22/A-7Q2K4MZD.csv"; without secrets
	After     Observation `json:"after"`
	Recovered bool        `json:"recovered,omitempty"` // found done by recovery after a crash; what the system said is lost
}
