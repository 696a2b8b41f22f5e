package segment

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"muster/internal/ledger/durable"
	"muster/internal/ledger/tiles"
)

// Trim removes what a crash or a failed Append left: temporary files, everything beyond a tree of size leaves, and partial
// tiles whose full tile is on disk for sure, in a tree of base leaves. It returns how many files lay beyond the tree.
func Trim(d *durable.Disk, size, base uint64) (beyond int, err error) {
	err = trim(d, min(size, base), func(level int, n uint64, w int) bool {
		if !tiles.Within(level, n, w, size) {
			beyond++
			return true
		}
		return w < tiles.Width && tiles.Within(level, n, tiles.Width, base)
	})
	return beyond, err
}

// trimBetween removes the partial tiles that a dead writer put between two trees and nobody waited for, but not those of the greater tree.
func trimBetween(d *durable.Disk, base, size uint64) error {
	return trim(d, base, func(level int, n uint64, w int) bool {
		own := n*tiles.Width+uint64(w) == tiles.Count(level, size)
		return w < tiles.Width && !own && tiles.Within(level, n, w, size) && !tiles.Within(level, n, w, base)
	})
}

// trim removes temporary files and the tiles that drop chooses, passing over folders that a tree of sure leaves has filled.
func trim(d *durable.Disk, sure uint64, drop func(level int, n uint64, w int) bool) error {
	root := filepath.Join(d.Dir, tiles.Folder)
	err := filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		path, err := filepath.Rel(d.Dir, full)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if settledFolder(filepath.ToSlash(path), sure) {
				return fs.SkipDir
			}
			return nil
		}
		level, n, w, ok := tiles.ParsePath(filepath.ToSlash(path))
		if strings.HasPrefix(entry.Name(), durable.TempPrefix) || ok && drop(level, n, w) {
			return d.Remove(path)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("remove what was not acknowledged: %w", err)
	}
	temps, err := filepath.Glob(filepath.Join(d.Dir, durable.TempPrefix+"*"))
	if err != nil {
		return fmt.Errorf("remove what was not acknowledged: %w", err)
	}
	for _, temp := range temps {
		if err := d.Remove(filepath.Base(temp)); err != nil {
			return fmt.Errorf("remove what was not acknowledged: %w", err)
		}
	}
	d.Forget(func(path string) bool { return !d.Exists(path) })
	return nil
}

// settledFolder reports whether a folder holds a thousand full tiles of a tree of size leaves, and so nothing to look for. Folders of a level with a million
// tiles or more hold others as well and are always looked into.
func settledFolder(folder string, size uint64) bool {
	parts := strings.Split(folder, "/")
	if len(parts) != 3 || len(parts[2]) != 4 {
		return false
	}
	level, group, _, ok := tiles.ParsePath(strings.Join(parts[:2], "/") + "/" + strings.TrimPrefix(parts[2], "x"))
	full := tiles.Count(level, size) / tiles.Width
	return ok && parts[2][0] == 'x' && full < 1_000_000 && (group+1)*1000 <= full
}

// tile names a full tile.
type tile struct {
	level int
	n     uint64
}

// partials is the folder of a tile's partial forms.
func (t tile) partials() string { return filepath.Dir(tiles.Path(t.level, t.n, 1)) }
