// Package segment keeps a growing tiled log on disk so that many small appends cost one wait for the disk each.
//
// Leaves that are acknowledged are in a journal that was waited for. Publish writes their tiles and their checkpoint, for readers;
// Settle waits for these, when the journal has grown or the log is closed. Until then the partial tiles of the last checkpoint
// that was waited for, the base, stay where they are: after a crash the journal's leaves are added to the base again. Full tiles
// and full entry bundles never change. A large append needs no journal: its tiles are waited for directly.
//
// A Writer is used by one goroutine at a time. Its errors are plain; the ledger says what they mean.
package segment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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

	edge    tiles.Edge
	tail    []byte // the bytes of the partial entry bundle
	text    string // the newest checkpoint
	base    uint64 // leaves whose tiles are on disk for sure
	journal *durable.Journal
	commits int

	seen   uint64 // leaves that readers see
	unseen []file // full tiles that they do not
	filled []tile // since the base
	dirty  bool   // a failed append left files beyond the edge

	// Broken is why no more can be written until the log is opened again: it is unknown what a crash would leave, or readers do not
	// see what was acknowledged.
	Broken error
}

// Resume goes on from an edge and its checkpoint, which are on disk for sure; file is the checkpoint's name.
func Resume(d *durable.Disk, edge tiles.Edge, tail []byte, file, text string) *Writer {
	return &Writer{disk: d, checkpoint: file, edge: edge, tail: tail, text: text, base: edge.Size, seen: edge.Size}
}

// Append adds leaves; sign makes the checkpoint of the size and the root that they lead to. When it returns without an error
// they are durable, and readers see them after Publish at the latest; with an error none of them is in the log.
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
	s, err := stage(w.edge, w.tail, raws)
	if err != nil {
		return err
	}
	text, err := sign(s.edge.Size, s.edge.Root())
	if err != nil {
		return err
	}
	if rec := record(raws, text); w.commits > 0 && len(rec) < directMin {
		err = w.commit(rec)
	} else {
		err = w.commitDirectly(s, text)
	}
	if err != nil {
		return err
	}
	w.edge, w.tail, w.text = s.edge, s.tail, text
	w.filled = append(w.filled, s.filled...)
	w.commits++
	if w.journal == nil {
		w.settled()
		return nil
	}
	w.unseen = append(w.unseen, s.files...)
	if w.journal.Size() > journalMax {
		w.Settle()
	}
	return nil
}

// commit waits for the journal to have a record.
func (w *Writer) commit(rec []byte) error {
	if w.journal == nil {
		j, err := durable.CreateJournal(w.disk, JournalFile, []byte(w.text))
		if err != nil {
			return err
		}
		w.journal = j
	}
	lost, err := w.journal.Append(rec)
	if lost {
		w.Broken = err
	}
	return err
}

// Publish lets readers see everything that was acknowledged. When that fails, w is Broken and nothing is lost.
func (w *Writer) Publish() error {
	if w.seen == w.edge.Size || w.Broken != nil {
		return w.unpublished()
	}
	err := put(w.disk.Put, w.unseen, w.edge, w.tail, w.seen)
	if err == nil {
		err = w.disk.Put(w.checkpoint, []byte(w.text), 0o644)
	}
	if err != nil {
		w.Broken = err
		return err
	}
	w.unseen, w.seen = nil, w.edge.Size
	return nil
}

// unpublished is why readers do not see everything; nil when they do.
func (w *Writer) unpublished() error {
	if w.seen == w.edge.Size {
		return nil
	}
	return w.Broken
}

// commitDirectly waits for the tiles of everything and then puts the checkpoint in place. After a failed rename or folder sync
// nobody knows which of two checkpoints a crash would leave.
func (w *Writer) commitDirectly(s *staged, text string) error {
	w.dirty = true
	err := put(w.disk.Put, append(w.unseen, s.files...), s.edge, s.tail, w.seen)
	if err == nil {
		err = w.disk.Settle()
	}
	if err != nil {
		if w.journal != nil {
			w.Broken = err // tiles of what was acknowledged are among those that may not be on disk
		}
		return err
	}
	if err := w.disk.Write(w.checkpoint, []byte(text), 0o644); err != nil {
		if uerr := w.unchanged(); uerr != nil {
			w.Broken = errors.Join(err, uerr)
		}
		return err
	}
	if err := w.disk.Flush(); err != nil {
		w.Broken = err
		return err
	}
	w.dirty = false
	w.unseen = nil
	if w.journal != nil {
		j := w.journal
		w.journal = nil
		if err := j.Remove(); err != nil {
			w.Broken = err // harmless: the checkpoint is newer than the journal
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

// Settle publishes, waits for everything that only the journal keeps so far, and ends the journal. When that fails, w is Broken
// and the journal stays for the next opening.
func (w *Writer) Settle() {
	if w.Publish() != nil || w.journal == nil || w.Broken != nil {
		return
	}
	full := make(map[string]bool, len(w.filled))
	for _, t := range w.filled {
		full[t.partials()] = true
	}
	w.disk.Forget(func(path string) bool { return full[filepath.Dir(path)] })
	if err := w.disk.Settle(); err != nil {
		w.Broken = err
		return
	}
	j := w.journal
	w.journal = nil
	if err := j.Remove(); err != nil {
		w.Broken = err
		return
	}
	w.settled()
}

// settled notes that everything is on disk and in no journal, and drops the partial forms of what is full now.
func (w *Writer) settled() {
	w.base, w.seen = w.edge.Size, w.edge.Size
	for _, t := range w.filled {
		if err := w.disk.Remove(t.partials()); err != nil {
			w.dirty = true // harmless: the next append or opening removes them
		}
	}
	w.filled = nil
	w.disk.Forget(func(path string) bool { return !w.disk.Exists(path) })
}

// Close settles and ends. What was acknowledged and could not be settled is in the journal.
func (w *Writer) Close() error {
	w.Settle()
	if w.journal != nil {
		return errors.Join(w.Broken, w.journal.Close())
	}
	return nil
}

// Recover adds the leaves of a dead writer's journal to its base and makes them durable. last is the checkpoint that they
// must lead to. Nothing is removed that the next opening would need if this one died as well: what is there already stays, what stands
// between base and last goes before the journal, and partial forms of the base after it.
func (w *Writer) Recover(left *Left, size uint64, root tlog.Hash) error {
	s, err := stage(w.edge, w.tail, left.Raws)
	if err != nil {
		return err
	}
	if n, have := s.edge.Size, s.edge.Root(); n != size || have != root {
		return fmt.Errorf("the journal leads to %d entries with the root %s, its checkpoint says %d and %s", n, have, size, root)
	}
	if err := put(w.disk.Ensure, s.files, s.edge, s.tail, w.base); err != nil {
		return err
	}
	if err := w.disk.Settle(); err != nil {
		return err
	}
	if err := w.disk.Ensure(w.checkpoint, []byte(left.Last), 0o644); err != nil {
		return err
	}
	if err := trimBetween(w.disk, w.base, size); err != nil {
		return err
	}
	if err := w.disk.Settle(); err != nil {
		return err
	}
	if err := w.disk.Remove(JournalFile); err != nil {
		return err
	}
	if err := w.disk.Flush(); err != nil {
		return err
	}
	w.edge, w.tail, w.text, w.filled = s.edge, s.tail, left.Last, s.filled
	w.settled()
	return nil
}
