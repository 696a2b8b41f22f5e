package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/collectors/scim"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/testserver/front"
	"muster/internal/testserver/scimmy"
)

const (
	secret     = "t0ken/of+the test"
	muster     = "urn:ietf:params:scim:schemas:extension:muster:2.0:User"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	listID     = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

type m = map[string]any

// users and groups are the fixture: a disabled user, one that never logged in, roles and entitlements, groups in groups with
// a cycle, a member twice, a member that nobody is.
func users() []m {
	return []m{
		{"id": "u-1", "userName": "ada", "displayName": "Ada Byron", "active": true, "userType": "Employee",
			"emails":   []m{{"value": "ada@home.example", "type": "home"}, {"value": "ada@acme.example", "type": "work"}},
			"meta":     m{"resourceType": "User", "created": "2024-01-02T03:04:05Z"},
			enterprise: m{"employeeNumber": "W-1", "department": "Finance", "manager": m{"value": "u-2"}},
			muster:     m{"lastLogin": "2026-11-01T02:03:04Z", "mfa": true},
			"roles":    []m{{"value": "admin"}}, "entitlements": []m{{"value": "seat"}}},
		{"id": "u-2", "userName": "bob", "name": m{"givenName": "Bob", "familyName": "Ross"}, "active": false,
			"emails": []m{{"value": "b@acme.example"}, {"value": "bob@acme.example", "primary": true}}, muster: m{"mfa": false}},
		{"id": "u-3", "userName": "çelik", "active": true, "roles": []m{{"value": "admin"}, {"value": "staff"}}},
		{"id": "u-4", "userName": "dee", "active": true},
		{"id": "u-5", "userName": "eve", "active": true},
	}
}

func groups() []m {
	return []m{
		{"id": "g-1", "displayName": "all", "members": []m{{"value": "g-2", "type": "Group"}, {"value": "u-4", "type": "User"}}},
		{"id": "g-2", "displayName": "staff", "members": []m{{"value": "u-1"}, {"value": "u-1"}, {"value": "g-3"}}},
		{"id": "g-3", "displayName": "finance", "members": []m{{"value": "u-3", "type": "User"}, {"value": "g-1", "type": "Group"}, {"value": "gone", "type": "User"}}},
		{"id": "g-4", "displayName": "all"},
	}
}

func want() []access.Record {
	at := func(s string) time.Time {
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			panic(err)
		}
		return t
	}
	account := func(id, name string, a access.Account) access.Record {
		a.ID, a.Name, a.Kind, a.SourceRef = id, name, access.KindHuman, "/Users/"+id
		return a
	}
	grant := func(a, e string, path ...string) access.Record {
		return access.Grant{AccountID: a, EntitlementID: e, Path: path, Effective: true}
	}
	return []access.Record{
		account("u-1", "ada", access.Account{DisplayName: "Ada Byron", Email: "ada@acme.example", EmployeeID: "W-1", Enabled: true, MFA: access.Yes,
			CreatedAt: at("2024-01-02T03:04:05Z"), LastLogin: at("2026-11-01T02:03:04Z"),
			Attributes: map[string]string{"user_type": "Employee", "department": "Finance", "manager": "u-2"}}),
		account("u-2", "bob", access.Account{DisplayName: "Bob Ross", Email: "bob@acme.example", MFA: access.No, NeverLoggedIn: true}),
		account("u-3", "çelik", access.Account{Enabled: true}),
		account("u-4", "dee", access.Account{Enabled: true}),
		account("u-5", "eve", access.Account{Enabled: true}),
		access.Entitlement{ID: "g-1", Kind: "group", Name: "all [g-1]", SourceRef: "/Groups/g-1"},
		access.Entitlement{ID: "g-2", Kind: "group", Name: "staff", SourceRef: "/Groups/g-2"},
		access.Entitlement{ID: "g-3", Kind: "group", Name: "finance", Privileged: true, SourceRef: "/Groups/g-3"},
		access.Entitlement{ID: "g-4", Kind: "group", Name: "all [g-4]", SourceRef: "/Groups/g-4"},
		access.Entitlement{ID: "role:admin", Kind: "role", Name: "role:admin", Privileged: true, SourceRef: "role:admin"},
		access.Entitlement{ID: "role:staff", Kind: "role", Name: "role:staff", SourceRef: "role:staff"},
		access.Entitlement{ID: "entitlement:seat", Kind: "permission", Name: "entitlement:seat", SourceRef: "entitlement:seat"},
		grant("u-1", "role:admin"), grant("u-1", "entitlement:seat"), grant("u-3", "role:admin"), grant("u-3", "role:staff"),
		grant("u-4", "g-1"), grant("u-1", "g-2"), grant("u-3", "g-3"),
		grant("u-1", "g-1", "staff"), grant("u-1", "g-3", "staff", "all [g-1]"),
		grant("u-3", "g-2", "finance"), grant("u-3", "g-1", "finance", "staff"),
		grant("u-4", "g-3", "all [g-1]"), grant("u-4", "g-2", "all [g-1]", "finance"),
		access.Rejection{Of: access.ClassGrant, Ref: "/Groups/g-3", Reason: `member "gone" is no user of this server`},
	}
}

// writeDump writes the fixture as a dump.
func writeDump(t testing.TB, reversed bool) string {
	t.Helper()
	dir := t.TempDir()
	for name, list := range map[string][]m{"Users.json": users(), "Groups.json": groups()} {
		if reversed {
			slices.Reverse(list)
			for _, g := range list {
				if members, ok := g["members"].([]m); ok {
					slices.Reverse(members)
				}
			}
		}
		data, err := json.Marshal(m{"schemas": []string{listID}, "totalResults": len(list), "Resources": list})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// collector makes one from YAML settings.
func collector(t testing.TB, s collectortest.Scenario, yaml string) collectors.Collector {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	c, err := scim.New(collectors.Spec{System: "crm", Settings: doc.Root(), Now: time.Now, Log: s.Log})
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

const common = `
privileged: [fin*, ADMIN]
attributes:
  last_login: "` + muster + `:lastLogin"
  mfa: "` + muster + `:mfa"
`

func live(base string, s collectortest.Scenario) string {
	text := fmt.Sprintf("url: %s\ntoken: {env: SCIM_TEST_TOKEN}\ntries: 3\nbackoff: 1ms\n%s", base, common)
	if s.PageSize > 0 {
		text += fmt.Sprintf("page_size: %d\n", s.PageSize)
	}
	return text
}

// harness puts a faulty front before two SCIMMY servers, the second with everything in another order.
type harness struct {
	servers [2]*scimmy.Server
}

// Open stands up the front.
func (h *harness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	back := h.servers[0]
	if s.Reversed {
		back = h.servers[1]
	}
	f := &front.Handler{To: strings.TrimSuffix(back.URL(), "/scim/v2"), Token: secret, Back: "back"}
	f.Before = func(w http.ResponseWriter, r *http.Request, n int) bool {
		codes := map[collectortest.Fault]int{collectortest.Unauthorised: 401, collectortest.Forbidden: 403, collectortest.Throttled: 429, collectortest.Unavailable: 503}
		code := codes[s.Fault]
		if code == 0 || s.Once && n > 1 {
			return false
		}
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d","detail":"no: %s"}`, code, r.Header.Get("Authorization"))
		return true
	}
	f.After = func(r *http.Request, a *front.Answer) front.Ending {
		switch list := strings.HasSuffix(r.URL.Path, "/Users"); {
		case list && s.Fault == collectortest.Truncated:
			a.Body = truncated(t, r, a.Body)
		case list && s.Fault == collectortest.Dropped:
			return front.Cut
		case list && s.Text != "":
			a.Body = bytes.ReplaceAll(a.Body, []byte("Ada Byron"), []byte(s.Text))
		}
		return front.Whole
	}
	base, stop := front.Start(f)
	t.Cleanup(stop)
	return collectortest.Source{Collector: collector(t, s, live(base+"/scim/v2", s)), Requests: func() []collectortest.Request {
		var list []collectortest.Request
		for _, r := range f.Asked() {
			list = append(list, collectortest.Request{Verb: r.Method, Text: r.URL})
		}
		return list
	}}
}

// truncated leaves two users on the first page and none on the others.
func truncated(t testing.TB, r *http.Request, body []byte) []byte {
	var v m
	if err := json.Unmarshal(body, &v); err != nil {
		t.Error(err)
		return body
	}
	if items := v["Resources"].([]any); r.URL.Query().Get("startIndex") == "1" {
		v["Resources"] = items[:2]
	} else {
		v["Resources"] = []any{}
	}
	body, _ = json.Marshal(v)
	return body
}

func startServer(t *testing.T, reversed bool) *scimmy.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	s, err := scimmy.Start(ctx, scimmy.Options{Dump: writeDump(t, reversed), Token: "back"})
	if errors.Is(err, scimmy.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("no SCIM server here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformanceLive(t *testing.T) {
	t.Setenv("SCIM_TEST_TOKEN", secret)
	h := &harness{servers: [2]*scimmy.Server{startServer(t, false), startServer(t, true)}}
	collectortest.Run(t, h, collectortest.Suite{Want: want(), Text: "Ada Byron", Secret: secret, Reasons: map[collectortest.Fault]string{
		collectortest.Truncated: "page 2 is empty: the source says 5 and gave 2",
		collectortest.Dropped:   "page 1: the connection ended early: unexpected EOF after 3 tries",
	}})
}

// dumpHarness reads the same fixture from files.
type dumpHarness struct{}

// Open writes a dump.
func (dumpHarness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	dir := writeDump(t, s.Reversed)
	if s.Fault == collectortest.Truncated {
		file := filepath.Join(dir, "Users.json")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data[:len(data)*2/3], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if s.Text != "" {
		file := filepath.Join(dir, "Users.json")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, bytes.ReplaceAll(data, []byte("Ada Byron"), []byte(s.Text)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return collectortest.Source{Collector: collector(t, s, "dump: "+dir+"\n"+common)}
}

func TestConformanceDump(t *testing.T) {
	const files = "a dump is files"
	collectortest.Run(t, dumpHarness{}, collectortest.Suite{Want: want(), Text: "Ada Byron", Reasons: map[collectortest.Fault]string{
		collectortest.Truncated: "the answer is cut off after",
	}, Cannot: collectortest.Capabilities{Paging: files, Requests: files, Secret: files + " and has no secret",
		Faults: map[collectortest.Fault]string{collectortest.Unauthorised: files, collectortest.Throttled: files, collectortest.Unavailable: files,
			collectortest.Dropped: files, collectortest.Forbidden: "tests may run as root, whom no file is forbidden"}}})
}
