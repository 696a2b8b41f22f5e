package ldap

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/retry"
	"muster/internal/testserver/slapd"
)

const password = "correct-horse-battery"

// tree is the fixture: odd names, nested groups with a cycle, locks, a service account, a group without people.
const tree = `dn: dc=acme,dc=example
objectClass: dcObject
objectClass: organization
dc: acme
o: Acme

dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: ou=groups,dc=acme,dc=example
objectClass: organizationalUnit
ou: groups

`

func uuid(n int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", n) }

func people() []string {
	person := func(n int, rdn, uid, rest string) string {
		return fmt.Sprintf("dn: %s,ou=people,dc=acme,dc=example\nobjectClass: inetOrgPerson\nuid: %s\nsn: Example\nentryUUID: %s\n"+
			"createTimestamp: 20200101000000Z\n%s\n", rdn, uid, uuid(n), rest)
	}
	return []string{
		person(1, "uid=ada", "ada", "cn: Ada Example\nmail: ada@acme.example\nemployeeNumber: W-00001\npwdLastSuccess: 20261101080910Z\nuserPassword: {SSHA}hush\n"),
		person(2, `cn=Example\, Bob`, "bob", "cn: Example, Bob\npwdAccountLockedTime: 000001010000Z\n"),
		person(3, "uid=zoe", "zoe", "cn:: Wm/DqyBNw7xsbGVy\npwdAccountLockedTime: 20261101000000Z\nmail: b@acme.example\nmail: a@acme.example\n"),
		person(4, "uid=svc-backup", "svc-backup", "cn: Backup\nemployeeType: service\nmanager: uid=ada,ou=people,dc=acme,dc=example\n"),
		person(5, `cn=Two+uid=two`, "two", "cn: Two\nuid: deux\nemployeeType: Accountant\n"),
	}
}

func groups() []string {
	group := func(n int, cn string, members ...string) string {
		s := fmt.Sprintf("dn: cn=%s,ou=groups,dc=acme,dc=example\nobjectClass: groupOfNames\ncn: %s\ndescription: About %s\nentryUUID: %s\n",
			cn, strings.ReplaceAll(cn, `\`, ""), strings.ReplaceAll(cn, `\`, ""), uuid(n))
		for _, m := range members {
			s += "member: " + m + ",dc=acme,dc=example\n"
		}
		return s + "\n"
	}
	return []string{
		group(11, "staff", "UID=Ada, OU=People", `cn=example\2c bob,ou=people`, "cn=engineers,ou=groups"),
		group(12, "engineers", "uid=zoe,ou=people", "cn=admins,ou=groups", "uid=two+cn=TWO,ou=people"),
		group(13, "admins", "uid=ada,ou=people", "cn=engineers,ou=groups"), // a cycle with engineers
		group(14, "backup", "uid=svc-backup,ou=people", "uid=gone,ou=people", "cn=muster"),
		group(15, "empty", "cn=empty,ou=groups"), // in itself, and nobody else
	}
}

func want() []access.Record {
	created := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	person := func(n int, dn, name string, a access.Account) access.Record {
		a.ID, a.Name, a.SourceRef, a.CreatedAt = uuid(n), name, dn+",ou=people,dc=acme,dc=example", created
		if a.Kind == "" {
			a.Kind = access.KindHuman
		}
		return a
	}
	group := func(n int, cn string, privileged bool) access.Record {
		return access.Entitlement{ID: uuid(n), Kind: "group", Name: cn, Description: "About " + cn, Privileged: privileged,
			SourceRef: "cn=" + cn + ",ou=groups,dc=acme,dc=example"}
	}
	grant := func(account, group int, path ...string) access.Record {
		return access.Grant{AccountID: uuid(account), EntitlementID: uuid(group), Path: path, Effective: true}
	}
	return []access.Record{
		person(1, "uid=ada", "ada", access.Account{DisplayName: "Ada Example", Email: "ada@acme.example", EmployeeID: "W-00001",
			LastLogin: time.Date(2026, 11, 1, 8, 9, 10, 0, time.UTC), Enabled: true}),
		person(2, `cn=Example\2C Bob`, "bob", access.Account{DisplayName: "Example, Bob", Locked: true}),
		person(3, "uid=zoe", "zoe", access.Account{DisplayName: "Zoë Müller", Email: "a@acme.example", Locked: true}),
		person(4, "uid=svc-backup", "svc-backup", access.Account{DisplayName: "Backup", Kind: access.KindService, OwnerRef: "ada", Enabled: true}),
		person(5, "cn=Two+uid=two", "two", access.Account{DisplayName: "Two", Enabled: true}),
		group(11, "staff", false), group(12, "engineers", false), group(13, "admins", true), group(14, "backup", false), group(15, "empty", false),
		grant(1, 11), grant(1, 13), grant(1, 12, "admins"),
		grant(2, 11),
		grant(3, 12), grant(3, 11, "engineers"), grant(3, 13, "engineers"),
		grant(5, 12), grant(5, 11, "engineers"), grant(5, 13, "engineers"),
		grant(4, 14),
		access.Rejection{Of: access.ClassGrant, Ref: "cn=backup,ou=groups,dc=acme,dc=example",
			Reason: "member uid=gone,ou=people,dc=acme,dc=example is no account and no group of the search areas"},
		access.Rejection{Of: access.ClassGrant, Ref: "cn=backup,ou=groups,dc=acme,dc=example",
			Reason: "member cn=muster,dc=acme,dc=example is no account and no group of the search areas"},
	}
}

func ldifText(reversed bool) string {
	p, g := people(), groups()
	if reversed {
		for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
			p[i], p[j] = p[j], p[i]
		}
		for i, j := 0, len(g)-1; i < j; i, j = i+1, j-1 {
			g[i], g[j] = g[j], g[i]
		}
		return tree + strings.Join(g, "") + strings.Join(p, "")
	}
	return tree + strings.Join(p, "") + strings.Join(g, "")
}

const mapping = `
base_dn: dc=acme,dc=example
people: {base: "ou=People,dc=acme,dc=example"}
attributes: {owner: manager}
privileged_groups: ["adm*"]
`

// make builds a collector from YAML and fails the test on any problem of it.
func build(t testing.TB, yaml string, log *slog.Logger) *Collector {
	t.Helper()
	c, problems, err := tryBuild(t, yaml, log)
	if err != nil || problems != nil {
		t.Fatalf("build collector: %v %v", err, problems)
	}
	return c
}

func tryBuild(t testing.TB, yaml string, log *slog.Logger) (*Collector, error, error) {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }
	c, err := New(collectors.Spec{System: "directory", Dir: t.TempDir(), Settings: doc.Root(), Now: now, Log: log})
	if err != nil {
		return nil, doc.Err(), err
	}
	col := c.(*Collector)
	if l, ok := col.src.(*live); ok {
		l.retry = retry.Policy{Base: time.Millisecond, Max: 5 * time.Millisecond, Log: log}
	}
	return col, doc.Err(), nil
}

func startSlapd(t testing.TB, o slapd.Options) *slapd.Server {
	t.Helper()
	if err := slapd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	o.Password = password
	s, err := slapd.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	t.Setenv("DIRECTORY_PASSWORD", password)
	return s
}

func liveSettings(url string) string {
	return mapping + "url: " + url + "\nbind_dn: cn=muster,dc=acme,dc=example\npassword: {env: DIRECTORY_PASSWORD}\n"
}

type liveHarness struct {
	forward, backward *slapd.Server
}

func (h *liveHarness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	backend := h.forward
	if s.Reversed {
		backend = h.backward
	}
	p := newProxy(t, backend.Addr())
	p.once = s.Once
	switch s.Fault {
	case collectortest.Unauthorised:
		p.bindCode = 49
	case collectortest.Forbidden:
		p.code = 50
	case collectortest.Throttled:
		p.code = 51
	case collectortest.Unavailable:
		p.code = 52
	case collectortest.Truncated:
		p.cutAt = 3
	case collectortest.Dropped:
		p.dropAt = 3
	}
	c := build(t, liveSettings(p.url())+fmt.Sprintf("page_size: %d\n", s.PageSize), s.Log)
	return collectortest.Source{Collector: c, Requests: p.asked}
}

func TestLiveConformance(t *testing.T) {
	h := &liveHarness{startSlapd(t, slapd.Options{LDIF: ldifText(false)}), startSlapd(t, slapd.Options{LDIF: ldifText(true)})}
	collectortest.Run(t, h, collectortest.Suite{Want: want(), Secret: password, Reasons: map[collectortest.Fault]string{
		collectortest.Truncated: "search people, page 1: sizeLimitExceeded (4)",
		collectortest.Dropped:   "search people, page 1: read:",
	}, Cannot: collectortest.Capabilities{Bytes: "slapd takes only UTF-8 into a display name; see wire's TestValuesKeepTheirBytes"}})
}

type fileHarness struct{}

func (fileHarness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	// The file has names as a server writes them, so that both give the same SourceRef.
	text := strings.ReplaceAll(ldifText(s.Reversed), `dn: cn=Example\, Bob`, `dn: cn=Example\2C Bob`)
	if s.Fault == collectortest.Truncated {
		text = text[:strings.Index(text, "dn: uid=svc-backup")+20]
	}
	if s.Text != "" {
		text = strings.ReplaceAll(text, "Ada Example", s.Text)
	}
	path := filepath.Join(t.TempDir(), "export.ldif")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return collectortest.Source{Collector: build(t, mapping+"ldif: "+path+"\n", s.Log)}
}

func TestFileConformance(t *testing.T) {
	noServer := "a file is read, nobody is asked"
	collectortest.Run(t, fileHarness{}, collectortest.Suite{Want: want(), Text: "Ada Example",
		Reasons: map[collectortest.Fault]string{collectortest.Truncated: "cut off"},
		Cannot: collectortest.Capabilities{Paging: "a file has no pages", Requests: noServer, Secret: "a file needs no password",
			Faults: map[collectortest.Fault]string{collectortest.Unauthorised: noServer, collectortest.Throttled: noServer,
				collectortest.Unavailable: noServer, collectortest.Dropped: noServer,
				collectortest.Forbidden: "the tests may run as root, who may open every file; see TestFileThatMayNotBeRead"},
			Once: map[collectortest.Fault]string{collectortest.Throttled: noServer, collectortest.Unavailable: noServer}}})
}
