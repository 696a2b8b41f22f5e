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

// shapeSQL is what Dump tells, and the privileges that pg_dump does not write, from the catalogue and in a hundredth of the time.
const shapeSQL = `
SELECT coalesce(string_agg(line::text, E'\n' ORDER BY line::text), '') FROM (
  SELECT to_jsonb(r) - 'oid' - 'rolpassword' || jsonb_build_object('comment', shobj_description(oid, 'pg_authid')) FROM pg_authid r WHERE oid >= 16384
  UNION ALL SELECT jsonb_build_array('member', roleid::regrole, member::regrole, grantor::regrole, admin_option) FROM pg_auth_members WHERE member >= 16384
  UNION ALL SELECT jsonb_build_array('setting', setrole::regrole, (SELECT datname FROM pg_database WHERE oid = setdatabase), setconfig) FROM pg_db_role_setting
  UNION ALL SELECT jsonb_build_array(o.what, x.grantor::regrole, CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, x.privilege_type, x.is_grantable) FROM (
    SELECT relname::text, relacl, CASE relkind WHEN 'S' THEN 's' ELSE 'r' END, relowner FROM pg_class WHERE relnamespace = 'fin'::regnamespace
    UNION ALL SELECT attrelid::regclass || '.' || attname, attacl, 'c', relowner FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = 'fin'::regnamespace
    UNION ALL SELECT oid::regprocedure::text, proacl, 'f', proowner FROM pg_proc WHERE pronamespace = 'fin'::regnamespace
    UNION ALL SELECT typname, typacl, 'T', typowner FROM pg_type WHERE typnamespace = 'fin'::regnamespace
    UNION ALL SELECT 'schema ' || nspname, nspacl, 'n', nspowner FROM pg_namespace UNION ALL SELECT 'database ' || datname, datacl, 'd', datdba FROM pg_database
    UNION ALL SELECT 'language ' || lanname, lanacl, 'l', lanowner FROM pg_language UNION ALL SELECT 'tablespace ' || spcname, spcacl, 't', spcowner FROM pg_tablespace
    UNION ALL SELECT 'server ' || srvname, srvacl, 'S', srvowner FROM pg_foreign_server UNION ALL SELECT 'wrapper ' || fdwname, fdwacl, 'F', fdwowner FROM pg_foreign_data_wrapper
    UNION ALL SELECT 'large object ' || oid, lomacl, 'L', lomowner FROM pg_largeobject_metadata) AS o(what, acl, kind, owner)
    CROSS JOIN LATERAL aclexplode(coalesce(acl, acldefault(kind::"char", owner))) x) AS l(line)`

// reset takes every role and object of the tests away and makes the fixture.
func reset(t testing.TB, s *pgserver.Server, writer string) {
	t.Helper()
	run(t, s, database, `
DO $$ DECLARE list text; r text; BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usesysid IN (SELECT oid FROM pg_roles WHERE oid >= 16384);
  DROP SCHEMA IF EXISTS fin CASCADE;
  ALTER DATABASE books OWNER TO postgres;
  SELECT string_agg(quote_ident(rolname), ', ') INTO list FROM pg_roles WHERE oid >= 16384;
  IF list IS NOT NULL THEN
    FOR r IN SELECT rolname FROM pg_roles WHERE oid >= 16384 LOOP EXECUTE format('DROP OWNED BY %I CASCADE', r); END LOOP;
    EXECUTE 'DROP ROLE ' || list;
  END IF;
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
