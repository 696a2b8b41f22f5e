package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"muster/internal/access"
	"muster/internal/store"
)

func leaver(id string, status access.Status, end time.Time) access.Person {
	return access.Person{ID: id, Row: 2, DisplayName: "Name of " + id, Department: "Sales", Status: status, EmploymentType: access.Employee, EndDate: end}
}

func TestHistoriesNameOnlyWhatChangedAndWhatWasSeen(t *testing.T) {
	s, ctx := open(t), t.Context()
	end := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	var hr, erp []string
	for i, people := range [][]access.Record{
		{leaver("W-1", access.StatusActive, time.Time{}), leaver("W-2", access.StatusActive, time.Time{}), leaver("W-3", access.StatusActive, time.Time{})},
		{leaver("W-1", access.StatusActive, time.Time{}), leaver("W-2", access.StatusActive, time.Time{}), leaver("W-3", access.StatusActive, time.Time{})},
		{leaver("W-1", access.StatusTerminated, end), leaver("W-3", access.StatusActive, time.Time{})},
		{leaver("W-1", access.StatusActive, time.Time{}), leaver("W-3", access.StatusActive, time.Time{})},
	} {
		hr = append(hr, load(t, s, "hr-"+string(rune('0'+i)), "hr", at(19+i), people...).ID)
	}
	login := at(19).Add(7 * time.Hour)
	account := func(id string, enabled bool) access.Account {
		return access.Account{System: "erp", ID: id, Name: "LOGIN" + id, EmployeeID: "W-1", Enabled: enabled, LastLogin: login}
	}
	for i, list := range [][]access.Record{{account("a1", true)}, {account("a1", true)}, {account("a1", false)}, {account("a9", true)}} {
		erp = append(erp, load(t, s, "erp-"+string(rune('0'+i)), "erp", at(19+i), list...).ID)
	}
	var people []store.PersonPast
	if err := s.Leaving(ctx, hr, at(23), func(p store.PersonPast) error { people = append(people, p); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(people) != 2 || people[0].ID != "W-1" || people[0].Name != "Name of W-1" || people[1].ID != "W-2" || !reflect.DeepEqual(people[1].Seen, []int{0, 1}) {
		t.Fatalf("%+v", people)
	}
	if c := people[0].Changes; len(c) != 3 || c[0].At != 0 || c[1].At != 2 || c[1].Status != access.StatusTerminated || !c[1].End.Equal(end) || c[2].At != 3 || !c[2].End.IsZero() {
		t.Errorf("the changes of W-1: %+v", c)
	}
	var accounts []store.AccountPast
	if err := s.AccountsPast(ctx, erp, []string{"a1"}, func(a store.AccountPast) error { accounts = append(accounts, a); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(accounts) != 1 || accounts[0].Name != "LOGINa1" || !reflect.DeepEqual(accounts[0].Seen, []int{0, 1, 2}) || len(accounts[0].Changes) != 2 || accounts[0].Changes[1].At != 2 ||
		accounts[0].Changes[1].Enabled || !accounts[0].Changes[0].LastLogin.Equal(login) {
		t.Errorf("accounts %+v", accounts)
	}
	kept, err := s.Kept(ctx, access.ClassAccount, append(erp, "erp-gone"))
	if err != nil || len(kept) != 4 || kept["erp-gone"] {
		t.Errorf("kept %v: %v", kept, err)
	}
	w := worldOf(access.Snapshot{ID: hr[1], System: "hr"}, access.Snapshot{ID: erp[1], System: "erp"})
	if _, err := s.LinkAccounts(ctx, w); err != nil {
		t.Fatal(err)
	}
	var links []store.LinkPast
	if err := s.LinksPast(ctx, []string{"run-0", "run-1"}, []string{"W-1", "W-2"}, func(l store.LinkPast) error { links = append(links, l); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []store.LinkPast{{Person: "W-1", System: "erp", Account: "a1", Key: access.KeyEmployeeID, First: 1, Last: 1}}; !reflect.DeepEqual(links, want) {
		t.Errorf("links %+v, want %+v", links, want)
	}
}

func TestSnapshotsWhoseFactsExpiredAreNotKept(t *testing.T) {
	o := options(t)
	s := reopen(t, o)
	for _, id := range []string{"erp-0", "erp-1"} {
		load(t, s, id, "erp", at(19), access.Account{System: "erp", ID: "a1", Name: "a1"}, access.Account{System: "erp", ID: "a2", Name: "a2"})
	}
	load(t, s, "erp-2", "erp", at(20)) // read whole, and empty: it is kept
	conn, err := clickhouse.Open(&clickhouse.Options{DialContext: o.Dial, Auth: clickhouse.Auth{Username: o.User, Password: o.Password, Database: o.Database}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Exec(t.Context(), "ALTER TABLE accounts DELETE WHERE snapshot_id = 'erp-0' AND id = 'a1' SETTINGS mutations_sync = 2"); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Kept(t.Context(), access.ClassAccount, []string{"erp-0", "erp-1", "erp-2"})
	if err != nil || len(kept) != 2 || kept["erp-0"] {
		t.Errorf("kept %v: %v", kept, err)
	}
	if _, err := s.Kept(t.Context(), access.ClassGrant, []string{"erp-0"}); access.KindOf(err) != access.Internal {
		t.Errorf("a class without a history: %v", err)
	}
}

func TestWhatWasReadAfterARunIsNotOfItsTime(t *testing.T) {
	s, ctx := open(t), t.Context()
	load(t, s, "erp-0", "erp", at(19), access.Account{System: "erp", ID: "a1", Name: "a1", Enabled: true})
	if err := s.SaveRun(ctx, access.Run{ID: "run-1", State: access.RunCompleted, AsOf: at(19)}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	load(t, s, "erp-1", "erp", at(20), access.Account{System: "erp", ID: "a1", Name: "a1", Enabled: true})
	all, err := s.SnapshotsUntil(ctx, "run-1", "erp")
	if err != nil || len(all) != 1 || all[0].ID != "erp-0" {
		t.Errorf("%+v: %v", all, err)
	}
}
