package postgres

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	pgserver "muster/internal/testserver/postgres"
	"muster/remediate/targettest"
)

func TestConformance(t *testing.T) {
	h := harness{"superuser", func() *pgserver.Server { return startServer(t) }, &[]*pgserver.Server{}}
	targettest.Run(t, h, suite())
}

// shapeSQL is what Dump tells, from the catalogue and in a hundredth of the time; checkShape compares the two.
const shapeSQL = `
SELECT coalesce(string_agg(line::text, E'\n' ORDER BY line::text), '') FROM (
  SELECT to_jsonb(r) - 'oid' - 'rolpassword' || jsonb_build_object('comment', shobj_description(oid, 'pg_authid')) FROM pg_authid r WHERE oid >= 16384
  UNION ALL SELECT jsonb_build_array('member', roleid::regrole, member::regrole, grantor::regrole, admin_option) FROM pg_auth_members WHERE member >= 16384
  UNION ALL SELECT jsonb_build_array('setting', setrole::regrole, (SELECT datname FROM pg_database WHERE oid = setdatabase), setconfig) FROM pg_db_role_setting
  UNION ALL SELECT jsonb_build_array(o.what, x.grantor::regrole, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.privilege_type, x.is_grantable) FROM (
    SELECT relname::text, relacl, relowner, relkind FROM pg_class WHERE relnamespace = 'fin'::regnamespace
    UNION ALL SELECT attrelid::regclass || '.' || attname, attacl, NULL, NULL FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'fin'::regnamespace
    UNION ALL SELECT oid::regprocedure::text, proacl, NULL, NULL FROM pg_proc WHERE pronamespace = 'fin'::regnamespace
    UNION ALL SELECT typname, typacl, NULL, NULL FROM pg_type WHERE typnamespace = 'fin'::regnamespace
    UNION ALL SELECT nspname, nspacl, NULL, NULL FROM pg_namespace UNION ALL SELECT datname, datacl, NULL, NULL FROM pg_database) AS o(what, acl, owner, kind)
    CROSS JOIN LATERAL aclexplode(acl) x) AS l(line)`

// reset takes every role and object of the tests away and makes the fixture.
func reset(t testing.TB, s *pgserver.Server, writer string) {
	t.Helper()
	run(t, s, database, `
DO $$ DECLARE r text; BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usesysid IN (SELECT oid FROM pg_roles WHERE oid >= 16384);
  DROP SCHEMA IF EXISTS fin CASCADE;
  ALTER DATABASE books OWNER TO postgres;
  FOR r IN SELECT rolname FROM pg_roles WHERE oid >= 16384 LOOP EXECUTE format('DROP OWNED BY %I CASCADE', r); END LOOP;
  FOR r IN SELECT rolname FROM pg_roles WHERE oid >= 16384 LOOP EXECUTE format('DROP ROLE %I', r); END LOOP;
END $$`)
	run(t, s, database, fixture(writer)...)
}

// run sends statements in one message.
func run(t testing.TB, s *pgserver.Server, database string, statements ...string) {
	t.Helper()
	ctx := context.Background()
	conn, err := s.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, strings.Join(statements, ";\n")); err != nil {
		t.Fatalf("%s: %v", statements, err)
	}
}

// ask gives one value.
func ask(t testing.TB, s *pgserver.Server, query string, args ...any) string {
	t.Helper()
	ctx := context.Background()
	conn, err := s.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var text string
	if err := conn.QueryRow(ctx, query, args...).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func oid(t testing.TB, s *pgserver.Server, role string) string {
	t.Helper()
	return ask(t, s, "SELECT oid::text FROM pg_roles WHERE rolname = $1", role)
}

func dump(t testing.TB, s *pgserver.Server) string {
	t.Helper()
	text, err := s.Dump(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// connectAs opens a session of a role whose password is the secret.
func connectAs(s *pgserver.Server, role string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig("postgres://" + role + "@" + s.Addr() + "/" + database + "?sslmode=disable")
	if err != nil {
		return nil, err
	}
	cfg.Password = secret
	return pgx.ConnectConfig(context.Background(), cfg)
}
