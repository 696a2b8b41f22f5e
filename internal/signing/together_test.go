package signing

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
)

// TestTwoRotationsAtOnceLoseNone: whoever comes second sees that the keyring is another one, and changes nothing.
func TestTwoRotationsAtOnceLoseNone(t *testing.T) {
	o, c := options(t)
	const n = 8
	var all []*Keys
	for range n {
		all = append(all, open(t, o))
	}
	c.at = c.at.Add(time.Hour)
	made, errs := make([]RingKey, n), make([]error, n)
	var wait sync.WaitGroup
	for i, k := range all {
		wait.Go(func() { made[i], errs[i] = k.Rotate(t.Context(), []Use{Pack, Seal}[i%2]) })
	}
	wait.Wait()
	ring, won := open(t, o).Ring(), 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			if chain := ring.Chain(made[i].Use); len(chain) != 2 || chain[1].ID != made[i].ID {
				t.Errorf("the rotation of the %s key is lost: %+v", made[i].Use, chain)
			}
		case access.KindOf(err) != access.Conflict || access.HintOf(err) == "":
			t.Error(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(o.Dir, "*.pem"))
	if won != 1 || err != nil || len(files) != 3 || len(ring.Keys) != 3 {
		t.Errorf("%d rotations won, %d private keys, %d in the ring: %v", won, len(files), len(ring.Keys), err)
	}
	c.at = c.at.Add(time.Hour)
	if _, err := open(t, o).Rotate(t.Context(), Pack); err != nil {
		t.Errorf("after it was looked at again: %v", err)
	}
}

// TestASecretIsThereWholeOrNotAtAll: those who ask while it is made all get the same.
func TestASecretIsThereWholeOrNotAtAll(t *testing.T) {
	dir := t.TempDir()
	const n = 32
	got, errs := make([][]byte, n), make([]error, n)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { got[i], errs[i] = Secret(dir, "redaction") })
	}
	wait.Wait()
	for i := range n {
		if errs[i] != nil || len(got[i]) != 32 || !bytes.Equal(got[i], got[0]) {
			t.Errorf("%x %v", got[i], errs[i])
		}
	}
	// What a process left that died while it made one does not count.
	other := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(other, "keys"), 0o700), os.WriteFile(filepath.Join(other, "keys", ".new-1"), []byte("0011"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if key, err := Secret(other, "redaction"); err != nil || len(key) != 32 {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, "keys", "redaction.secret"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(err)
	}
	left, err := os.ReadDir(filepath.Join(dir, "keys"))
	if err != nil || len(left) != 1 || strings.HasPrefix(left[0].Name(), ".") || !left[0].Type().IsRegular() || left[0].Type()&fs.ModeSymlink != 0 {
		t.Error(left, err)
	}
}
