package oscal

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/reports/evidence"
)

// group sums up the findings of one rule in one system.
type group struct {
	rule, system                                          string
	severity                                              access.Severity // the worst of the open ones, else of the excepted ones
	open, fresh, reopened, resolved, excepted, unverified int64
	exceptions                                            map[string]int64 // findings by the exception or mitigation that covers them
	controls                                              []string         // that single findings name beyond their rule
}

// gathered is what remains of the stream of findings.
type gathered struct {
	groups map[[2]string]*group
	rules  map[string]evidence.Rule // those of the file, and those that only findings name
	order  []string                 // rule ids, sorted
}

// gather reads the stream once.
func gather(file evidence.File, findings func(yield func(access.Finding) error) error) (*gathered, error) {
	g := &gathered{groups: map[[2]string]*group{}, rules: map[string]evidence.Rule{}}
	for _, r := range file.Rules {
		g.rules[r.ID] = r
	}
	if err := findings(func(f access.Finding) error { g.add(f); return nil }); err != nil {
		return nil, err
	}
	for _, x := range g.groups {
		r := g.rules[x.rule]
		r.Controls = union(r.Controls, x.controls)
		g.rules[x.rule] = r
	}
	g.order = slices.Sorted(maps.Keys(g.rules))
	return g, nil
}

func (g *gathered) add(f access.Finding) {
	r, known := g.rules[f.Rule]
	if !known { // a rule that is gone leaves findings that could not be looked at
		r = evidence.Rule{ID: f.Rule, Title: f.Rule, Severity: f.Severity, Scope: f.Scope, Controls: f.Controls, Remediation: f.Hint}
		g.rules[f.Rule] = r
	}
	key := [2]string{f.Rule, f.System}
	x := g.groups[key]
	if x == nil {
		x = &group{rule: f.Rule, system: f.System, exceptions: map[string]int64{}}
		g.groups[key] = x
	}
	for _, c := range f.Controls {
		if !slices.Contains(r.Controls, c) && !slices.Contains(x.controls, c) {
			x.controls = append(x.controls, c)
		}
	}
	switch f.Change {
	case access.ChangeNew:
		x.fresh++
	case access.ChangeReopened:
		x.reopened++
	case access.ChangeUnverified:
		x.unverified++
	}
	switch {
	case f.State == access.Resolved:
		x.resolved++
		return
	case f.State == access.Excepted:
		x.excepted++
		x.exceptions[f.Exception]++
		if x.open > 0 {
			return // the severity is that of the open ones
		}
	default:
		if x.open++; x.open == 1 {
			x.severity = ""
		}
	}
	if f.Severity.Rank() > x.severity.Rank() {
		x.severity = f.Severity
	}
}

// of gives the groups of one rule by system.
func (g *gathered) of(rule string) []*group {
	var out []*group
	for _, x := range g.groups {
		if x.rule == rule {
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b *group) int { return cmp.Compare(a.system, b.system) })
	return out
}

// sum adds up the groups of one rule.
func sum(groups []*group) group {
	var t group
	for _, x := range groups {
		t.open += x.open
		t.fresh += x.fresh
		t.reopened += x.reopened
		t.resolved += x.resolved
		t.excepted += x.excepted
		t.unverified += x.unverified
	}
	return t
}

// systems splits the name of several systems.
func systems(name string) []string { return strings.Split(name, "+") }

func union(a, b []string) []string {
	out := slices.Concat(a, b)
	slices.Sort(out)
	return slices.Compact(out)
}
