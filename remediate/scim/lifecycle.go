package scim

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
	"muster/remediate/scim/joiner"
)

// lookDeleted reads what an account that is to be deleted was, as far as it can be brought back.
func (t *Target) lookDeleted(ctx context.Context, v *view) error {
	if v.user == nil {
		return nil
	}
	v.undo.User = clone(v.user.raw)
	for _, name := range []string{"id", "meta", "groups", "password"} {
		v.undo.User.Delete(name)
	}
	ids := direct(v.user)
	if v.user.raw.Get("groups") == nil { // not every server tells the user about its groups
		found, err := t.client.Search(ctx, t.server.provider, "find groups of user", t.server.groups, "members.value eq "+dial.Quote(v.user.id), func(o resource.Object) bool {
			return len(members(&thing{raw: o}, v.user.id)) > 0
		})
		if err != nil {
			return err
		}
		for _, o := range found {
			if id := resource.String(o.Get("id")); !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		g, err := t.read(ctx, "read group", t.server.groups, id)
		if err != nil {
			return err
		}
		if g == nil {
			continue
		}
		if of := members(g, v.user.id); len(of) > 0 {
			v.undo.Groups = append(v.undo.Groups, membership{ID: id, Name: resource.String(g.raw.Get("displayName")), Items: of})
		}
	}
	return nil
}

// delete deletes.
func (t *Target) delete(ctx context.Context, a access.Action, v *view) (string, error) {
	said, err := t.client.Write(ctx, operation(a), http.MethodDelete, v.user.at, nil, v.user.guard)
	return said.String(), err
}

// findCreated looks for the account that a creation makes: nil when it is not there, or not whole. One that is somebody else's is a Conflict.
func (t *Target) findCreated(ctx context.Context, a access.Action) (*thing, error) {
	u, f, err := t.findNew(ctx, a)
	if err != nil || u == nil || f == nil {
		return u, err
	}
	missing, _, err := t.missing(ctx, u, f)
	if err != nil || len(missing) > 0 {
		return nil, err
	}
	return u, nil
}

// findNew finds the account that a creation makes, in its groups or not.
func (t *Target) findNew(ctx context.Context, a access.Action) (*thing, *former, error) {
	f, err := t.restore(a)
	if err != nil {
		return nil, nil, err
	}
	name, employee, external := userName(a), a.Attributes[access.AttrEmployeeID], a.Attributes[access.AttrEmployeeID]
	if f != nil {
		was := (&thing{raw: f.User}).read(t.set.paths)
		name, employee, external = was.Name, was.EmployeeID, resource.String(f.User.Get("externalId"))
	}
	u, err := t.findName(ctx, a, name)
	if err != nil {
		return nil, nil, err
	}
	if u != nil {
		theirs := resource.String(u.raw.Get("externalId"))
		if employee != "" && u.account.EmployeeID != "" && u.account.EmployeeID != employee || external != "" && theirs != "" && theirs != external {
			return nil, nil, t.fail(a, access.Conflict, "the user name is taken by another person's account")
		}
		return u, f, nil
	}
	if external == "" || f != nil {
		return nil, f, nil
	}
	u, err = t.findBy(ctx, a, "externalId", external, func(a, b string) bool { return a == b })
	return u, f, err
}

// read gives a resource as the collector would.
func (o *thing) read(paths map[string]resource.Path) access.Account {
	raw, err := json.Marshal(o.raw)
	if err != nil {
		return access.Account{}
	}
	var u resource.User
	if json.Unmarshal(raw, &u) != nil {
		return access.Account{}
	}
	return u.Account(raw, paths)
}

// missing gives the memberships that an account that was created again does not have yet, and the names of groups that are gone.
func (t *Target) missing(ctx context.Context, u *thing, f *former) (missing []membership, gone []string, err error) {
	for _, m := range f.Groups {
		g, err := t.read(ctx, "read group", t.server.groups, m.ID)
		switch {
		case err != nil:
			return nil, nil, err
		case g == nil:
			gone = append(gone, m.Name)
		case len(members(g, u.id)) == 0:
			missing = append(missing, m)
		}
	}
	return missing, gone, nil
}

// create makes an account, or makes one whole that a creation before began.
func (t *Target) create(ctx context.Context, a access.Action, _ *view) (string, error) {
	u, f, err := t.findNew(ctx, a)
	if err != nil {
		return "", err
	}
	said := "it was begun before"
	if u == nil {
		if said, u, err = t.post(ctx, a, f); err != nil {
			return "", err
		}
	}
	if f == nil {
		return said, nil
	}
	missing, gone, err := t.missing(ctx, u, f)
	if err != nil {
		return "", err
	}
	var joined []string
	for _, m := range missing {
		add := make([]json.RawMessage, 0, len(m.Items))
		for _, item := range m.Items {
			add = append(add, renamed(item, u.id))
		}
		if _, err := t.member(ctx, operation(a), m.ID, u.id, add); errors.Is(err, errNoGroup) {
			gone = append(gone, m.Name)
		} else if err != nil {
			return "", err
		} else {
			joined = append(joined, m.Name)
		}
	}
	if len(joined) > 0 {
		said += "; again in " + strings.Join(joined, ", ")
	}
	if len(gone) > 0 {
		said += "; no longer there: " + strings.Join(gone, ", ")
	}
	return said, nil
}

// post sends the new resource, and gives it as it is there then.
func (t *Target) post(ctx context.Context, a access.Action, f *former) (string, *thing, error) {
	var body resource.Object
	if f != nil {
		body = f.User
	} else {
		var err error
		if body, err = joiner.User(userName(a), a.Attributes, t.server.enterprise, t.set.places()); err != nil {
			return "", nil, t.fail(a, access.Invalid, err.Error())
		}
	}
	answer, err := t.client.Write(ctx, operation(a), http.MethodPost, t.server.users, body, "")
	if s, ok := errors.AsType[*dial.Status](err); ok && s.Code == http.StatusConflict {
		if e, ok := errors.AsType[*access.Error](err); ok {
			e.Hint = "the user name or another value that must be unique is taken"
		}
	}
	if err != nil {
		return "", nil, err
	}
	var made resource.User
	var u *thing
	if json.Unmarshal(answer.Body, &made) == nil && made.ID != "" {
		u, err = t.read(ctx, "read user", t.server.users, string(made.ID))
	} else {
		u, err = t.findName(ctx, a, resource.String(body.Get("userName")))
	}
	if err == nil && u == nil {
		err = &access.Error{System: t.spec.System, Op: operation(a), Kind: access.Transient, Err: errors.New("the account was created and is not to be seen yet")}
	}
	return answer.String(), u, err
}

// renamed is a member item of another id. Its $ref named the old one.
func renamed(item json.RawMessage, id string) json.RawMessage {
	var o resource.Object
	if json.Unmarshal(item, &o) != nil {
		return pair("value", id)
	}
	value, _ := json.Marshal(id) // a text can always be written
	o.Set("value", value)
	o.Delete("$ref")
	raw, _ := json.Marshal(o) // it was read as JSON
	return raw
}
