package commit

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/ledger/durable"
)

func opening(entry uint64) Opening {
	return Opening{Entry: entry, Field: "by", Value: json.RawMessage(fmt.Sprintf(`"W-%d"`, entry)), Salt: make([]byte, saltSize), Commitment: fmt.Sprint("c1:", entry)}
}

func entries(t *testing.T, dir string) (list []uint64) {
	t.Helper()
	err := NewBook(dir).Each(t.Context(), func(o Opening) error {
		list = append(list, o.Entry)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestTrimLeavesWhatIsBeforeTheEnd cuts a book of two files, whose lines are longer than what is read at once, at every entry.
func TestTrimLeavesWhatIsBeforeTheEnd(t *testing.T) {
	all := []uint64{0, 1, 1, perFile - 2, perFile - 1, perFile, perFile, perFile + 1}
	for size := range uint64(perFile + 3) {
		if size > 3 && size < perFile-3 {
			continue
		}
		dir := filepath.Join(t.TempDir(), "private")
		b := NewBook(dir)
		for _, n := range all {
			o := opening(n)
			o.Value = json.RawMessage(`"` + strings.Repeat("x", int(n%3)*5000) + `"`)
			if err := b.Add([]Opening{o}); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Trim(size); err != nil {
			t.Fatal(err)
		}
		want := slices.DeleteFunc(slices.Clone(all), func(n uint64) bool { return n >= size })
		if got := entries(t, dir); !slices.Equal(got, want) {
			t.Errorf("size %d: %v, want %v", size, got, want)
		}
		if err := errors.Join(b.Add([]Opening{opening(perFile + 9)}), b.Close()); err != nil {
			t.Fatal(err)
		}
		if got := entries(t, dir); !slices.Equal(got, append(want, perFile+9)) {
			t.Errorf("size %d: after Add: %v", size, got)
		}
	}
}

// TestTrimDropsWhatALossOfPowerLeft: pages that were not written, and a piece of a line; but nothing else that cannot be read.
func TestTrimDropsWhatALossOfPowerLeft(t *testing.T) {
	for _, c := range []struct {
		tail string
		want int
	}{{"", 2}, {`{"n":1`, 2}, {strings.Repeat("\x00", 5000), 2}, {strings.Repeat("\x00", 5000) + "\"}\n", 2}, {"\x00\n\n{\"n\":7}\n", -1}, {"{\"n\":7}\n\x00\"}\n{\"n\":8", 2}, {"{what}\n", -1}} {
		dir := t.TempDir()
		b := NewBook(dir)
		if err := errors.Join(b.Add([]Opening{opening(0), opening(1)}), b.Close()); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name(0))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(text, c.tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := b.Trim(2); err != nil {
			t.Fatal(err)
		}
		now, err := os.ReadFile(path)
		if err != nil || (string(now) == string(text)) != (c.want == 2) || !strings.HasPrefix(string(now), string(text)) {
			t.Errorf("%q became %q, %v", c.tail, now, err)
		}
	}
	if err := NewBook(filepath.Join(t.TempDir(), "none")).Trim(0); err != nil {
		t.Error(err)
	}
}

// TestAFileThatADeadProcessMadeIsWaitedFor: so is the name of a file that is there already.
func TestAFileThatADeadProcessMadeIsWaitedFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "private")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := durable.New(dir).Write(name(0), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := NewBook(dir)
	waited := map[string]bool{}
	b.disk.Fault = func(op, path string) error {
		waited[path] = waited[path] || op == "syncdir"
		return nil
	}
	if err := errors.Join(b.Add([]Opening{opening(0)}), b.Close()); err != nil {
		t.Fatal(err)
	}
	if !waited[dir] || !waited[filepath.Dir(dir)] {
		t.Errorf("waited for %v", waited)
	}
}

// TestABookThatIsBeingWrittenCanBeRead: zeros behind its end, and what a loss of power left there, are no openings.
func TestABookThatIsBeingWrittenCanBeRead(t *testing.T) {
	dir := t.TempDir()
	b := NewBook(dir)
	if err := b.Add([]Opening{opening(0), opening(1)}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name(0))
	text, err := os.ReadFile(path)
	if err != nil || text[len(text)-1] != 0 {
		t.Fatalf("%q, %v: the test shows nothing", text, err)
	}
	if got := entries(t, dir); !slices.Equal(got, []uint64{0, 1}) {
		t.Errorf("%v", got)
	}
	if err := os.WriteFile(path, append(text, "2\"}\n{\"n\":3}\n\x00\x00"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, dir); !slices.Equal(got, []uint64{0, 1, 3}) {
		t.Errorf("%v", got)
	}
	next := NewBook(dir)
	if err := errors.Join(next.Trim(2), next.Add([]Opening{opening(2)}), next.Close()); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(path); err != nil || strings.ContainsRune(string(now), 0) {
		t.Errorf("%q, %v", now, err)
	}
	if got := entries(t, dir); !slices.Equal(got, []uint64{0, 1, 2}) {
		t.Errorf("%v", got)
	}
}
