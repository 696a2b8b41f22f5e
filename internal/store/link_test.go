package store_test

import (
	"slices"
	"testing"

	"muster/internal/access"
	"muster/internal/store"
)

// linkWorld is an ERP with every way to be, or not to be, somebody's.
func linkWorld(t *testing.T, s *store.Store) store.World {
	t.Helper()
	hr := load(t, s, "hr-1", "hr", at(22), records(
		access.Person{ID: "W-1", Row: 2, Email: "Ada.Lovelace@acme.example", UPN: "ada@corp.acme.example", Username: "alovelace", Status: access.StatusActive},
		access.Person{ID: "W-2", Row: 3, Email: "straße@acme.example", Username: "İsmail", Status: access.StatusActive},
		access.Person{ID: "W-3", Row: 4, Email: "shared@acme.example", Username: "three", Status: access.StatusActive},
		access.Person{ID: "W-4", Row: 5, Email: "shared@acme.example", Username: "four", Status: access.StatusTerminated},
		access.Person{ID: "W-5", Row: 6, Email: "e@acme.example", Username: "dup", Status: access.StatusActive},
		access.Person{ID: "W-5", Row: 7, Email: "other@acme.example", Username: "dup2", Status: access.StatusActive},
		access.Person{ID: "W-6", Row: 8, Username: `back\slash"quote` + "\n", Status: access.StatusActive},
	)...)
	acc := func(id string, change func(a *access.Account)) access.Account {
		a := access.Account{System: "erp", ID: id, Name: id, Kind: access.KindHuman, Enabled: true}
		change(&a)
		return a
	}
	erp := load(t, s, "erp-1", "erp", at(22), records(
		acc("by-id", func(a *access.Account) { a.EmployeeID = " w-1 " }),
		acc("by-mail", func(a *access.Account) { a.Email = "ADA.LOVELACE@ACME.EXAMPLE" }),
		acc("full-width", func(a *access.Account) { a.UPN = "ａｄａ@corp.acme.example" }),
		acc("sharp-s", func(a *access.Account) { a.Email = "STRASSE@acme.example" }),
		acc("turkish", func(a *access.Account) { a.Name = "i̇smail" }),
		acc("not-turkish", func(a *access.Account) { a.Name = "ismail" }),
		acc("contradiction", func(a *access.Account) { a.EmployeeID, a.Email = "W-1", "e@acme.example" }),
		acc("two-by-mail", func(a *access.Account) { a.Email = "shared@acme.example" }),
		acc("narrowed", func(a *access.Account) { a.Email, a.Name = "shared@acme.example", "FOUR" }),
		acc("id-then-shared", func(a *access.Account) { a.EmployeeID, a.Email = "W-3", "shared@acme.example" }),
		acc("unknown", func(a *access.Account) { a.EmployeeID, a.Email = "W-99", "nobody@acme.example" }),
		acc("nothing", func(a *access.Account) { a.Name = "" }),
		acc("lowest-row", func(a *access.Account) { a.Email = "e@acme.example" }),
		acc("higher-row", func(a *access.Account) { a.Email = "other@acme.example" }),
		acc("mapped", func(a *access.Account) { a.EmployeeID = "W-1" }),
		acc("mapped-name", func(a *access.Account) { a.Name = "Robot Nine" }),
		acc("mapped-gone", func(a *access.Account) { a.EmployeeID = "W-1" }),
		acc("hostile", func(a *access.Account) { a.Name = `BACK\slash"quote` }),
		acc("svc", func(a *access.Account) { a.Kind, a.OwnerRef, a.EmployeeID = access.KindService, "W-2", "W-1" }),
		acc("svc-mail", func(a *access.Account) { a.Kind, a.OwnerRef = access.KindShared, "ada.lovelace@ACME.example" }),
		acc("svc-login", func(a *access.Account) { a.Kind, a.OwnerRef = access.KindBreakGlass, "ALOVELACE" }),
		acc("svc-two", func(a *access.Account) { a.Kind, a.OwnerRef = access.KindService, "shared@acme.example" }),
		acc("svc-none", func(a *access.Account) { a.Kind = access.KindService }),
		acc("svc-mapped", func(a *access.Account) { a.Kind = access.KindService }),
	)...)
	w := worldOf(hr, erp)
	w.Linking.Map = []store.MapEntry{{System: "erp", Account: "mapped", Person: "W-2"}, {System: "erp", Account: "ROBOT nine", Person: "w-3"},
		{System: "erp", Account: "mapped-gone", Person: "W-77"}, {System: "erp", Account: "svc-mapped", Person: "W-1"}, {System: "vpn", Account: "by-id", Person: "W-2"}}
	return w
}

func TestLinkAccounts(t *testing.T) {
	s := open(t)
	w := linkWorld(t, s)
	want := map[string]access.Link{
		"by-id":          {Result: access.Linked, PersonID: "W-1", Key: access.KeyEmployeeID, Evidence: []string{`employee_id "w-1": 1 person`, `username "by-id": 0 persons`}},
		"by-mail":        {Result: access.Linked, PersonID: "W-1", Key: access.KeyEmail},
		"full-width":     {Result: access.Linked, PersonID: "W-1", Key: access.KeyUPN, Evidence: []string{`upn "ada@corp.acme.example": 1 person`, `username "full-width": 0 persons`}},
		"sharp-s":        {Result: access.Linked, PersonID: "W-2", Key: access.KeyEmail},
		"turkish":        {Result: access.Linked, PersonID: "W-2", Key: access.KeyUsername},
		"not-turkish":    {Result: access.Unmatched},
		"contradiction":  {Result: access.Disputed, Key: access.KeyEmail},
		"two-by-mail":    {Result: access.Disputed, Key: access.KeyEmail},
		"narrowed":       {Result: access.Linked, PersonID: "W-4", Key: access.KeyUsername, Evidence: []string{`email "shared@acme.example": 2 persons`, `username "four": 1 person`}},
		"id-then-shared": {Result: access.Linked, PersonID: "W-3", Key: access.KeyEmployeeID},
		"unknown":        {Result: access.Unmatched},
		"nothing":        {Result: access.Unmatched, Evidence: []string{}},
		"lowest-row":     {Result: access.Linked, PersonID: "W-5", Key: access.KeyEmail},
		"higher-row":     {Result: access.Unmatched},
		"mapped":         {Result: access.Linked, PersonID: "W-2", Key: access.KeyMap, Evidence: []string{`map "W-2": 1 person`}},
		"mapped-name":    {Result: access.Linked, PersonID: "W-3", Key: access.KeyMap},
		"mapped-gone":    {Result: access.Unmatched, Key: access.KeyMap, Evidence: []string{`map "W-77": 0 persons`}},
		"hostile":        {Result: access.Linked, PersonID: "W-6", Key: access.KeyUsername, Evidence: []string{`username "back\\slash\"quote": 1 person`}},
		"svc":            {Result: access.ServiceOwned, PersonID: "W-2", Evidence: []string{`owner "w-2": 1 person`}},
		"svc-mail":       {Result: access.ServiceOwned, PersonID: "W-1"},
		"svc-login":      {Result: access.ServiceOwned, PersonID: "W-1"},
		"svc-two":        {Result: access.ServiceOwned, Evidence: []string{`owner "shared@acme.example": 2 persons`}},
		"svc-none":       {Result: access.ServiceOwned, Evidence: []string{}},
		"svc-mapped":     {Result: access.Linked, PersonID: "W-1", Key: access.KeyMap},
	}
	got := linksOf(t, s, w)
	if len(got) != len(want) {
		t.Errorf("%d accounts have links, want %d", len(got), len(want))
	}
	for id, exp := range want {
		t.Run(id, func(t *testing.T) {
			g := got["erp/"+id]
			if g.Result != exp.Result || g.PersonID != exp.PersonID || g.Key != exp.Key {
				t.Errorf("got %s %q by %q, want %s %q by %q; evidence %q", g.Result, g.PersonID, g.Key, exp.Result, exp.PersonID, exp.Key, g.Evidence)
			}
			if exp.Evidence != nil && !slices.Equal(g.Evidence, exp.Evidence) {
				t.Errorf("evidence %q, want %q", g.Evidence, exp.Evidence)
			}
		})
	}
	t.Run("again", func(t *testing.T) {
		counts, err := s.LinkAccounts(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		if n := counts[access.Linked] + counts[access.Unmatched] + counts[access.Disputed] + counts[access.ServiceOwned]; n != int64(len(want)) {
			t.Errorf("%d links after linking twice, want %d: %v", n, len(want), counts)
		}
	})
}

func TestLinkAccountsKeyOrderAndDomains(t *testing.T) {
	s := open(t)
	hr := load(t, s, "hr-1", "hr", at(22), records(
		access.Person{ID: "W-1", Row: 2, Email: "mlind@acme.example", Username: "mlind"},
		access.Person{ID: "W-2", Row: 3, Email: "mlind@corp.example", Username: "other"},
	)...)
	vpn := load(t, s, "vpn-1", "vpn", at(22), records(
		access.Account{System: "vpn", ID: "1", Name: "MLind"},
		access.Account{System: "vpn", ID: "2", Name: "other", EmployeeID: "W-1"},
	)...)
	for name, c := range map[string]struct {
		keys    []access.LinkKey
		domains []string
		want    [2]access.Link
	}{
		"one domain":       {[]access.LinkKey{access.KeyUserDomain}, []string{"ACME.example"}, [2]access.Link{{Result: access.Linked, PersonID: "W-1", Key: access.KeyUserDomain}, {Result: access.Unmatched}}},
		"two domains":      {[]access.LinkKey{access.KeyUserDomain}, []string{"acme.example", "corp.example"}, [2]access.Link{{Result: access.Disputed, Key: access.KeyUserDomain}, {Result: access.Unmatched}}},
		"domains narrowed": {[]access.LinkKey{access.KeyUserDomain, access.KeyUsername}, []string{"acme.example", "corp.example"}, [2]access.Link{{Result: access.Linked, PersonID: "W-1", Key: access.KeyUsername}, {Result: access.Linked, PersonID: "W-2", Key: access.KeyUsername}}},
		"only employee id": {[]access.LinkKey{access.KeyEmployeeID}, nil, [2]access.Link{{Result: access.Unmatched}, {Result: access.Linked, PersonID: "W-1", Key: access.KeyEmployeeID}}},
		"order of dispute": {[]access.LinkKey{access.KeyUsername, access.KeyEmployeeID}, nil, [2]access.Link{{Result: access.Linked, PersonID: "W-1", Key: access.KeyUsername}, {Result: access.Disputed, Key: access.KeyEmployeeID}}},
		"no key":           {nil, nil, [2]access.Link{{Result: access.Unmatched}, {Result: access.Unmatched}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := worldOf(hr, vpn)
			w.Linking = store.LinkSpec{Keys: c.keys, Domains: c.domains}
			got := linksOf(t, s, w)
			for i, id := range []string{"vpn/1", "vpn/2"} {
				if g := got[id]; g.Result != c.want[i].Result || g.PersonID != c.want[i].PersonID || g.Key != c.want[i].Key {
					t.Errorf("%s: got %+v, want %+v", id, g, c.want[i])
				}
			}
		})
	}
	t.Run("unknown key", func(t *testing.T) {
		w := worldOf(hr, vpn)
		w.Linking.Keys = []access.LinkKey{"shoe size"}
		if _, err := s.LinkAccounts(t.Context(), w); access.KindOf(err) != access.Invalid {
			t.Errorf("got %v, want an invalid one", err)
		}
	})
	t.Run("no hr snapshot", func(t *testing.T) {
		w := worldOf(access.Snapshot{}, vpn)
		for id, l := range linksOf(t, s, w) {
			if l.Result != access.Unmatched {
				t.Errorf("%s is %s", id, l.Result)
			}
		}
	})
}
