package frame

import (
	"maps"
	"slices"
	"strings"

	"muster/reports/document"
)

// RulesAndControls maps rules to controls and fixes the versions that were applied.
func (w *Builder) RulesAndControls() {
	w.Chapter("Rules and controls")
	asked, found := "Asked", "Open"
	if !w.whole() {
		asked, found = "Asked, whole run", "Open, this pack"
	}
	w.Para("Each rule below was applied to every record in its scope." + w.partial() + " The digests are those of the rules' effective definitions; the digest over all of them, " +
		"and that of the configuration, are on the ledger.")
	w.Pairs(40, document.Pair{Label: "All rules, SHA-256", Value: Dash(w.Ev.Run.RulesDigest), Mono: true},
		document.Pair{Label: "Configuration, SHA-256", Value: Dash(w.Ev.Run.ConfigDigest), Mono: true})
	open, errors := map[string]int{}, false
	for _, g := range w.Groups {
		open[g.Rule] += g.Totals.Open
	}
	controls := document.Table{Columns: []document.Column{{Title: "Rule", Share: 42}, {Title: "Controls that it gives evidence for", Share: 52}, {Title: asked, Share: 14, Align: 'R'},
		{Title: found, Share: 10, Align: 'R'}, {Title: "Tested", Share: 10, Align: 'C'}}}
	versions := document.Table{Columns: []document.Column{{Title: "Rule", Share: 32}, {Title: "Severity", Share: 11}, {Title: "Scope", Share: 11}, {Title: "From", Share: 22},
		{Title: "SHA-256 of the definition", Share: 44, Whole: true}}}
	conditions := document.Table{Columns: []document.Column{{Title: "Rule", Share: 30}, {Title: "Condition (CEL)", Share: 90}}}
	for _, r := range w.Ev.Rules {
		controls.Rows = append(controls.Rows, []document.Cell{{Text: r.Title, More: []string{r.ID}, Link: RuleID(r.ID)}, {Text: Dash(strings.Join(r.Controls, ", "))},
			{Text: Zero(r.Evaluated)}, {Text: Zero(open[r.ID]), Font: document.Bold}, {Tick: true}})
		severity := SeverityCell(r.Severity)
		versions.Rows = append(versions.Rows, []document.Cell{{Text: r.ID}, severity, {Text: string(r.Scope)}, {Text: Dash(r.File)}, {Text: Dash(r.Digest), Font: document.Fixed}})
		conditions.Rows = append(conditions.Rows, []document.Cell{{Text: r.ID}, Code(r.When)})
		errors = errors || r.Errors > 0
	}
	if len(w.Ev.Rules) == 0 {
		w.Callout("No rule was enabled", "Nothing was tested by this run.")
		return
	}
	w.Section("Control map", 30)
	w.Table("Rules with the controls that they give evidence for", controls)
	if errors {
		w.ruleErrors()
	}
	w.controls(open, found)
	w.Section("Rule versions", 30)
	w.Table("Versions of the rules", versions)
	w.Section("Conditions", 30)
	w.Table("Conditions of the rules", conditions)
	w.bundles()
}

// whole reports whether the pack holds everybody of its run.
func (w *Builder) whole() bool { return len(w.Ev.Scope.Persons) == 0 }

// partial says what counts are of when the pack holds less than its run. What it finds says nothing of a control then.
func (w *Builder) partial() string {
	switch n := len(w.Ev.Scope.Persons); n {
	case 0:
		return ""
	case 1:
		return " This pack holds one person of the run: how often a rule was asked is of the whole run, and what is open is of this person alone. It says nothing of the controls as a whole."
	default:
		return " This pack holds " + Plural(n, "person") + " of the run: how often a rule was asked is of the whole run, and what is open is of these alone. It says nothing of the controls as a whole."
	}
}

// EvidenceFor prints the controls that a report is evidence for: those that some rules name. When nothing can be concluded there are none, and why
// says so.
func (w *Builder) EvidenceFor(why string, rules []string) {
	w.Section("Controls", 40)
	if why != "" {
		w.Para("The report is evidence for no control: " + why + ".")
		return
	}
	by, named := map[string][]string{}, []string{}
	for _, r := range w.Ev.Rules {
		if slices.Contains(rules, r.ID) {
			named = append(named, r.ID)
			for _, c := range r.Controls {
				by[c] = append(by[c], r.ID)
			}
		}
	}
	if len(by) == 0 {
		w.Para("The report is evidence for no control by itself: no rule on what it is about was enabled and names one.")
		return
	}
	says := map[string]string{}
	for _, c := range w.Ev.Controls {
		says[c.ID] = c.Says
	}
	w.Para("The report is evidence for a part of each of the controls that the rules on it name: " + strings.Join(named, ", ") + ".")
	t := document.Table{Columns: []document.Column{{Title: "Control", Share: 30}, {Title: "What it asks, in our words", Share: 70}, {Title: "Named by", Share: 50}}}
	for _, c := range slices.Sorted(maps.Keys(by)) {
		t.Rows = append(t.Rows, document.Row(c, Dash(says[c]), strings.Join(by[c], ", ")))
	}
	w.Table("Controls that the report is evidence for", t)
}

// controls turns the map round: what each control asks, which rules test it, and what they found.
func (w *Builder) controls(open map[string]int, title string) {
	if len(w.Ev.Controls) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Control", Share: 26}, {Title: "What it asks, in our words", Share: 56}, {Title: "Tested by", Share: 36}, {Title: title, Share: 9, Align: 'R'}}}
	for _, c := range w.Ev.Controls {
		var by []string
		found := 0
		for _, r := range w.Ev.Rules {
			if slices.Contains(r.Controls, c.ID) {
				by = append(by, r.ID)
				found += open[r.ID]
			}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: c.ID}, {Text: c.Says}, {Text: Dash(strings.Join(by, ", "))}, {Text: Zero(found), Font: document.Bold}})
	}
	w.Section("Controls", 30)
	w.Table("Controls and the rules that test them", t)
}

// ruleErrors says which rules could not be answered for somebody: their silence is no clean bill.
func (w *Builder) ruleErrors() {
	var lines []string
	of := ""
	if !w.whole() {
		of = " of the whole run"
	}
	for _, r := range w.Ev.Rules {
		if r.Errors > 0 {
			lines = append(lines, "• "+r.ID+": "+Plural(r.Errors, "record")+of+" could not be judged; none of its findings is called resolved.")
		}
	}
	w.Callout("Some rules could not be answered", lines...)
}

func (w *Builder) bundles() {
	if len(w.Ev.Bundles) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Bundle", Share: 30}, {Title: "Who is due it (CEL)", Share: 62}, {Title: "Opens before start", Share: 16, Align: 'R'},
		{Title: "Entitlements", Share: 16, Align: 'R'}}}
	for _, b := range w.Ev.Bundles {
		name := document.Cell{Text: b.Name}
		if b.Title != "" && b.Title != b.Name {
			name = document.Cell{Text: b.Title, More: []string{b.Name}}
		}
		t.Rows = append(t.Rows, []document.Cell{name, Code(b.When), {Text: Plural(b.LeadDays, "day")}, {Text: Number(b.Entitlements)}})
	}
	w.Section("Expected access: bundles", 30)
	w.Table("Bundles", t)
}
