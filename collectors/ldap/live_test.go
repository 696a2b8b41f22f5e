package ldap

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/testserver/slapd"
)

// collected is what one Collect gave.
type collected struct {
	records  []access.Record
	coverage access.Coverage
	err      error
}

func collect(t testing.TB, c collectors.Collector) collected {
	t.Helper()
	var got collected
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	got.coverage, got.err = c.Collect(ctx, func(r access.Record) error { got.records = append(got.records, r); return nil })
	return got
}

func (c collected) count(class access.Class) int {
	n := 0
	for _, r := range c.records {
		if r.Class() == class {
			n++
		}
	}
	return n
}

func (c collected) account(name string) access.Account {
	for _, r := range c.records {
		if a, ok := r.(access.Account); ok && a.Name == name {
			return a
		}
	}
	return access.Account{}
}

// short checks that a class is not complete and why.
func (c collected) short(t *testing.T, class access.Class, state access.SnapshotState, reason string) {
	t.Helper()
	k, ok := c.coverage.Of(class)
	if !ok || k.State != state || !strings.Contains(k.Reason, reason) {
		t.Errorf("%s is %s because %q; want %s because %q", class, k.State, k.Reason, state, reason)
	}
}

func (c collected) failed(t *testing.T, kind access.Kind, text, hint string) {
	t.Helper()
	switch {
	case c.err == nil:
		t.Fatal("no error")
	case access.KindOf(c.err) != kind:
		t.Errorf("kind %q, want %q: %v", access.KindOf(c.err), kind, c.err)
	case !strings.Contains(c.err.Error(), text):
		t.Errorf("error %q lacks %q", c.err, text)
	case !strings.Contains(access.HintOf(c.err), hint):
		t.Errorf("hint %q lacks %q", access.HintOf(c.err), hint)
	case strings.Contains(c.err.Error(), password):
		t.Errorf("the error holds the password")
	}
}

func TestTenThousandInPagesOfOddSize(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: bigLDIF(10_000), SizeLimit: 500}) // paging goes beyond the size limit
	for _, size := range []int{333, 10_000, 0} {
		got := collect(t, build(t, liveSettings(s.URL())+fmt.Sprintf("page_size: %d\n", size), nil))
		if got.err != nil || got.coverage.State() != access.Complete {
			t.Fatalf("pages of %d: %v %+v", size, got.err, got.coverage)
		}
		ids := map[string]bool{}
		for _, r := range got.records {
			if a, ok := r.(access.Account); ok {
				ids[a.ID] = true
			}
		}
		if len(ids) != 10_000 || got.count(access.ClassAccount) != 10_000 || got.count(access.ClassEntitlement) != 200 {
			t.Errorf("pages of %d: %d accounts, %d of them different", size, got.count(access.ClassAccount), len(ids))
		}
	}
}

func TestLimitsOfTheServerArePartial(t *testing.T) {
	for name, o := range map[string]slapd.Options{
		"size limit without paging": {SizeLimit: 100, PagedTotal: -1},
		"total of all pages":        {PagedTotal: 150},
	} {
		t.Run(name, func(t *testing.T) {
			o.LDIF = bigLDIF(300)
			s := startSlapd(t, o)
			got := collect(t, build(t, liveSettings(s.URL())+"page_size: 60\n", nil))
			if got.count(access.ClassAccount) >= 300 {
				t.Fatal("the server limited nothing")
			}
			if name == "total of all pages" {
				got.failed(t, access.Incomplete, "sizeLimitExceeded (4)", "olcSizeLimit")
				got.short(t, access.ClassAccount, access.Partial, "sizeLimitExceeded (4)")
				got.short(t, access.ClassGrant, access.Partial, "entries that were not read")
				if got.count(access.ClassRejection) > 0 {
					t.Error("members that were not read are called unknown")
				}
				return
			}
			if got.err == nil || got.coverage.State() == access.Complete {
				t.Errorf("a server that forbids paging looks complete: %v", got.err)
			}
			t.Log(got.err, access.HintOf(got.err))
		})
	}
}

func TestTLS(t *testing.T) {
	good := startSlapd(t, slapd.Options{LDIF: ldifText(false), RequireTLS: true})
	other := startSlapd(t, slapd.Options{LDIF: ldifText(false), CertHost: "ldap.acme.example"})
	old := startSlapd(t, slapd.Options{LDIF: ldifText(false), Expired: true})
	ca := func(s *slapd.Server) string { return "ca_file: " + s.CAFile + "\n" }
	for name, yaml := range map[string]string{
		"ldaps":       liveSettings(good.TLSURL()) + ca(good),
		"starttls":    liveSettings(good.URL()) + ca(good) + "start_tls: true\n",
		"server name": liveSettings(other.TLSURL()) + ca(other) + "server_name: ldap.acme.example\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got := collect(t, build(t, yaml, nil)); got.err != nil || got.coverage.State() != access.Complete {
				t.Errorf("%v %+v", got.err, got.coverage)
			}
		})
	}
	for name, c := range map[string]struct{ yaml, text, hint string }{
		"unknown authority":    {liveSettings(good.TLSURL()), "unknown authority", "set ca_file"},
		"starttls unknown":     {liveSettings(good.URL()) + "start_tls: true\n", "unknown authority", "set ca_file"},
		"another's authority":  {liveSettings(good.TLSURL()) + ca(other), "authority", "set ca_file"},
		"wrong name":           {liveSettings(other.TLSURL()) + ca(other), "127.0.0.1", "server_name"},
		"expired":              {liveSettings(old.TLSURL()) + ca(old), "expired", "renew"},
		"clear where TLS must": {liveSettings(good.URL()), "confidentialityRequired (13)", "start_tls"},
	} {
		t.Run(name, func(t *testing.T) {
			got := collect(t, build(t, c.yaml, nil))
			kind := access.Invalid
			if name == "clear where TLS must" {
				kind = access.Denied
			}
			got.failed(t, kind, c.text, c.hint)
			got.short(t, access.ClassAccount, access.Failed, "")
			if len(got.records) > 0 {
				t.Error("records came over a connection that is not trusted")
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: ldifText(false)})
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))

	t.Run("wrong password", func(t *testing.T) {
		t.Setenv("WRONG", "hunter2-is-wrong")
		got := collect(t, build(t, strings.ReplaceAll(liveSettings(s.URL()), "DIRECTORY_PASSWORD", "WRONG"), logger))
		got.failed(t, access.Denied, "invalidCredentials (49)", "check bind_dn and password")
		if strings.Contains(got.err.Error()+log.String()+fmt.Sprintf("%+v", got.coverage), "hunter2") {
			t.Error("the password leaks")
		}
	})
	t.Run("no such base", func(t *testing.T) {
		got := collect(t, build(t, strings.Replace(liveSettings(s.URL()), "ou=People", "ou=nowhere", 1), nil))
		got.failed(t, access.NotFound, "noSuchObject (32)", "people.base")
	})
	t.Run("nobody is shown", func(t *testing.T) {
		got := collect(t, build(t, strings.Replace(liveSettings(s.URL()), `dc=example"}`, `dc=example", filter: "(uid=nobody)"}`, 1), nil))
		got.failed(t, access.Incomplete, "shows no entry", "olcAccess")
		got.short(t, access.ClassAccount, access.Failed, "shows no entry")
	})
	t.Run("anonymous", func(t *testing.T) {
		got := collect(t, build(t, mapping+"url: "+s.URL()+"\n", nil))
		if got.err == nil || got.coverage.State() == access.Complete {
			t.Error("a directory that shows nothing to strangers looks complete")
		}
	})
	t.Run("ldaps on the port of ldap", func(t *testing.T) {
		got := collect(t, build(t, liveSettings(strings.Replace(s.URL(), "ldap://", "ldaps://", 1)), nil))
		got.failed(t, access.Transient, "start TLS", "port for ldaps")
	})
	t.Run("StartTLS that the server refuses", func(t *testing.T) {
		p := newProxy(t, s.Addr())
		p.noTLS = true
		got := collect(t, build(t, liveSettings(p.url())+"start_tls: true\n", nil))
		got.failed(t, access.Invalid, "protocolError (2)", "does not offer StartTLS")
	})
	t.Run("nobody listens", func(t *testing.T) {
		got := collect(t, build(t, liveSettings("ldap://127.0.0.1:1"), nil))
		got.failed(t, access.Transient, "connection refused", "is the server running")
	})
	t.Run("not LDAP", func(t *testing.T) {
		p := newProxy(t, s.Addr())
		p.mangle = true
		got := collect(t, build(t, liveSettings(p.url()), nil))
		got.failed(t, access.Invalid, "the answer is not LDAP", "port")
	})
	t.Run("server echoes the password", func(t *testing.T) {
		c := build(t, liveSettings(s.URL()), nil)
		err := c.wrap("bind", errors.New("bad password "+password))
		if strings.Contains(err.Error(), password) {
			t.Error("the password is shown")
		}
	})
}

func TestConnectionLostOnPageTwo(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: bigLDIF(100)})
	p := newProxy(t, s.Addr())
	p.dropAt = 35
	got := collect(t, build(t, liveSettings(p.url())+"page_size: 20\n", nil))
	got.failed(t, access.Incomplete, "search people, page 2: read:", "")
	got.short(t, access.ClassAccount, access.Partial, "page 2")
	got.short(t, access.ClassEntitlement, access.Failed, "search groups, page 1")
	if n := got.count(access.ClassAccount); n != 34 {
		t.Errorf("%d accounts, want the 34 that came", n)
	}
}

func TestReferralIsPartial(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: ldifText(false) + "dn: ou=branch,ou=people,dc=acme,dc=example\nobjectClass: referral\n" +
		"objectClass: extensibleObject\nou: branch\nref: ldap://branch.acme.example/ou=people,dc=acme,dc=example\n\n"})
	got := collect(t, build(t, liveSettings(s.URL())+"groups: {base: \"ou=groups,dc=acme,dc=example\"}\n", nil))
	got.failed(t, access.Incomplete, "another server (ldap://branch.acme.example", "not followed")
	got.short(t, access.ClassAccount, access.Partial, "another server")
	if k, _ := got.coverage.Of(access.ClassEntitlement); k.State != access.Complete {
		t.Errorf("groups are %s: %s", k.State, k.Reason)
	}
}

func TestProbe(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: ldifText(false)})
	if err := build(t, liveSettings(s.URL()), nil).Probe(t.Context()); err != nil {
		t.Error(err)
	}
	err := build(t, strings.Replace(liveSettings(s.URL()), "ou=People", "ou=nowhere", 1), nil).Probe(t.Context())
	if access.KindOf(err) != access.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestCoverageTellsWhatWasAsked(t *testing.T) {
	s := startSlapd(t, slapd.Options{LDIF: ldifText(false)})
	got := collect(t, build(t, liveSettings(s.URL()), nil))
	if !strings.HasPrefix(got.coverage.Source, "OpenLDAP at ldap://127.0.0.1:") {
		t.Errorf("source %q", got.coverage.Source)
	}
	all := strings.Join(got.coverage.Queries, "\n")
	for _, part := range []string{`bind dn="cn=muster,dc=acme,dc=example"`, `base="ou=People,dc=acme,dc=example"`, `filter="(objectClass=inetOrgPerson)"`, "entryUUID", "page=1000"} {
		if !strings.Contains(all, part) {
			t.Errorf("queries lack %s:\n%s", part, all)
		}
	}
}

// bigLDIF is a directory of n people in n/50 groups of 500 members, every tenth group inside another.
func bigLDIF(n int) string {
	var b strings.Builder
	b.WriteString(tree)
	for i := range n {
		fmt.Fprintf(&b, "dn: uid=user%06d,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: user%06d\ncn: Given%d Family%d\nsn: Family%d\n"+
			"mail: user%06d@acme.example\nemployeeNumber: W-%06d\nentryUUID: %08x-0000-4000-8000-000000000000\n"+
			"createTimestamp: 20200101000000Z\npwdLastSuccess: 20261101080000Z\n\n", i, i, i, i, i, i, i, i)
	}
	for g := range n / 50 {
		fmt.Fprintf(&b, "dn: cn=group%d,ou=groups,dc=acme,dc=example\nobjectClass: groupOfNames\ncn: group%d\ndescription: Group %d\nentryUUID: %08x-0000-4000-8000-000000000001\n", g, g, g, g)
		for j := range min(500, n) {
			fmt.Fprintf(&b, "member: uid=user%06d,ou=people,dc=acme,dc=example\n", (g*50+j*19)%n)
		}
		if g%10 == 0 && g > 0 {
			fmt.Fprintf(&b, "member: cn=group%d,ou=groups,dc=acme,dc=example\n", g-1)
		}
		b.WriteString("\n")
	}
	return b.String()
}
