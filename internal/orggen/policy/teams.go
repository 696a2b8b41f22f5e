package policy

import (
	"maps"
	"slices"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// teamSize is how many people decide for one team.
const teamSize = 3

// Teams gathers who may decide: the security team, and those to whose mailboxes the systems belong. The zero value is empty.
type Teams struct{ people map[string][]string }

// teamOf is the team whose members come from a department.
func teamOf(department string) string {
	switch department {
	case "Security":
		return "security"
	case "IT Operations":
		return "it-ops"
	case "Human Resources":
		return "workplace"
	case "Data":
		return "data"
	case "Finance":
		return "finance-systems"
	case "Engineering":
		return "platform"
	}
	return ""
}

// Add takes a person into the team of their department, if they can decide.
func (t *Teams) Add(p access.Person) {
	team := teamOf(p.Department)
	if team == "" || p.Status != access.StatusActive || p.EmploymentType != access.Employee || !p.EndDate.IsZero() {
		return
	}
	if t.people == nil {
		t.people = map[string][]string{}
	}
	t.people[team] = append(t.people[team], p.ID)
}

// List gives the teams, each with its first members, whatever the order in which people were added.
func (t *Teams) List() []model.Team {
	var out []model.Team
	for _, name := range slices.Sorted(maps.Keys(t.people)) {
		people := slices.Sorted(slices.Values(t.people[name]))
		out = append(out, model.Team{Name: name, People: people[:min(teamSize, len(people))]})
	}
	return out
}
