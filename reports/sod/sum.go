package sod

import (
	"fmt"
	"slices"

	"muster/internal/access"
)

// Sum works out the model.
func Sum(f Facts) Model {
	m := Model{Run: f.Run, AsOf: f.AsOf, Matrix: f.Matrix, Rules: f.Rules, Conflicts: f.Conflicts, Versions: slices.Clone(f.Versions), Systems: slices.Clone(f.Systems), Seeds: f.Seeds, Held: slices.Clone(f.Held),
		Mitigations: slices.Clone(f.Mitigations), Exceptions: f.Exceptions, Bare: []Entitlement{}, Missing: []Named{}, Unfound: []string{}, Stale: []string{}, facts: f,
		Totals: Totals{Exercised: map[Exercised]int{}, Seeds: map[SeedKind]int{}}}
	slices.Reverse(m.Versions)
	for _, fn := range f.Functions {
		fn.Holders = f.Holders[fn.Name]
		m.Functions = append(m.Functions, fn)
	}
	m.mapping(f)
	m.held(f)
	for _, s := range f.Seeds {
		m.Totals.Seeds[s.Kind]++
		switch {
		case s.Why != "":
			m.Totals.Untested++
		case !s.OK:
			m.Totals.Failed++
		}
	}
	return m
}

// mapping counts what of every system is mapped to a function.
func (m *Model) mapping(f Facts) {
	at := map[string]*System{}
	for i := range m.Systems {
		at[m.Systems[i].Name] = &m.Systems[i]
	}
	for _, n := range f.Named {
		if s := at[n.System]; s != nil {
			s.Named = true
		}
		if n.State != There {
			m.Missing = append(m.Missing, n)
		}
	}
	for _, e := range f.Entitlements {
		s := at[e.System]
		if s == nil {
			continue
		}
		s.All++
		if len(e.Functions) > 0 {
			s.Mapped++
		}
		if !e.Privileged {
			continue
		}
		s.Privileged++
		if len(e.Functions) > 0 {
			s.Covered++
		} else if s.Named || s.Governed {
			m.Bare = append(m.Bare, e)
		}
	}
}

// noFinding is the state of a conflict that the run wrote no finding of.
const noFinding = "no finding"

// held puts the findings to what people hold, and says where the two disagree.
func (m *Model) held(f Facts) {
	type key struct{ conflict, person string }
	found := map[key]access.Finding{}
	for _, x := range f.Findings {
		if x.State != access.Resolved {
			found[key{x.Detail, x.Person}] = x
		}
	}
	persons := map[string]bool{}
	has := map[key]bool{}
	for i := range m.Held {
		h := &m.Held[i]
		h.ID = fmt.Sprintf("C-%05d", i+1) // of nothing but the order: it tells nothing of a person
		k := key{h.Conflict, h.Person}
		has[k], persons[h.Person] = true, true
		h.judge()
		m.Totals.Held++
		m.Totals.Exercised[h.Exercised]++
		x, ok := found[k]
		if !ok {
			h.State = noFinding
			m.Unfound = append(m.Unfound, h.Conflict+" "+h.Person)
			continue
		}
		h.Finding, h.State, h.Severity, h.Since, h.Accepted = x.ID, string(x.State), string(x.Severity), x.FirstSeen, x.Exception
		if x.State == access.Excepted {
			m.Totals.Accepted++
		} else {
			m.Totals.Open++
		}
		m.until(h)
	}
	m.Totals.Persons = len(persons)
	for _, x := range f.Findings {
		if k := (key{x.Detail, x.Person}); x.State != access.Resolved && !has[k] {
			m.Stale = append(m.Stale, x.ID+" "+x.Detail+" "+x.Person)
		}
	}
	for i := range m.Mitigations {
		x := &m.Mitigations[i]
		x.Held = has[key{x.Conflict, x.Person}]
		if x.Expired {
			m.Totals.Expired++
		}
	}
}

// until finds how long the acceptance of a conflict lasts.
func (m *Model) until(h *Held) {
	for _, x := range m.Mitigations {
		if x.ID == h.Accepted && h.Accepted != "" {
			h.Until = &x.Expires
			return
		}
	}
	for _, x := range m.Exceptions {
		if x.ID == h.Accepted && h.Accepted != "" {
			h.Until = &x.Expires
		}
	}
}

// judge says whether a conflict can have been exercised, as far as the last use of accounts shows.
func (h *Held) judge() {
	h.Exercised = Possible
	var systems []string
	for i := range h.Sides {
		s := &h.Sides[i]
		s.Used = usage(s.Uses)
		switch {
		case s.Used == Unused:
			h.Exercised = No
		case s.Used == NotKnown && h.Exercised == Possible:
			h.Exercised = Unknown
		}
		for _, u := range s.Uses {
			systems = append(systems, u.System)
		}
	}
	slices.Sort(systems)
	h.Systems = slices.Compact(systems)
}

// usage judges one side: one account that was used since suffices; that none was must be known of all.
func usage(uses []Use) Usage {
	out := Unused
	for _, u := range uses {
		switch {
		case !u.Since.IsZero() && !u.LastLogin.Before(u.Since):
			return Used
		case u.Never || !u.LastLogin.IsZero() && !u.Since.IsZero() && !u.Oldest:
		default:
			out = NotKnown
		}
	}
	return out
}

// bySystem counts the conflicts by system, a row, and by conflict, a column. One that spans several systems counts in each.
func (m Model) bySystem() (rows, columns []string, counts [][]int) {
	row, column := map[string]int{}, map[string]int{}
	for _, h := range m.Held {
		rows = append(rows, h.Systems...)
	}
	slices.Sort(rows)
	rows = slices.Compact(rows)
	for i, name := range rows {
		row[name] = i
	}
	for i, c := range m.Conflicts {
		column[c.ID], columns = i, append(columns, c.ID)
	}
	counts = make([][]int, len(rows))
	for i := range counts {
		counts[i] = make([]int, len(columns))
	}
	for _, h := range m.Held {
		for _, name := range h.Systems {
			counts[row[name]][column[h.Conflict]]++
		}
	}
	return rows, columns, counts
}
