package reconciliation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"muster/internal/ledger"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
	"muster/reports/pack"
)

// mostDone bounds the rows of each table about what was done; the annex has all.
const mostDone = 400

// activity prints what was asked, decided and done since the pack of the run before.
func (w *builder) activity() {
	w.Part("What was asked, decided and done", 60)
	done, decided, asked := sorted(w.in.Activity.List)
	if len(w.in.Activity.List) == 0 {
		w.Para("Nothing was asked of Muster, decided or changed by it since the pack of the run before. What is due to be done about the findings follows their policies; this report is of what was there.")
		return
	}
	w.Para(fmt.Sprintf("Entries %s to %s of the ledger, since the pack of the run before: %s, %s, %s. Each entry is in %s and is proven in the folder ledger/later; "+
		"decisions of a campaign of reviews are in the pack of the campaign.", frame.Number(w.in.Activity.From), frame.Number(w.in.Activity.Until-1), frame.Plural(len(done), "change"),
		frame.Plural(len(decided), "decision"), frame.Number(len(asked))+" about requests and accepted risks", pack.ActivityAnnex))
	w.changes(done)
	w.decisions(decided)
	w.asked(asked)
}

// change is what became of one action.
type change struct {
	last    evidence.Activity // the entry that says how it stands
	inverse bool              // it was on record before the change
	entries []uint64
}

// sorted parts activities into changes by action, decisions, and what was asked for, in the order of the ledger.
func sorted(list []evidence.Activity) (done []change, decided, asked []evidence.Activity) {
	at := map[string]int{}
	for _, a := range list {
		switch a.Type {
		case ledger.Decision:
			decided = append(decided, a)
			continue
		case ledger.Request, ledger.Accept:
			asked = append(asked, a)
			continue
		}
		i, known := at[a.Said.Action]
		if !known {
			i = len(done)
			at[a.Said.Action] = i
			done = append(done, change{})
		}
		c := &done[i]
		c.last, c.inverse, c.entries = a, c.inverse || a.Said.Inverse, append(c.entries, a.Entry)
	}
	return done, decided, asked
}

func (w *builder) changes(list []change) {
	if len(list) == 0 {
		return
	}
	w.Section("Changes in systems", 25)
	t := document.Table{Columns: []document.Column{{Title: "Action", Share: 27}, {Title: "What", Share: 50}, {Title: "Why", Share: 38}, {Title: "How it stands", Share: 30}, {Title: "Inverse", Share: 17}, {Title: "Entries", Share: 18}}}
	for _, c := range list[:min(len(list), mostDone)] {
		a := c.last
		why := document.Cell{Text: "policy " + frame.Dash(a.Policy)}
		if a.Finding != "" {
			why.More = append(why.More, "finding "+a.Finding)
		}
		stands := document.Cell{Text: frame.Dash(a.Said.State)}
		if a.Said.Outcome != "" {
			stands.More = append(stands.More, "the system: "+a.Said.Outcome)
		}
		inverse := "–"
		if c.inverse {
			inverse = "on record"
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: a.Said.Action, More: []string{frame.Minute(a.At)}}, {Text: says(a), More: words(a.Account, a.Person)}, why, stands, {Text: inverse}, {Text: numbers(c.entries)}})
	}
	w.Bounded("Changes in systems", t, len(t.Rows), len(list), pack.ActivityAnnex)
	w.Note("Inverse on record: what takes the change back was on the ledger before the change was made.")
}

func (w *builder) decisions(list []evidence.Activity) {
	if len(list) == 0 {
		return
	}
	w.Section("Decisions", 25)
	t := document.Table{Columns: []document.Column{{Title: "When", Share: 26}, {Title: "Verdict", Share: 18}, {Title: "By", Share: 42}, {Title: "About", Share: 70}, {Title: "Entry", Share: 14}}}
	for _, a := range list[:min(len(list), mostDone)] {
		by := document.Cell{Text: cmp.Or(a.ByName, a.By, "nobody: the time ran out"), More: words(a.Said.Role, "through "+a.Said.Channel)}
		verdict := a.Said.Verdict
		about := document.Cell{Text: cmp.Or(a.About, says(a)), More: words(a.Said.Decision)}
		if a.Said.Undo != "" {
			verdict, about = "undo", document.Cell{Text: "takes back action " + a.Said.Undo, More: words(a.Entitlement, a.Account)}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: frame.Minute(a.At)}, {Text: verdict}, by, about, {Text: frame.Number(a.Entry)}})
	}
	w.Bounded("Decisions", t, len(t.Rows), len(list), pack.ActivityAnnex)
}

func (w *builder) asked(list []evidence.Activity) {
	if len(list) == 0 {
		return
	}
	w.Section("Requests and accepted risks", 25)
	t := document.Table{Columns: []document.Column{{Title: "When", Share: 26}, {Title: "What", Share: 34}, {Title: "About", Share: 62}, {Title: "By", Share: 34}, {Title: "Entry", Share: 14}}}
	for _, a := range list[:min(len(list), mostDone)] {
		kind := "access " + strings.Replace(a.Said.What, "asked", "asked for", 1)
		if a.Type == ledger.Accept {
			kind = "accepted risk " + a.Said.What
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: frame.Minute(a.At)}, {Text: kind, More: words(a.Said.Subject())}, {Text: frame.Dash(cmp.Or(a.Entitlement, a.Account)) + " in " + frame.Dash(a.System), More: words(a.Person)},
			{Text: frame.Dash(cmp.Or(a.ByName, a.By))}, {Text: frame.Number(a.Entry)}})
	}
	w.Bounded("Requests and accepted risks", t, len(t.Rows), len(list), pack.ActivityAnnex)
}

// says is a change in words.
func says(a evidence.Activity) string {
	what := strings.TrimSpace(strings.ReplaceAll(a.Said.Kind, "-", " ") + " " + a.Entitlement)
	if a.System != "" {
		what += " in " + a.System
	}
	return what
}

func words(list ...string) []string {
	return slices.DeleteFunc(list, func(s string) bool { return s == "" || s == "through " })
}

func numbers(list []uint64) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = frame.Number(n)
	}
	return strings.Join(out, ", ")
}
