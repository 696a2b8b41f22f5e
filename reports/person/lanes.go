package person

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/chart"
	"muster/reports/document"
)

// lane is one band of the timeline.
type lane struct {
	name   string
	events []event
}

// event is something that happened, or lasted.
type event struct {
	at, until time.Time
	open      bool
	what      string
	ref       string // the snapshot or document that shows it
	together  string // events that may be drawn as one
}

// lanes are all events, each lane by moment.
func (m Model) lanes() []lane {
	hr, held, asked, decided := lane{name: "HR"}, lane{name: "access"}, lane{name: "requests"}, lane{name: "decisions"}
	for _, c := range m.Changes {
		hr.events = append(hr.events, event{at: c.At, what: c.says(), ref: c.Snapshot, together: string(c.Kind) + c.At.String()})
	}
	for _, g := range m.Held {
		if !g.Since.IsZero() {
			held.events = append(held.events, event{at: g.Since, open: true, what: g.Entitlement + " in " + g.System, ref: g.Account, together: g.System + g.Since.String()})
		}
	}
	for _, p := range m.Past {
		held.events = append(held.events, event{at: p.From, until: p.Until, what: p.Entitlement + " in " + p.System, ref: p.Snapshot, together: p.System + p.From.String() + p.Until.String()})
	}
	for _, r := range m.Requests {
		e := event{at: r.At, what: r.Entitlement + " in " + r.System + " asked for, " + r.State, ref: r.ID}
		if !r.From.IsZero() && !r.Until.IsZero() {
			e.at, e.until, e.open = r.From, r.Until, r.State == string(access.RequestActive)
		}
		asked.events = append(asked.events, e)
		for _, d := range r.Decisions {
			decided.events = append(decided.events, event{at: d.At, what: d.word() + " of the request for " + r.Entitlement + " by " + d.who(), ref: d.ID})
		}
	}
	seen := map[string]bool{}
	for _, a := range m.Actions {
		for _, d := range a.Decisions {
			if !seen[d.ID] {
				seen[d.ID] = true
				decided.events = append(decided.events, event{at: d.At, what: d.word() + " of " + a.says() + " by " + d.who(), ref: d.ID})
			}
		}
		if a.Receipt != nil {
			decided.events = append(decided.events, event{at: a.Receipt.At, what: a.says() + ", " + a.Receipt.Outcome, ref: a.ID, together: a.Kind + a.System + a.Receipt.At.Truncate(time.Hour).String()})
		}
	}
	for _, r := range m.Reviews {
		for _, d := range r.Decisions {
			decided.events = append(decided.events, event{at: d.At, what: d.word() + " of " + r.Entitlement + " in review by " + d.who(), ref: d.ID, together: r.Campaign + d.Verdict + d.By})
		}
	}
	out := []lane{hr, held, asked, decided}
	for i := range out {
		slices.SortStableFunc(out[i].events, func(a, b event) int {
			return cmp.Or(a.at.Compare(b.at), a.until.Compare(b.until), cmp.Compare(a.what, b.what))
		})
	}
	return out
}

func (c Change) says() string {
	switch {
	case c.From == "" && c.To == "", c.Kind == Leaver && c.To == "":
		return c.What
	case c.From == "" && c.What != "department" && c.What != "title":
		return c.What + " (" + c.To + ")"
	case c.Kind == Joiner && strings.HasPrefix(c.What, "listed"):
		return c.What + " (" + c.To + ")"
	}
	return fmt.Sprintf("%s: %s → %s", c.What, cmp.Or(c.From, "none"), cmp.Or(c.To, "none"))
}

func (a Action) says() string {
	what := strings.ReplaceAll(a.Kind, "-", " ")
	if a.Entitlement != "" {
		what += " " + a.Entitlement
	}
	return what + " in " + a.System
}

func (d Decision) word() string {
	switch d.Verdict {
	case "approve":
		return "approval"
	case "deny":
		return "denial"
	case "expire":
		return "expiry"
	case "keep":
		return "keeping"
	case "revoke":
		return "revocation"
	}
	return d.Verdict
}

func (d Decision) who() string {
	return cmp.Or(d.Name, d.By, "nobody: the time ran out")
}

// timeline draws the events. Those of one moment that belong together are one bar or dot; the table has each.
func (m Model) timeline(asOf time.Time) document.Chart {
	from := asOf.AddDate(0, 0, -30)
	var lanes []chart.Lane
	for _, l := range m.lanes() {
		var events []chart.Event
		for i := 0; i < len(l.events); i++ {
			e := l.events[i]
			n := 1
			for e.together != "" && i+1 < len(l.events) && l.events[i+1].together == e.together {
				n, i = n+1, i+1
			}
			if n > 1 {
				e.what += fmt.Sprintf(" and %d more", n-1)
			}
			if e.at.Before(from) && (l.name != "HR" || e.ref != "") { // a first day at work may be decades ago
				from = e.at
			}
			events = append(events, chart.Event{At: e.at, Until: e.until, Open: e.open, Label: e.what})
		}
		lanes = append(lanes, chart.Lane{Name: l.name, Events: events})
	}
	if !m.History.First.IsZero() && m.History.First.Before(from) {
		from = m.History.First
	}
	return chart.Timeline(from.AddDate(0, 0, -1), asOf, lanes)
}
