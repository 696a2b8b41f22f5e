package annex

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"muster/internal/sheet"
)

// table is a pack that has one table.
func table(t *testing.T, name string, rows ...[]string) fstest.MapFS {
	t.Helper()
	var b bytes.Buffer
	s := sheet.NewTable(&b)
	for i, r := range rows {
		var err error
		if i == 0 {
			err = s.Head(r)
		} else {
			err = s.Row(r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return fstest.MapFS{File(name): {Data: b.Bytes()}}
}

func TestATableHasExactlyItsColumns(t *testing.T) {
	columns, nothing := Columns("previous"), func(*Row) error { return nil }
	if err := Each(table(t, "previous", columns), "previous", nothing); err != nil {
		t.Error(err)
	}
	for name, head := range map[string][]string{
		"one more":   append(slices.Clone(columns), "invented"),
		"one twice":  append([]string{"held"}, columns...),
		"one less":   columns[:2],
		"in a order": {columns[1], columns[0], columns[2]},
	} {
		if err := Each(table(t, "previous", head), "previous", nothing); err == nil || !strings.Contains(err.Error(), "annexes/previous.csv: its columns are") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestACellIsSpeltInOneWay(t *testing.T) {
	for _, c := range []struct {
		read      func(*Row)
		good, bad []string
	}{
		{func(r *Row) { r.Truth("held") }, []string{"true", "false"}, []string{"", "1", "True", "t"}},
		{func(r *Row) { r.Number("held") }, []string{"0", "-7", "42"}, []string{"", "007", "+1", "1.0", " 1"}},
		{func(r *Row) { r.Day("held") }, []string{"", "2026-11-22", "1899-05-01"}, []string{"2026-11-31", "2026-11-22T00:00:00Z"}},
		{func(r *Row) { r.Moment("held") }, []string{"", "2026-11-22T01:00:00Z", "2026-11-22T01:00:00.005Z"}, []string{"2026-11-22T02:00:00+01:00", "2026-11-22T01:00:00.000Z", "2026-11-22"}},
		{func(r *Row) { r.Tri("held") }, []string{"", "true", "false"}, []string{"unknown", "0"}},
		{func(r *Row) { r.Strings("held") }, []string{"[]", `["a"]`, `["a","b\/c\"\u001F"]`}, []string{"", "[1]", `["a", "b"]`, "null", `["a"] `}},
		{func(r *Row) { r.Pairs("held") }, []string{"{}", `{"a":"b"}`, `{"a":"b","c":""}`}, []string{"", `{"a":1}`, `{"b":"","a":""}`, `{"a":"1","a":"2"}`, `{"a": "b"}`, "null"}},
	} {
		for cells, good := range map[*[]string]bool{&c.good: true, &c.bad: false} {
			for _, cell := range *cells {
				err := Each(table(t, "previous", Columns("previous"), []string{"erp", "a", cell}), "previous", func(r *Row) error { c.read(r); return nil })
				if (err == nil) != good {
					t.Errorf("%q: %v", cell, err)
				}
			}
		}
	}
}
