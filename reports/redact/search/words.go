package search

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// word is one run of letters, digits and marks of a text.
type word struct {
	from, to   int  // in the text
	start, end int  // in the folded text, with its separators
	at, until  int  // in the folded text with one space between words
	near       bool // so little stands between it and the word before that they may be one name
}

// taken is a text taken apart.
type taken struct {
	raw    string
	folded string // with its separators
	plain  string // with one space between words
	words  []word
}

// gap is how many characters may stand between two words of one name: "Lee,\ Ann".
const gap = 3

// take takes a text apart.
func take(s string) taken {
	folded, plain := make([]byte, 0, len(s)+8), make([]byte, 0, len(s)+8)
	var words []word
	between, blank, inside := 0, true, false
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError {
			_, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case unicode.Is(unicode.Cf, r): // what nobody sees
		case !wordly(r):
			if inside {
				inside, between, blank = false, 0, true
			}
			between++
			blank = blank && unicode.IsSpace(r)
			folded = append(folded, s[i:i+size]...)
		default:
			if !inside {
				if len(words) > 0 {
					plain = append(plain, ' ')
				}
				words = append(words, word{from: i, start: len(folded), at: len(plain), near: between <= gap || blank})
				inside = true
			}
			before := len(folded)
			folded = fold(folded, r)
			plain = append(plain, folded[before:]...)
			w := &words[len(words)-1]
			w.to, w.end, w.until = i+size, len(folded), len(plain)
		}
	}
	return taken{s, string(folded), string(plain), words}
}

// wordly reports whether a word may hold a character; apostrophes that count as letters part words too.
func wordly(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
	}
	return r != 'ʻ' && r != 'ʼ' && (unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r))
}

// fold appends a character as it is compared: small, without marks, in its compatibility form.
func fold(to []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return append(to, byte(r))
	}
	if s := special(unicode.ToLower(r)); s != "" {
		return append(to, s...)
	}
	for _, d := range norm.NFKD.String(string(r)) {
		if !unicode.IsMark(d) {
			to = utf8.AppendRune(to, unicode.ToLower(d))
		}
	}
	return to
}

// special are letters that do not decompose into one of ASCII and marks.
func special(r rune) string {
	switch r {
	case 'ß':
		return "ss"
	case 'ł':
		return "l"
	case 'ø':
		return "o"
	case 'ı':
		return "i"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'æ':
		return "ae"
	case 'œ':
		return "oe"
	}
	return ""
}

// first is the first word of some words, folded.
func (t taken) first(i int) string { return t.folded[t.words[i].start:t.words[i].end] }

// id is words i up to j, as an identifier is looked up.
func (t taken) id(i, j int) string { return t.folded[t.words[i].start:t.words[j-1].end] }

// name is words i up to j, as a name is looked up; empty where too much stands between them.
func (t taken) name(i, j int) string {
	for _, w := range t.words[i+1 : j] {
		if !w.near {
			return ""
		}
	}
	return t.plain[t.words[i].at:t.words[j-1].until]
}
