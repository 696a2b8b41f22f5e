package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"muster/collectors/scim/wire"
	"muster/internal/access"
	"muster/internal/dial/scim/resource"
)

// The kinds of entitlement beside groups.
const (
	kindGroup       = "group"
	kindRole        = "role"
	kindEntitlement = "entitlement"
)

// readGroups reads groups with their members and emits the direct grants. The groups themselves, whose names must be unique,
// and nested grants follow when all are known.
func (r *reading) readGroups() error {
	l, err := r.enumerate("group", "Groups.json", r.reduced("group"), r.graph.groups.newPage, r.group)
	r.entitlement.Claimed, r.groupsFetched = l.Claimed, l.Fetched
	r.entitlement.settle(err)
	return err
}

// group reads one Group. Its members are streamed, because a group may hold everybody.
func (r *reading) group(dec *json.Decoder, ordinal int64, seen bool) (wire.Outcome, error) {
	if err := wire.Open(dec, '{'); err != nil {
		return 0, err
	}
	var id, name resource.Text
	var g group
	for dec.More() {
		key, err := wire.Token[string](dec)
		if err != nil {
			return 0, err
		}
		switch strings.ToLower(key) {
		case "id":
			err = dec.Decode(&id)
		case "displayname":
			err = dec.Decode(&name)
		case "members":
			err = r.members(dec, &g)
		default:
			var skipped json.RawMessage
			err = dec.Decode(&skipped)
		}
		if err != nil {
			return 0, wire.Format(err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return 0, wire.Format(err)
	}
	if id == "" && seen {
		return wire.Again, nil
	}
	if id == "" {
		return wire.Rejected, r.reject(access.ClassEntitlement, fmt.Sprintf("/Groups item %d", ordinal), "the group has no id")
	}
	_, what := r.graph.groups.add(string(id))
	if what != wire.Added {
		return what, nil
	}
	if g.name = string(name); g.name == "" {
		g.name = string(id)
	}
	slices.Sort(g.users)
	g.users = slices.Compact(g.users)
	r.graph.of = append(r.graph.of, g)
	for _, u := range g.users {
		if err := r.emit(access.Grant{AccountID: r.graph.users.list[u], EntitlementID: string(id), Effective: true}); err != nil {
			return 0, err
		}
	}
	return wire.Added, nil
}

// members streams the members of one group into numbers.
func (r *reading) members(dec *json.Decoder, g *group) error {
	if r.membersAt == membersUsers {
		var skipped json.RawMessage
		return dec.Decode(&skipped)
	}
	return wire.Elements(dec, func() error {
		var m struct {
			Value resource.Text `json:"value"`
			Type  resource.Text `json:"type"`
			Ref   resource.Text `json:"$ref"`
		}
		if err := dec.Decode(&m); err != nil {
			return err
		}
		kind := strings.ToLower(string(m.Type))
		if kind == "" && strings.Contains(string(m.Ref), "/Groups/") {
			kind = "group"
		}
		if u, ok := r.graph.users.index[string(m.Value)]; ok && kind != "group" {
			g.users = append(g.users, u)
			return nil
		}
		g.open = append(g.open, member{string(m.Value), kind})
		return nil
	})
}

// memberships emits the grants of "groups" of a user (RFC 7643 §4.1.2), read after the groups. What an indirect membership
// comes through is not told.
func (r *reading) memberships(u *resource.User) error {
	for _, g := range u.Groups {
		if _, ok := r.graph.groups.index[string(g.Value)]; !ok {
			if r.entitlement.err != nil {
				r.outside++
				continue
			}
			if err := r.reject(access.ClassGrant, "/Users/"+string(u.ID), fmt.Sprintf("groups names %.80q, which is no group", string(g.Value))); err != nil {
				return err
			}
			continue
		}
		grant := access.Grant{AccountID: string(u.ID), EntitlementID: string(g.Value), Effective: true}
		if strings.EqualFold(string(g.Type), "indirect") {
			grant.Path = []string{"(indirect)"}
		}
		if err := r.emit(grant); err != nil {
			return err
		}
	}
	return nil
}

// held emits the grants of "roles" or "entitlements" and notes the values, each once.
func (r *reading) held(kind string, id resource.Text, list resource.Values) error {
	seen := map[resource.Text]bool{}
	for _, v := range list {
		if v.Value == "" {
			v.Value = v.Display
		}
		if v.Value == "" || seen[v.Value] {
			continue
		}
		seen[v.Value] = true
		if r.values[kind][string(v.Value)] == nil {
			r.values[kind][string(v.Value)] = &held{}
		}
		grant := access.Grant{AccountID: string(id), EntitlementID: kind + ":" + string(v.Value), Effective: true}
		if err := r.emit(grant); err != nil {
			return err
		}
	}
	return nil
}

// readNamed reads the Role and Entitlement resources, where the server has them, for the names of the values.
func (r *reading) readNamed() error {
	for _, kind := range []string{kindRole, kindEntitlement} {
		if r.endpoints[kind] == "" {
			continue
		}
		file := strings.TrimPrefix(r.endpoints[kind], "/") // of a dump; a server is asked for the endpoint
		read := newIDs()
		_, err := r.enumerate(kind, file, r.reduced(kind), read.newPage, func(dec *json.Decoder, ordinal int64, seen bool) (wire.Outcome, error) {
			return r.named(kind, read, dec, ordinal, seen)
		})
		if r.out.Stop != nil {
			return r.out.Stop
		}
		if r.entitlement.err == nil {
			r.entitlement.settle(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// named reads one Role or Entitlement resource.
func (r *reading) named(kind string, read *ids, dec *json.Decoder, ordinal int64, seen bool) (wire.Outcome, error) {
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return 0, wire.Format(err)
	}
	var v struct {
		ID          resource.Text `json:"id"`
		Value       resource.Text `json:"value"`
		Display     resource.Text `json:"display"`
		DisplayName resource.Text `json:"displayName"`
		Name        resource.Text `json:"name"`
		Description resource.Text `json:"description"`
	}
	if err := json.Unmarshal(raw, &v); err != nil || v.ID == "" && v.Value == "" {
		if seen {
			return wire.Again, nil
		}
		return wire.Rejected, r.reject(access.ClassEntitlement, fmt.Sprintf("%s item %d", kind, ordinal), "the "+kind+" has neither id nor value")
	}
	value := string(v.Value)
	if value == "" {
		value = string(v.ID)
	}
	_, what := read.add(value)
	if what != wire.Added {
		return what, nil
	}
	at := r.values[kind][value]
	if at == nil {
		at = &held{}
		r.values[kind][value] = at
	}
	at.description = string(v.Description)
	for _, name := range []resource.Text{v.DisplayName, v.Display, v.Name} {
		if at.name == "" {
			at.name = string(name)
		}
	}
	return wire.Added, nil
}
