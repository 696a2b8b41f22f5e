package person

import (
	"time"

	"muster/internal/access"
)

// Model is what the report says.
type Model struct {
	Person     Subject     `json:"person"`
	Unsure     string      `json:"unsure,omitempty"` // why it is not known what all they should hold
	History    History     `json:"history"`
	Changes    []Change    `json:"changes"` // by moment
	Accounts   []Account   `json:"accounts"`
	Held       []Grant     `json:"held"`
	Missing    []Grant     `json:"missing"` // due and not held
	Past       []Past      `json:"past"`    // held before and not now, the last to end first
	Requests   []Request   `json:"requests"`
	Exceptions []Exception `json:"exceptions"`
	Reviews    []Review    `json:"reviews"`
	Actions    []Action    `json:"actions"`
	Findings   []Finding   `json:"findings"`
	Policies   []Text      `json:"policies"` // the texts of rules, bundles and policies as the run had them
	Totals     Totals      `json:"totals"`
}

// Subject is the person by HR.
type Subject struct {
	ID             string                `json:"id"`
	Name           string                `json:"name"`
	Title          string                `json:"title"`
	Department     string                `json:"department"`
	CostCentre     string                `json:"cost_centre"`
	Company        string                `json:"company"`
	Location       string                `json:"location"`
	EmploymentType access.EmploymentType `json:"employment_type"`
	Status         access.Status         `json:"status"`
	Manager        string                `json:"manager"` // worker id
	ManagerName    string                `json:"manager_name,omitempty"`
	StartDate      time.Time             `json:"start_date,omitzero"`
	EndDate        time.Time             `json:"end_date,omitzero"`
	Row            int64                 `json:"row"` // of the HR source
}

// History says how far back HR can be looked at.
type History struct {
	Snapshots int       `json:"snapshots"` // complete ones that are still stored
	First     time.Time `json:"first,omitzero"`
	Last      time.Time `json:"last,omitzero"`
}

// Kind is what a change in HR makes of the person.
type Kind string

// The kinds of changes.
const (
	Joiner Kind = "joiner"
	Mover  Kind = "mover"
	Leaver Kind = "leaver"
	Other  Kind = "other" // of data that moves nobody
)

// Change is one thing that HR said otherwise than before.
type Change struct {
	At       time.Time `json:"at"` // of the snapshot that shows it; of a date of HR, that day
	Kind     Kind      `json:"kind"`
	What     string    `json:"what"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Snapshot string    `json:"snapshot,omitempty"` // empty for a date that HR names
}

// Account is one account and why it is believed to be theirs.
type Account struct {
	System        string    `json:"system"`
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	State         string    `json:"state"` // enabled, locked, disabled
	Kind          string    `json:"kind"`
	Privileged    bool      `json:"privileged"`
	MFA           string    `json:"mfa"` // yes, no, unknown
	CreatedAt     time.Time `json:"created_at,omitzero"`
	LastLogin     time.Time `json:"last_login,omitzero"`
	NeverLoggedIn bool      `json:"never_logged_in"`
	FirstSeen     time.Time `json:"first_seen,omitzero"` // the first of the unbroken row of complete snapshots that show it
	AtFirst       bool      `json:"at_first"`            // that is the first snapshot there is: it may be older
	Key           string    `json:"key"`                 // that linked it
	Evidence      []string  `json:"evidence"`
	Held          int       `json:"held"`
	Findings      []string  `json:"findings"` // ids of those on the account itself
}

// Grant is one entitlement that is held, due, or both.
type Grant struct {
	System      string    `json:"system"`
	Account     string    `json:"account,omitempty"`
	AccountID   string    `json:"account_id,omitempty"`
	Entitlement string    `json:"entitlement"`
	Kind        string    `json:"kind,omitempty"`
	Privileged  bool      `json:"privileged"`
	Effective   bool      `json:"effective"`
	Path        []string  `json:"path"`  // the shortest; empty is direct
	Paths       int       `json:"paths"` // how many there are
	Since       time.Time `json:"since,omitzero"`
	AtFirst     bool      `json:"at_first"` // since the first snapshot there is: it may be older
	Then        Policy    `json:"then,omitzero"`
	LastUse     time.Time `json:"last_use,omitzero"` // of the account: systems do not tell it of single entitlements
	NeverUsed   bool      `json:"never_used"`
	Basis       []Basis   `json:"basis"` // empty: no basis found
	Once        []Once    `json:"once"`  // of one without basis: the bundles that name it
	Findings    []string  `json:"findings"`
	Reviews     []string  `json:"reviews"` // items that were about it
}

// Policy is what was in force when an entitlement was first seen.
type Policy struct {
	Run          string `json:"run"`
	RulesSHA256  string `json:"rules_sha256"`
	ConfigSHA256 string `json:"config_sha256"`
	SameRules    bool   `json:"same_rules"` // as those of this run
	SameConfig   bool   `json:"same_config"`
}

// Basis is one reason for which access is due.
type Basis struct {
	Kind   string    `json:"kind"` // bundle or request, by which it is due; exception or review, by which people keep what is not due
	Name   string    `json:"name"`
	Title  string    `json:"title,omitempty"`
	When   string    `json:"when,omitempty"` // CEL
	Values []Value   `json:"values,omitempty"`
	Until  time.Time `json:"until,omitzero"`
}

// Value is one field that a condition reads, with what HR says.
type Value struct {
	Field string `json:"field"`
	Value string `json:"value"`
}

// Once is a bundle that names an entitlement and does not give it to the person.
type Once struct {
	Name   string    `json:"name"`
	Title  string    `json:"title"`
	When   string    `json:"when"`
	Values []Value   `json:"values"`
	Until  time.Time `json:"until,omitzero"`  // the first HR snapshot in which the person no longer matched, by the bundles of this run; zero: they never did
	Still  bool      `json:"still,omitempty"` // the person matches it, and a review took it away
}

// Past is one stretch of time in which an entitlement was held.
type Past struct {
	System      string    `json:"system"`
	Account     string    `json:"account"`
	AccountID   string    `json:"account_id"`
	Entitlement string    `json:"entitlement"`
	From        time.Time `json:"from"`
	AtFirst     bool      `json:"at_first"`
	Until       time.Time `json:"until"` // the first complete snapshot that does not show it
	Snapshot    string    `json:"snapshot"`
	Action      string    `json:"action,omitempty"` // that took it away, when there was one
}

// Decision is what somebody decided.
type Decision struct {
	ID      string    `json:"id"`
	Verdict string    `json:"verdict"`
	By      string    `json:"by,omitempty"` // empty: nobody, the time ran out
	Name    string    `json:"name,omitempty"`
	Role    string    `json:"role,omitempty"`
	Channel string    `json:"channel"`
	At      time.Time `json:"at"`
	Reason  string    `json:"reason,omitempty"`
}

// Request is access that was asked for.
type Request struct {
	ID          string     `json:"id"`
	System      string     `json:"system"`
	Entitlement string     `json:"entitlement"`
	Reason      string     `json:"reason"`
	By          string     `json:"by"`
	ByName      string     `json:"by_name,omitempty"`
	At          time.Time  `json:"at"`
	From        time.Time  `json:"from,omitzero"`
	Until       time.Time  `json:"until,omitzero"`
	State       string     `json:"state"`
	Conflicts   []string   `json:"conflicts"`
	Decisions   []Decision `json:"decisions"`
	Entries     []uint64   `json:"entries"` // on the ledger
}

// Exception is an accepted risk about the person.
type Exception struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Finding  string    `json:"finding,omitempty"` // id
	System   string    `json:"system"`
	Subject  string    `json:"subject"`
	Detail   string    `json:"detail,omitempty"`
	Owner    string    `json:"owner"`
	Approver string    `json:"approver"`
	Reason   string    `json:"reason"`
	Control  string    `json:"compensating_control"`
	Expires  time.Time `json:"expires"`
	State    string    `json:"state"`
	Entries  []uint64  `json:"entries"`
}

// Review is one entitlement of theirs under review in a campaign.
type Review struct {
	Item        string     `json:"item"`
	Campaign    string     `json:"campaign"` // its name
	System      string     `json:"system"`
	Account     string     `json:"account"`
	AccountID   string     `json:"account_id"`
	Entitlement string     `json:"entitlement"`
	State       string     `json:"state"`
	Silent      bool       `json:"silent"`
	EndedAt     time.Time  `json:"ended_at,omitzero"`
	Decisions   []Decision `json:"decisions"`
	Gone        string     `json:"gone,omitempty"` // the snapshot that proves a revoked one gone
	GoneAt      time.Time  `json:"gone_at,omitzero"`
	Entries     []uint64   `json:"entries"`
}

// Action is one change that was planned or made.
type Action struct {
	ID          string     `json:"id"`
	Kind        string     `json:"kind"`
	System      string     `json:"system"`
	Account     string     `json:"account"`
	AccountID   string     `json:"account_id,omitempty"`
	Entitlement string     `json:"entitlement,omitempty"`
	Reason      string     `json:"reason"`
	Rule        string     `json:"rule,omitempty"`
	Finding     string     `json:"finding,omitempty"` // id
	Basis       []string   `json:"basis"`
	Policy      string     `json:"policy"` // its name
	Mode        string     `json:"mode"`
	State       string     `json:"state"`
	Why         string     `json:"why,omitempty"`
	ChangedAt   time.Time  `json:"changed_at"`
	Run         string     `json:"run"`
	Decisions   []Decision `json:"decisions"`
	Receipt     *Receipt   `json:"receipt,omitempty"`
	Entries     []uint64   `json:"entries"`
}

// Receipt is what the system said.
type Receipt struct {
	Outcome string    `json:"outcome"`
	At      time.Time `json:"at"`
	Said    string    `json:"said"`
}

// Finding is one finding about the person.
type Finding struct {
	ID         string          `json:"id"`
	Rule       string          `json:"rule"`
	Severity   access.Severity `json:"severity"`
	State      string          `json:"state"`
	Change     string          `json:"change"`
	System     string          `json:"system"`
	Subject    string          `json:"subject"`
	Detail     string          `json:"detail,omitempty"`
	Message    string          `json:"message"`
	FirstSeen  time.Time       `json:"first_seen"`
	ResolvedAt time.Time       `json:"resolved_at,omitzero"`
	Exception  string          `json:"exception,omitempty"`
}

// Text is one text that the run was configured with.
type Text struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Cut    bool   `json:"cut"` // in the pack, to what concerns the person; the digest is that of what the run had
}

// Totals count.
type Totals struct {
	Accounts   int `json:"accounts"`
	Held       int `json:"held"`
	NoBasis    int `json:"no_basis"`
	Kept       int `json:"kept"` // by an exception or a review, and by nothing else
	Privileged int `json:"privileged"`
	Missing    int `json:"missing"`
	Open       int `json:"open"` // findings
}
