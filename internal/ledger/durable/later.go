package durable

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// syncers is how many files are waited for at the same time: file systems put such waits together.
const syncers = 16

// Put puts a file in place whole or not at all and does not wait for the disk: Settle does. Readers see it at once.
func (d *Disk) Put(path string, data []byte, mode fs.FileMode) error {
	full := filepath.Join(d.Dir, path)
	folder := filepath.Dir(full)
	if err := d.Mkdir(folder); err != nil {
		return err
	}
	if err := d.step("put", path); err != nil {
		return err
	}
	temp := filepath.Join(folder, TempPrefix+filepath.Base(full))
	if err := os.WriteFile(temp, data, mode); err != nil {
		return errors.Join(fmt.Errorf("write file: %w", err), Remove(temp))
	}
	if err := os.Rename(temp, full); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	d.unsaved[folder] = true
	d.unsettled[path] = true
	return nil
}

// Ensure puts a file in place as Write does, unless it is there with exactly these bytes. Settle waits for it either way.
func (d *Disk) Ensure(path string, data []byte, mode fs.FileMode) error {
	full := filepath.Join(d.Dir, path)
	have, err := os.ReadFile(full)
	if err != nil || !bytes.Equal(have, data) {
		return d.Write(path, data, mode)
	}
	if err := d.Mkdir(filepath.Dir(full)); err != nil {
		return err
	}
	d.unsaved[filepath.Dir(full)] = true
	d.unsettled[path] = true
	return nil
}

// Settle waits until everything that was Put is on disk, with its name. What was removed since is passed over.
func (d *Disk) Settle() error {
	paths := make(chan string, len(d.unsettled))
	for path := range d.unsettled {
		if err := d.step("sync", path); err != nil {
			return err
		}
		paths <- path
	}
	close(paths)
	errs := make(chan error, syncers)
	var group sync.WaitGroup
	for range min(syncers, len(d.unsettled)) {
		group.Go(func() {
			for path := range paths {
				if err := syncFile(filepath.Join(d.Dir, path)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errs)
	for err := range errs {
		return err
	}
	clear(d.unsettled)
	return d.Flush()
}

// Forget says which of what was Put need not be waited for, because it was removed.
func (d *Disk) Forget(drop func(path string) bool) {
	for path := range d.unsettled {
		if drop(path) {
			delete(d.unsettled, path)
		}
	}
	for folder := range d.unsaved {
		if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
			delete(d.unsaved, folder)
		}
	}
}

func syncFile(full string) (err error) {
	f, err := os.OpenFile(full, os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("sync file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("sync file: %w", err)
	}
	return nil
}

// SyncRoot makes the names in the Disk's own folder durable.
func (d *Disk) SyncRoot() error {
	d.unsaved[d.Dir] = true
	return d.Flush()
}
