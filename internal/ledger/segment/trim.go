package segment

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

// Trim removes what a crash or a failed Append left: temporary files, everything beyond a tree of size leaves, and partial
// tiles whose full tile is on disk for sure, in a tree of base leaves. It returns how many files lay beyond the tree.
func Trim(d *durable.Disk, size, base uint64) (beyond int, err error) {
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
		case ok && w < tiles.Width && tiles.Within(level, n, tiles.Width, base):
			return os.Remove(full)
		}
		return nil
	})
	if err != nil {
		return beyond, fmt.Errorf("remove what was not acknowledged: %w", err)
	}
	temps, err := filepath.Glob(filepath.Join(d.Dir, durable.TempPrefix+"*"))
	if err != nil {
		return beyond, fmt.Errorf("remove what was not acknowledged: %w", err)
	}
	for _, temp := range temps {
		if err := durable.Remove(temp); err != nil {
			return beyond, fmt.Errorf("remove what was not acknowledged: %w", err)
		}
	}
	d.Forget(func(path string) bool { return !d.Exists(path) })
	return beyond, nil
}

// tile names a full tile.
type tile struct {
	level int
	n     uint64
}

// partials is the folder of a tile's partial forms.
func (t tile) partials() string { return filepath.Dir(tiles.Path(t.level, t.n, 1)) }
