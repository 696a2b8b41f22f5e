package policy

import (
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

func read(t *testing.T, bulk int) (*model.Policy, []Department) {
	t.Helper()
	depts, err := Departments()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Read(depts, bulk)
	if err != nil {
		t.Fatal(err)
	}
	return p, depts
}

func TestTablesAreWhole(t *testing.T) {
	p, depts := read(t, 0)
	if len(depts) < 12 || len(p.Bundles) < 40 || len(p.Conflicts) < 5 {
		t.Errorf("%d departments, %d bundles, %d conflicts", len(depts), len(p.Bundles), len(p.Conflicts))
	}
	names := map[string]bool{}
	for i, e := range p.Entitlements {
		key := e.System.String() + "/" + e.Name
		if e.Index != i || names[key] || p.Named(e.System, e.Name) != e {
			t.Errorf("entitlement %s at %d", key, i)
		}
		names[key] = true
	}
	for s := range model.Systems {
		if !p.Governs[s] {
			t.Errorf("no bundle names %s", s)
		}
	}
	for _, c := range p.Conflicts {
		for _, name := range c.Functions {
			if !slices.ContainsFunc(p.Functions, func(f model.Function) bool { return f.Name == name }) {
				t.Errorf("conflict %s: no function %s", c.ID, name)
			}
		}
	}
}

// TestBundlesBringTheGroupsAbove keeps a nested group from being creep of those who hold it by right.
func TestBundlesBringTheGroupsAbove(t *testing.T) {
	p, _ := read(t, 0)
	for _, b := range p.Bundles {
		for _, e := range b.Entitlements {
			if e.Parent != nil && !slices.Contains(b.Entitlements, e.Parent) {
				t.Errorf("bundle %s gives %s and not %s", b.Name, e.Name, e.Parent.Name)
			}
		}
	}
}

// TestNoJobIsAConflict: whoever holds exactly what the bundles give can do no two conflicting things.
func TestNoJobIsAConflict(t *testing.T) {
	p, depts := read(t, 0)
	for _, d := range depts {
		titles := append([]string{"Head of " + d.Name, d.Name + " Manager"}, d.Titles...)
		for _, title := range titles {
			given := map[*model.Entitlement]bool{}
			matched := 0
			for _, b := range p.Bundles {
				who := access.Person{Department: d.Name, Title: title, Location: "Lagos", EmploymentType: access.Employee, Status: access.StatusActive}
				if !b.When.Holds(&who) {
					continue
				}
				matched++
				for _, e := range b.Entitlements {
					given[e] = true
				}
			}
			if matched < 3 {
				t.Errorf("%s in %s has %d bundles; want one for everybody, the location and the department", title, d.Name, matched)
			}
			for _, c := range p.Conflicts {
				can := 0
				for _, f := range p.Functions {
					if slices.Contains(c.Functions, f.Name) && slices.ContainsFunc(f.GivenBy, func(e *model.Entitlement) bool { return given[e] }) {
						can++
					}
				}
				if can == len(c.Functions) {
					t.Errorf("%s in %s is a conflict by birth: %s", title, d.Name, c.ID)
				}
			}
		}
	}
}

func TestEveryTitleOfABundleExists(t *testing.T) {
	p, depts := read(t, 0)
	for _, b := range p.Bundles {
		for _, title := range b.When.Titles {
			if !slices.ContainsFunc(depts, func(d Department) bool { return d.Name == b.When.Department && slices.Contains(d.Titles, title) }) {
				t.Errorf("bundle %s: nobody in %q is %q", b.Name, b.When.Department, title)
			}
		}
		if l := b.When.Location; l != "" && !slices.Contains(Locations(), l) {
			t.Errorf("bundle %s: no location %q", b.Name, l)
		}
	}
}

func TestConditions(t *testing.T) {
	p, _ := read(t, 2)
	want := map[string]string{
		"ap-senior":        `person.status != "terminated" && person.department == "Accounts Payable" && person.title in ["Senior AP Specialist", "Payments Officer"]`,
		"people-managers":  `person.status != "terminated" && (person.title.startsWith("Head of") || person.title.startsWith("Chief") || person.title.endsWith("Manager"))`,
		"loc-malmo":        `person.status != "terminated" && person.location == "Malmö"`,
		"projects-finance": `person.status != "terminated" && person.department == "Finance"`,
	}
	for _, b := range p.Bundles {
		if w, ok := want[b.Name]; ok && b.When.CEL() != w {
			t.Errorf("%s: %s", b.Name, b.When.CEL())
		}
		delete(want, b.Name)
	}
	if len(want) > 0 {
		t.Errorf("not made: %v", want)
	}
	bulk := 0
	for _, e := range p.Entitlements {
		if e.Bulk && strings.HasPrefix(e.Name, "project-finance-") {
			bulk++
		}
	}
	if bulk != 2*5 {
		t.Errorf("%d added entitlements for Finance, want two in each of five systems", bulk)
	}
}
