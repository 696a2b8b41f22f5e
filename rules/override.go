package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"sort"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/config"
	"muster/rules/vocabulary"
)

type overrideYAML struct {
	Enabled  *bool                  `yaml:"enabled"`
	Severity access.Severity        `yaml:"severity" enum:"info,low,medium,high,critical"`
	Params   map[string]config.Node `yaml:"params"`
}

// override applies rules.set to a rule and reports whether it fixes the severity.
func (l *loader) override(r *Rule) bool {
	n, ok := l.overrides[r.ID]
	if !ok || l.set.byID[r.ID] != nil {
		return false
	}
	var y overrideYAML
	n.Decode(&y)
	if y.Enabled != nil {
		r.Enabled = *y.Enabled
	}
	var known []string
	for name := range r.Params {
		known = append(known, name)
	}
	sort.Strings(known)
	for name, p := range y.Params {
		at := n.Get("params")
		old, ok := r.Params[name]
		if !ok {
			hint := "the rule has no parameters"
			if near := config.Nearest(name, known); near != "" {
				hint = "did you mean \"" + near + "\"?"
			} else if len(known) > 0 {
				hint = "parameters of " + r.ID + ": " + strings.Join(known, ", ")
			}
			at.Key(name).Problem(hint, "rule %s has no parameter %q", r.ID, name)
			continue
		}
		v := paramValue(p)
		if i, isInt := v.(int64); isInt {
			if _, isFloat := old.(float64); isFloat {
				v = float64(i)
			}
		}
		if typeWord(v) != typeWord(old) {
			at.Get(name).Problem("the rule's own value is "+show(old), "expected %s, found %s", typeWord(old), typeWord(v))
			continue
		}
		r.Params[name] = v
	}
	if y.Severity.Rank() < 0 {
		return false
	}
	r.Severity = y.Severity
	return true
}

func (l *loader) unknownOverrides() {
	var known []string
	for _, r := range l.set.all {
		known = append(known, r.ID)
	}
	sort.Strings(known)
	for id, n := range l.overrides {
		if l.set.byID[id] != nil {
			continue
		}
		hint := "see: muster rules list"
		if near := config.Nearest(id, known); near != "" {
			hint = "did you mean \"" + near + "\"? See: muster rules list"
		}
		n.Problem(hint, "there is no rule %q", id)
	}
}

// paramValue reads a parameter: a whole number, a decimal number, true or false, text, or a list of text.
func paramValue(n config.Node) any {
	if n.Len() > 0 {
		var list []string
		n.Decode(&list)
		return list
	}
	var text string
	n.Decode(&text)
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return f
	}
	switch text {
	case "true":
		return true
	case "false":
		return false
	}
	return text
}

func typeWord(v any) string {
	switch v.(type) {
	case int64:
		return "a whole number"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case []string:
		return "a list"
	}
	return "text"
}

func show(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

// ruleDigest hashes what a rule means, so that two runs can tell whether they applied the same one. Title, description and place
// are part of it: they appear in the evidence.
func ruleDigest(r *Rule) string {
	vars := make([][2]string, len(r.variables))
	for i, v := range r.variables {
		vars[i] = [2]string{v.name, v.text}
	}
	data, err := json.Marshal(map[string]any{ // keys of a map are marshalled in order
		"id": r.ID, "title": r.Title, "description": r.Description, "scope": r.Scope, "severity": r.Severity,
		"severity_expr": r.severityExpr, "when": r.When, "each": r.Each, "as": r.As, "detail": r.detailExpr, "system": r.systemExpr,
		"message": r.Message, "controls": r.Controls, "remediation": r.Remediation, "absence": r.Absence, "params": r.Params,
		"enabled": r.Enabled, "variables": vars,
	})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func setDigest(all []*Rule) string {
	h := sha256.New()
	for _, r := range all {
		h.Write([]byte(r.ID + "\x00" + r.Digest + "\n"))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// FieldDoc documents one field of an object that rules see.
type FieldDoc struct {
	Name     string `json:"name"`
	Type     string `json:"type"`
	Optional bool   `json:"optional"` // test it with has() before reading it
	Doc      string `json:"doc"`
}

// FieldsDoc lists the fields of person, account, grant, entitlement, system, snapshot, sod, conflict or finding in the order
// of their table, and of "functions" the functions. False means that there is no such object.
func FieldsDoc(object string) ([]FieldDoc, bool) {
	var out []FieldDoc
	if object == "functions" {
		for _, f := range vocabulary.Functions() {
			out = append(out, FieldDoc{Name: f.Name, Type: f.Signature, Doc: f.Doc})
		}
		return out, true
	}
	fields, ok := vocabulary.Fields(object)
	for _, f := range fields {
		out = append(out, FieldDoc{Name: f.Name, Type: vocabulary.TypeName(f.Type), Optional: f.Optional, Doc: f.Doc})
	}
	return out, ok
}

// Objects lists what FieldsDoc knows.
func Objects() []string { return append(vocabulary.Objects(), "functions") }
