package orggen

import (
	"maps"
	"slices"

	"muster/internal/access"
	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
)

// teamSize is how many people decide for one team.
const teamSize = 3

// teamOf is the team whose members come from a department: the security team, and those to whose mailboxes the systems belong.
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

// enlist takes a person into the team of their department, if they can decide.
func (g *generator) enlist(p *model.Person) {
	team := teamOf(p.Department)
	if team == "" || p.Status != access.StatusActive || p.EmploymentType != access.Employee || !p.EndDate.IsZero() {
		return
	}
	if g.teams == nil {
		g.teams = map[string][]string{}
	}
	g.teams[team] = append(g.teams[team], p.ID)
}

// deciders are the teams, each with its first members, whatever the order in which people were made.
func (g *generator) deciders() []export.Team {
	var out []export.Team
	for _, name := range slices.Sorted(maps.Keys(g.teams)) {
		people := slices.Sorted(slices.Values(g.teams[name]))
		out = append(out, export.Team{Name: name, People: people[:min(teamSize, len(people))]})
	}
	return out
}
