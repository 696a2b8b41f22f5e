package postgres

import (
	"net/url"
	"time"

	"muster/internal/config"
	dial "muster/internal/dial/postgres"
	"muster/remediate"
)

// settings is the target's part of the configuration. What is not said is taken from the collector's settings.
type settings struct {
	URL              string        `yaml:"url"`      // postgres://user@host:5432/database?sslmode=verify-full; the user may write
	Password         config.Secret `yaml:"password"` // of the user
	Timeout          time.Duration `yaml:"timeout"`  // of connecting
	StatementTimeout time.Duration `yaml:"statement_timeout"`

	address   *url.URL // nil when a problem was recorded
	databases []string // whose privileges the collector reads: with several, entitlements begin with the database
}

func decode(spec remediate.Spec) settings {
	s := settings{Timeout: 15 * time.Second, StatementTimeout: time.Minute}
	c, n := spec.Collector, spec.Settings
	c.Get("timeout").Decode(&s.Timeout)
	var theirs string
	c.Get("url").Decode(&theirs)
	s.URL = theirs
	n.Decode(&s)
	at, where := n, n.Get("url")
	if at.File() == "" {
		at = c // without settings of its own there is no place to point at
	}
	if !where.Exists() {
		where = c.Get("url")
	}
	for key, d := range map[string]time.Duration{"timeout": s.Timeout, "statement_timeout": s.StatementTimeout} {
		if d <= 0 {
			n.Get(key).Problem("write 15s", "%s must be positive", key)
		}
	}
	switch {
	case s.URL == "" && c.Get("export").Exists():
		at.Problem("add url: of the server that the export is from, or target: none", "an export cannot be changed")
		return s
	case s.URL == "":
		at.Problem("add url: postgres://user@host/database", "the target has no url")
		return s
	}
	address, bad := dial.ParseURL(s.URL)
	for _, b := range bad {
		if b.Secret {
			where.MarkSecret()
		}
		where.Problem(b.Hint, "%s", b.Problem)
	}
	if address == nil || s.Timeout <= 0 || s.StatementTimeout <= 0 {
		return s
	}
	s.address = address
	s.inherit(c, theirs)
	return s
}

// inherit takes the collector's databases, and its password for the same user of the same host: it goes to no other.
func (s *settings) inherit(c config.Node, theirs string) {
	c.Get("databases").Decode(&s.databases)
	their, _ := dial.ParseURL(theirs)
	if len(s.databases) == 0 {
		s.databases = []string{dial.Database(s.address)}
		if their != nil {
			s.databases = []string{dial.Database(their)}
		}
	}
	same := their != nil && dial.Host(their) == dial.Host(s.address) && their.User.Username() == s.address.User.Username()
	if !s.Password.IsSet() && same {
		c.Get("password").Decode(&s.Password)
	}
}
