package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/testserver/front"
	"muster/internal/testserver/scimmy"
	"muster/remediate"
	"muster/remediate/scim"
	"muster/remediate/targettest"
)

const (
	secret     = "t0ken/of+the test"
	muster     = "urn:ietf:params:scim:schemas:extension:muster:2.0:User"
	enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	core       = "urn:ietf:params:scim:schemas:core:2.0:User"
	listID     = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

type m = map[string]any

// users and groups are the fixture: "active" that is absent, a role with more than a value, an account in several groups, groups in groups
// with a cycle.
func users() []m {
	return []m{
		{"schemas": []string{core}, "id": "u-1", "externalId": "W-1", "userName": "ada", "displayName": "Ada Byron", "active": true, "userType": "Employee",
			"name":     m{"givenName": "Ada", "familyName": "Byron"},
			"emails":   []m{{"value": "ada@home.example", "type": "home"}, {"value": "ada@acme.example", "type": "work", "primary": true}},
			"meta":     m{"resourceType": "User", "created": "2024-01-02T03:04:05.000Z", "lastModified": "2024-01-02T03:04:05.000Z"},
			enterprise: m{"employeeNumber": "W-1", "department": "Finance"},
			muster:     m{"lastLogin": "2026-11-01T02:03:04.000Z", "mfa": true},
			"roles":    []m{{"value": "admin", "display": "Administrator", "primary": true}, {"value": "staff"}}, "entitlements": []m{{"value": "seat"}}},
		{"schemas": []string{core}, "id": "u-2", "userName": "bob", "active": false, "emails": []m{{"value": "bob@acme.example"}},
			"meta": m{"resourceType": "User", "created": "2024-01-02T03:04:05.000Z", "lastModified": "2024-01-02T03:04:05.000Z"}},
		{"schemas": []string{core}, "id": "u-3", "userName": "çelik", // no active
			"meta": m{"resourceType": "User", "created": "2024-01-02T03:04:05.000Z", "lastModified": "2024-01-02T03:04:05.000Z"}},
	}
}

func groups() []m {
	return []m{
		{"id": "g-1", "displayName": "all", "members": []m{{"value": "g-2", "type": "Group"}, {"value": "u-2", "type": "User"}}},
		{"id": "g-2", "displayName": "staff", "members": []m{{"value": "u-1", "type": "User", "display": "Ada Byron"}, {"value": "u-3"}, {"value": "g-3", "type": "Group"}}},
		{"id": "g-3", "displayName": "finance", "members": []m{{"value": "u-1", "type": "User"}, {"value": "g-1", "type": "Group"}}},
		{"id": "g-4", "displayName": "empty"},
	}
}

func writeDump(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, list := range map[string][]m{"Users.json": users(), "Groups.json": groups()} {
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

func startServer(t *testing.T, o scimmy.Options) *scimmy.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	o.Dump, o.Token = writeDump(t), "back"
	s, err := scimmy.Start(ctx, o)
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

// target makes one from YAML settings of its own and of the collector.
func target(t testing.TB, log *slog.Logger, own, collector string) remediate.Target {
	t.Helper()
	target, doc := open(t, log, own, collector)
	if err := doc.Err(); err != nil {
		t.Fatal(err)
	}
	return target
}

func open(t testing.TB, log *slog.Logger, own, collector string) (remediate.Target, *config.Document) {
	t.Helper()
	t.Setenv("SCIM_TEST_TOKEN", secret)
	text := "collector:\n" + indent(collector) + "\ntarget:\n" + indent(own)
	doc, err := config.Parse("muster.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	target, err := scim.New(remediate.Spec{System: "crm", Settings: doc.Root().Get("target"), Collector: doc.Root().Get("collector"), Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return target, doc
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}

// harness puts a faulty front before one server, which it takes back to its fixture for each scenario.
type harness struct{ server *scimmy.Server }

// Open stands up the front.
func (h *harness) Open(t testing.TB, s targettest.Scenario) targettest.System {
	ctx := context.Background()
	if err := h.server.Reset(ctx); err != nil {
		t.Fatal(err)
	}
	base := misbehave(t, s, strings.TrimSuffix(h.server.URL(), "/scim/v2"), "back")
	dump := func() string {
		text, err := h.server.Dump(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return targettest.System{
		Target: target(t, s.Log, "timeout: 10s", "url: "+base+"/scim/v2\ntoken: {env: SCIM_TEST_TOKEN}"),
		Dump:   dump,
		Shape:  func() string { return shape(dump()) },
		Touch:  func(a access.Action) { touch(t, h.server.URL(), "back", a.Account.ID) },
	}
}

// shape blots out ids that a server made up and times.
func shape(dump string) string {
	dump = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(dump, "ID")
	return regexp.MustCompile(`"created": "20(2[5-9]|[3-9]).*"`).ReplaceAllString(dump, `"created": "NOW"`)
}

// touch changes a title behind the target's back.
func touch(t testing.TB, base, token, id string) {
	t.Helper()
	body := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"Countess"}]}`
	req, err := http.NewRequest(http.MethodPatch, base+"/Users/"+id, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		t.Fatalf("touch: %s", res.Status)
	}
}

// misbehave starts the front of a scenario.
func misbehave(t testing.TB, s targettest.Scenario, to, back string) string {
	f := &front.Handler{To: to, Token: secret, Back: back}
	codes := map[targettest.Fault]int{targettest.Unauthorised: 401, targettest.Forbidden: 403, targettest.Missing: 404, targettest.Clash: 409,
		targettest.Throttled: 429, targettest.Unavailable: 503}
	f.Before = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if s.OnRequest != nil {
			s.OnRequest()
		}
		if r.Method == http.MethodGet {
			return false
		}
		if s.Fault == targettest.Dropped {
			panic(http.ErrAbortHandler)
		}
		code := codes[s.Fault]
		if code == 0 {
			return false
		}
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d","detail":"no: %s"}`, code, r.Header.Get("Authorization"))
		return true
	}
	f.After = func(r *http.Request, a *front.Answer) front.Ending {
		if r.Method != http.MethodGet && s.Fault == targettest.Committed && a.Code/100 == 2 {
			return front.Lost
		}
		return front.Whole
	}
	base, stop := front.Start(f)
	t.Cleanup(stop)
	return base
}

var (
	ada   = access.AccountRef{ID: "u-1", Name: "ada", SourceRef: "/Users/u-1"}
	bob   = access.AccountRef{ID: "u-2", Name: "bob"}
	celik = access.AccountRef{ID: "u-3", Name: "çelik"}
	nina  = map[string]string{access.AttrUserName: "nina", access.AttrDisplayName: "Nina Simonsen", access.AttrGivenName: "Nina", access.AttrFamilyName: "Simonsen",
		access.AttrEmail: "nina@acme.example", access.AttrEmployeeID: "W-9", access.AttrTitle: "Analyst", access.AttrDepartment: "Risk"}
)

func suite(more map[access.ActionKind]access.Action) targettest.Suite {
	actions := map[access.ActionKind]access.Action{
		access.DisableAccount:    {ID: "A-00000001", Kind: access.DisableAccount, System: "crm", Account: celik},
		access.EnableAccount:     {ID: "A-00000002", Kind: access.EnableAccount, System: "crm", Account: bob},
		access.DeleteAccount:     {ID: "A-00000003", Kind: access.DeleteAccount, System: "crm", Account: ada},
		access.CreateAccount:     {ID: "A-00000004", Kind: access.CreateAccount, System: "crm", Account: access.AccountRef{Name: "nina"}, Attributes: nina},
		access.RemoveEntitlement: {ID: "A-00000005", Kind: access.RemoveEntitlement, System: "crm", Account: ada, Entitlement: access.HeldRef{ID: "g-2", Name: "staff", Kind: "group"}},
		access.GrantEntitlement:  {ID: "A-00000006", Kind: access.GrantEntitlement, System: "crm", Account: celik, Entitlement: access.HeldRef{ID: "g-4", Name: "empty", Kind: "group"}},
	}
	maps.Copy(actions, more)
	return targettest.Suite{Actions: actions, Secret: secret, Nowhere: access.HeldRef{ID: "g-404", Name: "nowhere", Kind: "group"},
		Gone: access.Action{ID: "A-00000007", Kind: access.DisableAccount, System: "crm", Account: access.AccountRef{ID: "u-404", Name: "nobody"}},
		Cannot: targettest.Capabilities{Inverse: map[access.ActionKind]string{
			access.DeleteAccount: "a server gives a new account a new id"}}}
}

func TestConformance(t *testing.T) {
	role := map[access.ActionKind]access.Action{
		access.RemoveEntitlement: {ID: "A-00000015", Kind: access.RemoveEntitlement, System: "crm", Account: ada, Entitlement: access.HeldRef{ID: "role:admin", Name: "role:Administrator", Kind: "role"}},
		access.GrantEntitlement:  {ID: "A-00000016", Kind: access.GrantEntitlement, System: "crm", Account: bob, Entitlement: access.HeldRef{ID: "entitlement:seat", Name: "entitlement:seat", Kind: "permission"}},
	}
	for _, c := range []struct {
		name string
		o    scimmy.Options
		more map[access.ActionKind]access.Action
	}{
		{"without versions, members", scimmy.Options{}, nil},
		{"with versions, roles and entitlements", scimmy.Options{Versions: true}, role},
	} {
		t.Run(c.name, func(t *testing.T) { targettest.Run(t, &harness{startServer(t, c.o)}, suite(c.more)) })
	}
}

// misbehaveNot starts a front that passes everything on.
func misbehaveNot(t testing.TB, to string) string {
	return misbehave(t, targettest.Scenario{}, to, "back")
}
