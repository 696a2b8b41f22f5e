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

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/testserver/slapd"
	"muster/remediate"
)

// writerPassword is what the target authenticates with.
const writerPassword = "correct-horse/battery+staple"

// fixture: names in odd spellings, nesting with a cycle, groups of both classes, locked and expired accounts, attributes that are no text.
const fixture = `dn: dc=acme,dc=example
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

dn: uid=ada,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: ada
cn: Ada Example
sn: Example
mail: ada@acme.example
employeeNumber: W-00001
userPassword: secret-of-ada
jpegPhoto:: /9j/4AAQSkY=
entryUUID: 00000001-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

dn: cn=Example\, Bob,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: bob
cn: Example, Bob
sn: Example
employeeNumber: W-00002
pwdAccountLockedTime: 20261101000000Z
pwdEndTime: 20261101000000Z
entryUUID: 00000002-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

dn: uid=zoe,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: zoe
cn:: Wm/DqyBNw7xsbGVy
sn: Example
pwdEndTime: 20370131000000Z
entryUUID: 00000003-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

dn: cn=staff,ou=groups,dc=acme,dc=example
objectClass: groupOfNames
cn: staff
member: uid=ADA,ou=People,dc=acme,dc=example
member: cn=example\2c bob,ou=people,dc=acme,dc=example
member: cn=engineers,ou=groups,dc=acme,dc=example
entryUUID: 00000011-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

dn: cn=engineers,ou=groups,dc=acme,dc=example
objectClass: groupOfNames
cn: engineers
member: uid=ada,ou=people,dc=acme,dc=example
member: cn=admins,ou=groups,dc=acme,dc=example
entryUUID: 00000012-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

dn: cn=admins,ou=groups,dc=acme,dc=example
objectClass: groupOfNames
cn: admins
member: uid=zoe,ou=people,dc=acme,dc=example
member: cn=engineers,ou=groups,dc=acme,dc=example
entryUUID: 00000013-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

dn: cn=visitors,ou=groups,dc=acme,dc=example
objectClass: groupOfUniqueNames
cn: visitors
uniqueMember: uid=zoe,ou=people,dc=acme,dc=example
entryUUID: 00000014-0000-4000-8000-000000000000
createTimestamp: 20200101000000Z

`

func uuid(n int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", n) }

func accountRef(n int, name string) access.AccountRef {
	return access.AccountRef{ID: uuid(n), Name: name}
}

func heldRef(n int, name string) access.HeldRef {
	return access.HeldRef{ID: uuid(n), Name: name, Kind: "group"}
}

func newAction(kind access.ActionKind, who access.AccountRef) access.Action {
	return access.Action{ID: "A-" + strings.ToUpper(string(kind)), Kind: kind, System: "directory", Account: who}
}

func now() time.Time { return time.Now() }

func start(t testing.TB, o slapd.Options) *slapd.Server {
	t.Helper()
	if err := slapd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	o.Writer = writerPassword
	if o.LDIF == "" {
		o.LDIF = fixture
	}
	s, err := slapd.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

func dump(t testing.TB, s *slapd.Server) string {
	t.Helper()
	text, err := s.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// build makes a target that writes as the server's writer; what is not about writing comes from the collector's settings.
func build(t testing.TB, s *slapd.Server, url, more string, log *slog.Logger) *Target {
	t.Helper()
	target, problems, err := tryBuild(t, collectorSettings(s, url), writer(t, s)+more, log)
	if err != nil || problems != nil {
		t.Fatalf("build target: %v %v", err, problems)
	}
	return target
}

func collectorSettings(s *slapd.Server, url string) string {
	return "url: " + url + "\nbase_dn: dc=acme,dc=example\npeople: {base: \"ou=People,dc=acme,dc=example\"}\nbind_dn: " + s.BindDN +
		"\npassword: {env: READER_PASSWORD}\npage_size: 7\n"
}

func writer(t testing.TB, s *slapd.Server) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(s.WriterPassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "bind_dn: " + s.WriterDN + "\npassword: {file: " + path + "}\n"
}

func tryBuild(t testing.TB, collector, settings string, log *slog.Logger) (*Target, error, error) {
	t.Helper()
	indent := func(text string) string {
		if text == "" {
			return "  {}\n"
		}
		return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
	}
	doc, err := config.Parse("muster.yaml", []byte("collector:\n"+indent(collector)+"settings:\n"+indent(settings)))
	if err != nil {
		t.Fatal(err)
	}
	target, err := New(remediate.Spec{System: "directory", Dir: t.TempDir(), Settings: doc.Root().Get("settings"), Collector: doc.Root().Get("collector"), Now: now, Log: log})
	if err != nil {
		return nil, doc.Err(), err
	}
	return target.(*Target), doc.Err(), nil
}
