package wire

import (
	"errors"
	"fmt"

	"muster/internal/dial/ldap/entry"
)

// Scope is how deep a search goes.
type Scope int

// The scopes of RFC 4511 §4.5.1.2.
const (
	Base    Scope = 0
	One     Scope = 1
	Subtree Scope = 2
)

// pagedOID is the control of simple paged results.
const pagedOID = "1.2.840.113556.1.4.319"

// flushAt is how much of a page is held before its entries are handed on: the server sends the rest meanwhile, and a page without end costs no
// memory.
const flushAt = 1 << 20

// Search is a question. Aliases are never followed.
type Search struct {
	Base       string
	Scope      Scope
	Filter     []byte // BER, as go-ldap compiles it
	Attributes []string
	PageSize   int // 0 = without paging
}

// Page is a part of an answer. Its memory is used again by the next Answer.
type Page struct {
	Cookie     []byte   // what the next Ask needs; empty after the last page
	References []string // search references (RFC 4511 §4.5.3), which are not followed
	Done       bool     // false: more of this page is to come, call Answer again

	raw  []byte
	ends []int
	vals []string
	ent  entry.Entry
}

// Len is the number of entries in the page.
func (p *Page) Len() int { return len(p.ends) }

// Reset empties the page.
func (p *Page) Reset() {
	p.raw, p.ends, p.Cookie, p.References, p.Done = p.raw[:0], p.ends[:0], nil, nil, false
}

// Ask sends a search, of the first page with no cookie.
func (c *Conn) Ask(s *Search, cookie []byte) error {
	body := func(b []byte) []byte {
		b = appendText(b, tagOctets, s.Base)
		b = appendInt(b, tagEnum, int64(s.Scope))
		b = appendInt(b, tagEnum, 0) // never dereference aliases
		b = appendInt(b, tagInteger, 0)
		b = appendInt(b, tagInteger, 0)
		b = append(b, tagBool, 1, 0)
		b = append(b, s.Filter...)
		return appendSequence(b, tagSequence, func(b []byte) []byte {
			for _, a := range s.Attributes {
				b = appendText(b, tagOctets, a)
			}
			return b
		})
	}
	if s.PageSize <= 0 {
		return c.send(opSearch, body, nil)
	}
	return c.send(opSearch, body, func(b []byte) []byte {
		return appendSequence(b, tagSequence, func(b []byte) []byte {
			b = appendText(b, tagOctets, pagedOID)
			return appendSequence(b, tagOctets, func(b []byte) []byte {
				return appendSequence(b, tagSequence, func(b []byte) []byte {
					b = appendInt(b, tagInteger, int64(s.PageSize))
					return appendText(b, tagOctets, string(cookie))
				})
			})
		})
	})
}

// Answer reads the answer to the last Ask into p, whole or up to a bound of memory. With an error p still holds the entries
// that came before it.
func (c *Conn) Answer(p *Page) error {
	p.Reset()
	for len(p.raw) < flushAt {
		raw, err := c.next()
		if err != nil {
			return err
		}
		m, err := parseMessage(raw)
		if err != nil {
			return err
		}
		if m.id == 0 {
			return m.notice()
		}
		if m.id != c.id {
			continue
		}
		switch m.op {
		case opEntry:
			p.raw = append(p.raw, m.body...)
			p.ends = append(p.ends, len(p.raw))
		case opReference:
			urls, err := texts(m.body)
			if err != nil {
				return err
			}
			p.References = append(p.References, urls...)
		case opIntermediate:
		case opDone:
			p.Done = true
			if err := m.result(); err != nil {
				return err
			}
			p.Cookie, err = cookieOf(m.controls)
			return err
		default:
			return fmt.Errorf("%w: unexpected operation 0x%02x", ErrProtocol, m.op)
		}
	}
	return nil
}

// cookieOf finds the cookie among the response controls; no control means that the server did not page.
func cookieOf(controls []byte) ([]byte, error) {
	for len(controls) > 0 {
		_, control, rest, err := take(controls)
		if err != nil {
			return nil, err
		}
		controls = rest
		_, oid, rest, err := take(control)
		if err != nil {
			return nil, err
		}
		if string(oid) != pagedOID {
			continue
		}
		var value []byte
		for len(rest) > 0 {
			var tag byte
			if tag, value, rest, err = take(rest); err != nil {
				return nil, err
			}
			if tag != tagOctets {
				value = nil
			}
		}
		_, seq, _, err := take(value)
		if err != nil {
			return nil, err
		}
		_, _, rest, err = take(seq)
		if err != nil {
			return nil, err
		}
		_, cookie, _, err := take(rest)
		return append([]byte(nil), cookie...), err
	}
	return nil, nil
}

// ErrStop ends Each early without being an error.
var ErrStop = errors.New("stop")

// Each decodes the entries of the page. The entry may be used until fn returns; its strings stay good.
func (p *Page) Each(fn func(*entry.Entry) error) error {
	text := string(p.raw) // one copy for all strings of the page
	start := 0
	for _, end := range p.ends {
		if err := p.decode(text[start:end]); err != nil {
			return err
		}
		start = end
		if err := fn(&p.ent); errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (p *Page) decode(s string) error {
	e := &p.ent
	e.Attrs, p.vals = e.Attrs[:0], p.vals[:0]
	_, dn, rest, err := take(s)
	if err != nil {
		return err
	}
	e.DN = dn
	_, list, _, err := take(rest)
	if err != nil {
		return err
	}
	for len(list) > 0 {
		var attr, name, set string
		if _, attr, list, err = take(list); err != nil {
			return err
		}
		if _, name, attr, err = take(attr); err != nil {
			return err
		}
		if _, set, _, err = take(attr); err != nil {
			return err
		}
		first := len(p.vals)
		for len(set) > 0 {
			var v string
			if _, v, set, err = take(set); err != nil {
				return err
			}
			p.vals = append(p.vals, v)
		}
		e.Attrs = append(e.Attrs, entry.Attr{Name: name, Values: p.vals[first:len(p.vals):len(p.vals)]})
	}
	return nil
}
