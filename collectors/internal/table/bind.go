package table

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"muster/collectors"
	"muster/internal/access"
	"muster/internal/config"
)

// Column is a column that a collector wants.
type Column struct {
	Field    string   // what it is for: "email"
	Names    []string // header names that will do; the first one that is there is taken
	Required bool
	From     string // where the name stands: "muster.yaml:12:14", "format workday"
}

// Binding says which column each field comes from.
type Binding struct {
	Index  []int    // per wanted column; -1 when the file has none
	Used   []string // "email=Work E-mail"
	Absent []string // optional fields that the file has not
}

// Bind finds the wanted columns in the header. Case, spaces, underscores, dots and hyphens do not count. A required column that is missing
// and a wanted one that is there twice are errors that list the header.
func (t *Table) Bind(cols []Column) (Binding, error) {
	at := map[string][]int{}
	for i, h := range t.header {
		k := loose(h)
		at[k] = append(at[k], i)
	}
	var b Binding
	for _, c := range cols {
		i := -1
		for _, name := range c.Names {
			places := at[loose(name)]
			if len(places) > 1 {
				return b, t.Error(access.Invalid, "rename one of them in the export", fmt.Errorf("the header has the column %q (%s) twice: columns %d and %d",
					t.header[places[0]], c.Field, places[0]+1, places[1]+1))
			}
			if len(places) == 1 {
				i = places[0]
				b.Used = append(b.Used, c.Field+"="+t.header[i])
				break
			}
		}
		if i < 0 {
			if c.Required {
				return b, t.missing(c)
			}
			b.Absent = append(b.Absent, c.Field)
		}
		b.Index = append(b.Index, i)
	}
	return b, nil
}

func (t *Table) missing(c Column) error {
	what := fmt.Sprintf("the header has no column %q (%s, from %s)", c.Names[0], c.Field, c.From)
	if len(c.Names) > 1 {
		what = fmt.Sprintf("the header has none of the columns %s (%s, from %s)", quoted(c.Names), c.Field, c.From)
	}
	hint := "it has: " + strings.Join(t.header, ", ")
	if near := config.Nearest(c.Names[0], t.header); near != "" && len(c.Names) == 1 {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	if len(t.header) == 1 && len(c.Names[0]) < len(t.header[0]) {
		hint += fmt.Sprintf("; if that is several columns, set delimiter (now %q)", string(rune(t.format.Delimiter)))
	}
	return t.Error(access.Invalid, hint, errors.New(what))
}

// String says the mapping for the evidence.
func (b Binding) String() string {
	s := "columns: " + strings.Join(b.Used, ", ")
	if len(b.Absent) > 0 {
		s += "; not in the file: " + strings.Join(b.Absent, ", ")
	}
	return s
}

// Value is the field of a row that wanted column i is bound to, without surrounding space; empty when there is none.
func (b Binding) Value(row *Row, i int) string {
	if j := b.Index[i]; j >= 0 {
		return strings.TrimSpace(row.Fields[j])
	}
	return ""
}

// loose is a header name as it is compared.
func loose(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, collectors.Fold(name))
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(q, ", ")
}

// Place names where the field of a wanted column stands: file:line:col, or file:line for a negative column and one that the file has not.
func (t *Table) Place(row *Row, b Binding, column int) string {
	if column < 0 || column >= len(b.Index) || b.Index[column] < 0 || row.Fault != "" {
		return fmt.Sprintf("%s:%d", t.Name(), row.Line)
	}
	line, col := row.Place(b.Index[column])
	return fmt.Sprintf("%s:%d:%d", t.Name(), line, col)
}
