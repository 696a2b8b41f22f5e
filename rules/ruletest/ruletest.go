package ruletest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules"
)

type fileYAML struct {
	Now      time.Time     `yaml:"now"`
	Sections []sectionYAML `yaml:"sections" required:"true"`
}

type sectionYAML struct {
	Name  string     `yaml:"name" required:"true"`
	Tests []testYAML `yaml:"tests" required:"true"`
}

type testYAML struct {
	Name   string       `yaml:"name" required:"true"`
	Input  inputYAML    `yaml:"input" required:"true"`
	Output []outputYAML `yaml:"output"`
}

type outputYAML struct {
	Rule     string          `yaml:"rule" required:"true"`
	System   string          `yaml:"system"`
	Subject  string          `yaml:"subject"`
	Detail   string          `yaml:"detail"`
	Severity access.Severity `yaml:"severity" enum:"info,low,medium,high,critical"`
	Message  string          `yaml:"message"`
}

// Result is the outcome of one test.
type Result struct {
	Section  string
	Test     string
	Position config.Position
	Lacking  []string // findings that the output names and the rules do not make
	Surplus  []string // findings that the rules make and the output does not name
	Errors   []string // rules that failed on the input
}

// Passed reports whether the rules say what the test expects.
func (r Result) Passed() bool { return len(r.Lacking)+len(r.Surplus)+len(r.Errors) == 0 }

// Run runs the tests of one file. env gives what the input does not: bundles (for grant.governed; without them no system is
// governed) and the SoD matrix. Its clock and systems are replaced. The error is every problem of the file.
func Run(set *rules.Set, env rules.Env, doc *config.Document) ([]Result, error) {
	root := doc.Root()
	if !root.Exists() {
		root.Problem("write: sections: [...]", "the file is empty")
		return nil, doc.Err()
	}
	f := fileYAML{Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	root.Decode(&f)
	for i, s := range f.Sections {
		for j, t := range s.Tests {
			at := root.Get("sections").Index(i).Get("tests").Index(j)
			for k, o := range t.Output {
				if _, ok := set.Rule(o.Rule); !ok && o.Rule != "" {
					at.Get("output").Index(k).Get("rule").Problem("see: muster rules list", "there is no rule %q", o.Rule)
				}
			}
			for k, g := range t.Input.Missing {
				if g.System == "" {
					at.Get("input").Get("missing").Index(k).Problem("add system: name", "a missing grant needs its system")
				}
			}
		}
	}
	if err := doc.Err(); err != nil {
		return nil, err
	}
	var out []Result
	for i, s := range f.Sections {
		for j, t := range s.Tests {
			r, err := run(set, env, f.Now, t)
			if err != nil {
				return nil, fmt.Errorf("run rule test %s/%s: %w", s.Name, t.Name, err)
			}
			r.Section, r.Test, r.Position = s.Name, t.Name, root.Get("sections").Index(i).Get("tests").Index(j).Position()
			out = append(out, r)
		}
	}
	return out, nil
}

func run(set *rules.Set, env rules.Env, now time.Time, t testYAML) (Result, error) {
	env.Now, env.Systems = now, t.Input.systems(now)
	e := set.Evaluator(env)
	var found []access.Finding
	keep := func(h rules.Hit) error { found = append(found, h.Finding); return nil }
	if t.Input.Person != nil || len(t.Input.Accounts) > 0 {
		if err := e.Evaluate(t.Input.facts(), keep); err != nil {
			return Result{}, err
		}
	}
	for _, s := range t.Input.Systems {
		if err := e.EvaluateSystem(env.Systems[s.Name], keep); err != nil {
			return Result{}, err
		}
	}
	var r Result
	for _, o := range t.Output {
		i := slices.IndexFunc(found, o.is)
		if i < 0 {
			r.Lacking = append(r.Lacking, o.String())
			continue
		}
		found = slices.Delete(found, i, i+1)
	}
	for _, x := range found {
		o := outputYAML{x.Rule, x.System, x.Subject, x.Detail, x.Severity, x.Message}
		r.Surplus = append(r.Surplus, o.String())
	}
	for id, s := range e.Stats() {
		if s.Errors > 0 {
			r.Errors = append(r.Errors, id+": "+s.Sample)
		}
	}
	slices.Sort(r.Errors)
	return r, nil
}

func (o outputYAML) is(f access.Finding) bool {
	same := func(want, got string) bool { return want == "" || want == got }
	return o.Rule == f.Rule && same(o.System, f.System) && same(o.Subject, f.Subject) && same(o.Detail, f.Detail) &&
		same(string(o.Severity), string(f.Severity)) && same(o.Message, f.Message)
}

// String is the finding in one line.
func (o outputYAML) String() string {
	return strings.Join(slices.DeleteFunc([]string{o.Rule, string(o.Severity), o.System, o.Subject, o.Detail, o.Message}, func(s string) bool { return s == "" }), " ")
}
