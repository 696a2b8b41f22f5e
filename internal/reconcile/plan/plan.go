// Package plan turns a configuration into what a run needs: rules, bundles, the SoD matrix and exceptions, type-checked, and one
// collector a source. Every problem of every file is reported together, before any system is touched. Making a Plan reads files only.
package plan

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sort"
	"strings"
	"time"

	"muster/collectors"
	"muster/collectors/builtin"
	"muster/internal/access"
	"muster/internal/config"
	"muster/rules"
	"muster/rules/sod"
)

// Plan is a checked configuration with everything that a run needs compiled: rules, bundles, the SoD matrix, exceptions and one
// collector a source. Making a Plan reads files and touches no system.
type Plan struct {
	Settings   *config.Settings
	Rules      *rules.Set
	Bundles    *rules.Bundles
	Matrix     *sod.Matrix       // nil without a matrix
	Exceptions *rules.Exceptions // nil without exceptions
	Policies   *rules.Policies   // without files, the built-in ones
	Sources    []Source          // HR first, then the systems as configured
	Digest     string            // of the configuration and the files it names
	Files      Files             // as they were read
	Clock      time.Time         // by which mitigations and exceptions were judged to be in force
	Warnings   []string          // worth knowing, stopping nothing: expired mitigations and exceptions, policies that never match
}

// Files are the files of the configuration besides muster.yaml, and the built-in rules, byte by byte.
type Files struct {
	Rules, Bundles, Policies []*config.Document
	SoD, Exceptions          *config.Document // nil without
}

// Source is one place that is read each night.
type Source struct {
	Name      string
	Kind      string // of collector
	Version   string // of the collector
	HR        bool
	System    config.System // of HR only Name, Title, Criticality and ShrinkPercent are set
	Collector collectors.Collector
	Baseline  collectors.Collector // nil when none is configured
}

// Load reads and checks a configuration and all that it names. Every problem of every file is reported together as
// config.Problems.
func Load(file string, now func() time.Time, log *slog.Logger) (*Plan, error) {
	settings, err := config.Load(file)
	var problems config.Problems
	if err != nil && !errors.As(err, &problems) || settings == nil {
		return nil, err
	}
	p := &Plan{Settings: settings}
	clock := now()
	if !settings.AsOf.IsZero() {
		clock = settings.AsOf
	}
	p.Clock = clock.UTC()
	var all problemSet
	p.loadRules(&all, clock)
	p.loadPolicies(&all)
	p.loadSources(&all, now, log)
	all.add(settings.Problems())
	if err := all.err(); err != nil {
		return nil, err
	}
	p.Digest, err = settings.Digest()
	return p, err
}

// systemNames are the names that bundles, the matrix and exceptions may use.
func (p *Plan) systemNames() []string {
	var names []string
	for _, s := range p.Settings.Systems {
		names = append(names, s.Name)
	}
	return names
}

func (p *Plan) loadRules(all *problemSet, clock time.Time) {
	s := p.Settings
	var ruleDocs []*config.Document
	for _, pack := range s.Rules.Packs {
		if pack != "builtin" {
			continue
		}
		docs, err := rules.Builtin()
		all.add(err)
		ruleDocs = append(ruleDocs, docs...)
	}
	ruleDocs = append(ruleDocs, p.parse(all, s.Rules.Files)...)
	p.Files.Rules = ruleDocs
	set, err := rules.Load(ruleDocs, s.Rules.Set)
	all.add(err)
	p.Rules = set

	systems := p.systemNames()
	p.Files.Bundles = p.parse(all, s.Bundles)
	bundles, err := rules.LoadBundles(p.Files.Bundles, systems)
	all.add(err)
	p.Bundles = bundles
	for _, doc := range p.parse(all, nonEmpty(s.SoD)) {
		p.Files.SoD = doc
		p.Matrix, err = sod.Load(doc, systems, clock)
		all.add(err)
		if err == nil {
			var over []string
			for _, m := range p.Matrix.Mitigations() {
				if m.Expired {
					over = append(over, m.Conflict+" for "+m.Person)
				}
			}
			if len(over) > 0 {
				p.Warnings = append(p.Warnings, "mitigations that have expired and cover nothing: "+strings.Join(over, ", "))
			}
		}
	}
	for _, doc := range p.parse(all, nonEmpty(s.Exceptions)) {
		p.Files.Exceptions = doc
		p.Exceptions, err = rules.LoadExceptions(doc, clock, set, append(systems, s.HR.Name))
		all.add(err)
		if err == nil {
			var ids []string
			for _, x := range p.Exceptions.Expired() {
				ids = append(ids, x.ID)
			}
			if len(ids) > 0 {
				p.Warnings = append(p.Warnings, "exceptions that have expired and cover nothing: "+strings.Join(ids, ", "))
			}
		}
	}
}

// loadPolicies comes last: policies name rules, systems and groups.
func (p *Plan) loadPolicies(all *problemSet) {
	s := p.Settings
	var err error
	p.Files.Policies = p.parse(all, s.Remediation.Policies)
	p.Policies, err = rules.LoadPolicies(p.Files.Policies, rules.PolicyKnown{Set: p.Rules, Bundles: p.Bundles, Systems: append(p.systemNames(), s.HR.Name),
		Groups: s.People.Groups, Security: s.People.Security})
	all.add(err)
	if err == nil {
		p.Warnings = append(p.Warnings, p.Policies.Warnings()...)
	}
}

func (p *Plan) parse(all *problemSet, files []string) []*config.Document {
	var docs []*config.Document
	for _, f := range files {
		doc, err := config.ParseFile(p.Settings.Path(f))
		if err != nil {
			// A file that is not there was already reported at the line that names it; anything else must not pass in silence.
			if _, gone := os.Stat(p.Settings.Path(f)); gone == nil {
				all.add(err)
			}
			continue
		}
		docs = append(docs, doc)
	}
	return docs
}

func (p *Plan) loadSources(all *problemSet, now func() time.Time, log *slog.Logger) {
	s := p.Settings
	root := s.Node()
	hr := config.System{Name: s.HR.Name, Title: "HR", Collector: "hr", Criticality: "critical", ShrinkPercent: s.HR.ShrinkPercent, Settings: s.HR.Settings}
	p.addSource(all, hr, root.Get("hr"), true, now, log)
	for i, sys := range s.Systems {
		if sys.Collector == "hr" {
			root.Get("systems").Index(i).Get("collector").Problem("persons come from the section hr", "collector hr is not a system's")
			continue
		}
		p.addSource(all, sys, root.Get("systems").Index(i), false, now, log)
	}
}

func (p *Plan) addSource(all *problemSet, sys config.System, at config.Node, hr bool, now func() time.Time, log *slog.Logger) {
	if sys.Collector == "" || !sys.Settings.Exists() {
		return // reported as missing keys
	}
	known := builtin.Collectors()
	entry, ok := known[sys.Collector]
	if !ok {
		kinds := make([]string, 0, len(known))
		for k := range known {
			if k != "hr" {
				kinds = append(kinds, k)
			}
		}
		sort.Strings(kinds)
		hint := "known collectors: " + strings.Join(kinds, ", ")
		if near := config.Nearest(sys.Collector, kinds); near != "" {
			hint = fmt.Sprintf("did you mean %q? %s", near, hint)
		}
		at.Get("collector").Problem(hint, "unknown collector %q", sys.Collector)
		return
	}
	src := Source{Name: sys.Name, Kind: sys.Collector, Version: entry.Version, HR: hr, System: sys}
	clock := now
	if asOf := p.Settings.AsOf; !asOf.IsZero() {
		clock = func() time.Time { return asOf }
	}
	make := func(settings config.Node, clock func() time.Time) collectors.Collector {
		c, err := entry.New(collectors.Spec{System: sys.Name, Dir: p.Settings.Dir(), Settings: settings, Now: clock, Log: log})
		all.add(err)
		return c
	}
	src.Collector = make(sys.Settings, clock)
	if b := sys.Baseline; b != nil && b.Settings.Exists() {
		if p.Settings.AsOf.IsZero() && !b.TakenAt.Before(now()) { // against as_of the configuration compares it itself
			at.Get("baseline").Get("taken_at").Problem("a baseline is an export from before the first run", "the baseline lies in the future")
		}
		src.Baseline = make(b.Settings, func() time.Time { return b.TakenAt })
	}
	p.Sources = append(p.Sources, src)
}

// Source finds a source by name.
func (p *Plan) Source(name string) (Source, error) {
	names := make([]string, 0, len(p.Sources))
	for _, s := range p.Sources {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	hint := "configured: " + strings.Join(names, ", ")
	if near := config.Nearest(name, names); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return Source{}, &access.Error{System: name, Op: "find source", Kind: access.Invalid, Hint: hint, Err: errors.New("no such system in the configuration")}
}

// problemSet gathers the problems of several files, each once.
type problemSet struct {
	problems config.Problems
	other    []error
}

func (s *problemSet) add(err error) {
	var ps config.Problems
	switch {
	case err == nil:
	case errors.As(err, &ps):
		for _, p := range ps {
			if !s.has(p) {
				s.problems = append(s.problems, p)
			}
		}
	default:
		s.other = append(s.other, err)
	}
}

func (s *problemSet) has(p config.Problem) bool {
	for _, q := range s.problems {
		if q.Error() == p.Error() {
			return true
		}
	}
	return false
}

func (s *problemSet) err() error {
	if len(s.problems) > 0 {
		return s.problems
	}
	return errors.Join(s.other...)
}

func nonEmpty(file string) []string {
	if file == "" {
		return nil
	}
	return []string{file}
}
