package builtin

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/collectors"
	"muster/internal/config"
)

// TestEveryCollectorIsListed looks for folders with a factory: one that is not listed would be dead code.
func TestEveryCollectorIsListed(t *testing.T) {
	known := Collectors()
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range folders {
		if !f.IsDir() || !hasFactory(t, filepath.Join("..", f.Name())) {
			continue
		}
		found++
		if known[f.Name()].New == nil || known[f.Name()].Version == "" {
			t.Errorf("collector %s is not listed with a factory and a version", f.Name())
		}
	}
	if found != len(known) {
		t.Errorf("%d folders with a factory, %d kinds listed", found, len(known))
	}
}

// hasFactory reports whether the package has func New(collectors.Spec).
func hasFactory(t *testing.T, dir string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Name.Name != "New" || len(fn.Type.Params.List) != 1 {
				continue
			}
			if sel, ok := fn.Type.Params.List[0].Type.(*ast.SelectorExpr); ok && sel.Sel.Name == "Spec" {
				return true
			}
		}
	}
	return false
}

// TestFactoriesRefuseUnknownSettings: strictness is not left to each collector's taste.
func TestFactoriesRefuseUnknownSettings(t *testing.T) {
	for kind, entry := range Collectors() {
		doc, err := config.Parse("muster.yaml", []byte("no_such_setting: 1"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = entry.New(collectors.Spec{System: "x", Dir: t.TempDir(), Settings: doc.Root()})
		if doc.Err() == nil || !strings.Contains(doc.Err().Error(), `unknown key "no_such_setting"`) {
			t.Errorf("%s: problems %v, error %v", kind, doc.Err(), err)
		}
	}
}
