package ledger

import (
	"bytes"
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
	"muster/internal/ledger/durable"
	"muster/internal/ledger/keys"
	"muster/internal/ledger/segment"
	"muster/internal/ledger/tiles"
)

// maxDifferences bounds the report of a log that is damaged all over.
const maxDifferences = 100

// NoEntry is the Entry of a Difference that concerns no single entry.
const NoEntry int64 = -1

// Difference is one place where the log is not what its checkpoint says.
type Difference struct {
	File    string // relative to the log's folder
	Entry   int64  // index of the entry, or NoEntry
	Problem string
}

// String is "file: entry n: problem".
func (d Difference) String() string {
	if d.Entry == NoEntry {
		return d.File + ": " + d.Problem
	}
	return fmt.Sprintf("%s: entry %d: %s", d.File, d.Entry, d.Problem)
}

// Report is what Verify found.
type Report struct {
	Origin      string
	Size        uint64
	Root        string // the root hash of the checkpoint, base64
	Checkpoint  string
	VerifierKey string
	Tiles       int             // how many tile and entry files were compared
	Types       map[Type]uint64 // how many entries of each type
	First, Last time.Time       // times of the first and the last entry
	Differences []Difference    // in the order in which they were found, 100 at most
	Notes       []string        // what is remarkable and no damage
}

// Verify recomputes the whole log in dir from its entries: every entry's form, number, time and leaf hash, every tile of every
// tiles.Width, the root hash and the checkpoint's signature, and that no file is there that does not belong. The error names the
// first difference; the Report has them all. It takes no lock: what a writer adds meanwhile is not looked at.
func Verify(ctx context.Context, dir string) (Report, error) {
	v := &verification{dir: dir, report: Report{Types: map[Type]uint64{}}}
	r, err := Read(dir)
	if err != nil {
		v.differ(blame(err), NoEntry, err.Error())
		return v.report, err
	}
	v.r = r
	v.report.Origin, v.report.Size, v.report.Root = r.at.Origin, r.at.Size, r.at.Root.String()
	v.report.Checkpoint, v.report.VerifierKey = r.at.Text, r.verifier
	v.checkKeys()
	if err := v.checkEntries(ctx); err != nil {
		return v.report, err
	}
	if err := v.checkFiles(); err != nil {
		return v.report, failed(access.Denied, "verify log", "", err)
	}
	if len(v.report.Differences) > 0 {
		err := errors.New(v.report.Differences[0].String())
		return v.report, failed(access.Invalid, "verify log", "compare with a backup, or with a checkpoint kept elsewhere", err)
	}
	return v.report, nil
}

// blame says which file an error of Read is about.
func blame(err error) string {
	if e, ok := errors.AsType[*access.Error](err); ok && strings.Contains(e.Op, "verifier") {
		return verifierFile
	}
	return checkpointFile
}

// verification is one Verify under way.
type verification struct {
	dir    string
	r      *Reader
	report Report
	edge   tiles.Edge
	last   time.Time
}

func (v *verification) differ(file string, entry int64, problem string) {
	if len(v.report.Differences) < maxDifferences {
		v.report.Differences = append(v.report.Differences, Difference{file, entry, problem})
	}
}

// checkKeys compares the files of the keys byte for byte with what they mean.
func (v *verification) checkKeys() {
	wrong, note := keys.Differ(v.dir, v.r.verifier)
	for _, w := range wrong {
		v.differ(w[0], NoEntry, w[1])
	}
	if note != "" {
		v.report.Notes = append(v.report.Notes, note)
	}
}

// checkEntries reads every entry, and compares every tile that follows from them with its file.
func (v *verification) checkEntries(ctx context.Context) error {
	for n := uint64(0); n*tiles.Width < v.r.at.Size; n++ {
		if err := ctx.Err(); err != nil {
			return failed(access.Transient, "verify log", "", err)
		}
		raws, err := v.r.tiles.Bundle(n)
		if err != nil {
			v.differ(v.path(tiles.Entries, n), NoEntry, err.Error())
			return nil
		}
		leaves := v.checkBundle(n, raws)
		v.compareLeaves(n, leaves)
		for _, leaf := range leaves {
			if err := v.edge.Add(leaf, v.compareTile); err != nil {
				return err
			}
		}
	}
	for level, hashes := range v.edge.Levels {
		if len(hashes) > 0 {
			if err := v.compareTile(level, tiles.Count(level, v.edge.Size)/tiles.Width, hashes); err != nil {
				return err
			}
		}
	}
	if root := v.edge.Root(); root != v.r.at.Root {
		v.differ(checkpointFile, NoEntry, fmt.Sprintf("the entries have the root %s, the checkpoint says %s", root, v.r.at.Root))
	}
	return nil
}

func (v *verification) path(level int, n uint64) string {
	return tiles.Path(level, n, int(min(tiles.Width, tiles.Count(level, v.r.at.Size)-n*tiles.Width)))
}

// checkBundle judges the entries of one bundle and returns their leaf hashes.
func (v *verification) checkBundle(n uint64, raws [][]byte) []tlog.Hash {
	path := v.path(tiles.Entries, n)
	leaves := make([]tlog.Hash, len(raws))
	for i, raw := range raws {
		index := n*tiles.Width + uint64(i)
		leaves[i] = tlog.RecordHash(raw)
		e, err := decodeEntry(index, raw)
		if err == nil {
			err = checkEntry(e, v.last)
		}
		if err != nil {
			v.differ(path, int64(index), err.Error())
			continue
		}
		if index == 0 {
			v.report.First = e.Time
		}
		v.last, v.report.Last = e.Time, e.Time
		v.report.Types[e.Type]++
	}
	return leaves
}

// compareLeaves names the entries whose hash is not in the tile of leaf hashes. The hash of the entry and that in the tile
// cannot both be right; the root says later which of the two belongs to the checkpoint.
func (v *verification) compareLeaves(n uint64, leaves []tlog.Hash) {
	have, err := v.r.tiles.Hashes(0, n)
	if err != nil {
		v.differ(v.path(0, n), NoEntry, err.Error())
		return
	}
	for i, leaf := range leaves {
		if have[i] != leaf {
			v.differ(v.blameLeaf(n, have), int64(n*tiles.Width)+int64(i), fmt.Sprintf("its hash is %s, its tile says %s", leaf, have[i]))
		}
	}
}

// blameLeaf says whether the entries or the leaf hashes of bundle n were changed: the tile is innocent when the tree above it
// (or, at the right edge, the checkpoint) agrees with it.
func (v *verification) blameLeaf(n uint64, have []tlog.Hash) string {
	innocent := false
	if len(have) == tiles.Width {
		if above, err := v.r.tiles.Hashes(1, n/tiles.Width); err == nil {
			innocent = above[n%tiles.Width] == tiles.Subtree(have)
		}
	} else if edge, _, _, err := v.r.edge(); err == nil {
		innocent = edge.Size > 0
	} else {
		innocent = !strings.Contains(err.Error(), "the tiles have the root")
	}
	if innocent {
		return v.path(tiles.Entries, n)
	}
	return v.path(0, n)
}

// compareTile compares one tile that follows from the entries with its file; level 0 was compared entry by entry.
func (v *verification) compareTile(level int, n uint64, hashes []tlog.Hash) error {
	have, err := v.r.tiles.Hashes(level, n)
	if err != nil {
		v.differ(v.path(level, n), NoEntry, err.Error())
		return nil
	}
	for i := range hashes {
		if level > 0 && have[i] != hashes[i] {
			v.differ(v.path(level, n), NoEntry, fmt.Sprintf("hash %d is %s, the entries say %s", i, have[i], hashes[i]))
			return nil
		}
	}
	return nil
}

// checkFiles walks the log's folder: every file must belong, have exactly its length, and an older partial tile must be the
// beginning of the one that replaced it.
func (v *verification) checkFiles() error {
	return filepath.WalkDir(v.dir, func(full string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a writer goes on meanwhile; what must be there was read already
		}
		if err != nil || entry.IsDir() {
			return err
		}
		rel, err := filepath.Rel(v.dir, full)
		if err != nil {
			return err
		}
		path := filepath.ToSlash(rel)
		switch path {
		case checkpointFile, verifierFile, keyFile, lockFile:
			return nil
		case segment.JournalFile:
			return v.checkJournal(full)
		}
		if strings.HasPrefix(path, keptFolder+"/") && !strings.HasPrefix(entry.Name(), durable.TempPrefix) {
			v.checkKept(path, entry.Name())
			return nil
		}
		level, n, w, ok := tiles.ParsePath(path)
		switch {
		case strings.HasPrefix(entry.Name(), durable.TempPrefix):
			v.report.Notes = append(v.report.Notes, path+" was being written when a process ended")
		case !ok || !entry.Type().IsRegular():
			v.differ(path, NoEntry, "no file of a log has this name")
		case !tiles.Within(level, n, w, v.r.at.Size):
			v.report.Notes = append(v.report.Notes, path+" lies beyond the checkpoint: never acknowledged")
		default:
			return v.checkTileFile(path, full, level, n, w)
		}
		return nil
	})
}

// checkTileFile compares one tile file with the newest form of the same tile, which was compared with the entries.
func (v *verification) checkTileFile(path, full string, level int, n uint64, w int) error {
	v.report.Tiles++
	data, err := os.ReadFile(full)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // replaced by a fuller tile since
	}
	if err != nil {
		return err
	}
	var want []byte
	if level == tiles.Entries {
		raws, err := v.r.tiles.Bundle(n)
		if err != nil {
			return nil // reported already
		}
		for _, raw := range raws[:w] {
			want = tiles.AppendEntry(want, raw)
		}
	} else {
		hashes, err := v.r.tiles.Hashes(level, n)
		if err != nil {
			return nil // reported already
		}
		want = tiles.Pack(hashes[:w])
	}
	if !bytes.Equal(data, want) {
		v.differ(path, NoEntry, fmt.Sprintf("it is not the first %d of %s", w, v.path(level, n)))
	}
	return nil
}

// checkJournal compares what a writer's journal holds with the entries; it is no evidence, but the next Open believes it.
func (v *verification) checkJournal(full string) error {
	left, err := segment.ReadJournal(full)
	if err != nil {
		v.differ(segment.JournalFile, NoEntry, err.Error())
		return nil
	}
	if left == nil {
		return nil
	}
	last, err := ParseCheckpoint(left.Last, v.r.verifier)
	if err != nil {
		v.differ(segment.JournalFile, NoEntry, err.Error())
		return nil
	}
	first := last.Size - uint64(len(left.Raws))
	for i, raw := range left.Raws {
		index := first + uint64(i)
		if index >= v.r.at.Size {
			return nil
		}
		if have, err := v.r.Entry(index); err == nil && !bytes.Equal(have.Raw, raw) {
			v.differ(segment.JournalFile, int64(index), "the journal has another entry in this place")
			return nil
		}
	}
	return nil
}
