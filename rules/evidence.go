package rules

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// evidence lists the leaves of a condition that carry its truth, each with what it looked at and where that came from.
func (e *Evaluator) evidence(a *asked) []access.Evidence {
	a.forget()
	part, err := a.rule.prog.when.Explain(e.scene)
	if err != nil {
		return nil
	}
	return e.carrying(a, part, true, nil)
}

// carrying collects the leaves below p that make it come to want.
func (e *Evaluator) carrying(a *asked, p expression.Part, want bool, out []access.Evidence) []access.Evidence {
	switch p.Join {
	case expression.Not:
		if sub := p.Parts[0]; sub.Join == expression.Leaf {
			return e.leaf(a, sub, p.Text, out)
		}
		return e.carrying(a, p.Parts[0], !want, out)
	case expression.All, expression.One:
		for _, sub := range p.Parts {
			if sub.Value != nil && sub.Holds() == want {
				out = e.carrying(a, sub, want, out)
			}
		}
		return out
	}
	return e.leaf(a, p, p.Text, out)
}

func (e *Evaluator) leaf(a *asked, p expression.Part, text string, out []access.Evidence) []access.Evidence {
	value, source := e.seen(a, p)
	out = append(out, access.Evidence{Expr: text, Value: value, Source: source})
	for _, f := range p.Facts {
		x := a.variable(f.Root)
		if x == nil {
			continue
		}
		sub, err := x.Explain(e.scene)
		if err == nil && sub.Join != expression.Leaf {
			out = e.carrying(a, sub, sub.Holds(), out)
		} else if err == nil {
			out = e.leaf(a, sub, f.Root+" = "+sub.Text, out)
		}
	}
	return out
}

// variable finds the expression of a rule's own variable.
func (a *asked) variable(name string) *expression.Expression {
	for i, v := range a.rule.variables {
		if v.name == name {
			return a.rule.prog.variables[i]
		}
	}
	return nil
}

// seen says what a leaf looked at and the sources of that.
func (e *Evaluator) seen(a *asked, p expression.Part) (value, source string) {
	var values, sources []string
	for _, f := range p.Facts {
		text := vocabulary.Format(f.Value)
		if f.Error != "" {
			text = "absent"
		}
		if f.Text == p.Text {
			values = append(values, text)
		} else {
			values = append(values, f.Text+" = "+text)
		}
		if s := e.source(a, f); s != "" && !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	if len(values) == 0 {
		values = append(values, vocabulary.Format(p.Value))
	}
	return strings.Join(values, ", "), strings.Join(sources, "; ")
}

// source names where a fact comes from: system, snapshot, row or DN.
func (e *Evaluator) source(a *asked, f expression.Fact) string {
	v := e.scene.View()
	switch f.Root {
	case "now":
		return "clock of the run"
	case "params":
		return "parameter of the rule"
	case "person":
		return e.personSource(v, f.Field)
	case "account":
		if v.Account != nil && strings.HasPrefix(f.Field, "link") {
			return "linking: " + strings.Join(v.Account.Link.Evidence, ", ")
		}
		return accountSource(v)
	case "grant", "entitlement":
		return grantSource(v, f.Field)
	case "system":
		if v.System != nil && strings.HasPrefix(f.Text, "system.snapshot") {
			return snapshotSource(v.System.Name, v.System.Tonight.TakenAt, string(v.System.Tonight.State))
		}
		return "muster.yaml"
	case "sod":
		return "segregation-of-duties matrix"
	}
	if a.variable(f.Root) != nil {
		return "variable of the rule, below"
	}
	if f.Root == a.rule.As && a.rule.prog.each != nil {
		return "each of " + a.rule.Each
	}
	return ""
}

func (e *Evaluator) personSource(v vocabulary.View, field string) string {
	if v.Person == nil || v.Person.Person == nil {
		return ""
	}
	switch field {
	case "accounts", "functions":
		return "accounts linked to the person"
	}
	row := fmt.Sprintf("row %d", v.Person.Person.Row)
	if hr := e.scene.HR(); hr != nil {
		return snapshotSource(hr.Name, hr.Used.TakenAt, row)
	}
	return "hr " + row
}

func accountSource(v vocabulary.View) string {
	if v.Account == nil {
		return ""
	}
	return snapshotSource(v.Account.System, v.Account.SnapshotTakenAt, v.Account.SourceRef)
}

func grantSource(v vocabulary.View, field string) string {
	if v.Grant == nil {
		return ""
	}
	if field == "expected" || field == "bases" {
		if len(v.Grant.Basis) == 0 {
			return "no bundle gives it"
		}
		var names []string
		for _, b := range v.Grant.Basis {
			names = append(names, b.Kind+" "+b.Name)
		}
		return strings.Join(names, ", ")
	}
	if v.Account != nil {
		return accountSource(v)
	}
	if v.System != nil {
		return snapshotSource(v.Grant.System, v.System.Used.TakenAt, "")
	}
	return v.Grant.System
}

func snapshotSource(system string, at time.Time, where string) string {
	text := system
	if !at.IsZero() {
		text += " snapshot " + at.UTC().Format("2006-01-02T15:04Z")
	}
	if where != "" {
		text += ", " + where
	}
	return text
}
