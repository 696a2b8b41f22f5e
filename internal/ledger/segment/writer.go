// Package segment keeps a growing tiled log on disk so that many small appends cost one wait for the disk each.
//
// Leaves that are acknowledged are in a journal that was waited for; their tiles and their checkpoint are written at once, for
// readers, and waited for together, when the journal has grown or the log is closed. Until then the partial tiles of the last
// checkpoint that was waited for, the base, stay where they are: after a crash the journal's leaves are added to the base
// again. Full tiles and full entry bundles never change. A large append needs no journal: its tiles are waited for directly.
//
// A Writer is used by one goroutine at a time. Its errors are plain; the ledger says what they mean.
package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

const (
	// journalMax is how many bytes of journal a crash may make the next opening read again.
	journalMax = 4 << 20
	// directMin is from how many bytes on writing leaves twice costs more than waiting for their tiles.
	directMin = 1 << 20
)

// Writer is the state of a log on disk.
type Writer struct {
	disk       *durable.Disk
	checkpoint string // name of the checkpoint's file
	mode       os.FileMode

	edge    tiles.Edge
	tail    []byte // the bytes of the partial entry bundle
	text    string // the newest checkpoint
	base    uint64 // leaves whose tiles are on disk for sure
	journal *durable.Journal
	commits int
	filled  []tile // since the base
	dirty   bool   // a failed append left files beyond the edge

	// Broken is why it is unknown what a crash would leave. No more can be written until the log is opened again.
	Broken error
}

// Resume goes on from an edge and its checkpoint, which are on disk for sure; file is the checkpoint's name.
func Resume(d *durable.Disk, edge tiles.Edge, tail []byte, file, text string) *Writer {
	return &Writer{disk: d, checkpoint: file, mode: 0o644, edge: edge, tail: tail, text: text, base: edge.Size}
}

// Size is how many leaves there are.
func (w *Writer) Size() uint64 { return w.edge.Size }

// Append adds leaves; sign makes the checkpoint of the size and the root that they lead to. When it returns without an error
// they are durable; with an error none of them is in the log.
func (w *Writer) Append(raws [][]byte, sign func(size uint64, root tlog.Hash) (string, error)) error {
	if w.Broken != nil {
		return w.Broken
	}
	if w.dirty {
		if _, err := Trim(w.disk, w.edge.Size, w.base); err != nil {
			return err
		}
		w.dirty = false
	}
	s := staged{disk: w.disk, edge: w.edge.Clone(), tail: slices.Clone(w.tail)}
	err := s.write(raws)
	var text string
	if err == nil {
		text, err = sign(s.edge.Size, s.edge.Root())
	}
	if err == nil {
		err = w.commit(&s, raws, text)
	}
	if err != nil {
		w.dirty = true
		return err
	}
	w.edge, w.tail, w.text = s.edge, s.tail, text
	w.filled = append(w.filled, s.filled...)
	w.commits++
	if w.journal == nil {
		w.settled()
	} else if w.journal.Size() > journalMax {
		return w.Settle()
	}
	return nil
}

// commit makes what is staged durable. Nothing of it is in the log after an error, or w is broken.
func (w *Writer) commit(s *staged, raws [][]byte, text string) error {
	rec := record(raws, text)
	if w.commits == 0 || len(rec) >= directMin {
		return w.commitDirectly(text)
	}
	if w.journal == nil {
		var err error
		if w.journal, err = durable.CreateJournal(w.disk, JournalFile, []byte(w.text)); err != nil {
			return err
		}
	}
	lost, err := w.journal.Append(rec)
	if err != nil {
		if lost {
			w.Broken = err
		}
		return err
	}
	if err := w.disk.Put(w.checkpoint, []byte(text), w.mode); err != nil {
		if uerr := errors.Join(w.journal.Undo(), w.unchanged()); uerr != nil {
			w.Broken = errors.Join(err, uerr)
		}
		return err
	}
	return nil
}

// commitDirectly waits for the tiles and then puts the checkpoint in place. After a failed rename or folder sync nobody knows
// which of two checkpoints a crash would leave.
func (w *Writer) commitDirectly(text string) error {
	if err := w.disk.Settle(); err != nil {
		if w.journal != nil {
			w.Broken = err // tiles of what was acknowledged are among those that may not be on disk
		}
		return err
	}
	if err := w.disk.Write(w.checkpoint, []byte(text), w.mode); err != nil {
		if uerr := w.unchanged(); uerr != nil {
			w.Broken = errors.Join(err, uerr)
		}
		return err
	}
	if err := w.disk.Flush(); err != nil {
		w.Broken = err
		return err
	}
	if w.journal != nil {
		j := w.journal
		w.journal = nil
		if err := j.Remove(); err != nil {
			w.Broken = err
			return err
		}
	}
	return nil
}

// unchanged is nil when the checkpoint that can be seen is the acknowledged one.
func (w *Writer) unchanged() error {
	have, err := os.ReadFile(filepath.Join(w.disk.Dir, w.checkpoint))
	if err == nil && string(have) != w.text {
		err = errors.New("the checkpoint that was put in place was not acknowledged")
	}
	return err
}

// Settle waits for everything that only the journal keeps so far, and ends the journal.
func (w *Writer) Settle() error {
	if w.journal == nil || w.Broken != nil {
		return w.Broken
	}
	full := make(map[string]bool, len(w.filled))
	for _, t := range w.filled {
		full[t.partials()] = true
	}
	w.disk.Forget(func(path string) bool { return full[filepath.Dir(path)] })
	j := w.journal
	w.journal = nil
	if err := w.disk.Settle(); err != nil {
		w.Broken = errors.Join(err, j.Close())
		return nil // what was acknowledged is in the journal
	}
	if err := j.Remove(); err != nil {
		w.Broken = err
		return nil
	}
	w.settled()
	return nil
}

// settled notes that everything is on disk, and drops the partial forms of what is full now.
func (w *Writer) settled() {
	w.base = w.edge.Size
	for _, t := range w.filled {
		if err := os.RemoveAll(filepath.Join(w.disk.Dir, t.partials())); err != nil {
			w.dirty = true // harmless: the next append or opening removes them
		}
	}
	w.filled = nil
	w.disk.Forget(func(path string) bool { return !w.disk.Exists(path) })
}

// Close settles and ends. After an error of the disk the journal stays, for the next opening.
func (w *Writer) Close() error {
	if err := w.Settle(); err != nil {
		return err
	}
	j := w.journal
	w.journal = nil
	if j != nil {
		return j.Close()
	}
	return nil
}

// Recover adds the leaves of a dead writer's journal to its base and makes them durable. last is the checkpoint that they
// must lead to.
func (w *Writer) Recover(left *Left, size uint64, root tlog.Hash) error {
	err := w.Append(left.Raws, func(n uint64, have tlog.Hash) (string, error) {
		if n != size || have != root {
			return "", fmt.Errorf("the journal leads to %d entries with the root %s, its checkpoint says %d and %s", n, have, size, root)
		}
		return left.Last, nil
	})
	if err != nil {
		return err
	}
	if err := durable.Remove(filepath.Join(w.disk.Dir, JournalFile)); err != nil {
		return fmt.Errorf("remove journal: %w", err)
	}
	return w.disk.SyncRoot()
}
