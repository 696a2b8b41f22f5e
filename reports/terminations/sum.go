package terminations

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"muster/reports/frame"
)

// Sum works out the model.
func Sum(f Facts) Model {
	m := Model{Period: f.Period, System: f.System, Run: f.Run, AsOf: f.AsOf, Leavers: []Leaver{}, Systems: []SystemSum{}, HR: source(f.HR, f.Period.From)}
	systems := map[string]System{}
	for _, s := range f.Systems {
		systems[s.Name] = s
	}
	actions := map[[2]string][]Action{}
	for _, a := range f.Actions {
		key := [2]string{a.System, a.Account}
		actions[key] = append(actions[key], a)
	}
	for _, p := range f.Persons {
		for _, one := range leavings(p, f.HR, f.AsOf) {
			l := leaver(p, one, f.HR)
			if !within(l, f.Period) {
				if l.Ends.Before(f.Period.From) && l.Before == nil {
					m.Earlier++
				}
				continue
			}
			for _, a := range f.Accounts[p.ID] {
				if s, ok := systems[a.System]; ok && (f.System == "" || f.System == a.System) && !a.later(l, s.History) {
					l.Accounts = append(l.Accounts, judge(l, a, s, actions[[2]string{a.System, a.ID}], f))
				}
			}
			slices.SortFunc(l.Accounts, func(a, b AccountEnd) int {
				return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Account, b.Account))
			})
			m.Leavers = append(m.Leavers, l)
		}
	}
	slices.SortFunc(m.Leavers, func(a, b Leaver) int { return cmp.Or(a.Ends.Compare(b.Ends), cmp.Compare(a.Person, b.Person)) })
	m.number()
	m.count(f)
	return m
}

// number gives the rows their ids. They are made of nothing but the order, so that they tell nothing of a person when the pack carries pseudonyms.
func (m *Model) number() {
	n := 0
	for i := range m.Leavers {
		l := &m.Leavers[i]
		l.ID = fmt.Sprintf("L-%05d", i+1)
		for j := range l.Accounts {
			n++
			l.Accounts[j].ID = fmt.Sprintf("T-%05d", n)
		}
	}
}

// Concerns reports whether the report would have a worker. Of all others nothing besides what HR says is needed.
func (f Facts) Concerns(p Person) bool {
	for _, one := range leavings(p, f.HR, f.AsOf) {
		if within(leaver(p, one, f.HR), f.Period) {
			return true
		}
	}
	return false
}

// later reports whether an account was made only when the person worked again.
func (a Account) later(l Leaver, h History) bool {
	return l.Rehired != nil && len(a.Seen) > 0 && !h.Usable[a.Seen[0]].At.Before(l.Rehired.Start)
}

// within reports whether a leaving belongs to the report: the last day lies in the period; or HR showed it in the period, and it ended before, so that no earlier report
// had it. Whom HR's first snapshot shows as having left long ago has nothing to do with the period.
func within(l Leaver, p frame.Period) bool {
	if !l.LastDay.IsZero() && p.Has(l.LastDay) || l.LastDay.IsZero() && p.Has(l.Ends) {
		return true
	}
	return l.Before != nil && p.Has(l.Shown.At) && l.Shown.At.After(l.Ends)
}

func source(h History, from time.Time) Source {
	s := Source{Usable: len(h.Usable), Lost: len(h.Lost), Missed: []Snapshot{}}
	if n := len(h.Usable); n > 0 {
		s.First, s.Last = &h.Usable[0], &h.Usable[n-1]
	}
	for _, m := range h.Missed {
		if !m.At.Before(from) {
			s.Missed = append(s.Missed, m)
		}
	}
	return s
}

// count adds everything up.
func (m *Model) count(f Facts) {
	t := &m.Totals
	verdicts, causes, kinds := map[Verdict]int{}, map[Cause]int{}, map[Kind]int{}
	bySystem := map[string]*SystemSum{}
	for _, s := range f.Systems {
		if f.System != "" && s.Name != f.System {
			continue
		}
		m.Systems = append(m.Systems, SystemSum{Name: s.Name, Title: s.Title, Owner: s.Owner, SLA: seconds(s.SLA), Verdicts: map[Verdict]int{}, Source: source(s.History, f.Period.From)})
	}
	for i := range m.Systems {
		bySystem[m.Systems[i].Name] = &m.Systems[i]
	}
	for _, l := range m.Leavers {
		t.Leavers++
		kinds[l.Kind]++
		if l.Late {
			t.LateHR++
		}
		if l.Rehired != nil {
			t.Rehired++
		}
		if len(l.Accounts) == 0 {
			t.NoAccount++
		}
		for _, a := range l.Accounts {
			s := bySystem[a.System]
			t.Accounts++
			s.Accounts++
			verdicts[a.Verdict]++
			s.Verdicts[a.Verdict]++
			if a.Cause != "" {
				causes[a.Cause]++
			}
			if a.How == "usable" && l.Rehired == nil {
				t.On++
				s.On++
			}
			if a.Told {
				t.LoginsTold++
			}
			if a.Login != nil {
				t.Logins++
				s.Logins++
			}
		}
	}
	for _, v := range Verdicts() {
		t.ByVerdict = append(t.ByVerdict, Count{string(v), verdicts[v]})
	}
	for _, k := range []Kind{EmployeeLeft, ContractEnded, InternLeft, Dropped, OtherLeft} {
		t.ByKind = append(t.ByKind, Count{string(k), kinds[k]})
	}
	t.ByCause = []Count{}
	for c, n := range causes {
		t.ByCause = append(t.ByCause, Count{string(c), n})
	}
	slices.SortFunc(t.ByCause, func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.What, b.What)) })
}

// Of is the number of accounts with a verdict.
func (t Totals) Of(v Verdict) int {
	for _, c := range t.ByVerdict {
		if c.What == string(v) {
			return c.N
		}
	}
	return 0
}

// over is how many accounts can be judged: their time is over, or they were unusable before.
func (t Totals) over() int { return t.Accounts - t.Of(Running) - t.Of(NoSLA) - t.Of(HiredAgain) }
