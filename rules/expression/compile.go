package expression

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"muster/internal/config"
	"muster/rules/vocabulary"
)

// Want is the type that an expression must have.
type Want int

// The wants.
const (
	Any Want = iota
	Condition
	Text
	List
)

// Compile checks the expression at n and records every problem there. It returns nil when there is one.
func Compile(env *vocabulary.Environment, n config.Node, want Want) *Expression {
	var text string
	n.Decode(&text)
	if strings.TrimSpace(text) == "" {
		if n.Exists() {
			n.Problem("write a CEL expression", "the expression is empty")
		}
		return nil
	}
	r := &reporter{env: env, node: n, text: text}
	parsed, issues := env.CEL.Parse(text)
	if issues.Err() != nil {
		r.syntax(issues.Errors())
		return nil
	}
	r.ast = parsed.NativeRep()
	checked, issues := env.CEL.Check(parsed)
	if issues.Err() != nil {
		for _, e := range issues.Errors() {
			r.semantic(e)
		}
		return nil
	}
	a := checked.NativeRep()
	if !r.wanted(a, want) || !r.literals(a) || !r.affordable(checked) {
		return nil
	}
	e, err := plan(env, text, a)
	if err != nil {
		n.Problem("", "%v", err)
		return nil
	}
	if e.tracked, err = env.CEL.PlanProgram(a, cel.EvalOptions(cel.OptExhaustiveEval, cel.OptTrackState)); err != nil {
		n.Problem("", "plan expression: %v", err)
		return nil
	}
	return e
}

func (r *reporter) wanted(a *celast.AST, want Want) bool {
	t := a.GetType(a.Expr().ID())
	ok, expected := true, ""
	switch want {
	case Condition:
		ok, expected = t.Kind() == types.BoolKind, "a condition (true or false)"
	case Text:
		ok, expected = t.Kind() == types.StringKind, "text"
	case List:
		ok, expected = t.Kind() == types.ListKind, "a list"
	}
	if ok {
		return true
	}
	hint := map[Want]string{
		Condition: "compare it with something: ==, !=, <, in, or test it with has()",
		Text:      "make text of it with string(...), or plural(n, \"day\") for a count, day(t) for a date",
		List:      "name a list, such as person.accounts",
	}[want]
	r.report(r.whole(a.Expr().ID(), 0), hint, "expected %s, found %s", expected, vocabulary.TypeName(t))
	return false
}

// MaxCost bounds the estimated worst case of an expression, in CEL cost units (roughly one per operation and per ten
// characters compared). One look at every grant of every account of a person fits; comparing all accounts with all does not.
const MaxCost = 1_000_000

func (r *reporter) affordable(checked *cel.Ast) bool {
	est, err := r.env.CEL.EstimateCost(checked, sizes{})
	if err != nil {
		r.report(span{}, "", "cannot estimate the cost: %v", err)
		return false
	}
	if est.Max > MaxCost {
		r.report(r.whole(checked.NativeRep().Expr().ID(), 0), "nest fewer exists(), all() and filter()", "the expression may take %s steps on one subject, more than %d", steps(est.Max), MaxCost)
		return false
	}
	return true
}

func steps(n uint64) string {
	if n > 1_000_000_000_000 {
		return "over a trillion"
	}
	return fmt.Sprint(n)
}
