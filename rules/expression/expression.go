package expression

import (
	"fmt"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"muster/rules/vocabulary"
)

// Value is a CEL value.
type Value = ref.Val

// Expression is one checked CEL expression, ready to evaluate.
type Expression struct {
	Text    string
	Type    *cel.Type
	env     *vocabulary.Environment
	ast     *celast.AST
	program cel.Program
	tracked cel.Program // evaluates every part and remembers its value
}

func plan(env *vocabulary.Environment, text string, a *celast.AST) (*Expression, error) {
	e := &Expression{Text: text, Type: a.GetType(a.Expr().ID()), env: env, ast: a}
	var err error
	if e.program, err = env.CEL.PlanProgram(a, cel.EvalOptions(cel.OptOptimize)); err != nil {
		return nil, fmt.Errorf("plan expression: %w", err)
	}
	return e, nil
}

// Eval evaluates on the facts in view.
func (e *Expression) Eval(s *vocabulary.Scene) (Value, error) {
	v, _, err := e.program.Eval(s)
	return v, err
}

// True reports whether a condition holds.
func (e *Expression) True(s *vocabulary.Scene) (bool, error) {
	v, _, err := e.program.Eval(s)
	return v == types.True, err
}

// String evaluates an expression of text.
func (e *Expression) String(s *vocabulary.Scene) (string, error) {
	v, err := e.Eval(s)
	if err != nil {
		return "", err
	}
	text, ok := v.(types.String)
	if !ok {
		return "", fmt.Errorf("expected text, found %s", vocabulary.Format(v))
	}
	return string(text), nil
}

// Deferred evaluates for use as a variable of another expression; an error becomes a CEL error value.
func (e *Expression) Deferred(s *vocabulary.Scene) Value {
	v, err := e.Eval(s)
	if err != nil {
		return types.WrapErr(err)
	}
	return v
}

// Constant is the text of an expression that is one text literal.
func (e *Expression) Constant() (string, bool) {
	if e.ast.Expr().Kind() != celast.LiteralKind {
		return "", false
	}
	s, ok := e.ast.Expr().AsLiteral().(types.String)
	return string(s), ok
}

// Split parts the conjuncts of a condition into those that use none of the names and the rest. Both are nil when one of the two
// is empty. In CEL the order of conjuncts does not matter: the condition is false when the guard is false, whatever the rest,
// and equals the rest when the guard is true.
func (e *Expression) Split(uses func(name string) bool) (guard, rest *Expression, err error) {
	var without, with []celast.Expr
	for _, c := range conjuncts(e.ast.Expr(), nil) {
		found := false
		for _, name := range idents(c) {
			found = found || uses(name)
		}
		if found {
			with = append(with, c)
		} else {
			without = append(without, c)
		}
	}
	if len(with) == 0 || len(without) == 0 {
		return nil, nil, nil
	}
	if guard, err = e.join(without); err != nil {
		return nil, nil, err
	}
	rest, err = e.join(with)
	return guard, rest, err
}

func (e *Expression) join(parts []celast.Expr) (*Expression, error) {
	id := celast.MaxID(e.ast)
	fac := celast.NewExprFactory()
	all := parts[0]
	for _, p := range parts[1:] {
		id++
		all = fac.NewCall(id, operators.LogicalAnd, all, p)
	}
	return plan(e.env, e.Text, celast.NewCheckedAST(celast.NewAST(all, e.ast.SourceInfo()), e.ast.TypeMap(), e.ast.ReferenceMap()))
}

// Idents lists the variables that the expression uses, in order of appearance, loop variables left out.
func (e *Expression) Idents() []string { return idents(e.ast.Expr()) }

func conjuncts(x celast.Expr, out []celast.Expr) []celast.Expr {
	if x.Kind() == celast.CallKind && x.AsCall().FunctionName() == operators.LogicalAnd {
		for _, arg := range x.AsCall().Args() {
			out = conjuncts(arg, out)
		}
		return out
	}
	return append(out, x)
}

func idents(x celast.Expr) []string {
	var out []string
	seen := map[string]bool{}
	walk(x, nil, func(e celast.Expr, local map[string]bool) {
		if e.Kind() == celast.IdentKind && !local[e.AsIdent()] && !seen[e.AsIdent()] {
			seen[e.AsIdent()] = true
			out = append(out, e.AsIdent())
		}
	})
	return out
}

// walk visits every expression below x, parents first, with the loop variables that hide names there.
func walk(x celast.Expr, local map[string]bool, visit func(celast.Expr, map[string]bool)) {
	if x == nil {
		return
	}
	visit(x, local)
	switch x.Kind() {
	case celast.CallKind:
		c := x.AsCall()
		if c.IsMemberFunction() {
			walk(c.Target(), local, visit)
		}
		for _, a := range c.Args() {
			walk(a, local, visit)
		}
	case celast.SelectKind:
		walk(x.AsSelect().Operand(), local, visit)
	case celast.ListKind:
		for _, el := range x.AsList().Elements() {
			walk(el, local, visit)
		}
	case celast.MapKind:
		for _, en := range x.AsMap().Entries() {
			walk(en.AsMapEntry().Key(), local, visit)
			walk(en.AsMapEntry().Value(), local, visit)
		}
	case celast.ComprehensionKind:
		c := x.AsComprehension()
		walk(c.IterRange(), local, visit)
		inner := map[string]bool{c.IterVar(): true, c.IterVar2(): true, c.AccuVar(): true}
		for name := range local {
			inner[name] = true
		}
		walk(c.AccuInit(), local, visit)
		for _, part := range []celast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()} {
			walk(part, inner, visit)
		}
	}
}
