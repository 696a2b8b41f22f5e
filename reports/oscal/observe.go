package oscal

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
)

// source is the IPE sheet of one source.
func (b *builder) source(s evidence.SourceFile) observation {
	c := b.systems[s.Name]
	o := observation{UUID: b.id("observation", "source", s.Name), Methods: []string{"EXAMINE"}, Origins: b.origins(), Collected: b.at(time.Time{}),
		Subjects: []subject{{UUID: c.UUID, Type: "component", Title: c.Title}}, Evidence: b.annex("snapshots.csv", "Counts, state and digest of every snapshot.")}
	t := s.Tonight
	if t == nil {
		o.Title, o.Description = c.Title+": not read", "The run has no snapshot of this source."
		return o
	}
	o.Title, o.Collected = c.Title+": "+markup(string(t.State)), b.at(t.FinishedAt)
	o.Description = "The population that the run read from this source, how, and how complete it is."
	if !b.whole() {
		o.Description += " The counts are the whole run's; the pack holds what concerns " + b.held() + "."
	}
	o.Props = props("snapshot", t.ID, "state", string(t.State), "sha256", t.SHA256, "collector", t.Collector, "collector-version", t.Version, "source", t.Source,
		"taken-at", t.TakenAt.UTC().Format(time.RFC3339))
	for _, k := range t.Classes {
		claimed := "unknown"
		if k.Claimed != nil {
			claimed = number(*k.Claimed)
		}
		for _, p := range props("claimed", claimed, "fetched", number(k.Fetched), "parsed", number(k.Parsed), "rejected", number(k.Rejected)) {
			p.Class = token(string(k.Class))
			o.Props = append(o.Props, p)
		}
	}
	for _, q := range t.Queries {
		o.Props = append(o.Props, props("query", q)...)
	}
	if t.State != access.Complete {
		o.Remarks = "Not read whole (" + markup(t.Reason) + "): nothing is concluded from what it lacks."
		if s.Used != nil && s.Used.ID != t.ID {
			o.Remarks += " The run reasons from the snapshot " + markup(s.Used.ID) + " of " + s.Used.TakenAt.UTC().Format(time.RFC3339) + "."
		}
	}
	return o
}

// test is what one rule saw.
func (b *builder) test(r evidence.Rule) observation {
	groups := b.found.of(r.ID)
	t := sum(groups)
	o := observation{UUID: b.id("observation", "rule", r.ID), Title: markup(first(r.Title, r.ID)), Methods: []string{"TEST"}, Types: []string{"control-objective"}, Origins: b.origins(),
		Description: b.asked(r) + fmt.Sprintf(": %s, %d of them new, %d that could not be looked at again; %d resolved, %d covered by an exception.", plural(t.open, "open finding"), t.fresh, t.unverified, t.resolved, t.excepted),
		Props:       props("rule", r.ID, "rule-sha256", r.Digest, "rule-file", r.File, "severity", string(r.Severity), "scope", string(r.Scope), "condition", r.When),
		Evidence:    b.annex("findings.csv", "Every finding, with the facts that it rests on."), Collected: b.at(b.file.Run.FinishedAt)}
	if b.whole() { // how often it was asked of some persons is not known
		o.Props = append(o.Props, props("evaluated", number(r.Evaluated), "errors", number(r.Errors))...)
	} else if len(o.Evidence) > 0 {
		o.Evidence[0].Description = "Every finding of the pack, with the facts that it rests on."
	}
	o.Props = append(o.Props, props("open", number(t.open), "new", number(t.fresh), "reopened", number(t.reopened), "unverified", number(t.unverified), "resolved", number(t.resolved), "excepted", number(t.excepted))...)
	seen := map[string]bool{}
	for _, x := range groups {
		for _, name := range systems(x.system) {
			if c, ok := b.systems[name]; ok && !seen[name] {
				seen[name] = true
				o.Subjects = append(o.Subjects, subject{UUID: c.UUID, Type: "component", Title: c.Title})
			}
		}
	}
	return o
}

// asked says how often a rule was asked, as far as the pack shows it.
func (b *builder) asked(r evidence.Rule) string {
	switch {
	case !b.whole():
		return "The rule found, of " + b.held()
	case r.Evaluated == 0:
		return "The rule: how often it was asked is not known"
	}
	return "The rule was asked " + plural(r.Evaluated, "time")
}

// risksOf makes a risk of the open findings of a rule in one system, and one of those that an exception covers.
func (b *builder) risksOf(r evidence.Rule) []risk {
	var out []risk
	for _, x := range b.found.of(r.ID) {
		where := markup(first(x.system, "no system"))
		base := risk{Title: markup(first(r.Title, r.ID)) + " in " + where, Statement: markup(first(r.Title, r.ID)) + ". The condition and its result are in the related observation.",
			Origins: b.origins(), Related: []relatedObserve{{UUID: b.id("observation", "rule", r.ID)}},
			Chars: []characterised{{Origin: b.origins()[0], Facets: []facet{{Name: "severity", System: ns, Value: first(string(x.severity), "unknown")}}}}}
		for _, name := range systems(x.system) {
			if _, ok := b.systems[name]; ok {
				base.Related = append(base.Related, relatedObserve{UUID: b.id("observation", "source", name)})
			}
		}
		if x.open > 0 {
			k := base
			k.UUID, k.Status = b.id("risk", r.ID, x.system, "open"), "open"
			k.Description = fmt.Sprintf("%s in %s, %d of them new, %d that could not be looked at again.", plural(x.open, "open finding"), where, x.fresh, x.unverified)
			k.Props = props("rule", r.ID, "system", x.system, "open", number(x.open), "new", number(x.fresh), "unverified", number(x.unverified))
			if line(r.Remediation) != "" {
				k.Responses = []response{{UUID: b.id("response", r.ID, x.system), Lifecycle: "recommendation", Title: "What the rule advises", Description: markup(r.Remediation)}}
			}
			out = append(out, k)
		}
		if x.excepted > 0 {
			k := base
			k.UUID, k.Status = b.id("risk", r.ID, x.system, "excepted"), "deviation-approved"
			k.Description = fmt.Sprintf("%s in %s that an accepted exception covers.", plural(x.excepted, "finding"), where)
			k.Props = props("rule", r.ID, "system", x.system, "excepted", number(x.excepted))
			k.Mitigating = b.mitigating(r.ID, x)
			out = append(out, k)
		}
	}
	for _, k := range out {
		b.risks[r.ID] = append(b.risks[r.ID], relatedRisk{UUID: k.UUID})
	}
	return out
}

// mitigating tells the exceptions that cover findings of a group. The people whom a segregation-of-duties mitigation is for are not named.
func (b *builder) mitigating(rule string, x *group) []mitigating {
	known := map[string]evidence.Exception{}
	for _, e := range b.file.Exceptions {
		known[e.ID] = e
	}
	var out []mitigating
	for _, name := range slices.Sorted(maps.Keys(x.exceptions)) {
		m := mitigating{UUID: b.id("mitigating", rule, x.system, name), Props: props("exception", name, "findings", number(x.exceptions[name]))}
		if e, ok := known[name]; ok {
			m.Description = "Accepted: " + markup(e.Reason) + " Compensating control: " + markup(e.Control)
			m.Props = append(m.Props, props("owner", e.Owner, "approver", e.Approver, "state", e.State)...)
			if !e.Expires.IsZero() {
				m.Props = append(m.Props, props("expires", e.Expires.UTC().Format(time.RFC3339))...)
			}
		} else {
			m.Description = "Accepted by a mitigation of the segregation-of-duties matrix; evidence.json has its reason, control, owner and approver."
		}
		out = append(out, m)
	}
	return out
}

// findingsOf says of every control that a rule names whether its objective is satisfied, as far as this rule can tell.
func (b *builder) findingsOf(r evidence.Rule) []finding {
	t := sum(b.found.of(r.ID))
	var out []finding
	for _, name := range names([]evidence.Rule{r}) {
		c := b.controls[name]
		kind, at := c.target()
		f := finding{UUID: b.id("finding", r.ID, name), Title: markup(first(r.Title, r.ID)) + ": " + markup(name), Origins: b.origins(), Risks: b.risks[r.ID],
			Description: "What the rule says about this control. It is one test of it, not the whole of it.",
			Props:       props("rule", r.ID, "framework", c.framework, "control", name, "open", number(t.open), "excepted", number(t.excepted)),
			Target:      target{Type: kind, ID: at, Title: markup(name), Status: b.status(r, t)},
			Related:     []relatedObserve{{UUID: b.id("observation", "rule", r.ID)}}}
		if c.says != "" {
			f.Target.Description = markup(c.says)
		}
		for _, s := range b.file.Sources {
			if !s.Tonight.Snapshot(s.Name).Whole() {
				f.Related = append(f.Related, relatedObserve{UUID: b.id("observation", "source", s.Name)})
			}
		}
		out = append(out, f)
	}
	return out
}

// status concludes nothing from what was not looked at, and nothing from what some persons have.
func (b *builder) status(r evidence.Rule, t group) state {
	if !b.whole() {
		return state{State: "not-satisfied", Reason: "other", Remarks: "Nothing is concluded: this pack holds " + b.held() + ". It has " + plural(t.open, "open finding") + " of the rule."}
	}
	if t.open > 0 {
		return state{State: "not-satisfied", Reason: "fail", Remarks: plural(t.open, "open finding") + "."}
	}
	unsure := func(why string) state {
		return state{State: "not-satisfied", Reason: "other", Remarks: "No open finding, and yet nothing is concluded: " + why}
	}
	for _, s := range b.file.Sources {
		if !s.Tonight.Snapshot(s.Name).Whole() {
			return unsure("a source could not be read whole.")
		}
	}
	switch {
	case b.file.Run.Incomplete:
		return unsure("the run is incomplete.")
	case r.Errors > 0:
		return unsure("the rule could not be answered " + plural(r.Errors, "time") + ".")
	case r.Evaluated == 0:
		return unsure("the rule was not asked, or how often is not known.")
	}
	out := state{State: "satisfied", Reason: "pass"}
	if t.excepted > 0 {
		out.Remarks = plural(t.excepted, "finding") + " covered by accepted exceptions; see the related risks."
	}
	return out
}
