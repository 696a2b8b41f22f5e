package scim_test

import (
	"context"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/remediate/targettest"
)

// strictHarness stands up a strict server behind the faulty front.
type strictHarness struct{ make func() *strict }

// Open stands both up.
func (h strictHarness) Open(t testing.TB, s targettest.Scenario) targettest.System {
	back := h.make()
	server := httptest.NewServer(back)
	t.Cleanup(server.Close)
	base := misbehave(t, s, server.URL, "back")
	return targettest.System{
		Target: target(t, s.Log, "url: "+base+"/scim\ntoken: {env: SCIM_TEST_TOKEN}", "page_size: 2"),
		Dump:   back.dump,
		Shape:  func() string { return regexp.MustCompile(`made-\d`).ReplaceAllString(back.dump(), "made") },
		Touch: func(a access.Action) {
			back.mu.Lock()
			defer back.mu.Unlock()
			for _, u := range back.users {
				if u["id"] == a.Account.ID {
					u["title"] = "Countess"
					back.touch(u)
				}
			}
		},
	}
}

func configured(set func(*strict)) func() *strict {
	return func() *strict {
		s := newStrict()
		set(s)
		s.reset()
		return s
	}
}

func TestConformanceOfStrictServers(t *testing.T) {
	role := access.HeldRef{ID: "role:admin", Name: "role:admin", Kind: "role"}
	roles := map[access.ActionKind]access.Action{
		access.RemoveEntitlement: {ID: "A-00000015", Kind: access.RemoveEntitlement, System: "crm", Account: ada, Entitlement: role},
		access.GrantEntitlement:  {ID: "A-00000016", Kind: access.GrantEntitlement, System: "crm", Account: bob, Entitlement: role},
	}
	for _, c := range []struct {
		name string
		set  func(*strict)
		more map[access.ActionKind]access.Action
	}{
		{"paths without filters, members", func(s *strict) { s.etags, s.noPaths, s.noTell = true, true, true }, nil},
		{"paths without filters, roles", func(s *strict) { s.etags, s.noPaths = true, true }, roles},
		{"no PATCH, no filters, members", func(s *strict) { s.etags, s.noPatch, s.noList, s.noTell = true, true, true, true }, nil},
		{"no PATCH, no discovery, roles", func(s *strict) { s.etags, s.noPatch, s.plain = true, true, true }, roles},
		{"neither versions nor discovery", func(s *strict) { s.plain = true }, nil},
	} {
		t.Run(c.name, func(t *testing.T) { targettest.Run(t, strictHarness{configured(c.set)}, suite(c.more)) })
	}
}

// TestNoWholeListWithoutAVersion wants the target to refuse where only an unguarded change is left, and never to say what removes everybody.
func TestNoWholeListWithoutAVersion(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*strict)
		a    access.Action
		said string // of the error
	}{
		{"member", func(s *strict) { s.noPaths = true },
			access.Action{Kind: access.RemoveEntitlement, Account: ada, Entitlement: access.HeldRef{ID: "g-2", Kind: "group"}}, "invalidFilter"},
		{"role", func(s *strict) { s.noPaths = true },
			access.Action{Kind: access.RemoveEntitlement, Account: ada, Entitlement: access.HeldRef{ID: "role:admin", Kind: "role"}}, "invalidFilter"},
		{"disable", func(s *strict) { s.noPatch = true }, access.Action{Kind: access.DisableAccount, Account: ada}, "501 Not Implemented"},
	} {
		t.Run(c.name, func(t *testing.T) {
			back := configured(c.set)()
			before := back.dump()
			server := httptest.NewServer(back)
			defer server.Close()
			tg := target(t, nil, "", "url: "+misbehaveNot(t, server.URL)+"/scim\ntoken: {env: SCIM_TEST_TOKEN}")
			_, err := tg.Apply(context.Background(), c.a)
			if access.KindOf(err) != access.Invalid || !strings.Contains(err.Error(), c.said) || access.HintOf(err) == "" {
				t.Errorf("got %v of kind %q", err, access.KindOf(err))
			}
			if got := back.dump(); got != before {
				t.Errorf("changed:\n%s", got)
			}
			for _, w := range back.writes {
				if strings.HasPrefix(w, "PUT") || !strings.Contains(w, "[") && strings.Contains(w, `"remove"`) {
					t.Errorf("unguarded request %s", w)
				}
			}
		})
	}
}
