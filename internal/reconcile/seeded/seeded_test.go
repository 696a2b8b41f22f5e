package seeded

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"muster/internal/config"
	"muster/internal/reconcile/inputs"
	"muster/internal/sheet"
	"muster/reports/sod"
	"muster/rules"
	"muster/rules/packs"
	matrix "muster/rules/sod"
)

var clock = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

const ruleset = `
functions:
  create: {title: Create vendors, entitlements: {erp: [CREATE_VENDOR, VENDOR_ALL]}}
  pay: {title: Pay vendors, entitlements: {erp: [PAY_VENDOR, VENDOR_ALL], bank: [approver]}}
  audit: {title: Audit payments, entitlements: {erp: [AUDIT]}}
  root: {title: Run the bank, entitlements: {bank: [admin]}}
  sign: {title: Sign, entitlements: {bank: [admin]}}
conflicts:
  - {id: vendor-pay, title: Create and pay, functions: [create, pay], severity: critical}
  - {id: pay-audit, title: Pay and audit, functions: [pay, audit, create], severity: high}
  - {id: root-sign, title: Run and sign, functions: [root, sign], severity: high}
mitigations:
  - {id: M-1, conflict: vendor-pay, person: W-1, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-22}
  - {id: M-2, conflict: vendor-pay, person: W-2, control: Review, owner: W-9, approver: W-8, reason: Small office, expires: 2026-11-21}
`

func load(t *testing.T, text string) *matrix.Matrix {
	t.Helper()
	doc, err := config.Parse("sod.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	m, err := matrix.Load(doc, nil, clock)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// set is the built-in rules; change edits the file of the rule that judges conflicts.
func set(t *testing.T, change func(string) string) *rules.Set {
	t.Helper()
	var docs []*config.Document
	for _, f := range packs.Files() {
		text := string(f.Data)
		if strings.Contains(text, "id: sod-conflict") && change != nil {
			text = change(text)
		}
		doc, err := config.Parse(f.Name, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		docs = append(docs, doc)
	}
	out, err := rules.Load(docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSeededPersonsFireAndOthersDoNot(t *testing.T) {
	seeds, err := Tests(set(t, nil), load(t, ruleset), clock)
	if err != nil {
		t.Fatal(err)
	}
	count := map[sod.SeedKind]int{}
	untested := 0
	for _, s := range seeds {
		count[s.Kind]++
		if s.Why != "" {
			untested++
			continue
		}
		if !s.OK {
			t.Errorf("%+v", s)
		}
		if (s.Kind == sod.Control || s.Kind == sod.Disabled) && slices.ContainsFunc(s.Fired, func(f string) bool { return strings.HasPrefix(f, s.Conflict) }) {
			t.Errorf("it fired: %+v", s)
		}
		if s.Kind == sod.Violation && !slices.Contains(s.Fired, s.Conflict) {
			t.Errorf("it did not fire: %+v", s)
		}
		if s.Kind == sod.Covered && !slices.Equal(s.Fired, []string{"vendor-pay (accepted)"}) || (s.Kind == sod.Lapsed || s.Kind == sod.Stranger) && !slices.Equal(s.Fired, []string{"vendor-pay"}) {
			t.Errorf("%+v", s)
		}
	}
	// 5 entitlements of two functions, 6 of three, 2 of one; what runs the bank signs too, so that neither can be left out.
	if count[sod.Violation] != 5+6+2 || count[sod.Control] != 2+3+2 || count[sod.Disabled] != 3 || count[sod.Covered] != 1 || count[sod.Lapsed] != 1 || count[sod.Stranger] != 1 || untested != 2 {
		t.Errorf("%v, %d untested", count, untested)
	}
}

func TestRulesThatDoNotFireAreFoundOut(t *testing.T) {
	for name, one := range map[string]struct {
		from, to string
		kinds    []sod.SeedKind
	}{
		"one function suffices":        {"conflict.functions.all(f, f in person.functions)", "conflict.functions.exists(f, f in person.functions)", []sod.SeedKind{sod.Control}},
		"a conflict is left out":       {"conflict.functions.all(f, f in person.functions)", `conflict.id != "pay-audit" && conflict.functions.all(f, f in person.functions)`, []sod.SeedKind{sod.Violation}},
		"somebody's never count":       {"conflict.functions.all(f, f in person.functions)", `person.id != "W-1" && conflict.functions.all(f, f in person.functions)`, []sod.SeedKind{sod.Covered}},
		"only those of three and more": {"conflict.functions.all(f, f in person.functions)", `size(conflict.functions) > 2 && conflict.functions.all(f, f in person.functions)`, []sod.SeedKind{sod.Violation, sod.Lapsed, sod.Stranger, sod.Covered}},
	} {
		seeds, err := Tests(set(t, func(s string) string { return strings.Replace(s, one.from, one.to, 1) }), load(t, ruleset), clock)
		if err != nil {
			t.Fatal(err)
		}
		failed := map[sod.SeedKind]bool{}
		for _, s := range seeds {
			failed[s.Kind] = failed[s.Kind] || s.Why == "" && !s.OK
		}
		for _, k := range one.kinds {
			if !failed[k] {
				t.Errorf("%s: no test of kind %s noticed", name, k)
			}
		}
	}
}

func TestThePackTellsTheSameAgain(t *testing.T) {
	in := &inputs.Inputs{Settings: inputs.Settings{Clock: clock}, Set: set(t, nil), Matrix: load(t, ruleset)}
	seeds, err := Tests(in.Set, in.Matrix, clock)
	if err != nil {
		t.Fatal(err)
	}
	var annex bytes.Buffer
	table := sheet.NewTable(&annex)
	if err := sod.Seeds(table, sod.Model{Seeds: seeds}); err != nil {
		t.Fatal(err)
	}
	if _, err := table.Close(); err != nil {
		t.Fatal(err)
	}
	files := func(text string) fstest.MapFS { return fstest.MapFS{sod.SeedsAnnex: {Data: []byte(text)}} }
	if n, differs, err := Again(files(annex.String()), in); err != nil || differs != "" || n != len(seeds) {
		t.Errorf("%d, %q, %v", n, differs, err)
	}
	for name, text := range map[string]string{"changed": strings.Replace(annex.String(), ",true,", ",false,", 1), "cut": annex.String()[:annex.Len()/2], "longer": annex.String() + "x\r\n"} {
		if _, differs, err := Again(files(text), in); err != nil || !strings.Contains(differs, "comes out otherwise") {
			t.Errorf("%s: %q, %v", name, differs, err)
		}
	}
	in.Set = set(t, func(s string) string {
		return strings.Replace(s, ".all(f, f in person.functions)", ".exists(f, f in person.functions)", 1)
	})
	if _, differs, err := Again(files(annex.String()), in); err != nil || differs == "" {
		t.Errorf("other rules: %q, %v", differs, err)
	}
	if _, _, err := Again(fstest.MapFS{}, in); err == nil {
		t.Error("a pack without the annex")
	}
}
