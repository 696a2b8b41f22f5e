package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"muster/internal/access"
	"muster/remediate/postgres/cluster"
)

// held is an entitlement: an attribute, a privilege on an object, or else a role.
type held struct {
	attribute string
	kind      string // of the object
	object    string // as the entitlement names it, without the database
	privilege string
	database  string // empty: any

	role  *cluster.Role // what it is on the server; nil when it is not there
	thing *cluster.Thing
}

// entitlement finds what a reference means, as the collector names them.
func (t *Target) entitlement(a access.Action) (held, error) {
	ref := a.Entitlement
	name := ref.ID
	if name == "" {
		name = ref.Name
	}
	if name == "" {
		return held{}, t.fail(a, access.Invalid, "the entitlement has neither id nor name")
	}
	if ref.Kind == "role" {
		return held{}, nil
	}
	kind, rest, ok := strings.Cut(name, ":")
	end := strings.LastIndexByte(rest, ':')
	switch {
	case ok && kind == "attribute":
		var none cluster.Role
		if _, known := none.Attribute(rest); !known {
			return held{}, t.fail(a, access.NotFound, "there is no such attribute")
		}
		return held{attribute: rest}, nil
	case ok && cluster.KnownKind(kind) && end > 0 && cluster.KnownPrivilege(rest[end+1:]):
		h := held{kind: kind, object: rest[:end], privilege: rest[end+1:]}
		return h, t.split(a, &h)
	case ref.Kind == "":
		return held{}, nil
	}
	return held{}, t.fail(a, access.Invalid, fmt.Sprintf("roles, attributes and privileges on objects can be granted: %.80q of kind %.40q is none", name, ref.Kind))
}

// split takes the database off the name of an object, where the collector puts one: before all but databases.
func (t *Target) split(a access.Action, h *held) error {
	if h.kind == "database" {
		return nil
	}
	if len(t.set.databases) == 1 {
		h.database = t.set.databases[0]
		return nil
	}
	var fits []string
	for _, database := range t.set.databases {
		if strings.HasPrefix(h.object, database+".") {
			fits = append(fits, database)
		}
	}
	switch len(fits) {
	case 0:
		return t.fail(a, access.NotFound, "it begins with none of the databases that are read")
	case 1:
		h.database, h.object = fits[0], strings.TrimPrefix(h.object, fits[0]+".")
		return nil
	}
	return t.fail(a, access.Conflict, "several databases have such a name: "+strings.Join(fits, ", "))
}

// lookHeld reads whether the account holds the entitlement.
func (t *Target) lookHeld(ctx context.Context, s *cluster.Session, a access.Action, v *view) error {
	switch {
	case v.held.attribute != "":
		if v.role != nil {
			v.obs.Holds, _ = v.role.Attribute(v.held.attribute)
		}
		return nil
	case v.held.privilege != "":
		return t.lookPrivilege(ctx, s, a, v)
	}
	ref := a.Entitlement
	var err error
	if ref.ID == "" {
		v.held.role, err = s.ByName(ctx, ref.Name)
	} else if v.held.role, err = s.ByOID(ctx, ref.ID); err == nil && v.held.role != nil && ref.Name != "" && v.held.role.Name != ref.Name {
		return t.fail(a, access.Conflict, "the role that is held has another name now")
	}
	if err != nil || v.held.role == nil || v.role == nil {
		return err
	}
	v.undo.Memberships = slices.DeleteFunc(slices.Clone(v.in), func(m cluster.Membership) bool { return m.Role != v.held.role.Name })
	v.obs.Holds = len(v.undo.Memberships) > 0
	v.obs.Through, err = s.Through(ctx, v.role.OID, v.held.role.OID)
	return err
}

func (t *Target) lookPrivilege(ctx context.Context, s *cluster.Session, a access.Action, v *view) error {
	if v.held.kind == "large_object" {
		if _, err := strconv.ParseUint(v.held.object, 10, 32); err != nil {
			return t.fail(a, access.NotFound, "there is no such object")
		}
	}
	things, err := s.Find(ctx, v.held.kind, v.held.object)
	switch {
	case err != nil:
		return err
	case len(things) > 1:
		return t.fail(a, access.Conflict, "several objects have such a name")
	case len(things) == 0 || v.role == nil:
		return nil
	}
	v.held.thing = &things[0]
	all, err := s.Held(ctx, v.role.OID, v.held.kind)
	if err != nil {
		return err
	}
	v.undo.Privileges = slices.DeleteFunc(all, func(p cluster.Privilege) bool {
		return p.Privilege != v.held.privilege || !slices.Equal(p.Path, v.held.thing.Path)
	})
	v.obs.Holds = len(v.undo.Privileges) > 0
	v.obs.Through, err = s.HolderRoles(ctx, v.role.OID, *v.held.thing, v.held.privilege)
	return err
}

// setHeld grants or removes. What is brought back is given by whom it was given before, as far as the server lets us.
func (t *Target) setHeld(ctx context.Context, s *cluster.Session, a access.Action, v *view, f *former) ([]string, error) {
	grants := a.Kind == access.GrantEntitlement
	switch {
	case v.held.attribute != "":
		said, err := s.Alter(ctx, operation(a), v.role.Name, v.held.attribute, grants)
		return []string{said}, err
	case v.held.privilege != "":
		return t.setPrivilege(ctx, s, a, v, f)
	case v.held.role == nil:
		return nil, t.fail(a, access.NotFound, "the role is not there")
	case grants:
		give := []cluster.Membership{{Admin: a.AdminOption}}
		if f != nil && len(f.Memberships) > 0 {
			give = f.Memberships
		}
		for i := range give {
			give[i].Role, give[i].Member = v.held.role.Name, v.role.Name
		}
		return join(ctx, s, operation(a), give)
	}
	var said []string
	for _, m := range v.undo.Memberships {
		one, err := s.Leave(ctx, operation(a), m)
		if err != nil {
			return nil, err
		}
		said = append(said, one)
	}
	return said, nil
}

// join makes memberships and says where another grantor stands now.
func join(ctx context.Context, s *cluster.Session, op string, list []cluster.Membership) ([]string, error) {
	var said []string
	for _, m := range list {
		one, kept, err := s.Join(ctx, op, m)
		if err != nil {
			return nil, err
		}
		if !kept {
			one += " (its grantor was " + m.Grantor + ")"
		}
		said = append(said, one)
	}
	return said, nil
}

func (t *Target) setPrivilege(ctx context.Context, s *cluster.Session, a access.Action, v *view, f *former) ([]string, error) {
	if v.held.thing == nil {
		return nil, t.fail(a, access.NotFound, "the object is not there")
	}
	if v.held.thing.OwnerOID == v.role.OID {
		return nil, t.fail(a, access.Conflict, "the account owns the object: what it may do by that is no grant")
	}
	var said []string
	if a.Kind == access.RemoveEntitlement {
		for _, p := range v.undo.Privileges {
			one, err := s.Revoke(ctx, operation(a), p, v.role)
			if err != nil {
				return nil, err
			}
			said = append(said, one)
		}
		return said, nil
	}
	give := []cluster.Privilege{{Grantable: a.AdminOption}}
	if f != nil && len(f.Privileges) > 0 {
		give = f.Privileges
	}
	for _, p := range give {
		p.Thing, p.Privilege = *v.held.thing, v.held.privilege
		one, err := s.Grant(ctx, operation(a), p, v.role.Name)
		if err != nil {
			return nil, err
		}
		said = append(said, one)
	}
	return said, nil
}
