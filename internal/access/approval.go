package access

import "time"

// Verdict is how a question was answered.
type Verdict string

// The verdicts. Expire is nobody's: the time ran out.
const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
	Expire  Verdict = "expire"
)

// Channel is the way by which a decision came.
type Channel string

// The channels.
const (
	ChannelCLI   Channel = "cli"
	ChannelSlack Channel = "slack"
	ChannelMail  Channel = "mail"
	ChannelClock Channel = "clock" // an expiry
)

// Decision is approve, deny or expire: by whom, in which role, through which channel.
type Decision struct {
	ID       string    `json:"id"` // D- and eight base32 characters
	Approval string    `json:"approval"`
	Verdict  Verdict   `json:"verdict"`
	By       string    `json:"by,omitempty"` // worker id; empty for an expiry
	ByName   string    `json:"by_name,omitempty"`
	Role     string    `json:"role,omitempty"` // manager, owner, security or the group by which the person may decide
	Channel  Channel   `json:"channel"`
	At       time.Time `json:"at"`
	Reason   string    `json:"reason,omitempty"`
}

// ApprovalState is where a question stands.
type ApprovalState string

// The states of an approval. Withdrawn: what it asked about is gone.
const (
	ApprovalWaiting   ApprovalState = "waiting"
	ApprovalApproved  ApprovalState = "approved"
	ApprovalDenied    ApprovalState = "denied"
	ApprovalExpired   ApprovalState = "expired"
	ApprovalWithdrawn ApprovalState = "withdrawn"
)

// ApprovalSubject is what an approval is about.
type ApprovalSubject string

// The subjects of approvals.
const (
	AboutActions   ApprovalSubject = "actions"
	AboutRequest   ApprovalSubject = "request"
	AboutException ApprovalSubject = "exception"
)

// Approval is one question to people: may these actions be done, may this request or exception stand?
type Approval struct {
	ID      string          `json:"id"`  // AP- and eight base32 characters
	Key     string          `json:"key"` // what it is about, whoever asks; one question about it waits at a time
	Run     string          `json:"run,omitempty"`
	About   ApprovalSubject `json:"about"`
	Actions []string        `json:"actions,omitempty"` // ids
	Subject string          `json:"subject,omitempty"` // id of the request or exception

	Title        string   `json:"title"` // one line: who would lose or get what, where
	Lines        []string `json:"lines"` // one per change
	Why          string   `json:"why"`
	Conflicts    []string `json:"conflicts,omitempty"` // segregation of duties that it would break
	Irreversible string   `json:"irreversible,omitempty"`
	Rule         string   `json:"rule,omitempty"`
	FindingID    string   `json:"finding_id,omitempty"`
	Severity     Severity `json:"severity,omitempty"`
	System       string   `json:"system,omitempty"`
	Person       string   `json:"person,omitempty"` // whose access it is; never an approver
	PersonName   string   `json:"person_name,omitempty"`
	Requester    string   `json:"requester,omitempty"` // never an approver

	Approvers  []Approver `json:"approvers"`
	Escalation []Approver `json:"escalation,omitempty"` // may decide besides, once escalated
	Need       int        `json:"need"`
	StepUp     bool       `json:"step_up"`
	OnExpiry   OnExpiry   `json:"on_expiry"`

	RaisedAt   time.Time `json:"raised_at"`
	RemindAt   time.Time `json:"remind_at,omitzero"`
	EscalateAt time.Time `json:"escalate_at,omitzero"`
	ExpiresAt  time.Time `json:"expires_at,omitzero"`
	DueAt      time.Time `json:"due_at,omitzero"` // by the SLA

	State     ApprovalState        `json:"state"`
	Decisions []Decision           `json:"decisions,omitempty"`
	Reminded  bool                 `json:"reminded,omitempty"`
	Escalated bool                 `json:"escalated,omitempty"`
	Snoozed   map[string]time.Time `json:"snoozed,omitempty"` // by worker id: not reminded before
	Outcome   string               `json:"outcome,omitempty"` // what became of it, for people: "done 2026-11-22 01:04 UTC", "verified by the next snapshot"
	Version   uint64               `json:"version"`
}

// Approver is a person who may decide, and why.
type Approver struct {
	Person string `json:"person"` // worker id
	Name   string `json:"name"`
	Email  string `json:"email,omitempty"`
	Role   string `json:"role"`
}

// May finds the approver of a person; those of the escalation count once it is escalated.
func (a Approval) May(person string) (Approver, bool) {
	for _, x := range a.Approvers {
		if x.Person == person {
			return x, true
		}
	}
	if a.Escalated {
		for _, x := range a.Escalation {
			if x.Person == person {
				return x, true
			}
		}
	}
	return Approver{}, false
}

// Approvals counts the approving decisions so far.
func (a Approval) Approvals() int {
	n := 0
	for _, d := range a.Decisions {
		if d.Verdict == Approve {
			n++
		}
	}
	return n
}

// RequestState is where a request or exception stands.
type RequestState string

// The states of a request. Active: it is an expectation now. Ended: its time is over or it was taken back.
const (
	RequestWaiting RequestState = "waiting"
	RequestActive  RequestState = "active"
	RequestDenied  RequestState = "denied"
	RequestEnded   RequestState = "ended"
)

// Request asks for an entitlement for a person and a time. Once approved it is an expectation and nothing else.
type Request struct {
	ID         string         `json:"id"` // RQ- and eight base32 characters
	Person     string         `json:"person"`
	PersonName string         `json:"person_name"`
	Ref        EntitlementRef `json:"ref"`
	Privileged bool           `json:"privileged,omitempty"`
	Reason     string         `json:"reason"`
	By         string         `json:"by"` // worker id of the requester; may be the person
	ByName     string         `json:"by_name,omitempty"`
	At         time.Time      `json:"at"`
	For        time.Duration  `json:"for"`
	From       time.Time      `json:"from,omitzero"`  // when it was approved
	Until      time.Time      `json:"until,omitzero"` // From + For
	Conflicts  []string       `json:"conflicts,omitempty"`
	Approval   string         `json:"approval"`
	State      RequestState   `json:"state"`
	Version    uint64         `json:"version"`
}

// RiskException asks that a finding be accepted until a day. Once approved it covers the finding as one of the exceptions file does.
type RiskException struct {
	ID                  string       `json:"id"` // RX- and eight base32 characters
	Finding             string       `json:"finding"`
	FindingID           string       `json:"finding_id"`
	Rule                string       `json:"rule"`
	System              string       `json:"system"`
	SubjectID           string       `json:"subject_id"`
	SubjectName         string       `json:"subject_name"`
	Detail              string       `json:"detail,omitempty"`
	Person              string       `json:"person,omitempty"`
	Owner               string       `json:"owner"` // worker id of who answers for it
	OwnerName           string       `json:"owner_name,omitempty"`
	Reason              string       `json:"reason"`
	CompensatingControl string       `json:"compensating_control"`
	Expires             time.Time    `json:"expires"` // the last day in force
	At                  time.Time    `json:"at"`
	Approval            string       `json:"approval"`
	ApprovedBy          []string     `json:"approved_by,omitempty"`
	State               RequestState `json:"state"`
	Version             uint64       `json:"version"`
}

// Hold stops what would be done in one system, or in all, until a person releases it.
type Hold struct {
	ID         string    `json:"id"`               // H- and eight base32 characters
	System     string    `json:"system,omitempty"` // empty: every system
	Cause      string    `json:"cause"`            // too-many, incomplete, clock, person
	Reason     string    `json:"reason"`           // for people, with figures
	Run        string    `json:"run,omitempty"`
	Actions    int       `json:"actions"`
	Accounts   int       `json:"accounts"`
	Digest     string    `json:"digest,omitempty"` // of the held actions' keys: a release covers these and no others
	By         string    `json:"by,omitempty"`     // who set it, when a person did
	At         time.Time `json:"at"`
	ReleasedBy string    `json:"released_by,omitempty"`
	ReleasedAt time.Time `json:"released_at,omitzero"`
	Release    string    `json:"release,omitempty"` // the reason
	Version    uint64    `json:"version"`
}

// Open reports whether the hold still holds.
func (h Hold) Open() bool { return h.ReleasedAt.IsZero() }
