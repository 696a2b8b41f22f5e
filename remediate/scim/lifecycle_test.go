package scim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/testserver/scimmy"
	"muster/remediate"
)

// apply looks and applies, as the executor does, and gives what the inverse would be.
func apply(t *testing.T, tg remediate.Target, a access.Action) (access.Receipt, access.Action) {
	t.Helper()
	obs, err := tg.Inspect(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	a.Before = &obs
	receipt, err := tg.Apply(context.Background(), a)
	if err != nil {
		t.Fatal(err)
	}
	if !receipt.After.Shows(a) {
		t.Fatalf("not to be seen afterwards: %+v", receipt)
	}
	inverse, ok := remediate.Inverse(a, obs)
	if !ok {
		t.Fatal("no inverse")
	}
	return receipt, inverse
}

func storeOf(t *testing.T, s *scimmy.Server) (users, groups map[string]m) {
	t.Helper()
	text, err := s.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var d map[string][]m
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	users, groups = map[string]m{}, map[string]m{}
	for _, u := range d["Users"] {
		users[u["userName"].(string)] = u
	}
	for _, g := range d["Groups"] {
		groups[g["id"].(string)] = g
	}
	return users, groups
}

func asText(v any) string {
	text, _ := json.MarshalIndent(v, "", " ")
	return string(text)
}

func TestCreatesWhatTheCollectorLinks(t *testing.T) {
	s := startServer(t, scimmy.Options{})
	base := misbehaveNot(t, strings.TrimSuffix(s.URL(), "/scim/v2"))
	tg := target(t, nil, "extra: {userType: Employee, '"+muster+":mfa': 'false', nickName: '{employee_id} {department}'}",
		"url: "+base+"/scim/v2\ntoken: {env: SCIM_TEST_TOKEN}\nattributes: {employee_id: preferredLanguage}")
	receipt, _ := apply(t, tg, access.Action{ID: "A-1", Kind: access.CreateAccount, Account: access.AccountRef{Name: "nina"}, Attributes: nina})
	users, _ := storeOf(t, s)
	got := users["nina"]
	if receipt.After.AccountID != got["id"] || receipt.Said != "201 Created" || !receipt.After.Enabled {
		t.Errorf("receipt %+v", receipt)
	}
	delete(got, "id")
	delete(got, "meta")
	want := m{"userName": "nina", "externalId": "W-9", "displayName": "Nina Simonsen", "name": m{"givenName": "Nina", "familyName": "Simonsen"}, "active": true,
		"emails": []m{{"value": "nina@acme.example", "type": "work", "primary": true}}, "title": "Analyst", "userType": "Employee", "nickName": "W-9 Risk", "preferredLanguage": "W-9",
		enterprise: m{"employeeNumber": "W-9", "department": "Risk"}, muster: m{"mfa": false}}
	if asText(got) != asText(want) {
		t.Errorf("created\n%s\nwant\n%s", asText(got), asText(want))
	}
}

func TestCreatesNobodyTwice(t *testing.T) {
	s := startServer(t, scimmy.Options{})
	base := misbehaveNot(t, strings.TrimSuffix(s.URL(), "/scim/v2"))
	tg := target(t, nil, "", "url: "+base+"/scim/v2\ntoken: {env: SCIM_TEST_TOKEN}")
	for _, c := range []struct {
		name, user, employee string
		outcome              access.Outcome
		kind                 access.Kind
	}{
		{"his name in other case", "ADA", "W-1", access.OutcomeAlready, ""},
		{"his externalId under another name", "ada.byron", "W-1", access.OutcomeAlready, ""},
		{"a name of which nothing else is known", "bob", "W-7", access.OutcomeAlready, ""},
		{"another person's name", "ada", "W-7", "", access.Conflict},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := access.Action{ID: "A-1", Kind: access.CreateAccount, Account: access.AccountRef{Name: c.user},
				Attributes: map[string]string{access.AttrUserName: c.user, access.AttrEmployeeID: c.employee}}
			r, err := tg.Apply(context.Background(), a)
			if access.KindOf(err) != c.kind || r.Outcome != c.outcome {
				t.Errorf("outcome %q, %v", r.Outcome, err)
			}
			if users, _ := storeOf(t, s); len(users) != 3 {
				t.Errorf("%d users, want 3", len(users))
			}
		})
	}
}

// TestDeletedIsBroughtBack wants all but the id, and the group that is gone meanwhile said.
func TestDeletedIsBroughtBack(t *testing.T) {
	s := startServer(t, scimmy.Options{})
	base := misbehaveNot(t, strings.TrimSuffix(s.URL(), "/scim/v2"))
	tg := target(t, nil, "", "url: "+base+"/scim/v2\ntoken: {env: SCIM_TEST_TOKEN}")
	was, wasGroups := storeOf(t, s)
	_, inverse := apply(t, tg, access.Action{ID: "A-1", Kind: access.DeleteAccount, Account: ada})
	if strings.Contains(string(inverse.Restore), "password") || !strings.Contains(string(inverse.Restore), "W-1") {
		t.Errorf("restore %s", inverse.Restore)
	}
	if now, groups := storeOf(t, s); now["ada"] != nil || strings.Contains(asText(groups), `"u-1"`) {
		t.Fatal("it is still there")
	}
	inverse.ID = "A-2"
	receipt, _ := apply(t, tg, inverse)
	now, groups := storeOf(t, s)
	id := now["ada"]["id"].(string)
	if id == "u-1" || receipt.After.AccountID != id {
		t.Errorf("id %s, receipt %+v", id, receipt)
	}
	for _, u := range []m{was["ada"], now["ada"]} {
		delete(u, "id")
		delete(u, "meta")
	}
	if asText(now["ada"]) != asText(was["ada"]) {
		t.Errorf("now\n%s\nwas\n%s", asText(now["ada"]), asText(was["ada"]))
	}
	if got, want := strings.ReplaceAll(asText(groups), id, "u-1"), asText(wasGroups); !sameLines(got, want) {
		t.Errorf("groups now\n%s\nwere\n%s", got, want)
	}
}

func sameLines(a, b string) bool {
	count := map[string]int{}
	for line := range strings.Lines(a) {
		count[strings.TrimRight(line, ",\n")]++
	}
	for line := range strings.Lines(b) {
		count[strings.TrimRight(line, ",\n")]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

// TestHalfCreatedIsNotDone breaks a creation off after each write and wants the next look not to take it for done.
func TestHalfCreatedIsNotDone(t *testing.T) {
	back := configured(func(s *strict) { s.noTell = true })()
	writes, failAt := 0, 0
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	tg := before(t, back, func(r *http.Request) {
		if r.Method != http.MethodGet {
			if writes++; writes == failAt {
				cancel()
			}
		}
	})
	_, inverse := apply(t, tg, access.Action{ID: "A-1", Kind: access.DeleteAccount, Account: ada})
	writes, failAt = 0, 2 // the first writes the user, the second the first group
	if _, err := tg.Apply(ctx, inverse); err == nil {
		t.Fatal("it was not broken off")
	}
	failAt = 0
	obs, err := tg.Inspect(context.Background(), inverse)
	if err != nil || obs.Shows(inverse) || obs.AccountID != "" {
		t.Fatalf("half of it passes for all: %+v, %v", obs, err)
	}
	receipt, _ := apply(t, tg, inverse)
	if !strings.HasPrefix(receipt.Said, "it was begun before; again in ") {
		t.Errorf("said %q", receipt.Said)
	}
	if g2, g3 := memberNames(back, "g-2"), memberNames(back, "g-3"); len(g2) != 3 || g2[1] != "made-1" || len(g3) != 2 || g3[1] != "made-1" || len(back.users) != 3 {
		t.Errorf("members %v and %v, %d users", g2, g3, len(back.users))
	}
}

// TestGroupThatIsGoneIsSaid deletes a group between the deletion of an account and its undoing.
func TestGroupThatIsGoneIsSaid(t *testing.T) {
	back := newStrict()
	tg := before(t, back, nil)
	_, inverse := apply(t, tg, access.Action{ID: "A-1", Kind: access.DeleteAccount, Account: ada})
	back.groups = back.groups[:2]
	if receipt, _ := apply(t, tg, inverse); receipt.Said != "201 Created; again in staff; no longer there: finance" {
		t.Errorf("said %q", receipt.Said)
	}
}
