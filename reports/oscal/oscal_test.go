package oscal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"muster/internal/access"
	"muster/reports/evidence"
)

const (
	schemaFile   = "testdata/oscal_assessment-results_schema.json"
	schemaSHA256 = "d033da70154cf6625ae46a746199e88e58f2928b1387dfac051d381b92f41b0d"
)

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// schema compiles NIST's schema, with its formats asserted.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != schemaSHA256 {
		t.Fatalf("%s is not the file that NIST released", schemaFile)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	spread(doc)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const at = "http://csrc.nist.gov/ns/oscal/1.1.2/oscal-ar-schema.json"
	if err := c.AddResource(at, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// spread moves a $ref that has an $id beside it into an allOf, which means the same. Draft 7 has readers ignore what stands beside a
// $ref, and NIST's schema names some definitions there.
func spread(node any) {
	switch x := node.(type) {
	case map[string]any:
		if ref, ok := x["$ref"]; ok && x["$id"] != nil {
			delete(x, "$ref")
			x["allOf"] = []any{map[string]any{"$ref": ref}}
		}
		for _, sub := range x {
			spread(sub)
		}
	case []any:
		for _, sub := range x {
			spread(sub)
		}
	}
}

// sample is a small run: three rules, four sources, one of them partial when incomplete.
func sample(incomplete bool) (evidence.File, []access.Finding) {
	rule := func(id string, evaluated int64, controls ...string) evidence.Rule {
		return evidence.Rule{ID: id, Title: "Rule <b>" + id + "</b>", Severity: access.High, Scope: access.ScopeAccount, When: "account.enabled &&\n  true", Controls: controls,
			Digest: strings.Repeat("ab", 32), File: "builtin", Remediation: "Disable it, [then](http://acme.example) ask.", Evaluated: evaluated}
	}
	e := evidence.Evidence{Organisation: "Acme", Classification: "Confidential", RanBy: "muster nightly", GeneratedBy: "muster 0.1.0",
		Run: access.Run{ID: "R-20261122T010002Z-a1b2c3", State: access.RunCompleted, AsOf: night, StartedAt: night.Add(2 * time.Second), FinishedAt: night.Add(14*time.Second + 5), Version: "0.1.0",
			ConfigDigest: strings.Repeat("c0", 32), RulesDigest: strings.Repeat("d1", 32), Persons: 2011, Accounts: 9876, Grants: 54321, Incomplete: incomplete},
		Rules: []evidence.Rule{rule("leaver-active", 10, "SOC2 CC6.2", "ISO27001 A.5.18", "NIST-800-53 PS-4", "NIST-800-53 AC-6(7)", "HIPAA 164.308(a)(3)", "PCI-DSS 8.2.5", "COBIT DSS05.04"),
			rule("quiet", 7, "SOC 2 CC6.3", "NIST SP 800-53 AC-2"), rule("unasked", 0, "NIST 800-53 AC-5")},
		Controls:   []evidence.Control{{ID: "SOC2 CC6.2", Says: "people lose access"}, {ID: "NIST-800-53 PS-4", Says: "access ends"}},
		Exceptions: []evidence.Exception{{ID: "EX-1", Rule: "leaver-active", Owner: "it@acme.example", Approver: "ciso@acme.example", Reason: "Hand-over", Control: "Watched daily", Expires: night, State: "valid"}},
	}
	for _, name := range []string{"hr", "erp", "saas", "unread"} {
		snap := access.Snapshot{ID: "S-" + name, State: access.Complete, TakenAt: night, FinishedAt: night.Add(time.Second), Collector: "csv", CollectorVersion: "1", Digest: strings.Repeat("e", 64)}
		snap.Coverage = access.Coverage{Source: "a file", Queries: []string{"SELECT 1\nFROM x", " "}, Classes: []access.ClassCoverage{{Class: access.ClassAccount, Claimed: access.NoClaim, Fetched: 5, Parsed: 5, State: access.Complete}}}
		s := evidence.Source{System: access.SystemFacts{Name: name, Title: strings.ToUpper(name), Collector: "csv", Owner: "ops@acme.example"}}
		switch {
		case incomplete && name == "saas":
			snap.State, snap.Reason = access.Partial, "page 3 of 6"
			s.System.Used = access.Snapshot{ID: "S-old", TakenAt: night.AddDate(0, 0, -1), State: access.Complete}
			fallthrough
		default:
			s.System.Tonight = snap
		case incomplete && name == "unread":
		}
		e.Sources = append(e.Sources, s)
	}
	f := evidence.NewFile(e)
	f.Pack = "P-7Q2K4MZD"
	f.Annexes = []evidence.Annex{{File: "annexes/findings.csv", Rows: 4, SHA256: strings.Repeat("f", 64)}, {File: "annexes/snapshots.csv", Rows: 1, SHA256: strings.Repeat("a", 64)}}
	f.Inputs = []evidence.Annex{{File: "inputs/rules/my own %.yaml", SHA256: strings.Repeat("b", 64)}}
	finding := func(n int, rule, system string, state access.FindingState, change access.Change) access.Finding {
		return access.Finding{Fingerprint: fmt.Sprintf("%064x", n), ID: fmt.Sprint("F-", n), Rule: rule, System: system, Severity: access.Critical, State: state, Change: change,
			PersonName: "Maja Lind", Message: "Maja Lind still holds it", FirstSeen: night, LastSeen: night}
	}
	list := []access.Finding{finding(1, "leaver-active", "erp", access.Open, access.ChangeNew), finding(2, "leaver-active", "erp+saas", access.Open, access.ChangeUnverified),
		finding(3, "leaver-active", "erp", access.Excepted, access.ChangeStill), finding(4, "quiet", "erp", access.Resolved, access.ChangeResolved), finding(5, "gone", "erp", access.Open, access.ChangeUnverified)}
	list[2].Exception, list[4].Controls = "EX-1", []string{"SOC2 CC7.2"}
	return f, list
}

func stream(list []access.Finding) func(func(access.Finding) error) error {
	return func(yield func(access.Finding) error) error {
		for _, f := range list {
			if err := yield(f); err != nil {
				return err
			}
		}
		return nil
	}
}

func write(t *testing.T, file evidence.File, list []access.Finding) ([]byte, document) {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, file, stream(list)); err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), d
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(doc)
}

func TestResultsAreValidByNISTsSchema(t *testing.T) {
	s := schema(t)
	hostile := func(f evidence.File, list []access.Finding) (evidence.File, []access.Finding) {
		bad := "\ufeff\x00 =cmd|' /C calc'!A0\r\n<script>\xff\u202e{{ insert: param, x }} " + strings.Repeat("😀", 10000)
		f.Organisation, f.Classification, f.Run.RanBy, f.GeneratedBy = bad, bad, "", "\n"
		for i := range f.Rules {
			f.Rules[i].Title, f.Rules[i].When, f.Rules[i].Remediation, f.Rules[i].Controls = bad, bad, bad, append(f.Rules[i].Controls, bad, "x", "(", "\n", "1 2", "É É", "NIST-800-53 A-1", "nist 800-53 ac-x")
		}
		for i := range f.Sources {
			f.Sources[i].Title, f.Sources[i].Owner, f.Sources[i].Collector = bad, bad, ""
		}
		f.Exceptions[0].Reason, f.Exceptions[0].Owner, f.Exceptions[0].Expires = bad, bad, time.Time{}
		for i := range list {
			list[i].System, list[i].Exception = bad, bad
		}
		return f, list
	}
	whole, found := sample(false)
	partial, foundPartial := sample(true)
	bad, foundBad := hostile(sample(true))
	for name, c := range map[string]struct {
		file     evidence.File
		findings []access.Finding
	}{"whole": {whole, found}, "of one person": {ofOne(whole), found}, "partial": {partial, foundPartial}, "hostile": {bad, foundBad}, "clean": {whole, nil},
		"empty": {evidence.NewFile(evidence.Evidence{Run: access.Run{AsOf: night}}), nil}} {
		text, _ := write(t, c.file, c.findings)
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchemaRefuses: the schema would notice what this package could do wrong.
func TestSchemaRefuses(t *testing.T) {
	s := schema(t)
	text, _ := writeSample(t, true)
	for name, change := range map[string][2]string{
		"no such state":   {`"state": "not-satisfied"`, `"state": "unknown"`},
		"a bad UUID":      {`"uuid": "`, `"uuid": "x`},
		"a bad token":     {`"control-id": "ps-4"`, `"control-id": "4 ps"`},
		"a line break":    {`"value": "muster nightly"`, `"value": "muster\nnightly"`},
		"a local time":    {`"start": "2026-11-22T01:00:02Z"`, `"start": "2026-11-22T01:00:02"`},
		"an unknown name": {`"oscal-version"`, `"oscal_version"`},
		"no method":       {`"EXAMINE"`, ``},
		"an empty value":  {`"value": "Confidential"`, `"value": ""`},
	} {
		changed := bytes.Replace(text, []byte(change[0]), []byte(change[1]), 1)
		if bytes.Equal(changed, text) {
			t.Errorf("%s: the text has no %s", name, change[0])
		} else if validate(t, s, changed) == nil {
			t.Errorf("%s: taken as valid", name)
		}
	}
}

func writeSample(t *testing.T, incomplete bool) ([]byte, document) {
	t.Helper()
	file, list := sample(incomplete)
	return write(t, file, list)
}

func TestSatisfiedIsClaimedOnlyOfWhatWasLookedAt(t *testing.T) {
	states := func(incomplete bool) map[string]string {
		file, list := sample(incomplete)
		_, d := write(t, file, list)
		out := map[string]string{}
		for _, f := range d.Results.Results[0].Findings {
			out[f.Props[0].Value+" "+f.Target.Title] = f.Target.Status.State + " " + f.Target.Status.Reason
		}
		return out
	}
	whole := states(false)
	if len(whole) != 11 {
		t.Errorf("%d findings, want one for each rule and control: %v", len(whole), whole)
	}
	for key, want := range map[string]string{"leaver-active SOC2 CC6.2": "not-satisfied fail", "quiet SOC 2 CC6.3": "satisfied pass", "unasked NIST 800-53 AC-5": "not-satisfied other",
		"gone SOC2 CC7.2": "not-satisfied fail"} {
		if whole[key] != want {
			t.Errorf("%s: %q, want %q", key, whole[key], want)
		}
	}
	if got := states(true)["quiet SOC 2 CC6.3"]; got != "not-satisfied other" {
		t.Errorf("a source was not read whole, and the rule without findings is %q", got)
	}
}

// ofOne is the file of a pack that holds one person of the run.
func ofOne(f evidence.File) evidence.File {
	f.Kind, f.Subject, f.Scope = "person", "W-00560", evidence.Scope{Persons: []string{"W-00560"}, Findings: 900}
	return f
}

// TestOnePersonSaysNothingOfTheOrganisation: whatever a pack of one person has, no control is satisfied by it, and no number is the whole run's but
// those of the sources.
func TestOnePersonSaysNothingOfTheOrganisation(t *testing.T) {
	file, list := sample(false)
	text, d := write(t, ofOne(file), list)
	r := d.Results.Results[0]
	if len(r.Findings) == 0 {
		t.Fatal("there are no findings")
	}
	for _, f := range r.Findings {
		if s := f.Target.Status; s.State != "not-satisfied" || s.Reason != "other" || !strings.Contains(s.Remarks, "this pack holds 1 person of the run") {
			t.Errorf("%s is %+v", f.Target.Title, s)
		}
	}
	for _, o := range r.Observations {
		if strings.Contains(o.Description, "asked") {
			t.Errorf("%s says %q", o.Title, o.Description)
		}
		for _, p := range o.Props {
			if p.Name == "evaluated" || p.Name == "errors" {
				t.Errorf("%s has %s", o.Title, p.Name)
			}
		}
	}
	if strings.Contains(r.Description, "Every account") || !strings.Contains(r.Description, "1 person of the run") {
		t.Errorf("the result says %q", r.Description)
	}
	for _, word := range []string{"W-00560", "2011", "9876", "54321"} {
		if bytes.Contains(text, []byte(word)) {
			t.Errorf("it says %s", word)
		}
	}
}

// TestAReportOnAPeriodIsTitledByItsRun, for its states are those of that run alone.
func TestAReportOnAPeriodIsTitledByItsRun(t *testing.T) {
	file, list := sample(false)
	file.Kind, file.Subject = "controls", "2026-10-01..2026-12-31"
	_, d := write(t, file, list)
	if r := d.Results.Results[0]; r.Title != "Run "+file.Run.ID || !strings.Contains(r.Description, "these results are of this run alone") {
		t.Errorf("%q: %q", r.Title, r.Description)
	}
}

// TestRejectedRowsLeaveNothingSatisfied: a source that tolerates unreadable rows is complete, and what they say is not known.
func TestRejectedRowsLeaveNothingSatisfied(t *testing.T) {
	file, list := sample(false)
	file.Sources[1].Tonight.Classes[0].Rejected = 1
	_, d := write(t, file, list)
	for _, f := range d.Results.Results[0].Findings {
		if f.Target.Status.State == "satisfied" {
			t.Errorf("%s is satisfied", f.Target.Title)
		}
	}
}

func TestEveryReferenceLeadsSomewhere(t *testing.T) {
	text, d := writeSample(t, true)
	defined := map[string]bool{}
	for _, m := range regexp.MustCompile(`"uuid": "([^"]+)"`).FindAllSubmatch(text, -1) {
		if defined[string(m[1])] {
			t.Errorf("UUID %s is given twice", m[1])
		}
		defined[string(m[1])] = true
	}
	refs := regexp.MustCompile(`"(?:\w+-uuid|href)": "#?([0-9a-f-]{36})"`).FindAllSubmatch(text, -1)
	if len(refs) < 40 {
		t.Fatalf("found only %d references: the pattern is broken", len(refs))
	}
	for _, m := range refs {
		if !defined[string(m[1])] {
			t.Errorf("reference %s leads nowhere", m[0])
		}
	}
	parts := map[string]bool{}
	for _, o := range d.Results.Local.Objectives {
		for _, p := range o.Parts {
			parts[p.ID] = true
		}
	}
	for _, f := range d.Results.Results[0].Findings {
		if f.Target.Type == "objective-id" && !parts[f.Target.ID] {
			t.Errorf("objective %s is not defined", f.Target.ID)
		}
	}
}

func TestRisksFollowRuleAndSystem(t *testing.T) {
	_, d := writeSample(t, false)
	got := map[string]risk{}
	for _, r := range d.Results.Results[0].Risks {
		got[r.Props[0].Value+"/"+r.Props[1].Value+"/"+r.Status] = r
	}
	for _, key := range []string{"leaver-active/erp/open", "leaver-active/erp+saas/open", "leaver-active/erp/deviation-approved", "gone/erp/open"} {
		if _, ok := got[key]; !ok {
			t.Errorf("no risk %s", key)
		}
	}
	if len(got) != 4 {
		t.Errorf("%d risks, want 4", len(got))
	}
	if m := got["leaver-active/erp/deviation-approved"].Mitigating; len(m) != 1 || !strings.Contains(m[0].Description, "Watched daily") {
		t.Errorf("mitigating factors %+v", m)
	}
	if n := len(got["leaver-active/erp+saas/open"].Related); n != 3 {
		t.Errorf("%d observations of a risk in two systems, want the rule's and the two sources'", n)
	}
}

// TestSameRunSameBytes: the order of the stream means nothing, and another pack has other UUIDs.
func TestSameRunSameBytes(t *testing.T) {
	file, list := sample(true)
	a, d := write(t, file, list)
	back := make([]access.Finding, len(list))
	for i, f := range list {
		back[len(list)-1-i] = f
	}
	if b, _ := write(t, file, back); !bytes.Equal(a, b) {
		t.Error("another order gives other bytes")
	}
	file.Pack = "P-OTHER"
	if _, other := write(t, file, list); other.Results.UUID == d.Results.UUID {
		t.Error("two packs have one UUID")
	}
	if bytes.Contains(a, []byte("Maja")) {
		t.Error("a person is named")
	}
}

func TestControlsGetTheIdsOfTheirCatalog(t *testing.T) {
	for name, want := range map[string]string{"NIST-800-53 AC-6(7)": "ac-6.7", "NIST 800-53 PS-4": "ps-4", "NIST SP 800-53 AC-2": "ac-2", "SOC2 CC6.2": "soc2-cc6.2", "SOC 2 CC6.2": "soc2-cc6.2",
		"HIPAA 164.308(a)(3)": "hipaa-164.308-a-3", "ISO27001 A.5.18": "iso27001-a.5.18", "PCI-DSS 8.2.5": "pci-dss-8.2.5", "COBIT DSS05.04": "cobit-dss05.04", "7": "c-7", "NIST-800-53 AC": "nist-800-53-ac"} {
		if got := parse(name).id; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	two := controls([]evidence.Rule{{Controls: []string{"SOC2 CC6.2", "SOC 2 CC6.2"}}}, nil)
	if two["SOC2 CC6.2"].id == two["SOC 2 CC6.2"].id {
		t.Error("two controls have one id")
	}
}

func TestErrorsOfTheStreamAndTheWriterAreGivenBack(t *testing.T) {
	file, _ := sample(false)
	broken := errors.New("broken")
	if err := Write(&bytes.Buffer{}, file, func(func(access.Finding) error) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
	if err := Write(failing{}, file, stream(nil)); !errors.Is(err, errDisk) {
		t.Error(err)
	}
}

var errDisk = errors.New("disk full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errDisk }

func TestTheGuideNamesTheFileAndItsVersion(t *testing.T) {
	text, err := os.ReadFile("../../docs/machine-readable.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"`" + FileName + "`", "OSCAL " + Version, ns} {
		if !bytes.Contains(text, []byte(name)) {
			t.Errorf("docs/machine-readable.md does not say %s", name)
		}
	}
}
