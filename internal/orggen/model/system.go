// Package model holds the invented organisation's own nouns: its systems, entitlements, bundles, SoD matrix, persons and
// accounts, in the form in which the generator makes them, the exports write them and the answer key judges them.
//
// It says what is true in the organisation, not what a reader of the exports would find: an Account knows whose it is and which
// of the person's identifiers it carries. Times are UTC. A value belongs to one goroutine.
package model

import "time"

// System is one of the connected systems of the organisation.
type System uint8

// The systems, in the order of the configuration. HR is not one of them: it holds persons, not accounts.
const (
	Directory System = iota
	SaaS
	Warehouse
	VPN
	ERP
	Codehost
	Systems // how many there are
)

// HR is the name of the HR source in findings.
const HR = "hr"

// String is the system's name in the configuration and in findings.
func (s System) String() string {
	return [...]string{"directory", "saas", "warehouse", "vpn", "erp", "codehost"}[s]
}

// TellsLogins reports whether the system's export carries last logins.
func (s System) TellsLogins() bool { return s != Warehouse }

// TellsMFA reports whether the system's export says if an account uses a second factor.
func (s System) TellsMFA() bool { return s == SaaS || s == VPN || s == Codehost }

// TellsNever reports whether the system's export tells "never logged in" from "not known".
func (s System) TellsNever() bool { return s == VPN || s == ERP || s == Codehost }

// HasBaseline reports whether the system has an older export to compare with.
func (s System) HasBaseline() bool { return s == ERP || s == Codehost }

// EntitlementKind says how a system stores an entitlement.
type EntitlementKind uint8

// The kinds of entitlement.
const (
	Group     EntitlementKind = iota // a group, team, role or permission that is granted by membership
	Attribute                        // a PostgreSQL role attribute such as CREATEROLE
	Direct                           // a PostgreSQL privilege granted to the login role itself
)

// Entitlement is something that an account can hold.
type Entitlement struct {
	Index       int // position in the Catalogue
	System      System
	Kind        EntitlementKind
	Name        string
	Description string
	Privileged  bool
	Parent      *Entitlement // the group that this one is a member of; whoever holds this one holds the parent too
	Bulk        bool         // made to reach a number of grants
}

// Grant is a direct holding: what the system stores, before nesting is resolved.
type Grant struct {
	Of      *Entitlement
	Expires time.Time // zero means it does not expire; a grant that has expired is recorded and without effect
}

// Held is an entitlement that an account holds directly or through nesting, each at most once.
type Held struct {
	Of        *Entitlement
	Effective bool
}
