package html

import (
	"html"
	"io"
	"strings"
	"unicode"

	"muster/reports/typeface"
)

// page is a page being written. Errors are sticky.
type page struct {
	w   io.Writer
	err error

	ids      map[string]string // anchors of the headings by their ids
	anchors  []string          // of the headings, in order
	heading  string            // the last one, for what has no name of its own
	headings int
	figures  int
	chapter  bool // a heading of level 1 has been written
}

// raw writes markup, which must be a constant or made by text or attr.
func (p *page) raw(parts ...string) {
	for _, part := range parts {
		if p.err == nil {
			_, p.err = io.WriteString(p.w, part)
		}
	}
}

// text makes customers' text fit to stand between tags: escaped, what hides made visible, right-to-left runs isolated.
func text(s string) string {
	s = typeface.Screen(s)
	first := strings.IndexFunc(s, rightToLeft)
	if first < 0 {
		return html.EscapeString(s)
	}
	var b strings.Builder
	for first >= 0 {
		b.WriteString(html.EscapeString(s[:first]))
		end := runEnd(s[first:])
		b.WriteString("<bdi>" + html.EscapeString(s[first:first+end]) + "</bdi>")
		s = s[first+end:]
		first = strings.IndexFunc(s, rightToLeft)
	}
	b.WriteString(html.EscapeString(s))
	return b.String()
}

// runEnd is where the run of right-to-left text at the beginning of s ends: after its last such letter before one of the other direction.
func runEnd(s string) int {
	end := 0
	for i, r := range s {
		switch {
		case rightToLeft(r) || end == i && (unicode.Is(unicode.M, r) || r == '\u200C' || r == '\u200D'):
			end = i + len(string(r))
		case unicode.IsLetter(r):
			return end
		}
	}
	return end
}

// rightToLeft reports whether a rune belongs to a script that is written from right to left: the blocks that Unicode's DerivedBidiClass
// reserves for them.
func rightToLeft(r rune) bool {
	switch {
	case r < 0x590:
		return false
	case r <= 0x8FF, r >= 0xFB1D && r <= 0xFDFF, r >= 0xFE70 && r <= 0xFEFE, r >= 0x10800 && r <= 0x10FFF, r >= 0x1E800 && r <= 0x1EFFF:
		return !unicode.Is(unicode.M, r)
	}
	return false
}

// attr makes customers' text fit to stand in an attribute between double quotes.
func attr(s string) string { return html.EscapeString(typeface.Screen(s)) }

// class makes the attribute of some class names, those that are not empty.
func class(names ...string) string {
	all := strings.Join(strings.Fields(strings.Join(names, " ")), " ")
	if all == "" {
		return ""
	}
	return ` class="` + all + `"`
}
