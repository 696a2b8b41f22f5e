package ldap

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
)

// view is what a look showed, as far as one action is concerned.
type view struct {
	w       *work
	account *entry.Entry // nil when it is not there
	foreign bool         // it was found by its name, and its id is another
	partial bool         // a deleted account that is to come back lacks some of its memberships
	state   dial.State
	group   *group
	through []string
	restore former // what the action brings back
	former  former // what an inverse of the action would bring back
}

// look reads what the action concerns; fully also what only an observation tells: nesting, and the former state.
func (w *work) look(fully bool) (*view, error) {
	v := &view{w: w}
	if err := v.restore.read(w.a); err != nil {
		return nil, err
	}
	var err error
	if w.a.Kind == access.CreateAccount {
		err = v.findNew()
	} else {
		err = v.find()
	}
	if err != nil {
		return nil, err
	}
	if v.account != nil {
		if v.state, err = w.t.s.validity().Of(v.account, w.t.now()); err != nil {
			return nil, refuse(access.Invalid, "correct the entry", "read %s: %w", v.account.DN, err)
		}
	}
	switch w.a.Kind {
	case access.GrantEntitlement, access.RemoveEntitlement:
		err = v.lookAtGroup(fully)
	case access.DeleteAccount:
		if fully && v.account != nil {
			err = v.keepAll()
		}
	case access.CreateAccount:
		if v.account != nil {
			v.partial, err = v.lacksMemberships()
		}
	}
	return v, err
}

// find looks for the account by its id, else by its name.
func (v *view) find() error {
	w, at := v.w, &v.w.t.s.Attributes
	var tests []string
	if w.a.Account.ID != "" {
		tests = append(tests, equals(at.ID, w.a.Account.ID))
	}
	if w.a.Account.Name != "" {
		tests = append(tests, equals(at.Name, w.a.Account.Name))
	}
	if len(tests) == 0 {
		return refuse(access.Invalid, "", "the action names no account")
	}
	found, err := w.people(or(tests))
	if err != nil {
		return err
	}
	var named []*entry.Entry
	for _, e := range found {
		if w.a.Account.ID != "" && e.Value(at.ID) == w.a.Account.ID {
			v.account = e
			return nil
		}
		if entry.Fold(e.Value(at.Name)) == entry.Fold(w.a.Account.Name) {
			named = append(named, e)
		}
	}
	if len(named) > 1 {
		return refuse(access.Conflict, "", "%q is the name of %d accounts", w.a.Account.Name, len(named))
	}
	if len(named) == 1 {
		v.account, v.foreign = named[0], w.a.Account.ID != ""
	}
	return nil
}

// findNew looks for the account that a creation makes: by its name, or by the number of its person. One of that name that is somebody
// else's is a Conflict.
func (v *view) findNew() error {
	w, at := v.w, &v.w.t.s.Attributes
	name, employee := userName(w.a), w.a.Attributes[access.AttrEmployeeID]
	if v.restore.DN != "" {
		was := v.restore.entry()
		name, employee = was.Value(at.Name), was.Value(at.EmployeeID)
	}
	if name == "" {
		return refuse(access.Invalid, "", "the action does not say how the account shall be called")
	}
	tests := []string{equals(at.Name, name)}
	if employee != "" && at.EmployeeID != "" {
		tests = append(tests, equals(at.EmployeeID, employee))
	}
	found, err := w.people(or(tests))
	if err != nil {
		return err
	}
	for _, e := range found {
		if entry.Fold(e.Value(at.Name)) != entry.Fold(name) {
			if v.account == nil && v.restore.DN == "" {
				v.account = e
			}
			continue
		}
		v.account = e
		theirs := ""
		if at.EmployeeID != "" {
			theirs = e.Value(at.EmployeeID)
		}
		if employee != "" && (theirs != "" || w.t.s.identified()) && theirs != employee {
			return refuse(access.Conflict, "link the account to its person, or choose another name", "the name %q is taken by another account", name)
		}
		return nil
	}
	return nil
}

// people reads the accounts that pass a test.
func (w *work) people(test string) ([]*entry.Entry, error) {
	s := &w.t.s
	at := &s.Attributes
	attrs := compact(at.ID, at.Name, at.EmployeeID, at.LockedAt, at.StartsAt, at.ExpiresAt, "entryCSN", "modifyTimestamp", "pwdPolicySubentry")
	return w.c.Entries(s.People.Base, ldap.ScopeWholeSubtree, "(&"+s.People.Filter+test+")", attrs)
}

// version is what compare-and-set compares: the attribute and its value.
func version(e *entry.Entry) (attr, value string) {
	for _, attr := range []string{"entryCSN", "modifyTimestamp"} {
		if v := e.Value(attr); v != "" {
			return attr, v
		}
	}
	return "", ""
}

// observation says what the look showed.
func (v *view) observation() (access.Observation, error) {
	w := v.w
	obs := access.Observation{At: w.t.now().UTC(), Sessions: -1, Through: v.through, Holds: v.group != nil && len(v.group.held) > 0}
	if v.account == nil || v.partial {
		return obs, nil
	}
	obs.Exists, obs.AccountID = true, v.account.Value(w.t.s.Attributes.ID)
	obs.Enabled, obs.ExpiresAt = v.state.Enabled, v.state.ExpiresAt
	_, obs.Version = version(v.account)
	if w.a.Kind == access.CreateAccount {
		return obs, nil
	}
	v.keep()
	var err error
	if obs.Restore, err = json.Marshal(v.former); err != nil {
		return obs, fmt.Errorf("encode former state: %w", err)
	}
	return obs, nil
}

// done reports whether the change is there already, or why it must not be made.
func (v *view) done() (bool, error) {
	w := v.w
	if v.foreign {
		return false, refuse(access.Conflict, "", "the name %q belongs to another account now", w.a.Account.Name)
	}
	obs, err := v.observation()
	if err != nil || obs.Shows(w.a) {
		return err == nil, err
	}
	if v.account == nil && w.a.Kind != access.CreateAccount {
		return false, refuse(access.NotFound, "", "there is no such account")
	}
	if w.a.Before != nil && w.a.Before.Version != "" && obs.Version != w.a.Before.Version {
		return false, refuse(access.Conflict, "", "the account was changed since it was looked at")
	}
	if v.account != nil && same(v.account.DN, w.t.s.BindDN) {
		return false, refuse(access.Denied, "", "this is the account that muster itself uses")
	}
	return false, nil
}

func same(a, b string) bool {
	x, errA := entry.Normalise(a)
	y, errB := entry.Normalise(b)
	return errA == nil && errB == nil && x == y
}

func equals(attr, value string) string { return "(" + attr + "=" + ldap.EscapeFilter(value) + ")" }

func or(tests []string) string {
	if len(tests) == 1 {
		return tests[0]
	}
	return "(|" + strings.Join(tests, "") + ")"
}

// compact leaves out empty names.
func compact(names ...string) []string {
	var out []string
	for _, n := range names {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}
