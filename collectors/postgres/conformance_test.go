package postgres

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"muster/collectors"
	"muster/collectors/collectortest"
	"muster/collectors/postgres/rows"
	"muster/internal/access"
	"muster/internal/config"
	pgserver "muster/internal/testserver/postgres"
	"muster/internal/testserver/postgres/proxy"
)

const (
	secret   = "s3cret/pass+word"
	database = "books"
)

// now is the clock of the tests.
func now() time.Time { return time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC) }

// fixture is an export with every kind of role: the superuser, a reader that collects, a person, a service, one disabled, one
// expired, one for ever, one that does not inherit, one that is account and role, nested roles, built-in roles.
func fixture(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"roles.csv": strings.Join(rows.Roles().Columns(), ",") + `
10,postgres,t,t,t,t,t,t,t,,kind=break-glass
20001,auditor,f,t,f,f,t,f,f,,"kind=service, owner=W-2"
20002,ada,f,t,f,t,t,f,f,infinity,employee=W-1 email=ada@acme.example name='Ada Byron'
20003,batch,f,t,t,f,t,f,f,,"kind=service; owner=W-2"
20004,old,f,t,f,f,f,f,f,,employee=W-4
20005,expired,f,t,f,f,t,f,f,2026-01-31 12:00:00+00,employee=W-5
20006,noin,f,f,f,f,t,f,f,2030-01-01 00:00:00+00,
20007,both,f,t,f,f,t,f,f,,
20008,staff,f,t,f,f,f,f,f,,Everybody
20009,senior,f,t,t,f,f,f,f,,
20010,empty,f,t,f,f,f,f,f,,
`,
		"members.csv": strings.Join(rows.Members().Columns(), ",") + `
staff,ada,t,,,postgres
staff,noin,f,,,postgres
senior,staff,f,,,postgres
pg_read_all_data,senior,t,,,postgres
both,ada,f,,,postgres
pg_monitor,batch,f,,,postgres
`,
		"grants.csv": strings.Join(rows.Grants().Columns(), ",") + `
ada,table,fin,ledger,SELECT,t
ada,schema,,fin,USAGE,f
staff,table,fin,ledger,INSERT,f
PUBLIC,table,fin,ledger,TRIGGER,f
batch,column,fin,ledger.amount,UPDATE,f
batch,function,fin,post(),EXECUTE,f
old,sequence,fin,numbers,USAGE,f
noin,database,,books,TEMPORARY,f
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// want is what the fixture means; oid gives a role's id and ref the place of its row.
func want(oid, ref func(string) string) []access.Record {
	account := func(name string, a access.Account) access.Record {
		a.ID, a.Name, a.SourceRef = oid(name), name, ref(name)
		if a.Kind == "" {
			a.Kind = access.KindHuman
		}
		return a
	}
	role := func(name, description string, privileged bool) access.Record {
		return access.Entitlement{ID: oid(name), Kind: "role", Name: name, Description: description, Privileged: privileged, SourceRef: ref(name)}
	}
	permission := func(name, ref string, privileged bool) access.Record {
		return access.Entitlement{ID: name, Kind: "permission", Name: name, Privileged: privileged, SourceRef: ref}
	}
	in := func(account, role string, effective, admin bool, path ...string) access.Record {
		return access.Grant{AccountID: oid(account), EntitlementID: oid(role), Path: path, Effective: effective, AdminOption: admin}
	}
	holds := func(account, name string, admin bool) access.Record {
		return access.Grant{AccountID: oid(account), EntitlementID: name, Effective: true, AdminOption: admin}
	}
	list := []access.Record{
		account("postgres", access.Account{Kind: access.KindBreakGlass, Enabled: true, Privileged: true}),
		account("auditor", access.Account{Kind: access.KindService, OwnerRef: "W-2", Enabled: true}),
		account("ada", access.Account{DisplayName: "Ada Byron", Email: "ada@acme.example", EmployeeID: "W-1", Enabled: true}),
		account("batch", access.Account{Kind: access.KindService, OwnerRef: "W-2", Enabled: true, Privileged: true}),
		account("old", access.Account{EmployeeID: "W-4"}),
		account("expired", access.Account{EmployeeID: "W-5", ExpiresAt: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}),
		account("noin", access.Account{Enabled: true, ExpiresAt: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}),
		account("both", access.Account{Enabled: true}),
		role("both", "", false), role("staff", "Everybody", false), role("senior", "", true), role("empty", "", false),
		role("pg_read_all_data", "", true), role("pg_monitor", "", false), role("pg_read_all_settings", "", false),
		role("pg_read_all_stats", "", false), role("pg_stat_scan_tables", "", false),
		permission("table:fin.ledger:SELECT", "table", true), permission("schema:fin:USAGE", "schema", false),
		permission("column:fin.ledger.amount:UPDATE", "column", false), permission("function:fin.post():EXECUTE", "function", false),
		permission("sequence:fin.numbers:USAGE", "sequence", false), permission("database:books:TEMPORARY", "database", false),
		in("ada", "staff", true, true), in("ada", "senior", true, false, "staff"), in("ada", "pg_read_all_data", true, true, "staff", "senior"),
		in("noin", "staff", false, false), in("noin", "senior", false, false, "staff"), in("noin", "pg_read_all_data", false, true, "staff", "senior"),
		in("ada", "both", true, false), in("batch", "pg_monitor", true, false),
		in("batch", "pg_read_all_settings", true, false, "pg_monitor"), in("batch", "pg_read_all_stats", true, false, "pg_monitor"),
		in("batch", "pg_stat_scan_tables", true, false, "pg_monitor"),
		holds("ada", "table:fin.ledger:SELECT", true), holds("ada", "schema:fin:USAGE", false), holds("batch", "column:fin.ledger.amount:UPDATE", false),
		holds("batch", "function:fin.post():EXECUTE", false), holds("old", "sequence:fin.numbers:USAGE", false), holds("noin", "database:books:TEMPORARY", false),
		holds("ada", "attribute:createdb", false), holds("batch", "attribute:createrole", false),
	}
	for _, name := range []string{"superuser", "createrole", "createdb", "replication", "bypassrls"} {
		list = append(list, permission("attribute:"+name, "pg_roles", name != "createdb"), holds("postgres", "attribute:"+name, false))
	}
	return list
}

// startServer starts a server with the fixture, whose auditor has the secret as password.
func startServer(t *testing.T) *pgserver.Server {
	t.Helper()
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
	if err := s.LoadExport(ctx, fixture(t), database); err != nil {
		t.Fatal(err)
	}
	run(t, s, database, "ALTER ROLE auditor PASSWORD '"+secret+"'", "CREATE DATABASE closed")
	run(t, s, "closed", "REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC")
	return s
}

func run(t testing.TB, s *pgserver.Server, database string, statements ...string) {
	t.Helper()
	ctx := context.Background()
	conn, err := s.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// collector makes one from YAML settings.
func collector(t testing.TB, s collectortest.Scenario, yaml string) collectors.Collector {
	t.Helper()
	doc, err := config.Parse("muster.yaml", []byte(yaml+"\nprivileged: [table:fin.*]\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(collectors.Spec{System: "ledger", Settings: doc.Root(), Now: now, Log: s.Log})
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Err(); err != nil {
		t.Fatal(err)
	}
	return c
}

func liveYAML(addr, database string) string {
	return fmt.Sprintf("url: postgres://auditor@%s/%s?sslmode=disable\npassword: {env: PG_TEST_PASSWORD}\ntries: 3\nbackoff: 1ms", addr, database)
}

// harness puts a proxy that knows the protocol before one server.
type harness struct{ server *pgserver.Server }

// Open stands up the proxy.
func (h harness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	db := database
	p := &proxy.Proxy{To: h.server.Addr(), Text: "refused for " + secret}
	var code string
	switch s.Fault {
	case collectortest.Unauthorised:
		code = "28P01"
	case collectortest.Forbidden:
		db = "closed" // the server itself refuses with 42501
	case collectortest.Throttled:
		code = "53300"
	case collectortest.Unavailable:
		code = "57P03"
	case collectortest.Dropped:
		p.Row = func(n int) error {
			if n > 20 {
				return errors.New("cut")
			}
			return nil
		}
	}
	var connections atomic.Int32
	p.Ask = func(st proxy.Statement) proxy.Verdict {
		if st.Verb != "CONNECT" || s.Once && connections.Add(1) > 1 {
			return proxy.Verdict{}
		}
		return proxy.Verdict{Refuse: code}
	}
	requests := func() []collectortest.Request {
		var list []collectortest.Request
		for _, st := range p.Asked() {
			list = append(list, collectortest.Request(st))
		}
		return list
	}
	return collectortest.Source{Collector: collector(t, s, liveYAML(startProxy(t, p), db)), Requests: requests}
}

func startProxy(t testing.TB, p *proxy.Proxy) string {
	t.Helper()
	addr, stop, err := p.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	return addr
}

func TestConformanceLive(t *testing.T) {
	t.Setenv("PG_TEST_PASSWORD", secret)
	s := startServer(t)
	oids := map[string]string{}
	conn, err := s.Connect(context.Background(), database)
	if err != nil {
		t.Fatal(err)
	}
	result, err := conn.Query(context.Background(), "SELECT rolname::text, oid::text FROM pg_roles")
	if err != nil {
		t.Fatal(err)
	}
	var name, oid string
	if _, err := pgx.ForEachRow(result, []any{&name, &oid}, func() error { oids[name] = oid; return nil }); err != nil {
		t.Fatal(err)
	}
	conn.Close(context.Background())
	list := want(func(name string) string { return oids[name] }, func(name string) string { return "pg_roles oid " + oids[name] })
	collectortest.Run(t, harness{s}, collectortest.Suite{Want: list, Secret: secret,
		Reasons: map[collectortest.Fault]string{collectortest.Dropped: "roles read: unexpected EOF"},
		Cannot: collectortest.Capabilities{Bytes: "a cluster takes only its own encoding into a comment", Paging: "rows are streamed, PostgreSQL has no pages", Reordering: "oids are given in the order of creation",
			Faults: map[collectortest.Fault]string{collectortest.Truncated: "a result that ends early is an error of the protocol"}}})
}

// exportHarness reads the fixture's files, completed by the roles that every cluster has.
type exportHarness struct{ dir string }

// Open copies the files.
func (h exportHarness) Open(t testing.TB, s collectortest.Scenario) collectortest.Source {
	dir := t.TempDir()
	for _, name := range []string{"roles.csv", "members.csv", "grants.csv"} {
		data, err := os.ReadFile(filepath.Join(h.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if s.Reversed {
			lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
			slices.Reverse(lines[1:])
			data = []byte(strings.Join(lines, "\n") + "\n")
		}
		if s.Fault == collectortest.Truncated && name == "roles.csv" {
			at := strings.Index(string(data), "employee=W-4")
			data = data[:at+len("employee=W-")]
		}
		if s.Text != "" {
			data = bytes.ReplaceAll(data, []byte("Ada Byron"), []byte(s.Text))
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return collectortest.Source{Collector: collector(t, s, "export: "+dir)}
}

// dump writes what the live queries give into files.
func dump(t *testing.T, s *pgserver.Server) string {
	t.Helper()
	dir := t.TempDir()
	for table, query := range map[string]string{"roles": rolesSQL, "members": membersSQL(150000), "grants": grantsSQL(true)} {
		columns := map[string]rows.Table{"roles": rows.Roles(), "members": rows.Members(), "grants": rows.Grants()}[table].Columns()
		f, err := os.Create(filepath.Join(dir, table+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		w := csv.NewWriter(f)
		_ = w.Write(columns)
		conn, err := s.Connect(context.Background(), database)
		if err != nil {
			t.Fatal(err)
		}
		result, err := conn.Query(context.Background(), query)
		if err != nil {
			t.Fatal(err)
		}
		for result.Next() {
			record := make([]string, len(columns))
			for i, v := range result.RawValues() {
				record[i] = string(v)
			}
			_ = w.Write(record)
		}
		if err := errors.Join(result.Err(), conn.Close(context.Background())); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		if err := errors.Join(w.Error(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestConformanceExport(t *testing.T) {
	s := startServer(t)
	dir := dump(t, s)
	oids, lines := map[string]string{}, map[string]string{}
	data, err := os.ReadFile(filepath.Join(dir, "roles.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(data), "\n") {
		if fields := strings.SplitN(line, ",", 3); len(fields) == 3 {
			oids[fields[1]], lines[fields[1]] = fields[0], fmt.Sprintf("roles.csv line %d", i+1)
		}
	}
	const files = "an export is files"
	list := want(func(name string) string { return oids[name] }, func(name string) string { return lines[name] })
	collectortest.Run(t, exportHarness{dir}, collectortest.Suite{Want: list, Text: "Ada Byron",
		Reasons: map[collectortest.Fault]string{collectortest.Truncated: "does not end with a newline"},
		Cannot: collectortest.Capabilities{Paging: files, Requests: files, Secret: files + " and has no secret",
			Faults: map[collectortest.Fault]string{collectortest.Unauthorised: files, collectortest.Throttled: files, collectortest.Unavailable: files,
				collectortest.Dropped: files, collectortest.Forbidden: "tests may run as root, whom no file is forbidden"}}})
}
