package person

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
)

// Known is the person in one complete HR snapshot.
type Known struct {
	At       time.Time
	Snapshot string
	There    bool
	Person   access.Person
}

// Then is one account in one complete snapshot of its system.
type Then struct {
	At       time.Time
	Snapshot string
	There    bool
	Held     []access.HeldRef
}

// Changes works out what became of a person from snapshot to snapshot, the oldest first, and of the dates that the last one names up to asOf.
func Changes(history []Known, asOf time.Time) []Change {
	out := []Change{}
	seen := false
	var was access.Person
	for i, k := range history {
		say := func(kind Kind, what, from, to string) {
			out = append(out, Change{At: k.At, Kind: kind, What: what, From: from, To: to, Snapshot: k.Snapshot})
		}
		switch {
		case !k.There && seen && (i == 0 || history[i-1].There):
			say(Leaver, "no longer listed by HR", string(was.Status), "")
		case k.There && !seen && i > 0:
			say(Joiner, "listed by HR for the first time", "", string(k.Person.Status))
		case k.There && seen && !history[i-1].There:
			say(Joiner, "listed by HR again", "", string(k.Person.Status))
		}
		if k.There && seen {
			for _, c := range compare(was, k.Person) {
				say(c.Kind, c.What, c.From, c.To)
			}
		}
		if k.There {
			seen, was = true, k.Person
		}
	}
	if d := was.StartDate; !d.IsZero() && !d.After(asOf) {
		out = append(out, Change{At: d, Kind: Joiner, What: "first day at work"})
	}
	if d := was.EndDate; !d.IsZero() && !d.After(asOf) {
		out = append(out, Change{At: d, Kind: Leaver, What: "last day at work"})
	}
	slices.SortStableFunc(out, func(a, b Change) int { return a.At.Compare(b.At) })
	return out
}

// compare lists what two snapshots say differently of one person.
func compare(a, b access.Person) []Change {
	var out []Change
	add := func(kind Kind, what, from, to string) {
		if from != to {
			out = append(out, Change{Kind: kind, What: what, From: from, To: to})
		}
	}
	kind := Other
	switch {
	case b.Status == access.StatusTerminated:
		kind = Leaver
	case a.Status == access.StatusTerminated || a.Status == access.StatusPrehire:
		kind = Joiner
	}
	add(kind, "status", string(a.Status), string(b.Status))
	add(Mover, "department", a.Department, b.Department)
	add(Mover, "title", a.Title, b.Title)
	add(Mover, "manager", a.ManagerID, b.ManagerID)
	add(Mover, "location", a.Location, b.Location)
	add(Mover, "company", a.Company, b.Company)
	add(Mover, "cost centre", a.CostCentre, b.CostCentre)
	add(Mover, "employment type", string(a.EmploymentType), string(b.EmploymentType))
	add(Other, "name", a.Name(), b.Name())
	add(Other, "e-mail address", a.Email, b.Email)
	add(Other, "first day", date(a.StartDate), date(b.StartDate))
	add(Other, "last day", date(a.EndDate), date(b.EndDate))
	return out
}

func date(t time.Time) string {
	if t.IsZero() {
		return "none"
	}
	return t.UTC().Format(time.DateOnly)
}

// Stretch is an unbroken row of complete snapshots in which an account held an entitlement.
type Stretch struct {
	Entitlement access.HeldRef
	From        time.Time
	First       string    // the first snapshot of the row
	AtFirst     bool      // the row begins with the first snapshot there is
	Until       time.Time // the first complete snapshot after the row; zero when it lasts
	Snapshot    string    // that one
}

// Stretches works out when one account held what, of its history, the oldest first. They come by beginning and name.
func Stretches(history []Then) []Stretch {
	var out []Stretch
	open := map[string]*Stretch{}
	for i, h := range history {
		now := map[string]bool{}
		for _, e := range h.Held {
			now[e.ID] = true
			if open[e.ID] == nil {
				open[e.ID] = &Stretch{Entitlement: e, From: h.At, First: h.Snapshot, AtFirst: i == 0}
			}
			open[e.ID].Entitlement = e // by the name that it has last
		}
		for id, s := range open {
			if !now[id] {
				s.Until, s.Snapshot = h.At, h.Snapshot
				out = append(out, *s)
				delete(open, id)
			}
		}
	}
	for _, s := range open {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b Stretch) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Entitlement.Name, b.Entitlement.Name), cmp.Compare(a.Entitlement.ID, b.Entitlement.ID))
	})
	return out
}

// Present says since when an account exists without a break; false when the last snapshot does not have it.
func Present(history []Then) (since time.Time, atFirst, there bool) {
	for i := len(history) - 1; i >= 0 && history[i].There; i-- {
		since, atFirst, there = history[i].At, i == 0, true
	}
	return since, atFirst, there
}

// Finish sorts and counts what was gathered.
func (m *Model) Finish() {
	m.Totals = Totals{Accounts: len(m.Accounts), Held: len(m.Held), Missing: len(m.Missing)}
	for _, g := range m.Held {
		switch g.standing() {
		case 0:
			m.Totals.NoBasis++
		case 1:
			m.Totals.Kept++
		}
		if g.Privileged {
			m.Totals.Privileged++
		}
	}
	for _, f := range m.Findings {
		if f.Open() {
			m.Totals.Open++
		}
	}
	// What needs an answer comes first.
	slices.SortStableFunc(m.Held, func(a, b Grant) int {
		return cmp.Or(cmp.Compare(a.standing(), b.standing()), cmp.Compare(a.System, b.System), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Entitlement, b.Entitlement))
	})
	slices.SortStableFunc(m.Past, func(a, b Past) int {
		return cmp.Or(b.Until.Compare(a.Until), cmp.Compare(a.System, b.System), cmp.Compare(a.Entitlement, b.Entitlement))
	})
	slices.SortStableFunc(m.Actions, func(a, b Action) int { return cmp.Or(a.ChangedAt.Compare(b.ChangedAt), cmp.Compare(a.ID, b.ID)) })
	slices.SortStableFunc(m.Requests, func(a, b Request) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	m.took()
}

// Due reports whether a bundle or a request gives the entitlement.
func (g Grant) Due() bool {
	return slices.ContainsFunc(g.Basis, func(b Basis) bool { return b.Kind == "bundle" || b.Kind == "request" })
}

// standing is 0 for no basis, 1 for what people keep though nothing gives it, and 2 for what is due.
func (g Grant) standing() int {
	switch {
	case g.Due():
		return 2
	case len(g.Basis) > 0:
		return 1
	}
	return 0
}

// took finds the action that ended each stretch of the past: the last one that changed the system before the snapshot that no longer shows it. What
// was so already, or was only ordered of somebody, took nothing away.
func (m *Model) took() {
	for i := range m.Past {
		p := &m.Past[i]
		for _, a := range m.Actions {
			if a.Receipt == nil || a.Receipt.Outcome != string(access.OutcomeDone) || a.System != p.System || a.AccountID != p.AccountID || a.Receipt.At.After(p.Until) || a.Receipt.At.Before(p.From) {
				continue
			}
			if a.Kind == string(access.DeleteAccount) || a.Kind == string(access.RemoveEntitlement) && strings.EqualFold(a.Entitlement, p.Entitlement) {
				p.Action = a.ID
			}
		}
	}
}

// Open reports whether the finding asks for something.
func (f Finding) Open() bool {
	return f.State != string(access.Resolved) && f.State != string(access.Excepted)
}
