package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/internal/access"
	"muster/internal/config"
	pgserver "muster/internal/testserver/postgres"
	"muster/internal/testserver/postgres/proxy"
)

// result is what a collection gave.
type result struct {
	coverage access.Coverage
	err      error
	lines    []string // the records as text, without ids and places, sorted
	accounts int
}

// collect names roles and not their ids, so that two clusters compare.
func collect(t *testing.T, c collectors.Collector) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var got result
	var list []access.Record
	names := map[string]string{}
	got.coverage, got.err = c.Collect(ctx, func(r access.Record) error {
		switch v := r.(type) {
		case access.Account:
			got.accounts++
			names[v.ID] = v.Name
			v.ID, v.SourceRef = "", ""
			r = v
		case access.Entitlement:
			names[v.ID] = v.Name
			v.ID, v.SourceRef = "", ""
			r = v
		case access.Rejection:
			v.Ref = ""
			r = v
		}
		list = append(list, r)
		return nil
	})
	for _, r := range list {
		if g, ok := r.(access.Grant); ok {
			g.AccountID, g.EntitlementID = names[g.AccountID], names[g.EntitlementID]
			r = g
		}
		got.lines = append(got.lines, fmt.Sprintf("%s %+v", r.Class(), r))
	}
	slices.Sort(got.lines)
	return got
}

// has reports whether a line holds all the parts.
func (r result) has(parts ...string) bool {
	return slices.ContainsFunc(r.lines, func(line string) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(line, p) })
	})
}

func start(t *testing.T) *pgserver.Server {
	t.Helper()
	t.Setenv("PG_TEST_PASSWORD", secret)
	return startServer(t)
}

func TestExportEqualsLive(t *testing.T) {
	s := start(t)
	live := collect(t, collector(t, collectortest.Scenario{}, liveYAML(s.Addr(), database)))
	file := collect(t, collector(t, collectortest.Scenario{}, "export: "+dump(t, s)))
	if live.err != nil || file.err != nil || !slices.Equal(live.lines, file.lines) {
		t.Errorf("%v, %v\nlive:\n%s\nexport:\n%s", live.err, file.err, strings.Join(live.lines, "\n"), strings.Join(file.lines, "\n"))
	}
	// and the export that the server was loaded from, which leaves out what every cluster has of its own
	var without []string
	for _, line := range live.lines {
		if !strings.Contains(line, "pg_") {
			without = append(without, line)
		}
	}
	dir := fixture(t)
	members := filepath.Join(dir, "members.csv")
	data, err := os.ReadFile(members)
	if err != nil {
		t.Fatal(err)
	}
	kept := slices.DeleteFunc(strings.SplitAfter(string(data), "\n"), func(l string) bool { return strings.HasPrefix(l, "pg_") })
	if err := os.WriteFile(members, []byte(strings.Join(kept, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if first := collect(t, collector(t, collectortest.Scenario{}, "export: "+dir)); first.err != nil || !slices.Equal(without, first.lines) {
		t.Errorf("%v\nlive:\n%s\nexport:\n%s", first.err, strings.Join(without, "\n"), strings.Join(first.lines, "\n"))
	}
	c, _ := live.coverage.Of(access.ClassAccount)
	if c.Claimed != 8 || c.Fetched != 8 || !strings.Contains(live.coverage.Source, "PostgreSQL 1") {
		t.Errorf("coverage %+v of %s", c, live.coverage.Source)
	}
	notes := strings.Join(live.coverage.Queries, "\n")
	if !strings.Contains(notes, "-- note: PUBLIC, so every role, holds 6 privileges: database:books:CONNECT") || !strings.Contains(notes, "table:fin.ledger:TRIGGER") ||
		!strings.Contains(notes, "-- note: 1 privileges of roles that are no accounts") {
		t.Errorf("notes:\n%s", notes)
	}
}

func TestSeveralDatabases(t *testing.T) {
	s := start(t)
	run(t, s, "postgres", "CREATE DATABASE other", "CREATE DATABASE shut", "REVOKE CONNECT ON DATABASE shut FROM PUBLIC")
	run(t, s, "other", "CREATE SCHEMA crm", "CREATE VIEW crm.people AS SELECT 1 AS n", "GRANT SELECT ON crm.people TO ada",
		"ALTER DEFAULT PRIVILEGES IN SCHEMA crm GRANT INSERT ON TABLES TO batch", "CREATE TABLE crm.mine ()", "ALTER TABLE crm.mine OWNER TO noin")
	got := collect(t, collector(t, collectortest.Scenario{}, liveYAML(s.Addr(), database)+"\ndatabases: [books, other]"))
	if got.err != nil || got.coverage.State() != access.Complete || !got.has("grant", "ada", "table:other.crm.people:SELECT") ||
		!got.has("grant", "ada", "table:books.fin.ledger:SELECT") || !got.has("grant", "noin", "database:books:TEMPORARY") {
		t.Errorf("%v, %+v\n%s", got.err, got.coverage, strings.Join(got.lines, "\n"))
	}
	notes := strings.Join(got.coverage.Queries, "\n")
	if !strings.Contains(notes, "database other has 1 default privileges: by postgres in schema crm") || !strings.Contains(notes, "database other: 1 objects are owned by accounts") {
		t.Errorf("notes:\n%s", notes)
	}
	got = collect(t, collector(t, collectortest.Scenario{}, liveYAML(s.Addr(), database)+"\ndatabases: [shut, nowhere, other]"))
	if access.KindOf(got.err) != access.Denied || got.coverage.State() != access.Partial || !got.has("grant", "ada", "table:other.crm.people:SELECT") {
		t.Errorf("%v, %+v", got.err, got.coverage)
	}
	if c, _ := got.coverage.Of(access.ClassAccount); c.State != access.Complete {
		t.Errorf("accounts %+v", c)
	}
	if c, _ := got.coverage.Of(access.ClassGrant); c.State != access.Partial || !strings.Contains(c.Reason, "permission denied") {
		t.Errorf("grants %+v", c)
	}
}

func TestRealRefusals(t *testing.T) {
	s := start(t)
	run(t, s, "postgres", "CREATE ROLE busy LOGIN CONNECTION LIMIT 0 PASSWORD '"+secret+"'", "CREATE ROLE shut NOLOGIN PASSWORD '"+secret+"'")
	for user, want := range map[string]access.Kind{"busy": access.Throttled, "shut": access.Denied, "nobody": access.Denied} {
		yaml := strings.Replace(liveYAML(s.Addr(), database), "auditor@", user+"@", 1)
		got := collect(t, collector(t, collectortest.Scenario{}, yaml))
		if access.KindOf(got.err) != want || got.coverage.State() != access.Failed || access.HintOf(got.err) == "" || strings.Contains(fmt.Sprint(got), secret) {
			t.Errorf("%s: %v of kind %q, state %s", user, got.err, access.KindOf(got.err), got.coverage.State())
		}
	}
	t.Setenv("PG_TEST_PASSWORD", "wr0ng-"+secret)
	c := collector(t, collectortest.Scenario{}, liveYAML(s.Addr(), database))
	if err := c.(collectors.Prober).Probe(context.Background()); access.KindOf(err) != access.Denied || !strings.Contains(err.Error(), "28P01") || strings.Contains(err.Error(), "wr0ng") {
		t.Errorf("a wrong password gave %v", err)
	}
}

func TestServerKilledMidway(t *testing.T) {
	s := start(t)
	killed := false
	p := &proxy.Proxy{To: s.Addr(), Row: func(n int) error {
		if n == 25 {
			killed = true
			if err := s.Kill(); err != nil {
				t.Error(err)
			}
		}
		if killed && n > 100 {
			return errors.New("what the dead host still had in its buffers is lost with it")
		}
		return nil
	}}
	run(t, s, database, "DO $$ BEGIN FOR i IN 1..20000 LOOP EXECUTE 'CREATE ROLE bulk' || i || ' LOGIN'; END LOOP; END $$")
	got := collect(t, collector(t, collectortest.Scenario{}, liveYAML(startProxy(t, p), database)))
	if k := access.KindOf(got.err); k != access.Transient || got.coverage.State() != access.Partial || got.accounts == 0 || got.accounts > 20000 {
		t.Errorf("%d accounts, %v of kind %q, %s", got.accounts, got.err, k, got.coverage.State())
	}
	if c, _ := got.coverage.Of(access.ClassAccount); !strings.Contains(c.Reason, "roles read: ") {
		t.Errorf("reason %q", c.Reason)
	}
}

func TestSilentServer(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("PG_TEST_PASSWORD", secret)
	got := collect(t, collector(t, collectortest.Scenario{}, strings.Replace(liveYAML(l.Addr().String(), database), "tries: 3", "tries: 2\ntimeout: 100ms", 1)))
	if access.KindOf(got.err) != access.Transient || got.coverage.State() != access.Failed {
		t.Errorf("%v of kind %q", got.err, access.KindOf(got.err))
	}
}

func TestOddExports(t *testing.T) {
	const roles = "oid,rolname,rolsuper,rolinherit,rolcreaterole,rolcreatedb,rolcanlogin,rolreplication,rolbypassrls,rolvaliduntil,comment\n" +
		"1,ada,f,t,f,f,t,f,f,,\n2,a,f,t,f,f,f,f,f,,\n3,b,f,t,f,f,f,f,f,,\n"
	const grants = "grantee,object_kind,schema,object,privilege,grantable\n"
	const members = "role,member,admin_option,inherit_option,set_option,grantor\n"
	for _, c := range []struct {
		name           string
		roles, members string
		state          access.SnapshotState
		has            []string
	}{
		{"inherit of the membership since 16", roles, members + "a,ada,f,f,t,x\nb,a,f,t,t,x\n", access.Complete, []string{"grant", "EntitlementID:b", "Path:[a]", "Effective:false"}},
		{"one of two grantors lets it inherit", roles, members + "a,ada,f,f,t,x\na,ada,t,t,t,y\n", access.Complete, []string{"grant", "EntitlementID:a", "Effective:true", "AdminOption:true"}},
		{"a longer path that inherits wins", roles + "4,c,f,t,f,f,f,f,f,,\n", members + "a,ada,f,t,t,x\nb,a,f,f,t,x\nc,a,f,t,t,x\nb,c,f,t,t,x\n", access.Complete,
			[]string{"grant", "EntitlementID:b", "Path:[a c]", "Effective:true"}},
		{"a member that nobody is", roles, members + "a,zoe,f,,,\n", access.Complete, []string{"rejection", `member "zoe" is no role`}},
		{"a cycle", roles, members + "a,ada,f,,,\nb,a,f,,,\na,b,f,,,\n", access.Complete, []string{"grant", "EntitlementID:b", "Path:[a]", "Effective:true"}},
		{"a role twice", roles + "1,zoe,f,t,f,f,t,f,f,,\n", members, access.Partial, []string{"rejection", "is there twice"}},
		{"a bad boolean", roles + "4,zoe,maybe,t,f,f,t,f,f,,\n", members, access.Partial, []string{"rejection", "rolsuper"}},
		{"an unknown kind", roles + "4,zoe,f,t,f,f,t,f,f,,kind=robot\n", members, access.Complete, []string{"account", "Name:zoe", "Kind:human", "map[kind:robot]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, text := range map[string]string{"roles.csv": c.roles, "members.csv": c.members, "grants.csv": grants} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got := collect(t, collector(t, collectortest.Scenario{}, "export: "+dir))
			if got.err != nil || got.coverage.State() != c.state || !got.has(c.has...) {
				t.Errorf("%v, %s, want %q in\n%s", got.err, got.coverage.State(), c.has, strings.Join(got.lines, "\n"))
			}
		})
	}
}

func TestMissingFileIsPartial(t *testing.T) {
	dir := fixture(t)
	if err := os.Remove(filepath.Join(dir, "grants.csv")); err != nil {
		t.Fatal(err)
	}
	got := collect(t, collector(t, collectortest.Scenario{}, "export: "+dir))
	if access.KindOf(got.err) != access.NotFound || got.coverage.State() != access.Partial {
		t.Errorf("%v, %s", got.err, got.coverage.State())
	}
}

func TestSettings(t *testing.T) {
	for name, c := range map[string]struct{ yaml, want string }{
		"nothing":             {"timeout: 5s", "neither url nor export is given"},
		"both":                {"url: postgres://a@localhost/x\nexport: x", "both url and export are given"},
		"password in the url": {"url: postgres://a:pw5ecret@localhost/x", "url holds a password"},
		"password parameter":  {"url: postgres://a@localhost/x?password=pw5ecret", "url holds a password"},
		"key value":           {"url: host=a password=pw5ecret", "url is not a PostgreSQL address"},
		"no parse":            {"url: 'postgres://a:pw5ecret@[::1/x'", "url is not a PostgreSQL address"},
		"parameter":           {"url: postgres://a@localhost/x?options=-cx", `unknown parameter "options"`},
		"no user":             {"url: postgres://localhost/x", "url names no user"},
		"no host":             {"url: postgres://a@/x", "url names no host"},
		"sslmode":             {"url: postgres://a@localhost/x?sslmode=on", `unknown sslmode "on"`},
		"twice":               {"url: postgres://a@localhost/x\ndatabases: [x, x]", `database "x" is named twice`},
		"export databases":    {"export: x\ndatabases: [x]", "an export takes neither databases nor password"},
		"literal":             {"url: postgres://a@localhost/x\npassword: pw5ecret", "a secret must not stand in the configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := config.Parse("muster.yaml", []byte(c.yaml))
			if err != nil {
				t.Fatal(err)
			}
			_, err = New(collectors.Spec{System: "ledger", Settings: doc.Root()})
			if text := fmt.Sprint(errors.Join(err, doc.Err())); !strings.Contains(text, c.want) || strings.Contains(text, "pw5ecret") {
				t.Errorf("got %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestRemoteServersNeedTLS(t *testing.T) {
	for address, want := range map[string]string{"postgres://a@db.acme.example/x": "sslmode=require", "postgres://a@127.0.0.1/x": "",
		"postgres://a@/x?host=/run/postgresql": "host=%2Frun%2Fpostgresql", "postgres://a@db.acme.example/x?sslmode=disable": "sslmode=disable"} {
		doc, err := config.Parse("muster.yaml", []byte("url: "+address))
		if err != nil {
			t.Fatal(err)
		}
		s := decode(collectors.Spec{Settings: doc.Root()})
		if err := doc.Err(); err != nil || s.address.RawQuery != want {
			t.Errorf("%s: %v, %q, want %q", address, err, s.address, want)
		}
	}
}
