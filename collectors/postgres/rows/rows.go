package rows

import (
	"fmt"
	"strings"
	"time"

	dial "muster/internal/dial/postgres"
)

// Table is one of the three lists that a cluster is read as. Live queries and export files have the same columns, all as text;
// an empty text is NULL.
type Table struct {
	name     string // of the file, without .csv
	columns  []string
	required int // how many of the columns, from the first, a file must have
}

// Columns are the names of all columns, in order.
func (t Table) Columns() []string { return t.columns }

// Roles is the table of roles.
func Roles() Table {
	return Table{"roles", []string{"oid", "rolname", "rolsuper", "rolinherit", "rolcreaterole", "rolcreatedb", "rolcanlogin",
		"rolreplication", "rolbypassrls", "rolvaliduntil", "comment"}, 7}
}

// Members is the table of memberships.
func Members() Table {
	return Table{"members", []string{"role", "member", "admin_option", "inherit_option", "set_option", "grantor"}, 3}
}

// Grants is the table of privileges.
func Grants() Table {
	return Table{"grants", []string{"grantee", "object_kind", "schema", "object", "privilege", "grantable"}, 5}
}

// Role is a row of roles: its flags are named as ALTER ROLE names them.
type Role struct {
	OID, Name                                string
	Superuser, Inherit, CreateRole, CreateDB bool
	Login, Replication, BypassRLS            bool
	ValidUntil                               time.Time // zero is for ever
	Comment                                  string
	Ref                                      string // where the row stood
}

// ParseRole reads a row; the error says what is wrong with it, without the value of the comment.
func ParseRole(ref string, row []string) (Role, error) {
	r := Role{OID: row[0], Name: row[1], Comment: row[10], Ref: ref}
	if r.OID == "" || r.Name == "" {
		return r, fmt.Errorf("oid or rolname is empty")
	}
	for i, into := range []*bool{&r.Superuser, &r.Inherit, &r.CreateRole, &r.CreateDB, &r.Login, &r.Replication, &r.BypassRLS} {
		b, err := parseBool(row[2+i])
		if err != nil {
			return r, fmt.Errorf("%s: %w", Roles().columns[2+i], err)
		}
		*into = b
	}
	var err error
	if r.ValidUntil, err = dial.Until(row[9]); err != nil {
		return r, fmt.Errorf("rolvaliduntil: %w", err)
	}
	return r, nil
}

// Attribute is a power of a role itself; members do not inherit it.
type Attribute struct {
	Name       string // as in "attribute:superuser"
	Privileged bool
}

// Attributes lists the powers that the role has.
func (r *Role) Attributes() []Attribute {
	var held []Attribute
	for _, a := range []struct {
		Attribute
		held bool
	}{{Attribute{"superuser", true}, r.Superuser}, {Attribute{"createrole", true}, r.CreateRole}, {Attribute{"createdb", false}, r.CreateDB},
		{Attribute{"replication", true}, r.Replication}, {Attribute{"bypassrls", true}, r.BypassRLS}} {
		if a.held {
			held = append(held, a.Attribute)
		}
	}
	return held
}

// Membership is a row of members.
type Membership struct {
	Role, Member string
	Admin        bool
	Inherit      string // "t", "f", or empty before PostgreSQL 16: the member's rolinherit decides
}

// ParseMembership reads a row.
func ParseMembership(row []string) (Membership, error) {
	m := Membership{Role: row[0], Member: row[1]}
	if m.Role == "" || m.Member == "" {
		return m, fmt.Errorf("role or member is empty")
	}
	var err error
	if m.Admin, err = parseBool(row[2]); err != nil {
		return m, fmt.Errorf("admin_option: %w", err)
	}
	if row[3] != "" {
		inherit, err := parseBool(row[3])
		if err != nil {
			return m, fmt.Errorf("inherit_option: %w", err)
		}
		m.Inherit = map[bool]string{true: "t", false: "f"}[inherit]
	}
	return m, nil
}

// Privilege is a row of grants.
type Privilege struct {
	Grantee                         string // a role, or PUBLIC
	Kind, Schema, Object, Privilege string
	Grantable                       bool
}

// ParsePrivilege reads a row.
func ParsePrivilege(row []string) (Privilege, error) {
	p := Privilege{Grantee: row[0], Kind: row[1], Schema: row[2], Object: row[3], Privilege: row[4]}
	if p.Grantee == "" || p.Kind == "" || p.Privilege == "" || p.Schema+p.Object == "" {
		return p, fmt.Errorf("grantee, object_kind, object or privilege is empty")
	}
	var err error
	if p.Grantable, err = parseBool(row[5]); err != nil {
		return p, fmt.Errorf("grantable: %w", err)
	}
	return p, nil
}

// Entitlement is the name: kind:object:PRIVILEGE. database is empty when there is only one.
func (p Privilege) Entitlement(database string) string {
	var parts []string
	if p.Kind != "database" && database != "" {
		parts = append(parts, database)
	}
	if p.Schema != "" && !(p.Kind == "schema" && p.Schema == p.Object) {
		parts = append(parts, p.Schema)
	}
	if p.Object != "" {
		parts = append(parts, p.Object)
	}
	return p.Kind + ":" + strings.Join(parts, ".") + ":" + p.Privilege
}

// parseBool reads PostgreSQL's spellings of a boolean; empty is false.
func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "t", "true", "yes", "on", "1":
		return true, nil
	case "f", "false", "no", "off", "0", "":
		return false, nil
	}
	return false, fmt.Errorf("%.20q is neither t nor f", s)
}
