package cluster

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	dial "muster/internal/dial/postgres"
)

// Thing is an object that carries privileges.
type Thing struct {
	Kind     string   `json:"kind"`
	Path     []string `json:"path"` // the names that GRANT needs, from the schema on; of a function its types too
	Owner    string   `json:"-"`
	OwnerOID string   `json:"-"`
}

// Privilege is one entry of an object's ACL that names a role.
type Privilege struct {
	Thing
	Privilege string `json:"privilege"`
	Grantor   string `json:"grantor"`
	Grantable bool   `json:"grantable,omitempty"`
}

// KnownKind reports whether a word is a kind of object.
func KnownKind(kind string) bool {
	return slices.ContainsFunc(dial.Objects(), func(o dial.Object) bool { return o.Kind == kind })
}

// KnownPrivilege reports whether a word is a privilege (PostgreSQL manual, table 5.1). Only such words are written into statements.
func KnownPrivilege(word string) bool {
	return slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "USAGE", "CREATE", "CONNECT", "TEMPORARY",
		"EXECUTE", "MAINTAIN"}, word)
}

// objects is a subquery of kind, name, path, owner and acl.
func objects(o dial.Object) string {
	return "SELECT '" + o.Kind + "'::text, coalesce(" + o.Schema + " || '.', '') || " + o.Name + ", " + o.Path + ", " + o.Owner + ", " + o.ACL + " FROM " + o.From
}

// Find lists the objects of a kind that an entitlement names so: one, unless names have dots in them.
func (s *Session) Find(ctx context.Context, kind, name string) ([]Thing, error) {
	var list []Thing
	for _, o := range dial.Objects() {
		if o.Kind != kind {
			continue
		}
		err := s.rows(ctx, "find "+kind, `
SELECT pg_catalog.array_to_json(o.path)::text, r.rolname::text, o.owner::text FROM (`+objects(o)+`) AS o(kind, name, path, owner, acl)
JOIN pg_catalog.pg_roles r ON r.oid = o.owner WHERE o.name = $1::text ORDER BY 1`, []any{name}, func(row []string) error {
			t := Thing{Kind: kind, Owner: row[1], OwnerOID: row[2]}
			list = append(list, t)
			return json.Unmarshal([]byte(row[0]), &list[len(list)-1].Path)
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Still reports whether an object is there; its owner is filled in.
func (s *Session) Still(ctx context.Context, t *Thing) (bool, error) {
	there := false
	for _, o := range dial.Objects() {
		if o.Kind != t.Kind {
			continue
		}
		err := s.rows(ctx, "find "+t.Kind, `
SELECT r.rolname::text, o.owner::text FROM (`+objects(o)+`) AS o(kind, name, path, owner, acl) JOIN pg_catalog.pg_roles r ON r.oid = o.owner
WHERE o.path = $1::text[]`, []any{t.Path}, func(row []string) error {
			there, t.Owner, t.OwnerOID = true, row[0], row[1]
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return there, nil
}

// Held lists what a role holds by name: of all objects of the database and the cluster, or of those of some kinds. What owners hold by owning is
// left out.
func (s *Session) Held(ctx context.Context, oid string, kinds ...string) ([]Privilege, error) {
	var parts []string
	for _, o := range dial.Objects() {
		if len(kinds) == 0 || slices.Contains(kinds, o.Kind) {
			parts = append(parts, objects(o))
		}
	}
	var list []Privilege
	err := s.rows(ctx, "read privileges", `
SELECT o.kind, pg_catalog.array_to_json(o.path)::text, w.rolname::text, o.owner::text, x.privilege_type::text, g.rolname::text, x.is_grantable::text
FROM (`+strings.Join(parts, "\nUNION ALL ")+`) AS o(kind, name, path, owner, acl)
CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) AS x
JOIN pg_catalog.pg_roles g ON g.oid = x.grantor JOIN pg_catalog.pg_roles w ON w.oid = o.owner
WHERE x.grantee = $1::text::oid AND x.grantee <> o.owner ORDER BY 1, 2, 5, 6`, []any{oid}, func(row []string) error {
		p := Privilege{Thing: Thing{Kind: row[0], Owner: row[2], OwnerOID: row[3]}, Privilege: row[4], Grantor: row[5], Grantable: flag(row[6])}
		list = append(list, p)
		return json.Unmarshal([]byte(row[1]), &list[len(list)-1].Path)
	})
	return list, err
}

// HolderRoles names the roles that a role is a member of, over however many, and that hold a privilege by name; PUBLIC is one.
func (s *Session) HolderRoles(ctx context.Context, oid string, t Thing, privilege string) ([]string, error) {
	var names []string
	for _, o := range dial.Objects() {
		if o.Kind != t.Kind {
			continue
		}
		err := s.rows(ctx, "read privileges", `
WITH RECURSIVE up(role) AS (
  SELECT m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = $1::text::oid
  UNION SELECT m.roleid FROM up JOIN pg_catalog.pg_auth_members m ON m.member = up.role)
SELECT DISTINCT coalesce(g.rolname::text, 'PUBLIC') FROM (`+objects(o)+`) AS o(kind, name, path, owner, acl)
CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) AS x LEFT JOIN pg_catalog.pg_roles g ON g.oid = x.grantee
WHERE o.path = $2::text[] AND x.privilege_type = $3::text AND (x.grantee = 0 OR x.grantee IN (SELECT role FROM up)) ORDER BY 1`,
			[]any{oid, t.Path, privilege}, func(row []string) error {
				names = append(names, row[0])
				return nil
			})
		if err != nil {
			return nil, err
		}
	}
	return names, nil
}
