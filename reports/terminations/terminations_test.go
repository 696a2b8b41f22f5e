package terminations

import (
	"testing"
	"time"

	"muster/internal/access"
	"muster/reports/frame"
)

// night is the moment of the nth night of September 2026; the period is that month.
func night(n int) time.Time { return time.Date(2026, 9, n, 1, 0, 0, 0, time.UTC) }

func lastDay(n int) time.Time { return time.Date(2026, 9, n, 0, 0, 0, 0, time.UTC) }

func snap(system string, n int) Snapshot {
	return Snapshot{ID: "S-" + system + "-" + night(n).Format("0102"), Run: "R-" + night(n).Format("0102"), At: night(n), State: access.Complete, Whole: true}
}

// history is a source that was read whole every night from the first on but for those that are named.
func history(system string, but ...int) History {
	var h History
	out := map[int]bool{}
	for _, n := range but {
		out[n] = true
	}
	for n := 1; n <= 30; n++ {
		s := snap(system, n)
		if out[n] {
			s.State, s.Reason = access.Partial, "page 3 of 6: 503 after 5 tries"
			h.Missed = append(h.Missed, s)
			continue
		}
		h.Usable = append(h.Usable, s)
	}
	return h
}

// from lists the places of the usable snapshots of some nights.
func (h History) from(first, last int) (out []int) {
	for i, s := range h.Usable {
		if !s.At.Before(night(first)) && !s.At.After(night(last)) {
			out = append(out, i)
		}
	}
	return out
}

// place finds the first usable snapshot of a night or after it.
func (h History) place(n int) int { return h.from(n, 30)[0] }

// world is one leaver with one account in erp, which allows 24 hours.
type world struct {
	Facts
	t testing.TB
}

func newWorld(t testing.TB, hrBut, erpBut []int) *world {
	w := &world{t: t, Facts: Facts{Period: frame.Period{From: lastDay(1), To: lastDay(30)}, Run: "R-0930", AsOf: night(30), HR: history("hr", hrBut...), Policies: 1,
		Systems: []System{{Name: "erp", Title: "ERP", Owner: "finance-it@example.com", SLA: 24 * time.Hour, History: history("erp", erpBut...)}}, Accounts: map[string][]Account{}}}
	return w
}

// person works until the change.
func (w *world) person(id, name string, changes ...PersonChange) {
	first := PersonChange{Status: access.StatusActive, Type: access.Employee, Start: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}
	for i := range changes {
		changes[i].At = w.HR.place(changes[i].At)
		if changes[i].Type == "" {
			changes[i].Type = access.Employee
		}
	}
	w.Persons = append(w.Persons, Person{ID: id, Name: name, Department: "Sales", Seen: w.HR.from(1, 30), Changes: append([]PersonChange{first}, changes...)})
}

// account is used from the first night on and is gone from a night on; 31 is never.
func (w *world) account(person, id string, goneOn int, changes ...AccountChange) {
	h := w.Systems[0].History
	list := []AccountChange{{Enabled: true, LastLogin: night(1)}}
	for _, c := range changes {
		c.At = h.place(c.At)
		list = append(list, c)
	}
	w.Accounts[person] = append(w.Accounts[person], Account{System: "erp", ID: id, Name: "login-" + id, Key: access.KeyEmployeeID, First: "R-0901", Last: "R-0930", Seen: h.from(1, goneOn-1), Changes: list})
}

func (w *world) one() (Leaver, AccountEnd) {
	w.t.Helper()
	m := Sum(w.Facts)
	if len(m.Leavers) != 1 || len(m.Leavers[0].Accounts) != 1 {
		w.t.Fatalf("%+v", m.Leavers)
	}
	return m.Leavers[0], m.Leavers[0].Accounts[0]
}

func terminated(at, day int) PersonChange {
	return PersonChange{At: at, Status: access.StatusTerminated, End: lastDay(day)}
}

func TestVerdictsAndCauses(t *testing.T) {
	off := func(at int) AccountChange { return AccountChange{At: at, LastLogin: night(1)} }
	action := func(done time.Time, states ...ActionState) Action {
		return Action{ID: "A-1", Kind: access.DisableAccount, System: "erp", Account: "a1", States: states, Done: done}
	}
	for name, tt := range map[string]struct {
		hrBut, erpBut []int
		leaves        PersonChange
		gone          int
		changes       []AccountChange
		actions       []Action
		noPolicy      bool
		verdict       Verdict
		cause         Cause
	}{
		"disabled before the end":                {leaves: terminated(9, 9), gone: 31, changes: []AccountChange{off(9)}, verdict: InTime},
		"gone in the first night":                {leaves: terminated(9, 9), gone: 10, verdict: InTime},
		"between two nights, nothing confirmed":  {leaves: terminated(9, 9), gone: 11, verdict: Unsure, cause: CauseNights},
		"between two nights, confirmed in time":  {leaves: terminated(9, 9), gone: 11, actions: []Action{action(night(10).Add(time.Hour))}, verdict: InTime},
		"between two nights, confirmed late":     {leaves: terminated(9, 9), gone: 11, actions: []Action{action(night(11).Add(-time.Minute), ActionState{At: night(10), State: "planned"})}, verdict: Breach, cause: CausePlanned},
		"late, waited for approval":              {leaves: terminated(9, 9), gone: 14, actions: []Action{action(time.Time{}, ActionState{night(10), "waiting", "2 of 3 said yes"}, ActionState{night(13), "planned", ""})}, verdict: Breach, cause: CauseApproval},
		"late, held":                             {leaves: terminated(9, 9), gone: 14, actions: []Action{action(time.Time{}, ActionState{night(10), "held", "saas shrank"})}, verdict: Breach, cause: CauseHeld},
		"late, failed":                           {leaves: terminated(9, 9), gone: 14, actions: []Action{action(time.Time{}, ActionState{night(10), "planned", ""}, ActionState{night(10).Add(time.Hour), "failed", "403"})}, verdict: Breach, cause: CauseFailed},
		"late, no policy":                        {leaves: terminated(9, 9), gone: 31, noPolicy: true, verdict: StillOpen, cause: CausePolicy},
		"late, nothing on record":                {leaves: terminated(9, 9), gone: 31, verdict: StillOpen, cause: CauseUnknown},
		"late, planned only afterwards":          {leaves: terminated(9, 9), gone: 14, actions: []Action{action(time.Time{}, ActionState{night(12), "waiting", ""})}, verdict: Breach, cause: CauseApproval},
		"the system was not read":                {leaves: terminated(9, 9), erpBut: []int{10, 11, 12}, gone: 13, verdict: Unsure, cause: CauseSource},
		"HR entered it late, removed at once":    {leaves: terminated(15, 9), gone: 15, verdict: LateByHR, cause: CauseHR},
		"HR late, removed the night after":       {leaves: terminated(15, 9), gone: 16, verdict: LateByHR, cause: CauseHR},
		"HR not read, removed the night after":   {leaves: terminated(13, 9), hrBut: []int{10, 11, 12}, gone: 14, verdict: LateByHR, cause: CauseSource},
		"HR between two nights":                  {leaves: terminated(10, 9), gone: 11, verdict: LateByHR, cause: CauseNights},
		"left yesterday":                         {leaves: terminated(29, 29), gone: 31, verdict: Running},
		"a contract that ended, HR says active":  {leaves: PersonChange{At: 5, Status: access.StatusActive, Type: access.Contractor, End: lastDay(9)}, gone: 31, verdict: StillOpen, cause: CauseUnknown},
		"a last day that HR gave before it came": {leaves: PersonChange{At: 5, Status: access.StatusActive, End: lastDay(9)}, gone: 10, verdict: InTime},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, tt.hrBut, tt.erpBut)
			w.person("W-1", "Amara Diallo", tt.leaves)
			w.account("W-1", "a1", tt.gone, tt.changes...)
			w.Actions = tt.actions
			if tt.noPolicy {
				w.Policies = 0
			}
			l, a := w.one()
			if a.Verdict != tt.verdict || a.Cause != tt.cause {
				t.Errorf("%s, %q (%s), want %s, %q\n%+v\n%+v", a.Verdict, a.Cause, a.Why, tt.verdict, tt.cause, l, a)
			}
		})
	}
}
