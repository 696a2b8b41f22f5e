// Package lock keeps a log to one writer at a time, over all processes. Errors are *access.Error; Conflict names the process that writes.
package lock

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"muster/internal/access"
)

// File is the lock's name in a log's folder. It says the process id of whoever holds it.
const File = "lock"

// Take takes a folder's exclusive lock, which the kernel drops when the file is closed or the process ends in any way.
func Take(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, File), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, failed(access.Denied, "open lock", "", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder := "another process"
		if text, rerr := io.ReadAll(f); rerr == nil && len(text) > 0 {
			holder = "process " + strings.TrimSpace(string(text))
		}
		err = errors.Join(fmt.Errorf("%s is writing to %s", holder, dir), f.Close())
		return nil, failed(access.Conflict, "lock log", "wait until it ends, or stop it", err)
	}
	if err := f.Truncate(0); err != nil {
		return nil, failed(access.Internal, "write lock", "", errors.Join(err, f.Close()))
	}
	if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return nil, failed(access.Internal, "write lock", "", errors.Join(err, f.Close()))
	}
	return f, nil
}

func failed(kind access.Kind, op, hint string, err error) error {
	return &access.Error{System: "ledger", Op: op, Kind: kind, Hint: hint, Err: err}
}
