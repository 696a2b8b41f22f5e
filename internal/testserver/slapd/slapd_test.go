package slapd_test

import (
	"os"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/testserver/slapd"
)

func start(t *testing.T, o slapd.Options) *slapd.Server {
	t.Helper()
	if err := slapd.Available(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s, err := slapd.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

const people = `dn: ou=people,dc=acme,dc=example
objectClass: organizationalUnit
ou: people

dn: uid=ada,ou=people,dc=acme,dc=example
objectClass: inetOrgPerson
uid: ada
cn: Ada Example
sn: Example
userPassword: secret-of-ada
pwdLastSuccess: 20261101080000Z
entryUUID: 11111111-1111-4111-8111-111111111111
createTimestamp: 20200101000000Z

`

func TestServesWhatWasLoaded(t *testing.T) {
	s := start(t, slapd.Options{LDIF: people})
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(s.BindDN, s.Password); err != nil {
		t.Fatal(err)
	}
	res, err := c.Search(ldap.NewSearchRequest(s.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		"(uid=ada)", []string{"cn", "userPassword", "pwdLastSuccess", "entryUUID", "createTimestamp"}, nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Entries) != 1 {
		t.Fatalf("got %d entries, want 1", len(res.Entries))
	}
	e := res.Entries[0]
	for name, want := range map[string]string{
		"cn": "Ada Example", "userPassword": "", "pwdLastSuccess": "20261101080000Z",
		"entryUUID": "11111111-1111-4111-8111-111111111111", "createTimestamp": "20200101000000Z",
	} {
		if got := e.GetAttributeValue(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if err := c.Bind("uid=ada,ou=people,"+s.Suffix, "secret-of-ada"); err != nil {
		t.Errorf("bind with a loaded password: %v", err)
	}
}

func TestLimitApplies(t *testing.T) {
	s := start(t, slapd.Options{LDIF: people, SizeLimit: 1})
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(s.BindDN, s.Password); err != nil {
		t.Fatal(err)
	}
	_, err = c.Search(ldap.NewSearchRequest(s.Suffix, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false, "(objectClass=*)", nil, nil))
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		t.Fatalf("got %v, want sizeLimitExceeded", err)
	}
}

func TestBrokenLDIFIsAnError(t *testing.T) {
	if slapd.Available() != nil && os.Getenv("CI") != "true" {
		t.Skip(slapd.Available())
	}
	s, err := slapd.Start(t.Context(), slapd.Options{LDIF: people + "dn: uid=bad,ou=people,dc=acme,dc=example\nobjectClass: nonsense\n\n"})
	if err == nil {
		s.Stop()
		t.Fatal("a server started on broken LDIF")
	}
	if !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("the error does not say what is wrong: %v", err)
	}
}

func TestDumpShowsChangesAndNoStamps(t *testing.T) {
	s := start(t, slapd.Options{LDIF: people})
	dump := func() string {
		text, err := s.Dump(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	before := dump()
	if !strings.Contains(before, "dn: uid=ada,ou=people,dc=acme,dc=example\ncn: Ada Example\n") {
		t.Fatalf("the dump does not show the entry:\n%s", before)
	}
	if strings.Contains(before, "entryCSN") || !strings.Contains(before, "entryUUID: 11111111-1111-4111-8111-111111111111") {
		t.Errorf("stamps stay or ids go:\n%s", before)
	}
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind(s.WriterDN, s.WriterPassword); err != nil {
		t.Fatal(err)
	}
	change := ldap.NewModifyRequest("uid=ada,ou=people,"+s.Suffix, nil)
	change.Add("title", []string{"Countess"})
	if err := c.Modify(change); err != nil {
		t.Fatal(err)
	}
	if during := dump(); !strings.Contains(during, "\ntitle: Countess\n") {
		t.Error("the dump does not show a change")
	}
	back := ldap.NewModifyRequest("uid=ada,ou=people,"+s.Suffix, nil)
	back.Delete("title", nil)
	if err := c.Modify(back); err != nil {
		t.Fatal(err)
	}
	if dump() != before {
		t.Error("a change that was taken back shows")
	}
}

// TestLocksAreEnforced proves that an account that is locked here cannot log in, so that "disabled" in a test means something.
func TestLocksAreEnforced(t *testing.T) {
	locked := strings.Replace(people, "pwdLastSuccess", "pwdAccountLockedTime: 000001010000Z\npwdLastSuccess", 1)
	for name, unenforced := range map[string]bool{"enforced": false, "unenforced": true} {
		t.Run(name, func(t *testing.T) {
			s := start(t, slapd.Options{LDIF: locked, Unenforced: unenforced})
			c, err := ldap.DialURL(s.URL())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if err := c.Bind("uid=ada,ou=people,"+s.Suffix, "secret-of-ada"); (err == nil) != unenforced {
				t.Errorf("bind of a locked account: %v", err)
			}
		})
	}
}
