package postgres

import (
	"net/url"
	"path/filepath"
	"slices"
	"time"

	"muster/collectors"
	"muster/internal/config"
	dial "muster/internal/dial/postgres"
)

// settings is the collector's part of the configuration.
type settings struct {
	URL              string           `yaml:"url"`       // postgres://user@host:5432/database?sslmode=verify-full
	Password         config.Secret    `yaml:"password"`  // of the user
	Databases        []string         `yaml:"databases"` // whose grants are read; default the one of the url
	Export           string           `yaml:"export"`    // or a folder with roles.csv, members.csv and grants.csv
	Privileged       collectors.Globs `yaml:"privileged"`
	Timeout          time.Duration    `yaml:"timeout"`           // of connecting
	StatementTimeout time.Duration    `yaml:"statement_timeout"` // of one query
	Tries            int              `yaml:"tries"`             // of connecting
	Backoff          time.Duration    `yaml:"backoff"`           // wait before the second try

	address *url.URL // URL parsed, with defaults
}

// decode reads the settings and records their problems on the node.
func decode(spec collectors.Spec) settings {
	s := settings{Timeout: 15 * time.Second, StatementTimeout: 10 * time.Minute, Tries: 5, Backoff: 500 * time.Millisecond}
	n := spec.Settings
	n.Decode(&s)
	switch {
	case s.URL == "" && s.Export == "":
		n.Problem("add url: postgres://user@host/database or export: folder", "neither url nor export is given")
	case s.URL != "" && s.Export != "":
		n.Key("export").Problem("keep one of them", "both url and export are given")
	case s.URL != "":
		s.checkURL(n.Get("url"))
	case len(s.Databases) > 0 || s.Password.IsSet():
		n.Key("export").Problem("remove databases and password", "an export takes neither databases nor password")
	}
	for i, name := range s.Databases {
		if slices.Contains(s.Databases[:i], name) {
			n.Get("databases").Index(i).Problem("keep one of them", "database %q is named twice", name)
		}
	}
	if s.Tries < 1 || s.Tries > 20 {
		n.Get("tries").Problem("between 1 and 20; 5 is the default", "tries %d is out of range", s.Tries)
	}
	for key, d := range map[string]time.Duration{"timeout": s.Timeout, "statement_timeout": s.StatementTimeout, "backoff": s.Backoff} {
		if d <= 0 {
			n.Get(key).Problem("write 15s", "%s must be positive", key)
		}
	}
	if s.Export != "" && !filepath.IsAbs(s.Export) {
		s.Export = filepath.Join(spec.Dir, s.Export)
	}
	return s
}

// checkURL records the problems of the address.
func (s *settings) checkURL(n config.Node) {
	address, bad := dial.ParseURL(s.URL)
	for _, b := range bad {
		if b.Secret {
			n.MarkSecret()
		}
		n.Problem(b.Hint, "%s", b.Problem)
	}
	s.address = address
}

// database is the name of the database of the url.
func (s *settings) database() string { return dial.Database(s.address) }
