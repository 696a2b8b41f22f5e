package sod

import (
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/vocabulary"
)

type file struct {
	Functions   map[string]functionYAML `yaml:"functions" required:"true"`
	Conflicts   []conflictYAML          `yaml:"conflicts" required:"true"`
	Mitigations []mitigationYAML        `yaml:"mitigations"`
}

type functionYAML struct {
	Title        string              `yaml:"title"`
	Entitlements map[string][]string `yaml:"entitlements" required:"true"`
}

type conflictYAML struct {
	ID        string          `yaml:"id" required:"true"`
	Title     string          `yaml:"title" required:"true"`
	Functions []string        `yaml:"functions" required:"true"`
	Severity  access.Severity `yaml:"severity" required:"true" enum:"info,low,medium,high,critical"`
	Controls  []string        `yaml:"controls"`
}

type mitigationYAML struct {
	ID       string    `yaml:"id"`
	Conflict string    `yaml:"conflict" required:"true"`
	Person   string    `yaml:"person" required:"true"`
	Control  string    `yaml:"control" required:"true"`
	Owner    string    `yaml:"owner" required:"true"`
	Approver string    `yaml:"approver" required:"true"`
	Reason   string    `yaml:"reason" required:"true"`
	Expires  time.Time `yaml:"expires" required:"true"`
}

var slug = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,59}$`)

// Load reads the matrix. systems are the known systems; nil skips that check. The error is every problem of the document.
func Load(doc *config.Document, systems []string, now time.Time) (*Matrix, error) {
	var f file
	root := doc.Root()
	if !root.Exists() {
		root.Problem("write functions and conflicts, or remove the file from muster.yaml", "the file is empty")
		return nil, doc.Err()
	}
	root.Decode(&f)
	m := &Matrix{inForce: map[string]Mitigation{}, gives: map[string]map[string][]string{}}
	m.loadFunctions(root.Get("functions"), f.Functions, systems)
	m.loadConflicts(root.Get("conflicts"), f.Conflicts)
	m.loadMitigations(root.Get("mitigations"), f.Mitigations, now)
	if err := doc.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Matrix) loadFunctions(n config.Node, functions map[string]functionYAML, systems []string) {
	for name, fn := range functions {
		at := n.Get(name)
		if !slug.MatchString(name) {
			n.Key(name).Problem("lower-case letters, digits, - and _, a letter first", "bad function name %q", name)
		}
		out := Function{Name: name, Title: fn.Title}
		for system, names := range fn.Entitlements {
			in := at.Get("entitlements").Get(system)
			if systems != nil && !slices.Contains(systems, system) {
				at.Get("entitlements").Key(system).Problem(hintFor(system, "system", systems), "unknown system %q", system)
			}
			if len(names) == 0 {
				in.Problem("name at least one entitlement", "no entitlement of %s", system)
			}
			for i, e := range names {
				ref := access.EntitlementRef{System: system, Name: e}
				if e == "" || slices.Contains(out.Entitlements, ref) {
					in.Index(i).Problem("keep one of them", "entitlement %q is given twice or empty", e)
					continue
				}
				out.Entitlements = append(out.Entitlements, ref)
				m.give(ref, name)
			}
		}
		if len(out.Entitlements) == 0 && at.Get("entitlements").Exists() && len(fn.Entitlements) == 0 {
			at.Get("entitlements").Problem("write system: [entitlement]", "function %q has no entitlements", name)
		}
		out.Entitlements = unique(out.Entitlements)
		m.functions = append(m.functions, out)
	}
	sort.Slice(m.functions, func(i, j int) bool { return m.functions[i].Name < m.functions[j].Name })
	for _, byName := range m.gives {
		for _, fns := range byName {
			sort.Strings(fns)
		}
	}
}

func (m *Matrix) give(r access.EntitlementRef, function string) {
	if m.gives[r.System] == nil {
		m.gives[r.System] = map[string][]string{}
	}
	m.gives[r.System][r.Name] = append(m.gives[r.System][r.Name], function)
}

func (m *Matrix) loadConflicts(n config.Node, conflicts []conflictYAML) {
	var known []string
	for _, fn := range m.functions {
		known = append(known, fn.Name)
	}
	seen := map[string]bool{}
	for i, c := range conflicts {
		at := n.Index(i)
		if c.ID != "" && !slug.MatchString(c.ID) {
			at.Get("id").Problem("lower-case letters, digits, - and _, a letter first", "bad conflict id %q", c.ID)
		}
		if seen[c.ID] && c.ID != "" {
			at.Get("id").Problem("every conflict needs an id of its own", "conflict id %q is given twice", c.ID)
		}
		seen[c.ID] = true
		if at.Get("functions").Exists() && len(c.Functions) < 2 {
			at.Get("functions").Problem("name two or more functions that one person may not combine", "a conflict needs at least two functions")
		}
		for j, control := range c.Controls {
			if !vocabulary.ValidControl(control) {
				at.Get("controls").Index(j).Problem(vocabulary.ControlHint, "bad control %q", control)
			}
		}
		used := map[string]bool{}
		for j, fn := range c.Functions {
			item := at.Get("functions").Index(j)
			switch {
			case !slices.Contains(known, fn):
				item.Problem(hintFor(fn, "function", known), "unknown function %q", fn)
			case used[fn]:
				item.Problem("keep one of them", "function %q is given twice", fn)
			}
			used[fn] = true
		}
		fns := append([]string(nil), c.Functions...)
		sort.Strings(fns)
		m.conflicts = append(m.conflicts, vocabulary.Conflict{ID: c.ID, Title: c.Title, Functions: fns, Severity: c.Severity, Controls: c.Controls})
	}
	if n.Exists() && len(conflicts) == 0 {
		n.Problem("add a conflict, or remove the file from muster.yaml", "the matrix has no conflicts")
	}
	sort.SliceStable(m.conflicts, func(i, j int) bool { return m.conflicts[i].ID < m.conflicts[j].ID })
}

func (m *Matrix) loadMitigations(n config.Node, mitigations []mitigationYAML, now time.Time) {
	var known []string
	for _, c := range m.conflicts {
		known = append(known, c.ID)
	}
	seen := map[string]bool{}
	for i, y := range mitigations {
		at := n.Index(i)
		if y.Conflict != "" && !slices.Contains(known, y.Conflict) {
			at.Get("conflict").Problem(hintFor(y.Conflict, "conflict", known), "unknown conflict %q", y.Conflict)
		}
		if y.Approver != "" && strings.EqualFold(y.Approver, y.Person) {
			at.Get("approver").Problem("name somebody else", "%s cannot approve a mitigation of their own conflict", y.Person)
		}
		mit := Mitigation{ID: y.ID, Conflict: y.Conflict, Person: y.Person, Control: y.Control, Owner: y.Owner, Approver: y.Approver,
			Reason: y.Reason, Expires: y.Expires, Expired: !now.Before(y.Expires.AddDate(0, 0, 1))}
		if mit.ID == "" {
			mit.ID = y.Conflict + ":" + y.Person
		}
		key := y.Conflict + "\x00" + y.Person
		if seen[key] && y.Conflict != "" && y.Person != "" {
			at.Problem("keep the one that is in force", "a second mitigation of %s for %s", y.Conflict, y.Person)
		}
		seen[key] = true
		m.mitigations = append(m.mitigations, mit)
		if !mit.Expired {
			m.inForce[key] = mit
		}
	}
}
