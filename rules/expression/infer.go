package expression

import (
	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
)

func findExpr(root celast.Expr, id int64) celast.Expr {
	var found celast.Expr
	walk(root, nil, func(e celast.Expr, _ map[string]bool) {
		if e.ID() == id && found == nil {
			found = e
		}
	})
	return found
}

// operandType is the type of the object that a field is selected from, in an expression that does not check. It follows what
// fields are reached through: variables, fields, items of lists and loops.
func (r *reporter) operandType(id int64) *cel.Type {
	var t *cel.Type
	r.typed(r.ast.Expr(), map[string]*cel.Type{}, func(e celast.Expr, loop map[string]*cel.Type) {
		if e.Kind() == celast.SelectKind && (e.ID() == id || t == nil && e.AsSelect().Operand().ID() == id) {
			t = r.infer(e.AsSelect().Operand(), loop)
		}
	})
	return t
}

// typed is walk with the types of loop variables.
func (r *reporter) typed(x celast.Expr, loop map[string]*cel.Type, visit func(celast.Expr, map[string]*cel.Type)) {
	visit(x, loop)
	var below []celast.Expr
	switch x.Kind() {
	case celast.CallKind:
		if x.AsCall().IsMemberFunction() {
			below = append(below, x.AsCall().Target())
		}
		below = append(below, x.AsCall().Args()...)
	case celast.SelectKind:
		below = append(below, x.AsSelect().Operand())
	case celast.ListKind:
		below = append(below, x.AsList().Elements()...)
	case celast.MapKind:
		for _, en := range x.AsMap().Entries() {
			below = append(below, en.AsMapEntry().Key(), en.AsMapEntry().Value())
		}
	case celast.ComprehensionKind:
		c := x.AsComprehension()
		r.typed(c.IterRange(), loop, visit)
		inner := map[string]*cel.Type{}
		for name, t := range loop {
			inner[name] = t
		}
		if t := r.infer(c.IterRange(), loop); t != nil && len(t.Parameters()) > 0 {
			inner[c.IterVar()] = t.Parameters()[0]
		}
		for _, part := range []celast.Expr{c.LoopCondition(), c.LoopStep(), c.Result()} {
			r.typed(part, inner, visit)
		}
	}
	for _, b := range below {
		r.typed(b, loop, visit)
	}
}

func (r *reporter) infer(x celast.Expr, loop map[string]*cel.Type) *cel.Type {
	switch x.Kind() {
	case celast.IdentKind:
		if t, ok := loop[x.AsIdent()]; ok {
			return t
		}
		return r.env.TypeOf(x.AsIdent())
	case celast.SelectKind:
		if t := r.infer(x.AsSelect().Operand(), loop); t != nil {
			return r.env.FieldType(t, x.AsSelect().FieldName())
		}
	case celast.CallKind:
		if args := x.AsCall().Args(); x.AsCall().FunctionName() == "_[_]" && len(args) == 2 {
			if t := r.infer(args[0], loop); t != nil && t.Kind() == types.ListKind {
				return t.Parameters()[0]
			}
		}
	case celast.ComprehensionKind:
		c := x.AsComprehension() // filter() keeps the type of what it filters
		if c.AccuInit().Kind() == celast.ListKind {
			return r.infer(c.IterRange(), loop)
		}
	}
	return nil
}
