// Package fold makes the keys by which accounts and persons are matched: trimmed, in Unicode's compatibility form (NFKC, UAX #15) and
// with full case folding (Unicode §3.13, the default one that is not Turkish): "STRASSE" and "straße" are one key, full-width "Ａda"
// and "ada" too. A Turkish dotted İ folds to "i̇" (i and a combining dot), which is not "i"; a dotless ı stays itself.
//
// ClickHouse has no case folding, therefore keys are made here when a snapshot is loaded and compared there.
package fold

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key is the folded form of s; an empty one matches nothing.
func Key(s string) string {
	if lower, ok := ascii(s); ok {
		return lower
	}
	// A Caser keeps state and must not be shared between goroutines; few names come this way.
	return strings.TrimSpace(norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s))))
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
