package pack

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestAPackMayBeReadByWhomTheUmaskLets: it holds personal data.
func TestAPackMayBeReadByWhomTheUmaskLets(t *testing.T) {
	for mask, want := range map[int]fs.FileMode{0o077: 0o600, 0o027: 0o640, 0o022: 0o644} {
		dir := t.TempDir()
		was := syscall.Umask(mask)
		w, err := Create(filepath.Join(dir, "pack.zip"), time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC))
		if err == nil {
			_, err = w.AddBytes("report.pdf", []byte("x"))
		}
		if err == nil {
			_, _, err = w.Finish(func([]byte) ([]byte, error) { return []byte("x"), nil })
		}
		if err == nil {
			err = WriteFile(filepath.Join(dir, "report.pdf"), []byte("x"))
		}
		syscall.Umask(was)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"pack.zip", "report.pdf"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
				t.Errorf("umask %03o: %s has %v (%v), want %v", mask, name, info.Mode().Perm(), err, want)
			}
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
			t.Errorf("left: %v %v", left, err)
		}
	}
}
