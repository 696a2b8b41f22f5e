package access

import "time"

// Mode says what is done about a finding.
type Mode string

// The modes. Auto is carried out without asking, within the guardrails; Approve waits for a decision; Notify only tells; Off does nothing.
const (
	ModeAuto    Mode = "auto"
	ModeApprove Mode = "approve"
	ModeNotify  Mode = "notify"
	ModeOff     Mode = "off"
)

// OnExpiry is what happens when nobody decides in time.
type OnExpiry string

// What an expiry does: the access stays as it is, or the change is made all the same. A deletion is never made by an expiry.
const (
	ExpiryRefuse OnExpiry = "refuse"
	ExpiryApply  OnExpiry = "apply"
)

// The kinds of approver that a route names; any other word is the name of a group of the configuration.
const (
	RouteManager  = "manager"  // of the person whose access changes, from HR
	RouteOwner    = "owner"    // of the system
	RouteSecurity = "security" // the configured security team
)

// Policy is what the policies say about one finding: plain values, whatever condition chose them. Durations of zero mean none.
type Policy struct {
	Name       string       `json:"name"`
	Mode       Mode         `json:"mode"`
	Actions    []ActionKind `json:"actions"`     // in the order in which they are done
	Route      []string     `json:"route"`       // who may approve: manager, owner, security, or a group; all of them together
	Need       int          `json:"need"`        // how many different persons must approve
	StepUp     bool         `json:"step_up"`     // the decision is not taken in Slack or mail alone
	EscalateTo []string     `json:"escalate_to"` // who may approve besides, once it is escalated
	OnExpiry   OnExpiry     `json:"on_expiry"`

	Grace       time.Duration `json:"grace"`        // after the person's end date, before anything is done
	Handover    time.Duration `json:"handover"`     // how long what a former bundle gave is kept after a transfer
	SLA         time.Duration `json:"sla"`          // how soon it should be mended, from the finding's first sight
	Remind      time.Duration `json:"remind"`       // after the question was put
	Escalate    time.Duration `json:"escalate"`     // after the question was put
	Expire      time.Duration `json:"expire"`       // after the question was put
	DeleteAfter time.Duration `json:"delete_after"` // after the account was disabled; zero: never deleted
}

// Case is what a policy's condition looks at: one finding with the facts of its subject. Pointers are nil where there is no such fact.
type Case struct {
	Finding Finding
	Person  *Person
	Account *AccountFacts
	Grant   *GrantFacts
	System  *SystemFacts
}
