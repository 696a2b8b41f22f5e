// Package sheet writes tables for people who open them in a spreadsheet: CSV of RFC 4180 (comma, CRLF) in UTF-8, in which no value is
// computed when it is opened (OWASP "CSV Injection"), not even where the list separator is a semicolon. Original gives every value back
// as it was. What is not UTF-8 is written as package octets says; what a source gave is so already. A Table is used by one goroutine at a time.
package sheet

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"muster/internal/octets"
)

// Table writes one CSV table. It keeps every byte of a value, line breaks too, which encoding/csv does not with CRLF line ends.
type Table struct {
	w       *bufio.Writer
	columns int
	rows    int64
}

// NewTable writes to w; Close flushes.
func NewTable(w io.Writer) *Table { return &Table{w: bufio.NewWriterSize(w, 1<<16)} }

// Head writes the column names.
func (t *Table) Head(names []string) error {
	if t.columns > 0 || len(names) == 0 {
		return fmt.Errorf("write csv: one head with at least one column is needed")
	}
	t.columns = len(names)
	return t.line(names)
}

// Row writes one row.
func (t *Table) Row(values []string) error {
	if len(values) != t.columns {
		return fmt.Errorf("write csv: row %d has %d values, the head has %d", t.rows+1, len(values), t.columns)
	}
	t.rows++
	return t.line(values)
}

// Close flushes and returns how many rows there are.
func (t *Table) Close() (rows int64, err error) {
	if t.columns == 0 {
		return 0, fmt.Errorf("write csv: the table has no head")
	}
	return t.rows, t.w.Flush()
}

func (t *Table) line(values []string) error {
	for i, v := range values {
		if i > 0 {
			_ = t.w.WriteByte(',') // the writer's error is sticky; the last write below returns it
		}
		if !utf8.ValidString(v) {
			v = octets.Encode(v)
		}
		v = Neutral(v)
		if !strings.ContainsAny(v, ",;\t\"\r\n") && v != "" && v[0] != ' ' {
			_, _ = t.w.WriteString(v)
			continue
		}
		_ = t.w.WriteByte('"')
		_, _ = t.w.WriteString(strings.ReplaceAll(v, `"`, `""`))
		_ = t.w.WriteByte('"')
	}
	_, err := t.w.WriteString("\r\n")
	return err
}
