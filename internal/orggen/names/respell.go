package names

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"muster/internal/orggen/draw"
)

// Respell writes an address as another system might have it: accents decomposed, all capitals, a full-width letter, or other
// letter case. NFKC and full case folding make all of them equal again.
func Respell(address string, r *draw.Random) string {
	switch r.Below(20) {
	case 0, 1, 2:
		return norm.NFD.String(address)
	case 3, 4:
		return capitals(address)
	case 5:
		if c := address[0]; c >= 'a' && c <= 'z' {
			return string(rune(c)-'a'+'ａ') + address[1:]
		}
	}
	return Recase(address, r)
}

// capitals is upper case as people write it, with SS for ß; ı stays, because I folds to i.
func capitals(s string) string {
	return strings.ReplaceAll(strings.Map(func(c rune) rune {
		if c == 'ı' {
			return c
		}
		return unicode.ToUpper(c)
	}, strings.ReplaceAll(s, "ß", "ss")), "ẞ", "SS")
}

// Recase changes the case of ASCII letters now and then.
func Recase(s string, r *draw.Random) string {
	switch r.Below(8) {
	case 0:
		return strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' {
				return c - 32
			}
			return c
		}, s)
	case 1:
		if s[0] >= 'a' && s[0] <= 'z' {
			return string(s[0]-32) + s[1:]
		}
	}
	return s
}
