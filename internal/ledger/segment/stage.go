package segment

import (
	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

// staged is one append under way: copies of the writer's state that replace it when all is on disk.
type staged struct {
	disk   *durable.Disk
	edge   tiles.Edge
	tail   []byte
	filled []tile
}

// write puts the leaves and their tiles in place, for readers of the next checkpoint.
func (s *staged) write(raws [][]byte) error {
	before := s.edge.Size
	for _, raw := range raws {
		s.tail = tiles.AppendEntry(s.tail, raw)
		if err := s.edge.Add(tlog.RecordHash(raw), s.full); err != nil {
			return err
		}
	}
	return s.writePartials(before)
}

// full writes a tile that has its 256 hashes; at level 0 also its entries, first.
func (s *staged) full(level int, n uint64, hashes []tlog.Hash) error {
	if level == 0 {
		if err := s.disk.Put(tiles.Path(tiles.Entries, n, tiles.Width), s.tail, 0o644); err != nil {
			return err
		}
		s.filled = append(s.filled, tile{tiles.Entries, n})
		s.tail = nil
	}
	s.filled = append(s.filled, tile{level, n})
	return s.disk.Put(tiles.Path(level, n, tiles.Width), tiles.Pack(hashes), 0o644)
}

// writePartials writes the partial tile of every level that changed since the tree had before leaves.
func (s *staged) writePartials(before uint64) error {
	for level, hashes := range s.edge.Levels {
		total := tiles.Count(level, s.edge.Size)
		if len(hashes) == 0 || total == tiles.Count(level, before) {
			continue
		}
		if level == 0 {
			if err := s.disk.Put(tiles.Path(tiles.Entries, total/tiles.Width, len(hashes)), s.tail, 0o644); err != nil {
				return err
			}
		}
		if err := s.disk.Put(tiles.Path(level, total/tiles.Width, len(hashes)), tiles.Pack(hashes), 0o644); err != nil {
			return err
		}
	}
	return nil
}
