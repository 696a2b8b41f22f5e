package vocabulary

import (
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"muster/internal/access"
)

// PersonName is what people call a person: the display name, else the names, else the worker id.
func PersonName(p *access.Person) string {
	switch {
	case p.DisplayName != "":
		return p.DisplayName
	case p.GivenName != "" && p.FamilyName != "":
		return p.GivenName + " " + p.FamilyName
	case p.FamilyName != "":
		return p.FamilyName
	case p.GivenName != "":
		return p.GivenName
	}
	return p.ID
}

// profileFields are what HR says about a person; bundles see these alone.
func profileFields() []Field {
	of := func(get func(*access.Person) string) func(*Object) string {
		return func(o *Object) string { return get(o.person.Person) }
	}
	at := func(get func(*access.Person) time.Time) func(*Object) time.Time {
		return func(o *Object) time.Time { return get(o.person.Person) }
	}
	return profile(
		text("id", "worker id, as HR spells it", of(func(p *access.Person) string { return p.ID })),
		text("name", "what people call them: display name, else given and family name, else the worker id", of(PersonName)),
		text("given_name", "given name", of(func(p *access.Person) string { return p.GivenName })),
		text("family_name", "family name", of(func(p *access.Person) string { return p.FamilyName })),
		text("display_name", "full name as HR shows it", of(func(p *access.Person) string { return p.DisplayName })),
		identity("email", "e-mail address in HR", of(func(p *access.Person) string { return p.Email })),
		identity("upn", "user principal name, when HR carries it", of(func(p *access.Person) string { return p.UPN })),
		identity("username", "login that HR assigned, when it does", of(func(p *access.Person) string { return p.Username })),
		text("title", "job title", of(func(p *access.Person) string { return p.Title })),
		word("department", "department", of(func(p *access.Person) string { return p.Department })),
		word("cost_centre", "cost centre", of(func(p *access.Person) string { return p.CostCentre })),
		word("company", "legal entity", of(func(p *access.Person) string { return p.Company })),
		word("location", "place of work", of(func(p *access.Person) string { return p.Location })),
		word("employment_type", "employee, contractor or intern", of(func(p *access.Person) string { return string(p.EmploymentType) })).
			oneOf("employee", "contractor", "intern", ""),
		word("status", "prehire, active, leave, terminated or unknown", of(func(p *access.Person) string { return string(p.Status) })).
			oneOf("prehire", "active", "leave", "terminated", "unknown"),
		identity("manager_id", "worker id of the manager", of(func(p *access.Person) string { return p.ManagerID })),
		moment("start_date", "first day at work", at(func(p *access.Person) time.Time { return p.StartDate })),
		moment("end_date", "last day of the contract or of employment", at(func(p *access.Person) time.Time { return p.EndDate })),
		attributes("further columns of the HR export", func(o *Object) map[string]string { return o.person.Person.Attributes }),
	)
}

// personFields adds what a run knows about a person to what HR says.
func personFields() []Field {
	return append(profileFields(),
		value("row", cel.IntType, "line of the HR export", func(o *Object) ref.Val { return types.Int(o.person.Person.Row) }),
		value("accounts", cel.ListType(objectType("account")), "accounts linked to the person, by system and id",
			func(o *Object) ref.Val { return o.scene.accounts(o.person) }),
		Field{Name: "functions", Type: cel.ListType(cel.StringType),
			Doc: "business functions of the SoD matrix that the person can exercise today; made for: name in person.functions",
			get: func(o *Object) ref.Val { return o.scene.functions(o.person) },
			set: func(o *Object) bool { return len(o.person.Functions) > 0 }},
		flag("manager_missing", "HR names no manager and the person heads nothing", func(o *Object) bool { return o.person.Quality.ManagerMissing }),
		flag("manager_unknown", "the manager's worker id is no person", func(o *Object) bool { return o.person.Quality.ManagerUnknown }),
		flag("manager_terminated", "the manager has left", func(o *Object) bool { return o.person.Quality.ManagerTerminated }),
		words("manager_cycle", "worker ids of the cycle of managers that the person lies on", func(o *Object) []string { return o.person.Quality.ManagerCycle }),
		flag("department_unknown", "the department is not one of the configured ones", func(o *Object) bool { return o.person.Quality.DepartmentUnknown }),
		count("duplicate_id", "how many further rows carry the same worker id", func(o *Object) int { return o.person.Quality.DuplicateID }),
		words("duplicate_email", "worker ids of others with the same e-mail address", func(o *Object) []string { return o.person.Quality.DuplicateEmail }),
	)
}

func noPerson(o *Object) error {
	if o.person == nil || o.person.Person == nil {
		return errNoPerson
	}
	return nil
}
