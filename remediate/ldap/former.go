package ldap

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
	"muster/remediate/ldap/schema"
)

// former is Restore: what an inverse brings back, exactly as it was spelled.
type former struct {
	DN      string              `json:"dn,omitempty"`      // of a deleted entry
	Values  map[string][]string `json:"values,omitempty"`  // attribute → values; none: the attribute was not there
	Binary  map[string][][]byte `json:"binary,omitempty"`  // those that are no text
	Members []membership        `json:"members,omitempty"` // what an account that is deleted, or leaves a group, had there
}

// membership is one value of a group's member attribute.
type membership struct {
	Group string `json:"group"` // id
	Name  string `json:"name"`
	Attr  string `json:"attr"`
	Value string `json:"value"`
	Alone bool   `json:"alone,omitempty"` // no placeholder was beside it
}

// read takes the former state out of an inverse.
func (f *former) read(a access.Action) error {
	if len(a.Restore) == 0 {
		return nil
	}
	if err := json.Unmarshal(a.Restore, f); err != nil {
		return refuse(access.Invalid, "", "read the former state: %w", err)
	}
	return nil
}

// entry is a deleted entry as it was.
func (f *former) entry() *entry.Entry {
	e := &entry.Entry{DN: f.DN}
	for name, values := range f.Values {
		e.Attrs = append(e.Attrs, entry.Attr{Name: name, Values: values})
	}
	return e
}

// touched are the attributes of an account that a kind changes.
func (s *settings) touched(k access.ActionKind) []string {
	at := &s.Attributes
	switch k {
	case access.DisableAccount:
		return compact(at.LockedAt)
	case access.EnableAccount:
		return compact(at.LockedAt, at.StartsAt, at.ExpiresAt)
	case access.SetExpiry:
		return compact(at.ExpiresAt)
	}
	return nil
}

// keep notes the former state of what the action changes. A deletion notes everything, see keepAll.
func (v *view) keep() {
	if attrs := v.w.t.s.touched(v.w.a.Kind); attrs != nil {
		v.former = former{Values: map[string][]string{}}
		for _, attr := range attrs {
			v.former.Values[attr] = slices.Clone(v.account.Values(attr))
		}
	}
	if v.group != nil {
		v.former = former{Members: v.w.t.s.memberships(v.group)}
	}
}

// keepAll notes what an account is before it is deleted.
func (v *view) keepAll() error {
	w := v.w
	at := &w.t.s.Attributes
	found, err := w.c.Entries(v.account.DN, ldap.ScopeBaseObject, "(objectClass=*)", append([]string{"*"}, compact(at.LockedAt, at.StartsAt, at.ExpiresAt)...))
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return refuse(access.NotFound, "", "the entry went away")
	}
	f := former{DN: found[0].DN, Values: map[string][]string{}, Binary: map[string][][]byte{}}
	for _, a := range found[0].Attrs {
		switch {
		case schema.Secret(a.Name):
		case slices.ContainsFunc(a.Values, func(s string) bool { return !utf8.ValidString(s) }):
			for _, value := range a.Values {
				f.Binary[a.Name] = append(f.Binary[a.Name], []byte(value))
			}
		default:
			f.Values[a.Name] = a.Values
		}
	}
	groups, err := w.groupsOf(v.account)
	for _, g := range groups {
		f.Members = append(f.Members, w.t.s.memberships(g)...)
	}
	v.former = f
	return err
}

// attributes gives the former values for a request that adds the entry, in a fixed order.
func (f *former) attributes() []ldap.Attribute {
	all := map[string][]string{}
	for name, values := range f.Values {
		all[name] = values
	}
	for name, values := range f.Binary {
		for _, value := range values {
			all[name] = append(all[name], string(value))
		}
	}
	return inOrder(all)
}

func inOrder(all map[string][]string) []ldap.Attribute {
	var out []ldap.Attribute
	for name, values := range all {
		if len(values) > 0 {
			out = append(out, ldap.Attribute{Type: name, Vals: values})
		}
	}
	slices.SortFunc(out, func(a, b ldap.Attribute) int { return strings.Compare(a.Type, b.Type) })
	return out
}

// lacksMemberships reports whether an account that came back is still without some of the memberships that it had. Groups that are gone
// cannot be had.
func (v *view) lacksMemberships() (bool, error) {
	missing, _, err := v.missing()
	return len(missing) > 0, err
}

// missing lists the memberships of a deleted account that are still to come back, and how many cannot, because their group is gone.
func (v *view) missing() (missing []restored, gone int, err error) {
	for _, m := range v.restore.Members {
		g, err := v.w.findGroup(access.HeldRef{ID: m.Group}, v.account)
		if err != nil {
			return nil, 0, fmt.Errorf("find group %s: %w", m.Name, err)
		}
		switch {
		case g == nil:
			gone++
		case !slices.ContainsFunc(g.held, func(h held) bool { return strings.EqualFold(h.attr, m.Attr) }):
			missing = append(missing, restored{g, m})
		}
	}
	return missing, gone, nil
}

// restored is a membership with the group as it is now.
type restored struct {
	group *group
	membership
}
