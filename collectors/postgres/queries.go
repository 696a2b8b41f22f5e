package postgres

import (
	"strings"

	dial "muster/internal/dial/postgres"
)

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
	var parts []string
	for _, o := range dial.Objects() {
		if shared || !o.Shared {
			parts = append(parts, o.Select())
		}
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
