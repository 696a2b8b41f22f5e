package durable

import (
	"os"
	"syscall"
)

// syncData waits for a file's bytes and for what is needed to find them, not for its times.
func syncData(f *os.File) (err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	cerr := raw.Control(func(fd uintptr) {
		for err = syscall.Fdatasync(int(fd)); err == syscall.EINTR; {
			err = syscall.Fdatasync(int(fd))
		}
	})
	if cerr != nil {
		return cerr
	}
	return os.NewSyscallError("fdatasync", err)
}
