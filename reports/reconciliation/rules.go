package reconciliation

import (
	"slices"
	"strings"

	"muster/reports/document"
	"muster/reports/evidence"
)

// rulesAndControls maps rules to controls and fixes the versions that were applied.
func (w *builder) rulesAndControls() {
	w.chapter("Rules and controls")
	w.para("Each rule below was applied to every record in its scope. The digests are those of the rules' effective definitions; the digest over all of them, " +
		"and that of the configuration, are on the ledger.")
	w.pairs(40, document.Pair{Label: "All rules, SHA-256", Value: dash(w.ev.Run.RulesDigest), Mono: true},
		document.Pair{Label: "Configuration, SHA-256", Value: dash(w.ev.Run.ConfigDigest), Mono: true})
	open, errors := map[string]int{}, false
	for _, g := range w.groups {
		open[g.Rule] += g.Totals.Open
	}
	controls := document.Table{Columns: []document.Column{{Title: "Rule", Share: 42}, {Title: "Controls that it gives evidence for", Share: 52}, {Title: "Asked", Share: 14, Align: 'R'},
		{Title: "Open", Share: 10, Align: 'R'}, {Title: "Tested", Share: 10, Align: 'C'}}}
	versions := document.Table{Columns: []document.Column{{Title: "Rule", Share: 32}, {Title: "Severity", Share: 11}, {Title: "Scope", Share: 11}, {Title: "From", Share: 22},
		{Title: "SHA-256 of the definition", Share: 44, Whole: true}}}
	conditions := document.Table{Columns: []document.Column{{Title: "Rule", Share: 30}, {Title: "Condition (CEL)", Share: 90}}}
	for _, r := range w.ev.Rules {
		controls.Rows = append(controls.Rows, []document.Cell{{Text: r.Title, More: []string{r.ID}, Link: ruleID(r.ID)}, {Text: dash(strings.Join(r.Controls, ", "))},
			{Text: zero(r.Evaluated)}, {Text: zero(open[r.ID]), Font: document.Bold}, {Tick: true}})
		severity := severityCell(r.Severity)
		versions.Rows = append(versions.Rows, []document.Cell{{Text: r.ID}, severity, {Text: string(r.Scope)}, {Text: dash(r.File)}, {Text: dash(r.Digest), Font: document.Fixed}})
		conditions.Rows = append(conditions.Rows, []document.Cell{{Text: r.ID}, code(r.When)})
		errors = errors || r.Errors > 0
	}
	if len(w.ev.Rules) == 0 {
		w.callout("No rule was enabled", "Nothing was tested by this run.")
		return
	}
	w.section("Control map", 30)
	w.table("Rules with the controls that they give evidence for", controls)
	if errors {
		w.ruleErrors()
	}
	w.controls(open)
	w.section("Rule versions", 30)
	w.table("Versions of the rules", versions)
	w.section("Conditions", 30)
	w.table("Conditions of the rules", conditions)
	w.bundles()
}

// controls turns the map round: what each control asks, which rules test it, and what they found.
func (w *builder) controls(open map[string]int) {
	if len(w.ev.Controls) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Control", Share: 26}, {Title: "What it asks, in our words", Share: 56}, {Title: "Tested by", Share: 36}, {Title: "Open", Share: 9, Align: 'R'}}}
	for _, c := range w.ev.Controls {
		var by []string
		found := 0
		for _, r := range w.ev.Rules {
			if slices.Contains(r.Controls, c.ID) {
				by = append(by, r.ID)
				found += open[r.ID]
			}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: c.ID}, {Text: c.Says}, {Text: dash(strings.Join(by, ", "))}, {Text: zero(found), Font: document.Bold}})
	}
	w.section("Controls", 30)
	w.table("Controls and the rules that test them", t)
}

// ruleErrors says which rules could not be answered for somebody: their silence is no clean bill.
func (w *builder) ruleErrors() {
	var lines []string
	for _, r := range w.ev.Rules {
		if r.Errors > 0 {
			lines = append(lines, "• "+r.ID+": "+plural(r.Errors, "record")+" could not be judged; none of its findings is called resolved.")
		}
	}
	w.callout("Some rules could not be answered", lines...)
}

func (w *builder) bundles() {
	if len(w.ev.Bundles) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Bundle", Share: 30}, {Title: "Who is due it (CEL)", Share: 62}, {Title: "Opens before start", Share: 16, Align: 'R'},
		{Title: "Entitlements", Share: 16, Align: 'R'}}}
	for _, b := range w.ev.Bundles {
		name := document.Cell{Text: b.Name}
		if b.Title != "" && b.Title != b.Name {
			name = document.Cell{Text: b.Title, More: []string{b.Name}}
		}
		t.Rows = append(t.Rows, []document.Cell{name, code(b.When), {Text: plural(b.LeadDays, "day")}, {Text: number(b.Entitlements)}})
	}
	w.section("Expected access: bundles", 30)
	w.table("Bundles", t)
}

// overview counts by rule and system, with ages.
func (w *builder) overview() {
	if w.in.Tally.Totals.All == 0 {
		return
	}
	w.chapter("Findings by rule and system")
	w.ageChart()
	names := evidence.AgeNames()
	t := document.Table{Size: 6.4, Columns: []document.Column{{Title: "Rule", Share: 32, Whole: true}, {Title: "System", Share: 18}, {Title: "Severity", Share: 12}, {Title: "Open", Share: 9, Align: 'R'},
		{Title: "New", Share: 8, Align: 'R'}, {Title: "Resolved", Share: 12, Align: 'R'}, {Title: "Excepted", Share: 12, Align: 'R'}, {Title: "Unverified", Share: 13, Align: 'R'}}}
	for _, name := range names {
		t.Columns = append(t.Columns, document.Column{Title: name, Share: 10.5, Align: 'R'})
	}
	for _, g := range w.groups {
		row := []document.Cell{{Text: g.Rule, Link: ruleID(g.Rule)}, {Text: g.System}, severityCell(g.Severity), {Text: zero(g.Totals.Open), Font: document.Bold}, {Text: zero(g.Totals.New)},
			{Text: zero(g.Totals.Resolved)}, {Text: zero(g.Totals.Excepted)}, {Text: zero(g.Totals.Unverified)}}
		for _, n := range g.Ages {
			row = append(row, document.Cell{Text: zero(n)})
		}
		t.Rows = append(t.Rows, row)
	}
	w.section("Counts", 30)
	w.table("Findings by rule and system", t)
}
