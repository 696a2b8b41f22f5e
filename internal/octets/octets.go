// Package octets writes bytes that are not UTF-8 into text, so that they can be seen and had back: each such byte becomes ⟦XX⟧, two
// upper-case hexadecimal digits between U+27E6 and U+27E7, and "K\xf6ln" is "K⟦F6⟧ln". A text that holds what looks like that already has
// its ⟦ written byte by byte, as ⟦E2⟧⟦9F⟧⟦A6⟧. Every other text stays as it is. No two texts are written alike, and Decode gives every
// byte back.
//
// UTF-8 is that of RFC 3629: surrogates and overlong forms are bytes like any others. Functions are pure.
package octets

import (
	"strings"
	"unicode/utf8"
)

const (
	opening = "⟦"
	closing = "⟧"
)

// Size is how many bytes ⟦XX⟧ takes.
const Size = len("⟦XX⟧")

// Encode gives valid UTF-8 for any bytes. A text that needs nothing is returned as it is.
func Encode(s string) string {
	if Plain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 4*Size)
	for i := 0; i < len(s); {
		_, n := utf8.DecodeRuneInString(s[i:])
		_, looks := First(s[i:])
		switch {
		case n == 1 && s[i] >= utf8.RuneSelf:
			write(&b, s[i])
		case looks:
			for j := range len(opening) {
				write(&b, opening[j])
			}
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Decode is the inverse of Encode.
func Decode(s string) string {
	i := next(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for ; i >= 0; i = next(s) {
		octet, _ := First(s[i:])
		b.WriteString(s[:i])
		b.WriteByte(octet)
		s = s[i+Size:]
	}
	b.WriteString(s)
	return b.String()
}

// Plain reports whether Encode leaves a text as it is.
func Plain(s string) bool {
	return utf8.ValidString(s) && (strings.IndexByte(s, opening[0]) < 0 || next(s) < 0) // most texts do not have that byte
}

// First gives the byte that stands as ⟦XX⟧ at the start of a text.
func First(s string) (octet byte, ok bool) {
	if len(s) < Size || s[:len(opening)] != opening || s[Size-len(closing):Size] != closing {
		return 0, false
	}
	high, low := digit(s[len(opening)]), digit(s[len(opening)+1])
	return high<<4 | low, high < 16 && low < 16
}

// next is where the next ⟦XX⟧ stands, -1 when there is none.
func next(s string) int {
	for from := 0; ; {
		i := strings.Index(s[from:], opening)
		if i < 0 {
			return -1
		}
		from += i
		if _, ok := First(s[from:]); ok {
			return from
		}
		from += len(opening)
	}
}

// digits are those of First.
const digits = "0123456789ABCDEF"

// digit is the value of a digit, 255 when it is none.
func digit(c byte) byte { return byte(strings.IndexByte(digits, c)) }

func write(b *strings.Builder, octet byte) {
	b.WriteString(opening)
	b.WriteByte(digits[octet>>4])
	b.WriteByte(digits[octet&15])
	b.WriteString(closing)
}
