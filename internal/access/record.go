package access

import "time"

// Class is an object class that a collector reads.
type Class string

// The object classes. A Rejection is counted under the class that it should have been.
const (
	ClassPerson      Class = "person"
	ClassAccount     Class = "account"
	ClassEntitlement Class = "entitlement"
	ClassGrant       Class = "grant"
	ClassRejection   Class = "rejection"
)

// Record is what a collector emits: Person, Account, Entitlement, Grant or Rejection, always by value. An Account or an
// Entitlement may come after a Grant that names it; the order means nothing.
type Record interface{ Class() Class }

// Rejection is a source object that was fetched and could not be read. It is evidence: counted, listed, never dropped.
type Rejection struct {
	Of     Class  // the class that the object should have been
	Ref    string // "line 212", a DN, "/Users/2819c223"
	Reason string // what was expected and what was found, without secrets
}

// Class names the object class of a Record.
func (Rejection) Class() Class { return ClassRejection }

// SnapshotState says how much of a System a Snapshot holds.
type SnapshotState string

// The snapshot states. Held is a snapshot that was read whole but lost more than the threshold against the one before
// (invariant 2); nothing rests on it until a person releases it.
const (
	Complete SnapshotState = "complete"
	Partial  SnapshotState = "partial"
	Failed   SnapshotState = "failed"
	Held     SnapshotState = "held"
)

// ClassCoverage states how much of one object class a collector read. Fetched = Parsed + Rejected.
type ClassCoverage struct {
	Class    Class
	Claimed  int64 // what the source says it holds; NoClaim when it does not say
	Fetched  int64
	Parsed   int64
	Rejected int64
	State    SnapshotState // Complete, Partial or Failed
	Reason   string        // why it is not complete, for people: "page 3 of 6: 503 after 5 tries"
}

// NoClaim is the Claimed count of a source that does not say how much it holds.
const NoClaim int64 = -1

// Coverage is a collector's own statement about one enumeration.
type Coverage struct {
	Classes []ClassCoverage
	Source  string   // what answered: product and version, or the file's name, without credentials
	Queries []string // every query with its parameters, exactly as sent, without secrets (the IPE sheet prints them)
}

// State is the worst state of the classes; no class at all is Failed.
func (c Coverage) State() SnapshotState {
	if len(c.Classes) == 0 {
		return Failed
	}
	worst := Complete
	for _, k := range c.Classes {
		switch {
		case k.State == Failed:
			return Failed
		case k.State != Complete:
			worst = Partial
		}
	}
	return worst
}

// Of returns the coverage of one class and whether the collector stated it.
func (c Coverage) Of(class Class) (ClassCoverage, bool) {
	for _, k := range c.Classes {
		if k.Class == class {
			return k, true
		}
	}
	return ClassCoverage{}, false
}

// Snapshot is one enumeration of one System.
type Snapshot struct {
	ID               string // unique; sorts by time
	RunID            string
	System           string
	Collector        string // kind of collector: hr, ldap, scim, postgres, unix, csv
	CollectorVersion string
	TakenAt          time.Time // the moment that the facts are of: the run's clock, or the date of an export
	StartedAt        time.Time
	FinishedAt       time.Time
	State            SnapshotState
	Reason           string // why it is not complete, one line for people
	Hint             string // what the operator can do about it
	Coverage         Coverage
	Digest           string // multiset hash of the records, hex; the same whatever the order of arrival
	Rejections       []Rejection
	Baseline         bool // an older export, read only to compare with
}

// Usable reports whether absence may be inferred from s (invariants 1 and 2).
func (s Snapshot) Usable() bool { return s.State == Complete }

// Whole reports whether what s lacks is really not there: it is usable, and no person or account in it was rejected. A collector may be
// told to tolerate a few unreadable ones; their facts are absent all the same.
func (s Snapshot) Whole() bool {
	for _, class := range []Class{ClassPerson, ClassAccount} {
		if c, ok := s.Coverage.Of(class); ok && c.Rejected > 0 {
			return false
		}
	}
	return s.Usable()
}
