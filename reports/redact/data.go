package redact

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"muster/internal/access"
	"muster/reports/evidence"
)

// Data is a run's data with pseudonyms.
type Data struct {
	From evidence.Data
	With *Redactor
}

// Findings yields the findings in the order of their new names, so that the order tells nothing.
func (d Data) Findings(ctx context.Context, yield func(access.Finding) error) error {
	return d.sorted(ctx, d.From.Findings, yield)
}

// Before yields the earlier findings in the order of their new names.
func (d Data) Before(ctx context.Context, yield func(access.Finding) error) error {
	return d.sorted(ctx, d.From.Before, yield)
}

func (d Data) sorted(ctx context.Context, from func(context.Context, func(access.Finding) error) error, yield func(access.Finding) error) error {
	var all []access.Finding
	err := from(ctx, func(f access.Finding) error {
		all = append(all, d.With.Finding(f))
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(all, access.CompareFindings)
	for _, f := range all {
		if err := yield(f); err != nil {
			return err
		}
	}
	return nil
}

// treatment is what happens to the cells of a column.
type treatment int

const (
	search  treatment = iota // free text
	replace                  // an identifier, whole
	drop                     // left out
	emptied                  // left out, where the column holds JSON
)

// columns are those that are not merely searched, by table.
func columns() map[string]map[string]treatment {
	return map[string]map[string]treatment{
		"persons": {"worker_id": replace, "given_name": drop, "family_name": drop, "display_name": replace, "email": replace, "upn": replace, "username": replace,
			"manager_id": replace, "attributes": emptied},
		"accounts": {"account_id": replace, "name": replace, "display_name": replace, "email": replace, "upn": replace, "employee_id": replace, "owner_ref": replace,
			"attributes": emptied, "source_ref": drop},
		"grants":       {"account_id": replace},
		"links":        {"account_id": replace, "person_id": replace},
		"previous":     {"account_id": replace},
		"rejections":   {"ref": drop, "reason": drop},
		"profiles":     {"values": emptied},
		"entitlements": {"source_ref": drop},
	}
}

// Population yields a table with pseudonyms; its rows stay in the order of the whole table.
func (d Data) Population(ctx context.Context, table string, head, row func([]string) error) error {
	var how []treatment
	return d.From.Population(ctx, table, func(names []string) error {
		for _, n := range names {
			how = append(how, columns()[table][n])
		}
		return head(names)
	}, func(cells []string) error {
		out := make([]string, len(cells))
		for i, c := range cells {
			switch how[i] {
			case search:
				out[i] = d.With.Text(c)
			case replace:
				out[i] = d.With.ID(c)
			case emptied:
				out[i] = "{}"
			}
		}
		return row(out)
	})
}

// Evidence replaces what names people in what a run says of itself.
func (r *Redactor) Evidence(ev evidence.Evidence) evidence.Evidence {
	ev.RanBy = "somebody inside"
	ev.Sources = slices.Clone(ev.Sources)
	for i := range ev.Sources {
		s := &ev.Sources[i]
		s.System.Owner = r.Text(s.System.Owner)
		for _, snap := range []*access.Snapshot{&s.System.Tonight, &s.System.Used, &s.Previous} {
			snap.Rejections = nil
			snap.Coverage.Queries = r.texts(snap.Coverage.Queries)
			snap.Reason, snap.Hint = r.Text(snap.Reason), r.Text(snap.Hint)
		}
	}
	ev.Exceptions = slices.Clone(ev.Exceptions)
	for i := range ev.Exceptions {
		x := &ev.Exceptions[i]
		x.Subject, x.Detail, x.Owner, x.Approver, x.Reason, x.Control = r.ID(x.Subject), r.Text(x.Detail), r.someone(x.Owner), r.someone(x.Approver), r.Text(x.Reason), r.Text(x.Control)
	}
	ev.Mitigations = slices.Clone(ev.Mitigations)
	for i := range ev.Mitigations {
		m := &ev.Mitigations[i]
		m.Person, m.PersonName, m.Owner, m.Approver, m.Reason, m.Control = r.ID(m.Person), r.Text(m.PersonName), r.someone(m.Owner), r.someone(m.Approver), r.Text(m.Reason), r.Text(m.Control)
	}
	ev.Inputs = slices.Clone(ev.Inputs)
	for i := range ev.Inputs {
		ev.Inputs[i].Content = r.Text(ev.Inputs[i].Content)
	}
	return ev
}

// someone replaces whoever answers for something, who may be known by an address alone.
func (r *Redactor) someone(s string) string {
	if t := r.Text(s); t != s || s == "" {
		return t
	}
	return r.pseudonym("person", s)
}

func (r *Redactor) texts(list []string) []string {
	out := slices.Clone(list)
	for i := range out {
		out[i] = r.Text(out[i])
	}
	return out
}

// Value replaces what names people in a value of any shape: its JSON, every text of it.
func (r *Redactor) Value(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode what is redacted: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("decode what is redacted: %w", err)
	}
	return r.walk(tree), nil
}

func (r *Redactor) walk(v any) any {
	switch v := v.(type) {
	case string:
		return r.Text(v)
	case []any:
		for i := range v {
			v[i] = r.walk(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = r.walk(v[k])
		}
	}
	return v
}

// Activity replaces what names people in what was asked, decided and done. Whoever asked or decided is an account of theirs when HR does not list
// them: an operator is nobody's name outside.
func (r *Redactor) Activity(list []evidence.Activity) []evidence.Activity {
	out := slices.Clone(list)
	for i := range out {
		a := &out[i]
		a.By, a.ByName, a.Person, a.Account = r.ID(a.By), r.ID(a.ByName), r.ID(a.Person), r.ID(a.Account)
		a.Entitlement, a.Finding, a.About = r.Text(a.Entitlement), r.Text(a.Finding), r.Text(a.About)
	}
	return out
}
