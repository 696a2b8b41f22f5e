// Package inputs writes down what a run was configured with and what people had decided by then, so that its pack can be performed again
// without configuration, database or network, and reads it again.
//
// In the pack's folder inputs are settings.json (this package's Settings) and, byte by byte as the run read them, the files of rules (the
// built-in ones too), bundles, the SoD matrix, exceptions and policies. Secrets are not among them: muster.yaml itself stays at home, of it
// only what bears on findings is in settings.json. Times are UTC.
package inputs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile/plan"
	"muster/internal/reconcile/sight"
	"muster/reports/evidence"
	"muster/rules"
	"muster/rules/sod"
)

// Format names the form of settings.json.
const Format = "muster.example/inputs/1"

// SettingsFile is the name of the settings among the inputs.
const SettingsFile = "settings.json"

// Settings is settings.json: of the configuration what bears on findings, and what people decided.
type Settings struct {
	Format      string                          `json:"format"`
	AsOf        time.Time                       `json:"as_of"`
	Clock       time.Time                       `json:"clock"`       // by which exceptions and mitigations are in force; as_of, give or take seconds
	HR          string                          `json:"hr"`          // name of the source of persons
	Heads       []string                        `json:"heads"`       // worker ids that need no manager
	Departments []string                        `json:"departments"` // the known ones; empty means that any is
	Systems     []string                        `json:"systems"`
	LinkKeys    []access.LinkKey                `json:"link_keys"`
	LinkDomains []string                        `json:"link_domains"`
	LinkMap     []Mapped                        `json:"link_map"`
	Rules       []string                        `json:"rules"` // files, in order
	RuleSet     string                          `json:"rule_set"`
	Bundles     []string                        `json:"bundles"`
	SoD         string                          `json:"sod,omitempty"`
	Exceptions  string                          `json:"exceptions,omitempty"`
	Policies    []string                        `json:"policies"`
	Personal    map[string][]access.Expectation `json:"requests"` // approved and in force, by worker id
	Accepted    []rules.Exception               `json:"accepted"` // risks that were asked for and accepted
	Revoked     access.Revocations              `json:"revoked"`  // by reviews
}

// Mapped is one explicit link.
type Mapped struct {
	System  string `json:"system"`
	Account string `json:"account"`
	Person  string `json:"person"`
}

// Of gathers the inputs of a run.
func Of(p *plan.Plan, asOf time.Time, stand sight.Standing) ([]evidence.Input, error) {
	c := p.Settings
	s := Settings{Format: Format, AsOf: asOf, Clock: p.Clock, HR: c.HR.Name, Heads: c.HR.Heads, Departments: c.HR.Departments, LinkKeys: c.Linking.Keys, LinkDomains: c.Linking.Domains,
		LinkMap: []Mapped{}, RuleSet: c.Node().Get("rules").Get("set").Flow(), Personal: stand.Personal, Accepted: stand.Accepted, Revoked: stand.Revoked}
	for _, m := range c.Linking.Map {
		s.LinkMap = append(s.LinkMap, Mapped{m.System, m.Account, m.Person})
	}
	for _, sys := range c.Systems {
		s.Systems = append(s.Systems, sys.Name)
	}
	var out []evidence.Input
	keep := func(folder string, docs ...*config.Document) []string {
		names := []string{}
		for i, d := range docs {
			if d == nil {
				continue
			}
			name := path.Join(folder, fmt.Sprintf("%02d-%s", i+1, filepath.Base(d.File)))
			names, out = append(names, name), append(out, evidence.Input{Name: name, Content: string(d.Data)})
		}
		return names
	}
	s.Rules, s.Bundles, s.Policies = keep("rules", p.Files.Rules...), keep("bundles", p.Files.Bundles...), keep("policies", p.Files.Policies...)
	for _, one := range []struct {
		folder string
		doc    *config.Document
		name   *string
	}{{"sod", p.Files.SoD, &s.SoD}, {"exceptions", p.Files.Exceptions, &s.Exceptions}} {
		for _, name := range keep(one.folder, one.doc) {
			*one.name = name
		}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode settings of the run: %w", err)
	}
	return append([]evidence.Input{{Name: SettingsFile, Content: string(text) + "\n"}}, out...), nil
}

// Inputs are what a run was configured with, read and compiled.
type Inputs struct {
	Settings
	Set     *rules.Set
	Given   *rules.Bundles
	Matrix  *sod.Matrix
	Excepts *rules.Exceptions
}

// Read reads the inputs of a pack from its folder inputs.
func Read(files fs.FS) (*Inputs, error) {
	text, err := fs.ReadFile(files, SettingsFile)
	if err != nil {
		return nil, fmt.Errorf("read settings of the run: %w", err)
	}
	in := &Inputs{}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in.Settings); err != nil {
		return nil, fmt.Errorf("read settings of the run: %w", err)
	}
	if in.Format != Format {
		return nil, fmt.Errorf("read settings of the run: their format is %q, this program reads %q", in.Format, Format)
	}
	return in, in.compile(files)
}

func (in *Inputs) compile(files fs.FS) error {
	parse := func(names []string) ([]*config.Document, error) {
		var docs []*config.Document
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return nil, err
			}
			doc, err := config.Parse(name, text)
			if err != nil {
				return nil, err
			}
			docs = append(docs, doc)
		}
		return docs, nil
	}
	docs, err := parse(in.Rules)
	if err != nil {
		return err
	}
	overrides := map[string]config.Node{}
	set, err := config.Parse("rule_set", []byte("set: "+in.RuleSet+"\n"))
	if err != nil {
		return err
	}
	set.Root().Get("set").Decode(&overrides)
	if in.Set, err = rules.Load(docs, overrides); err != nil {
		return err
	}
	if err := set.Err(); err != nil {
		return err
	}
	if docs, err = parse(in.Bundles); err != nil {
		return err
	}
	if in.Given, err = rules.LoadBundles(docs, in.Systems); err != nil {
		return err
	}
	if in.SoD != "" {
		if docs, err = parse([]string{in.SoD}); err != nil {
			return err
		}
		if in.Matrix, err = sod.Load(docs[0], in.Systems, in.Clock); err != nil {
			return err
		}
	}
	if in.Exceptions != "" {
		if docs, err = parse([]string{in.Exceptions}); err != nil {
			return err
		}
		if in.Excepts, err = rules.LoadExceptions(docs[0], in.Clock, in.Set, append(in.Systems[:len(in.Systems):len(in.Systems)], in.HR)); err != nil {
			return err
		}
	}
	return nil
}
