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
	"strings"
	"syscall"
)

// Disk writes files so that they survive a crash: into a temporary file, fsync, rename, fsync of the folder.
type Disk struct {
	Dir     string          // the folder that paths are relative to
	unsaved map[string]bool // folders whose entries changed since the last Flush

	known map[string]bool // folders that were used

	unsettled map[string]bool // files that were Put since the last Settle, relative to Dir
	// Fault lets tests fail or kill at every step; nil outside tests.
	Fault func(op, path string) error
}

// TempPrefix begins the name of a file that is being written; after a crash it may be removed.
const TempPrefix = ".tmp-"

// New writes below dir.
func New(dir string) *Disk {
	return &Disk{Dir: filepath.Clean(dir), unsaved: map[string]bool{}, known: map[string]bool{}, unsettled: map[string]bool{}}
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

// Mkdir makes a folder with its parents and remembers which folders got a new entry. When a folder is first used, those that lead to it
// from the one around Dir count as such even if all are there: a process that died may have made them without waiting for their names.
func (d *Disk) Mkdir(folder string) error {
	_, err := os.Stat(folder)
	if err == nil && (d.known[folder] || d.outside(folder)) {
		return nil
	}
	parent := filepath.Dir(folder)
	if parent == folder && err == nil {
		return nil
	}
	if parent == folder {
		return fmt.Errorf("make folder %s: it has no parent", folder)
	}
	if err := d.Mkdir(parent); err != nil {
		return err
	}
	if err != nil {
		if err := os.Mkdir(folder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	d.known[folder], d.unsaved[parent] = true, true
	return nil
}

// outside reports whether a folder is neither Dir nor below it.
func (d *Disk) outside(folder string) bool {
	rel, err := filepath.Rel(d.Dir, folder)
	return err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Anchor makes the names of all folders that lead to Dir durable, whoever made them.
func (d *Disk) Anchor() error {
	for folder := d.Dir; filepath.Dir(folder) != folder; {
		folder = filepath.Dir(folder)
		d.unsaved[folder] = true
	}
	return d.Flush()
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
		if err := SyncFolder(folder); err != nil && !(d.outside(folder) && foreign(err)) {
			return err
		}
		delete(d.unsaved, folder)
	}
	return nil
}

// foreign reports whether a folder around Dir cannot be waited for because it is not this user's, or on a file system that knows no such wait.
func foreign(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EROFS)
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

// Remove removes a file or a folder with all that is in it; it may be absent. That it is gone is durable after Flush.
func (d *Disk) Remove(path string) error {
	if err := d.step("remove", path); err != nil {
		return err
	}
	full := filepath.Join(d.Dir, path)
	if err := os.RemoveAll(full); err != nil {
		return fmt.Errorf("remove %s: %w", path, err)
	}
	d.unsaved[filepath.Dir(full)] = true
	return nil
}

// Remove removes a file that may be absent.
func Remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
