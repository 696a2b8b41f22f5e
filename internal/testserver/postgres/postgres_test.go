package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"muster/internal/testserver/postgres"
)

func start(t *testing.T) *postgres.Server {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := postgres.Start(ctx, postgres.Options{})
	if errors.Is(err, postgres.ErrMissing) && os.Getenv("CI") != "true" {
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
	return s
}

const roleHeader = "oid,rolname,rolsuper,rolinherit,rolcreaterole,rolcreatedb,rolcanlogin,rolreplication,rolbypassrls,rolvaliduntil,comment\n"

func export(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadExport(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	dir := export(t, map[string]string{
		"roles.csv": roleHeader + `16400,ada,f,t,f,f,t,f,f,2026-01-01 00:00:00+00,"employee=W-1; it's \ fine"` + "\n" +
			"16401,staff,f,t,f,f,f,f,f,,\n10,postgres,t,t,t,t,t,t,t,,boot\n",
		"members.csv": "role,member,admin_option,inherit_option,set_option,grantor\nstaff,ada,t,,,postgres\n",
		"grants.csv": "grantee,object_kind,schema,object,privilege,grantable\nada,table,fin,ledger,SELECT,t\nstaff,schema,,fin,USAGE,f\n" +
			"PUBLIC,table,fin,ledger,INSERT,f\nada,column,fin,ledger.amount,UPDATE,f\nada,function,fin,post(),EXECUTE,f\nada,database,,reports,CONNECT,f\n",
	})
	if err := s.LoadExport(ctx, dir, "books"); err != nil {
		t.Fatal(err)
	}
	conn, err := s.Connect(ctx, "books")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var comment string
	var admin, selects, updates, executes bool
	err = conn.QueryRow(ctx, `SELECT shobj_description('ada'::regrole, 'pg_authid'), (SELECT admin_option FROM pg_auth_members WHERE member = 'ada'::regrole),
		has_table_privilege('ada', 'fin.ledger', 'SELECT WITH GRANT OPTION'), has_column_privilege('ada', 'fin.ledger', 'amount', 'UPDATE'),
		has_function_privilege('ada', 'fin.post()', 'EXECUTE')`).Scan(&comment, &admin, &selects, &updates, &executes)
	if err != nil {
		t.Fatal(err)
	}
	if comment != `employee=W-1; it's \ fine` || !admin || !selects || !updates || !executes {
		t.Errorf("comment %q, admin %v, select %v, update %v, execute %v", comment, admin, selects, updates, executes)
	}
}

func TestWrongPasswordIsRefused(t *testing.T) {
	s := start(t)
	_, err := pgx.Connect(context.Background(), strings.Replace(s.URL("postgres"), "postgres@", "postgres:wrong@", 1)+"?sslmode=disable")
	if err == nil {
		t.Error("a wrong password was accepted")
	}
}

func TestLoadExportOfThousands(t *testing.T) {
	s := start(t)
	var roles, members strings.Builder
	roles.WriteString(roleHeader)
	members.WriteString("role,member,admin_option,inherit_option,set_option,grantor\n")
	const n = 3000
	for i := range n {
		fmt.Fprintf(&roles, "%d,user%d,f,t,f,f,t,f,f,,employee=W-%d\n", 20000+i, i, i)
		fmt.Fprintf(&members, "team%d,user%d,f,,,postgres\n", i%50, i)
	}
	for i := range 50 {
		fmt.Fprintf(&roles, "%d,team%d,f,t,f,f,f,f,f,,\n", 30000+i, i)
	}
	begun := time.Now()
	if err := s.LoadExport(context.Background(), export(t, map[string]string{"roles.csv": roles.String(), "members.csv": members.String()}), ""); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d roles in %s", n, time.Since(begun))
	conn, err := s.Connect(context.Background(), "postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var got int
	if err := conn.QueryRow(context.Background(), "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname LIKE 'user%'").Scan(&got); err != nil {
		t.Fatal(err)
	}
	if got != n {
		t.Errorf("%d memberships, want %d", got, n)
	}
}

func TestBrokenExportIsRefused(t *testing.T) {
	s := start(t)
	dir := export(t, map[string]string{"roles.csv": roleHeader, "members.csv": "role,member\n",
		"grants.csv": "grantee,object_kind,schema,object,privilege,grantable\nada,table,a,b,SELECT; DROP TABLE x,f\n"})
	if err := s.LoadExport(context.Background(), dir, ""); err == nil || !strings.Contains(err.Error(), "unknown privilege") {
		t.Errorf("error %v, want an unknown privilege", err)
	}
}

func TestStopRemovesEverything(t *testing.T) {
	s := start(t)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Connect(context.Background(), "postgres"); err == nil {
		t.Error("it still answers")
	}
}

func TestDumpShowsEveryRight(t *testing.T) {
	s := start(t)
	ctx := context.Background()
	dir := export(t, map[string]string{
		"roles.csv":   roleHeader + "16400,ada,f,t,f,f,t,f,f,2026-01-01 00:00:00+00,employee=W-1\n16401,staff,f,t,f,f,f,f,f,,\n",
		"members.csv": "role,member,admin_option,inherit_option,set_option,grantor\nstaff,ada,t,,,postgres\n",
		"grants.csv":  "grantee,object_kind,schema,object,privilege,grantable\nada,table,fin,ledger,SELECT,t\nada,database,,books,CONNECT,f\n",
	})
	if err := s.LoadExport(ctx, dir, "books"); err != nil {
		t.Fatal(err)
	}
	conn, err := s.Connect(ctx, "books")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	dump := func(statements ...string) string {
		t.Helper()
		for _, text := range statements {
			if _, err := conn.Exec(ctx, text); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
		}
		text, err := s.Dump(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := dump("ALTER ROLE ada PASSWORD 'dum9ed'", "ALTER ROLE ada SET search_path TO fin, public", "GRANT USAGE ON SCHEMA fin TO ada",
		"SET ROLE ada", "GRANT SELECT ON fin.ledger TO staff", "RESET ROLE")
	for _, line := range []string{"roles: ALTER ROLE ada WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS VALID UNTIL '2026-01-01 00:00:00+00';",
		"roles: COMMENT ON ROLE ada IS 'employee=W-1';", "roles: ALTER ROLE ada SET search_path TO 'fin', 'public';", "roles: GRANT staff TO ada WITH ADMIN OPTION GRANTED BY postgres;",
		"books: GRANT SELECT ON TABLE fin.ledger TO ada WITH GRANT OPTION;", "books: ada: GRANT SELECT ON TABLE fin.ledger TO staff;", "books: GRANT CONNECT ON DATABASE books TO ada;",
		"books: ALTER TABLE fin.ledger OWNER TO postgres;"} {
		if !strings.Contains(first, line+"\n") {
			t.Errorf("no line %q in\n%s", line, first)
		}
	}
	if strings.Contains(first, "SCRAM") || strings.Contains(first, "dum9ed") {
		t.Error("the dump holds a password")
	}
	if again := dump(); again != first {
		t.Errorf("two dumps differ:\n%s\n%s", first, again)
	}
	if changed := dump("REVOKE SELECT ON fin.ledger FROM ada CASCADE", "GRANT SELECT ON fin.ledger TO ada WITH GRANT OPTION"); changed == first || strings.Contains(changed, "books: ada:") {
		t.Errorf("a privilege that ada gave is gone and the dump does not show it:\n%s", changed)
	}
}
