package durable

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestATailHasItsPiecesAndThenZeros: whatever the pieces' sizes, what was written stands before the room, and a closed file has no room.
func TestATailHasItsPiecesAndThenZeros(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("head"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	tail := NewTail(f, 4)
	want, grown := "head", map[int]bool{}
	check := func(room string) {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(text, []byte(want)) || len(bytes.Trim(text[len(want):], "\x00")) > 0 || tail.Size() != int64(len(want)) {
			t.Fatalf("after %d bytes: %d, %v", len(want), len(text), err)
		}
		if has := len(text) > len(want); has != (room == "room") {
			t.Errorf("after %d bytes: %d in the file, want %s", len(want), len(text), room)
		}
		grown[len(text)] = true
	}
	for i, n := range []int{1, 100, 0, minRoom - 200, 300, 3 * maxRoom, 5, 5} {
		piece := strings.Repeat(string(rune('a'+i)), n)
		if lost, err := tail.Write([]byte(piece)); lost || err != nil {
			t.Fatal(lost, err)
		}
		if err := tail.Sync(); err != nil {
			t.Fatal(err)
		}
		want += piece
		check("room")
	}
	if len(grown) != 3 {
		t.Errorf("the file had the lengths %v: most pieces should find room", grown)
	}
	if err := tail.Cut(5); err != nil {
		t.Fatal(err)
	}
	want = want[:len(want)-5]
	check("no room")
	if _, err := tail.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	want += "x"
	check("room")
	if err := tail.Close(); err != nil {
		t.Fatal(err)
	}
	check("no room")
}

// TestATailThatCannotBeWrittenSaysWhatIsLeft: a file that can be cut is as it was before.
func TestATailThatCannotBeWrittenSaysWhatIsLeft(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("head"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if lost, err := NewTail(f, 4).Write([]byte("x")); !lost || err == nil {
		t.Errorf("lost %t, %v", lost, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "head" {
		t.Errorf("%q, %v", text, err)
	}
}
