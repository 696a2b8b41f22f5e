//go:build !linux

package durable

import "os"

// syncData waits for a file's bytes.
func syncData(f *os.File) error { return f.Sync() }
