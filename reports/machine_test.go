package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/ocsf"
	"muster/reports/oscal"
	"muster/reports/pack"
)

// compiled reads a JSON schema. A $ref with an $id beside it is moved into an allOf, see reports/oscal.
func compiled(t *testing.T, path string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var spread func(any)
	spread = func(node any) {
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
	spread(doc.(map[string]any)["definitions"])
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("https://muster.example/schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://muster.example/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestMachineReadableOfEveryShape: the evidence.json of every pack of these tests is valid by the published schema, and the OSCAL made of
// it by NIST's.
func TestMachineReadableOfEveryShape(t *testing.T) {
	model, nist := compiled(t, "../docs/schemas/evidence.schema.json"), compiled(t, "oscal/testdata/oscal_assessment-results_schema.json")
	validate := func(s *jsonschema.Schema, text []byte) error {
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			return err
		}
		return s.Validate(doc)
	}
	for name, s := range map[string]shape{"normal": {findings: 200}, "clean": {}, "incomplete": {findings: 200, incomplete: true}, "hostile": {findings: 200, hostile: true}, "vast": {findings: 900, vast: true, hostile: true}} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, s)
			p, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			text := unzip(t, p.ZipPath)[pack.EvidenceFile]
			if err := validate(model, text); err != nil {
				t.Errorf("evidence.json: %v", err)
			}
			file, err := evidence.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			stream := func(yield func(access.Finding) error) error { return f.Findings(t.Context(), yield) }
			var out bytes.Buffer
			if err := oscal.Write(&out, file, stream); err != nil {
				t.Fatal(err)
			}
			if err := validate(nist, out.Bytes()); err != nil {
				t.Errorf("oscal: %v", err)
			}
			out.Reset()
			if err := ocsf.Findings(&out, file, stream); err != nil {
				t.Fatal(err)
			}
			lines := bytes.Split(bytes.TrimSuffix(out.Bytes(), []byte("\n")), []byte("\n"))
			if len(f.findings) > 0 && len(lines) != len(f.findings) {
				t.Errorf("%d events of %d findings", len(lines), len(f.findings))
			}
			for _, l := range lines {
				if len(l) > 0 && !json.Valid(l) {
					t.Errorf("no JSON: %.200s", l)
				}
			}
		})
	}
}
