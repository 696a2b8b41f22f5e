package scim

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"muster/internal/access"
	dial "muster/internal/dial/scim"
	"muster/internal/dial/scim/resource"
)

// restore reads what an inverse brings back; nil when the action is none.
func (t *Target) restore(a access.Action) (*former, error) {
	if len(a.Restore) == 0 {
		return nil, nil
	}
	var f former
	if err := json.Unmarshal(a.Restore, &f); err != nil {
		return nil, t.fail(a, access.Invalid, "what is to be brought back is not what this target wrote")
	}
	return &f, nil
}

// setActive disables or enables (RFC 7643 §4.1.1).
func (t *Target) setActive(ctx context.Context, a access.Action, v *view) (string, error) {
	f, err := t.restore(a)
	if err != nil {
		return "", err
	}
	raw := json.RawMessage("false")
	if a.Kind == access.EnableAccount {
		raw = json.RawMessage("true")
	}
	if f != nil && f.Active != nil {
		raw = f.Active
	}
	e := edit{op: operation(a), of: v.user, match: true}
	if string(raw) == "null" { // there was no such attribute, which counts as active
		e.exact = [][]patchOp{{{Op: "remove", Path: "active"}}}
		e.put = func(o resource.Object) { o.Delete("active") }
	} else {
		e.exact = [][]patchOp{{{Op: "replace", Path: "active", Value: raw}}, {{Op: "replace", Value: map[string]json.RawMessage{"active": raw}}}}
		e.put = func(o resource.Object) { o.Set("active", raw) }
	}
	return t.make(ctx, e)
}

// setValue grants or removes a value of roles or entitlements.
func (t *Target) setValue(ctx context.Context, a access.Action, v *view) (string, error) {
	f, err := t.restore(a)
	if err != nil {
		return "", err
	}
	attribute := v.held.attribute
	e := edit{op: operation(a), of: v.user, match: true}
	now := resource.List(v.user.raw.Get(attribute))
	if a.Kind == access.GrantEntitlement {
		add := []json.RawMessage{pair("value", v.held.value)}
		if f != nil && len(f.Items) > 0 {
			add = f.Items
		}
		e.exact = [][]patchOp{{{Op: "add", Path: attribute, Value: add}}}
		e.whole, e.put = replaceList(attribute, append(slices.Clone(now), add...))
		return t.make(ctx, e)
	}
	rest := resource.Items(v.user.raw.Get(attribute), func(i json.RawMessage) bool { return resource.ValueOf(i) != v.held.value })
	if form, ok := removal(attribute, v.undo.Items); ok {
		e.exact = [][]patchOp{form}
	}
	e.whole, e.put = replaceList(attribute, rest)
	return t.make(ctx, e)
}

// removal names items by what they are called. Plain texts cannot be named by a filter.
func removal(attribute string, gone []json.RawMessage) ([]patchOp, bool) {
	var form []patchOp
	for _, item := range gone {
		var o resource.Object
		if json.Unmarshal(item, &o) != nil {
			return nil, false
		}
		name := "value"
		if resource.String(o.Get(name)) == "" {
			name = "display"
		}
		op := patchOp{Op: "remove", Path: attribute + "[" + name + " eq " + dial.Quote(resource.String(o.Get(name))) + "]"}
		if !slices.Contains(form, op) {
			form = append(form, op)
		}
	}
	return form, true
}

// setMember joins an account to a group, or takes it out.
func (t *Target) setMember(ctx context.Context, a access.Action, v *view) (string, error) {
	f, err := t.restore(a)
	if err != nil {
		return "", err
	}
	if v.group == nil {
		return "", t.fail(a, access.NotFound, "the group is not there")
	}
	var add []json.RawMessage
	if a.Kind == access.GrantEntitlement {
		add = []json.RawMessage{pair("value", v.user.id)}
		if f != nil && len(f.Items) > 0 {
			add = f.Items
		}
	}
	said, err := t.member(ctx, operation(a), v.group.id, v.user.id, add)
	if errors.Is(err, errNoGroup) {
		err = t.fail(a, access.NotFound, "the group is not there")
	}
	return said, err
}

// errNoGroup says that a group went away.
var errNoGroup = errors.New("the group is not there")

// member writes what a group says about a user: add, or nothing at all. The group is read under its lock, because a server may lose one of two
// changes that come at the same time, and so that the version is this one's.
func (t *Target) member(ctx context.Context, op, group, user string, add []json.RawMessage) (string, error) {
	release, err := t.groups.take(ctx, group)
	if err != nil {
		return "", err
	}
	defer release()
	g, err := t.read(ctx, "read group", t.server.groups, group)
	if err != nil {
		return "", err
	}
	if g == nil {
		return "", errNoGroup
	}
	const attribute = "members"
	e := edit{op: op, of: g}
	if add != nil {
		if len(members(g, user)) > 0 {
			return "it was so already", nil
		}
		e.exact = [][]patchOp{{{Op: "add", Path: attribute, Value: add}}}
		e.whole, e.put = replaceList(attribute, append(slices.Clone(resource.List(g.raw.Get(attribute))), add...))
		return t.make(ctx, e)
	}
	rest := resource.Items(g.raw.Get(attribute), func(i json.RawMessage) bool {
		m := resource.MemberOf(i)
		return string(m.Value) != user || m.IsGroup()
	})
	e.exact = [][]patchOp{{{Op: "remove", Path: attribute + "[value eq " + dial.Quote(user) + "]"}}}
	e.whole, e.put = replaceList(attribute, rest)
	return t.make(ctx, e)
}

// pair is {"name": "text"}.
func pair(name, text string) json.RawMessage {
	raw, _ := json.Marshal(map[string]string{name: text}) // texts can always be written
	return raw
}
