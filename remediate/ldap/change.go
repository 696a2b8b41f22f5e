package ldap

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
	"muster/remediate/ldap/schema"
	"muster/remediate/ldap/session"
)

// change makes the change that a look has shown to be wanted, and says what the server said.
func (w *work) change(v *view) (string, error) {
	switch w.a.Kind {
	case access.DisableAccount, access.EnableAccount, access.SetExpiry:
		return w.modify(v)
	case access.GrantEntitlement, access.RemoveEntitlement:
		return w.member(v)
	case access.CreateAccount:
		return w.create(v)
	case access.DeleteAccount:
		return w.delete(v)
	}
	return "", errors.New("there is no such change")
}

// modify sets the attributes that say when an account may be used.
func (w *work) modify(v *view) (string, error) {
	to := v.restore.Values
	if to == nil {
		to = w.wanted(v)
	}
	if w.a.Kind != access.EnableAccount {
		if err := w.enforced(v.account, to); err != nil {
			return "", err
		}
	}
	request := ldap.NewModifyRequest(v.account.DN, w.unchanged(v.account))
	var words []string
	for _, attr := range w.t.s.touched(access.EnableAccount) { // all of them, since an inverse brings back what its action touched
		values, ok := to[attr]
		if !ok || slices.Equal(values, v.account.Values(attr)) {
			continue
		}
		request.Replace(attr, values)
		words = append(words, attr)
	}
	if len(request.Changes) == 0 {
		return "", refuse(access.Invalid, "", "there is nothing that could be changed")
	}
	return said("modify "+strings.Join(words, ", ")+" of", v.account.DN), w.c.Modify(request)
}

// wanted are the new values of an account's validity.
func (w *work) wanted(v *view) map[string][]string {
	at, now := &w.t.s.Attributes, w.t.now()
	switch w.a.Kind {
	case access.DisableAccount:
		return map[string][]string{at.LockedAt: {dial.PermanentLock}}
	case access.SetExpiry:
		return map[string][]string{at.ExpiresAt: expiry(w.a.ExpiresAt)}
	}
	lift := map[string][]string{at.LockedAt: nil}
	if !v.state.ExpiresAt.IsZero() && !v.state.ExpiresAt.After(now) {
		lift[at.ExpiresAt] = nil
	}
	if starts, err := dial.When(v.account, at.StartsAt); err == nil && starts.After(now) {
		lift[at.StartsAt] = nil
	}
	return lift
}

// expiry writes a generalised time (RFC 4517 §3.3.13); none for never.
func expiry(t time.Time) []string {
	if t.IsZero() {
		return nil
	}
	layout := "20060102150405Z"
	if t.Nanosecond() != 0 {
		layout = "20060102150405.000000Z"
	}
	return []string{t.UTC().Format(layout)}
}

// unchanged lets the server refuse when the entry is no more what it was.
func (w *work) unchanged(e *entry.Entry) []ldap.Control {
	attr, value := version(e)
	if attr == "" || w.a.Before == nil || w.a.Before.Version == "" {
		return nil
	}
	return session.Unless(attr, value)
}

// member adds or deletes the value by which a group holds the account.
func (w *work) member(v *view) (string, error) {
	g := v.group
	if g == nil {
		return "", refuse(access.NotFound, "", "there is no group %q", w.a.Entitlement.Name)
	}
	if w.a.Kind == access.RemoveEntitlement {
		return w.settle(v, w.leave(g), said("delete member of", g.DN))
	}
	values := v.restore.Members
	if len(values) == 0 {
		values = []membership{w.newMember(g, v.account)}
	}
	return w.settle(v, w.join(g, values), said("add member to", g.DN))
}

// settle says how a group's change ended. Somebody else's change of the same member is found by looking.
func (w *work) settle(v *view, err error, words string) (string, error) {
	if n := session.Code(err); n != 16 && n != 20 { // noSuchAttribute, attributeOrValueExists
		return words, err
	}
	g, lerr := w.findGroup(access.HeldRef{ID: v.group.id}, v.account)
	if lerr != nil || g == nil || (len(g.held) > 0) != (w.a.Kind == access.GrantEntitlement) {
		return words, err
	}
	return dial.CodeName(session.Code(err)) + ": it was so by then", nil
}

// newMember is the value by which a group names an account: in the attribute that the group has already, else the one that its class is
// for.
func (w *work) newMember(g *group, account *entry.Entry) membership {
	m := membership{Group: g.id, Name: g.name, Attr: w.t.s.Members[0], Value: account.DN}
	byClass := map[string]string{"groupofnames": "member", "groupofuniquenames": "uniqueMember", "posixgroup": "memberUid"}
	for _, class := range g.Values("objectClass") {
		want := byClass[strings.ToLower(class)]
		if i := slices.IndexFunc(w.t.s.Members, func(attr string) bool { return strings.EqualFold(attr, want) }); want != "" && i >= 0 {
			m.Attr = w.t.s.Members[i]
			break
		}
	}
	if strings.EqualFold(m.Attr, "memberUid") {
		m.Value = account.Value(w.t.s.Attributes.Name)
	}
	return m
}

// create adds the entry and, of a deleted account that comes back, the memberships.
func (w *work) create(v *view) (string, error) {
	dn, attrs := v.restore.DN, v.restore.attributes()
	left := ""
	if dn == "" {
		var values map[string][]string
		dn, values = w.t.s.entry(w.a)
		left = schema.Fit(values)
		attrs = inOrder(values)
	}
	words := said("add", dn) + left
	if v.account == nil {
		request := ldap.NewAddRequest(dn, nil)
		request.Attributes = attrs
		if err := w.c.Add(request); err != nil || len(v.restore.Members) == 0 {
			return words, err
		}
		if err := v.findNew(); err != nil || v.account == nil {
			return words, errors.Join(errors.New("the new entry is not to be seen"), err)
		}
	}
	missing, gone, err := v.missing()
	if err != nil {
		return words, err
	}
	for _, m := range missing {
		if err := w.join(m.group, []membership{m.membership}); err != nil && session.Code(err) != 20 {
			return words, fmt.Errorf("bring back %s: %w", m.Name, err)
		}
	}
	words += fmt.Sprintf(" and %d of %d memberships", len(v.restore.Members)-gone, len(v.restore.Members))
	return words, nil
}

// delete takes the account out of its groups, so that nobody who gets its name gets them, and deletes it. Refused on the way, it puts back
// what it took; interrupted, it leaves an account that holds less.
func (w *work) delete(v *view) (string, error) {
	groups, err := w.groupsOf(v.account)
	if err != nil {
		return "", err
	}
	var taken []*group
	for _, g := range groups {
		if err := w.leave(g); err == nil {
			taken = append(taken, g)
		} else if session.Code(err) != 16 && session.Code(err) != 32 {
			return "", w.putBack(taken, fmt.Errorf("take it out of %s: %w", g.name, err))
		}
	}
	if err := w.c.Del(ldap.NewDelRequest(v.account.DN, w.unchanged(v.account))); err != nil {
		return "", w.putBack(taken, err)
	}
	return said("delete", v.account.DN), nil
}

// putBack gives an account that could not be deleted its memberships again, and gives why it could not. After a break nothing can be said
// or done.
func (w *work) putBack(groups []*group, why error) error {
	if session.Code(why) < 0 {
		return why
	}
	for _, g := range groups {
		if err := w.rejoin(g); err != nil && session.Code(err) != 20 {
			kind, hint := session.Kind(why)
			return refuse(kind, hint, "%w; and it was not put back into %s: %w", session.Plain(why), g.name, session.Plain(err))
		}
	}
	return why
}

func said(words, dn string) string { return words + " " + dn + ": success" }
