package runaway

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const people = `dn: uid=ada,ou=people,dc=acme,dc=example
cn: Ada
uid: ada

dn: uid=ben,ou=people,dc=acme,dc=example
cn: Ben
uid: ben

dn: cn=admins,ou=groups,dc=acme,dc=example
cn: admins
member: uid=ada,ou=people,dc=acme,dc=example
`

const store = `{"Users": [{"id": "1", "userName": "ada", "active": true}, {"id": "2", "userName": "ben", "active": true}],
 "Groups": [{"id": "g", "displayName": "Staff", "members": [{"value": "1"}, {"value": "2"}]}]}`

const roles = `roles: ALTER ROLE ada WITH LOGIN;
roles: ALTER ROLE "ben smith" WITH LOGIN;
roles: GRANT reporting TO ada WITH INHERIT TRUE GRANTED BY postgres;
warehouse: postgres: GRANT SELECT ON TABLE fin.t TO reporting;
`

// TestEveryChangeIsCounted changes one thing in a dump of each kind, and says which account was touched.
func TestEveryChangeIsCounted(t *testing.T) {
	type change struct{ name, from, to, account string }
	ldap := func(text string) (facts, error) { f := facts{}; directory(f, "directory", text); return f, nil }
	scim := func(text string) (facts, error) { f := facts{}; return f, workspace(f, "saas", text) }
	sql := func(text string) (facts, error) { f := facts{}; warehouse(f, "warehouse", text); return f, nil }
	for _, c := range []struct {
		change
		read func(string) (facts, error)
		text string
	}{
		{change{"a lock", "uid: ada\n", "uid: ada\npwdAccountLockedTime: 000001010000Z\n", "directory uid=ada,ou=people,dc=acme,dc=example"}, ldap, people},
		{change{"a member more", "cn: admins\nmember", "cn: admins\nmember: uid=ben,ou=people,dc=acme,dc=example\nmember", "directory uid=ben,ou=people,dc=acme,dc=example"}, ldap, people},
		{change{"a coded member more", "cn: admins\nmember", "cn: admins\nmember:: dWlkPWJlbixvdT1wZW9wbGUsZGM9YWNtZSxkYz1leGFtcGxl\nmember", "directory uid=ben,ou=people,dc=acme,dc=example"}, ldap, people},
		{change{"a member less", "member: uid=ada,ou=people,dc=acme,dc=example\n", "", "directory uid=ada,ou=people,dc=acme,dc=example"}, ldap, people},
		{change{"an entry less", "dn: uid=ben,ou=people,dc=acme,dc=example\ncn: Ben\nuid: ben\n\n", "", "directory uid=ben,ou=people,dc=acme,dc=example"}, ldap, people},
		{change{"a user switched off", `"ben", "active": true`, `"ben", "active": false`, "saas 2"}, scim, store},
		{change{"a user put out of a group", `, {"value": "2"}`, ``, "saas 2"}, scim, store},
		{change{"a role that may not log in", "ada WITH LOGIN", "ada WITH NOLOGIN", "warehouse ada"}, sql, roles},
		{change{"a role with a space in its name", `smith" WITH LOGIN`, `smith" WITH NOLOGIN`, "warehouse ben smith"}, sql, roles},
		{change{"a membership less", "roles: GRANT reporting TO ada WITH INHERIT TRUE GRANTED BY postgres;\n", "", "warehouse ada"}, sql, roles},
		{change{"a privilege less", "warehouse: postgres: GRANT SELECT ON TABLE fin.t TO reporting;\n", "", "warehouse reporting"}, sql, roles},
	} {
		t.Run(c.name, func(t *testing.T) {
			changed := replaceOnce(t, c.text, c.from, c.to)
			before, err := c.read(c.text)
			if err != nil {
				t.Fatal(err)
			}
			after, err := c.read(changed)
			if err != nil {
				t.Fatal(err)
			}
			if got := differ(before, after); !slices.Equal(got, []string{c.account}) {
				t.Errorf("touched are %q, not %q", got, c.account)
			}
			if got := differ(before, before); len(got) > 0 {
				t.Errorf("nothing was touched, and it says %q", got)
			}
		})
	}
}

func replaceOnce(t *testing.T, text, from, to string) string {
	t.Helper()
	if n := strings.Count(text, from); n != 1 {
		t.Fatalf("%q is there %d times", from, n)
	}
	return strings.Replace(text, from, to, 1)
}

func TestAnOrderIsCounted(t *testing.T) {
	dir := t.TempDir()
	before := facts{}
	if err := orders(before, filepath.Join(dir, "orders")); err != nil {
		t.Fatal(err)
	}
	day := filepath.Join(dir, "orders", "vpn", "2026-11-22")
	if err := os.MkdirAll(day, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"A-1.json": `{"action": {"account": {"id": "ada", "name": "ada"}}}`, "A-2.json": "not JSON", "work-order.csv": "order\r\n"} {
		if err := os.WriteFile(filepath.Join(day, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	after := facts{}
	if err := orders(after, filepath.Join(dir, "orders")); err != nil {
		t.Fatal(err)
	}
	if got, want := differ(before, after), []string{"orders of vpn A-2.json", "orders of vpn ada ada"}; !slices.Equal(got, want) {
		t.Errorf("touched are %q, want %q", got, want)
	}
}

func TestWhatANightSays(t *testing.T) {
	night := said{stdout: `Run R-1

  Actions   46 ordered, 1,204 held, 9 blocked by a
            guardrail
  ! H-ABCDEFG2 holds: 46 of 300 accounts of vpn would be touched; one run may
    touch 15; look, then: muster release H-ABCDEFG2 --reason ...
  ! H-BCDEFG23 holds: hr was not read
    whole: 390 persons before, 0 now; look, then: muster release H-BCDEFG23

  Pack      x
`}
	if did := acted(night.stdout); did != "46 ordered" {
		t.Errorf("it did %q", did)
	}
	if !heldCount.MatchString(actions.FindString(night.stdout)) {
		t.Error("it holds something")
	}
	open, sources := holdsIn(night)
	if !slices.Equal(open, []string{"H-ABCDEFG2"}) || !slices.Equal(sources, []string{"H-BCDEFG23"}) {
		t.Errorf("holds %v and %v", open, sources)
	}
	if did := acted("Run R-1\n\n  Actions   12 held, 1 skipped, because the account had changed\n\n  Pack      x\n"); did != "" {
		t.Errorf("it did %q", did)
	}
}
