package postgres

import "strings"

// Every query casts all columns to text and names schemas, so that neither the search_path nor the driver's types matter.

const versionSQL = `SELECT current_setting('server_version_num')::text, current_setting('server_version')::text`

const countRolesSQL = `SELECT count(*)::text FROM pg_catalog.pg_roles`

const countLoginsSQL = `SELECT count(*)::text FROM pg_catalog.pg_roles WHERE rolcanlogin`

const countMembersSQL = `SELECT count(*)::text FROM pg_catalog.pg_auth_members`

const rolesSQL = `
SELECT r.oid::text, r.rolname::text, r.rolsuper::text, r.rolinherit::text, r.rolcreaterole::text, r.rolcreatedb::text,
       r.rolcanlogin::text, r.rolreplication::text, r.rolbypassrls::text, r.rolvaliduntil::text,
       pg_catalog.shobj_description(r.oid, 'pg_authid')::text
FROM pg_catalog.pg_roles r ORDER BY r.oid`

// membersSQL differs by version: inherit_option and set_option came with PostgreSQL 16.
func membersSQL(version int) string {
	options := "NULL::text, NULL::text"
	if version >= 160000 {
		options = "m.inherit_option::text, m.set_option::text"
	}
	return `
SELECT r.rolname::text, u.rolname::text, m.admin_option::text, ` + options + `, g.rolname::text
FROM pg_catalog.pg_auth_members m
JOIN pg_catalog.pg_roles r ON r.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member
LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor
ORDER BY 1, 2`
}

// grantsSQL explodes the ACLs (aclitem, PostgreSQL manual §5.8) of one database. shared adds the objects that all databases
// see. An owner's own entries are what owning means and are left out; several grantors of one privilege are one row.
func grantsSQL(shared bool) string {
	parts := []string{
		`SELECT 'table', n.nspname, c.relname::text, c.relowner, c.relacl FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','f')`,
		`SELECT 'sequence', n.nspname, c.relname::text, c.relowner, c.relacl FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S'`,
		`SELECT 'column', n.nspname, c.relname || '.' || a.attname, c.relowner, a.attacl FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT a.attisdropped`,
		`SELECT 'function', n.nspname, p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')', p.proowner, p.proacl FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace`,
		`SELECT 'schema', NULL, nspname::text, nspowner, nspacl FROM pg_catalog.pg_namespace`,
		`SELECT 'type', n.nspname, t.typname::text, t.typowner, t.typacl FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace`,
		`SELECT 'language', NULL, lanname::text, lanowner, lanacl FROM pg_catalog.pg_language`,
		`SELECT 'foreign_server', NULL, srvname::text, srvowner, srvacl FROM pg_catalog.pg_foreign_server`,
		`SELECT 'foreign_data_wrapper', NULL, fdwname::text, fdwowner, fdwacl FROM pg_catalog.pg_foreign_data_wrapper`,
		`SELECT 'large_object', NULL, oid::text, lomowner, lomacl FROM pg_catalog.pg_largeobject_metadata`,
	}
	if shared {
		parts = append(parts,
			`SELECT 'database', NULL, datname::text, datdba, datacl FROM pg_catalog.pg_database`,
			`SELECT 'tablespace', NULL, spcname::text, spcowner, spcacl FROM pg_catalog.pg_tablespace`)
	}
	return `
SELECT CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE g.rolname::text END, o.kind, o.schema::text, o.object, x.privilege_type::text, bool_or(x.is_grantable)::text
FROM (` + strings.Join(parts, "\nUNION ALL ") + `) AS o(kind, schema, object, owner, acl)
CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) AS x
LEFT JOIN pg_catalog.pg_roles g ON g.oid = x.grantee
WHERE x.grantee <> o.owner AND NOT (x.grantee = 0 AND coalesce(o.schema, o.object) IN ('pg_catalog', 'information_schema'))
  AND (x.grantee = 0 OR g.rolname IS NOT NULL)
GROUP BY 1, 2, 3, 4, 5`
}

// defaultsSQL lists ALTER DEFAULT PRIVILEGES.
const defaultsSQL = `
SELECT pg_catalog.pg_get_userbyid(d.defaclrole)::text, coalesce(n.nspname::text, '(any)'), d.defaclobjtype::text, d.defaclacl::text
FROM pg_catalog.pg_default_acl d LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.defaclnamespace ORDER BY 1, 2, 3, 4`

// ownedSQL counts what roles that can log in and are no superusers own.
const ownedSQL = `
SELECT count(*)::text FROM (SELECT relowner FROM pg_catalog.pg_class UNION ALL SELECT nspowner FROM pg_catalog.pg_namespace
UNION ALL SELECT proowner FROM pg_catalog.pg_proc) AS o(owner) JOIN pg_catalog.pg_roles r ON r.oid = o.owner WHERE r.rolcanlogin AND NOT r.rolsuper`
