package vocabulary

import (
	"strings"
	"testing"
	"time"

	"github.com/google/cel-go/common/types"

	"muster/internal/access"
)

var now = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// full is facts in which nothing is absent.
func full() (*access.PersonFacts, map[string]*access.SystemFacts) {
	p := &access.Person{ID: "W-1", Row: 2, GivenName: "Ana", FamilyName: "Silva", DisplayName: "Ana Silva", Email: "a@acme.example", UPN: "a@acme.example",
		Username: "asilva", Title: "Buyer", Department: "Finance", CostCentre: "100", Company: "Acme", Location: "Porto", EmploymentType: access.Employee,
		Status: access.StatusActive, ManagerID: "W-2", StartDate: now, EndDate: now, Attributes: map[string]string{"site": "HQ"}}
	a := &access.AccountFacts{Account: access.Account{System: "erp", ID: "1", Name: "ASILVA", DisplayName: "Ana", Email: "a@acme.example", UPN: "a@x", EmployeeID: "W-1",
		OwnerRef: "W-1", Kind: access.KindService, Enabled: true, MFA: access.Yes, CreatedAt: now, LastLogin: now, PasswordChangedAt: now, ExpiresAt: now,
		Attributes: map[string]string{"shell": "/bin/sh"}, SourceRef: "row 1"},
		Link: access.Link{Result: access.ServiceOwned, PersonID: "W-1", Key: access.KeyMap, Evidence: []string{"map"}}, PreviousTakenAt: now, Owner: p}
	a.Grants = []access.GrantFacts{{System: "erp", Entitlement: access.Entitlement{System: "erp", ID: "7", Name: "GL", Kind: "role", Description: "ledger", SourceRef: "row 2"},
		Actual: true, Path: []string{"AP"}, Basis: []access.Basis{{Kind: "bundle", Name: "finance"}}}}
	f := &access.PersonFacts{Person: p, Accounts: []*access.AccountFacts{a}, Functions: map[string][]access.EntitlementRef{"pay": {{System: "erp", Name: "GL"}}},
		Quality: access.Quality{ManagerCycle: []string{"W-1"}, DuplicateEmail: []string{"W-3"}}}
	snap := access.Snapshot{ID: "s", State: access.Complete, Reason: "r", Hint: "h", TakenAt: now}
	return f, map[string]*access.SystemFacts{"erp": {Name: "erp", Title: "Ledger", Collector: "csv", Owner: "it@acme.example", Criticality: "high", Tonight: snap, Used: snap}}
}

func stage(t *testing.T, w World, f *access.PersonFacts) *Scene {
	t.Helper()
	v, err := New()
	if err != nil {
		t.Fatal(err)
	}
	s := v.Scene(w)
	s.SetPerson(f)
	return s
}

func object(t *testing.T, s *Scene, name string) *Object {
	t.Helper()
	v, ok := s.ResolveName(name)
	if !ok {
		t.Fatalf("%s is not on stage", name)
	}
	return v.(*Object)
}

func TestEveryFieldIsDocumentedAndReadable(t *testing.T) {
	f, systems := full()
	s := stage(t, World{Now: now, Systems: systems, Conflicts: []Conflict{{ID: "c", Title: "t", Functions: []string{"pay"}, Severity: access.High}}}, f)
	s.SetAccount(f.Accounts[0])
	s.SetGrant(&f.Accounts[0].Grants[0])
	objects := map[string]*Object{"conflict": {kind: s.kinds.conflict, scene: s, conflict: &s.world.Conflicts[0]},
		"snapshot": {kind: s.kinds.snapshot, scene: s, snapshot: &systems["erp"].Tonight},
		"finding": {kind: s.kinds.finding, scene: s, finding: &access.Finding{ID: "F-1", Rule: "creep", Severity: access.High, State: access.Open,
			Change: access.ChangeNew, System: "erp", Subject: "ASILVA", Detail: "GL", FirstSeen: now, LastSeen: now}}}
	for _, name := range Objects() {
		if objects[name] == nil {
			objects[name] = object(t, s, name)
		}
		fields, ok := Fields(name)
		if !ok || len(fields) == 0 {
			t.Fatalf("no table of %s", name)
		}
		for _, field := range fields {
			v, err := objects[name].Field(field.Name)
			if err != nil {
				t.Errorf("%s.%s: %v", name, field.Name, err)
				continue
			}
			if want, got := TypeName(field.Type), v.Type().TypeName(); !strings.Contains(field.Type.TypeName(), got) {
				t.Errorf("%s.%s is declared %s and gives %s", name, field.Name, want, got)
			}
			if Format(v) == "" || field.Doc == "" {
				t.Errorf("%s.%s: value %q, doc %q", name, field.Name, Format(v), field.Doc)
			}
		}
	}
	if _, ok := Fields("profile"); ok {
		t.Error("profile is not an object of its own")
	}
}

func TestWhatIsAbsentCannotBeRead(t *testing.T) {
	f := &access.PersonFacts{Person: &access.Person{ID: "W-1"}, Accounts: []*access.AccountFacts{{PreviousGrants: -1}}}
	s := stage(t, World{Now: now, Systems: map[string]*access.SystemFacts{"": {Name: "x"}}}, f)
	s.SetAccount(f.Accounts[0])
	s.SetGrant(&access.GrantFacts{})
	for _, name := range []string{"person", "account", "entitlement", "system"} {
		fields, _ := Fields(name)
		for _, field := range fields {
			_, err := object(t, s, name).Field(field.Name)
			if (err != nil) != field.Optional {
				t.Errorf("%s.%s: optional is %v, reading says %v", name, field.Name, field.Optional, err)
			}
			set := object(t, s, name).kind.byName[field.Name].IsSet(object(t, s, name))
			if field.Optional && set {
				t.Errorf("has(%s.%s) is true although it is absent", name, field.Name)
			}
		}
	}
	s.SetPerson(&access.PersonFacts{})
	if _, err := object(t, s, "person").Field("id"); err != errNoPerson {
		t.Errorf("reading nobody: %v", err)
	}
	if _, err := object(t, s, "account").Field("id"); err != errNoAccount {
		t.Errorf("reading no account: %v", err)
	}
}

func TestACaseOnStageIsWhatAPolicySees(t *testing.T) {
	f, systems := full()
	s := stage(t, World{}, f)
	c := access.Case{Finding: access.Finding{ID: "F-1", FirstSeen: now.Add(-50 * time.Hour), LastSeen: now}, Person: f.Person, Account: f.Accounts[0],
		Grant: &f.Accounts[0].Grants[0], System: systems["erp"]}
	s.SetCase(&c)
	for _, x := range []struct{ object, field, want string }{{"finding", "age", "3"}, {"person", "id", "W-1"}, {"account", "name", "ASILVA"},
		{"grant", "entitlement", "GL"}, {"grant", "missing", "false"}, {"entitlement", "id", "7"}, {"system", "title", "Ledger"}} {
		if v, err := object(t, s, x.object).Field(x.field); err != nil || Format(v) != x.want {
			t.Errorf("%s.%s is %v, %v; want %s", x.object, x.field, v, err, x.want)
		}
	}
	if _, err := object(t, s, "person").Field("accounts"); err == nil {
		t.Error("a policy sees the accounts of a person, which a case does not have")
	}
	s.SetCase(&access.Case{Grant: c.Grant})
	if v, err := object(t, s, "grant").Field("missing"); err != nil || v != types.True {
		t.Errorf("a grant without an account is missing: %v, %v", v, err)
	}
	s.SetCase(&access.Case{})
	for name, want := range map[string]error{"person": errNoPerson, "account": errNoAccount, "grant": errNoGrant, "entitlement": errNoGrant, "system": errNoSystem} {
		if _, err := object(t, s, name).Field("system"); name != "person" && name != "system" && err != want {
			t.Errorf("reading no %s: %v", name, err)
		}
		if object(t, s, name).kind.nobody(object(t, s, name)) != want {
			t.Errorf("%s is there", name)
		}
	}
}

func TestFormatIsForPeople(t *testing.T) {
	long := make([]string, 12)
	for _, c := range []struct {
		v    any
		want string
	}{
		{types.Timestamp{Time: now}, "2026-11-22T01:00:00Z"}, {types.Timestamp{Time: midnight(now)}, "2026-11-22"},
		{types.Duration{Duration: 48 * time.Hour}, "2d"}, {types.True, "true"}, {types.Int(-4), "-4"}, {types.String("x"), "x"},
		{types.NewStringList(adapter{}, []string{"a", "b"}), "[a, b]"}, {types.NewStringList(adapter{}, long), "[" + strings.Repeat(", ", 10) + "2 more]"},
	} {
		if got := Format(adapter{}.NativeToValue(c.v)); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
