package ldap

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
	"muster/remediate/ldap/session"
)

// group is a group as far as one account is concerned.
type group struct {
	*entry.Entry
	id, name string
	held     []held // the values that name the account
}

// held is one member value as it is spelled.
type held struct{ attr, value string }

// groups reads the groups that pass a test, and of their members only those that name one of several entries, or nobody.
func (w *work) groups(test string, members []*entry.Entry) ([]*group, error) {
	s := &w.t.s
	if s.Groups.Base == "" {
		return nil, nil
	}
	at := &s.Attributes
	attrs := append(compact(at.ID, at.GroupName, "objectClass"), s.Members...)
	items := []string{"(" + at.ID + "=*)", "(" + at.GroupName + "=*)", "(objectClass=*)"}
	for _, m := range members {
		items = append(items, s.names(m)...)
	}
	if s.Placeholder != nil {
		for _, attr := range s.Members {
			items = append(items, equals(attr, *s.Placeholder))
		}
	}
	only, err := session.MatchedValues(items)
	if err != nil {
		return nil, err
	}
	found, err := w.c.Entries(s.Groups.Base, ldap.ScopeWholeSubtree, "(&"+s.Groups.Filter+test+")", attrs, only)
	if err != nil {
		return nil, err
	}
	out := make([]*group, 0, len(found))
	for _, e := range found {
		out = append(out, &group{Entry: e, id: e.Value(at.ID), name: e.Value(at.GroupName)})
	}
	return out, nil
}

// names are the filter items that find an entry among members.
func (s *settings) names(m *entry.Entry) []string {
	var items []string
	for _, attr := range s.Members {
		value := m.DN
		if strings.EqualFold(attr, "memberUid") {
			value = m.Value(s.Attributes.Name)
		}
		if value != "" {
			items = append(items, equals(attr, value))
		}
	}
	return items
}

// holding picks the member values of a group that name an entry.
func (s *settings) holding(g *group, m *entry.Entry) []held {
	var out []held
	name, err := entry.Normalise(m.DN)
	for _, attr := range s.Members {
		for _, value := range g.Values(attr) {
			if strings.EqualFold(attr, "memberUid") {
				if uid := m.Value(s.Attributes.Name); uid != "" && entry.Fold(value) == entry.Fold(uid) {
					out = append(out, held{attr, value})
				}
				continue
			}
			dn, bits := value, strings.LastIndex(value, "#'")
			if strings.EqualFold(attr, "uniqueMember") && bits > 0 && strings.HasSuffix(value, "'B") {
				dn = value[:bits] // RFC 4517 §3.3.21
			}
			if got, gerr := entry.Normalise(dn); err == nil && gerr == nil && got == name {
				out = append(out, held{attr, value})
			}
		}
	}
	return out
}

// findGroup looks for a group by its id, or by its name when no id is known; nil when it is not there.
func (w *work) findGroup(ref access.HeldRef, account *entry.Entry) (*group, error) {
	at := &w.t.s.Attributes
	test := equals(at.GroupName, ref.Name)
	if ref.ID != "" {
		test = equals(at.ID, ref.ID)
	}
	var members []*entry.Entry
	if account != nil {
		members = append(members, account)
	}
	found, err := w.groups(test, members)
	switch {
	case err != nil:
		return nil, err
	case len(found) > 1:
		return nil, refuse(access.Conflict, "", "%q is the name of %d groups", ref.Name, len(found))
	case len(found) == 0:
		return nil, nil
	}
	if account != nil {
		found[0].held = w.t.s.holding(found[0], account)
	}
	return found[0], nil
}

// groupsOf lists the groups that hold an account directly.
func (w *work) groupsOf(account *entry.Entry) ([]*group, error) {
	list, err := w.groups(or(w.t.s.names(account)), []*entry.Entry{account})
	for _, g := range list {
		g.held = w.t.s.holding(g, account)
	}
	slices.SortFunc(list, func(a, b *group) int { return strings.Compare(a.DN, b.DN) })
	return slices.DeleteFunc(list, func(g *group) bool { return len(g.held) == 0 }), err
}

// lookAtGroup finds the group and whether the account is in it.
func (v *view) lookAtGroup(fully bool) error {
	var err error
	if v.group, err = v.w.findGroup(v.w.a.Entitlement, v.account); err != nil || v.group == nil || v.account == nil || !fully {
		return err
	}
	v.through, err = v.w.leading(v.account, v.group)
	return err
}

// batch is how many members are looked for in one search.
const batch = 50

// leading names the groups that hold the account and lie, at whatever depth, inside the target: a walk upward, a level a search.
func (w *work) leading(account *entry.Entry, target *group) ([]string, error) {
	direct, err := w.groupsOf(account)
	if err != nil {
		return nil, err
	}
	origins := map[string]map[string]bool{} // DN → the direct groups that it holds
	var level []*group
	for _, g := range direct {
		if g.DN != target.DN {
			origins[g.DN] = map[string]bool{g.name: true}
			level = append(level, g)
		}
	}
	for len(level) > 0 {
		var next []*group
		for part := range slices.Chunk(level, batch) {
			above, err := w.above(part)
			if err != nil {
				return nil, err
			}
			for _, up := range above {
				if inherit(origins, up, part, &w.t.s) && up.DN != target.DN {
					next = append(next, up)
				}
			}
		}
		level = next
	}
	return slices.Sorted(maps.Keys(origins[target.DN])), nil
}

// above reads the groups that hold one of the given ones.
func (w *work) above(part []*group) ([]*group, error) {
	var tests []string
	var members []*entry.Entry
	for _, g := range part {
		tests = append(tests, w.t.s.names(g.Entry)...)
		members = append(members, g.Entry)
	}
	if len(tests) == 0 {
		return nil, nil
	}
	return w.groups(or(tests), members)
}

// inherit hands the origins of the groups below to the one above and reports whether it got any that it did not have.
func inherit(origins map[string]map[string]bool, up *group, below []*group, s *settings) (grown bool) {
	for _, g := range below {
		if len(s.holding(up, g.Entry)) == 0 {
			continue
		}
		if origins[up.DN] == nil {
			origins[up.DN] = map[string]bool{}
		}
		for name := range origins[g.DN] {
			if !origins[up.DN][name] {
				origins[up.DN][name], grown = true, true
			}
		}
	}
	return grown
}
