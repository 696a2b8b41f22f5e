package scim

import (
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"muster/collectors"
	"muster/internal/config"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// settings is the collector's part of the configuration.
type settings struct {
	URL        string           `yaml:"url"`                                // base URL, such as https://crm.acme.example/scim/v2
	Token      config.Secret    `yaml:"token"`                              // bearer token
	Basic      *basic           `yaml:"basic"`                              // or user and password
	CAFile     string           `yaml:"ca_file"`                            // PEM file with the authorities to trust instead of the host's
	Dump       string           `yaml:"dump"`                               // or a folder with Users.json, Groups.json ...
	PageSize   int              `yaml:"page_size"`                          // "count" of a request
	Filter     string           `yaml:"filter"`                             // RFC 7644 §3.4.2.2, on users
	Members    string           `yaml:"members" enum:"auto,groups,users"`   // where memberships are read: group.members or user.groups
	Reduce     string           `yaml:"reduce" enum:"none,excluded,listed"` // how a request leaves out what is not needed
	Privileged collectors.Globs `yaml:"privileged"`                         // on names of groups, roles and entitlements
	Attributes attributes       `yaml:"attributes"`
	Timeout    time.Duration    `yaml:"timeout"` // of one request with its answer
	Tries      int              `yaml:"tries"`   // of one request
	Backoff    time.Duration    `yaml:"backoff"` // wait before the second try
}

type basic struct {
	User     string        `yaml:"user" required:"true"`
	Password config.Secret `yaml:"password" required:"true"`
}

// attributes are the paths (RFC 7644 §3.10) of what the standard has no place for, or a server has elsewhere.
type attributes struct {
	LastLogin  string `yaml:"last_login"`
	MFA        string `yaml:"mfa"`
	Owner      string `yaml:"owner"`
	Kind       string `yaml:"kind"`
	EmployeeID string `yaml:"employee_id"`
	UPN        string `yaml:"upn"`
	Email      string `yaml:"email"`
	CreatedAt  string `yaml:"created_at"`
	ExpiresAt  string `yaml:"expires_at"`
	Locked     string `yaml:"locked"`
}

const (
	membersAuto   = "auto"
	membersGroups = "groups"
	membersUsers  = "users"

	reduceNone     = "none"
	reduceExcluded = "excluded"
	reduceListed   = "listed"
)

// decode reads the settings and records their problems on the node.
func decode(spec collectors.Spec) settings {
	s := settings{PageSize: 200, Members: membersAuto, Reduce: reduceExcluded, Timeout: time.Minute, Tries: 5,
		Backoff: 500 * time.Millisecond}
	n := spec.Settings
	n.Decode(&s)
	s.URL = strings.TrimRight(s.URL, "/")
	switch {
	case s.URL == "" && s.Dump == "":
		n.Problem("add url: https://... or dump: folder", "neither url nor dump is given")
	case s.URL != "" && s.Dump != "":
		n.Key("dump").Problem("keep one of them", "both url and dump are given")
	case s.URL != "":
		s.checkURL(n)
	case s.Filter != "":
		n.Key("filter").Problem("remove it", "a dump cannot be filtered")
	}
	if s.PageSize < 1 || s.PageSize > 10_000 {
		n.Get("page_size").Problem("between 1 and 10000; 200 is the default", "page_size %d is out of range", s.PageSize)
	}
	if s.Tries < 1 || s.Tries > 20 {
		n.Get("tries").Problem("between 1 and 20; 5 is the default", "tries %d is out of range", s.Tries)
	}
	if s.Timeout <= 0 {
		n.Get("timeout").Problem("write 60s", "timeout must be positive")
	}
	if s.Backoff <= 0 {
		n.Get("backoff").Problem("write 500ms", "backoff must be positive")
	}
	for key, text := range s.Attributes.all() {
		if _, ok := resource.ParsePath(text); text != "" && !ok {
			n.Get("attributes").Get(key).Problem(`write "name", "name.sub" or "urn:...:User:name"`, "%q is no attribute path", text)
		}
	}
	if s.Dump != "" && !filepath.IsAbs(s.Dump) {
		s.Dump = filepath.Join(spec.Dir, s.Dump)
	}
	if s.CAFile != "" && !filepath.IsAbs(s.CAFile) {
		s.CAFile = filepath.Join(spec.Dir, s.CAFile)
	}
	return s
}

// checkURL refuses what would carry a secret in the clear or in the address.
func (s settings) checkURL(n config.Node) {
	if bad := dial.CheckURL(s.URL); bad != nil {
		at := n.Get("url")
		if bad.Secret {
			at.MarkSecret()
		}
		at.Problem(bad.Hint, "%s", bad.Problem)
		if u, err := url.Parse(s.URL); err != nil || u.Host == "" || u.User != nil {
			return // there is no server yet to say more about
		}
	}
	if n.Get("token").Exists() == (s.Basic != nil) {
		n.Problem("add token: {env: NAME} or basic: {user: name, password: {env: NAME}}", "a server takes exactly one of token and basic")
	}
}

func (a attributes) all() map[string]string {
	return map[string]string{"last_login": a.LastLogin, "mfa": a.MFA, "owner": a.Owner, "kind": a.Kind,
		"employee_id": a.EmployeeID, "upn": a.UPN, "email": a.Email, "created_at": a.CreatedAt, "expires_at": a.ExpiresAt,
		"locked": a.Locked}
}
