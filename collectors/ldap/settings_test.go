package ldap

import (
	"strings"
	"testing"
)

func TestBadSettings(t *testing.T) {
	t.Setenv("DIRECTORY_PASSWORD", password)
	for name, c := range map[string]struct{ yaml, want string }{
		"neither":         {"base_dn: o=a\n", "exactly one of url and ldif is needed"},
		"both":            {"base_dn: o=a\nurl: ldap://localhost\nldif: a.ldif\n", "exactly one of url and ldif is needed"},
		"no base":         {"url: ldap://localhost\n", "base_dn: required key is missing"},
		"bad base":        {"url: ldap://localhost\nbase_dn: acme\n", `muster.yaml:2:10: base_dn: not a distinguished name: "acme"`},
		"bad placeholder": {"url: ldap://localhost\nbase_dn: o=a\nplaceholder_member: nobody\n", `placeholder_member: not a distinguished name: "nobody"`},
		"bad filter":      {"url: ldap://localhost\nbase_dn: o=a\npeople: {filter: \"(uid=a\"}\n", "people.filter: parse filter:"},
		"http":            {"url: http://localhost\nbase_dn: o=a\n", "url: not an LDAP address"},
		"user in url":     {"url: ldap://me:secret@localhost\nbase_dn: o=a\n", "credentials in the address"},
		"path":            {"url: ldap://localhost/o=a\nbase_dn: o=a\n", "more than a host"},
		"twice TLS":       {"url: ldaps://localhost\nstart_tls: true\nbase_dn: o=a\n", "TLS from the first byte"},
		"no password":     {"url: ldap://localhost\nbind_dn: cn=x\nbase_dn: o=a\n", "anonymous one in disguise"},
		"no bind_dn":      {"url: ldap://localhost\npassword: {env: DIRECTORY_PASSWORD}\nbase_dn: o=a\n", "a password for nobody"},
		"in clear":        {"url: ldap://ldap.acme.example\nbind_dn: cn=x\npassword: {env: DIRECTORY_PASSWORD}\nbase_dn: o=a\n", "in clear"},
		"literal secret":  {"url: ldap://localhost\nbind_dn: cn=x\npassword: hunter2\nbase_dn: o=a\n", "a secret must not stand in the configuration"},
		"unknown key":     {"url: ldap://localhost\nbasedn: o=a\n", `did you mean "base_dn"?`},
		"bad kind":        {"ldif: a\nbase_dn: o=a\nkinds: {x: robot}\n", `kinds.x: unknown kind "robot"`},
		"page size":       {"ldif: a\nbase_dn: o=a\npage_size: -1\n", "a page of -1 entries"},
		"file filter":     {"ldif: a\nbase_dn: o=a\npeople: {filter: \"(cn:caseExactMatch:=x)\"}\n", "which a file cannot answer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems, err := tryBuild(t, c.yaml, nil)
			if err != nil || problems == nil || !strings.Contains(problems.Error(), c.want) {
				t.Errorf("got %v\n%v\nwant %s", err, problems, c.want)
			}
			if problems != nil && (strings.Contains(problems.Error(), "hunter2") || strings.Contains(problems.Error(), "me:secret")) {
				t.Errorf("the secret shows:\n%v", problems)
			}
		})
	}
}

func TestMissingSecretAndAuthority(t *testing.T) {
	for yaml, want := range map[string]string{
		"url: ldap://localhost\nbind_dn: cn=x\npassword: {env: NOT_SET_ANYWHERE}\nbase_dn: o=a\n": "NOT_SET_ANYWHERE is not set",
		"url: ldaps://localhost\nca_file: missing.pem\nbase_dn: o=a\n":                            "missing.pem",
	} {
		if _, problems, err := tryBuild(t, yaml, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v %v, want %s", problems, err, want)
		}
	}
}
