// Package entry holds what every LDAP source yields: entries with their attributes, distinguished names that can be compared,
// and the directory's own notation of time.
//
// Standards: names RFC 4514 with the matching of RFC 4517 §4.2.15 and the preparation of RFC 4518 (case, Unicode and spaces
// folded), attribute descriptions RFC 4512 §2.5, generalised time RFC 4517 §3.3.13. Times are UTC. Values are plain data; an
// Entry that a source hands to a callback may be used only until the callback returns, its strings for ever.
package entry

import (
	"strings"
	"unicode/utf8"
)

// Entry is one directory object.
type Entry struct {
	DN    string
	Attrs []Attr
}

// Attr is one attribute with its values in the source's order, which means nothing (RFC 4512 §2.2).
type Attr struct {
	Name   string
	Values []string
}

// Values gives the values of an attribute; the name's case and its options (";binary", ";lang-en") do not matter.
func (e *Entry) Values(name string) []string {
	var found []string
	for i := range e.Attrs {
		a := &e.Attrs[i]
		if !sameAttribute(a.Name, name) {
			continue
		}
		if found == nil {
			found = a.Values
		} else {
			found = append(found[:len(found):len(found)], a.Values...)
		}
	}
	return found
}

// Value gives one value of an attribute, "" when there is none. Of several it is the one that names the entry, else the
// first in byte order, so that the answer does not depend on the order of the source.
func (e *Entry) Value(name string) string {
	values := e.Values(name)
	if len(values) == 0 {
		return ""
	}
	best := values[0]
	if len(values) == 1 {
		return best
	}
	for _, a := range rdn(e.DN) {
		if !sameAttribute(a.attr, name) {
			continue
		}
		for _, v := range values {
			if v == a.value || strings.EqualFold(v, a.value) && utf8.ValidString(v) { // EqualFold takes all bytes that are not UTF-8 for one
				return v
			}
		}
	}
	for _, v := range values[1:] {
		if v < best {
			best = v
		}
	}
	return best
}

func sameAttribute(have, want string) bool {
	if len(have) == len(want) {
		return strings.EqualFold(have, want)
	}
	return len(have) > len(want) && have[len(want)] == ';' && strings.EqualFold(have[:len(want)], want)
}
