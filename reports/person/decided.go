package person

import (
	"fmt"
	"strings"

	"muster/reports/document"
	"muster/reports/frame"
)

// decided prints what was asked for, reviewed and done, and by whose decision.
func (w *builder) decided() {
	w.Part("What was asked, decided and done", 70)
	w.requests()
	w.reviews()
	w.actions()
	if len(w.m.Requests)+len(w.m.Reviews)+len(w.m.Actions) > 0 {
		w.Note("Entries are those of the ledger that name the request, item, decision or action; each is in annexes/activity.csv and is proven in the folder ledger/later. Inside, muster ledger reveal N shows entry N.")
	}
}

func (w *builder) requests() {
	w.Section("Requests", 25)
	if len(w.m.Requests) == 0 {
		w.Para("Nobody asked for access for the person here.")
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Request", Share: 24}, {Title: "What", Share: 34}, {Title: "Why, and by whom", Share: 40}, {Title: "Decided", Share: 40}, {Title: "In force", Share: 22}, {Title: "Entries", Share: 15}}}
	for _, r := range w.m.Requests {
		by := r.ByName
		if by == "" {
			by = r.By
		}
		force := document.Cell{Text: r.State}
		if !r.From.IsZero() {
			force.More = []string{frame.Date(r.From) + " to", frame.Date(r.Until)}
		}
		what := document.Cell{Text: r.Entitlement, More: []string{"in " + r.System}}
		for _, c := range r.Conflicts {
			what.More = append(what.More, "conflict: "+c)
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: r.ID, More: []string{frame.Date(r.At)}}, what, {Text: "“" + r.Reason + "”", More: []string{by}}, decisions(r.Decisions), force, {Text: numbers(r.Entries)}})
	}
	w.Table("Requests", t)
}

func (w *builder) reviews() {
	w.Section("Reviews", 25)
	if len(w.m.Reviews) == 0 {
		w.Para("No campaign has reviewed the person's access yet.")
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Campaign", Share: 34}, {Title: "What", Share: 36}, {Title: "Decided", Share: 48}, {Title: "Ended", Share: 30}, {Title: "Entries", Share: 15}}}
	for _, r := range w.m.Reviews[:min(len(w.m.Reviews), mostPrinted)] {
		ended := document.Cell{Text: r.State}
		if r.Silent {
			ended.More = append(ended.More, "by silence")
		}
		if !r.EndedAt.IsZero() {
			ended.More = append(ended.More, frame.Date(r.EndedAt))
		}
		if r.Gone != "" {
			ended.More = append(ended.More, "gone: snapshot of "+frame.Date(r.GoneAt))
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: r.Campaign, More: []string{r.Item}}, {Text: r.Entitlement, More: []string{r.Account + " in " + r.System}}, decisions(r.Decisions), ended, {Text: numbers(r.Entries)}})
	}
	w.list("Reviewed entitlements", t, len(w.m.Reviews), HeldAnnex)
}

func (w *builder) actions() {
	w.Section("What was done", 25)
	if len(w.m.Actions) == 0 {
		w.Para("No action about the person was planned or done by Muster.")
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Action", Share: 24}, {Title: "What and why", Share: 48}, {Title: "Decided", Share: 36}, {Title: "What the system said", Share: 34}, {Title: "Stands", Share: 26}, {Title: "Entries", Share: 15}}}
	for _, a := range w.m.Actions[:min(len(w.m.Actions), mostPrinted)] {
		what := document.Cell{Text: a.says(), More: words(a.Reason)}
		if a.Finding != "" {
			what.More = append(what.More, "finding "+a.Finding)
		}
		for _, b := range a.Basis {
			what.More = append(what.More, "basis: "+b)
		}
		how := decisions(a.Decisions)
		if len(a.Decisions) == 0 {
			how = document.Cell{Text: fmt.Sprintf("by policy %s (%s)", frame.Dash(a.Policy), frame.Dash(a.Mode))}
		} else {
			how.More = append(how.More, "policy "+frame.Dash(a.Policy))
		}
		said := document.Cell{Text: "–"}
		if a.Receipt != nil {
			said = document.Cell{Text: a.Receipt.Outcome + ", " + frame.Minute(a.Receipt.At), More: words(a.Receipt.Said)}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: a.ID, More: []string{frame.Date(a.ChangedAt)}}, what, how, said, {Text: a.State, More: words(a.Why)}, {Text: numbers(a.Entries)}})
	}
	w.list("Actions", t, len(w.m.Actions), "evidence.json")
}

func decisions(list []Decision) document.Cell {
	var out []string
	for _, d := range list {
		s := d.word() + " by " + d.who()
		if d.Role != "" {
			s += " as " + d.Role
		}
		s += ", " + frame.Minute(d.At)
		if d.Reason != "" {
			s += " (“" + d.Reason + "”)"
		}
		out = append(out, s)
	}
	return lines(out)
}

func numbers(list []uint64) string {
	var out []string
	for _, n := range list {
		out = append(out, frame.Number(n))
	}
	return frame.Dash(strings.Join(out, ", "))
}
