package terminations

import (
	"slices"
	"testing"
	"time"

	"muster/internal/access"
)

func active(at int, start time.Time) PersonChange {
	return PersonChange{At: at, Status: access.StatusActive, Start: start}
}

func TestARehireIsALeavingAndNothingAfterItIsHeldAgainstThem(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.person("W-1", "Amara Diallo", terminated(9, 9), active(20, lastDay(20)))
	w.account("W-1", "a1", 31, AccountChange{At: 10, LastLogin: night(1)}, AccountChange{At: 21, Enabled: true, LastLogin: night(20).Add(8 * time.Hour)})
	l, a := w.one()
	if l.Rehired == nil || !l.Rehired.Start.Equal(lastDay(20)) || a.Verdict != InTime || a.Login != nil || a.How != "disabled" {
		t.Errorf("%+v\n%+v", l, a)
	}
	// An account that was made when they worked again has nothing to do with the leaving.
	w.account("W-1", "a2", 31)
	w.Accounts["W-1"][1].Seen = w.Systems[0].History.from(20, 30)
	if _, a := w.one(); a.Account != "a1" {
		t.Errorf("%+v", a)
	}
	w.Accounts["W-1"] = w.Accounts["W-1"][:1]
	// Left again under the same id: two leavings.
	w.Persons[0].Changes = append(w.Persons[0].Changes, PersonChange{At: w.HR.place(26), Status: access.StatusTerminated, End: lastDay(25), Type: access.Employee})
	if m := Sum(w.Facts); len(m.Leavers) != 2 || m.Leavers[1].Accounts[0].Verdict != StillOpen || m.Totals.Rehired != 1 {
		t.Errorf("%+v", m.Leavers)
	}
}

// TestSomeoneHiredAgainIsNotWaitedFor: erp was not read between the last day and the first one, which came before the time was over.
func TestSomeoneHiredAgainIsNotWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		erpBut []int
		again  PersonChange
		want   Verdict
	}{
		"the account was not read":                   {[]int{10, 11, 12}, active(11, lastDay(10).Add(12*time.Hour)), HiredAgain},
		"the account was read":                       {nil, active(11, lastDay(10).Add(12*time.Hour)), HiredAgain},
		"the account was not read, and it took long": {[]int{10, 11, 12, 13, 14, 15}, active(14, lastDay(14)), NotKnown},
	} {
		w := newWorld(t, nil, tt.erpBut)
		w.person("W-1", "Amara Diallo", terminated(9, 9), tt.again)
		w.account("W-1", "a1", 31)
		if l, a := w.one(); l.Rehired == nil || a.Verdict != tt.want || tt.want == HiredAgain && (a.Why != "" || a.Cause != "") {
			t.Errorf("%s: %+v\n%+v", name, l, a)
		}
	}
}

func TestALateEntryIsHRs(t *testing.T) {
	w := newWorld(t, []int{12, 13}, nil)
	w.person("W-1", "Amara Diallo", terminated(14, 9))
	w.account("W-1", "a1", 31)
	l, a := w.one()
	if !l.Late || l.LateLeast != int64((25*time.Hour).Seconds()) || l.LateMost != int64((97*time.Hour).Seconds()) || l.MissedHR != 2 || !l.Clock.Equal(night(14)) || !a.Due.Equal(night(15)) {
		t.Errorf("%+v\n%+v", l, a)
	}
	// The last day lies before the period, but no report before this one can have had it.
	w.Period.From = lastDay(12)
	if m := Sum(w.Facts); len(m.Leavers) != 1 {
		t.Errorf("the late entry is in no report: %+v", m)
	}
	w.Period.From = lastDay(20)
	if m := Sum(w.Facts); len(m.Leavers) != 0 {
		t.Errorf("it is in a report of another time: %+v", m.Leavers)
	}
}

func TestIncompleteSnapshotsProveNothing(t *testing.T) {
	w := newWorld(t, nil, []int{11})
	w.person("W-1", "Amara Diallo", terminated(9, 9))
	w.account("W-1", "a1", 12)
	// The snapshot of the 12th lacks the account, and something of it was rejected.
	at := w.Systems[0].History.place(12)
	w.Systems[0].History.Usable[at].Whole = false
	if _, a := w.one(); a.Off == nil || a.Off.ID != "S-erp-0913" || a.On.ID != "S-erp-0910" {
		t.Errorf("%+v", a)
	}
	// HR's list of the 12th lacks a worker, and is not whole: they are missed first on the 13th.
	w.Persons = []Person{{ID: "W-2", Name: "Mei Tanaka", Seen: w.HR.from(1, 11), Changes: []PersonChange{{Status: access.StatusActive, Type: access.Employee}}}}
	w.HR.Usable[w.HR.place(12)].Whole = false
	if m := Sum(w.Facts); len(m.Leavers) != 1 || m.Leavers[0].Kind != Dropped || m.Leavers[0].Shown.ID != "S-hr-0913" || !m.Leavers[0].Ends.Equal(night(13)) {
		t.Errorf("%+v", m.Leavers)
	}
	// The same when HR had given a last day that is still ahead.
	w.Persons[0].Changes[0].End = time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	if m := Sum(w.Facts); len(m.Leavers) != 1 || m.Leavers[0].Kind != Dropped || !m.Leavers[0].LastDay.IsZero() || !m.Leavers[0].Ends.Equal(night(13)) {
		t.Errorf("%+v", m.Leavers)
	}
}

func TestExpiredFactsAreUnknownAndNeverAbsent(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.person("W-1", "Amara Diallo", terminated(9, 9))
	w.account("W-1", "a1", 12)
	expire := func(h *History, before int) {
		n := h.place(before)
		h.Lost, h.Usable = h.Usable[:n], h.Usable[n:]
	}
	expire(&w.Systems[0].History, 20)
	w.Accounts["W-1"][0].Seen = nil
	if _, a := w.one(); a.Verdict != NotKnown || a.Cause != CauseExpired || a.FromEnd != nil {
		t.Errorf("%+v", a)
	}
	// Of HR too: when it showed the leaving is unknown, and the time runs from the end.
	expire(&w.HR, 20)
	w.Persons[0].Seen, w.Persons[0].Changes = w.HR.from(1, 30), []PersonChange{{Status: access.StatusTerminated, Type: access.Employee, End: lastDay(9)}}
	if l, _ := w.one(); !l.Unknown || l.Late || l.Before != nil || !l.Clock.Equal(lastDay(10)) {
		t.Errorf("%+v", l)
	}
	// Without anything that has expired, it is the beginning of the records that hides it.
	w.Systems[0].History.Lost = nil
	if _, a := w.one(); a.Verdict != NotKnown || a.Cause != CauseBefore || a.FromClock != nil {
		t.Errorf("%+v", a)
	}
	// HR gives no last day, and its first snapshot shows the leaving: that the account was unusable before proves nothing.
	w.Persons[0].Changes[0].End = time.Time{}
	w.Systems[0].History.Usable = append([]Snapshot{snap("erp", 19)}, w.Systems[0].History.Usable...)
	if l, a := w.one(); !l.Unknown || a.Verdict != NotKnown || a.FromClock != nil {
		t.Errorf("%+v\n%+v", l, a)
	}
	w.Persons[0].Changes[0].End = lastDay(9)
	w.Period.From = lastDay(15)
	if m := Sum(w.Facts); len(m.Leavers) != 0 || m.Earlier != 1 {
		t.Errorf("who had left before HR was first read is in the population: %+v", m)
	}
}

func TestLastDaysThatMoveAreOneLeaving(t *testing.T) {
	for name, tt := range map[string]struct {
		changes []PersonChange
		want    []time.Time
	}{
		"announced, then moved before it came": {[]PersonChange{{At: 3, Status: access.StatusActive, End: lastDay(9)}, {At: 5, Status: access.StatusActive, End: lastDay(20)}}, []time.Time{lastDay(20)}},
		"announced, then taken back":           {[]PersonChange{{At: 3, Status: access.StatusActive, End: lastDay(9)}, active(5, time.Time{})}, nil},
		"corrected afterwards":                 {[]PersonChange{terminated(10, 9), terminated(12, 8)}, []time.Time{lastDay(8)}},
		"terminated first, dated later":        {[]PersonChange{{At: 10, Status: access.StatusTerminated}, terminated(12, 9)}, []time.Time{lastDay(9)}},
		"closed by HR afterwards":              {[]PersonChange{{At: 3, Status: access.StatusActive, End: lastDay(9)}, terminated(12, 9)}, []time.Time{lastDay(9)}},
		"still ahead":                          {[]PersonChange{{At: 3, Status: access.StatusActive, End: time.Date(2026, 10, 5, 0, 0, 0, 0, time.UTC)}}, nil},
	} {
		w := newWorld(t, nil, nil)
		w.person("W-1", "Amara Diallo", tt.changes...)
		var days []time.Time
		for _, l := range Sum(w.Facts).Leavers {
			days = append(days, l.LastDay)
		}
		if !slices.Equal(days, tt.want) {
			t.Errorf("%s: %v, want %v", name, days, tt.want)
		}
	}
}

func TestUseAfterTheLastDayIsFound(t *testing.T) {
	w := newWorld(t, nil, nil)
	w.person("W-1", "Amara Diallo", terminated(9, 9))
	w.account("W-1", "a1", 31, AccountChange{At: 10, Enabled: true, LastLogin: lastDay(10).Add(-time.Second)}, AccountChange{At: 12, Enabled: true, LastLogin: lastDay(11).Add(9 * time.Hour)}, AccountChange{At: 13, LastLogin: lastDay(11).Add(9 * time.Hour)},
		AccountChange{At: 20, Enabled: true, LastLogin: lastDay(11).Add(9 * time.Hour)}, AccountChange{At: 22, LastLogin: lastDay(11).Add(9 * time.Hour)})
	_, a := w.one()
	if a.Login == nil || !a.Login.At.Equal(lastDay(11).Add(9*time.Hour)) || a.Login.Shown.ID != "S-erp-0912" || !a.Told {
		t.Errorf("login %+v", a.Login)
	}
	if !a.Again || a.Off.ID != "S-erp-0922" || a.Verdict != Breach {
		t.Errorf("it was usable again: %+v", a)
	}
	w = newWorld(t, nil, nil)
	w.person("W-1", "Amara Diallo", terminated(9, 9))
	w.account("W-1", "a1", 31)
	w.Accounts["W-1"][0].Changes[0].LastLogin = time.Time{}
	if _, a := w.one(); a.Told || a.Login != nil {
		t.Errorf("%+v", a)
	}
}
