package entry

import (
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Normalise gives the one spelling of a distinguished name: two names are the same object if and only if their spellings are
// equal. Types are lower case and short (commonName and 2.5.4.3 are cn), values are folded, escapes are canonical and the
// parts of a multi-valued RDN are sorted.
func Normalise(dn string) (string, error) {
	if s, ok := plain(dn); ok {
		return s, nil
	}
	rdns, err := parse(dn)
	if err != nil {
		return "", fmt.Errorf("parse DN %q: %w", dn, err)
	}
	var b strings.Builder
	for i, rdn := range rdns {
		if i > 0 {
			b.WriteByte(',')
		}
		parts := make([]string, len(rdn))
		for j, a := range rdn {
			parts[j] = shortType(strings.ToLower(a.attr)) + "=" + canonical(a)
		}
		sort.Strings(parts)
		b.WriteString(strings.Join(parts, "+"))
	}
	return b.String(), nil
}

// Under reports whether a name is the base or lies below it; both are normalised.
func Under(dn, base string) bool {
	return base == "" || dn == base || strings.HasSuffix(dn, ","+base)
}

// RDN gives type and value of the first part of a name, the value without escapes; "" when it is no name.
func RDN(dn string) (attr, value string) {
	parts := rdn(dn)
	if len(parts) == 0 {
		return "", ""
	}
	return parts[0].attr, parts[0].value
}

// rdn gives all parts of the first, perhaps multi-valued, part of a name.
func rdn(dn string) []ava {
	p := parser{s: dn}
	var parts []ava
	for {
		a, err := p.ava()
		if err != nil {
			return parts
		}
		parts = append(parts, a)
		if p.i == len(p.s) || p.s[p.i] != '+' {
			return parts
		}
		p.i++
	}
}

// plain is the way for the names that nearly every directory has: ASCII, no escapes, no stray spaces. It allocates nothing
// when the name is lower case already.
func plain(dn string) (string, bool) {
	upper, inType, start := false, true, 0
	for i := 0; i < len(dn); i++ {
		c := dn[i]
		switch {
		case inType && c == '=':
			if i == start || i+1 == len(dn) || !sameShort(dn[start:i]) {
				return "", false
			}
			inType, start = false, i+1
		case !inType && c == ',':
			if i == start || dn[i-1] == ' ' || i+1 == len(dn) {
				return "", false
			}
			inType, start = true, i+1
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z', c == '-':
		case '0' <= c && c <= '9', c == '_', c == '.', c == '@', c == '\'', c == '/', c == ':', c == '(', c == ')', c == '&':
			if inType && (c > '9' || c < '0' || i == start) {
				return "", false
			}
		case c == ' ':
			if inType || i == start || dn[i-1] == ' ' || i+1 == len(dn) {
				return "", false
			}
		default:
			return "", false
		}
	}
	if inType {
		return "", dn == ""
	}
	if upper {
		dn = strings.ToLower(dn)
	}
	return dn, true
}

// sameShort reports whether a type is already the short name of its attribute.
func sameShort(attr string) bool {
	if len(attr) < 6 {
		return true
	}
	low := strings.ToLower(attr)
	return shortType(low) == low
}

// shortType knows the aliases and numbers of the types that names are made of (RFC 4514 §3, RFC 4519).
func shortType(attr string) string {
	switch strings.TrimPrefix(attr, "oid.") {
	case "commonname", "2.5.4.3":
		return "cn"
	case "surname", "2.5.4.4":
		return "sn"
	case "countryname", "2.5.4.6":
		return "c"
	case "localityname", "2.5.4.7":
		return "l"
	case "stateorprovincename", "2.5.4.8":
		return "st"
	case "streetaddress", "2.5.4.9":
		return "street"
	case "organizationname", "2.5.4.10":
		return "o"
	case "organizationalunitname", "2.5.4.11":
		return "ou"
	case "domaincomponent", "0.9.2342.19200300.100.1.25":
		return "dc"
	case "userid", "0.9.2342.19200300.100.1.1":
		return "uid"
	}
	return attr
}

// ava is one attribute value assertion of a name.
type ava struct {
	attr, value string
	hex         bool // the value is lower-case hex of BER that is no text
}

type parser struct {
	s string
	i int
}

func parse(dn string) ([][]ava, error) {
	p := parser{s: dn}
	p.spaces()
	if p.i == len(p.s) {
		return nil, nil // the root
	}
	var rdns [][]ava
	var rdn []ava
	for {
		a, err := p.ava()
		if err != nil {
			return nil, err
		}
		rdn = append(rdn, a)
		if p.i == len(p.s) {
			return append(rdns, rdn), nil
		}
		if p.s[p.i] != '+' {
			rdns, rdn = append(rdns, rdn), nil
		}
		p.i++
	}
}

func (p *parser) spaces() {
	for p.i < len(p.s) && p.s[p.i] == ' ' {
		p.i++
	}
}

func (p *parser) ava() (ava, error) {
	p.spaces()
	start := p.i
	for p.i < len(p.s) && isTypeByte(p.s[p.i]) {
		p.i++
	}
	a := ava{attr: p.s[start:p.i]}
	p.spaces()
	if a.attr == "" || p.i == len(p.s) || p.s[p.i] != '=' {
		return a, fmt.Errorf("expected type=value at byte %d", start)
	}
	p.i++
	p.spaces()
	if p.i < len(p.s) && p.s[p.i] == '#' {
		return a, p.hexValue(&a)
	}
	return a, p.text(&a)
}

func isTypeByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '.'
}

// text reads a value up to an unescaped separator; unescaped spaces at its ends do not count.
func (p *parser) text(a *ava) error {
	var b []byte
	keep := 0 // length of b up to the last byte that is not an unescaped space
	for p.i < len(p.s) {
		c := p.s[p.i]
		switch {
		case c == ',' || c == ';' || c == '+':
			a.value = string(b[:keep])
			return nil
		case c == '"' || c == '<' || c == '>' || c == 0:
			return fmt.Errorf("byte %d must be escaped", p.i)
		case c != '\\':
			b = append(b, c)
			p.i++
			if c != ' ' {
				keep = len(b)
			}
		default:
			n, err := p.escape(&b)
			if err != nil {
				return err
			}
			p.i += n
			keep = len(b)
		}
	}
	a.value = string(b[:keep])
	return nil
}

func (p *parser) escape(b *[]byte) (int, error) {
	rest := p.s[p.i+1:]
	if rest == "" {
		return 0, errors.New("the name ends in a backslash")
	}
	if strings.IndexByte(` "#+,;<=>\`, rest[0]) >= 0 {
		*b = append(*b, rest[0])
		return 2, nil
	}
	if len(rest) >= 2 {
		if raw, err := hex.DecodeString(rest[:2]); err == nil {
			*b = append(*b, raw[0])
			return 3, nil
		}
	}
	return 0, fmt.Errorf("unknown escape at byte %d", p.i)
}

// hexValue reads #hex, the BER of a value; the string types become text.
func (p *parser) hexValue(a *ava) error {
	start := p.i + 1
	end := start
	for end < len(p.s) && strings.IndexByte(",;+ ", p.s[end]) < 0 {
		end++
	}
	raw, err := hex.DecodeString(p.s[start:end])
	if err != nil || len(raw) < 2 {
		return fmt.Errorf("bad hex value at byte %d", p.i)
	}
	p.i = end
	p.spaces()
	if p.i < len(p.s) && strings.IndexByte(",;+", p.s[p.i]) < 0 {
		return fmt.Errorf("unexpected text at byte %d", p.i)
	}
	if t := raw[0]; (t == 0x04 || t == 0x0c || t == 0x13 || t == 0x16) && raw[1] < 0x80 && int(raw[1]) == len(raw)-2 {
		a.value = string(raw[2:])
		return nil
	}
	a.value, a.hex = hex.EncodeToString(raw), true
	return nil
}

func canonical(a ava) string {
	if a.hex {
		return "#" + a.value
	}
	if !utf8.ValidString(a.value) {
		return fmt.Sprintf("#04%02x%x", len(a.value)&0x7f, a.value)
	}
	folded := strings.Join(strings.Fields(Fold(a.value)), " ")
	var b strings.Builder
	for i := 0; i < len(folded); i++ {
		c := folded[i]
		switch {
		case strings.IndexByte(`,+"\<>;=#`, c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\%02x", c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// Fold makes texts that caseIgnoreMatch holds for equal: NFKC and full case folding, until nothing changes any more.
func Fold(s string) string {
	ascii := true
	for i := 0; i < len(s) && ascii; i++ {
		ascii = s[i] < utf8.RuneSelf
	}
	if ascii {
		return strings.ToLower(s)
	}
	for range 4 {
		next := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}
