package evidence

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"muster/internal/access"
	"muster/internal/ledger"
)

// schemaFile is the JSON schema (draft 2020-12) of evidence.json that docs/machine-readable.md tells of.
const schemaFile = "../../docs/schemas/evidence.schema.json"

var update = flag.Bool("update", false, "write the schema anew")

// words are the values that a named string can have.
func words() map[reflect.Type][]any {
	return map[reflect.Type][]any{
		reflect.TypeFor[access.Severity]():      {access.Informational, access.Low, access.Medium, access.High, access.Critical},
		reflect.TypeFor[access.Scope]():         {access.ScopePerson, access.ScopeAccount, access.ScopeGrant, access.ScopeSystem},
		reflect.TypeFor[access.Class]():         {access.ClassPerson, access.ClassAccount, access.ClassEntitlement, access.ClassGrant, access.ClassRejection},
		reflect.TypeFor[access.RunState]():      {access.RunStarted, access.RunCompleted, access.RunFailed},
		reflect.TypeFor[access.SnapshotState](): {access.Complete, access.Partial, access.Failed, access.Held},
	}
}

// generator makes the schema of Go types: what encoding/json writes of them.
type generator struct {
	says  map[string]string // comments of types and of Type.Field
	words map[reflect.Type][]any
	defs  map[string]any
}

func (g *generator) of(t reflect.Type) map[string]any {
	if list, ok := g.words[t]; ok {
		return map[string]any{"enum": list}
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage](), t.Kind() == reflect.Interface:
		return map[string]any{}
	}
	switch t.Kind() {
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Int, reflect.Int64:
		return map[string]any{"type": "integer"}
	case reflect.Uint64:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Pointer:
		return map[string]any{"anyOf": []any{g.of(t.Elem()), map[string]any{"type": "null"}}}
	case reflect.Slice:
		return map[string]any{"type": []any{"array", "null"}, "items": g.of(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": []any{"object", "null"}, "additionalProperties": g.of(t.Elem())}
	case reflect.Struct:
		g.define(t)
		return map[string]any{"$ref": "#/$defs/" + t.Name()}
	}
	panic("evidence.json has a " + t.String() + ": teach the generator what that is")
}

func (g *generator) define(t reflect.Type) {
	if _, done := g.defs[t.Name()]; done {
		return
	}
	fields, required := map[string]any{}, []any{}
	def := map[string]any{"type": "object", "description": g.says[t.Name()], "properties": fields, "additionalProperties": false}
	g.defs[t.Name()] = def
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			panic(t.Name() + "." + f.Name + " has no name in evidence.json")
		}
		s := g.of(f.Type)
		if says := g.says[t.Name()+"."+f.Name]; says != "" {
			s["description"] = says
		}
		fields[name] = s
		if !strings.Contains(options, "omit") {
			required = append(required, name)
		}
	}
	def["required"] = required
}

// comments reads what the source says of types and fields.
func comments(t *testing.T, dirs ...string) map[string]string {
	t.Helper()
	out := map[string]string{}
	text := func(groups ...*ast.CommentGroup) string {
		for _, g := range groups {
			if s := strings.Join(strings.Fields(g.Text()), " "); s != "" {
				return s
			}
		}
		return ""
	}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				decl, ok := d.(*ast.GenDecl)
				if !ok || decl.Tok != token.TYPE {
					continue
				}
				spec := decl.Specs[0].(*ast.TypeSpec)
				out[spec.Name.Name] = text(spec.Doc, decl.Doc)
				if s, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range s.Fields.List {
						for _, n := range f.Names {
							out[spec.Name.Name+"."+n.Name] = text(f.Comment, f.Doc)
						}
					}
				}
			}
		}
	}
	return out
}

// TestSchemaIsThatOfTheModel: the published schema is what the types say. After a change of the model, run this test with -update.
func TestSchemaIsThatOfTheModel(t *testing.T) {
	g := &generator{says: comments(t, "../../internal/access", "."), words: words(), defs: map[string]any{}}
	root := g.of(reflect.TypeFor[File]())
	root["$schema"], root["$id"] = "https://json-schema.org/draft/2020-12/schema", "https://muster.example/schemas/evidence.schema.json"
	root["title"], root["$defs"] = "evidence.json of a Muster evidence pack, format "+Format, g.defs
	g.defs["File"].(map[string]any)["properties"].(map[string]any)["format"] = map[string]any{"const": Format}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(root); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if published, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(published, b.Bytes()) {
		t.Errorf("%s is not the schema of the model (%v): run go test ./reports/evidence -run Schema -update", schemaFile, err)
	}
}

func published(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func full() File {
	at := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	snap := access.Snapshot{ID: "S-1", RunID: "R-1", State: access.Complete, TakenAt: at, Coverage: access.Coverage{Classes: []access.ClassCoverage{{Class: access.ClassGrant, Claimed: 7, State: access.Partial}, {Class: access.ClassAccount, Claimed: access.NoClaim, State: access.Complete}}}}
	f := NewFile(Evidence{Run: access.Run{ID: "R-1", State: access.RunCompleted, AsOf: at, Counts: []access.RuleCount{{Rule: "r", Severity: access.High}}},
		Rules:   []Rule{{ID: "r", Severity: access.Low, Scope: access.ScopeGrant}},
		Sources: []Source{{System: access.SystemFacts{Name: "erp", Tonight: snap, Used: snap}, Previous: snap, InScope: []Count{{Class: access.ClassPerson, N: 1}}}}, Exceptions: []Exception{{ID: "EX-1", Expires: at}}, Mitigations: []Mitigation{{Conflict: "c"}}})
	f.Annexes, f.Ledger.Entries, f.Detail = []Annex{{File: "annexes/a.csv"}}, []EntryFile{{Index: 7, Type: ledger.RunEnd}}, map[string]any{"anything": 1}
	return f
}

func TestSchemaTakesTheModelAndNothingElse(t *testing.T) {
	s := published(t)
	check := func(change func(map[string]any)) error {
		text, err := full().Encode()
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		change(doc.(map[string]any))
		return s.Validate(doc)
	}
	if err := check(func(map[string]any) {}); err != nil {
		t.Error(err)
	}
	of := func(node any, path ...any) map[string]any {
		for _, p := range path {
			switch p := p.(type) {
			case string:
				node = node.(map[string]any)[p]
			case int:
				node = node.([]any)[p]
			}
		}
		return node.(map[string]any)
	}
	for name, change := range map[string]func(map[string]any){
		"another format":   func(d map[string]any) { d["format"] = "other" },
		"an unknown key":   func(d map[string]any) { d["more"] = 1 },
		"a missing key":    func(d map[string]any) { delete(of(d, "run"), "id") },
		"a bad time":       func(d map[string]any) { of(d, "run")["as_of"] = "yesterday" },
		"a bad severity":   func(d map[string]any) { of(d, "rules", 0)["severity"] = "dire" },
		"a bad state":      func(d map[string]any) { of(d, "sources", 0, "tonight")["state"] = "well" },
		"text for a count": func(d map[string]any) { of(d, "totals")["all"] = "7" },
		"a negative index": func(d map[string]any) { of(d, "ledger", "entries", 0)["index"] = -1 },
	} {
		if check(change) == nil {
			t.Errorf("%s is valid by the schema", name)
		}
	}
}
