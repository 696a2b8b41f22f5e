package reperform

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/pack"
)

// row is one row of a table, by column name; its methods remember the first thing that cannot be read.
type row struct {
	columns map[string]int
	cells   []string
	err     error
}

// each reads a table of the pack. The columns must be there; further ones do not matter.
func each(files fs.FS, name string, columns []string, yield func(r *row) error) error {
	file := pack.AnnexFolder + name + ".csv"
	f, err := files.Open(file)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	defer func() { _ = f.Close() }() // it was only read
	in := sheet.NewReader(f)
	head, err := in.Read()
	if err != nil {
		return fmt.Errorf("%s: read its head: %w", file, err)
	}
	r := &row{columns: map[string]int{}}
	for i, c := range head {
		r.columns[c] = i
	}
	for _, c := range columns {
		if _, ok := r.columns[c]; !ok {
			return fmt.Errorf("%s: it has no column %s", file, c)
		}
	}
	for n := 2; ; n++ {
		if r.cells, err = in.Read(); err == io.EOF {
			return nil
		}
		if err == nil {
			if err = yield(r); err == nil {
				err = r.err
			}
		}
		if err != nil {
			return fmt.Errorf("%s: row %d: %w", file, n, err)
		}
	}
}

func (r *row) text(column string) string { return r.cells[r.columns[column]] }

func (r *row) note(column string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("column %s: %w", column, err)
	}
}

func (r *row) truth(column string) bool {
	b, err := strconv.ParseBool(r.text(column))
	r.note(column, err)
	return b
}

func (r *row) number(column string) int64 {
	n, err := strconv.ParseInt(r.text(column), 10, 64)
	r.note(column, err)
	return n
}

// moment reads a moment or a day; nothing is the zero time.
func (r *row) moment(column, layout string) time.Time {
	text := r.text(column)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(layout, text)
	r.note(column, err)
	return t.UTC()
}

func (r *row) tri(column string) access.Tri {
	switch text := r.text(column); text {
	case "":
		return access.Unknown
	case "true", "false":
		return access.TriOf(text == "true")
	default:
		r.note(column, fmt.Errorf("%q is neither true nor false nor empty", text))
	}
	return access.Unknown
}

func (r *row) json(column string, into any) {
	r.note(column, json.Unmarshal([]byte(r.text(column)), into))
}

// pairs reads a JSON object of texts; an empty one is nil, as a collector leaves it.
func (r *row) pairs(column string) map[string]string {
	var m map[string]string
	if r.json(column, &m); len(m) == 0 {
		return nil
	}
	return m
}

// strings reads a JSON list of texts; an empty one is nil.
func (r *row) strings(column string) []string {
	var list []string
	if r.json(column, &list); len(list) == 0 {
		return nil
	}
	return slices.Clip(list)
}
