package ldap

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/dial/ldap/entry"
	"muster/remediate/ldap/session"
)

// A groupOfNames must have a member (RFC 4519 §3.5), so the last one can only leave for somebody who is nobody: the placeholder. It comes
// with the last member's leaving, in the same request, and goes with the return of whoever left a group that had none. A group that holds
// it beside others, because its owners want it so, keeps it.

// placeholders picks the values of a group that stand for nobody.
func (s *settings) placeholders(g *group) []held {
	if s.Placeholder == nil {
		return nil
	}
	return s.holding(g, &entry.Entry{DN: *s.Placeholder})
}

// leave takes the values by which a group holds an account out of it. A group that the server does not let be empty gets the placeholder.
func (w *work) leave(g *group) error {
	request := func() *ldap.ModifyRequest {
		r := ldap.NewModifyRequest(g.DN, nil)
		for _, h := range g.held {
			r.Delete(h.attr, []string{h.value})
		}
		return r
	}
	err := w.c.Modify(request())
	if session.Code(err) != ldap.LDAPResultObjectClassViolation || w.t.s.Placeholder == nil || len(g.held) == 0 || strings.EqualFold(g.held[0].attr, "memberUid") {
		return err
	}
	instead := ldap.NewModifyRequest(g.DN, nil)
	instead.Add(g.held[0].attr, []string{*w.t.s.Placeholder})
	instead.Changes = append(instead.Changes, request().Changes...)
	return w.c.Modify(instead)
}

// join adds an account's values to a group. Where it comes back, the placeholder that kept its place goes.
func (w *work) join(g *group, values []membership) error {
	request := ldap.NewModifyRequest(g.DN, nil)
	for _, m := range values {
		request.Add(m.Attr, []string{m.Value})
	}
	back := slices.ContainsFunc(values, func(m membership) bool { return m.Alone })
	if back {
		for _, h := range w.t.s.placeholders(g) {
			request.Delete(h.attr, []string{h.value})
		}
	}
	return w.c.Modify(request)
}

// rejoin puts an account back into a group that it has just left.
func (w *work) rejoin(g *group) error {
	now, err := w.groups(equals(w.t.s.Attributes.ID, g.id), nil)
	if err != nil {
		return err
	}
	if len(now) != 1 {
		return errors.New("the group went away")
	}
	return w.join(now[0], w.t.s.memberships(g))
}

// memberships are the values of a group that name an account, as an inverse needs them.
func (s *settings) memberships(g *group) []membership {
	alone := s.Placeholder != nil && len(s.placeholders(g)) == 0
	var out []membership
	for _, h := range g.held {
		out = append(out, membership{Group: g.id, Name: g.name, Attr: h.attr, Value: h.value, Alone: alone})
	}
	return out
}
