package typeface

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"muster/internal/octets"
)

// Visible replaces what the face cannot show, or would show as something else, by its code point in brackets, ⟦U+202E⟧: runes without a
// glyph and beyond the Basic Multilingual Plane, control and formatting characters (right-to-left overrides, zero-width spaces), and bytes
// that are not UTF-8 as ⟦0xFF⟧. The bracket itself is replaced too, so nothing can pretend to be a replacement; only ⟦FF⟧, which stands for
// such a byte already (package octets), stays.
func (f *Face) Visible(s string) string {
	return visible(s, func(_, r rune) bool { return Plain(r) && f.Has(r) })
}

// Screen is Visible for a screen, which has glyphs for every script and for emoji and lays out both directions by itself: only what hides,
// reorders or breaks text is replaced. The joiners stay where they are part of the writing, after emoji and letters that join.
func Screen(s string) string {
	return visible(s, func(before, r rune) bool {
		if r == '\u200C' || r == '\u200D' {
			return before >= 0x590 && !unicode.Is(unicode.Cf, before)
		}
		return Plain(r)
	})
}

// Plain reports whether a rune is neither a control nor a formatting character, stands for itself and for nothing else.
func Plain(r rune) bool {
	if r < 0x7f {
		return r >= 0x20
	}
	return r != '⟦' && r != utf8.RuneError && r&0xfffe != 0xfffe && !unicode.In(r, unicode.Cf, unicode.Cc, unicode.Zl, unicode.Zp)
}

// visible replaces every rune that shown, which is also told the one before it, denies.
func visible(s string, shown func(before, r rune) bool) string {
	clean, before := true, rune(0)
	for _, r := range s {
		if !shown(before, r) {
			clean = false
			break
		}
		before = r
	}
	if clean {
		return s
	}
	var b strings.Builder
	before = 0
	octet := 0 // where the ⟦XX⟧ ends that is under way
	for i, r := range s {
		if _, ok := octets.First(s[i:]); ok {
			octet = i + octets.Size
		}
		switch {
		case i < octet:
			b.WriteRune(r)
		case r == utf8.RuneError && s[i] != 0xEF:
			fmt.Fprintf(&b, "⟦0x%02X⟧", s[i])
		case shown(before, r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		}
		before = r
	}
	return b.String()
}
