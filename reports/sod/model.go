package sod

import (
	"time"

	"muster/internal/access"
)

// Facts are what is known; the Model is worked out of them.
type Facts struct {
	Run          string
	AsOf         time.Time
	Matrix       Digest
	Rules        []Rule
	Functions    []Function
	Conflicts    []Conflict
	Mitigations  []Mitigation
	Exceptions   []Exception
	Versions     []Version
	Systems      []System
	Entitlements []Entitlement // of all systems that were read, by system and name
	Named        []Named
	Holders      map[string]int // by function: persons who can exercise it
	Held         []Held         // every person's conflict, by conflict and worker id
	Findings     []access.Finding
	Seeds        []Seed
}

// Digest names a file by what it holds.
type Digest struct {
	File   string `json:"file"` // in the pack
	SHA256 string `json:"sha256"`
}

// Rule is a rule that judges conflicts.
type Rule struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	When    string `json:"when"`
	File    string `json:"file"`
	SHA256  string `json:"sha256"`
	Enabled bool   `json:"enabled"`
}

// Function is a piece of work with what gives it.
type Function struct {
	Name         string   `json:"name"`
	Title        string   `json:"title"`
	Entitlements []string `json:"entitlements"` // system/name
	Holders      int      `json:"holders"`
}

// Conflict is what nobody may combine.
type Conflict struct {
	ID        string          `json:"id"`
	Title     string          `json:"title"`
	Functions []string        `json:"functions"`
	Severity  access.Severity `json:"severity"`
	Controls  []string        `json:"controls"`
}

// Mitigation lets one person hold a conflict for a time.
type Mitigation struct {
	ID       string    `json:"id"`
	Conflict string    `json:"conflict"`
	Person   string    `json:"person"`
	Name     string    `json:"name"`
	Control  string    `json:"control"`
	Owner    string    `json:"owner"`
	Approver string    `json:"approver"`
	Reason   string    `json:"reason"`
	Expires  time.Time `json:"expires"`
	Expired  bool      `json:"expired"`
	Held     bool      `json:"held"` // the person has the conflict
}

// Exception is an accepted risk about a rule that judges conflicts.
type Exception struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Subject  string    `json:"subject"`
	Detail   string    `json:"detail"`
	Owner    string    `json:"owner"`
	Approver string    `json:"approver"`
	Reason   string    `json:"reason"`
	Control  string    `json:"control"`
	Expires  time.Time `json:"expires"`
	State    string    `json:"state"`
}

// Version is the ruleset from one run on.
type Version struct {
	Run     string    `json:"run"`
	At      time.Time `json:"at"`
	Last    string    `json:"last"` // the last run that had it
	LastAt  time.Time `json:"last_at"`
	Runs    int       `json:"runs"`
	Matrix  string    `json:"matrix_sha256"` // empty: there was none
	Rules   string    `json:"rules_sha256"`  // over all rules, as the ledger has it
	Rule    string    `json:"rule_sha256"`   // of the rules that judge conflicts
	Entry   uint64    `json:"ledger_entry"`  // of the first run's rules
	OnFile  bool      `json:"on_ledger"`     // the ledger has an entry of every one of the runs, with the same digest of the rules
	Changes []string  `json:"changes"`       // against the version before, in words
}

// System is one system with what of it is mapped.
type System struct {
	Name       string    `json:"name"`
	Title      string    `json:"title"`
	Owner      string    `json:"owner"`
	Governed   bool      `json:"governed"` // a bundle names it
	Named      bool      `json:"named"`    // the matrix names it
	Snapshot   string    `json:"snapshot"` // empty: it was never read whole
	At         time.Time `json:"at,omitzero"`
	All        int       `json:"entitlements"`
	Mapped     int       `json:"mapped"`
	Privileged int       `json:"privileged"`
	Covered    int       `json:"privileged_mapped"`
}

// Entitlement is something that a system grants, with the functions that it gives.
type Entitlement struct {
	System     string   `json:"system"`
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Privileged bool     `json:"privileged"`
	Functions  []string `json:"functions"`
}

// Named is an entitlement that the matrix names.
type Named struct {
	System    string   `json:"system"`
	Name      string   `json:"name"`
	Functions []string `json:"functions"`
	State     string   `json:"state"` // there, not there, unknown
}

// The states of a Named.
const (
	There    = "there"
	NotThere = "not there"
	NotRead  = "unknown: the system was never read whole"
)

// Held is one conflict that one person has.
type Held struct {
	ID        string     `json:"id"` // C-00001, in the order of the model
	Conflict  string     `json:"conflict"`
	Person    string     `json:"person"`
	Name      string     `json:"name"`
	Dept      string     `json:"department"`
	Sides     []Side     `json:"sides"` // one for each function, in the order of the conflict
	Systems   []string   `json:"systems"`
	Finding   string     `json:"finding,omitempty"` // id; empty: the run wrote none
	State     string     `json:"state"`             // of the finding
	Severity  string     `json:"severity"`
	Since     time.Time  `json:"since,omitzero"` // of the finding
	Accepted  string     `json:"accepted,omitempty"`
	Until     *time.Time `json:"accepted_until,omitempty"`
	Exercised Exercised  `json:"exercised"`
}

// Side is one function as a person has it.
type Side struct {
	Function string `json:"function"`
	Uses     []Use  `json:"uses"`
	Used     Usage  `json:"used"`
}

// Use is one grant that gives a function.
type Use struct {
	System      string    `json:"system"`
	AccountID   string    `json:"account_id"`
	Account     string    `json:"account"`
	ID          string    `json:"entitlement_id"`
	Entitlement string    `json:"entitlement"`
	Since       time.Time `json:"since,omitzero"` // the first snapshot that shows it without a break; zero: unknown
	Oldest      bool      `json:"oldest"`         // that is the oldest snapshot that is kept: it may have been there before
	LastLogin   time.Time `json:"last_login,omitzero"`
	Never       bool      `json:"never_logged_in"`
}

// Usage is what the last use of the accounts of a side shows.
type Usage string

// The usages.
const (
	Used     Usage = "used"      // an account was used since the grant is known to be there
	Unused   Usage = "not used"  // no account was used since the grant began
	NotKnown Usage = "not known" // the system does not tell, or the grant may be older than what is kept
)

// Exercised is whether a conflict can have been exercised.
type Exercised string

// What can be said of it.
const (
	Possible Exercised = "possible"  // accounts of every side were used since
	No       Exercised = "no"        // one side was not used since the person has it
	Unknown  Exercised = "not known" // for want of data
)

// Seed is one test of the rules with a person who was made up for it.
type Seed struct {
	Conflict string   `json:"conflict"`
	Kind     SeedKind `json:"kind"`
	What     string   `json:"what"`  // the entitlement that is tested, the function that is left out, the mitigation
	Holds    []string `json:"holds"` // system/name
	Expected []string `json:"expected"`
	Fired    []string `json:"fired"` // conflicts, with " (accepted)" where a mitigation covers it
	OK       bool     `json:"ok"`
	Why      string   `json:"why,omitempty"` // why it cannot be tested
}

// SeedKind is what a Seed tests.
type SeedKind string

// The kinds of seeded tests.
const (
	Violation SeedKind = "violation"            // holds all functions: it must fire
	Control   SeedKind = "all but one"          // holds all functions but one: it must not fire
	Disabled  SeedKind = "disabled accounts"    // holds all functions on accounts that are disabled: it must not fire
	Covered   SeedKind = "mitigated person"     // has a mitigation in force: it must fire and be accepted
	Lapsed    SeedKind = "expired mitigation"   // has one that has expired: it must fire and be open
	Stranger  SeedKind = "without a mitigation" // somebody else with the same conflict: it must fire and be open
)

// SeedKinds lists the kinds.
func SeedKinds() []SeedKind {
	return []SeedKind{Violation, Control, Disabled, Covered, Lapsed, Stranger}
}

// Model is what the report says, and what evidence.json has of it.
type Model struct {
	Run         string        `json:"run"`
	AsOf        time.Time     `json:"as_of"`
	Matrix      Digest        `json:"matrix"`
	Rules       []Rule        `json:"rules"`
	Functions   []Function    `json:"functions"`
	Conflicts   []Conflict    `json:"conflicts"`
	Versions    []Version     `json:"versions"` // the newest first
	Systems     []System      `json:"systems"`
	Bare        []Entitlement `json:"privileged_unmapped"` // privileged, of systems that the matrix names or bundles govern
	Missing     []Named       `json:"named_not_found"`
	Seeds       []Seed        `json:"seeded"`
	Held        []Held        `json:"held"`
	Mitigations []Mitigation  `json:"mitigations"`
	Exceptions  []Exception   `json:"exceptions"`
	Totals      Totals        `json:"totals"`
	Unfound     []string      `json:"held_without_finding"` // "conflict person": the matrix and the findings disagree
	Stale       []string      `json:"findings_not_held"`    // open findings that tonight's facts do not show: their source was incomplete
	facts       Facts
}

// Totals count.
type Totals struct {
	Persons   int               `json:"persons"` // with at least one conflict
	Held      int               `json:"held"`
	Open      int               `json:"open"`
	Accepted  int               `json:"accepted"`
	Expired   int               `json:"mitigations_expired"`
	Exercised map[Exercised]int `json:"exercised"`
	Seeds     map[SeedKind]int  `json:"seeds"`
	Failed    int               `json:"seeds_failed"`
	Untested  int               `json:"seeds_untested"`
}
