package hr

import "muster/internal/access"

// preset is what one HR product's export looks like: header names a field, and what its texts mean. Header names are compared
// without case, spaces, underscores, dots and hyphens, so a Workday XML alias (Employee_ID) is its column heading.
type preset struct {
	columns  map[string][]string
	statuses map[string]access.Status
	types    map[string]access.EmploymentType
}

// presets gives them by the name of the format. Workday reports are built by each customer: the names are those of the report fields of
// Workday's worker business object, with the headings that are common for them. BambooHR names are the labels of its standard
// report fields and, second, the field names of its API (documentation.bamboohr.com, "Field Names").
func presets() map[string]preset {
	return map[string]preset{
		"plain": {columns: map[string][]string{
			"id": {"worker_id"}, "given_name": {"given_name"}, "family_name": {"family_name"}, "display_name": {"display_name"},
			"email": {"email"}, "upn": {"upn"}, "username": {"username"}, "title": {"title"}, "department": {"department"},
			"cost_centre": {"cost_centre", "cost_center"}, "company": {"company"}, "location": {"location"},
			"employment_type": {"employment_type"}, "status": {"status"}, "manager_id": {"manager_id"},
			"start_date": {"start_date"}, "end_date": {"end_date"},
		}},
		"workday": {
			columns: map[string][]string{
				"id": {"Employee ID", "Worker ID"}, "given_name": {"First Name", "Legal First Name", "Preferred First Name"},
				"family_name": {"Last Name", "Legal Last Name", "Preferred Last Name"}, "display_name": {"Worker", "Preferred Name", "Full Name"},
				"email": {"Email - Primary Work", "Primary Work Email", "Work Email", "Email Address"},
				"upn":   {"User Principal Name"}, "username": {"User Name", "Username"}, "title": {"Business Title", "Job Title"},
				"department": {"Supervisory Organization", "Department"}, "cost_centre": {"Cost Center", "Cost Centre"}, "company": {"Company"},
				"location": {"Location"}, "employment_type": {"Worker Type", "Employee Type"},
				"status": {"Worker Status", "Employee Status", "Status"}, "manager_id": {"Manager - Employee ID", "Manager Employee ID", "Manager ID", "Worker's Manager ID"},
				"start_date": {"Hire Date", "Start Date"}, "end_date": {"Termination Date", "Contract End Date", "End Date"},
			},
			statuses: map[string]access.Status{"active - payroll": access.StatusActive, "on leave - paid": access.StatusLeave, "on leave - unpaid": access.StatusLeave},
			types: map[string]access.EmploymentType{"contingent worker": access.Contractor, "independent contractor": access.Contractor,
				"regular": access.Employee, "fixed term": access.Employee, "fixed term (fixed term)": access.Employee},
		},
		"bamboohr": {
			columns: map[string][]string{
				"id": {"Employee #", "Employee Number", "employeeNumber"}, "given_name": {"First Name", "firstName"},
				"family_name": {"Last Name", "lastName"}, "display_name": {"Display Name", "displayName", "Name", "fullName1"},
				"email": {"Work Email", "workEmail"}, "upn": {"User Principal Name"}, "username": {"Username"},
				"title": {"Job Title", "jobTitle"}, "department": {"Department"}, "cost_centre": {"Cost Center", "Cost Centre"},
				"company": {"Company", "Division"}, "location": {"Location"},
				"employment_type": {"Employment Status", "employmentHistoryStatus"}, "status": {"Status"},
				"manager_id": {"Supervisor EID", "supervisorEId", "Supervisor Employee #", "Manager Employee #"},
				"start_date": {"Hire Date", "hireDate"}, "end_date": {"Termination Date", "terminationDate"},
			},
			statuses: map[string]access.Status{"inactive": access.StatusTerminated},
			// Employment Status turns into Terminated when someone leaves and then tells the contract no more.
			types: map[string]access.EmploymentType{"terminated": access.Employee, "furloughed": access.Employee, "seasonal": access.Employee},
		},
	}
}

// baseStatuses are texts, folded, that mean the same in every export. Inactive is not among them: in some it is a leaver and in
// others someone on leave.
func baseStatuses() map[string]access.Status {
	return map[string]access.Status{
		"employed": access.StatusActive, "current": access.StatusActive, "working": access.StatusActive,
		"on leave": access.StatusLeave, "leave of absence": access.StatusLeave, "loa": access.StatusLeave, "parental leave": access.StatusLeave,
		"sick leave": access.StatusLeave, "sabbatical": access.StatusLeave,
		"left": access.StatusTerminated, "leaver": access.StatusTerminated, "former": access.StatusTerminated, "resigned": access.StatusTerminated,
		"retired": access.StatusTerminated, "separated": access.StatusTerminated, "dismissed": access.StatusTerminated,
		"pre-hire": access.StatusPrehire, "future hire": access.StatusPrehire, "future start": access.StatusPrehire, "pending start": access.StatusPrehire,
	}
}

func baseTypes() map[string]access.EmploymentType {
	return map[string]access.EmploymentType{
		"permanent": access.Employee, "full-time": access.Employee, "full time": access.Employee, "part-time": access.Employee,
		"part time": access.Employee, "fixed-term": access.Employee, "temporary": access.Employee,
		"contingent": access.Contractor, "consultant": access.Contractor, "external": access.Contractor, "freelancer": access.Contractor,
		"agency": access.Contractor, "trainee": access.Intern, "apprentice": access.Intern, "working student": access.Intern,
	}
}
