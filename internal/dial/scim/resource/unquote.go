package resource

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote is the text of a JSON string that encoding/json has found well formed (RFC 8259 §7), byte for byte. encoding/json itself
// would give U+FFFD for what is not UTF-8, and so one id for two: bytes that are not UTF-8 stay as they are here, and half a surrogate
// pair becomes the three bytes that it would have, which are not UTF-8 either.
func unquote(raw []byte) string {
	inner := raw[1:max(len(raw)-1, 1)]
	if i := bytes.IndexByte(inner, '\\'); i >= 0 {
		return string(unescape(inner, i))
	}
	return string(inner)
}

// unescape is what a text with escapes says; the first of them is at a place.
func unescape(s []byte, first int) []byte {
	b := append(make([]byte, 0, len(s)), s[:first]...)
	for i := first; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r := unit(s[i-1:])
			if r < 0 { // no JSON
				continue
			}
			i += 4
			if pair := utf16.DecodeRune(r, unit(s[i+1:])); pair != utf8.RuneError {
				r = pair
				i += 6
			}
			b = appendRune(b, r)
		default: // a quote, a slash, a backslash
			b = append(b, c)
		}
	}
	return b
}

// unit is the \uXXXX at the start of a text, -1 when there is none.
func unit(s []byte) rune {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return -1
	}
	r, err := strconv.ParseUint(string(s[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(r)
}

// appendRune writes surrogates too.
func appendRune(b []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(b, 0xE0|byte(r>>12), 0x80|byte(r>>6)&0x3F, 0x80|byte(r)&0x3F)
	}
	return utf8.AppendRune(b, r)
}
