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
func (d *Doc) Visible(s string, font Font) string { return visible(s, d.covers[font].has) }

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

// Wrap cuts text into lines no wider than width. It breaks at spaces, after separators (/ , : ; =), then after what joins names (- _ . @ +), and
// elsewhere only when nothing else fits; nothing is left out. A line break inside the text is data and shown as ⟦U+000A⟧.
func (d *Doc) Wrap(text string, width float64, font Font, size float64) []string {
	limit := width*d.scale(size) + 0.5
	runes := []rune(d.Visible(text, font))
	var lines []string
	for from := 0; from < len(runes); {
		total, breakAt, poorAt, to := 0.0, -1, -1, from
		for to < len(runes) {
			r := runes[to]
			w := d.runeWidth(r, font)
			if total+w > limit && to > from && r != ' ' {
				break
			}
			total += w
			to++
			if to < len(runes) {
				switch mayBreak(r, runes[to]) {
				case goodBreak:
					breakAt = to
				case poorBreak:
					poorAt = to
				}
			}
		}
		switch {
		case to == len(runes):
		case breakAt > from:
			to = breakAt
		case poorAt > from:
			to = poorAt
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

// breakKind says how good a place to end a line is.
type breakKind int

const (
	noBreak   breakKind = iota
	poorBreak           // inside a name or an address, when nothing better fits
	goodBreak
)

// mayBreak judges the place between two runes: after spaces and separators, poorly after what joins names, and not inside ids,
// numbers and dates, where a digit follows.
func mayBreak(r, next rune) breakKind {
	switch {
	case r == ' ' && next != ' ':
		return goodBreak
	case next == ' ' || unicode.IsDigit(next):
		return noBreak
	case strings.ContainsRune("/,;:|=)", r):
		return goodBreak
	case strings.ContainsRune("_.@+-", r):
		return poorBreak
	}
	return noBreak
}

// longestWord is the width of the widest part of a text that Wrap would rather not cut.
func (d *Doc) longestWord(text string, font Font, size float64) float64 {
	widest, width := 0.0, 0.0
	runes := []rune(d.Visible(text, font))
	for i, r := range runes {
		if r != ' ' {
			width += d.runeWidth(r, font)
		}
		if i+1 == len(runes) || mayBreak(r, runes[i+1]) == goodBreak {
			widest, width = max(widest, width), 0
		}
	}
	return widest / d.scale(size)
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
