package ldap

import (
	"strings"
	"testing"

	"muster/internal/access"
)

func TestBadSettings(t *testing.T) {
	t.Setenv("WRITER", "w")
	const own = "bind_dn: cn=writer\npassword: {env: WRITER}\n"
	const server = "url: ldap://localhost\nbase_dn: dc=acme,dc=example\n"
	for name, c := range map[string]struct{ collector, settings, want string }{
		"export":              {"ldif: acme.ldif\nbase_dn: dc=acme,dc=example\n", own, "settings: an LDIF export cannot be changed"},
		"export alone":        {"ldif: acme.ldif\nbase_dn: dc=acme,dc=example\n", "", "an LDIF export cannot be changed"},
		"no url":              {"base_dn: dc=acme,dc=example\n", own, "the target has no url"},
		"nobody":              {server, "", "nobody is named who changes the directory"},
		"no password":         {server, "bind_dn: cn=writer\n", "settings.bind_dn: a bind without password"},
		"password alone":      {server + own, "password: {env: WRITER}\n", "settings.password: a password for nobody"},
		"another host":        {server + own, "url: ldap://127.0.0.1\n", "nobody is named who changes the directory"},
		"in clear":            {"base_dn: o=a\n", own + "url: ldap://ldap.acme.example\n", "settings.url: the password would cross the network in clear"},
		"secret in url":       {"base_dn: o=a\n", own + "url: ldap://me:hush@localhost\n", "credentials in the address"},
		"literal secret":      {server, "bind_dn: cn=writer\npassword: hush\n", "a secret must not stand in the configuration"},
		"no base":             {"url: ldap://localhost\n", own, "base_dn: required key is missing"},
		"bad base":            {"url: ldap://localhost\nbase_dn: acme\n", own, "base is not a distinguished name"},
		"bad filter":          {server, own + "people: {filter: \"(uid=a\"}\n", "settings.people: filter cannot be parsed"},
		"bad policy":          {server, own + "policy: default\n", "settings.policy: not a distinguished name"},
		"bad placeholder":     {server, own + "placeholder_member: nobody\n", "settings.placeholder_member: not a distinguished name"},
		"no id":               {server, own + "attributes: {id: \"\"}\n", "id, name and group_name cannot be empty"},
		"no members":          {server, own + "member_attributes: []\n", "without a member attribute"},
		"unknown placeholder": {server, own + "create: {attributes: {o: \"{company}\"}}\n", "{company} is no attribute of an account to create"},
		"password in create":  {server, own + "create: {attributes: {userPassword: \"{user_name}\"}}\n", "created without a password"},
		"rdn not written":     {server, own + "create: {rdn: ou}\n", "rdn ou is none of the attributes"},
		"unknown key":         {server, own + "lock_enforced: true\n", `did you mean "locks_enforced"?`},
		"timeout":             {server, own + "timeout: 0s\n", "timeout must be positive"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems, err := tryBuild(t, c.collector, c.settings, nil)
			if err != nil {
				t.Fatal(err)
			}
			if problems == nil || !strings.Contains(problems.Error(), c.want) {
				t.Errorf("got %v, want %q", problems, c.want)
			}
			if problems != nil && strings.Contains(problems.Error(), "hush") {
				t.Errorf("the problem quotes a secret: %v", problems)
			}
		})
	}
}

func TestSettingsComeFromTheCollector(t *testing.T) {
	t.Setenv("READER", "r")
	t.Setenv("WRITER", "w")
	const collector = "url: ldaps://ldap.acme.example\nbind_dn: cn=reader\npassword: {env: READER}\nbase_dn: dc=acme,dc=example\npage_size: 9\n" +
		"groups: {base: \"ou=groups,dc=acme,dc=example\"}\nattributes: {locked_at: \"\", employee_id: employeeID, last_login: seen}\n"
	target, problems, err := tryBuild(t, collector, "bind_dn: cn=writer\npassword: {env: WRITER}\ncreate: {attributes: {mail: \"\"}}\n", nil)
	if err != nil || problems != nil {
		t.Fatal(err, problems)
	}
	s := target.s
	if s.BindDN != "cn=writer" || s.Password.Env != "WRITER" || s.URL != "ldaps://ldap.acme.example" || s.People.Base != "dc=acme,dc=example" ||
		s.People.Filter != "(objectClass=inetOrgPerson)" || s.Groups.Base != "ou=groups,dc=acme,dc=example" || s.Attributes.ID != "entryUUID" {
		t.Errorf("got %+v", s)
	}
	if s.Create.Attributes["employeeID"] != "{employee_id}" || s.Create.Attributes["mail"] != "" || s.Create.Attributes["cn"] == "" {
		t.Errorf("the template is %q", s.Create.Attributes)
	}
	can := target.Abilities()
	if can.Can(access.DisableAccount) || can.Can(access.EnableAccount) || !can.Can(access.SetExpiry) || can.Can(access.RevokeSessions) || can.Orders {
		t.Errorf("abilities are %+v", can)
	}
	if can.Kinds[access.DeleteAccount] == "" {
		t.Error("what of a deletion cannot be undone is not said")
	}
}
