package letter

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
	"golang.org/x/text/width"
)

// safe is a text that may be shown: our own words, or what say or fit made harmless.
type safe string

// How much of one text is shown, in characters.
const (
	maxWord    = 100 // a name
	maxLine    = 300 // one change, one reason of many
	maxText    = 1500
	maxSubject = 160
)

// cutMark ends what was cut.
const cutMark = "…"

// say is fmt.Sprintf whose strings are made harmless.
func say(format string, args ...any) safe {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			args[i] = string(fit(a, maxWord))
		case safe:
			args[i] = string(a)
		case int:
		default:
			args[i] = string(fit(fmt.Sprint(a), maxWord))
		}
	}
	return safe(fmt.Sprintf(format, args...))
}

// joined puts texts together.
func joined(list []safe, by string) safe {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = string(s)
	}
	return safe(strings.Join(out, by))
}

// fit makes a text harmless and cuts it to n characters: see the package's comment.
func fit(s string, n int) safe {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	s = unlink(strings.ReplaceAll(s, "\r\n", "\n"))
	var b strings.Builder
	size, turned := 0, false
	for _, r := range s {
		if size++; size > n {
			b.WriteString(cutMark)
			break
		}
		b.WriteString(shown(r))
		turned = turned || rightToLeft(r)
	}
	if turned {
		return safe("\u2068" + b.String() + "\u2069")
	}
	return safe(b.String())
}

// shown is what a character is shown as.
func shown(r rune) string {
	switch {
	case r == '\n', r == '\u2028', r == '\u2029':
		return " ⏎ "
	case r == '\t', unicode.Is(unicode.Zs, r):
		return " "
	case !unicode.IsGraphic(r), r == utf8.RuneError, blank(r):
		return fmt.Sprintf("⟦U+%04X⟧", r)
	}
	return string(r)
}

// blank reports whether a character is drawn as nothing, though Unicode calls it graphic, or could be taken for our own mark.
func blank(r rune) bool {
	switch r {
	case '\u115F', '\u1160', '\u3164', '\uFFA0', '\u2800', '\u17B4', '\u17B5', '⟦':
		return true
	}
	return unicode.Is(unicode.Variation_Selector, r) && r != '\uFE0F'
}

func rightToLeft(r rune) bool {
	p, _ := bidi.LookupRune(r)
	return p.Class() == bidi.R || p.Class() == bidi.AL
}

// plainID is what can stand in a command as it is, whatever shell reads it.
var plainID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$`)

// shell gives a command about an id; none when the id could be more than a word to a shell, or something to click on.
func shell(command func(id string) string, id string) string {
	if command == nil || !plainID.MatchString(id) || unlink(id) != id {
		return ""
	}
	return command(id)
}

// www begins what clients make a link of without being asked.
var www = regexp.MustCompile(`(?i)\b(www)\.`)

// unlink breaks addresses of the web, so that no name in a system becomes something to click on.
func unlink(s string) string {
	return www.ReplaceAllString(strings.ReplaceAll(s, "://", "[:]//"), "$1[.]")
}

// columns is how wide a terminal shows a text.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += column(r)
	}
	return n
}

func column(r rune) int {
	if r < unicode.MaxASCII {
		return 1
	}
	switch k := width.LookupRune(r).Kind(); {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case k == width.EastAsianWide, k == width.EastAsianFullwidth:
		return 2
	}
	return 1
}

// Name makes a text fit for a header: harmless, short, and nothing that a reader takes for an encoded word (RFC 2047).
func Name(s string) string { return header(fit(s, 80)) }

// header takes from a text what would be decoded.
func header(s safe) string { return strings.ReplaceAll(string(s), "=?", "= ?") }
