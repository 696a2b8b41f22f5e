// Package fold makes the keys by which accounts and persons are matched: trimmed, in Unicode's compatibility form (NFKC, UAX #15) and
// with full case folding (Unicode §3.13, the default one that is not Turkish): "STRASSE" and "straße" are one key, full-width "Ａda"
// and "ada" too. A Turkish dotted İ folds to "i̇" (i and a combining dot), which is not "i"; a dotless ı stays itself.
//
// ClickHouse has no case folding, therefore keys are made here when a snapshot is loaded and compared there.
package fold

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is the folded form of s; an empty one matches nothing.
func Key(s string) string {
	if lower, ok := ascii(s); ok {
		return lower
	}
	if !utf8.ValidString(s) {
		return bytewise(s)
	}
	// A Caser keeps state and must not be shared between goroutines; few names come this way.
	return strings.TrimSpace(norm.NFKC.String(strings.Map(cherokee, cases.Fold().String(norm.NFKC.String(s)))))
}

// bytewise folds the ASCII letters of a text in another encoding. The Unicode functions would turn all its strange bytes into U+FFFD, and so
// two different names into one key.
func bytewise(s string) string {
	b := []byte(strings.Trim(s, " \t\r\n"))
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// cherokee folds to the capitals, as CaseFolding.txt says; x/text's Fold swaps capitals and small letters of this one script.
func cherokee(r rune) rune {
	switch {
	case r >= 0x13F8 && r <= 0x13FD:
		return r - 8
	case r >= 0xAB70 && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	}
	return r
}

// ascii folds s when it has nothing but ASCII in it, which nearly all keys do.
func ascii(s string) (string, bool) {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return "", false
		}
	}
	return strings.ToLower(strings.TrimSpace(s)), true
}
