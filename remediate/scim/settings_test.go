package scim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"muster/internal/access"
	"muster/internal/config"
	"muster/remediate"
	"muster/remediate/scim"
)

func TestSettings(t *testing.T) {
	const live = "url: https://crm.acme.example/scim\ntoken: {env: SCIM_TEST_TOKEN}"
	for _, c := range []struct {
		name, own, collector string
		want                 string // of the problem; empty is none
	}{
		{"all from the collector", "", live, ""},
		{"collector with basic", "", "url: https://crm.acme.example/scim\nbasic: {user: muster, password: {env: SCIM_TEST_TOKEN}}", ""},
		{"a token that may write", "token: {env: SCIM_TEST_TOKEN}", live, ""},
		{"user and password instead of the token", "user: muster\npassword: {env: SCIM_TEST_TOKEN}", live, ""},
		{"another server with its own token", "url: https://write.acme.example/scim\ntoken: {env: SCIM_TEST_TOKEN}", live, ""},
		{"another server without a token", "url: https://write.acme.example/scim", live, "exactly one of token, and user with password"},
		{"another scheme without a token", "url: http://127.0.0.1/scim", live, "exactly one of token, and user with password"},
		{"user without a password", "user: muster", live, "exactly one of token, and user with password"},
		{"a dump", "", "dump: exports/crm", "a dump cannot be changed"},
		{"a dump with its server", "url: https://crm.acme.example/scim\ntoken: {env: SCIM_TEST_TOKEN}", "dump: exports/crm", ""},
		{"nothing", "", "path: users.csv", "the target has no url"},
		{"a database", "", "url: postgres://db.acme.example/hr", "url is not an https address"},
		{"in clear", "url: http://crm.acme.example/scim\ntoken: {env: SCIM_TEST_TOKEN}", live, "http:// would send the token in clear text"},
		{"password in the url", "url: https://a:b@crm.acme.example/scim\ntoken: {env: SCIM_TEST_TOKEN}", live, "url holds credentials"},
		{"unknown key", "tries: 3", live, `unknown key "tries"`},
		{"bad path in extra", "extra: {'a.b.c': x}", live, "this is no attribute path"},
		{"bad placeholder in extra", "extra: {nickName: '{employee}'}", live, "{employee} is no attribute of an account to create"},
		{"no time", "timeout: 0s", live, "timeout must be positive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, doc := open(t, nil, c.own, c.collector)
			err := doc.Err()
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "a:b@") {
				t.Error("the password is in the problem")
			}
		})
	}
}

// TestSystemWithoutSettings is what most systems are: the collector says all.
func TestSystemWithoutSettings(t *testing.T) {
	doc, err := config.Parse("muster.yaml", []byte("dump: exports/crm"))
	if err != nil {
		t.Fatal(err)
	}
	tg, err := scim.New(remediate.Spec{System: "crm", Collector: doc.Root()})
	if err != nil || doc.Err() == nil {
		t.Fatalf("%v, %v: want a problem at the collector's settings", err, doc.Err())
	}
	if _, err := tg.Inspect(context.Background(), access.Action{Kind: access.DisableAccount, Account: ada}); access.KindOf(err) != access.Invalid {
		t.Errorf("a target with bad settings gave %v", err)
	}
	if self := tg.Abilities().Self; len(self) > 0 {
		t.Errorf("self %v", self)
	}
}

func TestMissingSecretIsAnError(t *testing.T) {
	doc, err := config.Parse("muster.yaml", []byte("url: https://crm.acme.example/scim\ntoken: {env: SCIM_TEST_NO_SUCH}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scim.New(remediate.Spec{System: "crm", Collector: doc.Root()}); access.KindOf(err) != access.Denied || !strings.Contains(err.Error(), "SCIM_TEST_NO_SUCH") {
		t.Errorf("got %v", err)
	}
}

// TestLockedCountsAsDisabled wants the target to see an account as the snapshot showed it.
func TestLockedCountsAsDisabled(t *testing.T) {
	back := newStrict()
	back.users[0]["locked"] = true
	server := httptest.NewServer(back)
	defer server.Close()
	tg := target(t, nil, "", "url: "+misbehaveNot(t, server.URL)+"/scim\ntoken: {env: SCIM_TEST_TOKEN}\nattributes: {locked: locked}")
	obs, err := tg.Inspect(context.Background(), access.Action{Kind: access.DisableAccount, Account: ada})
	if err != nil || obs.Enabled {
		t.Errorf("%+v, %v", obs, err)
	}
}

// TestBasicUserIsItself signs in by name and password, and never touches that account.
func TestBasicUserIsItself(t *testing.T) {
	back := newStrict()
	var mu sync.Mutex
	var seen []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		mu.Lock()
		seen = append(seen, user+" "+password)
		mu.Unlock()
		r.Header.Set("Authorization", "Bearer back")
		back.ServeHTTP(w, r)
	}))
	defer server.Close()
	tg := target(t, nil, "", "url: "+server.URL+"/scim\nbasic: {user: ada, password: {env: SCIM_TEST_TOKEN}}")
	_, err := tg.Apply(context.Background(), access.Action{Kind: access.DisableAccount, Account: ada})
	if access.KindOf(err) != access.Denied || len(back.writes) > 0 {
		t.Errorf("%v, %v", err, back.writes)
	}
	if len(seen) == 0 || seen[0] != "ada "+secret {
		t.Errorf("signed in as %q", seen)
	}
	if self := tg.Abilities().Self; len(self) != 1 || self[0] != "ada" {
		t.Errorf("self %v", self)
	}
}
