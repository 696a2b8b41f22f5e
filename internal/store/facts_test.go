package store_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/store"
)

// office is a small world: HR, a directory with an older snapshot, and an ERP.
func office(t *testing.T, s *store.Store) store.World {
	t.Helper()
	hr := load(t, s, "hr-1", "hr", at(22), records(
		access.Person{ID: "W-2", Row: 3, GivenName: "Bo", Email: "b@acme.example", Department: "Sales", Status: access.StatusActive, ManagerID: "W-1", EmploymentType: access.Employee},
		access.Person{ID: "W-1", Row: 2, GivenName: "Ada", FamilyName: "Lind", DisplayName: "Ada Lind", Email: "a@acme.example", UPN: "ada@corp", Username: "ada", Title: "CFO",
			Department: "Finance", CostCentre: "100", Company: "Acme", Location: "Oslo", EmploymentType: access.Employee, Status: access.StatusTerminated,
			StartDate: time.Date(1899, 5, 1, 0, 0, 0, 0, time.UTC), EndDate: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Attributes: map[string]string{"badge": "7", "empty": ""}},
		access.Person{ID: "W-3", Row: 4, Email: "B@acme.example", Department: "Sales", Status: access.StatusLeave, ManagerID: "W-9"},
		access.Person{ID: "W-3", Row: 9, Email: "zzz@acme.example", Department: "Law", Status: access.StatusActive},
		access.Person{ID: "W-4", Row: 5, Email: "a@acme.example", Department: "Sales", Status: access.StatusActive, ManagerID: "W-2", EmploymentType: access.Employee},
	)...)
	before := load(t, s, "dir-0", "directory", at(15), records[access.Record](
		access.Account{System: "directory", ID: "u1", Name: "ada", EmployeeID: "W-1"},
		access.Account{System: "directory", ID: "u2", Name: "bo", EmployeeID: "W-2"},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g1", Effective: true},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g1", Path: []string{"x"}, Effective: true},
	)...)
	dir := load(t, s, "dir-1", "directory", at(22), records[access.Record](
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g2", Path: []string{"b", "c"}, Effective: false},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g2", Path: []string{"b", "a"}, Effective: true, AdminOption: true},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g2", Path: []string{"long", "way", "round"}},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g2", Path: []string{"b", "c"}},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "g1", Effective: true},
		access.Grant{System: "directory", AccountID: "u1", EntitlementID: "unlisted", ExpiresAt: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)},
		access.Grant{System: "directory", AccountID: "u5", EntitlementID: "g2", Effective: true},
		access.Account{System: "directory", ID: "u1", Name: "ada", DisplayName: "Ada", Email: "a@acme.example", UPN: "ada@corp", EmployeeID: "W-1", OwnerRef: "x", Kind: access.KindHuman, Enabled: true,
			Locked: true, Privileged: true, MFA: access.Yes, CreatedAt: at(1), LastLogin: at(2), NeverLoggedIn: true, PasswordChangedAt: at(3),
			ExpiresAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), Attributes: map[string]string{"k": "v"}, SourceRef: "row 2"},
		access.Account{System: "directory", ID: "u2", Name: "bo", EmployeeID: "W-2", MFA: access.No},
		access.Account{System: "directory", ID: "u3", Name: "nobody", Kind: access.KindHuman},
		access.Account{System: "directory", ID: "u5", Name: "svc-x", Kind: access.KindService, OwnerRef: "W-1"},
		access.Account{System: "directory", ID: "u6", Name: "new", EmployeeID: "W-2"},
		access.Entitlement{System: "directory", ID: "g1", Name: "zeta", Kind: "group"},
		access.Entitlement{System: "directory", ID: "g2", Name: "admins", Kind: "group", Privileged: true, Description: "all", SourceRef: "cn=admins"},
	)...)
	erp := load(t, s, "erp-1", "erp", at(22), records[access.Record](
		access.Account{System: "erp", ID: "9", Name: "ALIND", EmployeeID: "w-1"},
		access.Account{System: "erp", ID: "10", Name: "BO", EmployeeID: "w-2"},
		access.Account{System: "erp", ID: "8", Name: "nn", Kind: access.KindHuman},
	)...)
	w := worldOf(hr, dir, erp)
	w.Systems[0].Previous = before
	w.Systems = append(w.Systems, store.SystemWorld{System: "vpn"})
	if _, err := s.LinkAccounts(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestFacts(t *testing.T) {
	s := open(t)
	w := office(t, s)
	all := factsOf(t, s, w, store.FactsQuery{})
	var order []string
	for _, f := range all {
		line := "-:"
		if f.Person != nil {
			line = f.Person.ID + ":"
		}
		for _, a := range f.Accounts {
			line += " " + a.System + "/" + a.ID
		}
		order = append(order, line)
	}
	want := []string{"W-1: directory/u1 erp/9", "W-2: directory/u2 directory/u6 erp/10", "W-3:", "W-4:", "-: directory/u3", "-: directory/u5", "-: erp/8"}
	if !slices.Equal(order, want) {
		t.Fatalf("order\n%q\nwant\n%q", order, want)
	}
	ada, bo := all[0], all[1]
	t.Run("person", func(t *testing.T) {
		want := access.Person{ID: "W-1", Row: 2, GivenName: "Ada", FamilyName: "Lind", DisplayName: "Ada Lind", Email: "a@acme.example", UPN: "ada@corp", Username: "ada", Title: "CFO",
			Department: "Finance", CostCentre: "100", Company: "Acme", Location: "Oslo", EmploymentType: access.Employee, Status: access.StatusTerminated,
			StartDate: time.Date(1899, 5, 1, 0, 0, 0, 0, time.UTC), EndDate: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Attributes: map[string]string{"badge": "7", "empty": ""}}
		if !reflect.DeepEqual(*ada.Person, want) {
			t.Errorf("got %+v\nwant %+v", *ada.Person, want)
		}
	})
	t.Run("account", func(t *testing.T) {
		a := ada.Accounts[0]
		want := access.Account{System: "directory", ID: "u1", Name: "ada", DisplayName: "Ada", Email: "a@acme.example", UPN: "ada@corp", EmployeeID: "W-1", OwnerRef: "x", Kind: access.KindHuman, Enabled: true,
			Locked: true, Privileged: true, MFA: access.Yes, CreatedAt: at(1), LastLogin: at(2), NeverLoggedIn: true, PasswordChangedAt: at(3),
			ExpiresAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), Attributes: map[string]string{"k": "v"}, SourceRef: "row 2"}
		if !reflect.DeepEqual(a.Account, want) {
			t.Errorf("got %+v\nwant %+v", a.Account, want)
		}
		if a.SnapshotID != "dir-1" || !a.SnapshotTakenAt.Equal(at(22)) || !a.PreviousTakenAt.Equal(at(15)) || a.PreviousGrants != 1 || !a.PrivilegedEffective {
			t.Errorf("got %+v", a)
		}
	})
	t.Run("grants", func(t *testing.T) {
		want := []access.GrantFacts{
			{System: "directory", Entitlement: access.Entitlement{System: "directory", ID: "g2", Name: "admins", Kind: "group", Privileged: true, Description: "all", SourceRef: "cn=admins"},
				Actual: true, Effective: true, AdminOption: true, Path: []string{"b", "a"}, Paths: 3},
			{System: "directory", Entitlement: access.Entitlement{System: "directory", ID: "unlisted", Name: "unlisted"}, Actual: true, Direct: true, Paths: 1},
			{System: "directory", Entitlement: access.Entitlement{System: "directory", ID: "g1", Name: "zeta", Kind: "group"}, Actual: true, Effective: true, Direct: true, Paths: 1},
		}
		if !reflect.DeepEqual(ada.Accounts[0].Grants, want) {
			t.Errorf("got %+v\nwant %+v", ada.Accounts[0].Grants, want)
		}
	})
	t.Run("previous", func(t *testing.T) {
		if a := bo.Accounts[0]; a.PreviousGrants != 0 || a.MFA != access.No {
			t.Errorf("u2 held nothing before: %d", a.PreviousGrants)
		}
		if a := bo.Accounts[1]; a.PreviousGrants != -1 {
			t.Errorf("u6 did not exist before: %d", a.PreviousGrants)
		}
		if a := bo.Accounts[2]; a.PreviousGrants != -1 || !a.PreviousTakenAt.IsZero() {
			t.Errorf("erp has no snapshot before: %d", a.PreviousGrants)
		}
	})
}

func TestFactsQualityAndOwner(t *testing.T) {
	s := open(t)
	all := factsOf(t, s, office(t, s), store.FactsQuery{})
	three, four := all[2], all[3]
	t.Run("quality", func(t *testing.T) {
		for i, want := range []access.Quality{
			{},
			{ManagerTerminated: true, DuplicateEmail: []string{"W-3"}},
			{ManagerUnknown: true, DuplicateID: 1, DuplicateEmail: []string{"W-2"}},
			{},
		} {
			if !reflect.DeepEqual(all[i].Quality, want) {
				t.Errorf("%s: %+v, want %+v", all[i].Person.ID, all[i].Quality, want)
			}
		}
		if three.Person.Department != "Sales" || four.Person.ID != "W-4" {
			t.Errorf("the lowest row of W-3 must win: %+v", three.Person)
		}
	})
	t.Run("owner", func(t *testing.T) {
		a := all[5].Accounts[0]
		if a.Link.Result != access.ServiceOwned || a.Owner == nil || a.Owner.ID != "W-1" || a.Owner.Status != access.StatusTerminated || !a.PrivilegedEffective {
			t.Errorf("got %+v, owner %+v", a.Link, a.Owner)
		}
		if all[4].Accounts[0].Owner != nil {
			t.Error("an unmatched account has an owner")
		}
	})
}

func TestFactsOfOne(t *testing.T) {
	s := open(t)
	w := office(t, s)
	for name, c := range map[string]struct {
		query store.FactsQuery
		want  string
	}{
		"person":            {store.FactsQuery{Person: "W-2"}, "[W-2 3]"},
		"person without":    {store.FactsQuery{Person: "W-3"}, "[W-3 0]"},
		"nobody":            {store.FactsQuery{Person: "W-99"}, "[]"},
		"account of person": {store.FactsQuery{System: "erp", Account: "9"}, "[W-1 2]"},
		"account of nobody": {store.FactsQuery{System: "directory", Account: "u5"}, "[- 1]"},
		"no such account":   {store.FactsQuery{System: "erp", Account: "u5"}, "[]"},
		"another's account": {store.FactsQuery{Person: "W-2", System: "erp", Account: "9"}, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range factsOf(t, s, w, c.query) {
				id := "-"
				if f.Person != nil {
					id = f.Person.ID
				}
				got = append(got, fmt.Sprint(id, " ", len(f.Accounts)))
			}
			if fmt.Sprint(got) != c.want {
				t.Errorf("got %v, want %s", got, c.want)
			}
		})
	}
	t.Run("find", func(t *testing.T) {
		for text, want := range map[string]string{"w-1": "[W-1]", "A@ACME.example": "[W-1 W-4]", "ADA": "[W-1]", "ada lind": "[W-1]", "nobody": "[]", "": "[]"} {
			got, err := s.FindPersons(t.Context(), w, text)
			if err != nil || fmt.Sprint(got) != want {
				t.Errorf("%q: got %v, want %s (%v)", text, got, want, err)
			}
		}
	})
}

func TestProfiles(t *testing.T) {
	s := open(t)
	w := office(t, s)
	fields := []string{"department", "status", "end_date", "attributes.badge", "attributes.empty"}
	byID := map[uint64]access.Person{}
	if err := s.Profiles(t.Context(), w, fields, func(id uint64, p access.Person) error {
		byID[id] = p
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(byID) != 3 {
		t.Fatalf("%d profiles, want 3 (W-2 and W-4 share one): %+v", len(byID), byID)
	}
	seen := map[string]access.Person{}
	err := s.Facts(t.Context(), w, store.FactsQuery{Profile: fields}, func(f *access.PersonFacts, profile uint64) error {
		if f.Person != nil {
			p, ok := byID[profile]
			if !ok {
				t.Errorf("%s has the unknown profile %d", f.Person.ID, profile)
			}
			seen[f.Person.ID] = p
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := access.Person{Department: "Finance", Status: access.StatusTerminated, EndDate: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Attributes: map[string]string{"badge": "7", "empty": ""}}
	if !reflect.DeepEqual(seen["W-1"], want) {
		t.Errorf("got %+v, want %+v", seen["W-1"], want)
	}
	if !reflect.DeepEqual(seen["W-2"], access.Person{Department: "Sales", Status: access.StatusActive}) || !reflect.DeepEqual(seen["W-2"], seen["W-4"]) {
		t.Errorf("got %+v and %+v", seen["W-2"], seen["W-4"])
	}
	t.Run("every field", func(t *testing.T) {
		all := []string{"id", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre", "company", "location",
			"employment_type", "status", "manager_id", "start_date", "end_date", "attributes.badge", "attributes.empty"}
		persons := map[string]access.Person{}
		if err := s.Profiles(t.Context(), w, all, func(_ uint64, p access.Person) error {
			persons[p.ID] = p
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, f := range factsOf(t, s, w, store.FactsQuery{}) {
			if f.Person == nil {
				continue
			}
			want := *f.Person
			want.Row = 0
			if !reflect.DeepEqual(persons[want.ID], want) {
				t.Errorf("got %+v\nwant %+v", persons[want.ID], want)
			}
		}
	})
	t.Run("unknown field", func(t *testing.T) {
		err := s.Profiles(t.Context(), w, []string{"shoe_size"}, func(uint64, access.Person) error { return nil })
		if access.KindOf(err) != access.Invalid {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no field", func(t *testing.T) {
		n := 0
		err := s.Profiles(t.Context(), w, nil, func(uint64, access.Person) error { n++; return nil })
		if err != nil || n != 1 {
			t.Errorf("%d profiles, want one for all (%v)", n, err)
		}
	})
}

func TestManagersAndEntitlements(t *testing.T) {
	s := open(t)
	w := office(t, s)
	var got []string
	if err := s.Managers(t.Context(), w, func(id, manager string, status access.Status) error {
		got = append(got, id+">"+manager+" "+string(status))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"W-1> terminated", "W-2>W-1 active", "W-3>W-9 leave", "W-4>W-2 active"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = nil
	if err := s.Entitlements(t.Context(), w, func(e access.Entitlement) error {
		got = append(got, e.System+"/"+e.ID+"/"+e.Name)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"directory/g1/zeta", "directory/g2/admins"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGrantsSince(t *testing.T) {
	s := open(t)
	holds := access.Grant{System: "vpn", AccountID: "a", EntitlementID: "e", Effective: true}
	also := access.Grant{System: "vpn", AccountID: "a", EntitlementID: "e", Path: []string{"p"}}
	other := access.Grant{System: "vpn", AccountID: "a", EntitlementID: "f"}
	load(t, s, "1", "vpn", at(1), holds)
	load(t, s, "2", "vpn", at(2), other)
	load(t, s, "3", "vpn", at(3), holds, also)
	load(t, s, "4", "vpn", at(4), other)
	if err := s.SetSnapshotState(t.Context(), "4", access.Held, "lost rows"); err != nil {
		t.Fatal(err)
	}
	load(t, s, "5", "vpn", at(5), holds)
	e, f := store.GrantRef{Account: "a", Entitlement: "e"}, store.GrantRef{Account: "a", Entitlement: "f"}
	since, err := s.GrantsSince(t.Context(), "vpn", []store.GrantRef{e, f, {Account: "f", Entitlement: "a"}})
	if want := map[store.GrantRef]time.Time{e: at(3)}; err != nil || !reflect.DeepEqual(since, want) {
		t.Errorf("got %v %v, want %v: the newest complete snapshot does not hold f", since, err, want)
	}
	if none, err := s.GrantsSince(t.Context(), "vpn", nil); err != nil || len(none) > 0 {
		t.Errorf("nothing asked gave %v %v", none, err)
	}
}

// TestFactsInChunks: however small the pieces in which accounts are read, the stream is the same.
func TestFactsInChunks(t *testing.T) {
	s := open(t)
	var people, accounts []access.Record
	for i := range 300 {
		people = append(people, access.Person{ID: fmt.Sprintf("W-%03d", i), Row: int64(i)})
		for j := range 1 + i%3 {
			a := access.Account{System: "erp", ID: fmt.Sprintf("a%03d-%d", (i*7)%300, j), Name: "n", EmployeeID: fmt.Sprintf("W-%03d", i)}
			if i%10 == 9 {
				a.EmployeeID = ""
			}
			accounts = append(accounts, a, access.Grant{System: "erp", AccountID: a.ID, EntitlementID: fmt.Sprint("e", i%7), Effective: true})
		}
	}
	w := worldOf(load(t, s, "hr", "hr", at(22), people...), load(t, s, "erp", "erp", at(22), accounts...))
	if _, err := s.LinkAccounts(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	whole := factsOf(t, s, w, store.FactsQuery{})
	if len(whole) < 330 {
		t.Fatalf("only %d facts", len(whole))
	}
	for _, size := range []int{60, 250, 539} {
		if got := factsOf(t, s, w, store.FactsQuery{Chunk: size}); !reflect.DeepEqual(got, whole) {
			t.Errorf("chunks of %d give other facts: %d, want %d", size, len(got), len(whole))
		}
	}
	t.Run("stop early", func(t *testing.T) {
		enough := fmt.Errorf("enough")
		n := 0
		err := s.Facts(t.Context(), w, store.FactsQuery{Chunk: 10}, func(*access.PersonFacts, uint64) error {
			if n++; n == 50 {
				return enough
			}
			return nil
		})
		if err != enough || n != 50 {
			t.Errorf("got %v after %d", err, n)
		}
	})
}
