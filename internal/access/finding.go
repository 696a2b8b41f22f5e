package access

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Severity orders findings. The scale is that of OCSF's severity_id, without Unknown and Fatal.
type Severity string

// The severities, mildest first.
const (
	Informational Severity = "info"
	Low           Severity = "low"
	Medium        Severity = "medium"
	High          Severity = "high"
	Critical      Severity = "critical"
)

// Rank orders severities from 0 (info) to 4 (critical); -1 is no severity.
func (s Severity) Rank() int {
	switch s {
	case Informational:
		return 0
	case Low:
		return 1
	case Medium:
		return 2
	case High:
		return 3
	case Critical:
		return 4
	}
	return -1
}

// FindingState is where a finding stands in its life.
type FindingState string

// The states of a finding.
const (
	Open         FindingState = "open"
	Acknowledged FindingState = "acknowledged"
	Excepted     FindingState = "excepted"
	Remediating  FindingState = "remediating"
	Resolved     FindingState = "resolved"
	Reopened     FindingState = "reopened"
)

// Change is what a run did to a finding.
type Change string

// The changes between two runs. Unverified: the finding could not be looked at tonight because a source was incomplete, so
// it stands as it was.
const (
	ChangeNew        Change = "new"
	ChangeStill      Change = "still"
	ChangeResolved   Change = "resolved"
	ChangeReopened   Change = "reopened"
	ChangeUnverified Change = "unverified"
)

// Scope says what a rule looks at.
type Scope string

// The scopes of a rule.
const (
	ScopePerson  Scope = "person"
	ScopeAccount Scope = "account"
	ScopeGrant   Scope = "grant"
	ScopeSystem  Scope = "system"
)

// Evidence is one fact that a rule used, with its source.
type Evidence struct {
	Expr   string `json:"expr"`   // the part of the condition: account.enabled
	Value  string `json:"value"`  // what it was
	Source string `json:"source"` // system, snapshot, row or DN
}

// Finding is one violation of one rule by one subject.
type Finding struct {
	Fingerprint string       `json:"fingerprint"` // hex SHA-256 of rule, scope, system, subject id and detail
	ID          string       `json:"id"`          // F- and the first characters of the fingerprint in base32: F-7Q2K4MZD
	Rule        string       `json:"rule"`
	Scope       Scope        `json:"scope"`
	Severity    Severity     `json:"severity"`
	State       FindingState `json:"state"`
	Change      Change       `json:"change"`
	System      string       `json:"system"`           // the system, "hr" source name, or several joined by "+"
	Subject     string       `json:"subject"`          // for people: account name, worker id or system name
	SubjectID   string       `json:"subject_id"`       // immutable: account id, worker id or system name
	Detail      string       `json:"detail"`           // entitlement name, SoD conflict id, ...; empty when the rule has none
	Person      string       `json:"person,omitempty"` // worker id of the person concerned
	PersonName  string       `json:"person_name,omitempty"`
	Message     string       `json:"message"`
	Hint        string       `json:"remediation"`
	Controls    []string     `json:"controls"`
	Evidence    []Evidence   `json:"evidence"`
	Exception   string       `json:"exception,omitempty"` // id of the exception or mitigation that covers it
	FirstSeen   time.Time    `json:"first_seen"`
	LastSeen    time.Time    `json:"last_seen"`
	ResolvedAt  time.Time    `json:"resolved_at,omitzero"`
	RunID       string       `json:"run"` // the run that wrote this state
}

// Fingerprint is the stable identity of a finding: hex SHA-256 over the length-prefixed parts. subjectID must be the
// immutable id, so that a rename makes no new finding.
func Fingerprint(rule string, scope Scope, system, subjectID, detail string) string {
	h := sha256.New()
	for _, part := range []string{rule, string(scope), system, subjectID, detail} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ShortID is the name that people use for a finding: "F-" and eight base32 characters (40 bits) of the fingerprint.
func ShortID(fingerprint string) string {
	raw, err := hex.DecodeString(fingerprint)
	if err != nil || len(raw) < 5 {
		return "F-" + fingerprint
	}
	return "F-" + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw[:5])
}

// RunState is how a run ended.
type RunState string

// The states of a run.
const (
	RunStarted   RunState = "started"
	RunCompleted RunState = "completed"
	RunFailed    RunState = "failed"
)

// Run is one nightly reconciliation.
type Run struct {
	ID           string // 2026-11-22T01:00:00Z and a suffix; sorts by time
	Organisation string
	State        RunState
	AsOf         time.Time // the clock that the rules saw
	StartedAt    time.Time
	FinishedAt   time.Time
	Version      string // muster's version
	ConfigDigest string
	RulesDigest  string
	Incomplete   bool // a source was partial, failed or held: exit code 3
	Persons      int64
	Accounts     int64
	Grants       int64
	Counts       []RuleCount
	Checkpoint   string // the signed ledger checkpoint (C2SP tlog-checkpoint) after the run's findings were entered
	FirstEntry   uint64 // the ledger index of the run's start
	LastEntry    uint64 // the ledger index of the run's last entry before its pack
	Evidence     string // JSON of what the pack says besides findings and population, as the run applied it: sources, rules, bundles, exceptions
}

// RuleCount counts one rule's findings in one system in one run.
type RuleCount struct {
	Rule       string   `json:"rule"`
	System     string   `json:"system"`
	Severity   Severity `json:"severity"`
	New        int      `json:"new"`
	Open       int      `json:"open"` // all that are open after the run, the new and the unverified ones included
	Resolved   int      `json:"resolved"`
	Reopened   int      `json:"reopened"`
	Excepted   int      `json:"excepted"`
	Unverified int      `json:"unverified"`
}
