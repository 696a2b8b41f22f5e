package collectortest

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// WatchFiles is Source.Requests for collectors of files: every file under dir was read, and one that was changed, made or removed
// since the call was written to.
func WatchFiles(t testing.TB, dir string) func() []Request {
	t.Helper()
	before := fileStates(t, dir)
	return func() []Request {
		var list []Request
		after := fileStates(t, dir)
		for path, state := range before {
			if after[path] == state {
				list = append(list, Request{Verb: "READ", Text: path})
			} else {
				list = append(list, Request{Verb: "WRITE", Text: path})
			}
		}
		for path := range after {
			if before[path] == "" {
				list = append(list, Request{Verb: "CREATE", Text: path})
			}
		}
		return list
	}
}

func fileStates(t testing.TB, dir string) map[string]string {
	t.Helper()
	states := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(path)
		states[path] = fmt.Sprintf("%s %s %x", info.Mode(), info.ModTime(), sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatalf("watch files: %v", err)
	}
	return states
}
