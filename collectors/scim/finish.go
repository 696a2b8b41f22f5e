package scim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
)

// finish emits the entitlements under unique names, then the grants through nested groups. failed is what ended the reading.
func (r *reading) finish(failed error) error {
	if r.graph.groups.list == nil && r.account.Fetched == 0 && failed != nil {
		r.failAll(failed)
		return nil
	}
	if err := r.entitlements(); err != nil {
		return err
	}
	if err := r.nested(); err != nil {
		return err
	}
	if r.entitlement.Claimed >= 0 { // values of attributes are claimed by no total
		r.entitlement.Claimed += r.entitlement.Fetched - r.groupsFetched
	}
	for _, k := range []*class{&r.account, &r.entitlement} {
		if k.Reason == "not read" && failed != nil {
			k.Reason = "not read: " + reason(failed)
		}
	}
	switch {
	case r.account.State != access.Complete:
		r.grant.settle(errors.New(r.account.Reason))
	case r.entitlement.State != access.Complete:
		r.grant.settle(errors.New(r.entitlement.Reason))
	default:
		r.grant.settle(nil)
	}
	return nil
}

// entitlements emits every group and value; the names of values carry their kind in front. Names that several carry get the
// id in brackets, so that no bundle can take one for the other, whoever made the second one.
func (r *reading) entitlements() error {
	uses := map[string]int{}
	for _, g := range r.graph.of {
		uses[g.name]++
	}
	for kind, values := range r.values {
		for value, h := range values {
			if h.name == "" {
				h.name = value
			}
			h.name = kind + ":" + h.name
			uses[h.name]++
		}
	}
	for i := range r.graph.of {
		g, id := &r.graph.of[i], r.graph.groups.list[i]
		e := access.Entitlement{ID: id, Kind: kindGroup, Privileged: r.c.set.Privileged.Match(g.name), SourceRef: "/Groups/" + id}
		if uses[g.name] > 1 {
			g.name += " [" + id + "]"
		}
		e.Name = g.name
		if err := r.emit(e); err != nil {
			return err
		}
	}
	for _, kind := range []string{kindRole, kindEntitlement} {
		var keys []string
		for value := range r.values[kind] {
			keys = append(keys, value)
		}
		slices.Sort(keys)
		for _, value := range keys {
			h, id := r.values[kind][value], kind+":"+value
			e := access.Entitlement{ID: id, Kind: kind, Name: h.name, Description: h.description, SourceRef: id,
				Privileged: r.c.set.Privileged.Match(h.name) || r.c.set.Privileged.Match(strings.TrimPrefix(h.name, kind+":"))}
			if kind == kindEntitlement {
				e.Kind = "permission"
			}
			if uses[h.name] > 1 {
				e.Name += " [" + id + "]"
			}
			if err := r.emit(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// nested emits the grants that come through groups in groups.
func (r *reading) nested() error {
	err := r.graph.resolve(func(group uint32, m member) error {
		ref := "/Groups/" + r.graph.groups.list[group]
		if m.kind != kindGroup && (!r.usersComplete || r.c.set.Filter != "") || m.kind != "user" && r.entitlement.err != nil {
			r.outside++
			return nil
		}
		what := "neither a user nor a group"
		if m.kind == "user" || m.kind == kindGroup {
			what = "no " + m.kind
		}
		return r.reject(access.ClassGrant, ref, fmt.Sprintf("member %.80q is %s of this server", m.id, what))
	})
	if err != nil {
		return err
	}
	for i, own := range r.graph.of {
		err := r.graph.above(uint32(i), func(outer uint32, path []string) error {
			for _, u := range own.users {
				grant := access.Grant{AccountID: r.graph.users.list[u], EntitlementID: r.graph.groups.list[outer], Path: path, Effective: true}
				if err := r.emit(grant); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// skip passes over one resource.
func skip(dec *json.Decoder) error {
	var raw json.RawMessage
	return dec.Decode(&raw)
}
