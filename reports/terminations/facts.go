package terminations

import (
	"time"

	"muster/internal/access"
	"muster/reports/frame"
)

// Facts are what the store knows of everyone who may have left.
type Facts struct {
	Period   frame.Period
	System   string    // only this one; empty is all
	Run      string    // the run as of which all is told
	AsOf     time.Time // its moment
	HR       History
	Persons  []Person
	Systems  []System
	Accounts map[string][]Account // by worker id
	Actions  []Action
	Policies int // how many files of policies the run had
}

// History is one source over time.
type History struct {
	Usable []Snapshot // complete, and their facts are stored; the oldest first
	Missed []Snapshot // not complete: partial, failed or held; the oldest first
	Lost   []Snapshot // complete, and their facts are past their retention
}

// Snapshot is one reading of a source.
type Snapshot struct {
	ID     string               `json:"id"`
	Run    string               `json:"run"`
	At     time.Time            `json:"at"`
	State  access.SnapshotState `json:"state"`
	Reason string               `json:"reason,omitempty"`
	Whole  bool                 `json:"whole"` // what it lacks is not there: nothing of it was rejected either
}

// Person is what HR said of one worker over its usable snapshots, which At and Seen are places in.
type Person struct {
	ID, Name, Department string
	Seen                 []int
	Changes              []PersonChange
}

// PersonChange is a state that holds from a snapshot on.
type PersonChange struct {
	At         int
	Status     access.Status
	Type       access.EmploymentType
	Start, End time.Time
}

// System is one system with its history.
type System struct {
	Name, Title, Owner string
	SLA                time.Duration // 0: none is set
	History            History
}

// Account is an account that a run linked with a person, over the usable snapshots of its system.
type Account struct {
	System, ID, Name string
	Key              access.LinkKey // by which the last of those runs linked it
	First, Last      string         // runs that linked it
	Seen             []int
	Changes          []AccountChange
}

// AccountChange is a state that holds from a snapshot on.
type AccountChange struct {
	At        int
	Enabled   bool
	LastLogin time.Time
	Never     bool
}

// Action is a change that was planned to take an account away.
type Action struct {
	ID      string
	Kind    access.ActionKind
	System  string
	Account string // id
	States  []ActionState
	Done    time.Time // when the system said that it is done; zero: it did not
}

// ActionState is where an action stood from a moment on.
type ActionState struct {
	At    time.Time
	State string
	Why   string
}
