// Package postgres collects the roles, memberships and privileges of a PostgreSQL cluster (12 or newer), live or from an export.
//
// Live, it reads over one connection at a time in a read-only REPEATABLE READ transaction, so that roles, memberships and
// grants are of one moment; rows are streamed. Any role that may connect suffices: pg_roles, pg_auth_members and the ACL
// columns are readable by all. An export is a folder with the same rows as CSV (RFC 4180) with a header and t or f for booleans:
//
//	roles.csv    oid,rolname,rolsuper,rolinherit,rolcreaterole,rolcreatedb,rolcanlogin,rolreplication,rolbypassrls,rolvaliduntil,comment
//	members.csv  role,member,admin_option,inherit_option,set_option,grantor
//	grants.csv   grantee,object_kind,schema,object,privilege,grantable
//
// An Account is a role that can log in, or one that cannot, has no members and whose comment says employee=. ID is the oid,
// Name the role's name; Enabled is LOGIN with a VALID UNTIL that is not over. Comments carry tokens, name=value: employee,
// owner, kind, email, name. PostgreSQL does not record logins, creation or second factors: these stay unknown.
//
// An Entitlement is
//   - a role that has members or cannot log in (kind role, ID its oid); built-in pg_* roles only when an account holds them;
//   - a role attribute: attribute:superuser, createrole, createdb, replication, bypassrls (kind permission);
//   - a privilege that an account holds by name and not through a role: table:schema.object:SELECT, schema:name:USAGE,
//     database:name:CONNECT, column:schema.table.column:UPDATE ... (kind permission). With several databases the database's
//     name comes first: table:db.schema.object:SELECT.
//
// Only explicit ACL entries are read. What an owner holds by owning is not a grant and is counted in a note of the coverage, as
// are privileges of PUBLIC, privileges of roles (they are what the role means) and default privileges (ALTER DEFAULT
// PRIVILEGES), which act on objects to come. Notes are lines of Coverage.Queries that start with "--".
//
// A Grant through nested roles carries the path from the account's own role to the one that holds the other; one grant per
// own role, by the shortest path that inherits, else by the shortest. Effective is false where a membership on the way does not
// inherit (NOINHERIT of the member, or of the membership since PostgreSQL 16): the privileges need SET ROLE. AdminOption is that of
// the last membership.
//
// Times are UTC. Collect is for one goroutine at a time. Errors are *access.Error: 28xxx and 42501 are Denied, 53300 is
// Throttled, 08xxx, 53xxx, 57xxx and broken connections are Transient; connecting is tried again, a broken snapshot is not. No
// error holds the password or the connection string.
package postgres
