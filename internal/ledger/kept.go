package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"muster/internal/access"
)

// keptFolder holds checkpoints that are kept: <size> each.
const keptFolder = "checkpoints"

// Keep keeps the newest checkpoint for ever, durably, and returns it: a run keeps one at its end, so that whoever has an older copy
// or a pack can be shown that the log went on from it.
func (l *Log) Keep() (Checkpoint, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	path := keptPath(l.at.Size)
	err := l.show() // who finds the kept one must find the log that has it
	if err == nil {
		err = l.broken
	}
	if err == nil && !l.disk.Exists(path) {
		err = errors.Join(l.disk.Write(path, []byte(l.at.Text), 0o644), l.disk.Flush())
	}
	if err != nil {
		return Checkpoint{}, failed(access.Internal, "keep checkpoint", "free space on the disk", err)
	}
	return l.at, nil
}

func keptPath(size uint64) string { return filepath.Join(keptFolder, strconv.FormatUint(size, 10)) }

// Kept reads the checkpoints that were kept and that the Reader's log has grown beyond, oldest first. It checks their signatures;
// ProveConsistency checks that the log continues them.
func (r *Reader) Kept() ([]Checkpoint, error) {
	entries, err := os.ReadDir(filepath.Join(r.dir, keptFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, failed(access.Denied, "read kept checkpoints", "", err)
	}
	var list []Checkpoint
	for _, entry := range entries {
		size, err := strconv.ParseUint(entry.Name(), 10, 63)
		if err != nil || size > r.at.Size {
			continue
		}
		c, err := r.kept(size)
		if err != nil {
			return nil, failed(access.Invalid, "read kept checkpoints", "run muster ledger verify", err)
		}
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Checkpoint) int { return int(int64(a.Size) - int64(b.Size)) })
	return list, nil
}

// kept reads one checkpoint that was kept.
func (r *Reader) kept(size uint64) (Checkpoint, error) {
	text, err := os.ReadFile(filepath.Join(r.dir, keptPath(size)))
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := ParseCheckpoint(string(text), r.verifier)
	if err == nil && c.Size != size {
		err = fmt.Errorf("%s is the checkpoint of %d entries", keptPath(size), c.Size)
	}
	return c, err
}

// checkKept compares one kept checkpoint with the log.
func (v *verification) checkKept(path, name string) {
	size, err := strconv.ParseUint(name, 10, 63)
	if err != nil || keptPath(size) != filepath.FromSlash(path) {
		v.differ(path, NoEntry, "no file of a log has this name")
		return
	}
	if size > v.r.at.Size { // a writer goes on meanwhile; or the log was cut
		if now, err := Read(v.dir); err != nil || size > now.at.Size {
			v.differ(path, NoEntry, fmt.Sprintf("it was kept with %d entries, the log has %d", size, v.r.at.Size))
		}
		return
	}
	c, err := v.r.kept(size)
	if err == nil {
		_, err = v.r.At(c.Text)
	}
	if err != nil {
		v.differ(path, NoEntry, err.Error())
	}
}
