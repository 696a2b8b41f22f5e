package expression

import (
	"fmt"
	"strings"

	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"muster/internal/config"
)

// literals reports texts that a field of few values is compared with and can never be: person.status == "termninated".
func (r *reporter) literals(a *celast.AST) bool {
	ok := true
	walk(a.Expr(), nil, func(x celast.Expr, _ map[string]bool) {
		if x.Kind() != celast.CallKind || len(x.AsCall().Args()) != 2 {
			return
		}
		left, right := x.AsCall().Args()[0], x.AsCall().Args()[1]
		switch x.AsCall().FunctionName() {
		case operators.Equals, operators.NotEquals:
			ok = r.possible(a, left, right) && r.possible(a, right, left) && ok
		case operators.In:
			if right.Kind() == celast.ListKind {
				for _, el := range right.AsList().Elements() {
					ok = r.possible(a, left, el) && ok
				}
			}
		}
	})
	return ok
}

func (r *reporter) possible(a *celast.AST, field, literal celast.Expr) bool {
	if field.Kind() != celast.SelectKind || field.AsSelect().IsTestOnly() || literal.Kind() != celast.LiteralKind {
		return true
	}
	text, isText := literal.AsLiteral().(types.String)
	allowed := r.env.OneOf(a.GetType(field.AsSelect().Operand().ID()), field.AsSelect().FieldName())
	if !isText || len(allowed) == 0 {
		return true
	}
	for _, v := range allowed {
		if v == string(text) {
			return true
		}
	}
	hint := "one of " + strings.Join(allowed, ", ")
	if near := config.Nearest(string(text), allowed); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	place, _ := a.SourceInfo().GetOffsetRange(literal.ID())
	r.report(span{int(place.Start), int(place.Stop - place.Start)}, hint, "%s is never %q", field.AsSelect().FieldName(), string(text))
	return false
}
