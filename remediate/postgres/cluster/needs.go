package cluster

import (
	"context"
	"strconv"
)

// Need is something for which a role cannot be dropped (pg_shdepend).
type Need struct {
	Database string // empty: of the cluster
	Type     string // o: owns, a: is named in an ACL, r: is named in a policy, d: is named in default privileges
	Count    int
}

// Needs counts them by database. Memberships that a role granted are the server's own to judge.
func (s *Session) Needs(ctx context.Context, oid string) ([]Need, error) {
	var list []Need
	err := s.rows(ctx, "read what needs the role", `
SELECT coalesce(d.datname::text, ''),
       CASE WHEN s.deptype = 'a' AND s.classid = 'pg_catalog.pg_default_acl'::pg_catalog.regclass THEN 'd' ELSE s.deptype::text END, count(*)::text
FROM pg_catalog.pg_shdepend s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = $1::text::oid
  AND s.classid <> 'pg_catalog.pg_auth_members'::pg_catalog.regclass
GROUP BY 1, 2 ORDER BY 1, 2`, []any{oid}, func(row []string) error {
		n, err := strconv.Atoi(row[2])
		list = append(list, Need{row[0], row[1], n})
		return err
	})
	return list, err
}

// Backends lists the process ids of a role's sessions, other than this one.
func (s *Session) Backends(ctx context.Context, oid string) ([]string, error) {
	var pids []string
	const op = "read sessions"
	if err := s.exec(ctx, op, "SELECT pg_catalog.pg_stat_clear_snapshot()"); err != nil { // or a transaction sees always the same
		return nil, err
	}
	err := s.rows(ctx, op, `
SELECT pid::text FROM pg_catalog.pg_stat_activity WHERE usesysid = $1::text::oid AND pid <> pg_catalog.pg_backend_pid() ORDER BY pid`, []any{oid}, func(row []string) error {
		pids = append(pids, row[0])
		return nil
	})
	return pids, err
}

// Terminate ends sessions, if they still are the role's, and says how many were told to.
func (s *Session) Terminate(ctx context.Context, op, oid string, pids []string) (int, error) {
	told := 0
	err := s.rows(ctx, op, `
SELECT pg_catalog.pg_terminate_backend(pid)::text FROM pg_catalog.pg_stat_activity
WHERE usesysid = $1::text::oid AND pid::text = ANY($2::text[]) AND pid <> pg_catalog.pg_backend_pid()`, []any{oid, pids}, func(row []string) error {
		if flag(row[0]) {
			told++
		}
		return nil
	})
	return told, err
}
