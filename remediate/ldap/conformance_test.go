package ldap

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	goldap "github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/testserver/ldapproxy"
	"muster/internal/testserver/slapd"
	"muster/remediate/targettest"
)

// harness keeps servers for the next check, rewound when the last one left them changed.
type harness struct {
	t    *testing.T
	mu   sync.Mutex
	free []*standing
}

// standing is a server and whether it was asked to change anything.
type standing struct {
	*slapd.Server
	changed atomic.Bool
}

func (h *harness) server(t testing.TB) *standing {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := len(h.free); n > 0 {
		s := h.free[n-1]
		h.free = h.free[:n-1]
		return s
	}
	s := start(h.t, slapd.Options{Password: writerPassword})
	if err := s.Keep(context.Background()); err != nil {
		t.Fatal(err)
	}
	return &standing{Server: s}
}

func (h *harness) back(s *standing) {
	if s.changed.Swap(false) {
		if err := s.Rewind(context.Background()); err != nil {
			h.t.Error(err)
			s.Stop()
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.free = append(h.free, s)
}

// Open stands up a directory behind a proxy that misbehaves.
func (h *harness) Open(t testing.TB, s targettest.Scenario) targettest.System {
	server := h.server(t)
	t.Cleanup(func() { h.back(server) })
	front, err := ldapproxy.Start(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Stop)
	codes := map[targettest.Fault]int{targettest.Unauthorised: 49, targettest.Forbidden: 50, targettest.Missing: 32, targettest.Clash: 68,
		targettest.Throttled: 51, targettest.Unavailable: 52}
	front.Request = func(r ldapproxy.Request) (int, ldapproxy.Ending) {
		if s.OnRequest != nil {
			s.OnRequest()
		}
		switch {
		case !r.Writes():
			return 0, ldapproxy.Pass
		case s.Fault == targettest.Dropped:
			return 0, ldapproxy.Drop
		}
		server.changed.Store(true)
		if s.Fault == targettest.Committed {
			return 0, ldapproxy.Lose
		}
		return codes[s.Fault], ldapproxy.Pass
	}
	target := build(t, server.Server, front.URL(), "", s.Log)
	shape := func() string {
		var kept []string
		for line := range strings.Lines(dump(t, server.Server)) {
			if !strings.HasPrefix(line, "entryUUID:") && !strings.HasPrefix(line, "createTimestamp:") {
				kept = append(kept, line)
			}
		}
		return strings.Join(kept, "")
	}
	return targettest.System{Target: target, Dump: func() string { return dump(t, server.Server) }, Shape: shape,
		Touch: func(a access.Action) { server.changed.Store(true); touch(t, server.Server, a) }}
}

// touch gives an account another title, as the administrator.
func touch(t testing.TB, s *slapd.Server, a access.Action) {
	t.Helper()
	dn := "uid=" + a.Account.Name + ",ou=people," + s.Suffix
	if a.Account.Name == "bob" {
		dn = `cn=Example\, Bob,ou=people,` + s.Suffix
	}
	change := goldap.NewModifyRequest(dn, nil)
	change.Replace("title", []string{"Countess"})
	administer(t, s, func(c *goldap.Conn) error { return c.Modify(change) })
}

func administer(t testing.TB, s *slapd.Server, f func(*goldap.Conn) error) {
	t.Helper()
	c, err := goldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(s.AdminDN, s.AdminPassword); err != nil {
		t.Fatal(err)
	}
	if err := f(c); err != nil {
		t.Fatal(err)
	}
}

func TestConformance(t *testing.T) {
	ada, bob, zoe := accountRef(1, "ada"), accountRef(2, "bob"), accountRef(3, "zoe")
	s := targettest.Suite{Secret: writerPassword, Nowhere: heldRef(99, "nowhere"), Gone: newAction(access.DisableAccount, accountRef(98, "nobody")),
		Actions: map[access.ActionKind]access.Action{
			access.CreateAccount: {Account: access.AccountRef{Name: "edith"}, Attributes: map[string]string{access.AttrUserName: "edith",
				access.AttrDisplayName: "Edith Example", access.AttrFamilyName: "Example", access.AttrEmployeeID: "W-00009", access.AttrEmail: "edith@acme.example"}},
			access.EnableAccount:     {Account: bob},
			access.GrantEntitlement:  {Account: ada, Entitlement: heldRef(14, "visitors")},
			access.SetExpiry:         {Account: zoe, ExpiresAt: time.Date(2036, 12, 31, 0, 0, 0, 0, time.UTC)},
			access.RemoveEntitlement: {Account: ada, Entitlement: heldRef(11, "staff")},
			access.DisableAccount:    {Account: ada},
			access.DeleteAccount:     {Account: ada},
		},
		Cannot: targettest.Capabilities{Inverse: map[access.ActionKind]string{
			access.DeleteAccount: "the server gives a new entry another entryUUID and time, and passwords are not read"}}}
	for kind, a := range s.Actions {
		a.ID, a.Kind, a.System = "A-"+strings.ToUpper(string(kind)), kind, "directory"
		s.Actions[kind] = a
	}
	start(t, slapd.Options{}).Stop() // so that a machine without slapd skips once
	targettest.Run(t, &harness{t: t}, s)
}
