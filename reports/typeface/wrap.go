package typeface

import (
	"strings"
	"unicode"
)

// Wrap cuts text into lines no wider than width. It breaks at spaces, after separators (/ , : ; =), then after what joins names (- _ . @ +), and
// elsewhere only when nothing else fits; nothing is left out. A line break inside the text is data and shown as ⟦U+000A⟧.
func (f *Face) Wrap(text string, width, size float64) []string {
	text = f.Visible(text)
	limit := int(width*1000/(size*PointMM) + 0.5)
	if whole := strings.TrimRight(text, " "); fits(f, whole, limit) {
		return []string{whole}
	}
	runes := []rune(text)
	var lines []string
	for from := 0; from < len(runes); {
		to := lineEnd(f, runes, from, limit)
		lines = append(lines, strings.TrimRight(string(runes[from:to]), " "))
		from = to
		for from < len(runes) && runes[from] == ' ' {
			from++
		}
	}
	return lines
}

func fits(face *Face, text string, limit int) bool {
	total := 0
	for _, r := range text {
		if total += face.Rune(r); total > limit {
			return false
		}
	}
	return true
}

// lineEnd is where the line that begins at from ends.
func lineEnd(face *Face, runes []rune, from, limit int) int {
	total, breakAt, poorAt, to := 0, -1, -1, from
	for to < len(runes) {
		r := runes[to]
		w := face.Rune(r)
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
		return breakAt
	case poorAt > from:
		return poorAt
	}
	return to
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

// LongestWord is the width of the widest part of a text that Wrap would rather not cut.
func (f *Face) LongestWord(text string, size float64) float64 {
	widest, width, before := 0, 0, rune(-1)
	for _, r := range f.Visible(text) {
		if before >= 0 && mayBreak(before, r) == goodBreak {
			widest, width = max(widest, width), 0
		}
		if r != ' ' {
			width += f.Rune(r)
		}
		before = r
	}
	return float64(max(widest, width)) * size * PointMM / 1000
}
