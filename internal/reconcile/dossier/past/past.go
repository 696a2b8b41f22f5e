// Package past says what snapshots show of a person and an account over time. A complete snapshot need not be whole: a few rows of it may have been
// rejected. What such a one lacks may have been there.
package past

import (
	"slices"

	"muster/internal/access"
	"muster/internal/store"
	"muster/reports/person"
)

// Persons leaves out the snapshots that say nothing of a person: they lack them, and are not whole.
func Persons(all []store.PersonAt) []store.PersonAt {
	return slices.DeleteFunc(slices.Clone(all), func(p store.PersonAt) bool { return !p.Known && !p.Snapshot.Whole() })
}

// Account is an account in the snapshots that say something of it. One of which grants were rejected shows what the account held, and ends nothing.
func Account(all []store.AccountsAt, id string) []person.Then {
	var out []person.Then
	for _, one := range all {
		t := person.Then{At: one.Snapshot.TakenAt, Snapshot: one.Snapshot.ID}
		for _, x := range one.Accounts {
			if x.Account.ID == id {
				t.There, t.Held = true, x.Held
			}
		}
		if !t.There && !one.Snapshot.Whole() {
			continue
		}
		if n := len(out); t.There && n > 0 && GrantsRejected(one.Snapshot) {
			t.Held = together(t.Held, out[n-1].Held)
		}
		out = append(out, t)
	}
	return out
}

// GrantsRejected reports whether some grants of a snapshot could not be read: which its accounts held besides is unknown.
func GrantsRejected(s access.Snapshot) bool {
	c, ok := s.Coverage.Of(access.ClassGrant)
	return ok && c.Rejected > 0
}

// together adds what was held before to what is held.
func together(held, before []access.HeldRef) []access.HeldRef {
	out := slices.Clone(held)
	for _, e := range before {
		if !slices.ContainsFunc(out, func(x access.HeldRef) bool { return x.ID == e.ID }) {
			out = append(out, e)
		}
	}
	return out
}
