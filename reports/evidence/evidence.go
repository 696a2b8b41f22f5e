package evidence

import (
	"context"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/trust"
)

// Evidence is what one run can show for itself.
type Evidence struct {
	Organisation   string
	Classification string // printed on every page: Confidential
	Run            access.Run
	RanBy          string // who or what ran it: "muster nightly, scheduled", or a user at a terminal
	Sources        []Source
	Rules          []Rule
	Controls       []Control // those that the rules name
	Bundles        []Bundle
	Exceptions     []Exception
	Mitigations    []Mitigation
	Previous       string  // digest of how many entitlements each account held before (table previous); see package collectors
	Before         string  // digest of the findings that stood when the run began (table findings-before)
	Inputs         []Input // what is needed to perform the run again, beside the populations
	Ledger         Ledger
	Trust          *trust.Signing // what the pack is signed with; there is no pack without
	GeneratedBy    string         // muster's version, as `muster version` prints it
	Later          *Later         // entries that are younger than the run; nil for none
	Suppressed     int            // hits not raised because they rest on absence in an incomplete source
	Scope          Scope          // what of the run the pack holds; the zero value is all of it
}

// Data streams what is too large for the model. Every method yields the same values in the same order each time it is
// called for one run.
type Data interface {
	// Before yields the findings as they stood when the run began: those that were open, and those resolved ones that the run found again.
	// Sorted by access.CompareFindings.
	Before(ctx context.Context, yield func(access.Finding) error) error
	// Findings yields every finding that the run wrote: open, excepted, and resolved by it. Sorted by access.CompareFindings.
	Findings(ctx context.Context, yield func(access.Finding) error) error
	// Population yields one of Tables: its column names once, then its rows. The slices may be reused by the caller.
	Population(ctx context.Context, table string, head func([]string) error, row func([]string) error) error
}

// Tables are the populations that Data must have, in the order of the annexes.
func Tables() []string {
	return []string{"persons", "accounts", "entitlements", "grants", "links", "profiles", "expectations", "rejections", "previous"}
}

// Input is one file that the run was configured with, byte by byte.
type Input struct {
	Name    string `json:"name"` // below the pack's folder inputs
	Content string `json:"content"`
}

// Source is one place that the run read: an IPE sheet.
type Source struct {
	System   access.SystemFacts // Tonight is what this run read, Used what it reasons from
	Previous access.Snapshot    // what Used was compared with; its ID is empty when there is none
	InScope  []Count            // records that the rules could look at, by class
	Tested   []Count            // records that at least one rule was asked about, by class
}

// Count is a number of records of a class.
type Count struct {
	Class access.Class
	N     int64
}

// Rule is one version of one rule as the run applied it.
type Rule struct {
	ID          string          `json:"id"`
	Title       string          `json:"title"`
	Severity    access.Severity `json:"severity"`
	Scope       access.Scope    `json:"scope"`
	When        string          `json:"when"`     // CEL
	Controls    []string        `json:"controls"` // "SOC 2 CC6.2": framework and id
	Digest      string          `json:"sha256"`
	File        string          `json:"file"` // where the rule comes from: a file, or builtin
	Remediation string          `json:"remediation"`
	Evaluated   int64           `json:"evaluated"` // how often it was asked; 0 is printed as unknown
	Errors      int64           `json:"errors"`    // how often it could not be answered
}

// Control says in our own words what a control of a framework asks; the frameworks' text is licensed.
type Control struct {
	ID   string `json:"id"` // "SOC2 CC6.2"
	Says string `json:"says"`
}

// Bundle sums up one bundle.
type Bundle struct {
	Name         string `json:"name"`
	Title        string `json:"title"`
	When         string `json:"when"` // CEL
	LeadDays     int    `json:"lead_days"`
	Entitlements int    `json:"entitlements"`
}

// Exception is one accepted risk.
type Exception struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	System   string    `json:"system"`
	Subject  string    `json:"subject"`
	Detail   string    `json:"detail,omitempty"`
	Owner    string    `json:"owner"`
	Approver string    `json:"approver"`
	Reason   string    `json:"reason"`
	Control  string    `json:"compensating_control"`
	Expires  time.Time `json:"expires"`
	State    string    `json:"state"` // valid, expired
}

// Mitigation is one accepted segregation-of-duties conflict of one person.
type Mitigation struct {
	Conflict   string    `json:"conflict"`
	Person     string    `json:"person"`
	PersonName string    `json:"person_name"`
	Owner      string    `json:"owner"`
	Approver   string    `json:"approver"`
	Reason     string    `json:"reason"`
	Control    string    `json:"control"`
	Expires    time.Time `json:"expires"`
	State      string    `json:"state"` // valid, expired
}

// Ledger ties the pack to the audit trail: the checkpoint after the run's findings were entered, and the run's entries with
// their inclusion proofs at that checkpoint.
type Ledger struct {
	Checkpoint  string
	VerifierKey string
	Proofs      []ledger.Proof // run.start, config, rules, snapshot..., findings, run.end; sorted by index
}

// Later ties a pack to what was entered on the ledger after its run.
type Later struct {
	Checkpoint string
	Growth     ledger.Consistency // from the run's checkpoint to this one
	Proofs     []ledger.Proof
	Opened     []Opened // whose decisions they were, as far as that is kept; sorted by entry
}

// Incomplete lists the sources that the run could not read whole.
func (e Evidence) Incomplete() []Source {
	var out []Source
	for _, s := range e.Sources {
		if !s.System.Tonight.Usable() {
			out = append(out, s)
		}
	}
	return out
}

// Open reports whether a finding still asks for something after the run.
func Open(f access.Finding) bool { return f.State != access.Resolved && f.State != access.Excepted }
