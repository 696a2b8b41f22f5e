// Package show draws what people see in a terminal: lists as tables, CSV or JSON, the summary of a run, progress bars. Standard output
// is data, standard error is prose; nothing is drawn on what is no terminal. Tables fit 80 columns where their content allows it.
package show

import (
	"strings"
	"time"
)

// Day is a moment for people: date and minute in UTC; empty for none.
func Day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// Wrap breaks text at spaces into lines of at most width runes; a longer word stays whole.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}
