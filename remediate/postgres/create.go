package postgres

import (
	"context"
	"fmt"
	"strings"

	"muster/internal/access"
	dial "muster/internal/dial/postgres"
	"muster/remediate/postgres/cluster"
)

// findCreated finds the account that a creation makes: by its name, else by the employee that its comment names. A role of the name that is
// somebody else's is a Conflict.
func (t *Target) findCreated(ctx context.Context, s *cluster.Session, a access.Action) (*cluster.Role, error) {
	f, err := t.restore(a)
	if err != nil {
		return nil, err
	}
	if f != nil && f.Role != nil {
		r, err := s.ByName(ctx, f.Role.Name)
		if err == nil && r != nil && (r.Comment != f.Role.Comment || r.Login != f.Role.Login) {
			return nil, t.fail(a, access.Conflict, "the name is taken by another role")
		}
		return r, err
	}
	name, employee := userName(a), a.Attributes[access.AttrEmployeeID]
	r, err := s.ByName(ctx, name)
	if err != nil {
		return nil, err
	}
	if r != nil {
		switch theirs := dial.Tokens(r.Comment)["employee"]; {
		case theirs != employee:
			return nil, &access.Error{System: t.spec.System, Op: operation(a), Kind: access.Conflict, Err: fmt.Errorf("the name is taken by a role whose comment does not name %s", employee),
				Hint: "if it is the person's, COMMENT ON ROLE with employee=" + employee}
		case employee == "" && !r.Login:
			return nil, t.fail(a, access.Conflict, "the name is taken by a role that cannot log in")
		}
		return r, nil
	}
	if employee == "" {
		return nil, nil
	}
	found, err := s.Mentioning(ctx, employee)
	for _, r := range found {
		if tokens := dial.Tokens(r.Comment); tokens["employee"] == employee && !strings.HasPrefix(r.Name, "pg_") {
			return &r, err
		}
	}
	return nil, err
}

// create makes a role that can log in, as soon as it has a password or another way in.
func (t *Target) create(ctx context.Context, s *cluster.Session, a access.Action) ([]string, error) {
	at := a.Attributes
	r := cluster.Role{Name: userName(a), Login: true, Inherit: true, Limit: "-1",
		Comment: dial.Comment("employee", at[access.AttrEmployeeID], "email", at[access.AttrEmail], "name", at[access.AttrDisplayName])}
	return []string{fmt.Sprintf("CREATE ROLE %.80q LOGIN", r.Name)}, s.Create(ctx, operation(a), r)
}

// createAgain makes a role that was deleted. What was in other objects and roles that are gone since stays away, and is said.
func (t *Target) createAgain(ctx context.Context, s *cluster.Session, a access.Action, f *former) ([]string, error) {
	op := operation(a)
	if err := s.Create(ctx, op, *f.Role); err != nil {
		return nil, err
	}
	said := []string{fmt.Sprintf("CREATE ROLE %.80q", f.Role.Name)}
	var gone []string
	for _, v := range f.Settings {
		if v.Database != "" {
			there, err := s.Find(ctx, "database", v.Database)
			if err != nil {
				return nil, err
			}
			if len(there) == 0 {
				gone = append(gone, "database "+v.Database)
				continue
			}
		}
		if err := s.Set(ctx, op, f.Role.Name, v); err != nil {
			return nil, err
		}
	}
	for _, m := range append(f.In, f.Members...) {
		other := m.Role
		if m.Role == f.Role.Name {
			other = m.Member
		}
		r, err := s.ByName(ctx, other)
		if err != nil {
			return nil, err
		}
		if r == nil {
			gone = append(gone, "role "+other)
			continue
		}
		more, err := join(ctx, s, op, []cluster.Membership{m})
		if err != nil {
			return nil, err
		}
		said = append(said, more...)
	}
	for _, p := range f.Privileges {
		there, err := s.Still(ctx, &p.Thing)
		if err != nil {
			return nil, err
		}
		if !there {
			gone = append(gone, p.Kind+" "+strings.Join(p.Path, "."))
			continue
		}
		one, err := s.Grant(ctx, op, p, f.Role.Name)
		if err != nil {
			return nil, err
		}
		said = append(said, one)
	}
	if len(gone) > 0 {
		said = append(said, "no longer there: "+strings.Join(gone, ", "))
	}
	return said, nil
}
