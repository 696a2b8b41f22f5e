// Package names invents people's names of many cultures, and derives the ASCII forms that logins and e-mail addresses are
// made of.
//
// A name is a Latin spelling with its diacritics (Łukasz, Weiß, Yıldız) or a native script with its usual transliteration
// (Олена, Olena). Every choice is a function of numbers that the caller gives; the package holds no state that changes and is
// safe for concurrent use. Nobody in the lists is meant to be a real person.
package names

import (
	_ "embed"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

//go:embed names.txt
var source string

// Name is one given or family name.
type Name struct {
	Native string // as the person writes it, possibly in another script
	Latin  string // in Latin letters, with diacritics
	ASCII  string // a-z only
	Key    int    // equal for two names of the same kind exactly when their ASCII forms are equal
}

// Foreign reports whether the native form is not written in Latin letters.
func (n Name) Foreign() bool { return n.Native != n.Latin }

// Book is all names, by culture.
type Book struct {
	cultures   []culture
	GivenKeys  int // keys of given names are below it
	FamilyKeys int // keys of family names are below it
}

type culture struct{ given, family []Name }

// Open parses the embedded lists.
func Open() (*Book, error) {
	b := &Book{}
	given, family := map[string]int{}, map[string]int{}
	for i, line := range strings.Split(strings.TrimSpace(source), "\n") {
		parts := strings.Split(line, "|")
		if len(parts) != 3 {
			return nil, fmt.Errorf("read names: line %d has %d parts, want 3", i+1, len(parts))
		}
		b.cultures = append(b.cultures, culture{given: parse(parts[1], given), family: parse(parts[2], family)})
	}
	b.GivenKeys, b.FamilyKeys = len(given), len(family)
	return b, nil
}

func parse(list string, keys map[string]int) []Name {
	var out []Name
	for _, s := range strings.Split(list, ",") {
		native, latin, ok := strings.Cut(s, "=")
		if !ok {
			latin = native
		}
		n := Name{Native: native, Latin: latin, ASCII: ASCII(latin)}
		k, seen := keys[n.ASCII]
		if !seen {
			k = len(keys)
			keys[n.ASCII] = k
		}
		n.Key = k
		out = append(out, n)
	}
	return out
}

// Pick chooses a given and a family name by a random number; five of six pairs are of one culture.
func (b *Book) Pick(r uint64) (given, family Name) {
	g := b.cultures[r%uint64(len(b.cultures))]
	f := g
	r /= uint64(len(b.cultures))
	if r%6 == 0 {
		f = b.cultures[(r/6)%uint64(len(b.cultures))]
	}
	r /= 6 * 64
	given = g.given[r%uint64(len(g.given))]
	r /= uint64(len(g.given))
	return given, f.family[r%uint64(len(f.family))]
}

// letters that do not decompose into an ASCII letter and marks.
func special(r rune) string {
	switch r {
	case 'ł':
		return "l"
	case 'ø':
		return "o"
	case 'ß':
		return "ss"
	case 'ı':
		return "i"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'æ':
		return "ae"
	}
	return ""
}

// ASCII spells a Latin name with a-z alone.
func ASCII(latin string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(latin) {
		r = unicode.ToLower(r)
		if r >= 'a' && r <= 'z' {
			b.WriteRune(r)
			continue
		}
		b.WriteString(special(r))
	}
	return b.String()
}

// Numbered makes the n-th holder's name of a base unique: jsmith, jsmith2, jsmith3.
func Numbered(base string, n uint32) string {
	if n == 0 {
		return base
	}
	return fmt.Sprintf("%s%d", base, n+1)
}

// Spelled keeps a name's own letters, in lower case; İ stays, because its lower case is two code points.
func Spelled(name string) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == 'İ':
			b.WriteRune(r)
		case unicode.IsUpper(r) || unicode.IsLower(r):
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}
