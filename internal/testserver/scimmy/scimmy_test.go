package scimmy_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/testserver/scimmy"
)

func start(t *testing.T, o scimmy.Options) *scimmy.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
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

func get(t *testing.T, s *scimmy.Server, path, token string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%s: %v: %s", path, err, body)
	}
	return res.StatusCode, v
}

func dump(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Users.json": `{"totalResults":3,"Resources":[
			{"id":"u-1","userName":"ada","urn:ietf:params:scim:schemas:extension:muster:2.0:User":{"lastLogin":"2026-11-01T02:03:04Z","mfa":true}},
			{"id":"u-2","userName":"bob"},{"id":"u-3","userName":"cyd"}]}`,
		"Groups.json": `{"totalResults":1,"Resources":[{"id":"g-1","displayName":"staff","members":[{"value":"u-2","type":"User"}]}]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestServesTheDumpWithItsIDs(t *testing.T) {
	s := start(t, scimmy.Options{Dump: dump(t), Token: "t0ken"})
	if s.Users != 3 || s.Groups != 1 {
		t.Fatalf("loaded %d users and %d groups, want 3 and 1", s.Users, s.Groups)
	}
	var ids []any
	for _, q := range []string{"1", "3"} {
		status, page := get(t, s, "/Users?count=2&startIndex="+q, "t0ken")
		if status != http.StatusOK || page["totalResults"] != 3.0 {
			t.Fatalf("page at %s: status %d, totalResults %v", q, status, page["totalResults"])
		}
		for _, r := range page["Resources"].([]any) {
			ids = append(ids, r.(map[string]any)["id"])
		}
	}
	if len(ids) != 3 || ids[0] != "u-1" || ids[2] != "u-3" {
		t.Errorf("paged ids %v, want u-1 u-2 u-3", ids)
	}
	_, all := get(t, s, "/Users?count=2&startIndex=2", "t0ken")
	if r := all["Resources"].([]any); len(r) != 2 || r[0].(map[string]any)["id"] != "u-2" {
		t.Errorf("a page that is not aligned gave %v", r)
	}
	_, one := get(t, s, "/Users/u-1", "t0ken")
	ext, _ := one["urn:ietf:params:scim:schemas:extension:muster:2.0:User"].(map[string]any)
	if ext["mfa"] != true || ext["lastLogin"] == nil {
		t.Errorf("extension came back as %v", ext)
	}
	_, two := get(t, s, "/Users/u-2", "t0ken")
	if g, _ := two["groups"].([]any); len(g) != 1 || g[0].(map[string]any)["value"] != "g-1" {
		t.Errorf("groups of u-2 are %v", two["groups"])
	}
}

func TestRefusesStrangers(t *testing.T) {
	s := start(t, scimmy.Options{Dump: dump(t)})
	if status, _ := get(t, s, "/Users", "wrong"); status != http.StatusUnauthorized {
		t.Errorf("a wrong token gave %d, want 401", status)
	}
	if status, _ := get(t, s, "/Users", s.Token()); status != http.StatusOK {
		t.Errorf("the right token gave %d, want 200", status)
	}
}

func TestStopEndsIt(t *testing.T) {
	s := start(t, scimmy.Options{})
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if res, err := http.Get(s.URL() + "/Users"); err == nil {
		res.Body.Close()
		t.Error("it still answers after Stop")
	}
}

func TestSeveralAtATime(t *testing.T) {
	start(t, scimmy.Options{}).Stop() //nolint:errcheck // only to install before the clock runs
	var wg sync.WaitGroup
	urls := make([]string, 3)
	for i := range urls {
		wg.Add(1)
		go func() {
			defer wg.Done()
			s, err := scimmy.Start(context.Background(), scimmy.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			urls[i] = s.URL()
			if err := s.Stop(); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	if urls[0] == urls[1] || urls[1] == urls[2] {
		t.Errorf("servers shared a port: %v", urls)
	}
}

func TestBrokenDumpIsReported(t *testing.T) {
	if err := scimmy.Available(); err != nil && os.Getenv("CI") != "true" {
		t.Skipf("no SCIM server here: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Users.json"), []byte(`{"Resources":[`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := scimmy.Start(context.Background(), scimmy.Options{Dump: dir})
	if err == nil {
		s.Stop() //nolint:errcheck // the test fails anyway
		t.Fatal("a broken dump was loaded")
	}
}

// send sends a request with a body and gives the status.
func send(t *testing.T, s *scimmy.Server, method, path, body, ifMatch string) int {
	t.Helper()
	req, err := http.NewRequest(method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.Token())
	req.Header.Set("Content-Type", "application/scim+json")
	if ifMatch != "" {
		req.Header.Set("If-Match", ifMatch)
	}
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestWritesPersistAndCanBeTakenBack(t *testing.T) {
	s := start(t, scimmy.Options{Dump: dump(t)})
	dumped := func() string {
		text, err := s.Dump(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	was := dumped()
	const user = `"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]`
	for _, c := range []struct {
		method, path, body string
		code               int
		shows              string
	}{
		{"POST", "/Users", `{` + user + `,"userName":"new"}`, 201, `"userName": "new"`},
		{"POST", "/Users", `{` + user + `,"userName":"ADA"}`, 409, ""},
		{"PUT", "/Users/u-3", `{` + user + `,"userName":"cyd","title":"Boss"}`, 200, `"title": "Boss"`},
		{"PATCH", "/Groups/g-1", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"u-3"}]}]}`, 200, `"value": "u-3"`},
		{"DELETE", "/Users/u-2", "", 204, ""},
	} {
		if got := send(t, s, c.method, c.path, c.body, ""); got != c.code && !(c.code == 200 && got == 204) {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, got, c.code)
		}
		if now := dumped(); !strings.Contains(now, c.shows) {
			t.Errorf("%s %s: the store does not show %s:\n%s", c.method, c.path, c.shows, now)
		}
	}
	if strings.Contains(dumped(), `"u-2"`) {
		t.Error("a deleted user is still in a group")
	}
	if err := s.Reset(context.Background()); err != nil || dumped() != was {
		t.Errorf("reset: %v\n%s", err, dumped())
	}
}

func TestVersionsGuardWrites(t *testing.T) {
	s := start(t, scimmy.Options{Dump: dump(t), Versions: true, Me: "u-1"})
	_, one := get(t, s, "/Users/u-1", s.Token())
	version, _ := one["meta"].(map[string]any)["version"].(string)
	const patch = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"title","value":"Boss"}]}`
	if got := send(t, s, "PATCH", "/Users/u-1", patch, version); version == "" || got/100 != 2 {
		t.Errorf("with its version %q: %d", version, got)
	}
	if got := send(t, s, "PATCH", "/Users/u-1", patch, version); got != http.StatusPreconditionFailed {
		t.Errorf("with the version before: %d, want 412", got)
	}
	if _, me := get(t, s, "/Me", s.Token()); me["userName"] != "ada" {
		t.Errorf("me is %v", me)
	}
}
