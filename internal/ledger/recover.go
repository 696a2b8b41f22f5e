package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

// trim removes what a crash or a failed Append left: temporary files, everything beyond a tree of size leaves, and partial
// tiles whose full tile is there. It returns how many files lay beyond the tree.
func trim(d *durable.Disk, size uint64) (beyond int, err error) {
	root := filepath.Join(d.Dir, tiles.Folder)
	err = filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		path, err := filepath.Rel(d.Dir, full)
		if err != nil {
			return err
		}
		level, n, w, ok := tiles.ParsePath(filepath.ToSlash(path))
		temp := strings.HasPrefix(entry.Name(), durable.TempPrefix)
		switch {
		case temp:
			return os.Remove(full)
		case ok && !tiles.Within(level, n, w, size):
			beyond++
			return os.Remove(full)
		case ok && w < tiles.Width && tiles.Within(level, n, tiles.Width, size):
			return os.Remove(full)
		}
		return nil
	})
	if err != nil {
		return beyond, fmt.Errorf("remove what was not acknowledged: %w", err)
	}
	for _, name := range []string{checkpointFile, verifierFile, keyFile} {
		if err := durable.Remove(filepath.Join(d.Dir, durable.TempPrefix+name)); err != nil {
			return beyond, fmt.Errorf("remove what was not acknowledged: %w", err)
		}
	}
	return beyond, nil
}

// dropPartials removes the partial forms of a tile that is full now.
func dropPartials(d *durable.Disk, level int, n uint64) error {
	folder := filepath.Join(d.Dir, filepath.Dir(tiles.Path(level, n, 1)))
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove partial tiles: %w", err)
	}
	return nil
}
