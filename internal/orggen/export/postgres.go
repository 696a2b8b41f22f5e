package export

import (
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// firstRoleOID is the oid of the first group role; PostgreSQL gives its own objects smaller ones.
const firstRoleOID = 16400

// postgres writes the warehouse's role catalogue: pg_roles with comments, pg_auth_members, and privileges.
type postgres struct{ roles, members, grants *table }

func (f *Files) openPostgres() *postgres {
	p := &postgres{
		roles: f.table("warehouse/roles.csv", ',', "oid", "rolname", "rolsuper", "rolinherit", "rolcreaterole", "rolcreatedb", "rolcanlogin",
			"rolreplication", "rolbypassrls", "rolvaliduntil", "comment"),
		members: f.table("warehouse/members.csv", ',', "role", "member", "admin_option", "inherit_option", "set_option", "grantor"),
		grants:  f.table("warehouse/grants.csv", ',', "grantee", "object_kind", "schema", "object", "privilege", "grantable"),
	}
	for _, x := range f.order {
		if x.System != model.Warehouse || x.Kind != model.Group {
			continue
		}
		p.roles.row(strconv.Itoa(firstRoleOID+x.Index), x.Name, "f", "t", "f", "f", "f", "f", "f", "", x.Description)
		if x.Parent != nil {
			p.member(x.Parent.Name, x.Name, true)
		}
		p.grants.row(x.Name, "table", "marts", x.Name+"_v", "SELECT", "f")
	}
	return p
}

func (p *postgres) member(role, member string, inherits bool) {
	p.members.row(role, member, "f", word(inherits, "t", "f"), "t", "postgres")
}

func (p *postgres) account(a *model.Account) {
	has := func(name string) string {
		for _, g := range a.Grants {
			if g.Of.Kind == model.Attribute && g.Of.Name == "attribute:"+name {
				return "t"
			}
		}
		return "f"
	}
	canLogin, until := word(a.Enabled || !a.ExpiresAt.IsZero(), "t", "f"), ""
	if !a.ExpiresAt.IsZero() {
		until = a.ExpiresAt.Format("2006-01-02 15:04:05") + "+00"
	}
	p.roles.row(a.ID, a.Name, has("superuser"), word(a.NoInherit, "f", "t"), has("createrole"), has("createdb"), canLogin, has("replication"), has("bypassrls"), until, comment(a))
	for _, g := range a.Grants {
		switch g.Of.Kind {
		case model.Group:
			p.member(g.Of.Name, a.Name, !a.NoInherit)
		case model.Direct:
			kind, rest, _ := strings.Cut(g.Of.Name, ":")
			object, privilege, _ := strings.Cut(rest, ":")
			schema, object, inSchema := strings.Cut(object, ".")
			if !inSchema {
				object = schema
			}
			p.grants.row(a.Name, kind, schema, object, privilege, "f")
		}
	}
}

// comment carries, as tokens, what PostgreSQL has no column for.
func comment(a *model.Account) string {
	var tokens []string
	if a.EmployeeID != "" {
		tokens = append(tokens, "employee="+a.EmployeeID)
	}
	if a.Email != "" {
		tokens = append(tokens, "email="+a.Email)
	}
	if a.Kind != access.KindHuman {
		tokens = append(tokens, "kind="+string(a.Kind))
	}
	if a.OwnerRef != "" {
		tokens = append(tokens, "owner="+a.OwnerRef)
	}
	return strings.Join(tokens, " ")
}
