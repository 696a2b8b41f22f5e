package rules

import (
	"sort"

	"muster/internal/access"
	"muster/rules/expression"
	"muster/rules/vocabulary"
)

// place says what a rule looks at: the identity of a finding there.
type place struct{ system, subject, subjectID, detail string }

func (p place) label() string {
	text := p.system + "/" + p.subject
	if p.detail != "" {
		text += " " + p.detail
	}
	return text
}

// place derives the identity from what is in view. The rule's own system and detail expressions come on top.
func (e *Evaluator) place(r *Rule) place {
	v := e.scene.View()
	switch {
	case r.Scope == access.ScopeSystem && v.System != nil:
		return place{v.System.Name, v.System.Name, v.System.Name, ""}
	case r.Scope == access.ScopeGrant && v.Grant != nil && v.Account == nil && v.Person != nil && v.Person.Person != nil:
		id := v.Person.Person.ID
		return place{v.Grant.System, id, id, v.Grant.Entitlement.Name}
	case r.Scope == access.ScopeGrant && v.Grant != nil && v.Account != nil:
		return place{v.Account.System, v.Account.Name, v.Account.ID, v.Grant.Entitlement.Name}
	case r.Scope == access.ScopeAccount && v.Account != nil:
		return place{v.Account.System, v.Account.Name, v.Account.ID, ""}
	case v.Person != nil && v.Person.Person != nil:
		hr := "hr"
		if sf := e.scene.HR(); sf != nil {
			hr = sf.Name
		}
		return place{hr, v.Person.Person.ID, v.Person.Person.ID, ""}
	}
	return place{}
}

// hit makes the finding of a condition that holds. What else fails is counted and falls back, so that the finding stands.
func (e *Evaluator) hit(a *asked, item expression.Value) Hit {
	r := a.rule
	at := e.place(r)
	text := func(part string, x *expression.Expression, fallback string) string {
		if x == nil {
			return fallback
		}
		s, err := x.String(e.scene)
		if err != nil || s == "" {
			if err != nil {
				e.failed(a, part, err)
			}
			return fallback
		}
		return s
	}
	identity := at.system
	at.detail = text("detail", r.prog.detail, at.detail)
	at.system = text("system", r.prog.system, at.system)
	if r.prog.detail == nil {
		identity = at.system // else the detail tells findings of one subject apart, and the systems that contribute may change meanwhile
	}
	severity := access.Severity(text("severity_expr", r.prog.severity, string(r.Severity)))
	if severity.Rank() < 0 {
		severity = r.Severity
	}
	f := access.Finding{Rule: r.ID, Scope: r.Scope, Severity: severity, System: at.system, Subject: at.subject, SubjectID: at.subjectID,
		Detail: at.detail, Message: text("message", r.prog.message, r.Title), Hint: r.Remediation, Controls: r.Controls}
	f.Fingerprint = access.Fingerprint(f.Rule, f.Scope, identity, f.SubjectID, f.Detail)
	f.ID = access.ShortID(f.Fingerprint)
	if v := e.scene.View(); v.Person != nil && v.Person.Person != nil {
		f.Person, f.PersonName = v.Person.Person.ID, vocabulary.PersonName(v.Person.Person)
	}
	f.Evidence = e.evidence(a)
	e.accept(&f, item)
	return Hit{Rule: r, Finding: f}
}

// accept looks for a mitigation or an exception that covers the finding, and adds the conflict's controls to the rule's.
func (e *Evaluator) accept(f *access.Finding, item expression.Value) {
	if o, ok := item.(*vocabulary.Object); ok && o.Conflict() != nil {
		c := o.Conflict()
		f.Controls = union(f.Controls, c.Controls)
		if mit, ok := e.env.Matrix.Mitigation(c.ID, f.Person); ok {
			f.Exception = mit.ID
			return
		}
	}
	if e.env.Exceptions != nil {
		f.Exception = e.env.Exceptions.Match(f)
	}
}

func union(a, b []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range append(append([]string(nil), a...), b...) {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	sort.Strings(out)
	return out
}
