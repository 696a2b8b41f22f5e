package ldap

import (
	"net/url"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/config"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
	"muster/remediate"
)

// settings are the keys under `remediation: settings:` of a system with `target: ldap`. What is not said here is taken from the
// collector's settings; who writes should be said, since whoever reads need not be able to.
type settings struct {
	URL             string        `yaml:"url"`
	StartTLS        bool          `yaml:"start_tls"`
	CAFile          string        `yaml:"ca_file"`
	ServerName      string        `yaml:"server_name"`
	BindDN          string        `yaml:"bind_dn"` // an entry that may write
	Password        config.Secret `yaml:"password"`
	AllowClear      bool          `yaml:"allow_cleartext"`
	Timeout         time.Duration `yaml:"timeout"` // longest wait for one answer; default 1m
	BaseDN          string        `yaml:"base_dn"`
	People          area          `yaml:"people"`
	Groups          area          `yaml:"groups"`
	Members         []string      `yaml:"member_attributes"`
	Placeholder     *string       `yaml:"placeholder_member"` // who is put into a group whose last member leaves; unset: the last cannot leave
	Attributes      attributes    `yaml:"attributes"`
	LockoutDuration time.Duration `yaml:"lockout_duration"`
	Policy          string        `yaml:"policy"`         // name of the password policy in force (olcPPolicyDefault), when it is not the only one
	LocksEnforced   bool          `yaml:"locks_enforced"` // locks and ends count, although no policy that muster may read says so
	Create          create        `yaml:"create"`
}

// area is where entries are, and which of them count.
type area struct {
	Base   string `yaml:"base"`
	Filter string `yaml:"filter"`
}

// attributes name the attribute of each fact, as the collector's do.
type attributes struct {
	ID         string `yaml:"id"`
	Name       string `yaml:"name"`
	EmployeeID string `yaml:"employee_id"`
	StartsAt   string `yaml:"starts_at"`
	ExpiresAt  string `yaml:"expires_at"`
	LockedAt   string `yaml:"locked_at"`
	GroupName  string `yaml:"group_name"`
}

// inherited are the keys that are taken from the collector. Those of who asks, with what they are trusted with, go only to its own host.
const (
	inherited = "timeout base_dn people groups member_attributes placeholder_member lockout_duration"
	ofHost    = "start_tls ca_file server_name allow_cleartext bind_dn password"
)

func defaults() settings {
	return settings{
		Timeout: time.Minute,
		People:  area{Filter: "(objectClass=inetOrgPerson)"},
		Groups:  area{Filter: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))"},
		Members: []string{"member", "uniqueMember"},
		Attributes: attributes{ID: "entryUUID", Name: "uid", EmployeeID: "employeeNumber", StartsAt: "pwdStartTime", ExpiresAt: "pwdEndTime",
			LockedAt: "pwdAccountLockedTime", GroupName: "cn"},
		Create: create{Classes: []string{"inetOrgPerson"}},
	}
}

// decode reads and checks; false means that problems were recorded.
func decode(spec remediate.Spec) (settings, bool) {
	d := decoder{s: defaults(), at: spec.Settings, ok: true}
	d.inherit(spec.Settings, spec.Collector)
	spec.Settings.Decode(&d.s)
	if spec.Settings.File() == "" {
		d.at = spec.Collector // without settings of its own there is no place to point at
	}
	d.server(spec.Collector)
	d.area("people", &d.s.People)
	d.area("groups", &d.s.Groups)
	if d.s.Attributes.ID == "" || d.s.Attributes.Name == "" || d.s.Attributes.GroupName == "" {
		d.problem("attributes", "use entryUUID, uid and cn", "id, name and group_name cannot be empty")
	}
	if len(d.s.Members) == 0 {
		d.problem("member_attributes", "use [member, uniqueMember]", "without a member attribute there is no membership")
	}
	if _, err := entry.Normalise(d.s.Policy); err != nil {
		d.problem("policy", "write it as cn=default,ou=policies,dc=acme,dc=example", "not a distinguished name")
	}
	if d.s.Placeholder != nil {
		if _, err := entry.Normalise(*d.s.Placeholder); err != nil {
			d.problem("placeholder_member", "write it as cn=nobody,dc=acme,dc=example", "not a distinguished name")
		}
	}
	if d.s.Timeout <= 0 {
		d.problem("timeout", "write 60s", "timeout must be positive")
	}
	d.create()
	return d.s, d.ok
}

type decoder struct {
	s  settings
	at config.Node
	ok bool
}

func (d *decoder) problem(key, hint, text string) {
	d.ok = false
	at := d.at
	if key != "" {
		at = at.Get(key)
	}
	at.Problem(hint, "%s", text)
}

// inherit takes what the collector's settings say. Their own problems are the collector's to report.
func (d *decoder) inherit(n, c config.Node) {
	into := map[string]any{"timeout": &d.s.Timeout, "base_dn": &d.s.BaseDN, "people": &d.s.People, "groups": &d.s.Groups,
		"member_attributes": &d.s.Members, "placeholder_member": &d.s.Placeholder, "lockout_duration": &d.s.LockoutDuration, "start_tls": &d.s.StartTLS, "ca_file": &d.s.CAFile,
		"server_name": &d.s.ServerName, "allow_cleartext": &d.s.AllowClear, "bind_dn": &d.s.BindDN, "password": &d.s.Password}
	take := func(keys string) {
		for _, key := range strings.Fields(keys) {
			c.Get(key).Decode(into[key])
		}
	}
	take(inherited)
	at := &d.s.Attributes
	for key, field := range map[string]*string{"id": &at.ID, "name": &at.Name, "employee_id": &at.EmployeeID, "starts_at": &at.StartsAt,
		"expires_at": &at.ExpiresAt, "locked_at": &at.LockedAt, "group_name": &at.GroupName} {
		c.Get("attributes").Get(key).Decode(field)
	}
	c.Get("url").Decode(&d.s.URL)
	var own string
	n.Get("url").Decode(&own)
	if own != "" && host(own) != host(d.s.URL) {
		return
	}
	take(ofHost)
	if n.Get("bind_dn").Exists() || n.Get("password").Exists() {
		d.s.BindDN, d.s.Password = "", config.Secret{}
	}
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

func (s *settings) server() dial.Server {
	return dial.Server{URL: s.URL, StartTLS: s.StartTLS, CAFile: s.CAFile, ServerName: s.ServerName, BindDN: s.BindDN, Password: s.Password,
		AllowClear: s.AllowClear}
}

// server sees whether there is one server, and somebody who may change it.
func (d *decoder) server(collector config.Node) {
	switch {
	case d.s.URL == "" && collector.Get("ldif").Exists():
		d.problem("", "add url: of the server that the export is from, or target: none", "an LDIF export cannot be changed")
		return
	case d.s.URL == "":
		d.problem("", "add url: ldaps://host", "the target has no url")
		return
	}
	bad := d.s.server().Check()
	if bad == nil && d.s.BindDN == "" {
		bad = &dial.BadServer{Problem: "nobody is named who changes the directory", Hint: "add bind_dn: cn=writer,... and password: {env: NAME}"}
	}
	if bad == nil {
		return
	}
	if bad.Secret {
		d.at.Get(bad.Key).MarkSecret()
	}
	d.problem(bad.Key, bad.Hint, bad.Problem)
}

func (d *decoder) area(key string, a *area) {
	if a.Base == "" {
		a.Base = d.s.BaseDN
	}
	switch name, err := entry.Normalise(a.Base); {
	case a.Base == "" && key == "people":
		d.problem("base_dn", "add base_dn: dc=acme,dc=example", "required key is missing")
	case a.Base != "" && (err != nil || name == ""):
		d.problem(key, "write it as ou=people,dc=acme,dc=example", "base is not a distinguished name")
	}
	if _, err := ldap.CompileFilter(a.Filter); err != nil {
		d.problem(key, "write it as (objectClass=inetOrgPerson)", "filter cannot be parsed")
	}
}

func (s *settings) validity() dial.Validity {
	at := &s.Attributes
	return dial.Validity{LockedAt: at.LockedAt, StartsAt: at.StartsAt, ExpiresAt: at.ExpiresAt, LockoutDuration: s.LockoutDuration}
}
