package show

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
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
	Empty string // said on Err when there is no row
	Right []int  // columns of numbers
	Wide  int    // index of the last column, which gives way when the terminal is narrow; -1 to list one field a line then
	Drop  []int  // columns that a narrow terminal does without, the first to go first; the wide one is then cut instead of broken into lines
}

// List writes a listing in the Printer's format.
func (p Printer) List(l Listing) error {
	if len(l.Rows) == 0 && l.Empty != "" {
		fmt.Fprintln(p.Err, l.Empty)
	}
	switch p.Format {
	case "json":
		enc := json.NewEncoder(p.Out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(l.Items)
	case "csv":
		out := p.Out
		if p.Columns() == 0 {
			out = raw(out) // data for programs: exactly what the systems hold
		}
		w := csv.NewWriter(out)
		if err := w.Write(l.Head); err != nil {
			return err
		}
		return w.WriteAll(l.Rows)
	}
	if len(l.Rows) == 0 {
		return nil
	}
	return p.table(l)
}

func (p Printer) table(l Listing) error {
	g := newGrid(append([][]string{upper(l.Head)}, l.Rows...), l.Right)
	if room := p.Columns(); room > 0 && g.columns() > room {
		if l.Wide < 0 {
			return p.fields(l)
		}
		g.fit(room, l.Wide, l.Drop)
	}
	_, err := io.WriteString(p.Out, g.String())
	return err
}

// fields writes one field a line: what is to be copied stays whole.
func (p Printer) fields(l Listing) error {
	var rows [][]string
	for _, row := range l.Rows {
		for i, cell := range row {
			rows = append(rows, []string{l.Head[i], cell})
		}
	}
	_, err := io.WriteString(p.Out, newGrid(rows, nil).String())
	return err
}

func upper(head []string) []string {
	out := make([]string, len(head))
	for i, h := range head {
		out[i] = strings.ToUpper(strings.ReplaceAll(h, "_", " "))
	}
	return out
}
