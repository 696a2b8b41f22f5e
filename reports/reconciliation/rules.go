package reconciliation

import (
	"slices"
	"strings"

	"muster/reports/evidence"
	"muster/reports/pdf"
)

// rulesAndControls maps rules to controls and fixes the versions that were applied.
func (w *writer) rulesAndControls() {
	d := w.d
	d.Chapter("Rules and controls")
	d.Para("Each rule below was applied to every record in its scope. The digests are those of the rules' effective definitions; the digest over all of them, " +
		"and that of the configuration, are on the ledger.")
	d.Pairs(40, pdf.Pair{Label: "All rules, SHA-256", Value: dash(w.ev.Run.RulesDigest), Mono: true},
		pdf.Pair{Label: "Configuration, SHA-256", Value: dash(w.ev.Run.ConfigDigest), Mono: true})
	open, errors := map[string]int{}, false
	for _, g := range w.groups {
		open[g.Rule] += g.Totals.Open
	}
	controls := pdf.Table{Columns: []pdf.Column{{Title: "Rule", Share: 42}, {Title: "Controls that it gives evidence for", Share: 52}, {Title: "Asked", Share: 14, Align: 'R'},
		{Title: "Open", Share: 10, Align: 'R'}, {Title: "Tested", Share: 10, Align: 'C'}}}
	versions := pdf.Table{Columns: []pdf.Column{{Title: "Rule", Share: 32}, {Title: "Severity", Share: 11}, {Title: "Scope", Share: 11}, {Title: "From", Share: 22},
		{Title: "SHA-256 of the definition", Share: 44, Whole: true}}}
	conditions := pdf.Table{Columns: []pdf.Column{{Title: "Rule", Share: 30}, {Title: "Condition (CEL)", Share: 90}}}
	for _, r := range w.ev.Rules {
		controls.Rows = append(controls.Rows, []pdf.Cell{{Text: r.Title, More: []string{r.ID}}, {Text: dash(strings.Join(r.Controls, ", "))},
			{Text: zero(r.Evaluated)}, {Text: zero(open[r.ID]), Font: pdf.Bold}, {Tick: true}})
		severity := severityCell(r.Severity)
		versions.Rows = append(versions.Rows, []pdf.Cell{{Text: r.ID}, severity, {Text: string(r.Scope)}, {Text: dash(r.File)}, {Text: dash(r.Digest), Font: pdf.Mono}})
		conditions.Rows = append(conditions.Rows, []pdf.Cell{{Text: r.ID}, code(r.When)})
		errors = errors || r.Errors > 0
	}
	if len(w.ev.Rules) == 0 {
		d.Callout("No rule was enabled", "Nothing was tested by this run.")
		return
	}
	d.Section(2, "Control map", 30)
	d.Table(controls)
	if errors {
		w.ruleErrors()
	}
	w.controls(open)
	d.Section(2, "Rule versions", 30)
	d.Table(versions)
	d.Section(2, "Conditions", 30)
	d.Table(conditions)
	w.bundles()
}

// controls turns the map round: what each control asks, which rules test it, and what they found.
func (w *writer) controls(open map[string]int) {
	if len(w.ev.Controls) == 0 {
		return
	}
	t := pdf.Table{Columns: []pdf.Column{{Title: "Control", Share: 26}, {Title: "What it asks, in our words", Share: 56}, {Title: "Tested by", Share: 36}, {Title: "Open", Share: 9, Align: 'R'}}}
	for _, c := range w.ev.Controls {
		var by []string
		found := 0
		for _, r := range w.ev.Rules {
			if slices.Contains(r.Controls, c.ID) {
				by = append(by, r.ID)
				found += open[r.ID]
			}
		}
		t.Rows = append(t.Rows, []pdf.Cell{{Text: c.ID}, {Text: c.Says}, {Text: dash(strings.Join(by, ", "))}, {Text: zero(found), Font: pdf.Bold}})
	}
	w.d.Section(2, "Controls", 30)
	w.d.Table(t)
}

// ruleErrors says which rules could not be answered for somebody: their silence is no clean bill.
func (w *writer) ruleErrors() {
	var lines []string
	for _, r := range w.ev.Rules {
		if r.Errors > 0 {
			lines = append(lines, "• "+r.ID+": "+plural(r.Errors, "record")+" could not be judged; none of its findings is called resolved.")
		}
	}
	w.d.Callout("Some rules could not be answered", lines...)
}

func (w *writer) bundles() {
	if len(w.ev.Bundles) == 0 {
		return
	}
	t := pdf.Table{Columns: []pdf.Column{{Title: "Bundle", Share: 30}, {Title: "Who is due it (CEL)", Share: 62}, {Title: "Opens before start", Share: 16, Align: 'R'},
		{Title: "Entitlements", Share: 16, Align: 'R'}}}
	for _, b := range w.ev.Bundles {
		name := pdf.Cell{Text: b.Name}
		if b.Title != "" && b.Title != b.Name {
			name = pdf.Cell{Text: b.Title, More: []string{b.Name}}
		}
		t.Rows = append(t.Rows, []pdf.Cell{name, code(b.When), {Text: plural(b.LeadDays, "day")}, {Text: number(b.Entitlements)}})
	}
	w.d.Section(2, "Expected access: bundles", 30)
	w.d.Table(t)
}

// overview counts by rule and system, with ages.
func (w *writer) overview() {
	d := w.d
	if w.in.Tally.Totals.All == 0 {
		return
	}
	d.Chapter("Findings by rule and system")
	w.ageChart()
	names := evidence.AgeNames()
	t := pdf.Table{Size: 6.4, Columns: []pdf.Column{{Title: "Rule", Share: 32, Whole: true}, {Title: "System", Share: 18}, {Title: "Severity", Share: 12}, {Title: "Open", Share: 9, Align: 'R'},
		{Title: "New", Share: 8, Align: 'R'}, {Title: "Resolved", Share: 12, Align: 'R'}, {Title: "Excepted", Share: 12, Align: 'R'}, {Title: "Unverified", Share: 13, Align: 'R'}}}
	for _, name := range names {
		t.Columns = append(t.Columns, pdf.Column{Title: name, Share: 10.5, Align: 'R'})
	}
	for _, g := range w.groups {
		row := []pdf.Cell{{Text: g.Rule}, {Text: g.System}, severityCell(g.Severity), {Text: zero(g.Totals.Open), Font: pdf.Bold}, {Text: zero(g.Totals.New)},
			{Text: zero(g.Totals.Resolved)}, {Text: zero(g.Totals.Excepted)}, {Text: zero(g.Totals.Unverified)}}
		for _, n := range g.Ages {
			row = append(row, pdf.Cell{Text: zero(n)})
		}
		t.Rows = append(t.Rows, row)
	}
	d.Section(2, "Counts", 30)
	d.Table(t)
}
