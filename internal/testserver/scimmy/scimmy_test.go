package scimmy_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
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
