package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
	"muster/internal/ledger/tiles"
)

// Reader reads a log as of one signed checkpoint. It takes no lock; a writer may go on meanwhile. A Reader is safe for
// concurrent use.
type Reader struct {
	dir      string
	verifier string
	at       Checkpoint
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
	old := &Reader{dir: r.dir, verifier: r.verifier, at: c}
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
	raw, err := r.bundle(index / tiles.Width)
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
		raws, err := r.bundle(index / tiles.Width)
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

// bundle reads the entries of bundle n, as many as the checkpoint covers.
func (r *Reader) bundle(n uint64) ([][]byte, error) {
	data, want, path, err := r.file(tiles.Entries, n)
	if err != nil {
		return nil, err
	}
	raws, err := tiles.SplitBundle(data)
	if err != nil && len(raws) < want {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(raws) < want {
		return nil, fmt.Errorf("%s: it has %d entries, %d are needed", path, len(raws), want)
	}
	return raws[:want], nil
}

// hashes reads the hashes of tile n of a level, as many as the checkpoint covers.
func (r *Reader) hashes(level int, n uint64) ([]tlog.Hash, error) {
	data, want, path, err := r.file(level, n)
	if err != nil {
		return nil, err
	}
	if len(data)%tlog.HashSize != 0 || len(data) < want*tlog.HashSize {
		return nil, fmt.Errorf("%s: it has %d bytes, %d hashes are needed", path, len(data), want)
	}
	return tiles.Unpack(data[:want*tlog.HashSize]), nil
}

// file reads the file of a tile: the partial one of this checkpoint's tiles.Width, or the full one that took its place.
func (r *Reader) file(level int, n uint64) (data []byte, want int, path string, err error) {
	total := tiles.Count(level, r.at.Size)
	if n*tiles.Width >= total {
		return nil, 0, "", fmt.Errorf("tile %d of level %d lies beyond the checkpoint", n, level)
	}
	want = int(min(tiles.Width, total-n*tiles.Width))
	path = tiles.Path(level, n, want)
	data, err = os.ReadFile(filepath.Join(r.dir, path))
	if errors.Is(err, fs.ErrNotExist) && want < tiles.Width {
		if full, ferr := os.ReadFile(filepath.Join(r.dir, tiles.Path(level, n, tiles.Width))); ferr == nil {
			return full, want, tiles.Path(level, n, tiles.Width), nil
		}
	}
	return data, want, path, err
}

// tile names a tile of hashes.
type tile struct {
	level int
	n     uint64
}

// ReadHashes makes a Reader the tlog.HashReader that proofs are computed from.
func (r *Reader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := map[tile][]tlog.Hash{}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		height, node := tlog.SplitStoredHashIndex(index)
		first := uint64(node) << (height % 8) // the first hash of the tile level below that the node spans
		t := tile{height / 8, first / tiles.Width}
		if read[t] == nil {
			hashes, err := r.hashes(t.level, t.n)
			if err != nil {
				return nil, err
			}
			read[t] = hashes
		}
		from, span := int(first%tiles.Width), 1<<(height%8)
		if from+span > len(read[t]) {
			return nil, fmt.Errorf("read hash %d: its tile has only %d hashes", index, len(read[t]))
		}
		out[i] = tiles.Subtree(read[t][from : from+span])
	}
	return out, nil
}

// edge reads what appending needs and checks it against the checkpoint: the partial tiles, the partial entry bundle and the
// time of the last entry.
func (r *Reader) edge() (e tiles.Edge, tail []byte, last time.Time, err error) {
	e.Size = r.at.Size
	for level := 0; tiles.Count(level, e.Size) > 0; level++ {
		total := tiles.Count(level, e.Size)
		hashes := make([]tlog.Hash, 0, tiles.Width)
		if total%tiles.Width != 0 {
			have, err := r.hashes(level, total/tiles.Width)
			if err != nil {
				return e, nil, last, err
			}
			hashes = append(hashes, have...)
		}
		e.Levels = append(e.Levels, hashes)
	}
	if root := e.Root(); root != r.at.Root {
		return e, nil, last, fmt.Errorf("the tiles have the root %s, the checkpoint says %s", root, r.at.Root)
	}
	if e.Size == 0 {
		return e, nil, last, nil
	}
	raws, err := r.bundle((e.Size - 1) / tiles.Width)
	if err != nil {
		return e, nil, last, err
	}
	for i, raw := range raws {
		if e.Size%tiles.Width != 0 {
			if tlog.RecordHash(raw) != e.Levels[0][i] {
				return e, nil, last, fmt.Errorf("entry %d is not what its tile says", (e.Size-1)/tiles.Width*tiles.Width+uint64(i))
			}
			tail = tiles.AppendEntry(tail, raw)
		}
	}
	final, err := decodeEntry(e.Size-1, raws[len(raws)-1])
	return e, tail, final.Time, err
}
