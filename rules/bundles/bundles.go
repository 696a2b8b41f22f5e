package bundles

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// Bundles are the loaded bundles. They do not change after loading and may be shared.
type Bundles struct {
	all     []access.Bundle
	when    []*expression.Expression
	fields  []string
	systems map[string]bool
	vocab   *vocabulary.Vocabulary
}

type bundleFile struct {
	Bundles []bundleYAML `yaml:"bundles" required:"true"`
}

type bundleYAML struct {
	Name         string              `yaml:"name" required:"true"`
	Title        string              `yaml:"title"`
	When         config.Node         `yaml:"when" required:"true"`
	LeadDays     int                 `yaml:"lead_days"`
	Entitlements map[string][]string `yaml:"entitlements" required:"true"`
}

var bundleName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,59}$`)

// Load reads bundles; systems are the known systems, nil skips that check. The error is every problem of the docs.
func Load(docs []*config.Document, systems []string) (*Bundles, error) {
	vocab, err := vocabulary.New()
	if err != nil {
		return nil, &access.Error{Op: "load bundles", Kind: access.Internal, Err: err}
	}
	env, err := vocab.Environment(vocabulary.ScopeBundle, nil)
	if err != nil {
		return nil, &access.Error{Op: "load bundles", Kind: access.Internal, Err: err}
	}
	b := &Bundles{systems: map[string]bool{}, vocab: vocab}
	taken := map[string]config.Position{}
	for _, doc := range docs {
		root := doc.Root()
		if !root.Exists() {
			root.Problem("write: bundles: [...]", "the file is empty")
			continue
		}
		var f bundleFile
		root.Decode(&f)
		for i := range f.Bundles {
			b.add(env, root.Get("bundles").Index(i), &f.Bundles[i], systems, taken)
		}
	}
	if err := expression.Problems(docs); err != nil {
		return nil, err
	}
	b.fields = b.collectFields()
	return b, nil
}

func (b *Bundles) add(env *vocabulary.Environment, n config.Node, y *bundleYAML, systems []string, taken map[string]config.Position) {
	name := n.Get("name")
	if first, ok := taken[y.Name]; ok && y.Name != "" {
		name.Problem("every bundle needs a name of its own", "bundle name %q is taken at %s", y.Name, first)
	} else if y.Name != "" && !bundleName.MatchString(y.Name) {
		name.Problem("lower-case letters, digits, - and _, a letter first", "bad bundle name %q", y.Name)
	}
	taken[y.Name] = name.Position()
	if y.LeadDays < 0 || y.LeadDays > 365 {
		n.Get("lead_days").Problem("0 to 365 days before the start date", "bad lead_days %d", y.LeadDays)
	}
	out := access.Bundle{Name: y.Name, Title: y.Title, LeadDays: y.LeadDays}
	if out.Title == "" {
		out.Title = y.Name
	}
	for system, names := range y.Entitlements {
		at := n.Get("entitlements").Get(system)
		if systems != nil && !slices.Contains(systems, system) {
			hint := "known systems: " + strings.Join(systems, ", ")
			if near := config.Nearest(system, systems); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			n.Get("entitlements").Key(system).Problem(hint, "unknown system %q", system)
		}
		b.systems[system] = true
		seen := map[string]bool{}
		for i, e := range names {
			if e == "" || seen[e] {
				at.Index(i).Problem("keep one of them", "entitlement %q is given twice or empty", e)
				continue
			}
			seen[e] = true
			out.Entitlements = append(out.Entitlements, access.EntitlementRef{System: system, Name: e})
		}
	}
	if n.Get("entitlements").Exists() && len(out.Entitlements) == 0 {
		n.Get("entitlements").Problem("write system: [entitlement]", "the bundle has no entitlements")
	}
	sort.Slice(out.Entitlements, func(i, j int) bool { return less(out.Entitlements[i], out.Entitlements[j]) })
	when := expression.Compile(env, y.When, expression.Condition)
	if when != nil && when.Guards(y.When) {
		out.When = when.Text
	}
	b.all, b.when = append(b.all, out), append(b.when, when)
}

func less(a, b access.EntitlementRef) bool {
	if a.System != b.System {
		return a.System < b.System
	}
	return a.Name < b.Name
}

func (b *Bundles) collectFields() []string {
	set := map[string]bool{}
	for _, w := range b.when {
		for _, f := range w.Fields("person") {
			if f == "name" { // what people are called is made of these
				set["display_name"], set["given_name"], set["family_name"], set["id"] = true, true, true, true
				continue
			}
			set[f] = true
		}
	}
	if set["attributes"] {
		for f := range set {
			if strings.HasPrefix(f, "attributes.") {
				delete(set, f)
			}
		}
	}
	fields := make([]string, 0, len(set))
	for f := range set {
		fields = append(fields, f)
	}
	sort.Strings(fields)
	return fields
}

// All are the bundles in the order of the files; Match's indexes point here.
func (b *Bundles) All() []access.Bundle { return b.all }

// Fields are the person fields that any condition reads, sorted: "department", "attributes.site" or, when the key is not
// constant, "attributes". Persons that agree in them get the same bundles.
func (b *Bundles) Fields() []string { return b.fields }

// Governs reports whether any bundle names the system.
func (b *Bundles) Governs(system string) bool { return b.systems[system] }

// Match lists the bundles whose condition holds for p, in order. It reads only Fields and judges the condition alone, not the
// window (access.Person.Entitled). Conditions that fail for p do not match; the error says which and the result still counts.
func (b *Bundles) Match(p access.Person) ([]int, error) {
	s := b.vocab.Scene(vocabulary.World{})
	s.SetPerson(&access.PersonFacts{Person: &p})
	var matched []int
	var failed []error
	for i, w := range b.when {
		holds, err := w.True(s)
		if err != nil {
			failed = append(failed, fmt.Errorf("bundle %s: %w", b.all[i].Name, err))
		} else if holds {
			matched = append(matched, i)
		}
	}
	return matched, errors.Join(failed...)
}

// Expectations is the union of the entitlements of some bundles by system and name, each with all its bases by name.
func (b *Bundles) Expectations(matched []int) []access.Expectation {
	bases := map[access.EntitlementRef][]access.Basis{}
	for _, i := range matched {
		for _, r := range b.all[i].Entitlements {
			bases[r] = append(bases[r], access.Basis{Kind: "bundle", Name: b.all[i].Name})
		}
	}
	out := make([]access.Expectation, 0, len(bases))
	for r, list := range bases {
		sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
		out = append(out, access.Expectation{Ref: r, Basis: list})
	}
	sort.Slice(out, func(i, j int) bool { return less(out[i].Ref, out[j].Ref) })
	return out
}
