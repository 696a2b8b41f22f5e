// Package policy is what the invented organisation has decided: which entitlements exist, which bundles give them to whom, and
// which business functions one person must not hold together. It is written in four tables that are part of the program.
//
// A policy is made anew by each call; what is made is plain data.
package policy

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

//go:embed catalogue.txt
var catalogueText string

//go:embed bundles.txt
var bundlesText string

//go:embed departments.txt
var departmentsText string

//go:embed sod.txt
var sodText string

// Executive is the department of the chief executive; it has no staff.
const Executive = "Executive Office"

// Department is one department with its staff titles.
type Department struct {
	Name   string
	Weight int      // its share of the staff, of the sum of all weights
	Titles []string // of staff; those who lead have titles of their own
}

// Locations of the organisation; each has a group of its own.
func Locations() []string {
	return []string{"Malmö", "Lagos", "Lisbon", "Pune", "Osaka", "Lyon", "Remote"}
}

// rows splits an embedded table into lines of trimmed fields.
func rows(text string) [][]string {
	var out [][]string
	for _, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		out = append(out, fields)
	}
	return out
}

// Departments reads the table of departments.
func Departments() ([]Department, error) {
	var out []Department
	for _, f := range rows(departmentsText) {
		w, err := strconv.Atoi(f[1])
		if err != nil {
			return nil, fmt.Errorf("read department %s: %w", f[0], err)
		}
		out = append(out, Department{Name: f[0], Weight: w, Titles: strings.Split(f[2], ",")})
	}
	return out, nil
}

// Read builds the organisation's policy; bulk adds that many entitlements per department and system.
func Read(depts []Department, bulk int) (*model.Policy, error) {
	p := &model.Policy{}
	for _, f := range rows(catalogueText) {
		s, err := systemNamed(f[0])
		if err != nil {
			return nil, err
		}
		e := &model.Entitlement{Index: len(p.Entitlements), System: s, Name: f[1], Description: f[2]}
		flags := ""
		if len(f) > 3 {
			flags = f[3]
		}
		for _, flag := range strings.Fields(flags) {
			switch {
			case flag == "!":
				e.Privileged = true
			case flag == "attr":
				e.Kind = model.Attribute
			case flag == "direct":
				e.Kind = model.Direct
			case flag[0] == '<':
				if e.Parent = p.Named(s, flag[1:]); e.Parent == nil {
					return nil, fmt.Errorf("read entitlement %s: no group %s before it", e.Name, flag[1:])
				}
			}
		}
		p.Entitlements = append(p.Entitlements, e)
	}
	if err := readBundles(p); err != nil {
		return nil, err
	}
	for _, d := range depts {
		p.Departments = append(p.Departments, d.Name)
	}
	p.Departments = append(p.Departments, Executive)
	addBulk(p, depts, bulk)
	return p, readSoD(p)
}

func systemNamed(name string) (model.System, error) {
	for s := range model.Systems {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("read policy: no system %q", name)
}

// refs reads "system/name" words; a tilde stands for a space. The groups above an entitlement come with it.
func refs(p *model.Policy, text string) ([]*model.Entitlement, error) {
	var out []*model.Entitlement
	seen := map[*model.Entitlement]bool{}
	for _, word := range strings.Fields(text) {
		system, name, _ := strings.Cut(word, "/")
		s, err := systemNamed(system)
		if err != nil {
			return nil, err
		}
		e := p.Named(s, strings.ReplaceAll(name, "~", " "))
		if e == nil {
			return nil, fmt.Errorf("read policy: no entitlement %q", word)
		}
		for ; e != nil && !seen[e]; e = e.Parent {
			seen[e] = true
			out = append(out, e)
		}
	}
	return out, nil
}

func readBundles(p *model.Policy) error {
	for _, f := range rows(bundlesText) {
		lead, err := strconv.Atoi(f[3])
		if err != nil {
			return fmt.Errorf("read bundle %s: %w", f[0], err)
		}
		list, err := refs(p, f[4])
		if err != nil {
			return err
		}
		b := &model.Bundle{Name: f[0], Title: f[1], LeadDays: lead, Entitlements: list, When: condition(f[2])}
		p.Bundles = append(p.Bundles, b)
		for _, e := range list {
			p.Governs[e.System] = true
		}
	}
	return nil
}

func condition(text string) model.Condition {
	var c model.Condition
	for _, part := range strings.Split(text, ";") {
		key, value, _ := strings.Cut(part, "=")
		list := strings.Split(value, ",")
		switch key {
		case "d":
			c.Department = value
		case "l":
			c.Location = value
		case "t":
			c.Titles = list
		case "p":
			c.TitlePrefix = list
		case "s":
			c.TitleSuffix = list
		case "y":
			for _, t := range list {
				c.Types = append(c.Types, access.EmploymentType(t))
			}
		}
	}
	return c
}

// addBulk gives each department further entitlements, so that an organisation of any density can be made.
func addBulk(p *model.Policy, depts []Department, bulk int) {
	if bulk == 0 {
		return
	}
	systems := []model.System{model.Directory, model.SaaS, model.VPN, model.ERP, model.Codehost}
	for _, d := range depts {
		code := strings.ToLower(strings.ReplaceAll(d.Name, " ", "-"))
		b := &model.Bundle{Name: "projects-" + code, Title: d.Name + ", projects", When: model.Condition{Department: d.Name}}
		for _, s := range systems {
			for i := range bulk {
				e := &model.Entitlement{Index: len(p.Entitlements), System: s, Bulk: true,
					Name: fmt.Sprintf("project-%s-%03d", code, i+1), Description: d.Name + ", project"}
				p.Entitlements = append(p.Entitlements, e)
				b.Entitlements = append(b.Entitlements, e)
			}
		}
		p.Bundles = append(p.Bundles, b)
	}
}

func readSoD(p *model.Policy) error {
	for _, f := range rows(sodText) {
		if f[0] == "c" {
			p.Conflicts = append(p.Conflicts, model.Conflict{ID: f[1], Title: f[2], Functions: strings.Fields(f[3]), Severity: access.Severity(f[4])})
			continue
		}
		fn := model.Function{Name: f[1], Title: f[2]}
		for _, word := range strings.Fields(f[3]) {
			system, name, _ := strings.Cut(word, "/")
			s, err := systemNamed(system)
			if err != nil {
				return err
			}
			e := p.Named(s, name)
			if e == nil {
				return fmt.Errorf("read function %s: no entitlement %q", fn.Name, word)
			}
			fn.GivenBy = append(fn.GivenBy, e)
		}
		p.Functions = append(p.Functions, fn)
	}
	return nil
}
