// Package show draws what people see in a terminal: lists as tables, CSV or JSON, the summary of a run, progress bars. Standard output
// is data, standard error is prose; nothing is drawn on what is no terminal. Tables fit 80 columns where their content allows it, and
// nothing that a system holds can act on the terminal.
package show

import (
	"fmt"
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

// Wrap breaks text at spaces into lines of at most columns; a longer word stays whole.
func Wrap(text string, columns int) []string {
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(text) {
		word = Clean(word)
		n := columnsOf(word)
		switch {
		case line == "":
			line, used = word, n
		case used+1+n > columns:
			lines = append(lines, line)
			line, used = word, n
		default:
			line, used = line+" "+word, used+1+n
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// proseColumns is the widest line of prose that reads well; it also holds where there is no terminal.
const proseColumns = 80

// Text writes prose to standard output: its first line behind lead, the others below its first word.
func (p Printer) Text(lead, text string) {
	room := proseColumns
	if n := p.Columns(); n > 0 {
		room = min(room, n)
	}
	indent := columnsOf(lead)
	for i, line := range Wrap(text, max(room-indent, 20)) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		fmt.Fprintln(p.Out, lead+line)
	}
}
