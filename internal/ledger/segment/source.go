package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/ledger/tiles"
)

// Source reads the tiles and the entry bundles of a log as of one size. Full tiles of hashes, which never change, are kept; nothing is
// judged. A Source is safe for concurrent use.
type Source struct {
	dir   string
	size  uint64
	cache *cache
	own   bool // no fuller form of a tile will do
}

// NewSource reads the log in dir as it was when it had size leaves.
func NewSource(dir string, size uint64) *Source {
	return &Source{dir: dir, size: size, cache: &cache{tiles: map[tile][]tlog.Hash{}}}
}

// At reads the same log at another size.
func (s *Source) At(size uint64) *Source { return &Source{dir: s.dir, size: size, cache: s.cache} }

// Own reads the files of exactly this size, which Trim leaves, and no fuller ones.
func (s *Source) Own() *Source { return &Source{dir: s.dir, size: s.size, cache: s.cache, own: true} }

// cacheMax is how many full tiles of hashes are kept: 8 kB each.
const cacheMax = 512

// cache keeps full tiles.
type cache struct {
	mu    sync.Mutex
	tiles map[tile][]tlog.Hash
}

func (c *cache) get(t tile) []tlog.Hash {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tiles[t]
}

func (c *cache) put(t tile, hashes []tlog.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.tiles) >= cacheMax {
		clear(c.tiles)
	}
	c.tiles[t] = hashes
}

// Bundle reads the entries of bundle n, as many as the size covers.
func (s *Source) Bundle(n uint64) ([][]byte, error) {
	data, want, path, err := s.file(tiles.Entries, n)
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

// Hashes reads the hashes of tile n of a level, as many as the size covers. They must not be changed.
func (s *Source) Hashes(level int, n uint64) ([]tlog.Hash, error) {
	if have := s.cache.get(tile{level, n}); have != nil && (n+1)*tiles.Width <= tiles.Count(level, s.size) {
		return have, nil
	}
	data, want, path, err := s.file(level, n)
	if err != nil {
		return nil, err
	}
	if len(data)%tlog.HashSize != 0 || len(data) < want*tlog.HashSize {
		return nil, fmt.Errorf("%s: it has %d bytes, %d hashes are needed", path, len(data), want)
	}
	hashes := tiles.Unpack(data[:want*tlog.HashSize])
	if want == tiles.Width {
		s.cache.put(tile{level, n}, hashes)
	}
	return hashes, nil
}

// file reads the file of a tile: the partial one of this size, or a fuller one that took its place.
func (s *Source) file(level int, n uint64) (data []byte, want int, path string, err error) {
	total := tiles.Count(level, s.size)
	if n*tiles.Width >= total {
		return nil, 0, "", fmt.Errorf("tile %d of level %d lies beyond the checkpoint", n, level)
	}
	want = int(min(tiles.Width, total-n*tiles.Width))
	path = tiles.Path(level, n, want)
	data, err = os.ReadFile(filepath.Join(s.dir, path))
	if errors.Is(err, fs.ErrNotExist) && want < tiles.Width && !s.own {
		if data, fuller, ferr := s.fuller(level, n, want); ferr == nil {
			return data, want, fuller, nil
		}
	}
	return data, want, path, err
}

// fuller reads a partial form of a tile that has more than is wanted, or the full one. Not every size leaves a file.
func (s *Source) fuller(level int, n uint64, want int) (data []byte, path string, err error) {
	entries, err := os.ReadDir(filepath.Join(s.dir, tile{level, n}.partials()))
	if err == nil {
		for _, entry := range entries {
			if w, err := strconv.Atoi(entry.Name()); err == nil && w > want && w < tiles.Width {
				path = tiles.Path(level, n, w)
				if data, err = os.ReadFile(filepath.Join(s.dir, path)); err == nil {
					return data, path, nil
				}
			}
		}
	}
	path = tiles.Path(level, n, tiles.Width)
	data, err = os.ReadFile(filepath.Join(s.dir, path))
	return data, path, err
}

// ReadHashes is tlog.HashReader's.
func (s *Source) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := map[tile][]tlog.Hash{}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		height, node := tlog.SplitStoredHashIndex(index)
		first := uint64(node) << (height % 8) // the first hash of the tile level below that the node spans
		t := tile{height / 8, first / tiles.Width}
		if read[t] == nil {
			hashes, err := s.Hashes(t.level, t.n)
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

// Edge reads what appending needs and checks it against a root hash: the partial tiles, the bytes of the partial entry bundle and
// the last leaf, which is nil in an empty log.
func (s *Source) Edge(root tlog.Hash) (e tiles.Edge, tail, last []byte, err error) {
	e.Size = s.size
	for level := 0; tiles.Count(level, e.Size) > 0; level++ {
		total := tiles.Count(level, e.Size)
		hashes := make([]tlog.Hash, 0, tiles.Width)
		if total%tiles.Width != 0 {
			have, err := s.Hashes(level, total/tiles.Width)
			if err != nil {
				return e, nil, nil, err
			}
			hashes = append(hashes, have...)
		}
		e.Levels = append(e.Levels, hashes)
	}
	if have := e.Root(); have != root {
		return e, nil, nil, fmt.Errorf("the tiles have the root %s, the checkpoint says %s", have, root)
	}
	if e.Size == 0 {
		return e, nil, nil, nil
	}
	raws, err := s.Bundle((e.Size - 1) / tiles.Width)
	if err != nil {
		return e, nil, nil, err
	}
	for i, raw := range raws {
		if e.Size%tiles.Width != 0 {
			if tlog.RecordHash(raw) != e.Levels[0][i] {
				return e, nil, nil, fmt.Errorf("entry %d is not what its tile says", (e.Size-1)/tiles.Width*tiles.Width+uint64(i))
			}
			tail = tiles.AppendEntry(tail, raw)
		}
	}
	return e, tail, raws[len(raws)-1], nil
}
