package table

import (
	"bufio"
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"muster/internal/access"
)

func openText(t testing.TB, text string, f Format) (*Table, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tab, err := Open("crm", dir, "f.csv", f)
	if err == nil {
		t.Cleanup(func() { tab.Close() })
	}
	return tab, err
}

// readAll lists the rows as "line: a|b" or "line! fault".
func readAll(t testing.TB, tab *Table) (rows []string, s Summary) {
	t.Helper()
	for {
		row, err := tab.Next()
		if errors.Is(err, io.EOF) {
			return rows, tab.Finish()
		}
		if err != nil {
			t.Fatal(err)
		}
		if row.Fault != "" {
			rows = append(rows, fmt.Sprintf("%d! %s", row.Line, row.Fault))
		} else {
			rows = append(rows, fmt.Sprintf("%d: %s", row.Line, strings.Join(row.Fields, "|")))
		}
	}
}

func TestRows(t *testing.T) {
	long := strings.Repeat("x", 300<<10) // longer than the read buffer
	huge := strings.Repeat("y\n", maxRow)
	for name, c := range map[string]struct {
		text   string
		want   []string
		damage string
	}{
		"plain":                   {"a,b\n1,2\n", []string{"2: 1|2"}, ""},
		"CRLF and blank lines":    {"a,b\r\n\r\n1,2\r\n\r\n3,4\r\n", []string{"3: 1|2", "5: 3|4"}, ""},
		"quotes":                  {"a,b\n\"1,5\",\"say \"\"hi\"\"\"\n", []string{`2: 1,5|say "hi"`}, ""},
		"quoted newline":          {"a,b\n\"1\r\n5\",2\n3,4\n", []string{"2: 1\n5|2", "4: 3|4"}, ""},
		"empty fields":            {"a,b,c\n,,\n\"\",\"\",\"\"\n", []string{"2: ||", "3: ||"}, ""},
		"semicolons found":        {"a;b\n1,5;2\n", []string{"2: 1,5|2"}, ""},
		"tabs found":              {"a\tb\n1\t2\n", []string{"2: 1|2"}, ""},
		"bars found":              {"a|b\n1|2\n", []string{"2: 1|2"}, ""},
		"delimiter inside quotes": {"\"a,b,c,d\";e\n1;2\n", []string{"2: 1|2"}, ""},
		"long line":               {"a,b\n" + long + ",2\n3,4\n", []string{"2: " + long + "|2", "3: 3|4"}, ""},
		"short row":               {"a,b\n1\n2,3\n", []string{"2! 1 fields, the header has 2", "3: 2|3"}, ""},
		"cut":                     {"a,b\n1,2\n3,", []string{"2: 1|2", "3! the line does not end with a newline: its last field may be cut off"}, "the file is cut off: line 3 does not end with a newline"},
		"cut header":              {"a,b", nil, "the file is cut off: line 1 does not end with a newline"},
		"open quote": {"a,b\n1,\"2\n3,4\n", []string{"2! the quote opened on line 2, column 3, is never closed"},
			"the quote opened on line 2, column 3, is never closed"},
		"open quote, huge": {"a,b\n1,\"2" + huge, nil, "cannot be told apart: the quote opened on line 2, column 3, is not closed within 1024 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			tab, err := openText(t, c.text, Format{})
			if err != nil {
				t.Fatal(err)
			}
			rows, sum := readAll(t, tab)
			if c.want != nil && !slices.Equal(rows, c.want) {
				t.Errorf("got  %.300q\nwant %.300q", rows, c.want)
			}
			if !strings.Contains(sum.Damage, c.damage) || c.damage == "" && sum.Damage != "" {
				t.Errorf("damage %q, want %q", sum.Damage, c.damage)
			}
			if int(sum.Bytes) != len(c.text) || sum.Rows != int64(len(rows)) {
				t.Errorf("%d bytes of %d, %d rows of %d", sum.Bytes, len(c.text), sum.Rows, len(rows))
			}
		})
	}
}

func TestFinalNewlineOptional(t *testing.T) {
	for text, damaged := range map[string]bool{"a,b\n1,2": false, "a,b\n1": true, "a,b\n1,\"2": true, "a,b\n1,2\n": false} {
		tab, err := openText(t, text, Format{CutIsFine: true})
		if err != nil {
			t.Fatal(err)
		}
		if _, sum := readAll(t, tab); (sum.Damage != "") != damaged {
			t.Errorf("%q: damage %q", text, sum.Damage)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for path, kind := range map[string]access.Kind{"gone.csv": access.NotFound, ".": access.Invalid, "/dev/zero": access.Invalid} {
		_, err := Open("crm", dir, path, Format{})
		if access.KindOf(err) != kind || access.HintOf(err) == "" || strings.Contains(err.Error(), dir) {
			t.Errorf("%s: kind %q, error %v, hint %q", path, access.KindOf(err), err, access.HintOf(err))
		}
	}
	tab := &Table{system: "crm", name: "f.csv"}
	if err := tab.openError(&os.PathError{Op: "open", Path: "/home/x/f.csv", Err: os.ErrPermission}); access.KindOf(err) != access.Denied ||
		err.Error() != "crm: read f.csv: permission denied" {
		t.Errorf("permission: %v", err)
	}
}

func TestReadError(t *testing.T) {
	tab, err := openText(t, "a,b\n1,2\n", Format{})
	if err != nil {
		t.Fatal(err)
	}
	tab.split.src = bufio.NewReader(io.MultiReader(strings.NewReader("3,4\n5,"), iotest.ErrReader(errors.New("stale file handle"))))
	if _, err := tab.Next(); err != nil {
		t.Fatal(err)
	}
	if _, err := tab.Next(); access.KindOf(err) != access.Transient || !strings.Contains(err.Error(), "read f.csv: stale file handle") {
		t.Errorf("error %v", err)
	}
}

// TestWindows1252 compares with the decoder of x/text, save for the bytes that it gives up.
func TestWindows1252(t *testing.T) {
	var all, want []byte
	for c := range 256 {
		all = append(all, byte(c))
		if r := charmap.Windows1252.DecodeByte(byte(c)); r != utf8.RuneError {
			want = utf8.AppendRune(want, r)
		} else {
			want = append(want, byte(c))
		}
	}
	if n := len(want) - len(strings.ToValidUTF8(string(want), "")); n != 5 {
		t.Errorf("%d bytes are not UTF-8, want the five without a meaning", n)
	}
	for name, in := range map[string]io.Reader{"whole": bytes.NewReader(all), "bit by bit": iotest.OneByteReader(bytes.NewReader(all)), "with its end": iotest.DataErrReader(bytes.NewReader(all))} {
		for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader} {
			got, err := io.ReadAll(wrap(&windows{src: bufio.NewReaderSize(in, 16)}))
			if err != nil || len(got) > 0 && !bytes.Equal(got, want) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
	broken := errors.New("broken")
	if got, err := io.ReadAll(&windows{src: bufio.NewReader(io.MultiReader(strings.NewReader("\x80"), iotest.ErrReader(broken)))}); string(got) != "€" || !errors.Is(err, broken) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestRowsKeepTheirBytes(t *testing.T) {
	tab, err := openText(t, "a,K\xf6ln\n\xff, x\xa0\n\"\xed\xa0\x80\",\"\"\"\xf6\"\"\"\n", Format{})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := readAll(t, tab)
	if want := []string{"2: \xff| x\xa0", "3: \xed\xa0\x80|\"\xf6\""}; tab.Header()[1] != "K\xf6ln" || !slices.Equal(rows, want) {
		t.Errorf("header %q, rows %q", tab.Header(), rows)
	}
	if got := Clip(strings.Repeat("ö\xf6", 40)); got != strings.Repeat("ö\xf6", 30)+"…" {
		t.Errorf("clipped to %q", got)
	}
	if got := Clip(strings.Repeat("\xf6", 60)); got != strings.Repeat("\xf6", 60) {
		t.Errorf("clipped to %q", got)
	}
}

func TestNames(t *testing.T) {
	for path, want := range map[string]string{"hr/f.csv": "hr/f.csv", "./f.csv": "f.csv", "../x/f.csv": "../x/f.csv",
		"/etc/muster/hr/f.csv": "hr/f.csv", "/srv/exports/f.csv": "f.csv"} {
		if got := display("/etc/muster", path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	d := NewDates([]string{"02.01.2006"})
	for text, want := range map[string]string{"": "0001-01-01T00:00:00Z", "22.11.2026": "2026-11-22T00:00:00Z", "2026-11-22": "2026-11-22T00:00:00Z",
		"2026-11-22T23:30:00-08:00": "2026-11-23T07:30:00Z", "2026-11-22 23:30:00": "2026-11-22T23:30:00Z"} {
		if got, err := d.Parse(text); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q: %s, %v; want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	if got, err := d.Day("2026-11-22T23:30:00-08:00"); err != nil || got.Format(time.RFC3339) != "2026-11-22T00:00:00Z" {
		t.Errorf("day: %s, %v", got, err)
	}
	for _, text := range []string{"31.02.2026", "11/22/2026", "soon", "20261122"} {
		if got, err := d.Parse(text); err == nil {
			t.Errorf("%q: accepted as %s", text, got)
		}
	}
	for text, none := range map[string]bool{"9999-12-31": true, "2999-12-31": true, "2099-12-31": false, "9999-12-30": false} {
		got, err := d.Day(text)
		if err != nil || End(got).IsZero() != none {
			t.Errorf("end %s: %s, %v", text, End(got), err)
		}
	}
}

// FuzzRows compares with encoding/csv wherever that accepts the text, and wants every file to be read to its end.
func FuzzRows(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a,b\r\n\"1\r\n\"\"\",2\r\n", "a\n\"", "a;b\n\"x\"y;2\n3;4", "\xEF\xBB\xBFa\n1\n", "a,b\n,\n\n1,\"\"\n", "a\x00b\n", "\r\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := newSplitter(strings.NewReader(text), ',')
		var got [][]string
		faults := 0
		last := int64(0)
		for {
			row, err := s.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if row.Line <= last {
				t.Fatalf("line %d after line %d", row.Line, last)
			}
			last = row.Line
			if row.Fault != "" {
				faults++
				continue
			}
			got = append(got, slices.Clone(row.Fields))
		}
		if n := int64(strings.Count(text, "\n")); s.line < n || s.line > n+1 {
			t.Fatalf("%d lines of %d were read", s.line, n)
		}
		if strings.ContainsAny(text, "\x00") || strings.Contains(text, "\r") && !strings.Contains(text, "\r\n") || strings.Contains(text, "\r\r") {
			return // NUL is a fault here, and encoding/csv keeps some lone carriage returns
		}
		std := stdcsv.NewReader(strings.NewReader(text))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if (err != nil) != (faults > 0) {
			t.Fatalf("%d faults, encoding/csv says %v", faults, err)
		}
		if err == nil && !slices.EqualFunc(got, want, slices.Equal) {
			t.Fatalf("got  %q\nwant %q", got, want)
		}
	})
}

func BenchmarkRows(b *testing.B) {
	var text strings.Builder
	text.WriteString("account,entitlement,expires_at\n")
	for i := range 100_000 {
		fmt.Fprintf(&text, "user-%06d,ROLE_%03d,\n", i%20_000, i%300)
	}
	dir := b.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.csv"), []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		tab, err := Open("crm", dir, "f.csv", Format{})
		if err != nil {
			b.Fatal(err)
		}
		for {
			if _, err := tab.Next(); err != nil {
				break
			}
		}
		tab.Close()
	}
	b.ReportMetric(float64(b.N)*100_000/b.Elapsed().Seconds(), "rows/s")
}
