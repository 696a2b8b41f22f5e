// Package schema knows what attributes of a directory mean, whatever their values: which prove who somebody is, and which cannot hold every
// text. Standards: RFC 4519, RFC 4524 §2.16. It is pure.
package schema

import (
	"slices"
	"strings"
	"unicode"
)

// Secret reports whether an attribute holds what proves who somebody is, or what that can be computed from.
func Secret(attr string) bool {
	name, _, _ := strings.Cut(strings.ToLower(attr), ";")
	for _, part := range []string{"password", "passwd", "secret", "pwdhistory", "pwdreset", "krbprincipalkey", "krbmkey", "lmhash", "nthash", "privatekey"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasPrefix(name, "oath") && strings.Contains(name, "key")
}

// Fit leaves out what the directory's schema cannot hold: mail is an IA5String (RFC 4524 §2.16), and the addresses of HR may be
// internationalised (RFC 6531). It says in words what it left out; a person without it is better served than one without an account.
func Fit(attrs map[string][]string) string {
	for attr, values := range attrs {
		if strings.EqualFold(attr, "mail") && slices.ContainsFunc(values, func(v string) bool { return !ascii(v) }) {
			delete(attrs, attr)
			return ", without mail: " + values[0] + " is not ASCII"
		}
	}
	return ""
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}
