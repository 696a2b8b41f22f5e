package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"

	"muster/internal/access"
)

// clause is what GRANT and REVOKE say of a privilege: SELECT ("a") ON TABLE "s"."t". Types of functions come quoted from the server.
func (p Privilege) clause() string {
	name := func(n int) string { return quote(p.Path[:min(n, len(p.Path))]...) }
	switch p.Kind {
	case "table", "sequence", "type":
		return p.Privilege + " ON " + strings.ToUpper(p.Kind) + " " + name(2)
	case "column":
		return p.Privilege + " (" + quote(p.Path[len(p.Path)-1]) + ") ON TABLE " + name(2)
	case "function": // or a procedure, or an aggregate
		return p.Privilege + " ON ROUTINE " + name(2) + "(" + strings.Join(p.Path[min(2, len(p.Path)):], ", ") + ")"
	case "large_object":
		return p.Privilege + " ON LARGE OBJECT " + p.Path[0]
	}
	return p.Privilege + " ON " + strings.ToUpper(strings.ReplaceAll(p.Kind, "_", " ")) + " " + name(1)
}

// whole reports whether a statement can be made of a privilege. What Restore holds has been outside.
func (p Privilege) whole() bool {
	least := map[string]int{"table": 2, "sequence": 2, "type": 2, "column": 3, "function": 2}[p.Kind]
	if !KnownKind(p.Kind) || !KnownPrivilege(p.Privilege) || len(p.Path) < max(least, 1) {
		return false
	}
	return p.Kind != "large_object" || strings.Trim(p.Path[0], "0123456789") == ""
}

// grantor is the role that a statement about p must be made as: the owner's are anybody's who may act for it.
func (p Privilege) grantor() string {
	if p.Grantor == p.Owner {
		return ""
	}
	return p.Grantor
}

// Grant gives a privilege, as its grantor gave it.
func (s *Session) Grant(ctx context.Context, op string, p Privilege, to string) (string, error) {
	if !p.whole() {
		return "", s.notWhole(op)
	}
	said := "GRANT " + p.clause() + " TO " + quote(to)
	if p.Grantable {
		said += " WITH GRANT OPTION"
	}
	return said, s.as(ctx, op, p.grantor(), func() error { return s.exec(ctx, op, said) })
}

// Revoke takes a privilege away from a role, from whom its grantor gave it. What the server takes away with it and was not asked for, the
// same privilege on single columns of a table, is given back.
func (s *Session) Revoke(ctx context.Context, op string, p Privilege, from *Role) (string, error) {
	if !p.whole() {
		return "", s.notWhole(op)
	}
	var columns []Privilege
	if p.Kind == "table" {
		held, err := s.Held(ctx, from.OID, "column")
		if err != nil {
			return "", err
		}
		columns = slices.DeleteFunc(held, func(c Privilege) bool {
			return c.Privilege != p.Privilege || !slices.Equal(c.Path[:2], p.Path) || c.Grantor != p.Grantor
		})
	}
	said := "REVOKE " + p.clause() + " FROM " + quote(from.Name)
	if err := s.as(ctx, op, p.grantor(), func() error { return s.exec(ctx, op, said) }); err != nil {
		return "", err
	}
	for _, c := range columns {
		if _, err := s.Grant(ctx, op, c, from.Name); err != nil {
			return "", err
		}
	}
	return said, nil
}

func (s *Session) notWhole(op string) error {
	return &access.Error{System: s.dialer.System(), Op: op, Kind: access.Invalid, Err: errors.New("what is to be brought back is not what this target wrote")}
}
