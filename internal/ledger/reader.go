package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger/segment"
	"muster/internal/ledger/tiles"
)

// Reader reads a log as of one signed checkpoint. It takes no lock; a writer may go on meanwhile. A Reader is safe for
// concurrent use.
type Reader struct {
	dir      string
	verifier string
	at       Checkpoint
	tiles    *segment.Source
}

// Read opens the log in dir for reading as of its newest checkpoint, whose signature it checks.
func Read(dir string) (*Reader, error) {
	verifier, err := os.ReadFile(filepath.Join(dir, verifierFile))
	if err != nil {
		return nil, failed(readKind(err), "read verifier key", "there is no ledger in this folder, or none that this user may read", err)
	}
	text, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil {
		return nil, failed(readKind(err), "read checkpoint", "restore the file checkpoint from a backup", err)
	}
	r := &Reader{dir: dir, verifier: strings.TrimSuffix(string(verifier), "\n")}
	if r.at, err = ParseCheckpoint(string(text), r.verifier); err != nil {
		return nil, err
	}
	r.tiles = segment.NewSource(dir, r.at.Size)
	return r, nil
}

func readKind(err error) access.Kind {
	if errors.Is(err, fs.ErrNotExist) {
		return access.NotFound
	}
	return access.Denied
}

// At reads the log as of an older checkpoint of it, after checking that the log really had that root then.
func (r *Reader) At(checkpoint string) (*Reader, error) {
	c, err := ParseCheckpoint(checkpoint, r.verifier)
	if err != nil {
		return nil, err
	}
	if c.Size > r.at.Size {
		err := fmt.Errorf("the checkpoint has %d entries, the log has %d", c.Size, r.at.Size)
		return nil, failed(access.Incomplete, "read older checkpoint", "the log was cut, or restored from an older backup", err)
	}
	old := &Reader{dir: r.dir, verifier: r.verifier, at: c, tiles: r.tiles.At(c.Size)}
	root, err := tlog.TreeHash(int64(c.Size), old)
	if err != nil {
		return nil, failed(access.Invalid, "read older checkpoint", "", err)
	}
	if root != c.Root {
		err := fmt.Errorf("the log's first %d entries have the root %s, the checkpoint says %s", c.Size, root, c.Root)
		return nil, failed(access.Invalid, "read older checkpoint", "run muster ledger verify", err)
	}
	return old, nil
}

// Size is how many entries the log has as of the checkpoint.
func (r *Reader) Size() uint64 { return r.at.Size }

// Checkpoint is the signed checkpoint that is read as of.
func (r *Reader) Checkpoint() string { return r.at.Text }

// Origin names the log.
func (r *Reader) Origin() string { return r.at.Origin }

// VerifierKey is the log's public key.
func (r *Reader) VerifierKey() string { return r.verifier }

// Entry reads one entry.
func (r *Reader) Entry(index uint64) (Entry, error) {
	if index >= r.at.Size {
		err := fmt.Errorf("there is no entry %d: the log has %d, from 0", index, r.at.Size)
		return Entry{}, failed(access.NotFound, "read entry", "muster ledger verify tells how many there are", err)
	}
	raw, err := r.tiles.Bundle(index / tiles.Width)
	if err != nil {
		return Entry{}, failed(access.Invalid, "read entry", "run muster ledger verify", err)
	}
	e, err := decodeEntry(index, raw[index%tiles.Width])
	if err != nil {
		return Entry{}, failed(access.Invalid, "read entry", "run muster ledger verify", err)
	}
	return e, nil
}

// Entries hands the entries from an index on to yield, in order, until yield fails or the log ends.
func (r *Reader) Entries(ctx context.Context, from uint64, yield func(Entry) error) error {
	for index := from; index < r.at.Size; {
		if err := ctx.Err(); err != nil {
			return failed(access.Transient, "read entries", "", err)
		}
		raws, err := r.tiles.Bundle(index / tiles.Width)
		if err != nil {
			return failed(access.Invalid, "read entries", "run muster ledger verify", err)
		}
		for _, raw := range raws[index%tiles.Width:] {
			e, err := decodeEntry(index, raw)
			if err != nil {
				return failed(access.Invalid, "read entries", "run muster ledger verify", err)
			}
			if err := yield(e); err != nil {
				return fmt.Errorf("read entries: %w", err)
			}
			index++
		}
	}
	return nil
}

// Leaves gives the exact bytes of the entries from first to last, both included, in order. After an error it ends.
func (r *Reader) Leaves(ctx context.Context, first, last uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for index := first; index <= last; {
			err := ctx.Err()
			if err != nil {
				yield(nil, failed(access.Transient, "read entries", "", err))
				return
			}
			raws, err := r.tiles.Bundle(index / tiles.Width)
			if err != nil {
				yield(nil, failed(access.Invalid, "read entries", "run muster ledger verify", err))
				return
			}
			raws = raws[min(index%tiles.Width, uint64(len(raws))):]
			for _, raw := range raws[:min(uint64(len(raws)), last-index+1)] {
				if !yield(raw, nil) {
					return
				}
			}
			index += uint64(len(raws))
			if len(raws) == 0 {
				return
			}
		}
	}
}

// ReadHashes makes a Reader the tlog.HashReader that proofs are computed from.
func (r *Reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) { return r.tiles.ReadHashes(indexes) }

// edge reads what appending needs and checks it against the checkpoint: the partial tiles, the partial entry bundle and the
// time of the last entry.
func (r *Reader) edge() (e tiles.Edge, tail []byte, last time.Time, err error) {
	e, tail, raw, err := r.tiles.Edge(r.at.Root)
	if err != nil || e.Size == 0 {
		return e, nil, last, err
	}
	final, err := decodeEntry(e.Size-1, raw)
	return e, tail, final.Time, err
}
