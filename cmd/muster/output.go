package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"golang.org/x/term"
)

// listing is something that can be shown as a table, as CSV, or as the JSON of its items.
type listing struct {
	head  []string
	rows  [][]string
	items any // what -o json prints
	empty string
	wide  int // index of the column that gives way when the terminal is narrow; -1 for none
}

// print writes the listing in the format of -o.
func (a *app) print(l listing) error {
	switch a.format {
	case "json":
		enc := json.NewEncoder(a.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(l.items)
	case "csv":
		w := csv.NewWriter(a.stdout)
		if err := w.Write(l.head); err != nil {
			return err
		}
		if err := w.WriteAll(l.rows); err != nil {
			return err
		}
		return w.Error()
	}
	if len(l.rows) == 0 {
		fmt.Fprintln(a.stderr, l.empty)
		return nil
	}
	return a.table(l)
}

func (a *app) table(l listing) error {
	rows := append([][]string{upper(l.head)}, l.rows...)
	if width := a.columns(); width > 0 && l.wide >= 0 {
		shrink(rows, l.wide, width)
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t"))
	}
	return w.Flush()
}

// shrink cuts one column so that the widest row fits; the cut is marked.
func shrink(rows [][]string, wide, width int) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell)+2)
		}
	}
	room := width + 1
	for i, w := range widths {
		if i != wide {
			room -= w
		}
	}
	room = max(room-2, 12)
	for _, row := range rows {
		if wide < len(row) {
			row[wide] = ellipsis(row[wide], room)
		}
	}
}

func ellipsis(s string, room int) string {
	if utf8.RuneCountInString(s) <= room {
		return s
	}
	r := []rune(s)
	return string(r[:room-1]) + "…"
}

func upper(head []string) []string {
	out := make([]string, len(head))
	for i, h := range head {
		out[i] = strings.ToUpper(strings.ReplaceAll(h, "_", " "))
	}
	return out
}

// columns is the width of the terminal that standard output is, or 0 when it is none.
func (a *app) columns() int {
	f, ok := a.stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// terminal reports whether w is a terminal that may be drawn on.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}
