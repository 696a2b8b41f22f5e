package access

import "time"

// The facts are what rules see: a person with everything they hold and should hold, joined from the newest complete
// snapshots by the store and completed by the reconciliation. They are the unit of evaluation: a person's facts, or those
// of one account that is nobody's, can be judged without looking at any other.

// PersonFacts is one Person joined with their accounts. Person is nil for an account that is linked to nobody.
type PersonFacts struct {
	Person   *Person
	Accounts []*AccountFacts // sorted by system, then account id; without service-owned accounts
	Missing  []GrantFacts    // expected and held on no enabled or disabled account of that system; sorted by system, name
	Quality  Quality
	// Functions are the business functions of the SoD matrix that the person can exercise today, each with the grants
	// that give it; computed by the rules package from effective grants of enabled accounts.
	Functions map[string][]EntitlementRef
}

// AccountFacts is one Account with its link and its grants.
type AccountFacts struct {
	Account
	Link                Link
	Grants              []GrantFacts // one per entitlement, sorted by name
	PreviousGrants      int          // how many entitlements it held in the snapshot before; -1 when there is none
	PreviousTakenAt     time.Time
	SnapshotID          string
	SnapshotTakenAt     time.Time
	PrivilegedEffective bool    // the account is privileged itself or holds an effective privileged entitlement
	Owner               *Person // of a service-owned account: the person of Link.PersonID when HR knows them, else nil
}

// GrantFacts is one entitlement that is held, expected, or both. It is the unit of drift.
type GrantFacts struct {
	System      string
	Entitlement Entitlement // only System and Name are set when the system has no such entitlement
	Actual      bool
	Expected    bool
	Effective   bool
	AdminOption bool
	Direct      bool
	Path        []string // the shortest path; empty means direct
	Paths       int      // how many paths there are
	Basis       []Basis  // why it is expected
}

// Quality is what is wrong with the HR data of one person. The zero value is clean data.
type Quality struct {
	ManagerMissing    bool // no manager given, and the person is not the head of the organisation
	ManagerUnknown    bool // the manager's worker id is no person
	ManagerTerminated bool // the manager has left
	ManagerCycle      []string
	DepartmentUnknown bool // not in the configured list of departments
	DuplicateID       int  // how many further rows carry the same worker id
	DuplicateEmail    []string
}

// SystemFacts is one System as the run saw it.
type SystemFacts struct {
	Name        string
	Title       string
	Collector   string
	Owner       string
	Criticality string        // low, medium, high, critical
	SLA         time.Duration // how soon a leaver's access must be gone
	Tonight     Snapshot      // what this run read
	Used        Snapshot      // the newest complete snapshot that the run reasons from; its ID is empty when there is none
	IsHR        bool
}
