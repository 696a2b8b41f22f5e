package cluster

import (
	"context"
	"strconv"
	"strings"
)

// Membership is one row of pg_auth_members, by name.
type Membership struct {
	Role    string `json:"role"`
	Member  string `json:"member"`
	Grantor string `json:"grantor,omitempty"` // empty when that role is gone
	Admin   bool   `json:"admin,omitempty"`
	Inherit string `json:"inherit,omitempty"` // true, false, or empty before PostgreSQL 16
	Set     string `json:"set,omitempty"`
}

// MemberOf lists the memberships of a role in others.
func (s *Session) MemberOf(ctx context.Context, oid string) ([]Membership, error) {
	return s.members(ctx, "m.member", oid)
}

// Members lists the memberships of others in a role.
func (s *Session) Members(ctx context.Context, oid string) ([]Membership, error) {
	return s.members(ctx, "m.roleid", oid)
}

func (s *Session) members(ctx context.Context, column, oid string) ([]Membership, error) {
	options := "''::text, ''::text"
	if s.Me.Version >= 160000 {
		options = "m.inherit_option::text, m.set_option::text"
	}
	var list []Membership
	err := s.rows(ctx, "read memberships", `
SELECT r.rolname::text, u.rolname::text, g.rolname::text, m.admin_option::text, `+options+`
FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.roleid JOIN pg_catalog.pg_roles u ON u.oid = m.member
LEFT JOIN pg_catalog.pg_roles g ON g.oid = m.grantor
WHERE `+column+` = $1::text::oid ORDER BY r.rolname, u.rolname, g.rolname`, []any{oid}, func(row []string) error {
		list = append(list, Membership{Role: row[0], Member: row[1], Grantor: row[2], Admin: flag(row[3]), Inherit: row[4], Set: row[5]})
		return nil
	})
	return list, err
}

// Through names the roles that a role is a direct member of and that are themselves members, over however many, of another.
func (s *Session) Through(ctx context.Context, oid, of string) ([]string, error) {
	var names []string
	err := s.rows(ctx, "read memberships", `
WITH RECURSIVE up(via, role) AS (
  SELECT m.roleid, m.roleid FROM pg_catalog.pg_auth_members m WHERE m.member = $1::text::oid
  UNION SELECT up.via, m.roleid FROM up JOIN pg_catalog.pg_auth_members m ON m.member = up.role)
SELECT DISTINCT v.rolname::text FROM up JOIN pg_catalog.pg_roles v ON v.oid = up.via
WHERE up.role = $2::text::oid AND up.via <> up.role ORDER BY 1`, []any{oid, of}, func(row []string) error {
		names = append(names, row[0])
		return nil
	})
	return names, err
}

// Join makes a membership. Before PostgreSQL 16 only a superuser can name another grantor than itself; kept says whether the grantor is
// the one of m.
func (s *Session) Join(ctx context.Context, op string, m Membership) (said string, kept bool, err error) {
	said = "GRANT " + quote(m.Role) + " TO " + quote(m.Member)
	switch {
	case s.Me.Version < 160000 && m.Admin:
		said += " WITH ADMIN OPTION"
	case s.Me.Version >= 160000:
		var with []string
		for _, o := range []struct{ name, value string }{{"ADMIN", strconv.FormatBool(m.Admin)}, {"INHERIT", m.Inherit}, {"SET", m.Set}} {
			if o.value != "" {
				with = append(with, o.name+" "+strings.ToUpper(strconv.FormatBool(flag(o.value))))
			}
		}
		said += " WITH " + strings.Join(with, ", ")
	}
	kept = m.Grantor == ""
	if m.Grantor != "" {
		if kept, err = s.mayGrantAs(ctx, op, m.Grantor); err != nil {
			return "", false, err
		}
		if kept {
			said += " GRANTED BY " + quote(m.Grantor)
		}
	}
	return said, kept, s.exec(ctx, op, said)
}

// mayGrantAs reports whether a grantor is still there and may be named.
func (s *Session) mayGrantAs(ctx context.Context, op, grantor string) (bool, error) {
	if grantor == s.Me.Name {
		return true, nil
	}
	may := false
	err := s.rows(ctx, op, `SELECT pg_catalog.pg_has_role(r.oid, 'USAGE')::text FROM pg_catalog.pg_roles r WHERE r.rolname = $1::text`, []any{grantor}, func(row []string) error {
		may = flag(row[0]) && (s.Me.Super || s.Me.Version >= 160000)
		return nil
	})
	return may, err
}

// Leave ends a membership. Since PostgreSQL 16 each grantor's is one of its own.
func (s *Session) Leave(ctx context.Context, op string, m Membership) (string, error) {
	said := "REVOKE " + quote(m.Role) + " FROM " + quote(m.Member)
	if s.Me.Version >= 160000 && m.Grantor != "" {
		said += " GRANTED BY " + quote(m.Grantor)
	}
	return said, s.exec(ctx, op, said)
}
