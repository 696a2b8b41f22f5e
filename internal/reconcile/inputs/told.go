package inputs

import (
	"muster/reports/evidence"
	"muster/rules"
	"muster/rules/sod"
)

// Rules tells the enabled rules as a run applied them.
func Rules(set *rules.Set, stats rules.Stats) []evidence.Rule {
	var out []evidence.Rule
	for _, r := range set.Rules() {
		out = append(out, evidence.Rule{ID: r.ID, Title: r.Title, Severity: r.Severity, Scope: r.Scope, When: r.When, Controls: r.Controls, Digest: r.Digest,
			File: r.File, Remediation: r.Remediation, Evaluated: stats[r.ID].Evaluated, Errors: stats[r.ID].Errors})
	}
	return out
}

// Controls says in our words what the controls ask that rules name.
func Controls(list []evidence.Rule) []evidence.Control {
	named := map[string]bool{}
	for _, r := range list {
		for _, id := range r.Controls {
			named[id] = true
		}
	}
	var out []evidence.Control
	for _, c := range rules.Controls() {
		if named[c.ID] {
			out = append(out, evidence.Control{ID: c.ID, Says: c.Says})
		}
	}
	return out
}

// Bundles sums up the bundles.
func Bundles(b *rules.Bundles) []evidence.Bundle {
	var out []evidence.Bundle
	for _, b := range b.All() {
		out = append(out, evidence.Bundle{Name: b.Name, Title: b.Title, When: b.When, LeadDays: b.LeadDays, Entitlements: len(b.Entitlements)})
	}
	return out
}

// Exceptions tells the accepted risks of the configuration; of none, nothing.
func Exceptions(list *rules.Exceptions) []evidence.Exception {
	if list == nil {
		return nil
	}
	var out []evidence.Exception
	for _, x := range list.All() {
		out = append(out, evidence.Exception{ID: x.ID, Rule: x.Rule, System: x.System, Subject: x.Subject, Detail: x.Detail, Owner: x.Owner,
			Approver: x.Approver, Reason: x.Reason, Control: x.CompensatingControl, Expires: x.Expires, State: validity(x.Expired)})
	}
	return out
}

// Mitigations tells the accepted conflicts of duties; names are by worker id.
func Mitigations(m *sod.Matrix, names map[string]string) []evidence.Mitigation {
	if m == nil {
		return nil
	}
	var out []evidence.Mitigation
	for _, m := range m.Mitigations() {
		out = append(out, evidence.Mitigation{Conflict: m.Conflict, Person: m.Person, PersonName: names[m.Person], Owner: m.Owner,
			Approver: m.Approver, Reason: m.Reason, Control: m.Control, Expires: m.Expires, State: validity(m.Expired)})
	}
	return out
}

func validity(expired bool) string {
	if expired {
		return "expired"
	}
	return "valid"
}
