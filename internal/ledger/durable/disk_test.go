package durable

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// waited gives a Disk in a folder, and the folders that it waits for, relative to the one around Dir.
func waited(t *testing.T, dir string) (*Disk, func() []string) {
	t.Helper()
	d := New(dir)
	var list []string
	d.Fault = func(op, path string) error {
		if op == "syncdir" {
			rel, err := filepath.Rel(filepath.Dir(dir), path)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, rel)
		}
		return nil
	}
	return d, func() []string {
		out := list
		list = nil
		slices.Sort(out)
		return out
	}
}

// TestFoldersThatADeadProcessMadeAreWaitedFor: that a folder is there does not mean that its name is on disk. Each is waited for once.
func TestFoldersThatADeadProcessMadeAreWaitedFor(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "log")
	if err := os.MkdirAll(filepath.Join(dir, "tile/0"), 0o755); err != nil {
		t.Fatal(err)
	}
	d, since := waited(t, dir)
	for i, want := range [][]string{{".", "log", "log/tile", "log/tile/0"}, {"log/tile/0"}, {"log/tile", "log/tile/1"}} {
		path := filepath.Join("tile", []string{"0", "0", "1"}[i], []string{"a", "b", "c"}[i])
		if err := errors.Join(d.Put(path, nil, 0o600), d.Settle()); err != nil {
			t.Fatal(err)
		}
		if got := since(); !slices.Equal(got, want) {
			t.Errorf("%s: waited for %v, want %v", path, got, want)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "tile/1")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Write("tile/1/d", nil, 0o600), d.Flush()); err != nil {
		t.Fatal(err)
	}
	if got := since(); !slices.Equal(got, []string{"log/tile", "log/tile/1"}) {
		t.Errorf("a folder that was removed and made again: waited for %v", got)
	}
	for _, op := range []func() error{d.Anchor, d.SyncRoot} {
		if err := op(); err != nil {
			t.Fatal(err)
		}
	}
	if got := since(); !slices.Contains(got, ".") || !slices.Contains(got, "..") || !slices.Contains(got, "log") {
		t.Errorf("Anchor and SyncRoot waited for %v", got)
	}
}

// TestFilesThatAreThereAreWaitedForAndNotWritten: Ensure writes what is missing or different, and has all of it waited for.
func TestFilesThatAreThereAreWaitedForAndNotWritten(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"same": "text", "other": "old"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d := New(dir)
	ops := map[string][]string{}
	d.Fault = func(op, path string) error {
		name := filepath.Base(path)
		ops[name] = append(ops[name], op)
		return nil
	}
	for _, name := range []string{"same", "other", "none"} {
		if err := d.Ensure(name, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	if err := d.Settle(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(ops["same"], []string{"sync"}) || !slices.Equal(ops["other"], []string{"rename"}) || !slices.Contains(ops[TempPrefix+"none"], "sync") {
		t.Errorf("%v", ops)
	}
}

func TestWhatIsOutside(t *testing.T) {
	for folder, want := range map[string]bool{"/a/log": false, "/a/log/tile": false, "/a/log/..x": false, "/a": true, "/": true, "/a/logs": true, "/a/b": true} {
		if got := New("/a/log/").outside(folder); got != want {
			t.Errorf("%s: %t", folder, got)
		}
	}
	for _, dir := range []string{"/", "."} {
		if err := New(dir).Mkdir(dir); err != nil {
			t.Error(err)
		}
	}
}
