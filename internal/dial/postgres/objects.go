package postgres

// Object says where the catalogue keeps one kind of object that carries privileges (aclitem, PostgreSQL manual §5.8). All but Kind and Shared
// are pieces of SQL over From.
type Object struct {
	Kind   string // as entitlements begin: table, schema, function ...
	Shared bool   // every database of the cluster sees it
	Schema string // name of the schema, or NULL
	Name   string // what stands behind the schema in an entitlement
	Owner  string // oid of the owner
	ACL    string
	From   string
	Path   string // array of the names that GRANT needs, from the schema on
}

// Objects are the kinds, those of one database first.
func Objects() []Object {
	const class = "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	return []Object{
		{"table", false, "n.nspname", "c.relname::text", "c.relowner", "c.relacl", class + " WHERE c.relkind IN ('r','p','v','m','f')", "ARRAY[n.nspname::text, c.relname::text]"},
		{"sequence", false, "n.nspname", "c.relname::text", "c.relowner", "c.relacl", class + " WHERE c.relkind = 'S'", "ARRAY[n.nspname::text, c.relname::text]"},
		{"column", false, "n.nspname", "c.relname || '.' || a.attname", "c.relowner", "a.attacl",
			"pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE NOT a.attisdropped",
			"ARRAY[n.nspname::text, c.relname::text, a.attname::text]"},
		{"function", false, "n.nspname", "p.proname || '(' || pg_catalog.pg_get_function_identity_arguments(p.oid) || ')'", "p.proowner", "p.proacl",
			"pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace",
			"ARRAY[n.nspname::text, p.proname::text] || ARRAY(SELECT pg_catalog.format_type(t, NULL) FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY AS u(t, i) ORDER BY i)"},
		{"schema", false, "NULL", "nspname::text", "nspowner", "nspacl", "pg_catalog.pg_namespace", "ARRAY[nspname::text]"},
		{"type", false, "n.nspname", "t.typname::text", "t.typowner", "t.typacl", "pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace", "ARRAY[n.nspname::text, t.typname::text]"},
		{"language", false, "NULL", "lanname::text", "lanowner", "lanacl", "pg_catalog.pg_language", "ARRAY[lanname::text]"},
		{"foreign_server", false, "NULL", "srvname::text", "srvowner", "srvacl", "pg_catalog.pg_foreign_server", "ARRAY[srvname::text]"},
		{"foreign_data_wrapper", false, "NULL", "fdwname::text", "fdwowner", "fdwacl", "pg_catalog.pg_foreign_data_wrapper", "ARRAY[fdwname::text]"},
		{"large_object", false, "NULL", "oid::text", "lomowner", "lomacl", "pg_catalog.pg_largeobject_metadata", "ARRAY[oid::text]"},
		{"database", true, "NULL", "datname::text", "datdba", "datacl", "pg_catalog.pg_database", "ARRAY[datname::text]"},
		{"tablespace", true, "NULL", "spcname::text", "spcowner", "spcacl", "pg_catalog.pg_tablespace", "ARRAY[spcname::text]"},
	}
}

// Select lists the objects of the kind as kind, schema, name, owner and ACL.
func (o Object) Select() string {
	return "SELECT '" + o.Kind + "', " + o.Schema + ", " + o.Name + ", " + o.Owner + ", " + o.ACL + " FROM " + o.From
}
