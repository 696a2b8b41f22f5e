package scim

import (
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
	"muster/remediate"
	"muster/remediate/scim/joiner"
)

// settings is the target's part of the configuration. Where the server is, how to get in and where attributes are is taken from the
// collector's settings when it is not said again.
type settings struct {
	URL      string            `yaml:"url"`
	Token    config.Secret     `yaml:"token"` // bearer token that may write
	User     string            `yaml:"user"`  // or user and password
	Password config.Secret     `yaml:"password"`
	CAFile   string            `yaml:"ca_file"`
	Timeout  time.Duration     `yaml:"timeout"` // of one request with its answer
	Self     []string          `yaml:"self"`    // user names of the account that muster itself uses there
	Extra    map[string]string `yaml:"extra"`   // attribute path: value, of every account that is created

	paths map[string]resource.Path // the collector's attributes: locked, employee_id, upn, email
	extra map[string]resource.Path
	bad   bool // a problem was recorded
}

func decode(spec remediate.Spec) settings {
	s := settings{Timeout: time.Minute, paths: map[string]resource.Path{}, extra: map[string]resource.Path{}}
	s.inherit(spec)
	n := spec.Settings
	n.Decode(&s)
	s.URL = strings.TrimRight(s.URL, "/")
	if s.Timeout <= 0 {
		s.problem(n.Get("timeout"), "write 60s", "timeout must be positive")
	}
	for text, value := range s.Extra {
		p, ok := resource.ParsePath(text)
		if !ok {
			s.problem(n.Get("extra").Key(text), `write "name", "name.sub" or "urn:...:User:name"`, "this is no attribute path")
		}
		s.extra[text] = p
		if name := joiner.Unknown(value); name != "" {
			s.problem(n.Get("extra").Get(text), "one of {"+strings.Join(joiner.Placeholders(), "}, {")+"}", "{"+name+"} is no attribute of an account to create")
		}
	}
	if s.CAFile != "" && !filepath.IsAbs(s.CAFile) {
		s.CAFile = filepath.Join(spec.Dir, s.CAFile)
	}
	s.check(spec)
	return s
}

// inherit takes what the collector's settings say. Their own problems are the collector's to report.
func (s *settings) inherit(spec remediate.Spec) {
	c, n := spec.Collector, spec.Settings
	c.Get("url").Decode(&s.URL)
	c.Get("timeout").Decode(&s.Timeout)
	c.Get("ca_file").Decode(&s.CAFile)
	for _, key := range []string{"locked", access.AttrEmployeeID, access.AttrUPN, access.AttrEmail} {
		var text string
		c.Get("attributes").Get(key).Decode(&text)
		if p, ok := resource.ParsePath(text); ok {
			s.paths[key] = p
		}
	}
	var own string
	n.Get("url").Decode(&own)
	if own != "" && host(own) != host(s.URL) {
		return // the token is for the collector's host and goes to no other
	}
	for _, key := range []string{"token", "user", "password"} {
		if n.Get(key).Exists() {
			return
		}
	}
	if c.Get("token").Exists() {
		c.Get("token").Decode(&s.Token)
	} else if c.Get("basic").Exists() {
		c.Get("basic").Get("user").Decode(&s.User)
		c.Get("basic").Get("password").Decode(&s.Password)
	}
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// check sees whether there is one server and one way in.
func (s *settings) check(spec remediate.Spec) {
	at := spec.Settings
	if at.File() == "" {
		at = spec.Collector // without settings of its own there is no place to point at
	}
	if s.URL == "" {
		hint, text := "add url: https://...", "the target has no url"
		if spec.Collector.Get("dump").Exists() {
			hint, text = "add url: of the server that the dump is from, or target: none", "a dump cannot be changed"
		}
		s.problem(at, hint, text)
		return
	}
	where := at.Get("url")
	if !where.Exists() {
		where = spec.Collector.Get("url")
	}
	if bad := dial.CheckURL(s.URL); bad != nil {
		if bad.Secret {
			where.MarkSecret()
		}
		s.problem(where, bad.Hint, bad.Problem)
	}
	token, basic := s.Token.IsSet(), s.User != "" || s.Password.IsSet()
	if token == basic || basic && (s.User == "" || !s.Password.IsSet()) {
		s.problem(at, "add token: {env: NAME}, or user: name and password: {env: NAME}", "a server takes exactly one of token, and user with password")
	}
}

func (s *settings) problem(at config.Node, hint, text string) {
	s.bad = true
	at.Problem(hint, "%s", text)
}

// places are where an account that is created has what the standard has elsewhere: the employee id and the UPN where the collector reads
// them, and extra.
func (s *settings) places() []joiner.Place {
	var list []joiner.Place
	for _, key := range []string{access.AttrEmployeeID, access.AttrUPN} {
		if p, ok := s.paths[key]; ok {
			list = append(list, joiner.Place{Path: p, Value: "{" + key + "}"})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(s.Extra)) {
		list = append(list, joiner.Place{Path: s.extra[key], Value: s.Extra[key]})
	}
	return list
}
