package sod

import (
	"fmt"
	"slices"
	"strings"

	"muster/reports/document"
	"muster/reports/frame"
)

// accepted prints the mitigations, and the exceptions about the rules of conflicts.
func (w *builder) accepted() {
	w.Part("Accepted conflicts", 60)
	if len(w.m.Mitigations)+len(w.m.Exceptions) == 0 {
		w.Para("No conflict is accepted for anybody.")
		return
	}
	w.Para("A mitigation lets one person have one conflict up to and including its last day, under a control that compensates for it. What has expired covers nothing, and the conflict is open again.")
	t := document.Table{Columns: []document.Column{{Title: "Accepted", Share: 24}, {Title: "Person", Share: 26}, {Title: "Why, and what is done instead", Share: 44}, {Title: "Owner", Share: 16}, {Title: "Approved by", Share: 17},
		{Title: "Until", Share: 18, Whole: true}, {Title: "Has it", Share: 11}}}
	add := func(name, what, person, reason, control, owner, approver, until, state string, held string) {
		last := document.Cell{Text: until, Ink: 20}
		if state != "" {
			last.More, last.Fill, last.Ink, last.Font = []string{state}, 55, 255, document.Bold
		}
		why := document.Cell{Text: frame.Dash(reason)}
		if control != "" {
			why.More = []string{"Instead: " + control}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: what, More: []string{name}}, {Text: person}, why, {Text: frame.Dash(owner)}, {Text: frame.Dash(approver)}, last, {Text: held}})
	}
	for _, x := range w.m.Mitigations {
		state, person, held := "", x.Person, "no"
		if x.Expired {
			state = "expired"
		}
		if x.Name != "" {
			person = x.Name + " (" + x.Person + ")"
		}
		if x.Held {
			held = "yes"
		}
		add("mitigation "+x.ID, x.Conflict, person, x.Reason, x.Control, x.Owner, x.Approver, frame.Date(x.Expires), state, held)
	}
	for _, x := range w.m.Exceptions {
		state := ""
		if x.State != "valid" {
			state = x.State
		}
		add("exception "+x.ID, frame.Dash(x.Detail), x.Subject, x.Reason, x.Control, x.Owner, x.Approver, frame.Date(x.Expires), state, "–")
	}
	w.Table("Mitigations and exceptions", t)
}

func (w *builder) ruleset() {
	m := w.m
	w.Chapter("The ruleset")
	w.Para("Functions are pieces of work, each with the entitlements that let a person do it: any one suffices. Conflicts are functions that nobody may combine. Both are in the file of the matrix, which is in the pack as the run read it.")
	pairs := []document.Pair{{Label: "Matrix", Value: frame.Dash(m.Matrix.File)}, {Label: "SHA-256", Value: frame.Dash(m.Matrix.SHA256), Mono: true}}
	for _, r := range m.Rules {
		state := ""
		if !r.Enabled {
			state = ", switched off"
		}
		pairs = append(pairs, document.Pair{Label: "Rule", Value: r.ID + state + ", from " + frame.Dash(r.File) + ": " + r.When}, document.Pair{Label: "SHA-256", Value: r.SHA256, Mono: true})
	}
	w.Pairs(24, pairs...)
	conflicts := document.Table{Columns: []document.Column{{Title: "Conflict", Share: 40}, {Title: "Functions", Share: 40}, {Title: "Severity", Share: 13}, {Title: "Controls", Share: 34}, {Title: "Agreed", Share: 12, Align: 'C'}}}
	for _, c := range m.Conflicts {
		conflicts.Rows = append(conflicts.Rows, []document.Cell{{Text: c.Title, More: []string{c.ID}}, {Text: strings.Join(c.Functions, ", ")}, frame.SeverityCell(c.Severity), {Text: frame.Dash(strings.Join(c.Controls, ", "))}, {Tick: true}})
	}
	w.Section("Conflicts", 30)
	w.Table("Conflicts of the matrix", conflicts)
	functions := document.Table{Columns: []document.Column{{Title: "Function", Share: 40}, {Title: "Any of these entitlements gives it", Share: 84}, {Title: "Persons", Share: 12, Align: 'R'}}}
	for _, f := range m.Functions {
		name := document.Cell{Text: f.Name}
		if f.Title != "" {
			name = document.Cell{Text: f.Title, More: []string{f.Name}}
		}
		functions.Rows = append(functions.Rows, []document.Cell{name, {Text: strings.Join(f.Entitlements, ", ")}, {Text: frame.Zero(f.Holders)}})
	}
	w.Section("Functions", 30)
	w.Table("Functions of the matrix", functions)
}

func (w *builder) history() {
	w.Part("How the ruleset changed", 60)
	w.Para("Every run keeps the matrix and the rules as it read them; the ledger has the digest of the rules from the beginning of each run. A line is one version, the newest first, with the runs that used it.")
	t := document.Table{Columns: []document.Column{{Title: "From run, UTC", Share: 27}, {Title: "To run, UTC", Share: 27}, {Title: "Runs", Share: 9, Align: 'R'}, {Title: "SHA-256: matrix, rule of conflicts, all rules", Share: 58}, {Title: "Ledger", Share: 16, Align: 'R'}, {Title: "Changed", Share: 34}}}
	for _, v := range w.m.Versions[:min(len(w.m.Versions), mostPrinted)] {
		entry := "#" + frame.Number(v.Entry)
		if !v.OnFile {
			entry = "differs or missing"
		}
		changes := document.Cell{Text: "–"}
		if len(v.Changes) > 0 {
			changes = document.Cell{Text: v.Changes[0], More: v.Changes[1:]}
		} else if v.Run == w.m.Versions[len(w.m.Versions)-1].Run {
			changes.Text = "first run on record"
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: frame.Minute(v.At)}, {Text: frame.Minute(v.LastAt)}, {Text: frame.Number(v.Runs)},
			{Text: short(v.Matrix), More: []string{short(v.Rule), short(v.Rules)}, Font: document.Fixed}, {Text: entry}, changes})
	}
	w.Table("Versions of the ruleset", t)
	w.Note("Digests are shortened to their first 32 characters here; evidence.json has them whole. Runs whose inputs were not kept, because an older version ran them, show no matrix.")
}

func short(digest string) string { return frame.Dash(digest[:min(len(digest), 32)]) }

func (w *builder) coverage() {
	w.Chapter("What is mapped")
	s := w.scope()
	w.Para(fmt.Sprintf("A conflict can only be found through entitlements that the matrix maps to a function. In scope are the systems that the matrix names or that bundles govern: of their %s, %s mapped; of the %s privileged ones, %s. "+
		"Every entitlement is in %s.", frame.Plural(s.All, "entitlement"), frame.Number(s.Mapped)+" "+frame.Of(s.Mapped, "is", "are"), frame.Number(s.Privileged), frame.Number(s.Covered), MappingAnnex))
	t := document.Table{Columns: []document.Column{{Title: "System", Share: 34}, {Title: "In the matrix", Share: 14}, {Title: "Governed", Share: 14}, {Title: "Entitlements", Share: 16, Align: 'R'}, {Title: "Mapped", Share: 12, Align: 'R'},
		{Title: "Privileged", Share: 14, Align: 'R'}, {Title: "Mapped", Share: 12, Align: 'R'}, {Title: "Snapshot, UTC", Share: 25, Whole: true}}}
	for _, x := range w.m.Systems {
		at := "never read whole"
		if x.Snapshot != "" {
			at = frame.Minute(x.At)
		}
		t.Rows = append(t.Rows, document.Row(x.Title, yes(x.Named), yes(x.Governed), frame.Zero(x.All), frame.Zero(x.Mapped), frame.Zero(x.Privileged), frame.Zero(x.Covered), at))
	}
	w.Table("Entitlements by system, and what of them is mapped", t)
	w.Section("Named by the matrix, and in no system", 30)
	named := slices.ContainsFunc(w.m.Functions, func(f Function) bool { return len(f.Entitlements) > 0 })
	switch {
	case !named:
		w.Para("The matrix names no entitlement.")
	case len(w.m.Missing) == 0:
		w.Para("Every entitlement that the matrix names is in a snapshot of its system.")
	default:
		t := document.Table{Columns: []document.Column{{Title: "Entitlement", Share: 50}, {Title: "Functions", Share: 40}, {Title: "In the system", Share: 44}, {Title: "Followed up", Share: 14, Align: 'C'}}}
		for _, n := range w.m.Missing[:min(len(w.m.Missing), mostPrinted)] {
			t.Rows = append(t.Rows, []document.Cell{{Text: n.System + "/" + n.Name}, {Text: strings.Join(n.Functions, ", ")}, {Text: n.State}, {Tick: true}})
		}
		w.Bounded("Entitlements that the matrix names and no snapshot shows", t, mostPrinted, len(w.m.Missing), MappingAnnex)
	}
	w.Section("Privileged, and mapped to no function", 30)
	switch {
	case len(w.m.Bare) > 0:
	case s.Privileged == 0:
		w.Para("No privileged entitlement of the systems in scope was seen.")
		return
	default:
		w.Para("Every privileged entitlement of the systems in scope is mapped.")
		return
	}
	w.Para("Whether each of these gives work that nobody may combine with other work is for the owner of the system to say.")
	bare := document.Table{Columns: []document.Column{{Title: "System", Share: 28}, {Title: "Entitlement", Share: 60}, {Title: "Kind", Share: 20}, {Title: "Looked at", Share: 14, Align: 'C'}}}
	for _, e := range w.m.Bare[:min(len(w.m.Bare), mostPrinted)] {
		bare.Rows = append(bare.Rows, []document.Cell{{Text: e.System}, {Text: e.Name}, {Text: frame.Dash(e.Kind)}, {Tick: true}})
	}
	w.Bounded("Privileged entitlements that are mapped to no function", bare, mostPrinted, len(w.m.Bare), MappingAnnex)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// seeded prints the proof that the rules fire.
func (w *builder) seeded() {
	w.Chapter("Proof that the rules fire")
	w.Para("Persons were made up and put before the very evaluator, rules and matrix of the run. For each conflict: every entitlement of every function once, together with one for each other function, must fire; all functions but one, each left out in turn, " +
		"must not; all functions on disabled accounts must not; a mitigation in force must cover its person and nobody else, and an expired one nobody. What must fire is worked out from the lists of the matrix, without the evaluator. Nobody of " +
		"these exists, and nothing of them was stored.")
	kinds := document.Table{Columns: []document.Column{{Title: "Made up", Share: 34}, {Title: "Must", Share: 56}, {Title: "Tests", Share: 12, Align: 'R'}, {Title: "As expected", Share: 16, Align: 'R'}, {Title: "Otherwise", Share: 14, Align: 'R'}, {Title: "Not testable", Share: 15, Align: 'R'}}}
	for _, k := range SeedKinds() {
		var n, ok, bad, not int
		for _, s := range w.m.Seeds {
			if s.Kind != k {
				continue
			}
			n++
			switch {
			case s.Why != "":
				not++
			case s.OK:
				ok++
			default:
				bad++
			}
		}
		if n > 0 {
			kinds.Rows = append(kinds.Rows, document.Row(string(k), must(k), frame.Number(n), frame.Zero(ok), frame.Zero(bad), frame.Zero(not)))
		}
	}
	w.Table("Seeded tests by kind", kinds)
	if w.m.Totals.Failed > 0 {
		w.Callout("The rules do not do what the matrix says", frame.Plural(w.m.Totals.Failed, "test")+" came out otherwise; the table marks them.")
	}
	w.Section("By conflict", 30)
	t := document.Table{Columns: []document.Column{{Title: "Made up", Share: 24}, {Title: "What", Share: 38}, {Title: "Holds", Share: 44}, {Title: "Expected", Share: 26}, {Title: "Fired", Share: 26}, {Title: "Same", Share: 13}}}
	last := ""
	for _, s := range w.m.Seeds[:min(len(w.m.Seeds), mostPrinted)] {
		if s.Conflict != last {
			last = s.Conflict
			t.Rows = append(t.Rows, []document.Cell{{Text: last, Font: document.Bold}})
		}
		same := document.Cell{Text: "yes", Ink: 20}
		holds := document.Cell{Text: "–"}
		if len(s.Holds) > 0 {
			holds = document.Cell{Text: s.Holds[0], More: s.Holds[1:]}
		}
		switch {
		case s.Why != "":
			same, holds = document.Cell{Text: "not testable"}, document.Cell{Text: s.Why}
		case !s.OK:
			same.Text, same.Fill, same.Ink, same.Font = "no", 55, 255, document.Bold
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: string(s.Kind)}, {Text: s.What}, holds, {Text: nothing(s.Expected)}, {Text: nothing(s.Fired)}, same})
	}
	w.Bounded("Seeded tests", t, mostPrinted, len(w.m.Seeds), SeedsAnnex)
}

func nothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

func must(k SeedKind) string {
	return map[SeedKind]string{Violation: "fire, and be open", Control: "not fire", Disabled: "not fire", Covered: "fire, and be accepted", Lapsed: "fire, and be open", Stranger: "fire, and be open"}[k]
}

func (w *builder) sample() {
	s := frame.Sample{Annex: ConflictsAnnex, What: "conflict", Size: frame.SampleSize}
	by := map[string]Held{}
	for _, h := range w.m.Held {
		s.IDs = append(s.IDs, h.ID)
		by[h.ID] = h
	}
	w.Sample(s, []document.Column{{Title: "Person", Share: 30}, {Title: "Conflict", Share: 30}, {Title: "Systems", Share: 24}, {Title: "Finding", Share: 20}}, func(id string) []document.Cell {
		h := by[id]
		return []document.Cell{{Text: h.Name + " (" + h.Person + ")"}, {Text: h.Conflict}, {Text: strings.Join(h.Systems, ", ")}, {Text: frame.Dash(h.Finding), More: []string{h.State}}}
	})
}

func (w *builder) limits() {
	w.Part("Limits of this evidence", 60)
	w.Add(document.List{Items: []string{
		"Only what the matrix names is judged. The chapter on what is mapped says how much that is.",
		"The seeded tests show that the rules do what the matrix says. Whether the matrix says what the organisation means is for its owner to agree.",
		"A conflict is seen through accounts that are linked with one person. An account that nobody is linked with, a shared one, or one whose owner is in dispute is nobody's, and what it gives is added to nobody.",
		"Whether a conflict was exercised is judged by the last use of accounts, where a system tells it. That an account was used says nothing of what was done with it; the system's own records of transactions are the proof of that.",
		"Since when a grant is there is what the complete snapshots that are kept show. One that the oldest of them shows may have been there before.",
	}})
}
