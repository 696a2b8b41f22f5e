package access

import "time"

// LinkResult says why an Account is, or is not, believed to be a Person's.
type LinkResult string

// The results of linking.
const (
	Linked       LinkResult = "linked"
	Unmatched    LinkResult = "unmatched"
	Disputed     LinkResult = "disputed"      // several persons match, or two keys name different persons
	ServiceOwned LinkResult = "service-owned" // a service, shared or break-glass account; PersonID is its owner, if there is one
)

// LinkKey is one way to match an account with a person. The configuration orders them.
type LinkKey string

// The link keys. Both sides are case- and Unicode-folded (NFKC, then full case folding) before they are compared.
const (
	KeyMap        LinkKey = "map"             // the explicit map in the configuration; final, no other key is asked
	KeyEmployeeID LinkKey = "employee_id"     // Account.EmployeeID = Person.ID
	KeyEmail      LinkKey = "email"           // Account.Email = Person.Email
	KeyUPN        LinkKey = "upn"             // Account.UPN = Person.UPN
	KeyUsername   LinkKey = "username"        // Account.Name = Person.Username
	KeyUserDomain LinkKey = "username@domain" // Account.Name + "@" + each configured domain = Person.Email
)

// Link is the outcome of linking one Account, with its evidence.
type Link struct {
	System    string
	AccountID string
	Result    LinkResult
	PersonID  string   // the person (Linked) or the owner (ServiceOwned); empty otherwise
	Key       LinkKey  // the key that decided
	Evidence  []string // what each key compared and how many persons it matched: `employee_id "w-01442": 1 person`
}

// Bundle is a named set of entitlements with a condition on the person.
type Bundle struct {
	Name         string
	Title        string
	When         string // CEL over person
	LeadDays     int    // how many days before the start date the bundle opens
	Entitlements []EntitlementRef
}

// EntitlementRef names an entitlement across systems, as bundles and the SoD matrix do.
type EntitlementRef struct{ System, Name string }

// String is "system/name".
func (r EntitlementRef) String() string { return r.System + "/" + r.Name }

// Basis says why access is expected.
type Basis struct {
	Kind  string // bundle, request, exception
	Name  string // the bundle's name
	Until time.Time
}

// Expectation is access that someone of a profile should hold.
type Expectation struct {
	Ref   EntitlementRef
	Basis []Basis // sorted by kind and name; at least one
}
