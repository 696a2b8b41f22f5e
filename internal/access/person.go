package access

import (
	"strings"
	"time"
)

// Status is where a Person stands in the employment life cycle.
type Status string

// The statuses that every HR export is normalised to. StatusUnknown marks a row whose status could not be read; such a
// person exists (accounts still link to them) and no rule that asks for a status fires on them.
const (
	StatusPrehire    Status = "prehire"
	StatusActive     Status = "active"
	StatusLeave      Status = "leave"
	StatusTerminated Status = "terminated"
	StatusUnknown    Status = "unknown"
)

// EmploymentType is the kind of contract that a Person works under (SCIM core "userType", RFC 7643 §4.1.1).
type EmploymentType string

// The employment types that every HR export is normalised to.
const (
	Employee   EmploymentType = "employee"
	Contractor EmploymentType = "contractor"
	Intern     EmploymentType = "intern"
)

// Person is one worker as HR knows them.
type Person struct {
	ID             string // worker id, HR's immutable id; kept as HR spells it
	Row            int64  // line of the source row, 1-based, the header included; two rows of one ID are a data defect
	GivenName      string
	FamilyName     string
	DisplayName    string
	Email          string
	UPN            string // user principal name, when HR carries it
	Username       string // login that HR assigned, when it does
	Title          string
	Department     string
	CostCentre     string
	Company        string
	Location       string
	EmploymentType EmploymentType
	Status         Status
	ManagerID      string    // worker id of the manager; empty means none given
	StartDate      time.Time // first day at work
	EndDate        time.Time // last day of the contract or of employment; zero means open-ended
	Attributes     map[string]string
}

// Class names the object class of a Record.
func (Person) Class() Class { return ClassPerson }

// Entitled reports whether birthright access is due to p at the moment now, when bundles open lead days before the start
// date. The day of EndDate is the last one with access. Leave keeps access; rules judge it separately.
func (p Person) Entitled(now time.Time, lead int) bool {
	if p.Status == StatusTerminated || p.Status == StatusUnknown {
		return false
	}
	if !p.StartDate.IsZero() && now.AddDate(0, 0, lead).Before(p.StartDate) {
		return false
	}
	return p.EndDate.IsZero() || now.Before(p.EndDate.AddDate(0, 0, 1))
}

// Name is what people call p: the display name, else given and family name, else the worker id.
func (p Person) Name() string {
	if p.DisplayName != "" {
		return p.DisplayName
	}
	if name := strings.TrimSpace(p.GivenName + " " + p.FamilyName); name != "" {
		return name
	}
	return p.ID
}
