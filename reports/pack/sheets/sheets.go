// Package sheets reads the tables of packs again, strictly: a table has exactly the columns that it was written with, in their order. Errors name the
// table and the row.
package sheets

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"muster/internal/sheet"
)

// Head gives the columns that a table is written with.
func Head(fill func(*sheet.Table) error) ([]string, error) {
	var b bytes.Buffer
	t := sheet.NewTable(&b)
	if err := fill(t); err != nil {
		return nil, err
	}
	if _, err := t.Close(); err != nil {
		return nil, err
	}
	return sheet.NewReader(&b).Read()
}

// Rows reads the rows of a table; cell gives the value of a column, which must be one of them.
func Rows(in io.Reader, name string, columns []string, yield func(cell func(string) string) error) error {
	rows := sheet.NewReader(in)
	head, err := rows.Read()
	if err != nil {
		return fmt.Errorf("%s: read its head: %w", name, err)
	}
	if !slices.Equal(head, columns) {
		return fmt.Errorf("%s: its columns are %q, not %q", name, head, columns)
	}
	at := map[string]int{}
	for i, c := range columns {
		at[c] = i
	}
	var row []string
	cell := func(column string) string {
		i, ok := at[column]
		if !ok {
			panic(name + " has no column " + column)
		}
		return row[i]
	}
	for n := 2; ; n++ {
		if row, err = rows.Read(); err == io.EOF {
			return nil
		}
		if err == nil {
			err = yield(cell)
		}
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", name, n, err)
		}
	}
}
