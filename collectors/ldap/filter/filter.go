// Package filter reads search filters (RFC 4515) into what a server is sent and what a file's entries are held against.
//
// Matching follows RFC 4511 §4.5.1.7 for and, or, not, presence, equality, approximate, substrings, >= and <=; all values match without
// case, which is how the attributes that accounts and groups are found by are defined. An objectClass matches its
// subclasses among the classes of people, since exports often name the lowest class only. Extensible matches cannot be held
// against a file. Filters are safe for concurrent use.
package filter

import (
	"errors"
	"fmt"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"muster/internal/dial/ldap/entry"
)

// Filter is a filter made ready.
type Filter struct {
	Text    string
	Encoded []byte // BER, for a server
	match   matcher
	err     error
}

// Compile reads a filter.
func Compile(text string) (Filter, error) {
	packet, err := ldap.CompileFilter(text)
	if err != nil {
		return Filter{}, fmt.Errorf("parse filter: %s", cause(err))
	}
	f := Filter{Text: text, Encoded: packet.Bytes()}
	f.match, f.err = newMatcher(packet)
	return f, nil
}

// cause takes go-ldap's prefixes off.
func cause(err error) string {
	text := err.Error()
	if i := strings.Index(text, ": "); i >= 0 {
		text = text[i+2:]
	}
	return strings.TrimPrefix(text, "ldap: ")
}

// ForFiles says why the filter cannot be held against a file's entries, or nil.
func (f Filter) ForFiles() error { return f.err }

// Match reports whether an entry answers the filter; never when ForFiles says why not.
func (f Filter) Match(e *entry.Entry) bool { return f.err == nil && f.match != nil && f.match(e) }

type matcher func(*entry.Entry) bool

func newMatcher(p *ber.Packet) (matcher, error) {
	switch p.Tag {
	case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
		return newJunction(p)
	case ldap.FilterPresent:
		name := text(p)
		return func(e *entry.Entry) bool { return len(e.Values(name)) > 0 }, nil
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch, ldap.FilterGreaterOrEqual, ldap.FilterLessOrEqual:
		if len(p.Children) != 2 {
			return nil, errors.New("a comparison without two sides")
		}
		name, want := text(p.Children[0]), entry.Fold(text(p.Children[1]))
		if strings.EqualFold(name, "objectClass") && p.Tag == ldap.FilterEqualityMatch {
			return func(e *entry.Entry) bool { return hasClass(e, want) }, nil
		}
		test := map[ber.Tag]func(string) bool{
			ldap.FilterEqualityMatch:  func(v string) bool { return v == want },
			ldap.FilterApproxMatch:    func(v string) bool { return v == want },
			ldap.FilterGreaterOrEqual: func(v string) bool { return v >= want },
			ldap.FilterLessOrEqual:    func(v string) bool { return v <= want },
		}[p.Tag]
		return anyValue(name, test), nil
	case ldap.FilterSubstrings:
		return newSubstrings(p)
	}
	return nil, fmt.Errorf("the filter uses %q, which a file cannot answer", ldap.FilterMap[uint64(p.Tag)])
}

func newJunction(p *ber.Packet) (matcher, error) {
	var parts []matcher
	for _, c := range p.Children {
		m, err := newMatcher(c)
		if err != nil {
			return nil, err
		}
		parts = append(parts, m)
	}
	if p.Tag == ldap.FilterNot {
		if len(parts) != 1 {
			return nil, errors.New("a not without one part")
		}
		return func(e *entry.Entry) bool { return !parts[0](e) }, nil
	}
	and := p.Tag == ldap.FilterAnd
	return func(e *entry.Entry) bool {
		for _, m := range parts {
			if m(e) != and {
				return !and
			}
		}
		return and
	}, nil
}

func newSubstrings(p *ber.Packet) (matcher, error) {
	if len(p.Children) != 2 {
		return nil, errors.New("substrings without a pattern")
	}
	initial, final := "", ""
	var middle []string
	for _, c := range p.Children[1].Children {
		part := entry.Fold(text(c))
		switch c.Tag {
		case ldap.FilterSubstringsInitial:
			initial = part
		case ldap.FilterSubstringsFinal:
			final = part
		default:
			middle = append(middle, part)
		}
	}
	return anyValue(text(p.Children[0]), func(v string) bool {
		rest, ok := strings.CutPrefix(v, initial)
		if !ok {
			return false
		}
		for _, m := range middle {
			_, after, ok := strings.Cut(rest, m)
			if !ok {
				return false
			}
			rest = after
		}
		return strings.HasSuffix(rest, final)
	}), nil
}

func anyValue(name string, test func(string) bool) matcher {
	return func(e *entry.Entry) bool {
		for _, v := range e.Values(name) {
			if test(entry.Fold(v)) {
				return true
			}
		}
		return false
	}
}

// hasClass knows that an inetOrgPerson is a person: exports often name the lowest class only, a server knows the rest.
func hasClass(e *entry.Entry, want string) bool {
	for _, v := range e.Values("objectClass") {
		for c := strings.ToLower(v); c != ""; c = superclass(c) {
			if c == want {
				return true
			}
		}
	}
	return false
}

func superclass(class string) string {
	switch class {
	case "inetorgperson":
		return "organizationalperson"
	case "organizationalperson", "residentialperson":
		return "person"
	case "top", "":
		return ""
	}
	return "top"
}

func text(p *ber.Packet) string {
	if p.Data != nil && p.Data.Len() > 0 {
		return p.Data.String()
	}
	s, _ := p.Value.(string)
	return s
}
