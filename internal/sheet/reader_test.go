package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func readAll(in io.Reader) ([][]string, error) {
	var out [][]string
	for r := NewReader(in); ; {
		row, err := r.Read()
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, slices.Clone(row))
	}
}

// TestReaderGivesEveryByteBack, however the bytes come.
func TestReaderGivesEveryByteBack(t *testing.T) {
	values := hostile()
	text := sheetOf(t, values)
	for name, in := range map[string]io.Reader{"whole": bytes.NewReader(text), "bit by bit": iotest.OneByteReader(bytes.NewReader(text)), "halves": iotest.HalfReader(bytes.NewReader(text))} {
		rows, err := readAll(in)
		if err != nil || len(rows) != len(values)+1 || !slices.Equal(rows[0], []string{"a", "b"}) {
			t.Fatalf("%s: %d rows, %v", name, len(rows), err)
		}
		for i, v := range values {
			if want := written(v); rows[i+1][0] != want || rows[i+1][1] != "end" {
				t.Errorf("%s: %.40q came back as %.40q", name, want, rows[i+1])
			}
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, text := range map[string]string{"no line end": "a,b\r\n1,2", "line feed alone": "a,b\n", "quote inside": "a,b\"c\r\n\"\r\n", "open quote": "a,\"b\r\n", "text after quote": "a,\"b\"c\r\n", "short row": "a,b\r\n1\r\n", "long row": "a,b\r\n1,2,3\r\n",
		"carriage return": "a,b\rc\r\n", "empty line": "a,b\r\n\r\n"} {
		if rows, err := readAll(strings.NewReader(text)); err == nil {
			t.Errorf("%s: read as %q", name, rows)
		}
	}
	broken := errors.New("broken")
	if _, err := readAll(io.MultiReader(strings.NewReader("a,b\r\n1,"), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Error(err)
	}
	if rows, err := readAll(strings.NewReader("")); err != nil || rows != nil {
		t.Error(rows, err)
	}
	if _, err := readAll(io.MultiReader(strings.NewReader(`a,"`), &endless{})); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Error(err)
	}
}

// endless is a value that never ends.
type endless struct{}

func (*endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }

// FuzzReader: what it takes is what a standard reader sees too, and it never panics.
func FuzzReader(f *testing.F) {
	for _, s := range []string{"a,b\r\n1,2\r\n", "\"a\"\"b\",\"\r\n\"\r\n", "a\r\n'=1\r\n", "a,\"b\r\n", ",\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := readAll(bytes.NewReader(text))
		if err != nil || len(rows) == 0 || len(rows[0]) == 1 && bytes.Contains(text, []byte("\r\n\r\n")) || bytes.HasPrefix(text, []byte("\r\n")) {
			return // encoding/csv leaves empty lines out
		}
		want, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil || len(want) != len(rows) {
			t.Fatalf("%q: %d rows, a standard reader sees %d, %v", text, len(rows), len(want), err)
		}
		for i := range rows {
			for k := range rows[i] {
				// Only the marks after \r\n tell the two apart once the standard reader has made \n of it.
				if got := strings.ReplaceAll(rows[i][k], "\r\n", "\n"); got != strings.ReplaceAll(Original(want[i][k]), "\r\n", "\n") {
					t.Errorf("%q: %q, a standard reader sees %q", text, got, want[i][k])
				}
			}
		}
	})
}

func BenchmarkReader(b *testing.B) {
	row := []string{"erp", "account-1", "entitlement-1", "cn=ROLE_1,ou=roles,dc=acme,dc=example", `["GROUP_1","ROLE_1"]`, "true", "false", "", "S-20261122T010003Z-erp"}
	var out bytes.Buffer
	table := NewTable(&out)
	_ = table.Head(row)
	for range 10_000 {
		_ = table.Row(row)
	}
	_, _ = table.Close()
	b.Run("sheet", func(b *testing.B) {
		b.SetBytes(int64(out.Len()))
		for b.Loop() {
			r := NewReader(bytes.NewReader(out.Bytes()))
			for _, err := r.Read(); err != io.EOF; _, err = r.Read() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("encoding_csv", func(b *testing.B) {
		b.SetBytes(int64(out.Len()))
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(out.Bytes()))
			r.ReuseRecord = true
			for _, err := r.Read(); err != io.EOF; _, err = r.Read() {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
