package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/dial/scim/resource"
)

// maxNested is how many groups inside of a group are looked at for other ways to hold it.
const maxNested = 50

// held is an entitlement: a Group, or a value of an attribute of the User.
type held struct {
	attribute string // roles or entitlements; empty is a Group
	value     string
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
	if ref.Kind == "group" {
		return held{}, nil
	}
	for prefix, attribute := range map[string]string{"role:": "roles", "entitlement:": "entitlements"} {
		if value, ok := strings.CutPrefix(name, prefix); ok && value != "" {
			return held{attribute, value}, nil
		}
	}
	if ref.Kind == "" {
		return held{}, nil
	}
	return held{}, t.fail(a, access.Invalid, fmt.Sprintf("a SCIM server has groups, roles and entitlements: %q of kind %.40q cannot be written", name, ref.Kind))
}

// lookHeld reads whether the account holds the entitlement.
func (t *Target) lookHeld(ctx context.Context, a access.Action, v *view) error {
	var err error
	if v.held, err = t.entitlement(a); err != nil || v.user == nil {
		return err
	}
	if v.held.attribute != "" {
		v.undo.Items = resource.Items(v.user.raw.Get(v.held.attribute), func(i json.RawMessage) bool { return resource.ValueOf(i) == v.held.value })
		v.obs.Holds = len(v.undo.Items) > 0
		return nil
	}
	if v.group, err = t.findGroup(ctx, a); err != nil || v.group == nil {
		return err
	}
	v.undo.Items = members(v.group, v.user.id)
	v.obs.Holds = len(v.undo.Items) > 0
	if v.group.raw.Get("members") == nil && slices.Contains(direct(v.user), v.group.id) {
		v.obs.Holds = true // a server that keeps memberships at the users
	}
	v.obs.Through, err = t.through(ctx, v.group, v.user.id)
	return err
}

// findGroup reads the group of an action; nil when it is not there.
func (t *Target) findGroup(ctx context.Context, a access.Action) (*thing, error) {
	id := a.Entitlement.ID
	if id == "" {
		ids, err := t.ids(ctx, "find group", t.server.groups, "displayName", a.Entitlement.Name, strings.EqualFold)
		switch {
		case err != nil || len(ids) == 0:
			return nil, err
		case len(ids) > 1:
			return nil, t.fail(a, access.Conflict, "several groups have the name")
		}
		id = ids[0]
	}
	return t.read(ctx, "read group", t.server.groups, id)
}

// through names the groups inside of a group that hold the account.
func (t *Target) through(ctx context.Context, group *thing, user string) ([]string, error) {
	var names []string
	left := maxNested
	for _, id := range nested(group) {
		seen := map[string]bool{group.id: true}
		inner, holds, err := t.reaches(ctx, id, user, seen, &left)
		if err != nil {
			return nil, err
		}
		if holds {
			names = append(names, inner)
		}
	}
	slices.Sort(names)
	return names, nil
}

// reaches reports whether a group, or one inside of it, has the account as a member.
func (t *Target) reaches(ctx context.Context, id, user string, seen map[string]bool, left *int) (name string, holds bool, err error) {
	if seen[id] || *left == 0 {
		return "", false, nil
	}
	seen[id] = true
	*left--
	g, err := t.read(ctx, "read group", t.server.groups, id)
	if err != nil || g == nil {
		return "", false, err
	}
	if name = resource.String(g.raw.Get("displayName")); name == "" {
		name = id
	}
	if len(members(g, user)) > 0 {
		return name, true, nil
	}
	for _, inner := range nested(g) {
		if _, holds, err = t.reaches(ctx, inner, user, seen, left); err != nil || holds {
			return name, holds, err
		}
	}
	return name, false, nil
}

// members are the items by which a user is a direct member.
func members(group *thing, user string) []json.RawMessage {
	return resource.Items(group.raw.Get("members"), func(i json.RawMessage) bool {
		m := resource.MemberOf(i)
		return string(m.Value) == user && !m.IsGroup()
	})
}

// nested are the ids of the groups inside of a group.
func nested(group *thing) []string {
	var ids []string
	for _, i := range resource.List(group.raw.Get("members")) {
		if m := resource.MemberOf(i); m.IsGroup() && !slices.Contains(ids, string(m.Value)) {
			ids = append(ids, string(m.Value))
		}
	}
	return ids
}

// direct are the ids of the groups that a User says it is a direct member of (RFC 7643 §4.1.2).
func direct(user *thing) []string {
	var ids []string
	for _, i := range resource.List(user.raw.Get("groups")) {
		m := resource.MemberOf(i)
		if m.Value != "" && !strings.EqualFold(string(m.Type), "indirect") && !slices.Contains(ids, string(m.Value)) {
			ids = append(ids, string(m.Value))
		}
	}
	return ids
}
