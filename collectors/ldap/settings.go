package ldap

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/collectors"
	"muster/collectors/ldap/filter"
	"muster/internal/access"
	"muster/internal/config"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
)

// settings are the keys under `settings:` of a system with `collector: ldap`.
type settings struct {
	URL             string                        `yaml:"url"`                                    // ldap://host[:389] or ldaps://host[:636]
	LDIF            string                        `yaml:"ldif"`                                   // or: an export of the directory
	StartTLS        bool                          `yaml:"start_tls"`                              // begin TLS on an ldap:// connection
	CAFile          string                        `yaml:"ca_file"`                                // PEM of the authorities to trust; default the system's
	ServerName      string                        `yaml:"server_name"`                            // name that the certificate must carry; default the URL's host
	BindDN          string                        `yaml:"bind_dn"`                                // without it the search is anonymous
	Password        config.Secret                 `yaml:"password"`                               // of bind_dn
	AllowClear      bool                          `yaml:"allow_cleartext"`                        // let the password cross a network without TLS
	BaseDN          string                        `yaml:"base_dn"`                                // where both areas start, unless they say so themselves
	People          area                          `yaml:"people"`                                 // the entries that are accounts
	Groups          area                          `yaml:"groups"`                                 // the entries that are entitlements
	PageSize        int                           `yaml:"page_size"`                              // entries per page; 0 = 1000
	Timeout         time.Duration                 `yaml:"timeout"`                                // longest wait for one answer; default 1m
	Attributes      attributes                    `yaml:"attributes"`                             // which attribute holds what
	Extra           []string                      `yaml:"extra_attributes"`                       // kept as Account.Attributes
	Members         []string                      `yaml:"member_attributes"`                      // default member and uniqueMember; memberUid names accounts
	Placeholder     *string                       `yaml:"placeholder_member"`                     // a member that stands for nobody, in a group that would be empty
	Kinds           map[string]access.AccountKind `yaml:"kinds"`                                  // value of attributes.kind → kind of account
	Privileged      collectors.Globs              `yaml:"privileged_groups"`                      // patterns of group names
	LoginTracked    bool                          `yaml:"last_login_tracked"`                     // no last_login then means that there was none
	LockoutDuration time.Duration                 `yaml:"lockout_duration"`                       // pwdLockoutDuration; 0 = until an administrator unlocks
	MaxRejected     int                           `yaml:"max_rejected"`                           // unreadable entries of a class that still count as complete
	FinalNewline    string                        `yaml:"final_newline" enum:"required,optional"` // an LDIF without one is cut

	people, groups question
	password       string
	nobody         string // placeholder_member, normalised
}

// area is one search: below which entry, and which entries.
type area struct {
	Base   string `yaml:"base"`
	Filter string `yaml:"filter"`
}

// attributes name the attribute of each fact; an empty name means that the directory does not hold it.
type attributes struct {
	ID              string `yaml:"id"`
	Name            string `yaml:"name"`
	DisplayName     string `yaml:"display_name"`
	Email           string `yaml:"email"`
	EmployeeID      string `yaml:"employee_id"`
	UPN             string `yaml:"upn"`
	Owner           string `yaml:"owner"` // of a DN the value of its first part is taken
	LastLogin       string `yaml:"last_login"`
	CreatedAt       string `yaml:"created_at"`
	PasswordChanged string `yaml:"password_changed_at"`
	StartsAt        string `yaml:"starts_at"`
	ExpiresAt       string `yaml:"expires_at"`
	LockedAt        string `yaml:"locked_at"`
	MFA             string `yaml:"mfa"`
	Kind            string `yaml:"kind"`
	GroupName       string `yaml:"group_name"`
	Description     string `yaml:"group_description"`
}

// question is an area made ready.
type question struct {
	base, norm string
	filter     filter.Filter
	attrs      []string
}

func defaults() settings {
	return settings{
		PageSize: 0, Timeout: time.Minute, FinalNewline: "required",
		People:  area{Filter: "(objectClass=inetOrgPerson)"},
		Groups:  area{Filter: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames))"},
		Members: []string{"member", "uniqueMember"},
		Attributes: attributes{ID: "entryUUID", Name: "uid", DisplayName: "cn", Email: "mail", EmployeeID: "employeeNumber",
			LastLogin: "pwdLastSuccess", CreatedAt: "createTimestamp", PasswordChanged: "pwdChangedTime",
			StartsAt: "pwdStartTime", ExpiresAt: "pwdEndTime", LockedAt: "pwdAccountLockedTime", Kind: "employeeType",
			GroupName: "cn", Description: "description"},
	}
}

// read decodes and checks; false means that problems were recorded.
func (s *settings) read(n config.Node) bool {
	ok := true
	problem := func(at config.Node, hint, format string, args ...any) {
		at.Problem(hint, format, args...)
		ok = false
	}
	n.Decode(s)
	if (s.URL == "") == (s.LDIF == "") {
		problem(n, "add url: ldaps://host for a server or ldif: path for an export", "exactly one of url and ldif is needed")
	}
	if s.PageSize < 0 {
		problem(n.Get("page_size"), "0 takes the default", "a page of %d entries", s.PageSize)
	}
	if s.MaxRejected < 0 {
		problem(n.Get("max_rejected"), "", "a negative number")
	}
	if s.Attributes.ID == "" || s.Attributes.GroupName == "" {
		problem(n.Get("attributes"), "use entryUUID and cn", "id and group_name cannot be empty")
	}
	for _, key := range n.Get("kinds").Keys() {
		if k := s.Kinds[key]; !isKind(k) {
			problem(n.Get("kinds").Get(key), "one of human, service, shared, break-glass", "unknown kind %q", k)
		}
	}
	if s.Placeholder != nil {
		var err error
		if s.nobody, err = entry.Normalise(*s.Placeholder); err != nil {
			problem(n.Get("placeholder_member"), "write it as cn=nobody,dc=acme,dc=example", "not a distinguished name: %q", *s.Placeholder)
		}
	}
	if s.URL != "" {
		ok = s.checkURL(n) && ok
	}
	var okPeople, okGroups bool
	s.people, okPeople = s.question(n, "people", s.People, s.Attributes.ofPeople(s.Extra))
	s.groups, okGroups = s.question(n, "groups", s.Groups, s.Attributes.ofGroups(s.Members))
	return ok && okPeople && okGroups
}

func (s *settings) server() dial.Server {
	return dial.Server{URL: s.URL, StartTLS: s.StartTLS, CAFile: s.CAFile, ServerName: s.ServerName, BindDN: s.BindDN, Password: s.Password,
		AllowClear: s.AllowClear}
}

func (s *settings) validity() dial.Validity {
	at := &s.Attributes
	return dial.Validity{LockedAt: at.LockedAt, StartsAt: at.StartsAt, ExpiresAt: at.ExpiresAt, LockoutDuration: s.LockoutDuration}
}

func (s *settings) checkURL(n config.Node) bool {
	bad := s.server().Check()
	if bad == nil {
		return true
	}
	at := n.Get(bad.Key)
	if bad.Secret {
		at.MarkSecret()
	}
	at.Problem(bad.Hint, "%s", bad.Problem)
	return false
}

func (s *settings) question(n config.Node, key string, a area, attrs []string) (question, bool) {
	q := question{base: a.Base, attrs: attrs}
	at := n.Get(key).Get("base")
	if q.base == "" {
		q.base, at = s.BaseDN, n.Get("base_dn")
	}
	if q.base == "" {
		if key == "people" {
			at.Problem("add base_dn: dc=acme,dc=example", "required key is missing")
		}
		return q, false
	}
	var err error
	if q.norm, err = entry.Normalise(q.base); err != nil || q.norm == "" {
		at.Problem("write it as ou=people,dc=acme,dc=example", "not a distinguished name: %q", q.base)
		return q, false
	}
	at = n.Get(key).Get("filter")
	if q.filter, err = filter.Compile(a.Filter); err != nil {
		at.Problem("write it as (objectClass=inetOrgPerson)", "%s", err)
		return q, false
	}
	if err := q.filter.ForFiles(); err != nil && s.LDIF != "" {
		at.Problem("use and, or, not, equality, presence, substrings, >= and <=", "%s", err)
		return q, false
	}
	return q, true
}

func (a attributes) ofPeople(extra []string) []string {
	return distinct(append([]string{a.ID, a.Name, a.DisplayName, a.Email, a.EmployeeID, a.UPN, a.Owner, a.LastLogin, a.CreatedAt,
		a.PasswordChanged, a.StartsAt, a.ExpiresAt, a.LockedAt, a.MFA, a.Kind}, extra...))
}

func (a attributes) ofGroups(members []string) []string {
	return distinct(append([]string{a.ID, a.GroupName, a.Description}, members...))
}

// distinct keeps the order and drops empty names; a search without any would ask for all attributes.
func distinct(names []string) []string {
	var out []string
	for _, n := range names {
		if n != "" && !slices.ContainsFunc(out, func(o string) bool { return strings.EqualFold(o, n) }) {
			out = append(out, n)
		}
	}
	return out
}

func (q *question) text(pageSize int) string {
	s := fmt.Sprintf("search base=%q scope=sub filter=%q attributes=%s", q.base, q.filter.Text, strings.Join(q.attrs, ","))
	if pageSize > 0 {
		s += fmt.Sprintf(" page=%d", pageSize)
	}
	return s
}
