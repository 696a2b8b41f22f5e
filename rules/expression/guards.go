package expression

import (
	"strings"

	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"muster/internal/config"
)

// Guards records a problem for every fact that e reads, that may be absent, and that neither e nor one of the others tests with
// has(): such an expression fails on everyone who lacks the fact, which nobody means. It reports whether there was none.
//
// The test may stand anywhere: whether it protects the reading is CEL's business. The check is for what was forgotten.
func (e *Expression) Guards(n config.Node, others ...*Expression) bool {
	tested := map[string]bool{}
	for _, x := range append(others, e) {
		if x != nil {
			x.tests(tested)
		}
	}
	r := &reporter{env: e.env, node: n, text: e.Text, ast: e.ast}
	ok := true
	walk(e.ast.Expr(), nil, func(x celast.Expr, _ map[string]bool) {
		if !e.mayBeAbsent(x) || tested[e.unparse(x)] {
			return
		}
		text := e.unparse(x)
		tested[text] = true // one problem each
		place, _ := e.ast.SourceInfo().GetOffsetRange(x.ID())
		at := r.wordAt(int(place.Start), lastName(x))
		r.report(at, "write has("+text+") && ... before it", "%s may be absent", text)
		ok = false
	})
	return ok
}

// Tests reports whether has() is asked of any field of a variable, so that the variable may stand for nothing.
func (e *Expression) Tests(variable string) bool {
	tested := map[string]bool{}
	e.tests(tested)
	for text := range tested {
		if strings.HasPrefix(text, variable+".") {
			return true
		}
	}
	return false
}

// tests collects what has() is asked of, and "key" in map.
func (e *Expression) tests(into map[string]bool) {
	walk(e.ast.Expr(), nil, func(x celast.Expr, _ map[string]bool) {
		switch {
		case x.Kind() == celast.SelectKind && x.AsSelect().IsTestOnly():
			into[e.unparse(plainSelect(x))] = true
		case x.Kind() == celast.CallKind && x.AsCall().FunctionName() == operators.In:
			key, m := x.AsCall().Args()[0], x.AsCall().Args()[1]
			if key.Kind() == celast.LiteralKind && e.ast.GetType(m.ID()).Kind() == types.MapKind {
				if name, ok := key.AsLiteral().(types.String); ok {
					into[e.unparse(m)+"."+string(name)] = true
					into[e.unparse(m)+"["+e.unparse(key)+"]"] = true
				}
			}
		}
	})
}

// mayBeAbsent reports whether x selects an optional field, or a key of a map.
func (e *Expression) mayBeAbsent(x celast.Expr) bool {
	switch x.Kind() {
	case celast.SelectKind:
		s := x.AsSelect()
		if s.IsTestOnly() {
			return false
		}
		of := e.ast.GetType(s.Operand().ID())
		return of.Kind() == types.MapKind || e.env.Optional(of, s.FieldName())
	case celast.CallKind:
		args := x.AsCall().Args()
		return x.AsCall().FunctionName() == operators.Index && e.ast.GetType(args[0].ID()).Kind() == types.MapKind &&
			args[1].Kind() == celast.LiteralKind
	}
	return false
}

func lastName(x celast.Expr) string {
	if x.Kind() == celast.SelectKind {
		return x.AsSelect().FieldName()
	}
	return "["
}
