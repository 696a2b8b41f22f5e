package segment

import (
	"io/fs"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/ledger/tiles"
)

// staged is one append under way: copies of the writer's state that replace it when the leaves are durable.
type staged struct {
	edge   tiles.Edge
	tail   []byte
	filled []tile
	files  []file // the full tiles
}

// file is a file of a log that is not written yet.
type file struct {
	path string
	data []byte
}

// stage adds leaves, in memory.
func stage(edge tiles.Edge, tail []byte, raws [][]byte) (*staged, error) {
	s := &staged{edge: edge.Clone(), tail: slices.Clone(tail)}
	for _, raw := range raws {
		s.tail = tiles.AppendEntry(s.tail, raw)
		if err := s.edge.Add(tlog.RecordHash(raw), s.full); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// full notes a tile that has its 256 hashes; at level 0 also its entries, first.
func (s *staged) full(level int, n uint64, hashes []tlog.Hash) error {
	if level == 0 {
		s.files = append(s.files, file{tiles.Path(tiles.Entries, n, tiles.Width), s.tail})
		s.filled = append(s.filled, tile{tiles.Entries, n})
		s.tail = nil
	}
	s.files = append(s.files, file{tiles.Path(level, n, tiles.Width), tiles.Pack(hashes)})
	s.filled = append(s.filled, tile{level, n})
	return nil
}

// put hands to write the full tiles, and the partial tile of every level that changed since the tree had before leaves.
func put(write func(path string, data []byte, mode fs.FileMode) error, full []file, edge tiles.Edge, tail []byte, before uint64) error {
	for _, f := range full {
		if err := write(f.path, f.data, 0o644); err != nil {
			return err
		}
	}
	for level, hashes := range edge.Levels {
		total := tiles.Count(level, edge.Size)
		if len(hashes) == 0 || total == tiles.Count(level, before) {
			continue
		}
		if level == 0 {
			if err := write(tiles.Path(tiles.Entries, total/tiles.Width, len(hashes)), tail, 0o644); err != nil {
				return err
			}
		}
		if err := write(tiles.Path(level, total/tiles.Width, len(hashes)), tiles.Pack(hashes), 0o644); err != nil {
			return err
		}
	}
	return nil
}
