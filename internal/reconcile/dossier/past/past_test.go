package past

import (
	"fmt"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
	"muster/reports/person"
)

func night(n int) time.Time { return time.Date(2026, 9, n, 1, 0, 0, 0, time.UTC) }

// snapshot is complete; rejected rows of the class were tolerated.
func snapshot(n int, class access.Class, rejected int64) access.Snapshot {
	s := access.Snapshot{ID: fmt.Sprintf("S-%02d", n), RunID: fmt.Sprintf("R-%02d", n), TakenAt: night(n), State: access.Complete}
	s.Coverage.Classes = []access.ClassCoverage{{Class: class, Rejected: rejected, State: access.Complete}}
	return s
}

// TestARejectedRowOfHRIsNoLeaving: the snapshot of the 2nd lacks the person, and so does that of the 4th, which is whole.
func TestARejectedRowOfHRIsNoLeaving(t *testing.T) {
	maja := access.Person{ID: "W-1", Status: access.StatusActive}
	all := []store.PersonAt{{Snapshot: snapshot(1, access.ClassPerson, 0), Known: true, Person: maja}, {Snapshot: snapshot(2, access.ClassPerson, 1)}, {Snapshot: snapshot(3, access.ClassPerson, 2), Known: true, Person: maja},
		{Snapshot: snapshot(4, access.ClassPerson, 0)}}
	got := Persons(all)
	if len(got) != 3 || got[1].Snapshot.ID != "S-03" || got[2].Snapshot.ID != "S-04" || got[2].Known || all[1].Snapshot.ID != "S-02" {
		t.Errorf("%+v", got)
	}
}

func TestARejectedRowOfAnAccountEndsNothing(t *testing.T) {
	pay, audit := access.HeldRef{ID: "pay", Name: "PAY"}, access.HeldRef{ID: "audit", Name: "AUDIT"}
	there := func(s access.Snapshot, held ...access.HeldRef) store.AccountsAt {
		return store.AccountsAt{Snapshot: s, Accounts: []store.AccountThen{{Account: access.AccountRef{ID: "a0"}}, {Account: access.AccountRef{ID: "a1"}, Held: held}}}
	}
	all := []store.AccountsAt{{Snapshot: snapshot(1, access.ClassAccount, 1)}, there(snapshot(2, access.ClassAccount, 0), pay), {Snapshot: snapshot(3, access.ClassAccount, 1)}, there(snapshot(4, access.ClassAccount, 0), pay, audit),
		there(snapshot(5, access.ClassGrant, 1), pay), there(snapshot(6, access.ClassAccount, 2), pay, audit), there(snapshot(7, access.ClassAccount, 0), pay)}
	then := Account(all, "a1")
	if since, atFirst, ok := person.Present(then); !ok || !since.Equal(night(2)) || !atFirst {
		t.Errorf("present since %s, %t, %t", since, atFirst, ok)
	}
	list := person.Stretches(then)
	if len(list) != 2 || list[0].Entitlement != pay || !list[0].From.Equal(night(2)) || !list[0].Until.IsZero() || list[1].Entitlement != audit || !list[1].From.Equal(night(4)) || !list[1].Until.Equal(night(7)) {
		t.Errorf("%+v", list)
	}
	// A whole snapshot that lacks the account ends both.
	then = Account(append(all, store.AccountsAt{Snapshot: snapshot(8, access.ClassAccount, 0)}), "a1")
	if list = person.Stretches(then); !list[0].Until.Equal(night(8)) {
		t.Errorf("%+v", list)
	}
}
