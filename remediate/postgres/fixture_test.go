package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	pgserver "muster/internal/testserver/postgres"
	"muster/internal/testserver/postgres/proxy"
	"muster/remediate"
	"muster/remediate/targettest"
)

const (
	secret   = "s3cret/pass+word"
	database = "books"
)

// writers are the roles that the target connects as: a superuser, and the least that suffices before PostgreSQL 16.
func writers() map[string][]string {
	return map[string][]string{
		"superuser": {"CREATE ROLE writer LOGIN SUPERUSER PASSWORD '" + secret + "'"},
		"createrole": {"CREATE ROLE writer LOGIN CREATEROLE PASSWORD '" + secret + "'",
			"GRANT owner, granter, pg_signal_backend TO writer", "GRANT SET ON PARAMETER muster.note TO writer"},
	}
}

// grantor is as whom the memberships are granted: a writer that is no superuser can bring back its own alone.
func grantor(writer string) string {
	return map[string]string{"superuser": "lead", "createrole": "writer"}[writer]
}

// fixture makes the roles and objects of the suite.
func fixture(writer string) []string {
	list := []string{
		"CREATE ROLE owner", "CREATE ROLE granter", "CREATE ROLE lead LOGIN", "CREATE ROLE staff", "CREATE ROLE senior",
		"CREATE ROLE ada LOGIN", "COMMENT ON ROLE ada IS 'employee=W-1 email=ada@acme.example'",
		"CREATE ROLE bob NOLOGIN CREATEDB CONNECTION LIMIT 3", "COMMENT ON ROLE bob IS 'employee=W-2'",
		"CREATE ROLE cid LOGIN VALID UNTIL '2031-02-03 04:05:06.789+00'", "CREATE ROLE dan LOGIN PASSWORD '" + secret + "'",
		"CREATE ROLE gil LOGIN CONNECTION LIMIT 2", "COMMENT ON ROLE gil IS 'employee=W-7'", "ALTER ROLE gil SET work_mem TO '8MB'",
		"GRANT senior TO staff", "GRANT staff TO lead WITH ADMIN OPTION"}
	list = append(list, writers()[writer]...)
	return append(list,
		"GRANT staff TO ada WITH ADMIN OPTION GRANTED BY "+grantor(writer), "GRANT staff TO gil GRANTED BY "+grantor(writer),
		"CREATE SCHEMA fin AUTHORIZATION owner", "SET ROLE owner", `CREATE TABLE fin.ledger (id int, amount int, "odd.na""me" int)`,
		"GRANT USAGE ON SCHEMA fin TO granter WITH GRANT OPTION", "GRANT SELECT, INSERT ON fin.ledger TO granter WITH GRANT OPTION",
		"SET ROLE granter", "GRANT SELECT ON fin.ledger TO gil", "RESET ROLE")
}

// more makes roles and objects that other tests need besides: a role whose every part needs quotes, and privileges of several grantors.
func more(writer string) []string {
	return []string{
		"CREATE ROLE eves", `CREATE ROLE "Eve ""x""; O'Brien" LOGIN NOINHERIT CREATEDB CONNECTION LIMIT 2 VALID UNTIL '2032-01-01 00:00:00+00'`,
		`COMMENT ON ROLE "Eve ""x""; O'Brien" IS 'employee=W-5 name=''Eve O''''Brien'' \ 100%'`,
		`ALTER ROLE "Eve ""x""; O'Brien" SET search_path TO "fin, x", public`, `ALTER ROLE "Eve ""x""; O'Brien" SET work_mem TO '8MB'`,
		`ALTER ROLE "Eve ""x""; O'Brien" IN DATABASE books SET muster.note TO 'it''s 100% \ fine'`,
		`GRANT staff TO "Eve ""x""; O'Brien" GRANTED BY ` + grantor(writer),
		`GRANT eves TO "Eve ""x""; O'Brien" WITH ADMIN OPTION GRANTED BY ` + grantor(writer),
		`GRANT "Eve ""x""; O'Brien" TO cid GRANTED BY ` + grantor(writer),
		"SET ROLE owner", `CREATE TABLE fin."odd.na""me" (id int)`, "CREATE SEQUENCE fin.numbers", "CREATE TYPE fin.mood AS ENUM ('fine')",
		"CREATE FUNCTION fin.post(a int, VARIADIC b text[], OUT c fin.mood) LANGUAGE sql AS 'SELECT NULL::fin.mood'", "CREATE PROCEDURE fin.close() LANGUAGE sql AS 'SELECT 1'",
		"GRANT SELECT ON fin.ledger TO ada WITH GRANT OPTION", "GRANT SELECT (amount), SELECT (id) ON fin.ledger TO ada", "GRANT SELECT (amount) ON fin.ledger TO ada WITH GRANT OPTION",
		`GRANT UPDATE ON fin.ledger TO "Eve ""x""; O'Brien" WITH GRANT OPTION`, `GRANT EXECUTE ON ROUTINE fin.post(int, text[]) TO "Eve ""x""; O'Brien"`,
		`GRANT USAGE ON TYPE fin.mood TO "Eve ""x""; O'Brien"`, "SET ROLE granter",
		"GRANT SELECT ON fin.ledger TO ada", `GRANT SELECT ON fin.ledger TO "Eve ""x""; O'Brien"`, `GRANT INSERT (amount) ON fin.ledger TO "Eve ""x""; O'Brien"`, "RESET ROLE",
		"ALTER DATABASE books OWNER TO owner", "SET ROLE owner", `GRANT TEMPORARY ON DATABASE books TO "Eve ""x""; O'Brien"`}
}

// eve is a name that needs quotes everywhere.
const eve = `Eve "x"; O'Brien`

func suite() targettest.Suite {
	actions := map[access.ActionKind]access.Action{
		access.DisableAccount:    {Account: access.AccountRef{Name: "ada"}},
		access.EnableAccount:     {Account: access.AccountRef{Name: "bob"}},
		access.SetExpiry:         {Account: access.AccountRef{Name: "cid"}, ExpiresAt: time.Date(2030, 6, 7, 8, 9, 10, 0, time.UTC)},
		access.RevokeSessions:    {Account: access.AccountRef{Name: "dan"}},
		access.RemoveEntitlement: {Account: access.AccountRef{Name: "ada"}, Entitlement: access.HeldRef{Name: "staff", Kind: "role"}},
		access.GrantEntitlement: {Account: access.AccountRef{Name: "ada"},
			Entitlement: access.HeldRef{ID: "table:fin.ledger:INSERT", Name: "table:fin.ledger:INSERT", Kind: "permission"}},
		access.DeleteAccount: {Account: access.AccountRef{Name: "gil"}},
		access.CreateAccount: {Account: access.AccountRef{Name: "fay"}, Attributes: map[string]string{access.AttrUserName: "fay", access.AttrEmployeeID: "W-6",
			access.AttrEmail: "fay@acme.example", access.AttrDisplayName: "Fay O'Hara"}},
	}
	for kind, a := range actions {
		a.Kind, a.ID, a.System = kind, "A-"+strings.ToUpper(string(kind)), "ledger"
		actions[kind] = a
	}
	s := targettest.Suite{Actions: actions, Secret: secret, Nowhere: access.HeldRef{ID: "4000000001", Name: "nowhere", Kind: "role"},
		Gone: access.Action{ID: "A-GONE", Kind: access.DisableAccount, System: "ledger", Account: access.AccountRef{ID: "4000000000", Name: "nobody"}}}
	return s
}

// harness puts a proxy before a server that no other system of the suite uses now, and makes its roles anew.
type harness struct {
	writer string
	start  func() *pgserver.Server
	free   *[]*pgserver.Server
}

// Open makes the fixture and stands up the proxy.
func (h harness) Open(t testing.TB, s targettest.Scenario) targettest.System {
	t.Helper()
	if len(*h.free) == 0 {
		*h.free = append(*h.free, h.start())
	}
	server := (*h.free)[len(*h.free)-1]
	*h.free = (*h.free)[:len(*h.free)-1]
	t.Cleanup(func() { *h.free = append(*h.free, server) })
	reset(t, server, h.writer)
	session, err := connectAs(server, "dan")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close(context.Background()) })
	addr := front(t, server, s)
	return targettest.System{
		Target: target(t, s, fmt.Sprintf("url: postgres://writer@%s/%s?sslmode=disable\npassword: {env: PG_TEST_PASSWORD}", addr, database), ""),
		Dump:   func() string { return dump(t, server) },
		Shape:  func() string { return ask(t, server, shapeSQL) },
		Touch: func(a access.Action) {
			run(t, server, database, `ALTER ROLE "`+strings.ReplaceAll(a.Account.Name, `"`, `""`)+`" CONNECTION LIMIT 7`)
		},
		Fill: func(a access.Action) access.Action {
			if a.Kind != access.CreateAccount && a.Account.ID == "" {
				a.Account.ID = oid(t, server, a.Account.Name)
			}
			if a.Entitlement.Kind == "role" && a.Entitlement.ID == "" {
				a.Entitlement.ID = oid(t, server, a.Entitlement.Name)
			}
			return a
		},
	}
}

// front is a proxy that fails as told.
func front(t testing.TB, server *pgserver.Server, s targettest.Scenario) string {
	t.Helper()
	p := &proxy.Proxy{To: server.Addr(), Text: "refused for " + secret}
	codes := map[targettest.Fault]string{targettest.Unauthorised: "28P01", targettest.Forbidden: "42501", targettest.Missing: "42704", targettest.Clash: "55P03",
		targettest.Throttled: "53300", targettest.Unavailable: "57P03"}
	p.Ask = func(st proxy.Statement) proxy.Verdict {
		if s.OnRequest != nil {
			s.OnRequest()
		}
		code := codes[s.Fault]
		atStart := strings.HasPrefix(code, "28") || strings.HasPrefix(code, "5") && code != "55P03"
		switch {
		case st.Verb == "CONNECT" && atStart:
			return proxy.Verdict{Refuse: code}
		case st.Verb == "COMMIT" && s.Fault == targettest.Committed:
			return proxy.Verdict{Lose: true}
		case writes(st):
			return proxy.Verdict{Refuse: code, Cut: s.Fault == targettest.Dropped}
		}
		return proxy.Verdict{}
	}
	addr, stop, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return addr
}

func writes(s proxy.Statement) bool {
	switch s.Verb {
	case "ALTER", "GRANT", "REVOKE", "CREATE", "DROP", "COMMENT":
		return true
	}
	return strings.Contains(s.Text, "pg_terminate_backend")
}

// target makes one from YAML settings of its own and of the collector.
func target(t testing.TB, s targettest.Scenario, own, collector string) remediate.Target {
	t.Helper()
	spec := remediate.Spec{System: "ledger", Log: s.Log, Now: time.Now}
	docs := map[*config.Node]string{&spec.Settings: own, &spec.Collector: collector}
	for n, text := range docs {
		if text == "" {
			continue
		}
		doc, err := config.Parse("muster.yaml", []byte(text+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		*n = doc.Root()
		defer func() {
			if err := doc.Err(); err != nil {
				t.Fatal(err)
			}
		}()
	}
	made, err := New(spec)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func startServer(t *testing.T) *pgserver.Server {
	t.Helper()
	t.Setenv("PG_TEST_PASSWORD", secret)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := pgserver.Start(ctx, pgserver.Options{})
	if errors.Is(err, pgserver.ErrMissing) && os.Getenv("CI") != "true" {
		t.Skipf("no PostgreSQL here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	run(t, s, "postgres", "CREATE DATABASE "+database)
	run(t, s, "postgres", "ALTER DATABASE postgres IS_TEMPLATE true") // what nothing is in need not be dumped
	return s
}
