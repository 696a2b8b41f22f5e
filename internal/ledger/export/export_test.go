package export

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/ledger"
)

func open(t *testing.T) *ledger.Log {
	t.Helper()
	l, err := ledger.Open(t.TempDir(), ledger.Options{Origin: "muster.example/acme"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func add(t *testing.T, l *ledger.Log, n int, what string) *ledger.Reader {
	t.Helper()
	for i := range n {
		if _, err := l.Append(t.Context(), ledger.Event{Type: ledger.Config, Data: fmt.Sprint(what, i)}); err != nil {
			t.Fatal(err)
		}
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestEveryEntryOnce: exports that follow each other hand on every entry once, in order, as it stands in the log.
func TestEveryEntryOnce(t *testing.T) {
	l := open(t)
	var all bytes.Buffer
	var after Cursor
	for _, n := range []int{0, 3, 0, 260, 1} {
		r := add(t, l, n, "x")
		next, err := Raw(t.Context(), &all, r, after)
		if err != nil {
			t.Fatal(err)
		}
		if after, err = ParseCursor(next.String()); err != nil || after.Size != r.Size() {
			t.Fatalf("%v, %v", after, err)
		}
	}
	lines := strings.Split(strings.TrimSuffix(all.String(), "\n"), "\n")
	if len(lines) != 264 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, line := range lines {
		if !strings.Contains(line, fmt.Sprintf(`"seq":%d,`, i)) || !strings.HasPrefix(line, `{"data":"x`) {
			t.Errorf("line %d is %s", i, line)
		}
	}
}

// TestAnotherLogIsNotContinued: a log that was cut, or that says something else about the past, is noticed from the cursor alone.
func TestAnotherLogIsNotContinued(t *testing.T) {
	after, err := At(add(t, open(t), 5, "x"))
	if err != nil {
		t.Fatal(err)
	}
	other := open(t)
	for _, n := range []int{4, 1, 9} { // shorter, as long, longer
		var out bytes.Buffer
		if _, err := Raw(t.Context(), &out, add(t, other, n, "y"), after); access.KindOf(err) != access.Conflict || out.Len() > 0 {
			t.Errorf("%v, %d bytes", err, out.Len())
		}
	}
}

func FuzzParseCursor(f *testing.F) {
	f.Add("12:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := ParseCursor(text); err == nil && c.String() != text {
			t.Errorf("%q is spelt %q", text, c.String())
		}
	})
}
