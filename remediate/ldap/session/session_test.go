package session

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/config"
	dial "muster/internal/dial/ldap"
	"muster/internal/testserver/ldapproxy"
	"muster/internal/testserver/slapd"
)

// stand gives a pool in front of a directory, with a proxy between them.
func stand(t *testing.T) (*Pool, *ldapproxy.Proxy, *slapd.Server) {
	t.Helper()
	if err := slapd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s, err := slapd.Start(context.Background(), slapd.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	front, err := ldapproxy.Start(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Stop)
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(s.WriterPassword), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := New(dial.Server{URL: front.URL(), BindDN: s.WriterDN, Password: config.Secret{File: file}}, "", 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return p, front, s
}

func binds(front *ldapproxy.Proxy) int {
	n := 0
	for _, r := range front.Asked() {
		if r.Verb == "BIND" {
			n++
		}
	}
	return n
}

func look(c *Conn) error {
	_, err := c.Entries("dc=acme,dc=example", ldap.ScopeBaseObject, "(objectClass=*)", []string{"dc"})
	return err
}

func TestConnectionsAreKeptAndSharedByNobody(t *testing.T) {
	p, front, _ := stand(t)
	for range 5 {
		if err := p.With(t.Context(), look); err != nil {
			t.Fatal(err)
		}
	}
	if n := binds(front); n != 1 {
		t.Errorf("%d connections for one call after the other", n)
	}
	var mu sync.Mutex
	inUse := map[*Conn]bool{}
	var g sync.WaitGroup
	for range 2 * maxIdle {
		g.Go(func() {
			err := p.With(t.Context(), func(c *Conn) error {
				mu.Lock()
				if inUse[c] {
					t.Error("a connection has two users")
				}
				inUse[c] = true
				mu.Unlock()
				err := look(c)
				mu.Lock()
				delete(inUse, c)
				mu.Unlock()
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	g.Wait()
	if n := len(p.idle); n == 0 || n > maxIdle {
		t.Errorf("%d connections are kept", n)
	}
}

func TestBrokenConnectionsAreNotUsedAgain(t *testing.T) {
	p, front, _ := stand(t)
	var broken atomic.Bool
	front.Request = func(ldapproxy.Request) (int, ldapproxy.Ending) {
		if broken.Swap(false) {
			return 0, ldapproxy.Drop
		}
		return 0, ldapproxy.Pass
	}
	if err := p.With(t.Context(), look); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	err := p.With(t.Context(), look)
	if kind, _ := Kind(err); err == nil || kind != access.Transient || Code(err) >= 0 {
		t.Errorf("a broken connection gave %v", err)
	}
	if err := p.With(t.Context(), look); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if n := binds(front); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
	// One whose server hung up while it was at rest is noticed before it is used.
	p.idle[0].raw.Close()
	for deadline := time.Now().Add(5 * time.Second); !p.idle[0].IsClosing() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	if err := p.With(t.Context(), look); err != nil {
		t.Errorf("after a hang-up: %v", err)
	}
}

func TestContextBreaksAWait(t *testing.T) {
	p, front, _ := stand(t)
	ctx, cancel := context.WithCancel(t.Context())
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	front.Request = func(r ldapproxy.Request) (int, ldapproxy.Ending) {
		if r.Verb == "SEARCH" {
			cancel()
			<-hold
		}
		return 0, ldapproxy.Pass
	}
	began := time.Now()
	if err := p.With(ctx, look); err == nil || ctx.Err() == nil {
		t.Errorf("a wait that was broken off gave %v", err)
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
	if len(p.idle) != 0 {
		t.Error("the connection is kept")
	}
}

func TestRefusedBindIsDenied(t *testing.T) {
	p, _, _ := stand(t)
	p.password = "hunter2-is-wrong"
	err := p.With(t.Context(), look)
	e, ok := errors.AsType[*access.Error](err)
	if !ok || e.Kind != access.Denied || e.Hint != "check bind_dn and password" || e.Err.Error() != "invalidCredentials (49)" {
		t.Errorf("got %v", err)
	}
}

func TestUnlessIsHeeded(t *testing.T) {
	p, _, s := stand(t)
	change := func(value string) error {
		return p.With(t.Context(), func(c *Conn) error {
			r := ldap.NewModifyRequest(s.Suffix, Unless("o", value))
			r.Replace("description", []string{"roll call"})
			return c.Modify(r)
		})
	}
	if err := change("another"); Code(err) != 122 {
		t.Errorf("got %v, want assertionFailed", err)
	}
	if err := change("acme"); err != nil {
		t.Error(err)
	}
}

func TestMatchedValuesLeaveOutTheRest(t *testing.T) {
	p, _, s := stand(t)
	only, err := MatchedValues([]string{"(objectClass=organization)"})
	if err != nil {
		t.Fatal(err)
	}
	err = p.With(t.Context(), func(c *Conn) error {
		found, err := c.Entries(s.Suffix, ldap.ScopeBaseObject, "(objectClass=*)", []string{"objectClass", "o"}, only)
		if err == nil && (len(found) != 1 || !slices.Equal(found[0].Values("objectClass"), []string{"organization"}) || found[0].Value("o") != "") {
			t.Errorf("got %+v", found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
