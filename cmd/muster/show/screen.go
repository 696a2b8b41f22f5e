package show

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// Screen writes text that came from a system without letting it act: control characters, escape sequences and marks that turn the
// direction of writing appear as \u001b. That is also how JSON spells them, so JSON that goes through a Screen stays what it says.
type Screen struct {
	Raw io.Writer
	Err error // the first error of a write: most who print look at none
}

// Write writes p; a rune must not be split over two writes.
func (s *Screen) Write(p []byte) (int, error) {
	if _, err := io.WriteString(s.Raw, spell(string(p), "\n\t")); err != nil {
		if s.Err == nil {
			s.Err = err
		}
		return 0, err
	}
	return len(p), nil
}

// Clean is a text for one cell or line: what would act in a terminal is spelt out, line breaks and tabs too.
func Clean(s string) string { return spell(s, "") }

func spell(s, allowed string) string {
	acts := func(r rune) bool { return active(r) && !strings.ContainsRune(allowed, r) }
	if utf8.ValidString(s) && strings.IndexFunc(s, acts) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s { // an invalid byte comes as U+FFFD
		if acts(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// active reports whether a terminal acts on r, or shows a text in another order because of it.
func active(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
}

// raw is the stream below a Screen.
func raw(w io.Writer) io.Writer {
	if s, ok := w.(*Screen); ok {
		return s.Raw
	}
	return w
}

// Terminal reports whether w is a terminal that may be drawn on.
func Terminal(w io.Writer) bool {
	f, ok := raw(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// Columns is the width of the terminal that standard output is, or 0 when it is none.
func (p Printer) Columns() int {
	f, ok := raw(p.Out).(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// columnsOf is how many columns a terminal gives to s: two to a wide East Asian rune, none to a mark that combines.
func columnsOf(s string) int {
	n := 0
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		default:
			n++
			if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
				n++
			}
		}
	}
	return n
}
