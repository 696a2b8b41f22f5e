// Package annex reads the tables of a pack strictly, as the store and the run write them: each has exactly its columns, and each cell is spelt in the
// one way that its kind is written in, so that no cell says something to a reader that nobody compares. Errors name the table, the row and the column.
package annex

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/sheet"
	"muster/reports/pack"
)

// Columns are those of a population's table.
func Columns(table string) []string {
	return map[string][]string{
		"persons": {"worker_id", "row", "given_name", "family_name", "display_name", "email", "upn", "username", "title", "department", "cost_centre", "company",
			"location", "employment_type", "status", "manager_id", "start_date", "end_date", "attributes", "profile", "snapshot_id"},
		"accounts": {"system", "account_id", "name", "display_name", "email", "upn", "employee_id", "owner_ref", "kind", "enabled", "locked", "privileged", "mfa", "created_at",
			"last_login", "never_logged_in", "password_changed_at", "expires_at", "attributes", "source_ref", "snapshot_id"},
		"entitlements": {"system", "entitlement_id", "name", "kind", "description", "privileged", "source_ref", "snapshot_id"},
		"grants":       {"system", "account_id", "entitlement_id", "entitlement", "path", "effective", "admin_option", "expires_at", "snapshot_id"},
		"links":        {"system", "account_id", "result", "person_id", "key", "evidence", "snapshot_id"},
		"profiles":     {"profile", "persons", "fields", "values"},
		"expectations": {"profile", "system", "entitlement", "basis", "until_ms"},
		"rejections":   {"snapshot_id", "class", "ref", "reason"},
		"previous":     {"system", "account_id", "held"},
	}[table]
}

// File is the name of a population's table in a pack.
func File(table string) string { return pack.AnnexFolder + table + ".csv" }

// Row is one row of a table; its methods remember the first cell that cannot be read.
type Row struct {
	file  string
	n     int
	at    map[string]int
	cells []string
	err   error
}

// Each reads the table of a population.
func Each(files fs.FS, table string, yield func(r *Row) error) error {
	file, columns := File(table), Columns(table)
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
	if !slices.Equal(head, columns) {
		return fmt.Errorf("%s: its columns are %q, not %q", file, head, columns)
	}
	r := &Row{file: file, at: map[string]int{}}
	for i, c := range columns {
		r.at[c] = i
	}
	for r.n = 2; ; r.n++ {
		if r.cells, err = in.Read(); err == io.EOF {
			return nil
		}
		if err == nil {
			if err = yield(r); err == nil {
				err = r.err
			}
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r, err)
		}
	}
}

// String is where the row stands.
func (r *Row) String() string { return fmt.Sprintf("%s: row %d", r.file, r.n) }

// Cells are all cells of the row, which stay as they are.
func (r *Row) Cells() []string { return slices.Clone(r.cells) }

// Text is a cell as it is.
func (r *Row) Text(column string) string { return r.cells[r.at[column]] }

func (r *Row) note(column string, err error) {
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("column %s: %w", column, err)
	}
}

// spelt wants a cell to be what its value is written as.
func (r *Row) spelt(column, again string) {
	if text := r.Text(column); text != again {
		r.note(column, fmt.Errorf("%q is misspelt", text))
	}
}

// Truth reads true or false.
func (r *Row) Truth(column string) bool {
	b := r.Text(column) == "true"
	r.spelt(column, strconv.FormatBool(b))
	return b
}

// Number reads a whole number.
func (r *Row) Number(column string) int64 {
	n, err := strconv.ParseInt(r.Text(column), 10, 64)
	r.note(column, err)
	r.spelt(column, strconv.FormatInt(n, 10))
	return n
}

// Day reads a day; nothing is the zero time.
func (r *Row) Day(column string) time.Time { return r.time(column, time.DateOnly) }

// Moment reads a moment; nothing is the zero time.
func (r *Row) Moment(column string) time.Time { return r.time(column, "2006-01-02T15:04:05.999Z07:00") }

func (r *Row) time(column, layout string) time.Time {
	text := r.Text(column)
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(layout, text)
	r.note(column, err)
	r.spelt(column, t.UTC().Format(layout))
	return t.UTC()
}

// Tri reads true, false or nothing.
func (r *Row) Tri(column string) access.Tri {
	if r.Text(column) == "" {
		return access.Unknown
	}
	return access.TriOf(r.Truth(column))
}

// Pairs reads a JSON object of texts, in the order of its keys; an empty one is nil, as a collector leaves it.
func (r *Row) Pairs(column string) map[string]string {
	text := r.Text(column)
	m, err := Object(text)
	r.note(column, err)
	if len(m) == 0 {
		return nil
	}
	return m
}

// Strings reads a JSON list of texts; an empty one is nil.
func (r *Row) Strings(column string) []string {
	list, err := List(r.Text(column))
	r.note(column, err)
	if len(list) == 0 {
		return nil
	}
	return slices.Clip(list)
}

// quoted is a text in JSON.
var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// List reads a JSON list of texts that is written without spaces.
func List(text string) (list []string, err error) {
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, err
	}
	if quoted.ReplaceAllString(text, "0") != "["+strings.TrimSuffix(strings.Repeat("0,", len(list)), ",")+"]" {
		return nil, fmt.Errorf("%q is misspelt", text)
	}
	return list, nil
}

// Object reads a JSON object of texts that is written without spaces, each key once, in their order.
func Object(text string) (m map[string]string, err error) {
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, err
	}
	var keys []string
	for i, t := range quoted.FindAllString(text, -1) {
		if i%2 == 0 {
			key := ""
			if err := json.Unmarshal([]byte(t), &key); err != nil {
				return nil, err
			}
			keys = append(keys, key)
		}
	}
	if len(keys) != len(m) || !slices.IsSorted(keys) || quoted.ReplaceAllString(text, "0") != "{"+strings.TrimSuffix(strings.Repeat("0:0,", len(m)), ",")+"}" {
		return nil, fmt.Errorf("%q is misspelt", text)
	}
	return m, nil
}
