package store_test

import (
	"fmt"
	"testing"

	"muster/internal/access"
)

// TestEverySnapshotTellsWhatAPersonHad: every complete snapshot tells what it had.
func TestEverySnapshotTellsWhatAPersonHad(t *testing.T) {
	s := open(t)
	person := func(department string) access.Record {
		return access.Person{ID: "W-1", Row: 2, DisplayName: "Maja Lind", Department: department, Status: access.StatusActive, StartDate: at(1)}
	}
	other := access.Person{ID: "W-2", Row: 3, DisplayName: "Kofi Okafor", Status: access.StatusActive}
	load(t, s, "h1", "hr", at(10), other)
	load(t, s, "h2", "hr", at(12), person("Finance"), access.Person{ID: "W-1", Row: 9, Department: "second row"}, other)
	load(t, s, "h3", "hr", at(14), person("Procurement"), other)
	load(t, s, "h4", "hr", at(16), person("Legal"), other)
	past, err := s.PersonHistory(t.Context(), "run-1", "hr", "W-1")
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, p := range past {
		text += fmt.Sprintf("%s %t %s; ", p.Snapshot.ID, p.Known, p.Person.Department)
	}
	if want := "h1 false ; h2 true Finance; h3 true Procurement; h4 true Legal; "; text != want {
		t.Errorf("the past is %q, want %q", text, want)
	}

	account := func(id string, enabled bool) access.Record {
		return access.Account{System: "erp", ID: id, Name: "LOGIN" + id, Enabled: enabled}
	}
	role := access.Entitlement{System: "erp", ID: "r1", Name: "PAY", Kind: "role"}
	load(t, s, "e1", "erp", at(10), account("a1", true), account("a9", true), role, access.Grant{System: "erp", AccountID: "a1", EntitlementID: "r1"},
		access.Grant{System: "erp", AccountID: "a1", EntitlementID: "r1", Path: []string{"G"}}, access.Grant{System: "erp", AccountID: "a9", EntitlementID: "r1"})
	load(t, s, "e2", "erp", at(11), account("a9", true), role)
	load(t, s, "e3", "erp", at(12), account("a1", false), account("a9", true), role, access.Grant{System: "erp", AccountID: "a1", EntitlementID: "gone"})
	was, err := s.AccountHistory(t.Context(), "run-1", "erp", []string{"a1"})
	if err != nil {
		t.Fatal(err)
	}
	text = ""
	for _, one := range was {
		text += fmt.Sprintf("%s %v; ", one.Snapshot.ID, one.Accounts)
	}
	if want := "e1 [{{a1 LOGINa1 } true [{r1 PAY role}]}]; e2 []; e3 [{{a1 LOGINa1 } false [{gone gone }]}]; "; text != want {
		t.Errorf("the past is\n%q, want\n%q", text, want)
	}
}
