package show

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

// Printer writes to the two streams of a command: data to Out, prose to Err.
type Printer struct {
	Out, Err io.Writer
	Format   string // table, json or csv
}

// Listing is something that can be shown as a table, as CSV, or as the JSON of its items.
type Listing struct {
	Head  []string
	Rows  [][]string
	Items any    // what json prints
	Empty string // said on Err when a table would have no row
	Wide  int    // index of the column that gives way when the terminal is narrow; -1 for none
}

// List writes a listing in the Printer's format.
func (p Printer) List(l Listing) error {
	switch p.Format {
	case "json":
		enc := json.NewEncoder(p.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(l.Items)
	case "csv":
		w := csv.NewWriter(p.Out)
		if err := w.Write(l.Head); err != nil {
			return err
		}
		if err := w.WriteAll(l.Rows); err != nil {
			return err
		}
		return w.Error()
	}
	if len(l.Rows) == 0 {
		fmt.Fprintln(p.Err, l.Empty)
		return nil
	}
	return p.table(l)
}

func (p Printer) table(l Listing) error {
	rows := append([][]string{upper(l.Head)}, l.Rows...)
	if width := p.Columns(); width > 0 && l.Wide >= 0 {
		shrink(rows, l.Wide, width)
	}
	w := tabwriter.NewWriter(p.Out, 0, 0, 2, ' ', 0)
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

// Columns is the width of the terminal that standard output is, or 0 when it is none.
func (p Printer) Columns() int {
	f, ok := p.Out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// Terminal reports whether w is a terminal that may be drawn on.
func Terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}
