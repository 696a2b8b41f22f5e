package sheet

import (
	"strings"
	"unicode"
)

// formulaStarts are the characters that make spreadsheets compute what follows (OWASP "CSV Injection"); the wide and the small forms are
// evaluated by some locales.
const formulaStarts = "=+-@＝＋－＠﹦﹢﹣﹫"

// cellEnds are the characters that a spreadsheet may take for the end of a cell although it stands between quotes: where the list
// separator is a semicolon or a tab, the quotes of a comma-separated file do not stand at a cell's start, and mean nothing.
const cellEnds = ";\t\r\n"

// Neutral makes a value that no spreadsheet computes: an apostrophe is put before it when it begins with what could be a formula, or
// with a tab, a line break or an apostrophe; and so it is within the value after each character of cellEnds.
func Neutral(value string) string {
	at := marks(value)
	if len(at) == 0 {
		return value
	}
	var b strings.Builder
	b.Grow(len(value) + len(at))
	from := 0
	for _, i := range at {
		b.WriteString(value[from:i])
		b.WriteByte('\'')
		from = i
	}
	b.WriteString(value[from:])
	return b.String()
}

// marks finds where apostrophes go, in ascending order. White space, controls and characters that have no width do not hide a formula,
// because some spreadsheets drop them.
func marks(value string) []int {
	if harmless(value) { // most values
		return nil
	}
	var at []int
	waiting := []int{0} // starts of which is not known yet what follows
	for i, r := range value {
		switch {
		case strings.ContainsRune(formulaStarts, r):
			at = append(at, waiting...)
			waiting = waiting[:0]
		case r == '\'' && len(waiting) > 0 && waiting[len(waiting)-1] == i, i == 0 && strings.ContainsRune("\t\r\n", r):
			at = append(at, i)
			waiting = waiting[:0]
		case !invisible(r):
			waiting = waiting[:0]
		}
		if strings.ContainsRune(cellEnds, r) && i+1 < len(value) {
			waiting = append(waiting, i+1)
		}
	}
	return at
}

// harmless reports of most values, at the price of one look at each byte, that they need no mark.
func harmless(value string) bool {
	if value == "" {
		return true
	}
	if c := value[0]; c <= ' ' || c >= 0x7f || c == '=' || c == '+' || c == '-' || c == '@' || c == '\'' {
		return false
	}
	for i := range len(value) {
		switch value[i] {
		case ';', '\t', '\r', '\n':
			return false
		}
	}
	return true
}

// Original is the inverse of Neutral.
func Original(cell string) string {
	if !strings.Contains(cell, "'") {
		return cell
	}
	var b strings.Builder
	b.Grow(len(cell))
	start := true
	for i := range len(cell) {
		if start && cell[i] == '\'' {
			start = false
			continue
		}
		b.WriteByte(cell[i])
		start = strings.IndexByte(cellEnds, cell[i]) >= 0
	}
	return b.String()
}

// invisible reports whether a spreadsheet could drop a character at the start of a cell.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}
