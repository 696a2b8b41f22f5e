package controls

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/frame"
)

// control prints one control.
func (w *builder) control(c Control) {
	w.Linked(c.Number, id(c), 60)
	conclusion := string(c.Conclusion)
	if c.Why != "" {
		conclusion += ": " + c.Why
	}
	pairs := []document.Pair{{Label: "It asks", Value: c.Says + " (our words)"}}
	if c.Covered {
		pairs = append(pairs, document.Pair{Label: "Procedure", Value: w.howOften(c)}, document.Pair{Label: "Population", Value: population(c)})
	}
	w.Pairs(28, append(pairs, document.Pair{Label: "Deviations", Value: counted(c)}, document.Pair{Label: "Conclusion", Value: conclusion})...)
	for _, limit := range c.Limits {
		w.Note("Limit: " + limit + ".")
	}
	w.reviews(c)
	if len(c.Tests) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Test", Share: 60}, {Title: "Applied", Share: 26}, {Title: "Asked, last run", Share: 16, Align: 'R'}, {Title: "Asked in all", Share: 16, Align: 'R'}, {Title: "No answer", Share: 14, Align: 'R'},
		{Title: "Open now", Share: 12, Align: 'R'}, {Title: "Excepted", Share: 14, Align: 'R'}}}
	moved := document.Table{Columns: append([]document.Column{{Title: "Test", Share: 28}}, counts()...)}
	for _, x := range c.Tests {
		name := document.Cell{Text: x.Title, More: []string{x.Rule}}
		if x.Versions > 1 {
			name.More = append(name.More, fmt.Sprintf("%d versions in the period", x.Versions))
		}
		applied := document.Cell{Text: fmt.Sprintf("%s of %s", frame.Number(x.Applied), frame.Plural(len(w.m.Runs), "run"))}
		if x.Applied < len(w.m.Runs) {
			applied.More = []string{"until " + frame.Minute(x.Until)}
		}
		n := x.Count
		t.Rows = append(t.Rows, []document.Cell{name, applied, {Text: frame.Zero(x.Last)}, {Text: frame.Zero(x.Evaluated)}, {Text: frame.Zero(x.Errors)}, {Text: frame.Zero(n.Open), Font: document.Bold}, {Text: frame.Zero(n.Excepted)}})
		if n.Any() {
			moved.Rows = append(moved.Rows, append([]document.Cell{{Text: x.Rule}}, cells(n)...))
		}
	}
	w.Table("Tests of "+c.ID, t)
	if len(moved.Rows) > 1 {
		w.Table("Deviations of "+c.ID+" by test", moved)
	}
	w.open(c)
	w.excepted(c)
}

// howOften says what Muster did for a control.
func (w *builder) howOften(c Control) string {
	s := fmt.Sprintf("%s judged the records in scope in %s of %s", rules(len(c.Tests)), frame.Number(c.Runs), frame.Plural(len(w.m.Runs), "run"))
	if c.Runs > 0 {
		s += fmt.Sprintf("; in %s of these, everything that it rests on was read whole", frame.Number(c.Whole))
	}
	return s + "."
}

func rules(n int) string {
	if n == 1 {
		return "1 rule"
	}
	return frame.Number(n) + " rules"
}

// population says what the last run tested.
func population(c Control) string {
	var out []string
	for _, p := range c.Population {
		switch p.Class {
		case "accounts", "grants":
			out = append(out, fmt.Sprintf("%s %s in %s", frame.Number(p.N), p.Class, frame.Plural(p.Systems, "system")))
		default:
			out = append(out, frame.Number(p.N)+" "+p.Class)
		}
	}
	if len(out) == 0 {
		return "–"
	}
	return "all of " + strings.Join(out, ", ") + ", as the last run of the period saw them"
}

// counted says what was found, so that it can be added up.
func counted(c Control) string {
	n := c.Count
	if !n.Any() {
		if !c.Covered {
			return "–"
		}
		return "none"
	}
	s := sum(term{n.Before, "open when the period began"}, term{n.Opened, "new"}, term{n.Reopened, "came back"}, term{n.Lapsed, "no longer excepted"}, term{-n.Resolved, "resolved"}, term{-n.Accepted, "accepted"}) +
		": " + frame.Number(n.Open) + " open now"
	if n.ExceptedBefore+n.Accepted > 0 {
		s += ". " + sum(term{n.ExceptedBefore, "excepted when the period began"}, term{n.Accepted, "accepted"}, term{-n.Lapsed, "no longer excepted"}, term{-n.ExceptedResolved, "resolved while excepted"}) +
			": " + frame.Number(n.Excepted) + " excepted now"
	}
	if n.MeanMS > 0 {
		s += ". Resolved after " + took(n.MeanMS) + " on average"
	}
	return s
}

// term is one summand.
type term struct {
	n    int
	what string
}

// sum writes the first summand, and those of the others that are not zero.
func sum(list ...term) string {
	var out []string
	for i, t := range list {
		switch {
		case t.n < 0:
			out = append(out, "less "+frame.Number(-t.n)+" "+t.what)
		case t.n > 0 || i == 0:
			out = append(out, frame.Number(t.n)+" "+t.what)
		}
	}
	return strings.Join(out, ", ")
}

// reviews lists the campaigns that are evidence for a control.
func (w *builder) reviews(c Control) {
	if len(c.Campaigns) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Campaign", Share: 34}, {Title: "What its scope covers (CEL)", Share: 44}, {Title: "Closed (UTC)", Share: 24, Whole: true}, {Title: "Systems", Share: 26}, {Title: "Items", Share: 12, Align: 'R'},
		{Title: "Silent", Share: 12, Align: 'R'}, {Title: "Revoked", Share: 14, Align: 'R'}, {Title: "Not proven gone", Share: 16, Align: 'R'}}}
	for _, x := range c.Campaigns {
		name := document.Cell{Text: x.Name, More: []string{x.ID}}
		if x.Wrong != "" {
			name.More = append(name.More, "no evidence")
		}
		t.Rows = append(t.Rows, []document.Cell{name, frame.Code(x.Scope), {Text: frame.Minute(x.ClosedAt)}, {Text: frame.Dash(strings.Join(x.Systems, ", "))}, {Text: frame.Zero(x.Items)}, {Text: frame.Zero(x.Silent)}, {Text: frame.Zero(x.Revoked)},
			{Text: frame.Zero(x.Standing)}})
	}
	w.Table("Reviews of access that bear on "+c.ID, t)
	w.Note("Who reviewed and what they decided is in the pack access-review of each campaign.")
}

// open prints the worst deviations that are still open.
func (w *builder) open(c Control) {
	var list []Deviation
	for _, i := range w.byControl[c.ID] {
		if d := w.m.Deviations[i]; d.Finding.State != access.Resolved && d.Finding.State != access.Excepted {
			list = append(list, d)
		}
	}
	if len(list) == 0 {
		return
	}
	slices.SortStableFunc(list, func(a, b Deviation) int {
		return cmp.Or(severest(a.Finding.Severity, b.Finding.Severity), cmp.Compare(b.Days, a.Days), access.CompareFindings(a.Finding, b.Finding))
	})
	t := document.Table{Columns: []document.Column{{Title: "Finding", Share: 20, Whole: true}, {Title: "Severity", Share: 15}, {Title: "Who", Share: 42}, {Title: "What", Share: 58}, {Title: "Open for", Share: 12, Align: 'R'}}}
	for _, d := range list[:min(len(list), mostOpen)] {
		f := d.Finding
		t.Rows = append(t.Rows, []document.Cell{{Text: f.ID}, frame.SeverityCell(f.Severity), frame.Who(f), {Text: f.Message}, {Text: frame.Days(d.Days)}})
	}
	w.Table("Open deviations of "+c.ID+", the worst first", t)
	if more := len(list) - len(t.Rows); more > 0 {
		w.Note(fmt.Sprintf("%s worst are printed, %s more are in %s.", frame.Number(len(t.Rows)), frame.Number(more), DeviationsAnnex))
	}
}

// excepted prints the accepted risks that cover deviations.
func (w *builder) excepted(c Control) {
	if len(c.Excepted) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Accepted by", Share: 26}, {Title: "Covers", Share: 28}, {Title: "Why, and what is done instead", Share: 56}, {Title: "Owner and approver", Share: 40}, {Title: "Until", Share: 18, Whole: true}}}
	for _, a := range c.Excepted {
		why := document.Cell{Text: frame.Dash(a.Reason)}
		if a.Instead != "" {
			why.More = []string{"Instead: " + a.Instead}
		}
		who := document.Cell{Text: frame.Dash(a.Owner)}
		if a.Approver != "" {
			who.More = []string{a.Approver}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: frame.Dash(a.ID)}, {Text: frame.Plural(a.Findings, "deviation"), More: []string{"of " + a.Rule}}, why, who, {Text: frame.Date(a.Expires)}})
	}
	w.Table("Accepted deviations of "+c.ID, t)
}

// gaps lists the controls that were not tested.
func (w *builder) gaps() {
	w.Part("What was not tested", 50)
	t := document.Table{Columns: []document.Column{{Title: "Control", Share: 36}, {Title: "It asks, in our words", Share: 56}, {Title: "How far it was tested", Share: 24}, {Title: "Why", Share: 56}}}
	for _, c := range w.m.Controls {
		if c.Conclusion == NotTested || c.Conclusion == Partly {
			t.Rows = append(t.Rows, []document.Cell{{Text: c.Framework + " " + c.Number, Link: id(c)}, {Text: c.Says}, {Text: map[Conclusion]string{NotTested: "not", Partly: "in part"}[c.Conclusion]}, {Text: c.Why}})
		}
	}
	if len(t.Rows) == 0 {
		w.Para("Every control of this report was tested in the period.")
	} else {
		w.Table("Controls that were not tested, or in part", t)
	}
	w.Add(document.List{Items: []string{
		"The report goes through the controls on access that Muster's map of the frameworks has, and those that the organisation's own rules name. All other controls of the frameworks are outside of it.",
		"A rule sees what the sources say at the time of a run. What was changed and changed back between two runs is not seen.",
		"The population of the last run is in the annexes and can be re-performed; of earlier runs the findings and counts are told, and their own packs are the evidence.",
	}})
}
