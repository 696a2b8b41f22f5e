package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// disk writes files so that they survive a crash: into a temporary file, fsync, rename, fsync of the folder.
type disk struct {
	dir     string
	unsaved map[string]bool // folders whose entries changed since the last flush
	// fault lets tests fail or kill at every step; nil outside tests.
	fault func(op, path string) error
}

func newDisk(dir string) *disk { return &disk{dir: dir, unsaved: map[string]bool{}} }

// step is where tests interfere.
func (d *disk) step(op, path string) error {
	if d.fault == nil {
		return nil
	}
	return d.fault(op, path)
}

// exists reports whether the log has that file or folder.
func (d *disk) exists(path string) bool {
	_, err := os.Lstat(filepath.Join(d.dir, path))
	return err == nil
}

// write puts a file in place whole or not at all. Its name is durable after flush.
func (d *disk) write(path string, data []byte, mode fs.FileMode) error {
	full := filepath.Join(d.dir, path)
	folder := filepath.Dir(full)
	if err := d.mkdir(folder); err != nil {
		return err
	}
	temp := filepath.Join(folder, tempPrefix+filepath.Base(full))
	if err := d.fill(temp, data, mode); err != nil {
		return errors.Join(err, removeIfThere(temp))
	}
	if err := d.step("rename", path); err != nil {
		return err
	}
	if err := os.Rename(temp, full); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	d.unsaved[folder] = true
	return nil
}

// fill writes and syncs one temporary file.
func (d *disk) fill(temp string, data []byte, mode fs.FileMode) (err error) {
	if err := d.step("create", temp); err != nil {
		return err
	}
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("create file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := d.step("write", temp); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	if err := d.step("sync", temp); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync file: %w", err)
	}
	return nil
}

// mkdir makes a folder with its parents and remembers which folders got a new entry.
func (d *disk) mkdir(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	parent := filepath.Dir(folder)
	if parent == folder {
		return fmt.Errorf("make folder %s: it has no parent", folder)
	}
	if err := d.mkdir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	d.unsaved[parent] = true
	return nil
}

// flush makes the names of everything written durable.
func (d *disk) flush() error {
	folders := make([]string, 0, len(d.unsaved))
	for folder := range d.unsaved {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		if err := d.step("syncdir", folder); err != nil {
			return err
		}
		if err := syncFolder(folder); err != nil {
			return err
		}
		delete(d.unsaved, folder)
	}
	return nil
}

// trim removes what a crash or a failed Append left: temporary files, everything beyond a tree of size leaves, and partial
// tiles whose full tile is there. It returns how many files lay beyond the tree.
func (d *disk) trim(size uint64) (beyond int, err error) {
	root := filepath.Join(d.dir, tileFolder)
	err = filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		path, err := filepath.Rel(d.dir, full)
		if err != nil {
			return err
		}
		level, n, w, ok := parseTilePath(filepath.ToSlash(path))
		temp := len(entry.Name()) > len(tempPrefix) && entry.Name()[:len(tempPrefix)] == tempPrefix
		switch {
		case temp:
			return os.Remove(full)
		case ok && !within(level, n, w, size):
			beyond++
			return os.Remove(full)
		case ok && w < width && within(level, n, width, size):
			return os.Remove(full)
		}
		return nil
	})
	if err != nil {
		return beyond, fmt.Errorf("remove what was not acknowledged: %w", err)
	}
	return beyond, removeIfThere(filepath.Join(d.dir, tempPrefix+checkpointFile))
}

// dropPartials removes the partial forms of a tile that is full now.
func (d *disk) dropPartials(level int, n uint64) error {
	folder := filepath.Join(d.dir, filepath.Dir(tilePath(level, n, 1)))
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("remove partial tiles: %w", err)
	}
	return nil
}

func syncFolder(folder string) (err error) {
	f, err := os.Open(folder)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync folder: %w", err)
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
