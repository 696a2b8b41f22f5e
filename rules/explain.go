package rules

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/access"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// Selector names what Explain looks at: nothing for a person rule, an account, or an account's grant. An Entitlement without
// AccountID is a grant that is missing in System.
type Selector struct{ System, AccountID, Entitlement string }

// Explanation is a rule's condition on one subject with the value of every part.
type Explanation struct {
	Rule    string `json:"rule"`
	Subject string `json:"subject"` // system/name, the detail behind it
	Holds   bool   `json:"holds"`
	Error   string `json:"error,omitempty"` // why the condition cannot be decided
	Root    Step   `json:"condition"`
}

// Step is one part of a condition.
type Step struct {
	Join   string `json:"join,omitempty"` // "all of", "any of", "not"; empty for a leaf
	Expr   string `json:"expr"`
	Result string `json:"result"`           // true, false, or why it could not be told
	Value  string `json:"value,omitempty"`  // of a leaf: what it looked at
	Source string `json:"source,omitempty"` // of a leaf: where that came from
	Steps  []Step `json:"steps,omitempty"`
}

// Explain evaluates one rule, enabled or not, with everything shown; a rule with each gives one explanation per item.
func (e *Evaluator) Explain(ruleID string, f *access.PersonFacts, at Selector) ([]Explanation, error) {
	a := e.byID[ruleID]
	if a == nil {
		return nil, &access.Error{Op: "explain rule", Kind: access.NotFound, Hint: "see: muster rules list", Err: fmt.Errorf("there is no rule %q", ruleID)}
	}
	if err := e.view(a.rule, f, at); err != nil {
		return nil, &access.Error{Op: "explain rule", Kind: access.NotFound, Err: err}
	}
	e.use(a)
	if a.rule.prog.each == nil {
		return []Explanation{e.explain(a)}, nil
	}
	items, err := a.rule.prog.each.Items(e.scene)
	if err != nil {
		return nil, fmt.Errorf("explain rule %s: each: %w", ruleID, err)
	}
	defer e.scene.Bind("", nil)
	var out []Explanation
	for _, item := range items {
		e.scene.Bind(a.rule.As, item)
		out = append(out, e.explain(a))
	}
	return out, nil
}

// ExplainSystem is Explain for a system rule.
func (e *Evaluator) ExplainSystem(ruleID string, sf *access.SystemFacts) ([]Explanation, error) {
	e.scene.SetPerson(nil)
	e.scene.SetSystem(sf)
	return e.Explain(ruleID, nil, Selector{System: sf.Name})
}

// view puts on stage what the selector names.
func (e *Evaluator) view(r *Rule, f *access.PersonFacts, at Selector) error {
	if r.Scope == access.ScopeSystem {
		return nil
	}
	e.fill(f)
	e.scene.SetPerson(f)
	if r.Scope == access.ScopePerson {
		return nil
	}
	if r.Scope == access.ScopeGrant && at.AccountID == "" {
		for i := range f.Missing {
			if f.Missing[i].System == at.System && f.Missing[i].Entitlement.Name == at.Entitlement {
				e.scene.SetMissing(&f.Missing[i])
				return nil
			}
		}
		return fmt.Errorf("%s/%s is not missing", at.System, at.Entitlement)
	}
	for _, acc := range f.Accounts {
		if acc.System != at.System || acc.ID != at.AccountID {
			continue
		}
		e.scene.SetAccount(acc)
		if r.Scope == access.ScopeAccount {
			return nil
		}
		for i := range acc.Grants {
			if acc.Grants[i].Entitlement.Name == at.Entitlement {
				e.scene.SetGrant(&acc.Grants[i])
				return nil
			}
		}
		return fmt.Errorf("account %s/%s does not hold %s", at.System, at.AccountID, at.Entitlement)
	}
	return fmt.Errorf("no account %s/%s among the facts", at.System, at.AccountID)
}

func (e *Evaluator) explain(a *asked) Explanation {
	a.forget()
	where := e.place(a.rule)
	if a.rule.prog.detail != nil {
		if d, err := a.rule.prog.detail.String(e.scene); err == nil {
			where.detail = d
		}
	}
	if a.rule.prog.system != nil {
		if sys, err := a.rule.prog.system.String(e.scene); err == nil && sys != "" {
			where.system = sys
		}
	}
	x := Explanation{Rule: a.rule.ID, Subject: where.label()}
	part, err := a.rule.prog.when.Explain(e.scene)
	if err != nil {
		x.Error = err.Error()
	}
	x.Root = e.step(a, part)
	x.Holds = part.Holds()
	return x
}

func (e *Evaluator) step(a *asked, p expression.Part) Step {
	s := Step{Join: string(p.Join), Expr: p.Text, Result: vocabulary.Format(p.Value)}
	if p.Join == expression.Leaf {
		s.Value, s.Source = e.seen(a, p)
		for _, f := range p.Facts {
			if x := a.variable(f.Root); x != nil {
				if sub, err := x.Explain(e.scene); err == nil {
					inner := e.step(a, sub)
					inner.Expr = f.Root + " = " + inner.Expr
					s.Steps = append(s.Steps, inner)
				}
			}
		}
		return s
	}
	for _, sub := range p.Parts {
		s.Steps = append(s.Steps, e.step(a, sub))
	}
	return s
}

// Text draws the explanation as a tree, one part a line: expression, result, what it looked at and where that came from.
func (x Explanation) Text() string {
	var b strings.Builder
	verdict := fmt.Sprintf("is %v for", x.Holds)
	if x.Error != "" {
		verdict = "cannot be decided (" + x.Error + ") for"
	}
	fmt.Fprintf(&b, "%s %s %s\n", x.Rule, verdict, visible(x.Subject))
	rows := x.Root.rows("", nil, x.Root.Join != string(expression.All))
	width, second := 0, 0
	for _, r := range rows {
		width = max(width, min(utf8.RuneCountInString(r.tree), 32))
		second = max(second, min(utf8.RuneCountInString(r.value), 5))
	}
	for _, r := range rows {
		below := []string{}
		if result, facts, long := strings.Cut(r.value, "  ("); long && utf8.RuneCountInString(r.tree)+utf8.RuneCountInString(r.value)+3 > columns {
			r.value, below = result, append(below, strings.TrimSuffix(facts, ")"))
		}
		line := strings.TrimRight(fmt.Sprintf(" %s%s  %s", r.tree, pad(r.tree, width), r.value), " ")
		full := line + pad(r.value, second) + "  " + r.source
		if len(below) == 0 && (r.source == "" || utf8.RuneCountInString(full) <= columns) {
			b.WriteString(strings.TrimRight(full, " ") + "\n")
			continue
		}
		b.WriteString(line + "\n")
		for _, text := range append(below, r.source) {
			for _, part := range wrap(text, columns-utf8.RuneCountInString(r.below)-4) {
				b.WriteString(" " + r.below + "   " + part + "\n")
			}
		}
	}
	return b.String()
}

// visible shows what would act on a terminal as U+FFFD: a subject's name comes from the source.
func visible(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// columns is the width of a terminal that a tree should fit in; a source that does not goes to lines of its own.
const columns = 80

// wrap breaks text at spaces into lines of at most width runes; a longer word stays whole.
func wrap(text string, width int) []string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && utf8.RuneCountInString(lines[n-1])+1+utf8.RuneCountInString(word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return lines
}

type row struct{ tree, value, source, below string }

// rows lays the tree out. The outermost "all of" is not drawn: its parts are the list that people read.
func (s Step) rows(indent string, out []row, draw bool) []row {
	if draw {
		out = s.line(indent+"└─ ", indent+"   ", out)
		return out
	}
	for i, sub := range s.Steps {
		if i == len(s.Steps)-1 {
			out = sub.line(indent+"└─ ", indent+"   ", out)
		} else {
			out = sub.line(indent+"├─ ", indent+"│  ", out)
		}
	}
	return out
}

func (s Step) line(head, below string, out []row) []row {
	value, text := s.Result, s.Expr
	if s.Join != "" && s.Join != string(expression.Not) {
		text = s.Join
	}
	if s.Value != "" && s.Value != s.Result && !s.evident() {
		value += "  (" + s.Value + ")"
	}
	out = append(out, row{head + text, value, s.Source, below})
	steps := s.Steps
	if s.Join == string(expression.Not) && len(steps) == 1 && steps[0].Join == "" && len(steps[0].Steps) == 0 {
		out[len(out)-1].source = steps[0].Source
		return out
	}
	return Step{Steps: steps}.rows(below, out, false)
}

// evident reports whether the value says no more than the expression and its result: x == "a" is true, (x = a).
func (s Step) evident() bool {
	left, right, equal := strings.Cut(s.Expr, " == ")
	return equal && s.Result == "true" && s.Value == left+" = "+strings.Trim(right, `"`)
}

func pad(s string, width int) string {
	return strings.Repeat(" ", max(width-utf8.RuneCountInString(s), 0))
}
