package cluster

import (
	"context"
	"strconv"
	"strings"
)

// Role is a role without its password.
type Role struct {
	OID        string `json:"-"`
	Name       string `json:"name"`
	Login      bool   `json:"login"`
	Superuser  bool   `json:"superuser"`
	Inherit    bool   `json:"inherit"`
	CreateRole bool   `json:"createrole"`
	CreateDB   bool   `json:"createdb"`
	Repl       bool   `json:"replication"`
	BypassRLS  bool   `json:"bypassrls"`
	Limit      string `json:"limit"`       // CONNECTION LIMIT
	ValidUntil string `json:"valid_until"` // as the server writes it; empty is NULL
	Comment    string `json:"comment,omitempty"`
	Stamp      string `json:"-"` // xmin of its row, where that may be read
}

// roleSQL reads pg_authid where we may: only there a row has its xmin. The password is not among the columns.
func (s *Session) roleSQL(where string) string {
	from, stamp := "pg_catalog.pg_roles", "''"
	if s.Me.Super {
		from, stamp = "pg_catalog.pg_authid", "r.xmin::text"
	}
	return `
SELECT r.oid::text, r.rolname::text, r.rolcanlogin::text, r.rolsuper::text, r.rolinherit::text, r.rolcreaterole::text, r.rolcreatedb::text,
       r.rolreplication::text, r.rolbypassrls::text, r.rolconnlimit::text, r.rolvaliduntil::text,
       pg_catalog.shobj_description(r.oid, 'pg_authid')::text, ` + stamp + `
FROM ` + from + ` r WHERE ` + where
}

func (s *Session) roles(ctx context.Context, query, arg string) ([]Role, error) {
	var found []Role
	err := s.rows(ctx, "read role", query, []any{arg}, func(row []string) error {
		found = append(found, Role{OID: row[0], Name: row[1], Login: flag(row[2]), Superuser: flag(row[3]), Inherit: flag(row[4]), CreateRole: flag(row[5]),
			CreateDB: flag(row[6]), Repl: flag(row[7]), BypassRLS: flag(row[8]), Limit: row[9], ValidUntil: row[10], Comment: row[11], Stamp: row[12]})
		return nil
	})
	return found, err
}

func first(list []Role, err error) (*Role, error) {
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// ByOID finds a role; nil when it is not there.
func (s *Session) ByOID(ctx context.Context, oid string) (*Role, error) {
	if _, err := strconv.ParseUint(oid, 10, 32); err != nil {
		return nil, nil // no role has such an id
	}
	return first(s.roles(ctx, s.roleSQL("r.oid = $1::text::oid"), oid))
}

// ByName finds a role by its exact name; nil when it is not there.
func (s *Session) ByName(ctx context.Context, name string) (*Role, error) {
	return first(s.roles(ctx, s.roleSQL("r.rolname = $1::text"), name))
}

// Mentioning lists the roles whose comment holds a text.
func (s *Session) Mentioning(ctx context.Context, text string) ([]Role, error) {
	return s.roles(ctx, s.roleSQL("pg_catalog.strpos(pg_catalog.shobj_description(r.oid, 'pg_authid'), $1::text) > 0 ORDER BY r.oid"), text)
}

// Lock holds the row of a role until the transaction ends, so that nobody alters it: ALTER ROLE of others waits. Without the right to lock
// rows of pg_authid it is an ALTER ROLE that alters nothing.
func (s *Session) Lock(ctx context.Context, op string, r *Role) error {
	if !s.Me.Super {
		return s.exec(ctx, op, "ALTER ROLE "+quote(r.Name))
	}
	_, err := s.roles(ctx, s.roleSQL("r.oid = $1::text::oid FOR UPDATE OF r"), r.OID)
	return err
}

// Alter sets one attribute of ALTER ROLE: LOGIN, SUPERUSER ...
func (s *Session) Alter(ctx context.Context, op, role, attribute string, on bool) (string, error) {
	said := "ALTER ROLE " + quote(role) + " " + word(attribute, on)
	return said, s.exec(ctx, op, said)
}

func word(attribute string, on bool) string {
	if on {
		return strings.ToUpper(attribute)
	}
	return "NO" + strings.ToUpper(attribute)
}

// Attribute reports whether the role has one of the attributes that are entitlements; false as the second value when there is none of that name.
func (r *Role) Attribute(name string) (on, known bool) {
	switch name {
	case "superuser":
		return r.Superuser, true
	case "createrole":
		return r.CreateRole, true
	case "createdb":
		return r.CreateDB, true
	case "replication":
		return r.Repl, true
	case "bypassrls":
		return r.BypassRLS, true
	}
	return false, false
}

// SetUntil sets VALID UNTIL. NULL cannot be said in SQL: infinity means the same.
func (s *Session) SetUntil(ctx context.Context, op, role, until string) (string, error) {
	if until == "" {
		until = "infinity"
	}
	return "ALTER ROLE " + quote(role) + " VALID UNTIL " + until, s.format(ctx, op, "ALTER ROLE %I VALID UNTIL %L", role, until)
}

// Create makes a role without a password, with its comment.
func (s *Session) Create(ctx context.Context, op string, r Role) error {
	words := []string{word("login", r.Login), word("inherit", r.Inherit)}
	for _, name := range []string{"superuser", "createrole", "createdb", "replication", "bypassrls"} {
		if on, _ := r.Attribute(name); on { // saying NOSUPERUSER would need a superuser
			words = append(words, word(name, true))
		}
	}
	form, args := "CREATE ROLE %I "+strings.Join(words, " "), []string{r.Name}
	if n, err := strconv.Atoi(r.Limit); err == nil && n != -1 {
		form += " CONNECTION LIMIT " + strconv.Itoa(n)
	}
	if r.ValidUntil != "" {
		form, args = form+" VALID UNTIL %L", append(args, r.ValidUntil)
	}
	if err := s.format(ctx, op, form, args...); err != nil {
		return err
	}
	if r.Comment == "" {
		return nil
	}
	return s.format(ctx, op, "COMMENT ON ROLE %I IS %L", r.Name, r.Comment)
}

// Drop removes a role. The server refuses when anything still needs it.
func (s *Session) Drop(ctx context.Context, op, role string) error {
	return s.exec(ctx, op, "DROP ROLE "+quote(role))
}
