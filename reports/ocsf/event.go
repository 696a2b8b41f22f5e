package ocsf

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
)

// Version is the version of the schema.
const Version = "1.3.0"

// FileName is what the events of a run's findings are called in a pack.
const FileName = "findings.ocsf.ndjson"

// About says whose events they are.
type About struct {
	Organisation string
	Product      string // version of Muster, without its name
	Run          string // empty for events of many runs
	Origin       string // of the ledger: "muster.example/acme"
}

// AboutFile takes it from evidence.json.
func AboutFile(f evidence.File) About {
	return About{Organisation: f.Organisation, Product: f.Run.Version, Run: f.Run.ID, Origin: f.Ledger.Origin}
}

// event is what all classes have in common, and the attributes of each. Names and their meaning are the schema's.
type event struct {
	ActivityID   int            `json:"activity_id"`
	Activity     string         `json:"activity_name"`
	CategoryUID  int            `json:"category_uid"`
	Category     string         `json:"category_name"`
	ClassUID     int            `json:"class_uid"`
	Class        string         `json:"class_name"`
	TypeUID      int64          `json:"type_uid"`
	Type         string         `json:"type_name"`
	Time         int64          `json:"time"`
	Offset       int            `json:"timezone_offset"`
	SeverityID   int            `json:"severity_id"`
	Severity     string         `json:"severity"`
	StatusID     int            `json:"status_id,omitempty"`
	Status       string         `json:"status,omitempty"`
	StatusCode   string         `json:"status_code,omitempty"`
	StatusDetail string         `json:"status_detail,omitempty"`
	Message      string         `json:"message,omitempty"`
	Metadata     metadata       `json:"metadata"`
	Compliance   *compliance    `json:"compliance,omitempty"`
	Finding      *findingInfo   `json:"finding_info,omitempty"`
	Remediation  *remediation   `json:"remediation,omitempty"`
	Resources    []resource     `json:"resources,omitempty"`
	Actor        *actor         `json:"actor,omitempty"`
	User         *user          `json:"user,omitempty"`
	Group        *group         `json:"group,omitempty"`
	Privileges   []string       `json:"privileges,omitempty"`
	Resource     *resource      `json:"resource,omitempty"`
	RawData      string         `json:"raw_data,omitempty"`
	Unmapped     map[string]any `json:"unmapped,omitempty"`
}

type metadata struct {
	Version     string  `json:"version"`
	Product     product `json:"product"`
	UID         string  `json:"uid,omitempty"`
	Correlation string  `json:"correlation_uid,omitempty"`
	Tenant      string  `json:"tenant_uid,omitempty"`
	EventCode   string  `json:"event_code,omitempty"`
	LogName     string  `json:"log_name,omitempty"`
	LogProvider string  `json:"log_provider,omitempty"`
	Sequence    *uint64 `json:"sequence,omitempty"`
}

type product struct {
	Name    string `json:"name"`
	Vendor  string `json:"vendor_name"`
	Version string `json:"version,omitempty"`
}

type compliance struct {
	Control      string   `json:"control,omitempty"`
	Requirements []string `json:"requirements,omitempty"`
	Standards    []string `json:"standards"`
	StatusID     int      `json:"status_id"`
	Status       string   `json:"status"`
	StatusDetail string   `json:"status_detail,omitempty"`
}

type findingInfo struct {
	UID       string    `json:"uid"`
	Title     string    `json:"title"`
	Desc      string    `json:"desc,omitempty"`
	Created   int64     `json:"created_time,omitempty"`
	FirstSeen int64     `json:"first_seen_time,omitempty"`
	LastSeen  int64     `json:"last_seen_time,omitempty"`
	Modified  int64     `json:"modified_time,omitempty"`
	Types     []string  `json:"types,omitempty"`
	Sources   []string  `json:"data_sources,omitempty"`
	Analytic  *analytic `json:"analytic,omitempty"`
}

type analytic struct {
	TypeID  int    `json:"type_id"`
	Type    string `json:"type"`
	UID     string `json:"uid"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

type remediation struct {
	Desc string `json:"desc"`
}

type resource struct {
	Type        string `json:"type,omitempty"`
	UID         string `json:"uid,omitempty"`
	Name        string `json:"name,omitempty"`
	Namespace   string `json:"namespace,omitempty"`
	Criticality string `json:"criticality,omitempty"`
	Owner       *user  `json:"owner,omitempty"`
}

type actor struct {
	App string `json:"app_name"`
}

type user struct {
	UID      string   `json:"uid,omitempty"`
	Name     string   `json:"name,omitempty"`
	FullName string   `json:"full_name,omitempty"`
	UIDAlt   string   `json:"uid_alt,omitempty"` // worker id of the person
	Domain   string   `json:"domain,omitempty"`  // the system that knows the account
	Account  *account `json:"account,omitempty"`
}

type account struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
}

type group struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
}

// class is one event class.
type class struct {
	uid, category      int
	name, categoryName string
}

func baseEvent() class         { return class{0, 0, "Base Event", "Uncategorized"} }
func complianceFinding() class { return class{2003, 2, "Compliance Finding", "Findings"} }
func accountChange() class     { return class{3001, 3, "Account Change", "Identity & Access Management"} }
func userAccess() class {
	return class{3005, 3, "User Access Management", "Identity & Access Management"}
}
func groupManagement() class {
	return class{3006, 3, "Group Management", "Identity & Access Management"}
}

// other is the id of what the schema has no id for.
const other = 99

// event begins an event of the class. The activity's name is the schema's caption of its id, or our own word for other.
func (c class) event(id int, name string, at time.Time, about About) event {
	if at.IsZero() {
		at = time.Unix(0, 0) // required; a year 1 would be refused
	}
	caption := name
	if id == other {
		caption = "Other"
	}
	return event{ActivityID: id, Activity: name, CategoryUID: c.category, Category: c.categoryName, ClassUID: c.uid, Class: c.name,
		TypeUID: int64(c.uid)*100 + int64(id), Type: c.name + ": " + caption, Time: at.UnixMilli(), SeverityID: 1, Severity: "Informational",
		Metadata: metadata{Version: Version, Product: product{Name: "Muster", Vendor: "Muster", Version: about.Product}, Correlation: about.Run, Tenant: about.Organisation}}
}

// severity maps our scale, which is the schema's without Unknown and Fatal.
func (e *event) severity(s access.Severity) {
	names := []string{"Unknown", "Informational", "Low", "Medium", "High", "Critical"}
	e.SeverityID = s.Rank() + 1
	e.Severity = names[e.SeverityID]
}

// milliseconds is 0, which is left out, for a time that is not known.
func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// frameworks are the standards that controls belong to: what stands before the last word of "SOC2 CC6.2".
func frameworks(controls []string) []string {
	var out []string
	for _, c := range controls {
		words := strings.Fields(c)
		if len(words) > 1 {
			words = words[:len(words)-1]
		}
		if name := strings.Join(words, " "); name != "" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lines writes one event a line.
type lines struct{ w *bufio.Writer }

func newLines(w io.Writer) lines { return lines{bufio.NewWriterSize(w, 1<<16)} }

func (l lines) write(e event) error {
	enc := json.NewEncoder(l.w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	return nil
}

func (l lines) flush() error {
	if err := l.w.Flush(); err != nil {
		return fmt.Errorf("write events: %w", err)
	}
	return nil
}
