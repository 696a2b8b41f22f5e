package expression

import (
	"fmt"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/interpreter"
	"github.com/google/cel-go/parser"

	"muster/rules/vocabulary"
)

// Join says how the parts of a condition make its value.
type Join string

// The joins. A leaf has no parts.
const (
	All  Join = "all of"
	One  Join = "any of"
	Not  Join = "not"
	Leaf Join = ""
)

// Part is one part of a condition with what it came to.
type Part struct {
	Join  Join
	Text  string // the expression as CEL
	Value Value  // nil when CEL did not evaluate it
	Facts []Fact // of a leaf: what it looked at
	Parts []Part
}

// Fact is one value that a leaf looked at.
type Fact struct {
	Text  string // person.status
	Root  string // person
	Field string // status; empty for the variable itself
	Value Value
	Error string // why it cannot be read
}

// Holds reports whether the part is true.
func (p Part) Holds() bool { return p.Value == types.True }

// Explain evaluates with everything shown. An error is the condition's own; the part is still complete.
func (e *Expression) Explain(s *vocabulary.Scene) (Part, error) {
	_, det, err := e.tracked.Eval(s)
	if det == nil || det.State() == nil {
		return Part{}, fmt.Errorf("explain expression: %w", err)
	}
	return e.part(e.ast.Expr(), det.State(), s), err
}

func (e *Expression) part(x celast.Expr, state interpreter.EvalState, s *vocabulary.Scene) Part {
	p := Part{Text: e.unparse(x)}
	if v, ok := state.Value(x.ID()); ok {
		p.Value = v
	}
	if x.Kind() == celast.CallKind {
		switch x.AsCall().FunctionName() {
		case operators.LogicalAnd:
			p.Join = All
		case operators.LogicalOr:
			p.Join = One
		case operators.LogicalNot:
			p.Join = Not
		}
	}
	switch p.Join {
	case Leaf:
		p.Facts = e.facts(x, s)
		if x.Kind() == celast.LiteralKind {
			p.Value = x.AsLiteral()
		}
	case Not:
		p.Parts = []Part{e.part(x.AsCall().Args()[0], state, s)}
	default:
		for _, sub := range flatten(x, x.AsCall().FunctionName(), nil) {
			p.Parts = append(p.Parts, e.part(sub, state, s))
		}
	}
	return p
}

func flatten(x celast.Expr, op string, out []celast.Expr) []celast.Expr {
	if x.Kind() == celast.CallKind && x.AsCall().FunctionName() == op {
		for _, a := range x.AsCall().Args() {
			out = flatten(a, op, out)
		}
		return out
	}
	return append(out, x)
}

func (e *Expression) unparse(x celast.Expr) string {
	text, err := parser.Unparse(x, e.ast.SourceInfo(), parser.WrapOnColumn(10_000))
	if err != nil {
		return e.Text
	}
	return text
}

// facts are the longest chains of fields in a leaf, each once, loops' own variables left out.
func (e *Expression) facts(x celast.Expr, s *vocabulary.Scene) []Fact {
	var out []Fact
	seen := map[string]bool{}
	skip := map[int64]bool{}
	walk(x, nil, func(sub celast.Expr, local map[string]bool) {
		root, field := chain(sub)
		if skip[sub.ID()] || root == "" || local[root] {
			return
		}
		markBelow(sub, skip)
		f := Fact{Text: e.unparse(plainSelect(sub)), Root: root, Field: field}
		if seen[f.Text] {
			return
		}
		seen[f.Text] = true
		v, err := resolve(sub, s)
		if f.Value = v; err != nil {
			f.Error = err.Error()
		}
		out = append(out, f)
	})
	return out
}

// plainSelect is has(a.b) without the has.
func plainSelect(x celast.Expr) celast.Expr {
	if x.Kind() == celast.SelectKind && x.AsSelect().IsTestOnly() {
		return celast.NewExprFactory().NewSelect(-1, x.AsSelect().Operand(), x.AsSelect().FieldName())
	}
	return x
}

func markBelow(x celast.Expr, skip map[int64]bool) {
	walk(x, nil, func(sub celast.Expr, _ map[string]bool) {
		if sub.ID() != x.ID() {
			skip[sub.ID()] = true
		}
	})
}

// chain recognises variable.field.field["key"] and names its variable and first field.
func chain(x celast.Expr) (root, field string) {
	switch x.Kind() {
	case celast.IdentKind:
		return x.AsIdent(), ""
	case celast.SelectKind:
		root, field = chain(x.AsSelect().Operand())
		if field == "" {
			field = x.AsSelect().FieldName()
		}
		return root, field
	case celast.CallKind:
		args := x.AsCall().Args()
		if x.AsCall().FunctionName() == operators.Index && len(args) == 2 && args[1].Kind() == celast.LiteralKind {
			return chain(args[0])
		}
	}
	return "", ""
}

// resolve reads a chain.
func resolve(x celast.Expr, s *vocabulary.Scene) (Value, error) {
	switch x.Kind() {
	case celast.IdentKind:
		v, ok := s.ResolveName(x.AsIdent())
		if !ok {
			return nil, fmt.Errorf("%s is not known here", x.AsIdent())
		}
		val, _ := v.(Value)
		if e, isErr := val.(*types.Err); isErr {
			return nil, e
		}
		return val, nil
	case celast.SelectKind:
		of, err := resolve(x.AsSelect().Operand(), s)
		if err != nil {
			return nil, err
		}
		return member(of, types.String(x.AsSelect().FieldName()))
	}
	of, err := resolve(x.AsCall().Args()[0], s)
	if err != nil {
		return nil, err
	}
	return member(of, x.AsCall().Args()[1].AsLiteral())
}

func member(of, key Value) (Value, error) {
	switch o := of.(type) {
	case *vocabulary.Object:
		name, _ := key.(types.String)
		return o.Field(string(name))
	case traits.Mapper:
		v, ok := o.Find(key)
		if !ok {
			return nil, fmt.Errorf("%s is absent", vocabulary.Format(key))
		}
		return v, nil
	case traits.Indexer:
		v := o.Get(key)
		if e, ok := v.(*types.Err); ok {
			return nil, e
		}
		return v, nil
	}
	return nil, fmt.Errorf("no field %s", vocabulary.Format(key))
}

// Fields lists what the expression reads of a variable, sorted by appearance: "department", "attributes.site" when the key is
// constant, else "attributes".
func (e *Expression) Fields(variable string) []string {
	var out []string
	seen := map[string]bool{}
	add := func(f string) {
		if f != "" && !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	skip := map[int64]bool{}
	walk(e.ast.Expr(), nil, func(sub celast.Expr, local map[string]bool) {
		root, field := chain(sub)
		if skip[sub.ID()] || root != variable || local[root] {
			return
		}
		markBelow(sub, skip)
		if key, ok := mapKey(sub); ok {
			field += "." + key
		}
		add(field)
	})
	return out
}

// mapKey is the constant key in person.attributes.key or person.attributes["key"].
func mapKey(x celast.Expr) (string, bool) {
	var of celast.Expr
	var key string
	switch x.Kind() {
	case celast.SelectKind:
		of, key = x.AsSelect().Operand(), x.AsSelect().FieldName()
	case celast.CallKind:
		args := x.AsCall().Args()
		s, ok := args[1].AsLiteral().(types.String)
		if !ok {
			return "", false
		}
		of, key = args[0], string(s)
	default:
		return "", false
	}
	if of.Kind() != celast.SelectKind || of.AsSelect().Operand().Kind() != celast.IdentKind {
		return "", false
	}
	return key, true
}

// Element is the type of the items of a list expression.
func (e *Expression) Element() *cel.Type {
	if e.Type.Kind() != types.ListKind {
		return cel.DynType
	}
	return e.Type.Parameters()[0]
}

// Items evaluates a list expression.
func (e *Expression) Items(s *vocabulary.Scene) ([]Value, error) {
	v, err := e.Eval(s)
	if err != nil {
		return nil, err
	}
	l, ok := v.(traits.Lister)
	if !ok {
		return nil, fmt.Errorf("expected a list, found %s", vocabulary.Format(v))
	}
	n, _ := l.Size().(types.Int)
	out := make([]Value, 0, int(n))
	for i := range n {
		out = append(out, l.Get(i))
	}
	return out, nil
}
