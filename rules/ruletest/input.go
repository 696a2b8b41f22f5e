package ruletest

import (
	"slices"
	"strings"
	"time"

	"muster/internal/access"
)

type inputYAML struct {
	Person   *personYAML   `yaml:"person"`
	Accounts []accountYAML `yaml:"accounts"`
	Missing  []grantYAML   `yaml:"missing"`
	Systems  []systemYAML  `yaml:"systems"`
}

type personYAML struct {
	ID             string                `yaml:"id"`
	Name           string                `yaml:"name"`
	Email          string                `yaml:"email"`
	Username       string                `yaml:"username"`
	Title          string                `yaml:"title"`
	Department     string                `yaml:"department"`
	CostCentre     string                `yaml:"cost_centre"`
	Company        string                `yaml:"company"`
	Location       string                `yaml:"location"`
	EmploymentType access.EmploymentType `yaml:"employment_type" enum:"employee,contractor,intern"`
	Status         access.Status         `yaml:"status" enum:"prehire,active,leave,terminated,unknown"`
	ManagerID      string                `yaml:"manager_id"`
	StartDate      time.Time             `yaml:"start_date"`
	EndDate        time.Time             `yaml:"end_date"`
	Attributes     map[string]string     `yaml:"attributes"`
	Functions      []string              `yaml:"functions"`

	ManagerMissing    bool     `yaml:"manager_missing"`
	ManagerUnknown    bool     `yaml:"manager_unknown"`
	ManagerTerminated bool     `yaml:"manager_terminated"`
	ManagerCycle      []string `yaml:"manager_cycle"`
	DepartmentUnknown bool     `yaml:"department_unknown"`
	DuplicateID       int      `yaml:"duplicate_id"`
	DuplicateEmail    []string `yaml:"duplicate_email"`
}

type accountYAML struct {
	System        string             `yaml:"system" required:"true"`
	ID            string             `yaml:"id"`
	Name          string             `yaml:"name" required:"true"`
	Email         string             `yaml:"email"`
	EmployeeID    string             `yaml:"employee_id"`
	Owner         string             `yaml:"owner"`
	OwnerStatus   access.Status      `yaml:"owner_status" enum:"prehire,active,leave,terminated,unknown"`
	Kind          access.AccountKind `yaml:"kind" enum:"human,service,shared,break-glass"`
	Enabled       *bool              `yaml:"enabled"`
	Locked        bool               `yaml:"locked"`
	Privileged    bool               `yaml:"privileged"`
	MFA           *bool              `yaml:"mfa"`
	CreatedAt     time.Time          `yaml:"created_at"`
	LastLogin     time.Time          `yaml:"last_login"`
	NeverLoggedIn bool               `yaml:"never_logged_in"`
	Link          access.LinkResult  `yaml:"link" enum:"linked,unmatched,disputed,service-owned"`
	Previous      *int               `yaml:"previous_grant_count"`
	Attributes    map[string]string  `yaml:"attributes"`
	Grants        []grantYAML        `yaml:"grants"`
}

type grantYAML struct {
	System      string   `yaml:"system"` // of a missing one
	Entitlement string   `yaml:"entitlement" required:"true"`
	Privileged  bool     `yaml:"privileged"`
	Actual      *bool    `yaml:"actual"`
	Effective   *bool    `yaml:"effective"`
	AdminOption bool     `yaml:"admin_option"`
	Path        []string `yaml:"path"`
	Bases       []string `yaml:"bases"` // bundles that give it; one or more means that it is expected
}

type systemYAML struct {
	Name        string               `yaml:"name" required:"true"`
	Title       string               `yaml:"title"`
	Criticality string               `yaml:"criticality" enum:"low,medium,high,critical"`
	State       access.SnapshotState `yaml:"state" enum:"complete,partial,failed,held"`
	Reason      string               `yaml:"reason"`
	Known       *bool                `yaml:"known"` // false: there never was a complete snapshot
}

func or[T comparable](v, fallback T) T {
	var zero T
	if v == zero {
		return fallback
	}
	return v
}

func given(v *bool, fallback bool) bool {
	if v == nil {
		return fallback
	}
	return *v
}

func (y inputYAML) facts() *access.PersonFacts {
	f := &access.PersonFacts{Functions: map[string][]access.EntitlementRef{}}
	if p := y.Person; p != nil {
		f.Person = &access.Person{ID: or(p.ID, "W-1"), Row: 2, DisplayName: p.Name, Email: p.Email, Username: p.Username, Title: p.Title, Department: p.Department,
			CostCentre: p.CostCentre, Company: p.Company, Location: p.Location, EmploymentType: or(p.EmploymentType, access.Employee),
			Status: or(p.Status, access.StatusActive), ManagerID: p.ManagerID, StartDate: p.StartDate, EndDate: p.EndDate, Attributes: p.Attributes}
		f.Quality = access.Quality{ManagerMissing: p.ManagerMissing, ManagerUnknown: p.ManagerUnknown, ManagerTerminated: p.ManagerTerminated,
			ManagerCycle: p.ManagerCycle, DepartmentUnknown: p.DepartmentUnknown, DuplicateID: p.DuplicateID, DuplicateEmail: p.DuplicateEmail}
		for _, name := range p.Functions {
			f.Functions[name] = []access.EntitlementRef{{System: "test", Name: name}}
		}
		if len(p.Functions) == 0 {
			f.Functions = nil // computed from the grants, when there is a matrix
		}
	}
	for _, a := range y.Accounts {
		f.Accounts = append(f.Accounts, a.facts(f.Person))
	}
	for _, g := range y.Missing {
		m := g.facts(g.System)
		m.Actual, m.Effective, m.Expected = false, false, true
		f.Missing = append(f.Missing, m)
	}
	return f
}

func (y accountYAML) facts(p *access.Person) *access.AccountFacts {
	link := access.Link{System: y.System, AccountID: or(y.ID, y.Name), Result: access.Unmatched, Evidence: []string{"test"}}
	switch {
	case y.Link != "":
		link.Result = y.Link
	case p != nil:
		link.Result = access.Linked
	case y.Owner != "":
		link.Result = access.ServiceOwned
	}
	if link.PersonID = y.Owner; link.Result == access.Linked && p != nil {
		link.PersonID = p.ID
	}
	a := &access.AccountFacts{Account: access.Account{System: y.System, ID: or(y.ID, y.Name), Name: y.Name, Email: y.Email, EmployeeID: y.EmployeeID,
		OwnerRef: y.Owner, Kind: or(y.Kind, access.KindHuman), Enabled: given(y.Enabled, true), Locked: y.Locked, Privileged: y.Privileged,
		CreatedAt: y.CreatedAt, LastLogin: y.LastLogin, NeverLoggedIn: y.NeverLoggedIn, Attributes: y.Attributes, SourceRef: "test"},
		Link: link, PreviousGrants: -1, PrivilegedEffective: y.Privileged}
	if y.MFA != nil {
		a.MFA = access.TriOf(*y.MFA)
	}
	if y.Previous != nil {
		a.PreviousGrants = *y.Previous
	}
	if y.OwnerStatus != "" {
		a.Owner = &access.Person{ID: y.Owner, Status: y.OwnerStatus}
	}
	for _, g := range y.Grants {
		one := g.facts(y.System)
		a.PrivilegedEffective = a.PrivilegedEffective || one.Actual && one.Effective && one.Entitlement.Privileged
		a.Grants = append(a.Grants, one)
	}
	slices.SortFunc(a.Grants, func(x, y access.GrantFacts) int { return strings.Compare(x.Entitlement.Name, y.Entitlement.Name) })
	return a
}

func (y grantYAML) facts(system string) access.GrantFacts {
	g := access.GrantFacts{System: system, Entitlement: access.Entitlement{System: system, ID: y.Entitlement, Name: y.Entitlement, Privileged: y.Privileged},
		Actual: given(y.Actual, true), Effective: given(y.Effective, true), Expected: len(y.Bases) > 0, AdminOption: y.AdminOption,
		Direct: len(y.Path) == 0, Path: y.Path, Paths: 1}
	for _, b := range y.Bases {
		g.Basis = append(g.Basis, access.Basis{Kind: "bundle", Name: b})
	}
	return g
}

// systems are those that the input names, and HR.
func (y inputYAML) systems(now time.Time) map[string]*access.SystemFacts {
	whole := access.Snapshot{ID: "test", State: access.Complete, TakenAt: now}
	out := map[string]*access.SystemFacts{"hr": {Name: "hr", IsHR: true, Tonight: whole, Used: whole}}
	add := func(name string) {
		if name != "" && out[name] == nil {
			out[name] = &access.SystemFacts{Name: name, Title: name, Tonight: whole, Used: whole}
		}
	}
	for _, a := range y.Accounts {
		add(a.System)
	}
	for _, g := range y.Missing {
		add(g.System)
	}
	for _, s := range y.Systems {
		add(s.Name)
		sf := out[s.Name]
		sf.Title, sf.Criticality = or(s.Title, s.Name), s.Criticality
		sf.Tonight.State, sf.Tonight.Reason = or(s.State, access.Complete), s.Reason
		if !given(s.Known, true) {
			sf.Used = access.Snapshot{}
		}
	}
	return out
}
