package person

import (
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/frame"
)

// access answers for every entitlement.
func (w *builder) access() {
	m := w.m
	w.Chapter("What the person holds, and why")
	if len(m.Held) == 0 {
		w.Para(w.seen("Nothing is held in the systems that were read."))
	} else {
		w.Para("Each entitlement below is held tonight. Since is the first of the unbroken row of complete snapshots that show it. Last use is the last login of the account. The basis is by the bundles and requests of this run; the rules and the " +
			"configuration that were in force when it was first seen are named where they were others than tonight's.")
	}
	var list [3][]Grant
	for _, g := range m.Held {
		list[g.standing()] = append(list[g.standing()], g)
	}
	none, kept, due := list[0], list[1], list[2]
	if len(none) > 0 {
		w.Section(w.noneHead(), 45)
		why := "Why there is none"
		if w.m.Unsure != "" {
			why = "What is known"
			w.Para("What the person should hold could not be worked out: " + w.m.Unsure + ". That no basis is told below does not say that there is none.")
		}
		w.grants("Entitlements with no basis found", why, none, func(g Grant) document.Cell { return w.noBasis(g) })
	}
	if len(kept) > 0 {
		w.Section(w.keptHead(), 45)
		says := "Somebody accepted the risk of these, or kept them in a review."
		if w.m.Unsure == "" {
			says = "No bundle and no request gives these. Somebody accepted the risk of them, or kept them in a review."
		}
		w.Para(says)
		w.grants("Entitlements that people keep", "Who keeps it", kept, func(g Grant) document.Cell { return w.noBasis(g) })
	}
	if len(due) > 0 {
		w.Section("With a basis", 45)
		w.grants("Entitlements with their basis", "Basis", due, w.basis)
		w.conditions(due)
	}
	w.Section("Due and not held", 25)
	switch {
	case m.Unsure != "":
		w.Para("What all is due is not known: " + m.Unsure + ".")
	case len(m.Missing) > 0:
	case len(due) == 0:
		w.Para(w.seen("No bundle and no request makes anything due to the person in the systems that were read."))
	default:
		w.Para("Everything that is due is held, in the systems that were read.")
	}
	if len(m.Missing) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Entitlement", Share: 50}, {Title: "Basis", Share: 60}, {Title: "Findings", Share: 30}}}
	for _, g := range m.Missing {
		t.Rows = append(t.Rows, []document.Cell{{Text: g.Entitlement, More: []string{"in " + g.System}}, w.basis(g), {Text: frame.Dash(strings.Join(g.Findings, ", "))}})
	}
	w.Table("Due and not held", t)
}

// seen is what may be said of the systems when any was read, and else that it is not known.
func (w *builder) seen(says string) string {
	if w.read() == 0 && len(w.m.Accounts) == 0 {
		return "It is not known: no system was read whole."
	}
	return says
}

// noneHead is the heading of what no basis was found for.
func (w *builder) noneHead() string {
	if w.m.Unsure != "" {
		return "Basis not known"
	}
	return "No basis found"
}

// keptHead is the heading of what only people keep.
func (w *builder) keptHead() string {
	if w.m.Unsure != "" {
		return "Kept by people"
	}
	return "Kept by people, and given by nothing"
}

// grants prints entitlements by system, each system as a group of rows.
func (w *builder) grants(caption, why string, list []Grant, says func(Grant) document.Cell) {
	t := document.Table{Columns: []document.Column{{Title: "Entitlement", Share: 34}, {Title: "Path", Share: 30}, {Title: "Since", Share: 19}, {Title: why, Share: 56}, {Title: "Last use", Share: 18}, {Title: "Findings", Share: 22}}}
	group := ""
	for _, g := range list[:min(len(list), mostPrinted)] {
		if head := g.Account + " in " + g.System; head != group {
			group = head
			t.Rows = append(t.Rows, document.Row(head))
		}
		name := document.Cell{Text: g.Entitlement}
		if g.Privileged {
			name.More = append(name.More, "privileged")
		}
		if !g.Effective {
			name.More = append(name.More, "not effective")
		}
		path := document.Cell{Text: "direct"}
		if len(g.Path) > 0 {
			path.Text = "through " + strings.Join(g.Path, " → ")
		}
		if g.Paths > 1 {
			path.More = []string{"and " + frame.Plural(g.Paths-1, "more way")}
		}
		from := since(g.Since, g.AtFirst)
		if g.Then.Run != "" && !g.Then.SameRules {
			from.More = append(from.More, fmt.Sprintf("rules then %.8s", g.Then.RulesSHA256))
		}
		if g.Then.Run != "" && !g.Then.SameConfig {
			from.More = append(from.More, fmt.Sprintf("config. then %.8s", g.Then.ConfigSHA256))
		}
		t.Rows = append(t.Rows, []document.Cell{name, path, from, says(g), {Text: lastUse(g.LastUse, g.NeverUsed)}, {Text: frame.Dash(strings.Join(g.Findings, ", "))}})
	}
	w.Table(caption, t)
	if more := len(list) - mostPrinted; more > 0 {
		w.Note(frame.Number(more) + " more are in " + HeldAnnex + ".")
	}
}

// basis says why an entitlement is due.
func (w *builder) basis(g Grant) document.Cell {
	var out []string
	for _, b := range g.Basis {
		switch b.Kind {
		case "bundle":
			out = append(out, "bundle "+b.Name)
		case "request":
			out = append(out, w.request(b)...)
		}
	}
	return lines(append(out, w.kept(g)...))
}

// request says who asked for access and who approved it.
func (w *builder) request(b Basis) []string {
	for _, r := range w.m.Requests {
		if r.ID != b.Name {
			continue
		}
		who := r.ByName
		if who == "" {
			who = r.By
		}
		out := []string{fmt.Sprintf("request %s of %s by %s, until %s", r.ID, frame.Date(r.At), who, frame.Date(r.Until)), "“" + r.Reason + "”"}
		for _, d := range r.Decisions {
			out = append(out, fmt.Sprintf("%s by %s on %s", d.word(), d.who(), frame.Date(d.At)))
		}
		return out
	}
	return []string{"request " + b.Name + ", until " + frame.Date(b.Until)}
}

// kept says which reviews kept an entitlement, and who accepted the risk of it.
func (w *builder) kept(g Grant) []string {
	var out []string
	for _, r := range w.m.Reviews {
		if r.System != g.System || r.AccountID != g.AccountID || r.Entitlement != g.Entitlement {
			continue
		}
		how := "is under review"
		switch r.State {
		case string(access.ItemKept), string(access.ItemKeep):
			how = "kept"
		case string(access.ItemRevoked), string(access.ItemRevoke):
			how = "revoked"
		}
		if r.Silent {
			how += " by silence"
		}
		s := fmt.Sprintf("%s in review %s", how, r.Campaign)
		for i, d := range r.Decisions {
			s += map[bool]string{true: ": ", false: ", "}[i == 0] + d.Verdict + " by " + d.who() + " on " + frame.Date(d.At)
			if d.Reason != "" {
				s += " (“" + d.Reason + "”)"
			}
		}
		out = append(out, s)
	}
	for _, x := range w.m.Exceptions {
		if slices.ContainsFunc(g.Basis, func(b Basis) bool { return b.Kind == "exception" && b.Name == x.ID }) {
			out = append(out, fmt.Sprintf("exception %s (%s) until %s, approved by %s", x.ID, x.State, frame.Date(x.Expires), frame.Dash(x.Approver)))
		}
	}
	return out
}

// noBasis says what was looked at and found not to give an entitlement.
func (w *builder) noBasis(g Grant) document.Cell {
	out := []string{}
	for _, o := range g.Once {
		says := "bundle " + o.Name + " names it"
		if w.m.Unsure == "" {
			says += " and " + o.says()
		}
		out = append(out, says)
	}
	for _, r := range w.m.Requests {
		if r.System == g.System && r.Entitlement == g.Entitlement {
			out = append(out, fmt.Sprintf("request %s is %s", r.ID, r.State))
		}
	}
	if len(out) == 0 {
		out = []string{"no bundle names it, and nobody asked for it here"}
	}
	return lines(append(w.kept(g), out...))
}

// says tells how a bundle stands to the person.
func (o Once) says() string {
	values := []string{}
	for _, v := range o.Values {
		values = append(values, v.Field+" is "+quoted(v.Value))
	}
	is := ""
	if len(values) > 0 {
		is = ": " + strings.Join(values, ", ")
	}
	switch {
	case o.Still:
		return "gives it, but a review took it away"
	case o.Until.IsZero():
		return "does not give it to the person" + is
	}
	return "gave it until " + frame.Date(o.Until) + ", by its condition of today" + is
}

func quoted(s string) string {
	if s == "" {
		return "not given"
	}
	return "“" + s + "”"
}

// conditions prints the condition of each bundle that gives something, once, with the values that met it.
func (w *builder) conditions(list []Grant) {
	seen := map[string]bool{}
	t := document.Table{Columns: []document.Column{{Title: "Bundle", Share: 34}, {Title: "Who is due it (CEL)", Share: 60}, {Title: "What HR says of the person", Share: 46}, {Title: "Gives", Share: 10, Align: 'R'}}}
	for _, g := range list {
		for _, b := range g.Basis {
			if b.Kind != "bundle" || seen[b.Name] {
				continue
			}
			seen[b.Name] = true
			n := 0
			for _, other := range list {
				for _, x := range other.Basis {
					if x.Kind == b.Kind && x.Name == b.Name {
						n++
					}
				}
			}
			var values []string
			for _, v := range b.Values {
				values = append(values, v.Field+": "+quoted(v.Value))
			}
			name := document.Cell{Text: b.Name}
			if b.Title != "" && b.Title != b.Name {
				name.More = []string{b.Title}
			}
			t.Rows = append(t.Rows, []document.Cell{name, frame.Code(b.When), lines(values), {Text: frame.Number(n)}})
		}
	}
	if len(t.Rows) > 0 {
		w.Section("Bundles whose condition the person meets", 35)
		w.Table("Bundles whose condition the person meets", t)
	}
}

// past prints what was held before.
func (w *builder) past() {
	w.Part("What was held before", 35)
	if len(w.m.Past) == 0 {
		w.Para("The complete snapshots that are kept show no entitlement of these accounts that is not held tonight. Accounts that no longer exist are not among them.")
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Entitlement", Share: 50}, {Title: "From", Share: 20}, {Title: "Until", Share: 20, Whole: true}, {Title: "Taken away by", Share: 34}, {Title: "First snapshot without it", Share: 44}}}
	for _, p := range w.m.Past[:min(len(w.m.Past), mostPrinted)] {
		by := p.Action
		if by == "" {
			by = "no action of Muster"
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: p.Entitlement, More: []string{p.Account + " in " + p.System}}, since(p.From, p.AtFirst), {Text: frame.Date(p.Until)}, {Text: by}, {Text: p.Snapshot}})
	}
	w.list("What was held before", t, len(w.m.Past), EventsAnnex)
}

// findings prints what was found about the person.
func (w *builder) findings() {
	w.Part("Findings", 35)
	if len(w.m.Findings) == 0 {
		says := "The run found nothing about the person or their accounts."
		if len(w.Ev.Rules) == 0 {
			says = "No rule was enabled: nothing was judged."
		}
		w.Para(says)
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Finding", Share: 20, Whole: true}, {Title: "Severity", Share: 16}, {Title: "What", Share: 70}, {Title: "State", Share: 18}, {Title: "Known since", Share: 19, Whole: true}}}
	for _, f := range w.m.Findings[:min(len(w.m.Findings), mostPrinted)] {
		state := document.Cell{Text: f.State}
		if f.Exception != "" {
			state.More = []string{f.Exception}
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: f.ID}, frame.SeverityCell(f.Severity), {Text: w.Title(f.Rule), More: words(f.Message)}, state, {Text: frame.Date(f.FirstSeen)}})
	}
	w.list("Findings about the person", t, len(w.m.Findings), "annexes/findings.csv")
}

// policies prints the texts that were in force.
func (w *builder) policies() {
	w.Part("What was in force", 50)
	w.Para("The run applied these texts. They are in the folder inputs of this pack; where one names other persons too, it is cut down to what concerns this one, and evidence.json says so.")
	w.Pairs(40, document.Pair{Label: "Configuration, SHA-256", Value: frame.Dash(w.Ev.Run.ConfigDigest), Mono: true}, document.Pair{Label: "All rules, SHA-256", Value: frame.Dash(w.Ev.Run.RulesDigest), Mono: true})
	t := document.Table{Columns: []document.Column{{Title: "Text", Share: 50}, {Title: "SHA-256 as the run had it", Share: 90, Whole: true}, {Title: "In the pack", Share: 20}}}
	for _, p := range w.m.Policies {
		how := "whole"
		if p.Cut {
			how = "cut down"
		}
		t.Rows = append(t.Rows, []document.Cell{{Text: p.Name}, {Text: p.SHA256, Font: document.Fixed}, {Text: how}})
	}
	w.Table("Texts in force", t)
}
