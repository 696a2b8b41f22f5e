package postgres

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"muster/collectors"
	"muster/internal/config"
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

// parameters are what the url's query may hold; everything else has a setting or is ours to decide.
func parameters() []string {
	return []string{"sslmode", "sslrootcert", "sslcert", "sslkey", "host", "port"}
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

// checkURL refuses what would carry a password and completes what is not said.
func (s *settings) checkURL(n config.Node) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		n.MarkSecret() // whatever it is, it may hold a password
		n.Problem("write postgres://user@host:5432/database", "url is not a PostgreSQL address")
		return
	}
	query := u.Query()
	if _, has := u.User.Password(); has || query.Has("password") {
		n.MarkSecret()
		n.Problem("write password: {env: NAME} beside it", "url holds a password")
		return
	}
	for key := range query {
		if !slices.Contains(parameters(), key) {
			n.Problem("it may hold "+strings.Join(parameters(), ", "), "url has the unknown parameter %q", key)
			return
		}
	}
	switch {
	case u.User.Username() == "":
		n.Problem("write postgres://user@host:5432/database", "url names no user")
	case u.Host == "" && !query.Has("host"):
		n.Problem("write postgres://user@host/db, or postgres://user@/db?host=/run/postgresql for a socket", "url names no host")
	case strings.Contains(u.Host, ","):
		n.Problem("name one of them", "url names several hosts")
	}
	if mode := query.Get("sslmode"); mode != "" && !slices.Contains([]string{"disable", "prefer", "require", "verify-ca", "verify-full"}, mode) {
		n.Problem("one of disable, prefer, require, verify-ca, verify-full", "unknown sslmode %q", mode)
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/postgres"
	}
	if query.Get("sslmode") == "" && !local(u, query) {
		query.Set("sslmode", "require") // never a password over a wire in the clear because nobody said so
	}
	u.RawQuery = query.Encode()
	s.address = u
}

// local reports whether the server is reached without leaving this host.
func local(u *url.URL, query url.Values) bool {
	host := u.Hostname()
	if h := query.Get("host"); h != "" {
		host = h
	}
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || host == "localhost" || ip != nil && ip.IsLoopback()
}

// database is the name of the database of the url.
func (s *settings) database() string { return strings.TrimPrefix(s.address.Path, "/") }
