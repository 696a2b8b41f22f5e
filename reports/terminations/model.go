package terminations

import (
	"time"

	"muster/internal/access"
	"muster/reports/frame"
)

// Model is what the report says, and what evidence.json has of it. Durations are seconds.
type Model struct {
	Period  frame.Period `json:"period"`
	System  string       `json:"system,omitempty"`
	Run     string       `json:"run"`
	AsOf    time.Time    `json:"as_of"`
	Totals  Totals       `json:"totals"`
	Systems []SystemSum  `json:"systems"`
	HR      Source       `json:"hr"`
	Leavers []Leaver     `json:"leavers"` // by the moment that access had to end, then by worker id
	Earlier int          `json:"earlier"` // left before the period, and HR showed it from its first snapshot that is kept: not in the population
}

// Totals count the population.
type Totals struct {
	Leavers    int     `json:"leavers"`
	ByKind     []Count `json:"by_kind"`
	LateHR     int     `json:"late_hr"` // leavers whom HR showed late
	Rehired    int     `json:"rehired"`
	NoAccount  int     `json:"no_account"` // leavers of whom no account is known
	Accounts   int     `json:"accounts"`
	ByVerdict  []Count `json:"by_verdict"`
	ByCause    []Count `json:"by_cause"` // of those not in time
	On         int     `json:"on"`       // still usable
	Logins     int     `json:"logins"`   // accounts that were used after the last day
	LoginsTold int     `json:"logins_told"`
}

// Count is a number with what it counts.
type Count struct {
	What string `json:"what"`
	N    int    `json:"n"`
}

// SystemSum counts the accounts of one system.
type SystemSum struct {
	Name     string          `json:"name"`
	Title    string          `json:"title"`
	Owner    string          `json:"owner"`
	SLA      int64           `json:"sla_seconds"`
	Accounts int             `json:"accounts"`
	Verdicts map[Verdict]int `json:"verdicts"`
	On       int             `json:"on"`
	Logins   int             `json:"logins"`
	Source   Source          `json:"source"`
}

// Source says how well a source was read in the time that the report is about.
type Source struct {
	Usable int        `json:"usable"`
	First  *Snapshot  `json:"first,omitempty"` // that is kept
	Last   *Snapshot  `json:"last,omitempty"`
	Lost   int        `json:"lost"`   // complete ones whose facts have expired
	Missed []Snapshot `json:"missed"` // not complete, from the beginning of the period on
}

// Kind is how someone left.
type Kind string

// The kinds of leaving.
const (
	EmployeeLeft  Kind = "employee"
	ContractEnded Kind = "contractor"
	InternLeft    Kind = "intern"
	Dropped       Kind = "no longer listed" // HR does not list them any more, and had given no last day
	OtherLeft     Kind = "other"
)

// Leaver is one leaving of one worker. Someone who was hired again and left again is two.
type Leaver struct {
	ID         string        `json:"id"` // L-00001, in the order of the model
	Person     string        `json:"person"`
	Name       string        `json:"name"`
	Department string        `json:"department"`
	Kind       Kind          `json:"kind"`
	Status     access.Status `json:"status"`             // as HR showed it last within the leaving
	LastDay    time.Time     `json:"last_day,omitzero"`  // zero: HR gives none
	Ends       time.Time     `json:"ends"`               // the first moment without access
	Shown      Snapshot      `json:"shown"`              // the first complete HR snapshot that shows it
	Before     *Snapshot     `json:"before,omitempty"`   // the one before, which does not; nil: Shown is the first that is kept
	MissedHR   int           `json:"missed_hr"`          // HR snapshots between the two that are not complete
	Late       bool          `json:"late"`               // HR did not show it when the last day was over
	LateLeast  int64         `json:"late_least_seconds"` // that much at least, HR was late
	LateMost   int64         `json:"late_most_seconds"`
	Unknown    bool          `json:"shown_unknown"` // whether HR was late is unknown: its first snapshot that is kept is after the end
	Rehired    *Rehire       `json:"rehired,omitempty"`
	Clock      time.Time     `json:"clock"` // from when the time that is allowed runs
	Accounts   []AccountEnd  `json:"accounts"`
}

// Rehire is when someone worked again.
type Rehire struct {
	Shown Snapshot  `json:"shown"`
	Start time.Time `json:"start"` // first day, or the moment of the snapshot when HR gives none after the leaving
}

// Verdict is how one account stands against the time that is allowed.
type Verdict string

// The verdicts, the best first.
const (
	InTime     Verdict = "in time"
	LateByHR   Verdict = "late from the end" // in time from the detection on, later than allowed from the end of the last day on
	Running    Verdict = "time is running"
	NoSLA      Verdict = "no time set"
	HiredAgain Verdict = "hired again" // before the time was over
	Unsure     Verdict = "not proven in time"
	NotKnown   Verdict = "unknown"
	Breach     Verdict = "late"
	StillOpen  Verdict = "still usable, late"
)

// Verdicts lists all verdicts, the best first.
func Verdicts() []Verdict {
	return []Verdict{InTime, LateByHR, Running, HiredAgain, NoSLA, Unsure, NotKnown, Breach, StillOpen}
}

// Failed reports whether a verdict is a breach of what the system allows.
func (v Verdict) Failed() bool { return v == Breach || v == StillOpen }

// Cause is why an account was not unusable in time.
type Cause string

// The causes.
const (
	CauseHR       Cause = "late HR entry"
	CauseSource   Cause = "source incomplete"
	CauseApproval Cause = "waiting for approval"
	CauseHeld     Cause = "held"
	CauseFailed   Cause = "failed"
	CauseOrdered  Cause = "ordered, not done in time"
	CauseTold     Cause = "policy only tells"
	CausePolicy   Cause = "no policy"
	CauseRefused  Cause = "refused"
	CausePlanned  Cause = "planned, not done in time"
	CauseNights   Cause = "snapshots too far apart"
	CauseExpired  Cause = "facts past their retention"
	CauseBefore   Cause = "before the first snapshot"
	CauseUnknown  Cause = "unknown"
)

// AccountEnd is how one account of a leaver ended.
type AccountEnd struct {
	ID        string    `json:"id"` // T-00001: the row of the annex
	System    string    `json:"system"`
	Account   string    `json:"account_id"`
	Name      string    `json:"account"`
	Key       string    `json:"linked_by"`
	First     string    `json:"linked_first"`               // run
	Last      string    `json:"linked_last"`                // run
	On        *Snapshot `json:"last_usable,omitempty"`      // the last snapshot in which it could be used
	Off       *Snapshot `json:"first_unusable,omitempty"`   // the first one after it in which it could not
	How       string    `json:"how"`                        // disabled, gone, usable; empty: unknown
	At        time.Time `json:"at,omitzero"`                // when it was unusable at the latest
	Exact     bool      `json:"exact"`                      // At is when the system said so, and the snapshots agree
	Action    string    `json:"action,omitempty"`           // that did it, or was to
	FromEnd   *int64    `json:"from_end_seconds,omitempty"` // from the end of the last day; 0 when it was unusable before
	FromClock *int64    `json:"from_clock_seconds,omitempty"`
	SLA       int64     `json:"sla_seconds"`
	Due       time.Time `json:"due,omitzero"`
	Verdict   Verdict   `json:"verdict"`
	Cause     Cause     `json:"cause,omitempty"`
	Why       string    `json:"why,omitempty"`
	Again     bool      `json:"again"` // it had been unusable after the end, and could be used again
	Login     *Login    `json:"login,omitempty"`
	Told      bool      `json:"logins_told"` // the system tells when the account was used last
}

// Login is the last use of an account after the end of the last day.
type Login struct {
	At    time.Time `json:"at"`
	Shown Snapshot  `json:"shown"`
}
