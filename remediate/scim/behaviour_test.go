package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/retry"
	"muster/internal/testserver/front"
	"muster/internal/testserver/scimmy"
	"muster/remediate"
	"muster/remediate/targettest"
)

// before starts a strict server behind a front whose hook sees each request before the server does.
func before(t *testing.T, back *strict, hook func(r *http.Request)) remediate.Target {
	t.Helper()
	server := httptest.NewServer(back)
	t.Cleanup(server.Close)
	f := &front.Handler{To: server.URL, Token: secret, Back: "back", Before: func(_ http.ResponseWriter, r *http.Request, _ int) bool {
		if hook != nil {
			hook(r)
		}
		return false
	}}
	base, stop := front.Start(f)
	t.Cleanup(stop)
	return target(t, nil, "", "url: "+base+"/scim\ntoken: {env: SCIM_TEST_TOKEN}")
}

func memberNames(back *strict, group string) []string {
	back.mu.Lock()
	defer back.mu.Unlock()
	var names []string
	for _, g := range back.groups {
		if g["id"] == group {
			list, _ := plainJSON(g)["members"].([]any)
			for _, v := range list {
				names = append(names, v.(m)["value"].(string))
			}
		}
	}
	slices.Sort(names)
	return names
}

// TestWholeListDoesNotOverwriteOthers lets somebody join the group after the target has read it and before it replaces the list.
func TestWholeListDoesNotOverwriteOthers(t *testing.T) {
	for _, noPatch := range []bool{false, true} {
		back := configured(func(s *strict) { s.etags, s.noPaths, s.noPatch = true, true, noPatch })()
		joined := false
		tg := before(t, back, func(r *http.Request) {
			if joined || r.Header.Get("If-Match") == "" {
				return
			}
			joined = true
			back.mu.Lock()
			defer back.mu.Unlock()
			back.groups[1]["members"] = append(back.groups[1]["members"].([]m), m{"value": "u-2"})
			back.touch(back.groups[1])
		})
		a := access.Action{Kind: access.RemoveEntitlement, Account: ada, Entitlement: access.HeldRef{ID: "g-2", Name: "staff", Kind: "group"}}
		_, err := tg.Apply(context.Background(), a)
		if access.KindOf(err) != access.Conflict {
			t.Errorf("noPatch %t: %v of kind %q, want a conflict", noPatch, err, access.KindOf(err))
		}
		if got := memberNames(back, "g-2"); !slices.Equal(got, []string{"g-3", "u-1", "u-2", "u-3"}) {
			t.Errorf("noPatch %t: members %v: what somebody else wrote is lost", noPatch, got)
		}
		if _, err := tg.Apply(context.Background(), a); err != nil {
			t.Errorf("noPatch %t: the second time: %v", noPatch, err)
		}
		if got := memberNames(back, "g-2"); !slices.Equal(got, []string{"g-3", "u-2", "u-3"}) {
			t.Errorf("noPatch %t: members %v afterwards", noPatch, got)
		}
	}
}

// TestManyLeaveOneGroup takes many accounts out of one group at the same time.
func TestManyLeaveOneGroup(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*strict)
	}{{"by PATCH", func(*strict) {}}, {"by PUT", func(s *strict) { s.etags, s.noPatch = true, true }}} {
		t.Run(c.name, func(t *testing.T) {
			back := configured(c.set)()
			var all []m
			for i := range 20 {
				id := fmt.Sprintf("n-%d", i)
				u := m{"id": id, "userName": id}
				back.touch(u)
				back.users, all = append(back.users, u), append(all, m{"value": id})
			}
			back.groups[3]["members"] = all
			tg := before(t, back, nil)
			var g sync.WaitGroup
			for i := range 19 {
				g.Go(func() {
					a := access.Action{Kind: access.RemoveEntitlement, Account: access.AccountRef{ID: fmt.Sprintf("n-%d", i)}, Entitlement: access.HeldRef{ID: "g-4", Kind: "group"}}
					if _, err := tg.Apply(context.Background(), a); err != nil {
						t.Error(err)
					}
				})
			}
			g.Wait()
			if got := memberNames(back, "g-4"); !slices.Equal(got, []string{"n-19"}) {
				t.Errorf("members %v, want n-19 alone", got)
			}
		})
	}
}

// TestThrottledWaitsAsAsked gives the executor's policy the error.
func TestThrottledWaitsAsAsked(t *testing.T) {
	server := httptest.NewServer(newStrict())
	defer server.Close()
	tg := target(t, nil, "", "url: "+misbehave(t, targettest.Scenario{Fault: targettest.Throttled}, server.URL, "back")+"/scim\ntoken: {env: SCIM_TEST_TOKEN}")
	var waits []time.Duration
	policy := retry.Policy{Tries: 2, Sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }}
	err := policy.Do(context.Background(), func(ctx context.Context) error {
		_, err := tg.Apply(ctx, access.Action{Kind: access.DisableAccount, Account: ada})
		return err
	})
	if access.KindOf(err) != access.Throttled || !slices.Equal(waits, []time.Duration{7 * time.Second}) {
		t.Errorf("%v, waits %v", err, waits)
	}
}

// TestWrongAddressIsNotAnEmptyServer wants nobody to be gone because the url is wrong.
func TestWrongAddressIsNotAnEmptyServer(t *testing.T) {
	server := httptest.NewServer(newStrict())
	defer server.Close()
	tg := target(t, nil, "", "url: "+misbehaveNot(t, server.URL)+"/scim/wrong\ntoken: {env: SCIM_TEST_TOKEN}")
	_, err := tg.Inspect(context.Background(), access.Action{Kind: access.DisableAccount, Account: ada})
	if access.KindOf(err) != access.NotFound || !strings.Contains(access.HintOf(err), "check url") {
		t.Errorf("%v (%s)", err, access.HintOf(err))
	}
}

func TestRefusesWhatItCannotDo(t *testing.T) {
	back := configured(func(*strict) {})()
	tg := before(t, back, nil)
	was := back.dump()
	for _, c := range []struct {
		name string
		a    access.Action
	}{
		{"licence", access.Action{Kind: access.GrantEntitlement, Account: ada, Entitlement: access.HeldRef{ID: "licence:e5", Kind: "licence"}}},
		{"role without a prefix", access.Action{Kind: access.GrantEntitlement, Account: ada, Entitlement: access.HeldRef{ID: "admin", Kind: "role"}}},
		{"no entitlement", access.Action{Kind: access.GrantEntitlement, Account: ada}},
		{"expiry", access.Action{Kind: access.SetExpiry, Account: ada}},
		{"sessions", access.Action{Kind: access.RevokeSessions, Account: ada}},
		{"nobody", access.Action{Kind: access.DisableAccount}},
		{"creation without a name", access.Action{Kind: access.CreateAccount}},
		{"restore of another", access.Action{Kind: access.EnableAccount, Account: bob, Restore: json.RawMessage(`[1]`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := tg.Apply(context.Background(), c.a); access.KindOf(err) != access.Invalid {
				t.Errorf("%v of kind %q, want invalid", err, access.KindOf(err))
			}
		})
	}
	if back.dump() != was || len(back.writes) > 0 {
		t.Errorf("it wrote: %v", back.writes)
	}
}

func TestHeldThroughOtherGroups(t *testing.T) {
	tg := before(t, newStrict(), nil)
	for _, c := range []struct {
		group   string
		account access.AccountRef
		holds   bool
		through []string
	}{
		{"g-2", ada, true, []string{"finance"}},  // itself, and by finance, which is in staff
		{"g-1", ada, false, []string{"staff"}},   // all holds staff
		{"g-3", celik, false, []string{"all"}},   // finance holds all, which holds staff: the cycle ends
		{"g-3", bob, false, []string{"all"}},     //
		{"g-2", bob, false, []string{"finance"}}, // staff holds finance, which holds all
		{"g-4", ada, false, nil},
	} {
		obs, err := tg.Inspect(context.Background(), access.Action{Kind: access.RemoveEntitlement, Account: c.account, Entitlement: access.HeldRef{ID: c.group, Kind: "group"}})
		if err != nil || obs.Holds != c.holds || !slices.Equal(obs.Through, c.through) {
			t.Errorf("%s in %s: holds %t through %v, %v", c.account.Name, c.group, obs.Holds, obs.Through, err)
		}
	}
}

func TestNeverTouchesItsOwnAccount(t *testing.T) {
	s := startServer(t, scimmy.Options{Me: "u-1"})
	base := misbehaveNot(t, strings.TrimSuffix(s.URL(), "/scim/v2"))
	tg := target(t, nil, "self: [Bob]", "url: "+base+"/scim/v2\ntoken: {env: SCIM_TEST_TOKEN}")
	if got := tg.Abilities().Self; !slices.Equal(got, []string{"Bob", "u-1", "ada"}) {
		t.Errorf("self %v", got)
	}
	was, err := s.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []access.Action{{Kind: access.DisableAccount, Account: ada}, {Kind: access.DeleteAccount, Account: bob}} {
		if _, err := tg.Apply(context.Background(), a); access.KindOf(err) != access.Denied {
			t.Errorf("%s %s: %v", a.Kind, a.Account.Name, err)
		}
	}
	if now, err := s.Dump(context.Background()); err != nil || now != was {
		t.Errorf("changed: %v\n%s", err, now)
	}
}

// TestFindsByName wants groups and accounts of which only the name is known, and several of a name to be a conflict.
func TestFindsByName(t *testing.T) {
	back := newStrict()
	tg := before(t, back, nil)
	grant := func(name string) (access.Receipt, error) {
		return tg.Apply(context.Background(), access.Action{ID: "A-1", Kind: access.GrantEntitlement, Account: access.AccountRef{Name: "BOB"}, Entitlement: access.HeldRef{Name: name, Kind: "group"}})
	}
	if r, err := grant("Staff"); err != nil || r.Outcome != access.OutcomeDone || !slices.Contains(memberNames(back, "g-2"), "u-2") {
		t.Errorf("%v, %+v, members %v", err, r, memberNames(back, "g-2"))
	}
	back.groups[3]["displayName"] = "STAFF"
	if _, err := grant("staff"); access.KindOf(err) != access.Conflict {
		t.Errorf("two groups of one name: %v", err)
	}
	var e *access.Error
	if _, err := grant("nowhere"); access.KindOf(err) != access.NotFound || !errors.As(err, &e) || e.System != "crm" {
		t.Errorf("no such group: %v", err)
	}
}

// TestLateArrivalIsNoFailure makes the same change right before the target's own request arrives, as one from before an interruption may.
func TestLateArrivalIsNoFailure(t *testing.T) {
	for _, c := range []struct {
		name string
		a    access.Action
		late func(s *strict)
	}{
		{"disabled", access.Action{Kind: access.DisableAccount, Account: ada}, func(s *strict) { s.users[0]["active"] = false; s.touch(s.users[0]) }},
		{"deleted", access.Action{Kind: access.DeleteAccount, Account: ada}, func(s *strict) { s.users = s.users[1:] }},
		{"created", access.Action{Kind: access.CreateAccount, Account: access.AccountRef{Name: "nina"}, Attributes: nina}, func(s *strict) {
			u := m{"id": "late", "userName": "nina", "externalId": "W-9"}
			s.touch(u)
			s.users = append(s.users, u)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			back := configured(func(s *strict) { s.etags = true })()
			done := false
			tg := before(t, back, func(r *http.Request) {
				if back.mu.Lock(); r.Method != http.MethodGet && !done {
					done = true
					c.late(back)
				}
				back.mu.Unlock()
			})
			r, err := tg.Apply(context.Background(), c.a)
			if err != nil || r.Outcome != access.OutcomeAlready || !r.After.Shows(c.a) || !done {
				t.Errorf("%+v, %v", r, err)
			}
		})
	}
}
