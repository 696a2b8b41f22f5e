// Package durable writes files so that a crash leaves each of them whole or absent, and so that what was flushed is there
// after a loss of power; a Journal makes many small writes durable with one wait each. A Disk is used by one goroutine at a time.
package durable

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Disk writes files so that they survive a crash: into a temporary file, fsync, rename, fsync of the folder.
type Disk struct {
	Dir     string          // the folder that paths are relative to
	unsaved map[string]bool // folders whose entries changed since the last Flush

	unsettled map[string]bool // files that were Put since the last Settle, relative to Dir
	// Fault lets tests fail or kill at every step; nil outside tests.
	Fault func(op, path string) error
}

// TempPrefix begins the name of a file that is being written; after a crash it may be removed.
const TempPrefix = ".tmp-"

// New writes below dir.
func New(dir string) *Disk {
	return &Disk{Dir: dir, unsaved: map[string]bool{}, unsettled: map[string]bool{}}
}

// step is where tests interfere.
func (d *Disk) step(op, path string) error {
	if d.Fault == nil {
		return nil
	}
	return d.Fault(op, path)
}

// Exists reports whether the log has that file or folder.
func (d *Disk) Exists(path string) bool {
	_, err := os.Lstat(filepath.Join(d.Dir, path))
	return err == nil
}

// Write puts a file in place whole or not at all. Its name is durable after Flush.
func (d *Disk) Write(path string, data []byte, mode fs.FileMode) error {
	full := filepath.Join(d.Dir, path)
	folder := filepath.Dir(full)
	if err := d.Mkdir(folder); err != nil {
		return err
	}
	temp := filepath.Join(folder, TempPrefix+filepath.Base(full))
	if err := d.fill(temp, data, mode); err != nil {
		return errors.Join(err, Remove(temp))
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
func (d *Disk) fill(temp string, data []byte, mode fs.FileMode) (err error) {
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

// Mkdir makes a folder with its parents and remembers which folders got a new entry.
func (d *Disk) Mkdir(folder string) error {
	if _, err := os.Stat(folder); err == nil {
		return nil
	}
	parent := filepath.Dir(folder)
	if parent == folder {
		return fmt.Errorf("make folder %s: it has no parent", folder)
	}
	if err := d.Mkdir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make folder: %w", err)
	}
	d.unsaved[parent] = true
	return nil
}

// Flush makes the names of everything written durable.
func (d *Disk) Flush() error {
	folders := make([]string, 0, len(d.unsaved))
	for folder := range d.unsaved {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		if err := d.step("syncdir", folder); err != nil {
			return err
		}
		if err := SyncFolder(folder); err != nil {
			return err
		}
		delete(d.unsaved, folder)
	}
	return nil
}

// SyncFolder makes the names in a folder durable.
func SyncFolder(folder string) (err error) {
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

// Remove removes a file that may be absent.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
