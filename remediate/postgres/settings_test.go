package postgres

import (
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/remediate"
)

func parse(t *testing.T, text string) (*config.Document, config.Node) {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(text+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return doc, doc.Root()
}

func TestSettingsComeFromTheCollectorToo(t *testing.T) {
	for name, c := range map[string]struct {
		own, collector                      string
		user, host, home, databases, secret string
	}{
		"nothing of its own":                   {"", "url: postgres://a@127.0.0.1:1/books\npassword: {env: THEIRS}", "a", "127.0.0.1:1", "books", "books", "THEIRS"},
		"its own user":                         {"url: postgres://w@127.0.0.1:1/postgres\npassword: {env: OURS}", "url: postgres://a@127.0.0.1:1/books\npassword: {env: THEIRS}\ndatabases: [x, y]", "w", "127.0.0.1:1", "postgres", "x,y", "OURS"},
		"another user takes no password":       {"url: postgres://w@127.0.0.1:1/", "url: postgres://a@127.0.0.1:1/books\npassword: {env: THEIRS}", "w", "127.0.0.1:1", "postgres", "books", ""},
		"another host takes no password":       {"url: postgres://a@localhost:1/", "url: postgres://a@127.0.0.1:1/books\npassword: {env: THEIRS}", "a", "localhost:1", "postgres", "books", ""},
		"another database takes the password":  {"url: postgres://a@127.0.0.1:1/admin", "url: postgres://a@127.0.0.1:1/books\npassword: {env: THEIRS}", "a", "127.0.0.1:1", "admin", "books", "THEIRS"},
		"its own password for the same user":   {"password: {env: OURS}", "url: postgres://a@127.0.0.1:1/books\npassword: {env: THEIRS}", "a", "127.0.0.1:1", "books", "books", "OURS"},
		"an export whose server is named here": {"url: postgres://w@127.0.0.1:1/books", "export: dumps", "w", "127.0.0.1:1", "books", "books", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var spec remediate.Spec
			var own, theirs *config.Document
			if c.own != "" {
				own, spec.Settings = parse(t, c.own)
			}
			theirs, spec.Collector = parse(t, c.collector)
			s := decode(spec)
			if own != nil && own.Err() != nil || theirs.Err() != nil {
				t.Fatal(own.Err(), theirs.Err())
			}
			if s.address.User.Username() != c.user || s.address.Host != c.host || s.address.Path != "/"+c.home || strings.Join(s.databases, ",") != c.databases || s.Password.Env != c.secret {
				t.Errorf("%+v", s)
			}
			if s.Timeout != 15*time.Second || s.StatementTimeout != time.Minute {
				t.Errorf("timeouts %s, %s", s.Timeout, s.StatementTimeout)
			}
		})
	}
}

func TestBadSettingsAreReportedWhereTheyStand(t *testing.T) {
	for name, c := range map[string]struct{ own, collector, says string }{
		"an export":            {"", "export: dumps", "an export cannot be changed"},
		"an export, settings":  {"timeout: 3s", "export: dumps", "an export cannot be changed"},
		"nothing":              {"timeout: 3s", "", "the target has no url"},
		"a password in it":     {"url: postgres://a:pa55word@127.0.0.1/books", "", "url holds a password"},
		"another protocol":     {"url: mysql://a@127.0.0.1/books", "", "not a PostgreSQL address"},
		"no user":              {"url: postgres://127.0.0.1/books", "", "url names no user"},
		"a literal password":   {"url: postgres://a@127.0.0.1/books\npassword: pa55word", "", "must not stand"},
		"an unknown key":       {"url: postgres://a@127.0.0.1/books\nrole: x", "", "unknown key"},
		"a timeout of nothing": {"url: postgres://a@127.0.0.1/books\ntimeout: 0s", "", "timeout must be positive"},
	} {
		t.Run(name, func(t *testing.T) {
			var spec remediate.Spec
			var docs []*config.Document
			if c.own != "" {
				doc, n := parse(t, c.own)
				docs, spec.Settings = append(docs, doc), n
			}
			if c.collector != "" {
				doc, n := parse(t, c.collector)
				docs, spec.Collector = append(docs, doc), n
			}
			tg, err := New(spec)
			if err != nil {
				t.Fatal(err)
			}
			var text string
			for _, doc := range docs {
				if err := doc.Err(); err != nil {
					text += err.Error()
				}
			}
			if !strings.Contains(text, c.says) || strings.Contains(text, "pa55word") {
				t.Errorf("problems %q, want %q", text, c.says)
			}
			if len(tg.Abilities().Kinds) == 0 {
				t.Error("it has no abilities")
			}
			if c.says == "must not stand" || c.says == "unknown key" {
				return // the rest of the settings is fine, and the caller has printed the problem
			}
			if _, err := tg.Inspect(t.Context(), action(access.DisableAccount, "ada", "")); access.KindOf(err) != access.Invalid {
				t.Errorf("a target with bad settings gave %v", err)
			}
		})
	}
}
