// Package relink links accounts to persons as a run does: a second implementation, in Go, of what the store does in SQL. The explicit map is final, owned
// accounts belong to nobody, and for the others the keys narrow in their order. It is pure.
package relink

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/reconcile/inputs"
	"muster/internal/store/fold"
)

// maxSharing is how many persons one key value can name; the same bound as a run has.
const maxSharing = 1000

// Person is a person with the keys that accounts are linked by, folded.
type Person struct{ ID, IDKey, EmailKey, UPNKey, UsernameKey string }

// KeysOf are the keys of a person.
func KeysOf(p access.Person) Person {
	return Person{p.ID, fold.Key(p.ID), fold.Key(p.Email), fold.Key(p.UPN), fold.Key(p.Username)}
}

// Linker links the accounts of one run.
type Linker struct {
	keys    []access.LinkKey
	domains []string
	byKey   map[access.LinkKey]map[string][]string // key → folded value → worker ids, sorted
	owners  map[string][]string                    // any of a person's keys → worker ids
	mapped  map[[2]string][]inputs.Mapped          // system and account, as an id or as a folded name
}

// New makes a Linker of what a run was configured with; persons come by their ids.
func New(in *inputs.Inputs, persons []Person) *Linker {
	l := &Linker{keys: in.LinkKeys, byKey: map[access.LinkKey]map[string][]string{}, owners: map[string][]string{}, mapped: map[[2]string][]inputs.Mapped{}}
	for _, d := range in.LinkDomains {
		if d = fold.Key(d); d != "" {
			l.domains = append(l.domains, d)
		}
	}
	index := func(key access.LinkKey, of func(Person) string) {
		m := map[string][]string{}
		for _, p := range persons {
			if v := of(p); v != "" {
				m[v] = append(m[v], p.ID)
			}
		}
		l.byKey[key] = m
	}
	index(access.KeyEmployeeID, func(p Person) string { return p.IDKey })
	index(access.KeyEmail, func(p Person) string { return p.EmailKey })
	index(access.KeyUPN, func(p Person) string { return p.UPNKey })
	index(access.KeyUsername, func(p Person) string { return p.UsernameKey })
	l.byKey[access.KeyUserDomain] = l.byKey[access.KeyEmail]
	for _, p := range persons {
		for _, k := range distinct([]string{p.IDKey, p.EmailKey, p.UsernameKey}) {
			if k != "" {
				l.owners[k] = append(l.owners[k], p.ID)
			}
		}
	}
	for _, m := range in.LinkMap {
		for _, name := range distinct([]string{"id " + m.Account, "name " + fold.Key(m.Account)}) {
			at := [2]string{m.System, name}
			if !slices.Contains(l.mapped[at], m) {
				l.mapped[at] = append(l.mapped[at], m)
			}
		}
	}
	return l
}

// distinct keeps the first of each.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// Link links one account.
func (l *Linker) Link(a *access.Account) access.Link {
	out := access.Link{System: a.System, AccountID: a.ID}
	nameKey := fold.Key(a.Name)
	if byID, byName := l.mapped[[2]string{a.System, "id " + a.ID}], l.mapped[[2]string{a.System, "name " + nameKey}]; len(byID)+len(byName) > 0 {
		return l.byMap(out, byID, byName)
	}
	if a.Kind == access.KindService || a.Kind == access.KindShared || a.Kind == access.KindBreakGlass {
		return l.owned(out, fold.Key(a.OwnerRef))
	}
	var ids []string
	contradicted := false
	for _, key := range l.keys {
		values, text := l.values(key, a, nameKey)
		if text == "" {
			continue
		}
		var found []string
		for _, v := range values {
			list := l.byKey[key][v]
			found = append(found, list[:min(len(list), maxSharing)]...)
		}
		found = distinct(found)
		out.Evidence = append(out.Evidence, says(string(key), text, len(found)))
		if len(found) == 0 || contradicted {
			continue
		}
		both := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(found, id) })
		switch {
		case len(ids) == 0:
			ids, out.Key = found, key
		case len(both) == 0:
			contradicted, out.Key = true, key
		case len(both) < len(ids):
			ids, out.Key = both, key
		}
	}
	switch {
	case contradicted || len(ids) > 1:
		out.Result = access.Disputed
	case len(ids) == 0:
		out.Result = access.Unmatched
	default:
		out.Result, out.PersonID = access.Linked, ids[0]
	}
	return out
}

// values are what an account is looked up by under a key, and how that is told.
func (l *Linker) values(key access.LinkKey, a *access.Account, nameKey string) (values []string, text string) {
	switch key {
	case access.KeyEmployeeID:
		text = fold.Key(a.EmployeeID)
	case access.KeyEmail:
		text = fold.Key(a.Email)
	case access.KeyUPN:
		text = fold.Key(a.UPN)
	case access.KeyUsername:
		text = nameKey
	case access.KeyUserDomain:
		if nameKey == "" {
			return nil, ""
		}
		for _, d := range l.domains {
			values = append(values, nameKey+"@"+d)
		}
		return values, strings.Join(values, ", ")
	}
	return []string{text}, text
}

func (l *Linker) byMap(out access.Link, byID, byName []inputs.Mapped) access.Link {
	var ids []string
	for _, m := range append(slices.Clone(byID), byName...) {
		ids = append(ids, l.byKey[access.KeyEmployeeID][fold.Key(m.Person)]...)
	}
	ids = distinct(ids)
	told := byID
	if len(told) == 0 {
		told = byName
	}
	named := told[0].Person
	for _, m := range told {
		named = min(named, m.Person)
	}
	out.Key, out.Result = access.KeyMap, access.Disputed
	out.Evidence = []string{says("map", named, len(ids))}
	switch len(ids) {
	case 0:
		out.Result = access.Unmatched
	case 1:
		out.Result, out.PersonID = access.Linked, ids[0]
	}
	return out
}

func (l *Linker) owned(out access.Link, owner string) access.Link {
	out.Result = access.ServiceOwned
	if owner == "" {
		return out
	}
	ids := l.owners[owner]
	if len(ids) == 1 {
		out.PersonID = ids[0]
	}
	out.Evidence = []string{says("owner", owner, len(ids))}
	return out
}

// says words what one key compared and how many persons it matched.
func says(key, value string, n int) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(value) // text always encodes
	noun := "persons"
	if n == 1 {
		noun = "person"
	}
	return fmt.Sprintf("%s %s: %d %s", key, strings.TrimSuffix(b.String(), "\n"), n, noun)
}

// Same compares two links. Both spell a slash within a quoted value in their own way.
func Same(a, b access.Link) bool {
	plain := func(list []string) string { return strings.ReplaceAll(strings.Join(list, "\n"), `\/`, "/") }
	return a.Result == b.Result && a.PersonID == b.PersonID && a.Key == b.Key && plain(a.Evidence) == plain(b.Evidence)
}
