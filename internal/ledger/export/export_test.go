package export

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// interrupted is a reader of an export that is interrupted while it takes the first bytes.
type interrupted struct {
	bytes.Buffer
	stop func()
}

func (w *interrupted) Write(p []byte) (int, error) {
	w.stop()
	return w.Buffer.Write(p)
}

// TestAnInterruptedExportEndsWithAWholeLine: and with the cursor behind it, from which the next goes on.
func TestAnInterruptedExportEndsWithAWholeLine(t *testing.T) {
	l := open(t)
	events := make([]ledger.Event, 700)
	for i := range events {
		events[i] = ledger.Event{Type: ledger.Config, Data: fmt.Sprint(strings.Repeat("x", 50), i)}
	}
	if _, err := l.Append(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	r := add(t, l, 1, "y")
	lines := func(ctx context.Context, w io.Writer, r *ledger.Reader, after Cursor) (Cursor, error) {
		return Entries(ctx, r, after, func(s Stream) error {
			out := bufio.NewWriter(w)
			err := s(func(e ledger.Entry) error {
				_, err := fmt.Fprintf(out, "%s\n", e.Raw)
				return err
			})
			return errors.Join(err, out.Flush())
		})
	}
	for name, export := range map[string]func(context.Context, io.Writer, *ledger.Reader, Cursor) (Cursor, error){"raw": Raw, "lines": lines} {
		ctx, stop := context.WithCancel(t.Context())
		w := &interrupted{stop: stop}
		c, err := export(ctx, w, r, Cursor{})
		if !errors.Is(err, context.Canceled) || c.Size == 0 || c.Size >= r.Size() {
			t.Fatalf("%s: the cursor is %s, %v", name, c, err)
		}
		if text := w.String(); !strings.HasSuffix(text, "}\n") || strings.Count(text, "\n") != int(c.Size) {
			t.Errorf("%s: %d lines for %d entries, ending in %q", name, strings.Count(text, "\n"), c.Size, text[max(0, len(text)-20):])
		}
		if c, err = export(t.Context(), &w.Buffer, r, c); err != nil || c.Size != r.Size() {
			t.Fatalf("%s: %s, %v", name, c, err)
		}
		var all bytes.Buffer
		if _, err := Raw(t.Context(), &all, r, Cursor{}); err != nil || all.String() != w.String() {
			t.Errorf("%s: both parts are not the whole, %v", name, err)
		}
		broken := errors.New("pipe closed")
		if c, err := export(t.Context(), failing{broken}, r, Cursor{}); !errors.Is(err, broken) || c.Size != 0 {
			t.Errorf("%s: nobody took the lines, and the cursor is %s, %v", name, c, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }
