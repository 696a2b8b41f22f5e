package expression

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"unicode"

	"github.com/google/cel-go/cel"
	celast "github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"

	"muster/internal/config"
	"muster/rules/vocabulary"
)

// reporter turns what CEL says about an expression into problems of the YAML file, in the words of those who write rules.
type reporter struct {
	env  *vocabulary.Environment
	node config.Node
	text string
	ast  *celast.AST // parsed, perhaps not checked
}

// Problems is everything that was reported on several documents, as one error, or nil.
func Problems(docs []*config.Document) error {
	var all config.Problems
	for _, doc := range docs {
		var ps config.Problems
		if errors.As(doc.Err(), &ps) {
			all = append(all, ps...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// span is a place in the expression: offset and length in runes.
type span struct{ at, runes int }

func (r *reporter) report(s span, hint, format string, args ...any) {
	line, col := 1, 1
	for i, c := range []rune(r.text) {
		if i == s.at {
			break
		}
		if col++; c == '\n' {
			line, col = line+1, 1
		}
	}
	at := r.node.PositionIn(line, col)
	at.Len = max(s.runes, 1)
	r.node.ProblemAt(at, hint, format, args...)
}

// offset is the rune offset of a CEL error.
func (r *reporter) offset(e *cel.Error) int {
	off, line := 0, 1
	for _, c := range r.text {
		if line == e.Location.Line() {
			break
		}
		off++
		if c == '\n' {
			line++
		}
	}
	return off + max(e.Location.Column(), 0)
}

// wordAt finds a word at or after an offset; without it the span is the one character.
func (r *reporter) wordAt(off int, word string) span {
	runes := []rune(r.text)
	want := []rune(word)
	for i := max(off, 0); i+len(want) <= len(runes); i++ {
		if string(runes[i:i+len(want)]) != word {
			continue
		}
		before := i == 0 || !identRune(runes[i-1])
		after := i+len(want) == len(runes) || !identRune(runes[i+len(want)])
		if before && after {
			return span{i, len(want)}
		}
	}
	return span{off, 1}
}

func identRune(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c) }

func (r *reporter) syntax(errs []*cel.Error) {
	seen := map[int]bool{}
	for _, e := range errs {
		off := r.offset(e)
		msg := strings.TrimPrefix(e.Message, "Syntax error: ")
		msg, _, _ = strings.Cut(msg, " expecting {")
		msg, _, _ = strings.Cut(msg, " expecting '")
		msg = strings.ReplaceAll(msg, "'<EOF>'", "the end of the expression")
		if m := badToken.FindStringSubmatch(msg); m != nil {
			msg = "unexpected '" + strings.TrimSpace(m[1]) + "'"
		}
		if seen[e.Location.Line()] {
			continue // one broken token drags others of its line along
		}
		seen[e.Location.Line()] = true
		r.report(span{off, 1}, "check quotes, brackets and operators: == for equal, && for and, || for or, ! for not", "this is not CEL: %s", msg)
	}
}

var (
	undefinedField = regexp.MustCompile(`^undefined field '(.*)'$`)
	undeclared     = regexp.MustCompile(`^undeclared reference to '(.*)' \(in container '.*'\)$`)
	noOverload     = regexp.MustCompile(`(?s)^found no matching overload for '(.*)' applied to '(.*)'$`)
	noSelection    = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	badToken       = regexp.MustCompile(`(?s)^token recognition error at: '(.*)'$`)
	mismatch       = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'$`)
	notARange      = regexp.MustCompile(`^expression of type '(.*)' cannot be range`)
)

func (r *reporter) semantic(e *cel.Error) {
	off := r.offset(e)
	if m := undefinedField.FindStringSubmatch(e.Message); m != nil {
		r.undefined(e.ExprID, off, m[1])
		return
	}
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		r.unknownName(e.ExprID, off, m[1])
		return
	}
	if m := noOverload.FindStringSubmatch(e.Message); m != nil {
		r.overload(off, m[1], m[2])
		return
	}
	if m := noSelection.FindStringSubmatch(e.Message); m != nil {
		r.report(span{off, 1}, "only objects and maps have fields", "%s has no fields", plainType(m[1]))
		return
	}
	if m := notARange.FindStringSubmatch(e.Message); m != nil {
		r.report(span{off, 1}, "use a list, such as person.accounts", "cannot loop over %s", plainType(m[1]))
		return
	}
	if m := mismatch.FindStringSubmatch(e.Message); m != nil {
		r.report(r.whole(e.ExprID, off), "compare it with something, or test it with has()", "expected %s, found %s", plainType(m[1]), plainType(m[2]))
		return
	}
	if strings.HasPrefix(e.Message, "invalid ") && strings.HasSuffix(e.Message, " argument") {
		r.report(r.whole(e.ExprID, off), "regular expressions are RE2's, durations \"24h\", times \"2026-11-22T01:00:00Z\"",
			"the %s cannot be read", strings.Replace(strings.TrimPrefix(e.Message, "invalid "), "matches argument", "regular expression", 1))
		return
	}
	msg, _, _ := strings.Cut(e.Message, "\n")
	r.report(span{off, 1}, "see: muster rules fields functions", "%s", plainType(msg))
}

// whole is the place of a whole sub-expression on its first line; off is used when it is not known.
func (r *reporter) whole(id int64, off int) span {
	x := findExpr(r.ast.Expr(), id)
	if x == nil {
		return span{off, 1}
	}
	from, to := off, off+1
	walk(x, nil, func(sub celast.Expr, _ map[string]bool) {
		if o, ok := r.ast.SourceInfo().GetOffsetRange(sub.ID()); ok {
			from, to = min(from, int(o.Start)), max(to, int(o.Stop))
			if sub.Kind() == celast.SelectKind {
				name := r.wordAt(int(o.Start), sub.AsSelect().FieldName())
				to = max(to, name.at+name.runes)
			}
		}
	})
	line, _, _ := strings.Cut(string([]rune(r.text)[from:min(to, len([]rune(r.text)))]), "\n")
	return span{from, len([]rune(line))}
}

func (r *reporter) undefined(id int64, off int, field string) {
	place := r.wordAt(off, field)
	t := r.operandType(id)
	if t == nil {
		r.report(place, "see: muster rules fields", "undefined field '%s'", field)
		return
	}
	object, names := r.env.FieldNames(t)
	hint := "see: muster rules fields " + object
	if object == "params" {
		hint = "the rule has no parameters; declare them under params"
		if len(names) > 0 {
			hint = "parameters of the rule: " + strings.Join(names, ", ")
		}
	} else if near := config.Nearest(field, names); near != "" {
		hint = fmt.Sprintf("did you mean '%s'? Fields of %s: muster rules fields %s", near, object, object)
	} else if _, policy := vocabulary.PolicyOf(r.env.Scope); object == "person" && (policy || r.env.Scope == vocabulary.ScopeBundle) {
		hint = map[bool]string{true: "a policy", false: "a bundle"}[policy] + " sees what HR says about a person: " + strings.Join(names, ", ")
	}
	r.report(place, hint, "undefined field '%s' on %s", field, object)
}

func (r *reporter) unknownName(id int64, off int, name string) {
	if found := findExpr(r.ast.Expr(), id); found != nil && found.Kind() == celast.CallKind {
		var known []string
		for fn := range r.env.CEL.Functions() {
			if identRune([]rune(fn)[0]) && !strings.Contains(fn, "_==_") {
				known = append(known, fn)
			}
		}
		sort.Strings(known)
		hint := "see: muster rules fields functions"
		if near := config.Nearest(name, known); near != "" {
			hint = fmt.Sprintf("did you mean '%s'?", near)
		}
		r.report(r.wordAt(max(off-len([]rune(name)), 0), name), hint, "unknown function '%s'", name)
		return
	}
	r.report(r.wordAt(off, name), r.nameHint(name), "unknown name '%s'", name)
}

func (r *reporter) nameHint(name string) string {
	scopes := vocabulary.ScopesOf(name)
	rule, policy := vocabulary.PolicyOf(r.env.Scope)
	near := config.Nearest(name, r.env.Variables())
	switch {
	case len(scopes) > 0 && r.env.Scope == vocabulary.ScopeBundle:
		return "a bundle's condition knows person alone"
	case policy && name == "now":
		return "a policy has no clock: use finding.age, in days"
	case policy && len(scopes) > 0:
		return fmt.Sprintf("'%s' exists in rules of scope %s; one of this policy's has scope %s", name, strings.Join(scopes, ", "), rule)
	case len(scopes) > 0:
		return fmt.Sprintf("'%s' exists in rules of scope %s; this one has scope %s", name, strings.Join(scopes, ", "), r.env.Scope)
	case near != "":
		return fmt.Sprintf("did you mean '%s'?", near)
	}
	return "known here: " + strings.Join(r.env.Variables(), ", ")
}

func (r *reporter) overload(off int, fn, args string) {
	args = plainType(args)
	if op, ok := operators.FindReverse(fn); ok && op != "" {
		hint := "both sides must be of one type"
		if fn == operators.LogicalAnd || fn == operators.LogicalOr || fn == operators.LogicalNot {
			hint = "every part must be true or false: compare it, or test it with has()"
		}
		if fn == operators.In {
			hint = "write: value in list, or \"key\" in map"
		}
		r.report(span{off, len([]rune(op))}, hint, "cannot apply %s to %s", op, args)
		return
	}
	if fn == operators.Conditional || fn == operators.Index {
		r.report(span{off, 1}, "", "cannot apply %s to %s", map[string]string{operators.Conditional: "?:", operators.Index: "[]"}[fn], args)
		return
	}
	hint := ""
	for _, f := range vocabulary.Functions() {
		if f.Name == fn {
			hint = f.Signature + ": " + f.Doc
		}
	}
	r.report(r.wordAt(max(off-len([]rune(fn)), 0), fn), hint, "cannot call %s with %s", fn, args)
}

var typeWord = regexp.MustCompile(`[a-z][a-zA-Z_.]*`)

// plainType says CEL's type names in plain words inside a longer text.
func plainType(s string) string {
	words := map[string]string{"string": "text", "int": "whole number", "bool": "true or false", "double": "decimal number",
		"timestamp": "time", "uint": "unsigned number", "muster.profile": "person",
		"google.protobuf.Timestamp": "time", "google.protobuf.Duration": "duration"}
	return typeWord.ReplaceAllStringFunc(s, func(w string) string {
		if plain, ok := words[w]; ok {
			return plain
		}
		return strings.TrimPrefix(w, "muster.")
	})
}
