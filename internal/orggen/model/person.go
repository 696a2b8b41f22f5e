package model

import (
	"slices"
	"time"

	"muster/internal/access"
)

// Nobody is the index of no person.
const Nobody = -1

// Person is one worker with what the generator knows about them.
type Person struct {
	access.Person
	Index     int    // position in the organisation, from 0
	Local     string // local part of the address that the person was given
	AddressOf int    // whose address HR shows for the person: their own, unless the HR data is wrong
	Head      bool   // may lack a manager
	Defects   Defects
	Accounts  []*Account // in the systems, whether or not the exports let a reader link them
	Excepted  []Exception
	Mitigated []Mitigation
}

// Defects are the planted errors of a person's HR data that cannot be seen in the person's own row.
type Defects struct {
	ManagerUnknown bool
	OnManagerCycle bool
	DuplicateRow   bool // HR has a second row with the same worker id
	SharedAddress  bool // another person who has not left has the same e-mail address
}

// KeyRefs says whose identifiers an account carries: person indexes, Nobody for none.
type KeyRefs struct {
	Map        int // by the explicit map in the configuration
	EmployeeID int
	Email      int // the address of that person, which HR may show for another one, too
	UPN        int
	Username   int // the account's name is that person's login
	Address    int // the account's name is the local part of that person's address
}

// NoKeys carries nobody's identifiers.
func NoKeys() KeyRefs { return KeyRefs{Nobody, Nobody, Nobody, Nobody, Nobody, Nobody} }

// Account is one login in one System.
type Account struct {
	System      System
	Member      uint32 // unique within the system; the exports keep group members by it
	ID          string // the system's immutable id
	Name        string
	DisplayName string
	GivenName   string
	FamilyName  string
	Email       string
	UPN         string
	EmployeeID  string
	OwnerRef    string
	Kind        access.AccountKind
	Enabled     bool
	MFA         access.Tri
	CreatedAt   time.Time
	LastLogin   time.Time
	Never       bool // the system knows that nobody ever logged in
	ExpiresAt   time.Time
	NoInherit   bool // PostgreSQL: memberships have no effect
	Keys        KeyRefs
	Owner       *Person // the person that OwnerRef resolves to; nil for none
	Grants      []Grant
	InBaseline  bool        // the older export has the account
	Before      []Grant     // what it held directly in the older export
	Excepted    []Exception // of an account that is no person's; a person's are in Person
}

// Privileged reports whether the account itself carries administrative power: PostgreSQL superuser and createrole.
func (a *Account) Privileged() bool {
	for _, g := range a.Grants {
		if g.Of.Kind == Attribute && (g.Of.Name == "attribute:superuser" || g.Of.Name == "attribute:createrole") {
			return true
		}
	}
	return false
}

// Find returns the person's first account in a system, or nil.
func (p *Person) Find(s System) *Account {
	for _, a := range p.Accounts {
		if a.System == s {
			return a
		}
	}
	return nil
}

// Has reports whether the account holds e directly.
func (a *Account) Has(e *Entitlement) bool {
	for _, g := range a.Grants {
		if g.Of == e {
			return true
		}
	}
	return false
}

// Give adds direct holdings that the account does not have yet.
func (a *Account) Give(list ...*Entitlement) {
	for _, e := range list {
		if e != nil && !a.Has(e) {
			a.Grants = append(a.Grants, Grant{Of: e})
		}
	}
}

// Minimal drops the groups that another entitlement of the list brings along, and repetitions.
func Minimal(list []*Entitlement) []*Entitlement {
	implied := map[*Entitlement]bool{}
	for _, e := range list {
		for up := e.Parent; up != nil; up = up.Parent {
			implied[up] = true
		}
	}
	var out []*Entitlement
	for _, e := range list {
		if !implied[e] {
			implied[e] = true
			out = append(out, e)
		}
	}
	return out
}

// AnyPrivileged reports whether an entitlement of the list gives administrative power.
func AnyPrivileged(list []*Entitlement) bool {
	return slices.ContainsFunc(list, func(e *Entitlement) bool { return e.Privileged })
}

// WithoutBulk copies the grants whose entitlements were not made to reach a number.
func WithoutBulk(list []Grant) []Grant {
	var out []Grant
	for _, g := range list {
		if !g.Of.Bulk {
			out = append(out, g)
		}
	}
	return out
}

// Exception is an accepted finding in exceptions.yaml.
type Exception struct {
	Rule, System, Subject, Detail string
	Owner, Approver               string
	Reason, Control               string
	Expires                       time.Time
}

// Mitigation is an accepted SoD conflict of one person in sod.yaml.
type Mitigation struct {
	Conflict, Person, Control string
	Owner, Approver, Reason   string
	Expires                   time.Time
}
