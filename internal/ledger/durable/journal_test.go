package durable

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func records(t *testing.T, dir string) (string, int) {
	t.Helper()
	list, torn, err := ReadJournal(filepath.Join(dir, "j"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range list {
		all = append(all, string(r))
	}
	return strings.Join(all, " "), torn
}

// TestJournalHasWholeRecordsOnly cuts and flips a journal at every byte: what is read is always its beginning.
func TestJournalHasWholeRecordsOnly(t *testing.T) {
	dir := t.TempDir()
	j, err := CreateJournal(New(dir), "j", []byte("base"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []string{"one", "two", "\x00"} {
		if _, err := j.Append([]byte(r)); err != nil {
			t.Fatal(err)
		}
	}
	if got, torn := records(t, dir); got != "base one two \x00" || torn != 0 {
		t.Fatalf("%q, %d torn", got, torn)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "j"))
	if err != nil {
		t.Fatal(err)
	}
	whole = whole[:j.Size()]
	for i := range whole {
		flipped := append([]byte(nil), whole...)
		flipped[i] ^= 0x41
		for _, damaged := range [][]byte{whole[:i], flipped} {
			if err := os.WriteFile(filepath.Join(dir, "j"), damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			if got, _ := records(t, dir); !strings.HasPrefix("base one two \x00", got) || len(got) >= len("base one two \x00") {
				t.Errorf("byte %d: %q", i, got)
			}
		}
	}
	if err := j.Remove(); err != nil {
		t.Fatal(err)
	}
	if got, _ := records(t, dir); got != "" {
		t.Errorf("a removed journal has %q", got)
	}
}

// TestAppendThatFailsLeavesNoRecord: a write that fails is taken back; a sync that fails leaves it open what a crash would leave.
func TestAppendThatFailsLeavesNoRecord(t *testing.T) {
	dir, broken := t.TempDir(), errors.New("disk gone")
	d := New(dir)
	j, err := CreateJournal(d, "j", []byte("base"))
	if err != nil {
		t.Fatal(err)
	}
	for op, want := range map[string]bool{"write": false, "sync": true} {
		d.Fault = func(at, _ string) error {
			if at == op {
				return broken
			}
			return nil
		}
		if lost, err := j.Append([]byte("x")); !errors.Is(err, broken) || lost != want {
			t.Errorf("%s: lost %t, %v", op, lost, err)
		}
		if op == "write" {
			if got, _ := records(t, dir); !strings.HasPrefix(got, "base") || strings.HasSuffix(got, "x") && want {
				t.Errorf("%q", got)
			}
		}
	}
}

// TestPutIsSeenAtOnceAndSettledLater: every file that was put is waited for, once, unless it was forgotten.
func TestPutIsSeenAtOnceAndSettledLater(t *testing.T) {
	dir := t.TempDir()
	d := New(dir)
	synced := map[string]int{}
	d.Fault = func(op, path string) error {
		if op == "sync" {
			synced[path]++
		}
		return nil
	}
	for _, name := range []string{"a/1", "a/2", "b/3"} {
		if err := d.Put(name, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != name {
			t.Errorf("%q, %v", text, err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	d.Forget(func(path string) bool { return !d.Exists(path) })
	for range 2 {
		if err := d.Settle(); err != nil {
			t.Fatal(err)
		}
	}
	if len(synced) != 2 || synced["a/1"] != 1 || synced["a/2"] != 1 {
		t.Errorf("waited for %v", synced)
	}
}
