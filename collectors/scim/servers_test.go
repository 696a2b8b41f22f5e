package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/collectors/scim"
	"muster/internal/access"
	"muster/internal/config"
)

// odd is a small SCIM server of n users and one group of them all; hook may answer a request to /Users in its own way.
type odd struct {
	n        int
	provider string // ServiceProviderConfig; empty is 404
	types    string // Resources of ResourceTypes; empty is 404
	schemas  string // Resources of Schemas; empty is 404
	hook     func(w http.ResponseWriter, r *http.Request, try int) bool
	groups   func(w http.ResponseWriter, r *http.Request) bool

	mu    sync.Mutex
	tries map[string]int
	urls  []string
}

func oddUser(i int) m { return m{"id": fmt.Sprintf("u-%d", i), "userName": fmt.Sprintf("user%d", i)} }

// listOf is a ListResponse of users from..to (1-based, both included).
func listOf(total, from, to int) m {
	items := []m{}
	for i := from; i <= to; i++ {
		items = append(items, oddUser(i))
	}
	return m{"schemas": []string{listID}, "totalResults": total, "startIndex": from, "itemsPerPage": len(items), "Resources": items}
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/scim+json")
	_ = json.NewEncoder(w).Encode(v)
}

// ServeHTTP answers as RFC 7644 says, unless told otherwise.
func (o *odd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	if o.tries == nil {
		o.tries = map[string]int{}
	}
	o.tries[r.URL.String()]++
	try := o.tries[r.URL.String()]
	o.urls = append(o.urls, r.Method+" "+r.URL.String())
	o.mu.Unlock()
	raw := func(resources string) {
		if resources == "" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"totalResults":1,"Resources":[%s]}`, resources)
	}
	start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
	count, _ := strconv.Atoi(r.URL.Query().Get("count"))
	switch r.URL.Path {
	case "/scim/ServiceProviderConfig":
		if o.provider == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, o.provider)
	case "/scim/ResourceTypes":
		raw(o.types)
	case "/scim/Schemas":
		raw(o.schemas)
	case "/scim/Users":
		if o.hook == nil || !o.hook(w, r, try) {
			reply(w, listOf(o.n, start, min(start+count-1, o.n)))
		}
	case "/scim/Groups":
		if o.groups != nil && o.groups(w, r) {
			return
		}
		members := []m{}
		for i := 1; i <= o.n; i++ {
			members = append(members, m{"value": fmt.Sprintf("u-%d", i)})
		}
		reply(w, m{"totalResults": 1, "Resources": []m{{"id": "g", "displayName": "all", "members": members}}})
	default:
		http.NotFound(w, r)
	}
}

// result is what a collection gave.
type result struct {
	coverage access.Coverage
	err      error
	accounts map[string]access.Account
	grants   map[string]bool // account entitlement path
	named    map[string]string
	rejected []access.Rejection
}

func collect(t *testing.T, c collectors.Collector) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	got := result{accounts: map[string]access.Account{}, grants: map[string]bool{}, named: map[string]string{}}
	got.coverage, got.err = c.Collect(ctx, func(r access.Record) error {
		switch v := r.(type) {
		case access.Account:
			if _, twice := got.accounts[v.ID]; twice {
				t.Errorf("account %s was emitted twice", v.ID)
			}
			got.accounts[v.ID] = v
		case access.Grant:
			key := v.AccountID + " " + v.EntitlementID + " " + strings.Join(v.Path, ">")
			if got.grants[key] {
				t.Errorf("grant %s was emitted twice", key)
			}
			got.grants[key] = true
		case access.Entitlement:
			got.named[v.ID] = v.Name
		case access.Rejection:
			got.rejected = append(got.rejected, v)
		}
		return nil
	})
	return got
}

func serve(t *testing.T, h http.Handler, more string) collectors.Collector {
	t.Helper()
	t.Setenv("SCIM_TEST_TOKEN", secret)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	yaml := fmt.Sprintf("url: %s/scim\ntoken: {env: SCIM_TEST_TOKEN}\nbackoff: 1ms\n%s", server.URL, more)
	if !strings.Contains(more, "page_size") {
		yaml += "\npage_size: 4\n"
	}
	return collector(t, collectortest.Scenario{}, yaml)
}

// oddity is one way in which a server answers for users, and what must come of it.
type oddity struct {
	name     string
	hook     func(w http.ResponseWriter, r *http.Request, try int) bool
	accounts int
	kind     access.Kind // of the error; empty is none
	reason   string
}

type hook = func(w http.ResponseWriter, r *http.Request, try int) bool

// only answers for the page that starts there.
func only(start string, answer func(w http.ResponseWriter)) hook {
	return func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Query().Get("startIndex") != start {
			return false
		}
		answer(w)
		return true
	}
}

// oddities are servers of ten users that are read by four.
func oddities() []oddity {
	return []oddity{
		{"as the standard says", nil, 10, "", ""},
		{"ignores count and startIndex", func(w http.ResponseWriter, _ *http.Request, _ int) bool { reply(w, listOf(10, 1, 10)); return true }, 10, "", ""},
		{"gives fewer than asked", func(w http.ResponseWriter, r *http.Request, _ int) bool {
			start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
			reply(w, listOf(10, start, min(start+2, 10)))
			return true
		}, 10, "", ""},
		{"repeats its first page", func(w http.ResponseWriter, _ *http.Request, _ int) bool { reply(w, listOf(10, 1, 4)); return true }, 4,
			access.Incomplete, "page 2 repeats what was read: the source does not page as RFC 7644 says"},
		{"shifts by one between pages", only("5", func(w http.ResponseWriter) { reply(w, listOf(10, 4, 7)) }), 9, access.Incomplete,
			"the source says 10 and gave 9, with 1 repeated: the list shifted between the pages"},
		{"grows midway", only("9", func(w http.ResponseWriter) { reply(w, listOf(11, 9, 10)) }), 10, access.Incomplete,
			"totalResults changed from 10 to 11 on page 3: the data changed while it was read"},
		{"empty page with a total", only("1", func(w http.ResponseWriter) {
			reply(w, m{"totalResults": 10, "itemsPerPage": 0, "Resources": []m{}})
		}), 0, access.Incomplete, "page 1 is empty: the source says 10 and gave 0"},
		{"no Resources member with a total", only("5", func(w http.ResponseWriter) { reply(w, m{"totalResults": 10}) }), 4, access.Incomplete,
			"page 2 is empty: the source says 10 and gave 4"},
		{"dies on page 3", only("9", func(w http.ResponseWriter) { w.WriteHeader(http.StatusServiceUnavailable) }), 8, access.Transient,
			"page 3 of 3: 503 Service Unavailable after 5 tries"},
		{"token expires midway", only("5", func(w http.ResponseWriter) {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"token %s has expired","status":"401"}`, secret)
		}), 4, access.Denied, "page 2 of 3: 401 Unauthorized: token *** has expired"},
		{"body is cut", only("5", func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"totalResults":10,"Resources":[{"id":"u-5","userName":"user5"},{"id`)
		}), 5,
			access.Incomplete, "page 2 of 3: the answer is cut off after 5 tries"},
		{"body is HTML", only("1", func(w http.ResponseWriter) { fmt.Fprint(w, `<html>`) }), 0, access.Invalid, "page 1: the answer is not a SCIM ListResponse"},
		{"bad JSON midway", only("5", func(w http.ResponseWriter) {
			fmt.Fprint(w, `{"totalResults":10,"Resources":[{"id":"u-5","userName":"user5"},{"id":}]}`)
		}), 5, access.Invalid, "page 2 of 3: the answer is not a SCIM ListResponse: it is not JSON"},
		{"a page that is no list", only("1", func(w http.ResponseWriter) { reply(w, m{"error": "no"}) }), 0, access.Invalid, "it has neither totalResults nor Resources"},
		{"heals after two tries", func(w http.ResponseWriter, r *http.Request, try int) bool {
			if r.URL.Query().Get("startIndex") == "5" && try < 3 {
				fmt.Fprint(w, `{"totalResults":10,"Resources":[{"id":"u-5","userName":"user5"},{"userName":"no id"},{"id`)
				return true
			}
			return false
		}, 10, access.Incomplete, "the source says 10 and gave 11"}, // the object without an id was there once, and is counted once
		{"no totalResults", func(w http.ResponseWriter, r *http.Request, _ int) bool {
			start, _ := strconv.Atoi(r.URL.Query().Get("startIndex"))
			page := listOf(0, start, min(start+3, 10))
			delete(page, "totalResults")
			reply(w, page)
			return true
		}, 10, "", ""},
		{"asks to come back in an hour", only("5", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		}), 4, access.Throttled, "page 2 of 3: 429 Too Many Requests"},
	}
}

func TestOddServers(t *testing.T) {
	for _, c := range oddities() {
		t.Run(c.name, func(t *testing.T) {
			got := collect(t, serve(t, &odd{n: 10, hook: c.hook}, ""))
			if len(got.accounts) != c.accounts {
				t.Errorf("%d accounts, want %d", len(got.accounts), c.accounts)
			}
			if (c.kind == "") != (got.err == nil) || got.err != nil && access.KindOf(got.err) != c.kind {
				t.Errorf("error %v of kind %q, want kind %q", got.err, access.KindOf(got.err), c.kind)
			}
			class, _ := got.coverage.Of(access.ClassAccount)
			if !strings.Contains(class.Reason, c.reason) || (c.reason == "") != (got.coverage.State() == access.Complete) {
				t.Errorf("state %s, reason %q, want %q", got.coverage.State(), class.Reason, c.reason)
			}
			if c.accounts > 0 && got.coverage.State() == access.Failed {
				t.Error("failed, although accounts were read")
			}
			if text := fmt.Sprintf("%v %+v", got.err, got.coverage); strings.Contains(text, secret) {
				t.Error("the token is in the error or the coverage")
			}
		})
	}
}

func TestCursorPaging(t *testing.T) {
	o := &odd{n: 10, provider: `{"pagination":{"cursor":true,"index":false}}`}
	o.hook = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		at, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Query().Get("cursor"), "at/"))
		page := listOf(10, at+1, min(at+4, 10))
		if at+4 < 10 {
			page["nextCursor"] = fmt.Sprintf("at/%d", at+4)
		}
		reply(w, page)
		return true
	}
	o.groups = func(w http.ResponseWriter, r *http.Request) bool {
		if !r.URL.Query().Has("cursor") || r.URL.Query().Has("startIndex") {
			http.Error(w, "cursor only", http.StatusBadRequest)
			return true
		}
		return false
	}
	got := collect(t, serve(t, o, ""))
	if got.err != nil || len(got.accounts) != 10 || got.coverage.State() != access.Complete {
		t.Fatalf("%d accounts, %v, %+v", len(got.accounts), got.err, got.coverage)
	}
	o.hook = func(w http.ResponseWriter, _ *http.Request, _ int) bool {
		page := listOf(10, 1, 4)
		page["nextCursor"] = "same"
		reply(w, page)
		return true
	}
	if got := collect(t, serve(t, o, "")); got.coverage.State() == access.Complete || len(got.accounts) != 4 {
		t.Errorf("a cursor that never ends gave %d accounts and %s", len(got.accounts), got.coverage.State())
	}
}

func TestRedirectElsewhereKeepsTheToken(t *testing.T) {
	var stolen string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = r.Header.Get("Authorization") + r.URL.String() }))
	defer thief.Close()
	o := &odd{n: 10}
	o.hook = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		http.Redirect(w, r, thief.URL+"/take?token="+url.QueryEscape(secret), http.StatusTemporaryRedirect)
		return true
	}
	got := collect(t, serve(t, o, ""))
	if stolen != "" {
		t.Errorf("the other host was asked: %q", stolen)
	}
	if access.KindOf(got.err) != access.Denied || strings.Contains(got.err.Error(), "token=") {
		t.Errorf("error %v", got.err)
	}
}

func TestRetryAfterDate(t *testing.T) {
	o := &odd{n: 10}
	o.hook = func(w http.ResponseWriter, _ *http.Request, try int) bool {
		if try == 1 {
			w.Header().Set("Retry-After", time.Now().UTC().Add(-time.Minute).Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return try == 1
	}
	if got := collect(t, serve(t, o, "")); got.err != nil || got.coverage.State() != access.Complete {
		t.Errorf("%v, %+v", got.err, got.coverage)
	}
}

func TestGroupsRefused(t *testing.T) {
	o := &odd{n: 10, groups: func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(http.StatusForbidden); return true }}
	got := collect(t, serve(t, o, ""))
	if access.KindOf(got.err) != access.Denied || got.coverage.State() != access.Partial || len(got.accounts) != 10 {
		t.Errorf("%d accounts, %v, %+v", len(got.accounts), got.err, got.coverage)
	}
	if c, _ := got.coverage.Of(access.ClassAccount); c.State != access.Complete || c.Claimed != 10 {
		t.Errorf("accounts %+v", c)
	}
}

func TestDiscovery(t *testing.T) {
	group := `{"id":"urn:ietf:params:scim:schemas:core:2.0:Group","attributes":[{"name":"displayName"}]}`
	o := &odd{n: 2, schemas: group, provider: `no JSON`,
		types: `{"name":"User","endpoint":"https://evil.example/Users","schema":"urn:ietf:params:scim:schemas:core:2.0:User"}`}
	o.hook = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if strings.Contains(r.URL.Query().Get("excludedAttributes"), "groups") {
			http.Error(w, "groups are wanted", http.StatusBadRequest)
			return true
		}
		page := listOf(2, 1, 2)
		page["Resources"].([]m)[0]["groups"] = []m{{"value": "g", "type": "direct"}, {"value": "lost"}}
		page["Resources"].([]m)[1]["groups"] = []m{{"value": "g", "type": "indirect"}}
		reply(w, page)
		return true
	}
	got := collect(t, serve(t, o, ""))
	if got.err != nil || got.coverage.State() != access.Complete || !got.grants["u-1 g "] || !got.grants["u-2 g (indirect)"] || len(got.grants) != 2 {
		t.Errorf("%v, %+v, %v", got.err, got.coverage, got.grants)
	}
	if len(got.rejected) != 1 || got.rejected[0].Reason != `groups names "lost", which is no group` {
		t.Errorf("rejected %v", got.rejected)
	}
	for _, u := range o.urls {
		if !strings.HasPrefix(u, "GET ") {
			t.Errorf("request %s", u)
		}
	}
}

func TestNamedRolesAndFilter(t *testing.T) {
	o := &odd{n: 2, types: `{"name":"Role","endpoint":"/Users","schema":"urn:example:Role"}`}
	o.hook = func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if r.URL.Query().Has("filter") {
			page := listOf(1, 1, 1)
			page["Resources"].([]m)[0]["roles"] = []any{"adm"}
			reply(w, page)
			return true
		}
		reply(w, m{"totalResults": 1, "Resources": []m{{"id": "r-1", "value": "adm", "displayName": "Administrator"}}})
		return true
	}
	got := collect(t, serve(t, o, `filter: 'active eq true'`))
	if got.err != nil || got.coverage.State() != access.Complete || got.named["role:adm"] != "role:Administrator" || !got.grants["u-1 role:adm "] {
		t.Errorf("%v, %+v, %v, %v", got.err, got.coverage, got.named, got.grants)
	}
	if len(got.rejected) != 0 || !strings.Contains(strings.Join(got.coverage.Queries, "\n"), "1 memberships of users that were not asked for") {
		t.Errorf("a member outside of the filter was rejected: %v, %q", got.rejected, got.coverage.Queries)
	}
	if !strings.Contains(strings.Join(got.coverage.Queries, "\n"), "filter=active+eq+true") {
		t.Errorf("the filter is not in the evidence: %q", got.coverage.Queries)
	}
}

func TestBasicAndProbe(t *testing.T) {
	t.Setenv("SCIM_TEST_TOKEN", secret)
	o := &odd{n: 3}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, p, ok := r.BasicAuth(); !ok || u != "reader" || p != secret {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		o.ServeHTTP(w, r)
	}))
	defer server.Close()
	c := collector(t, collectortest.Scenario{}, "url: "+server.URL+"/scim\nbasic: {user: reader, password: {env: SCIM_TEST_TOKEN}}\n")
	if err := c.(collectors.Prober).Probe(context.Background()); err != nil {
		t.Errorf("probe: %v", err)
	}
	if got := collect(t, c); got.err != nil || len(got.accounts) != 3 {
		t.Errorf("%d accounts, %v", len(got.accounts), got.err)
	}
	c = collector(t, collectortest.Scenario{}, "url: "+server.URL+"/scim\ntoken: {env: SCIM_TEST_TOKEN}\n")
	if err := c.(collectors.Prober).Probe(context.Background()); access.KindOf(err) != access.Denied {
		t.Errorf("probe with a wrong secret: %v", err)
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"nothing":       {"page_size: 10", "neither url nor dump is given"},
		"both":          {"url: https://a.example\ntoken: {env: T}\ndump: x", "both url and dump are given"},
		"clear text":    {"url: http://a.example/scim\ntoken: {env: T}", "http:// would send the token in clear text"},
		"in the url":    {"url: https://me:pw5ecret@a.example\ntoken: {env: T}", "url holds credentials"},
		"query":         {"url: https://a.example/scim?key=pw5ecret\ntoken: {env: T}", "url has a query or a fragment"},
		"no scheme":     {"url: a.example\ntoken: {env: T}", "url is not an https address"},
		"no secret":     {"url: https://a.example", "exactly one of token and basic"},
		"literal token": {"url: https://a.example\ntoken: pw5ecret", "a secret must not stand in the configuration"},
		"page size":     {"dump: x\npage_size: 0", "page_size 0 is out of range"},
		"path":          {"dump: x\nattributes: {mfa: 'a..b'}", `"a..b" is no attribute path`},
		"unknown key":   {"dump: x\npage_sise: 5", `unknown key "page_sise"`},
		"members":       {"dump: x\nmembers: both", `unknown value "both"`},
		"filter":        {"dump: x\nfilter: a eq 1", "a dump cannot be filtered"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("T", "x")
			doc, err := config.Parse("muster.yaml", []byte(c.yaml))
			if err != nil {
				t.Fatal(err)
			}
			_, err = scim.New(collectors.Spec{System: "crm", Settings: doc.Root(), Now: time.Now})
			text := fmt.Sprint(errors.Join(err, doc.Err()))
			if !strings.Contains(text, c.want) || strings.Contains(text, "pw5ecret") {
				t.Errorf("got %s\nwant %s", text, c.want)
			}
		})
	}
}
