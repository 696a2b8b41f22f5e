package controls

import (
	"time"

	"muster/internal/access"
	"muster/reports/frame"
)

// Model is what the report says.
type Model struct {
	Period     frame.Period `json:"period"`
	Only       string       `json:"only,omitempty"` // the one control that was asked about
	Runs       []Run        `json:"runs"`           // completed ones of the period, the oldest first
	Nights     []Night      `json:"nights"`
	Controls   []Control    `json:"controls"`
	Totals     Totals       `json:"totals"`
	Deviations []Deviation  `json:"-"` // of all controls; the annex has them
}

// Run is one completed run of the period.
type Run struct {
	ID           string    `json:"id"`
	AsOf         time.Time `json:"as_of"`
	Incomplete   []string  `json:"incomplete"` // sources that were not read whole
	RulesSHA256  string    `json:"rules_sha256"`
	ConfigSHA256 string    `json:"config_sha256"`
}

// Night is how many findings were open after one run, by severity.
type Night struct {
	At   time.Time               `json:"at"`
	Open map[access.Severity]int `json:"open"`
}

// Conclusion is what can be said of a control.
type Conclusion string

// The conclusions. Partly: no deviation was noted, and something that the control rests on was never seen in the period.
const (
	NoDeviation Conclusion = "no deviation noted"
	Partly      Conclusion = "tested in part"
	Deviations  Conclusion = "deviations noted"
	NotTested   Conclusion = "not tested"
)

// Control is one control with what was tested of it.
type Control struct {
	ID         string       `json:"id"` // as rules write it: SOC2 CC6.2
	Framework  string       `json:"framework"`
	Number     string       `json:"number"`
	Says       string       `json:"says"`
	Covered    bool         `json:"covered"` // a rule that a run applied gives evidence for it
	Review     bool         `json:"review"`  // it asks that people review access, which no rule shows
	Tests      []Test       `json:"tests"`
	Population []Population `json:"population"`
	Campaigns  []Campaign   `json:"campaigns,omitempty"` // of one that asks for reviews
	Reviewed   int          `json:"reviewed"`            // of the campaigns, those that are evidence
	Runs       int          `json:"runs"`                // in which it was tested
	Whole      int          `json:"whole"`               // of those, with every source that it rests on read whole
	Limits     []string     `json:"limits"`              // what was not read whole, asked, answered or reviewed, and how often
	Count      Count        `json:"count"`
	Excepted   []Accepted   `json:"excepted"`
	Conclusion Conclusion   `json:"conclusion"`
	Why        string       `json:"why,omitempty"` // of one that was not tested, or in part
}

// Campaign is one review of access that was closed in the period. Its own pack is the evidence.
type Campaign struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Scope    string    `json:"scope"` // CEL
	ClosedAt time.Time `json:"closed_at"`
	Items    int       `json:"items"`
	Silent   int       `json:"silent"`   // of those, not decided by anybody
	Revoked  int       `json:"revoked"`  // of those
	Standing int       `json:"standing"` // of the revoked ones, not proven to be gone
	Systems  []string  `json:"systems"`  // that items are of
	Wrong    string    `json:"wrong,omitempty"`
}

// Population is how many records of a class the rules of a control were applied to by the last run of the period.
type Population struct {
	Class   string `json:"class"`
	N       int64  `json:"n"`
	Systems int    `json:"systems"`
}

// Test is one rule that gives evidence for a control.
type Test struct {
	Rule      string          `json:"rule"`
	Title     string          `json:"title"`
	Severity  access.Severity `json:"severity"`
	Scope     access.Scope    `json:"scope"`
	SHA256    string          `json:"sha256"`
	Versions  int             `json:"versions"` // definitions that it had in the period
	Applied   int             `json:"applied"`  // runs whose rules had it for the control
	Until     time.Time       `json:"until"`    // the last of those
	Runs      int             `json:"runs"`     // of those, that asked it
	Answered  int             `json:"answered"` // of those, in which it had an answer
	Evaluated int64           `json:"evaluated"`
	Errors    int64           `json:"errors"`
	Last      int64           `json:"last"` // how often the last run of the period asked it
	Count     Count           `json:"count"`
}

// Count counts deviations. Open ones: before + opened + reopened + lapsed - resolved - accepted = open. Excepted ones: excepted before + accepted -
// lapsed - excepted resolved = excepted. One that an exception covers from the first is opened and accepted.
type Count struct {
	Before   int `json:"before"`   // that were open when the period began
	Opened   int `json:"opened"`   // new ones
	Reopened int `json:"reopened"` // that came back
	Lapsed   int `json:"lapsed"`   // that an exception covered no more
	Resolved int `json:"resolved"` // while they were open
	Accepted int `json:"accepted"` // that an exception came to cover
	Open     int `json:"open"`     // after the last run

	ExceptedBefore   int `json:"excepted_before"`   // that an exception covered when the period began
	ExceptedResolved int `json:"excepted_resolved"` // while an exception covered them
	Excepted         int `json:"excepted"`          // after the last run

	Off    int   `json:"switched_off"` // of the resolved ones, those that only lost their rule
	MeanMS int64 `json:"mean_ms"`      // from the first sight to the resolution of those that were resolved in the period, without those; 0 for none
}

// Accepted is one accepted risk that covers deviations of a control.
type Accepted struct {
	ID       string    `json:"id"`
	Rule     string    `json:"rule"`
	Findings int       `json:"findings"`
	Reason   string    `json:"reason"`
	Instead  string    `json:"instead"`
	Owner    string    `json:"owner"`
	Approver string    `json:"approver"`
	Expires  time.Time `json:"expires,omitzero"`
}

// Deviation is one finding that bears on one control.
type Deviation struct {
	Control string
	Finding access.Finding // as the last run of the period that wrote it has it
	Opened  time.Time      // when the run that first saw it in the period did; zero for one that was open before
	Closed  time.Time      // when it was last resolved in the period
	Days    int            // from the first sight to the resolution, or to the end of the period
}

// Totals count the controls.
type Totals struct {
	Controls    int `json:"controls"`
	Tested      int `json:"tested"`
	Partly      int `json:"partly"` // of those
	NoDeviation int `json:"no_deviation"`
	Deviations  int `json:"deviations"`
	NotTested   int `json:"not_tested"`
	NotCovered  int `json:"not_covered"` // of those, without a rule
	Whole       int `json:"whole"`       // runs that read every source whole
}
