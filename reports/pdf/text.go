package pdf

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Visible replaces what the page cannot show, or would show as something else, by its code point in brackets, ⟦U+202E⟧: runes
// without a glyph and beyond the Basic Multilingual Plane, control and formatting characters (right-to-left overrides,
// zero-width spaces), and bytes that are not UTF-8 as ⟦0xFF⟧. The bracket itself is replaced too, so nothing can pretend to
// be a replacement.
func (d *Doc) Visible(s string) string { return visible(s, d.covers) }

func visible(s string, covers func(rune) bool) string {
	clean := true
	for _, r := range s {
		if !plain(r, covers) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && s[i] != 0xEF:
			fmt.Fprintf(&b, "⟦0x%02X⟧", s[i])
		case plain(r, covers):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "⟦U+%04X⟧", r)
		}
	}
	return b.String()
}

func plain(r rune, covers func(rune) bool) bool {
	if r < 0x7f {
		return r >= 0x20
	}
	return r != '⟦' && r != utf8.RuneError && r < 1<<16 && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Cc, r) &&
		!unicode.Is(unicode.Zl, r) && !unicode.Is(unicode.Zp, r) && covers(r)
}

// Wrap cuts text into lines no wider than width. It breaks at spaces, after punctuation that joins names (/ - _ . , : @ = +), and
// inside a word only when nothing else fits; nothing is left out.
func (d *Doc) Wrap(text string, width float64, font Font, size float64) []string {
	var lines []string
	for _, para := range strings.Split(text, "\n") {
		lines = append(lines, d.wrapOne(d.Visible(para), width, font, size)...)
	}
	return lines
}

func (d *Doc) wrapOne(text string, width float64, font Font, size float64) []string {
	limit := width*d.scale(size) + 0.5
	runes := []rune(text)
	var lines []string
	for from := 0; from < len(runes); {
		total, breakAt, to := 0.0, -1, from
		for to < len(runes) {
			r := runes[to]
			w := d.runeWidth(r, font)
			if total+w > limit && to > from && r != ' ' {
				break
			}
			total += w
			to++
			if r == ' ' || strings.ContainsRune("/-_.,:;@=+|›→", r) && to < len(runes) {
				breakAt = to
			}
		}
		if to < len(runes) && breakAt > from {
			to = breakAt
		}
		lines = append(lines, strings.TrimRight(string(runes[from:to]), " "))
		from = to
		for from < len(runes) && runes[from] == ' ' {
			from++
		}
	}
	if len(lines) == 0 {
		lines = []string{""}
	}
	return lines
}

// scale turns a width in millimetres into thousandths of an em at a font size.
func (d *Doc) scale(size float64) float64 { return 1000 / (size * pointMM) }

// runeWidth is a rune's width in thousandths of an em.
func (d *Doc) runeWidth(r rune, font Font) float64 {
	if w, ok := d.widths[font][r]; ok {
		return w
	}
	d.setFont(font, 10)
	w := float64(d.f.GetStringSymbolWidth(string(r)))
	d.widths[font][r] = w
	return w
}

// TextWidth is how wide a line of visible text is.
func (d *Doc) TextWidth(text string, font Font, size float64) float64 {
	total := 0.0
	for _, r := range text {
		total += d.runeWidth(r, font)
	}
	return total / d.scale(size)
}
