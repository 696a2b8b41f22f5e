package sheet

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
)

// FuzzTable: any value that is UTF-8 comes back from a standard reader, neutralised, and Original gives it back.
func FuzzTable(f *testing.F) {
	for _, s := range []string{"", "plain", "=1", "'=1", "''", " lead", "a,b", `say "x"`, "l\nm", "＝1", "-5", "\t"} {
		f.Add(s, "x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		a, b = written(a), written(b)
		var out bytes.Buffer
		table := NewTable(&out)
		if err := table.Head([]string{"h1", "h2"}); err != nil {
			t.Fatal(err)
		}
		if err := table.Row([]string{a, b}); err != nil {
			t.Fatal(err)
		}
		if rows, err := table.Close(); rows != 1 || err != nil {
			t.Fatal(rows, err)
		}
		records, err := csv.NewReader(&out).ReadAll()
		if err != nil || len(records) != 2 || len(records[1]) != 2 {
			t.Fatalf("%q %q: %v %q", a, b, err, records)
		}
		for i, want := range []string{a, b} {
			cell := records[1][i]
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
				t.Errorf("%q is computed by a spreadsheet", cell)
			}
			// encoding/csv reads \r\n inside quotes as \n; the file itself has the exact bytes.
			if got, want := Original(cell), strings.ReplaceAll(want, "\r\n", "\n"); got != want && !strings.HasPrefix(want, "\n") {
				t.Errorf("%q came back as %q", want, got)
			}
		}
	})
}

func TestTableRefuses(t *testing.T) {
	table := NewTable(&bytes.Buffer{})
	if err := table.Head(nil); err == nil {
		t.Error("a head without columns was taken")
	}
	if _, err := table.Close(); err == nil {
		t.Error("a table without a head was closed")
	}
	if err := table.Head([]string{"a"}); err != nil {
		t.Fatal(err)
	}
	if err := table.Head([]string{"a"}); err == nil {
		t.Error("a second head was taken")
	}
	if err := table.Row([]string{"a", "b"}); err == nil {
		t.Error("a row that is too long was taken")
	}
}
