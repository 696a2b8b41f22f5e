package sheet

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"unicode/utf8"

	"muster/internal/octets"
)

// hostile are values that a spreadsheet would compute, that break a careless reader, or that are just hard to keep.
func hostile() []string {
	list := []string{"=cmd|' /C calc'!A0", "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "\t", "\r\n", "＝1", "＋1", "－1", "＠A1", "﹦1", "'=1", "''", "'", "' ", " =1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\x00=1", "\x1b=1",
		"a;=cmd|' /C calc'!A0;b", "a\t=1", "line\n=1\r\n+2\r-3", ";=1", ";;'", "a;'b", "a; =1", "\n\n\n", "a,b", `say "x"`, `"`, `""`, `a";"=1`, ` lead`, "trail ", "", "\u202egpj.exe", "😀 Emoji", "日本 太郎", "عمر خالد", "é\u0301", "\u0000nul", "\u2028line",
		strings.Repeat("Wolfeschlegel", 800), strings.Repeat("\n", 10000), strings.Repeat("\n=", 10000), "-", "--", "-5", "2026-11-22", "plain; text, as it is"}
	return append(list, "\xff\xfe", "=\xff", "a\xc3;=\x80")
}

// sheetOf writes one column of values.
func sheetOf(t testing.TB, values []string) []byte {
	t.Helper()
	var out bytes.Buffer
	table := NewTable(&out)
	if err := table.Head([]string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := table.Row([]string{v, "end"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := table.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// written is what a cell says: the value, or its bytes when it is not UTF-8.
func written(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	return octets.Encode(value)
}

// computed finds a cell that a spreadsheet would compute, whichever of the separators it splits at. Where it is not the comma, a quote
// that does not stand at the start of a cell means nothing, and a line break ends the row.
func computed(text, separators string) string {
	for _, cell := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators+"\r\n", r) }) {
		cell = strings.TrimLeftFunc(cell, invisible)
		if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune(formulaStarts, first) {
			return cell
		}
	}
	return ""
}

func check(t *testing.T, value string) {
	t.Helper()
	value = written(value)
	cell := Neutral(value)
	if got := Original(cell); got != value {
		t.Errorf("%.60q came back as %.60q", value, got)
	}
	if found := computed(cell, ";\t"); found != "" {
		t.Errorf("%.60q: a spreadsheet computes %.60q", cell, found)
	}
	if first := strings.TrimLeftFunc(cell, invisible); first != "" {
		if r, _ := utf8.DecodeRuneInString(first); strings.ContainsRune(formulaStarts, r) {
			t.Errorf("a spreadsheet computes %.60q", cell)
		}
	}
}

func TestHostileValuesAreNeutralAndComeBack(t *testing.T) {
	for _, v := range hostile() {
		check(t, v)
	}
	for value, want := range map[string]string{"plain": "plain", "2026-11-22": "2026-11-22", "a-b; c": "a-b; c", "=1": "'=1", "a;=1": "a;'=1", "'x": "''x", "a\n- item": "a\n'- item", "O'Neill": "O'Neill"} {
		if got := Neutral(value); got != want {
			t.Errorf("%q became %q, want %q", value, got, want)
		}
	}
}

func FuzzNeutral(f *testing.F) {
	for _, v := range hostile() {
		if len(v) < 100 {
			f.Add(v)
		}
	}
	f.Fuzz(check)
}

// FuzzTwoValuesStayTwo: nothing gets lost or moved between cells, whatever the values are.
func FuzzTwoValuesStayTwo(f *testing.F) {
	for _, v := range hostile() {
		if len(v) < 100 {
			f.Add(v, v)
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		var out bytes.Buffer
		table := NewTable(&out)
		if err := table.Head([]string{"1", "2", "3"}); err != nil {
			t.Fatal(err)
		}
		if err := table.Row([]string{a, b, "end"}); err != nil {
			t.Fatal(err)
		}
		if _, err := table.Close(); err != nil {
			t.Fatal(err)
		}
		rows := cells(out.String())
		if len(rows) != 2 || len(rows[1]) != 3 {
			t.Fatalf("%q", rows)
		}
		for i, want := range []string{a, b, "end"} {
			if got := Original(rows[1][i]); got != written(want) {
				t.Errorf("%q came back as %q", want, got)
			}
		}
	})
}

// cells reads CSV of RFC 4180 byte for byte; encoding/csv makes \n of a \r\n in a value.
func cells(text string) [][]string {
	var rows [][]string
	var row []string
	var cell strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '"' && strings.HasPrefix(text[i+1:], `"`):
			cell.WriteByte(c)
			i++
		case c == '"' && (quoted || cell.Len() == 0):
			quoted = !quoted
		case quoted:
			cell.WriteByte(c)
		case c == ',':
			row = append(row, cell.String())
			cell.Reset()
		case c == '\r' && strings.HasPrefix(text[i+1:], "\n"):
			rows = append(rows, append(row, cell.String()))
			row = nil
			cell.Reset()
			i++
		default:
			cell.WriteByte(c)
		}
	}
	return rows
}

// TestPythonReadsTheSameCells: a reader that is none of ours sees the same cells. Python's csv keeps every byte when the file is opened
// with newline="".
func TestPythonReadsTheSameCells(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is missing, and CI must not skip")
		}
		t.Skip("python3 is not installed")
	}
	values := hostile()
	path := t.TempDir() + "/hostile.csv"
	if err := os.WriteFile(path, sheetOf(t, values), 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `
import csv, json, sys
csv.field_size_limit(1 << 24)
rows = list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8", errors="strict"), strict=True))
json.dump(rows, sys.stdout)
`
	out, err := exec.Command("python3", "-c", script, path).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
	}
	var rows [][]string
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(values)+1 {
		t.Fatalf("%d rows of %d values", len(rows)-1, len(values))
	}
	for i, v := range values {
		if got := rows[i+1]; len(got) != 2 || Original(got[0]) != written(v) || got[1] != "end" {
			t.Errorf("%.40q came back as %.80q", v, got)
		}
	}
}

// TestStandardReaderReadsTheSameCells: and so does Go's own, save for its \r\n.
func TestStandardReaderReadsTheSameCells(t *testing.T) {
	values := hostile()
	rows, err := csv.NewReader(bytes.NewReader(sheetOf(t, values))).ReadAll()
	if err != nil || len(rows) != len(values)+1 {
		t.Fatal(err, len(rows))
	}
	for i, v := range values {
		want := strings.ReplaceAll(Neutral(written(v)), "\r\n", "\n")
		if rows[i+1][0] != want {
			t.Errorf("%.40q came back as %.40q, want %.40q", v, rows[i+1][0], want)
		}
	}
}

func BenchmarkNeutral(b *testing.B) {
	for b.Loop() {
		for _, v := range []string{"directory", "grants-0000001", "cn=app-users,ou=groups,dc=acme,dc=example", "2026-11-22T01:00:00Z"} {
			if Original(Neutral(v)) != v {
				b.Fatal(v)
			}
		}
	}
}
