package model

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
)

// Condition says which persons a bundle is for. Empty parts hold for everyone; the parts are joined by "and".
type Condition struct {
	Department  string
	Titles      []string
	TitlePrefix []string // any of them
	TitleSuffix []string // any of them; joined with TitlePrefix by "or"
	Location    string
	Types       []access.EmploymentType
}

// CEL is the condition in the language of bundles.yaml.
func (c Condition) CEL() string {
	parts := []string{`person.status != "terminated"`}
	if c.Department != "" {
		parts = append(parts, fmt.Sprintf("person.department == %q", c.Department))
	}
	switch len(c.Titles) {
	case 0:
	case 1:
		parts = append(parts, fmt.Sprintf("person.title == %q", c.Titles[0]))
	default:
		parts = append(parts, "person.title in ["+quoted(c.Titles)+"]")
	}
	if c.Location != "" {
		parts = append(parts, fmt.Sprintf("person.location == %q", c.Location))
	}
	if len(c.Types) > 0 {
		var types []string
		for _, t := range c.Types {
			types = append(types, string(t))
		}
		parts = append(parts, "person.employment_type in ["+quoted(types)+"]")
	}
	var ends []string
	for _, p := range c.TitlePrefix {
		ends = append(ends, fmt.Sprintf("person.title.startsWith(%q)", p))
	}
	for _, s := range c.TitleSuffix {
		ends = append(ends, fmt.Sprintf("person.title.endsWith(%q)", s))
	}
	if len(ends) > 0 {
		parts = append(parts, "("+strings.Join(ends, " || ")+")")
	}
	return strings.Join(parts, " && ")
}

func quoted(list []string) string {
	var out []string
	for _, s := range list {
		out = append(out, fmt.Sprintf("%q", s))
	}
	return strings.Join(out, ", ")
}

// Holds reports whether the condition is true of p.
func (c Condition) Holds(p *access.Person) bool {
	switch {
	case p.Status == access.StatusTerminated,
		c.Department != "" && p.Department != c.Department,
		len(c.Titles) > 0 && !slices.Contains(c.Titles, p.Title),
		c.Location != "" && p.Location != c.Location,
		len(c.Types) > 0 && !slices.Contains(c.Types, p.EmploymentType):
		return false
	}
	if len(c.TitlePrefix)+len(c.TitleSuffix) == 0 {
		return true
	}
	for _, s := range c.TitlePrefix {
		if strings.HasPrefix(p.Title, s) {
			return true
		}
	}
	for _, s := range c.TitleSuffix {
		if strings.HasSuffix(p.Title, s) {
			return true
		}
	}
	return false
}

// Bundle is a named set of entitlements for the persons of a condition.
type Bundle struct {
	Name, Title  string
	When         Condition
	LeadDays     int
	Entitlements []*Entitlement
}

// Conflict is a pair or more of business functions that one person must not hold together.
type Conflict struct {
	ID, Title string
	Functions []string
	Severity  access.Severity
}

// Function is one business function of the SoD matrix: any of the entitlements gives it.
type Function struct {
	Name, Title string
	GivenBy     []*Entitlement
}

// Policy is what the organisation has decided: what exists, who should hold what, and what must not meet.
type Policy struct {
	Entitlements []*Entitlement
	Bundles      []*Bundle
	Functions    []Function
	Conflicts    []Conflict
	Departments  []string // that HR may use
	Governs      [Systems]bool
}

// Named finds an entitlement, or nil.
func (p *Policy) Named(s System, name string) *Entitlement {
	for _, e := range p.Entitlements {
		if e.System == s && e.Name == name {
			return e
		}
	}
	return nil
}

// Due is what the bundles give a person at a moment, by system; a zero moment leaves dates out of it.
func (p *Policy) Due(who *access.Person, at time.Time) map[System][]*Entitlement {
	out := map[System][]*Entitlement{}
	for _, b := range p.Bundles {
		if !b.When.Holds(who) || !at.IsZero() && !who.Entitled(at, b.LeadDays) {
			continue
		}
		for _, e := range b.Entitlements {
			out[e.System] = append(out[e.System], e)
		}
	}
	return out
}

// Team is a group of people who decide.
type Team struct {
	Name   string
	People []string // worker ids
}
