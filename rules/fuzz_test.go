package rules

import (
	"os"
	"path/filepath"
	"testing"

	"muster/internal/config"
	"muster/rules/sod"
)

// FuzzLoaders feeds every loader any YAML: it must answer with something or with problems, and never panic.
func FuzzLoaders(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(testBundles)
	f.Add(testMatrix)
	f.Add(testExceptions)
	f.Add(grantRules)
	f.Add(testPolicies)
	set := builtin(f)
	known := knownToPolicies(f)
	f.Fuzz(func(t *testing.T, text string) {
		load := func(what string, loader func(*config.Document) (bool, error)) {
			doc, err := config.Parse("fuzz.yaml", []byte(text))
			if err != nil {
				return
			}
			if ok, err := loader(doc); ok == (err != nil) {
				t.Errorf("%s: loaded is %v and the error %v", what, ok, err)
			}
		}
		load("rules", func(d *config.Document) (bool, error) {
			s, err := Load([]*config.Document{d}, nil)
			return s != nil, err
		})
		load("bundles", func(d *config.Document) (bool, error) {
			b, err := LoadBundles([]*config.Document{d}, []string{"erp"})
			return b != nil, err
		})
		load("sod", func(d *config.Document) (bool, error) {
			m, err := sod.Load(d, []string{"erp"}, clock)
			return m != nil, err
		})
		load("exceptions", func(d *config.Document) (bool, error) {
			x, err := LoadExceptions(d, clock, set, []string{"erp"})
			return x != nil, err
		})
		load("policies", func(d *config.Document) (bool, error) {
			p, err := LoadPolicies([]*config.Document{d}, known)
			return p != nil, err
		})
	})
}
