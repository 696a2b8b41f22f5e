package durable

import (
	"errors"
	"fmt"
	"os"
)

// How much room of zeros a Tail makes for what comes next: as much as it was given, within these bounds.
const (
	minRoom = 64 << 10
	maxRoom = 1 << 20
)

// Tail is the end of a file that grows by small pieces, each of which is waited for. Behind it the file has room, zeros that are on disk already: a
// piece that takes their place costs the wait for its bytes, and not that for the file's new length. Whoever reads the file must know where
// it ends: what a crash leaves of a piece lies before zeros, and zeros may lie within it.
type Tail struct {
	file  *os.File
	size  int64 // where the next piece goes
	end   int64 // of the room
	given int64 // bytes of all pieces
}

// NewTail goes on at size, where the file ends.
func NewTail(f *os.File, size int64) *Tail { return &Tail{file: f, size: size, end: size} }

// Size is how many bytes lie before the room.
func (t *Tail) Size() int64 { return t.size }

// Write puts a piece behind the others; Sync waits for it. After an error the file is as it was before, unless lost.
func (t *Tail) Write(piece []byte) (lost bool, err error) {
	size := t.size + int64(len(piece))
	if size <= t.end {
		_, err = t.file.WriteAt(piece, t.size)
	} else if err = t.grow(piece, min(maxRoom, max(minRoom, t.given))); err != nil {
		err = t.grow(piece, 0) // the disk is almost full
	}
	if err != nil {
		cut := t.file.Truncate(t.size)
		t.end = t.size
		return cut != nil, errors.Join(fmt.Errorf("write at end: %w", err), cut)
	}
	t.size, t.given = size, t.given+int64(len(piece))
	return false, nil
}

// grow writes a piece with room behind it.
func (t *Tail) grow(piece []byte, room int64) error {
	text := make([]byte, int64(len(piece))+room)
	copy(text, piece)
	_, err := t.file.WriteAt(text, t.size)
	if err == nil {
		t.end = t.size + int64(len(text))
	}
	return err
}

// Sync waits for what was written.
func (t *Tail) Sync() error {
	if err := syncData(t.file); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}

// Cut takes back the last n bytes, and Close the room.
func (t *Tail) Cut(n int64) error {
	t.size -= n
	t.end = t.size
	return t.file.Truncate(t.size)
}

// Close closes the file, without room.
func (t *Tail) Close() error { return errors.Join(t.file.Truncate(t.size), t.file.Close()) }
