package archtest

import (
	"go/ast"
	"go/token"
	"path"
	"sort"
	"strings"
	"testing"
)

const (
	maxFileLines    = 500
	medianFileLines = 150
	maxFuncLines    = 80
	maxPackageLines = 1500
)

func TestLengthsStayWithinTheHouseLimits(t *testing.T) {
	packages := map[string]int{}
	var lengths []int
	for _, s := range sources(t) {
		if s.lines > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: split it by job", s.path, s.lines, maxFileLines)
		}
		if !s.test {
			packages[s.dir] += s.lines
			lengths = append(lengths, s.lines)
		}
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > maxFuncLines {
				t.Errorf("%s: func %s has %d lines, more than %d", s.path, f.Name.Name, n, maxFuncLines)
			}
		}
	}
	for dir, n := range packages {
		if n > maxPackageLines {
			t.Errorf("package %s has %d lines without tests, more than %d: split it", dir, n, maxPackageLines)
		}
	}
	sort.Ints(lengths)
	if m := lengths[len(lengths)/2]; m > medianFileLines {
		t.Errorf("the median file has %d lines, more than %d", m, medianFileLines)
	}
}

func TestEveryPackageAndExportedNameIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		documented[s.dir] = documented[s.dir] || s.file.Doc != nil
		for _, d := range s.file.Decls {
			for _, name := range undocumented(d) {
				t.Errorf("%s: exported %s has no doc comment", s.path, name)
			}
		}
	}
	for dir, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", dir)
		}
	}
}

// undocumented lists the exported names of a declaration without a comment of their own or of their group.
func undocumented(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	id, ok := typ.(*ast.Ident)
	return ok && id.IsExported()
}

func TestNoInitNoVaguePackageNoMutableGlobal(t *testing.T) {
	vague := map[string]bool{"util": true, "utils": true, "common": true, "helper": true, "helpers": true, "types": true, "manager": true, "misc": true}
	for _, s := range sources(t) {
		if vague[s.file.Name.Name] || vague[path.Base(s.dir)] {
			t.Errorf("%s: package name %q says nothing", s.path, s.file.Name.Name)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: func init: register in the explicit map instead", s.path)
			}
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR && !s.test {
				for _, name := range exportedVars(g) {
					t.Errorf("%s: exported variable %s can be changed from anywhere: pass it in", s.path, name)
				}
			}
		}
	}
}

func exportedVars(g *ast.GenDecl) []string {
	var names []string
	for _, spec := range g.Specs {
		for _, n := range spec.(*ast.ValueSpec).Names {
			if n.IsExported() && !strings.HasPrefix(n.Name, "Err") {
				names = append(names, n.Name)
			}
		}
	}
	return names
}
