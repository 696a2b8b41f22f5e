package frame

import (
	"fmt"
	"strconv"
	"strings"

	"muster/reports/document"
)

// Percent prints a share: 44.4 %. Of nothing it is a dash. Only all is 100.0 %, and only none is 0.0 %.
func Percent(n, of int) string {
	if of == 0 {
		return "–"
	}
	share := 100 * float64(n) / float64(of)
	switch {
	case n < of && share > 99.9:
		share = 99.9
	case n > 0 && share < 0.1:
		share = 0.1
	}
	return strconv.FormatFloat(share, 'f', 1, 64) + " %"
}

// Capital begins a sentence.
func Capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// Of chooses the word that agrees with a number: Of(1, "is", "are").
func Of(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Bounded adds a table, and says when it does not print all that there is.
func (w *Builder) Bounded(caption string, t document.Table, printed, all int, annex string) {
	w.Table(caption, t)
	if all > printed {
		w.Note(fmt.Sprintf("%s are printed, %s more are in %s.", Number(printed), Number(all-printed), annex))
	}
}
