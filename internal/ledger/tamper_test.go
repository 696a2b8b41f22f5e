package ledger

import (
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

func otherKey() (verifier, skey string, err error) {
	skey, verifier, err = note.GenerateKey(rand.Reader, origin)
	return verifier, skey, err
}

// TestEveryFlippedByte changes each byte of each file of a small log, by each of three flips, and wants Verify to name the
// file, and for entries the entry.
func TestEveryFlippedByte(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, 0, 2)
	add(t, l, 2, 3) // the older partial tiles stay and must be guarded too
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	flipped, files := 0, 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == lockFile {
			return err
		}
		files++
		rel, _ := filepath.Rel(dir, path)
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i := range data {
			for _, bit := range []byte{1, 0x20, 0x80} {
				flipped++
				changed := append([]byte(nil), data...)
				changed[i] ^= bit
				if err := os.WriteFile(path, changed, 0o600); err != nil {
					return err
				}
				rep, err := Verify(context.Background(), dir)
				if err == nil || len(rep.Differences) == 0 {
					t.Errorf("%s: byte %d ^ %#x is not noticed", rel, i, bit)
				} else if first := rep.Differences[0].File; first != rel && rel != verifierFile {
					t.Errorf("%s: byte %d ^ %#x: the report blames %s: %v", rel, i, bit, first, rep.Differences)
				}
			}
		}
		for _, cut := range [][]byte{data[:len(data)-1], append(append([]byte(nil), data...), '\n'), nil} {
			if err := os.WriteFile(path, cut, 0o600); err != nil {
				return err
			}
			if _, err := Verify(context.Background(), dir); err == nil {
				t.Errorf("%s: cut to %d of %d bytes is not noticed", rel, len(cut), len(data))
			}
		}
		return os.WriteFile(path, data, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	verify(t, dir)
	if files < 7 {
		t.Errorf("only %d files were changed", files)
	}
	t.Logf("%d flips in %d files", flipped, files)
}

// resign replaces the checkpoint by one with the log's own key, as a thief of the key would.
func resign(dir string, size uint64, root []byte) error {
	r, err := Read(dir)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(key)))
	if err != nil {
		return err
	}
	hash := r.at.Root
	copy(hash[:], root)
	c, err := sign(signer, size, hash)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, checkpointFile), []byte(c.Text), 0o600)
}

// TestLargeLogTampering changes one thing in a log of several tiles.
func TestLargeLogTampering(t *testing.T) {
	source := t.TempDir()
	l := open(t, source)
	add(t, l, 0, 700)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	flip := func(path string, at int) func(dir string) error {
		return func(dir string) error {
			data, err := os.ReadFile(filepath.Join(dir, path))
			if err != nil {
				return err
			}
			data[at] ^= 4
			return os.WriteFile(filepath.Join(dir, path), data, 0o600)
		}
	}
	for _, c := range []struct {
		name   string
		change func(dir string) error
		want   string
	}{
		{"entry in a full bundle", flip("tile/entries/001", 500), "tile/entries/001: entry 258: "},
		{"hash in a full tile", flip("tile/0/001", 32*7+3), "tile/0/001: entry 263: "},
		{"hash above", flip("tile/1/000.p/2", 40), "tile/1/000.p/2: hash 1 "},
		{"file of a stranger", func(d string) error { return os.WriteFile(filepath.Join(d, "tile/0/9999"), nil, 0o600) }, "tile/0/9999: no file of a log has this name"},
		{"file removed", func(d string) error { return os.Remove(filepath.Join(d, "tile/entries/001")) }, "tile/entries/001: "},
		{"checkpoint of another key", func(d string) error {
			_, skey, err := otherKey()
			if err != nil {
				return err
			}
			signer, err := note.NewSigner(skey)
			if err != nil {
				return err
			}
			r, err := Read(d)
			if err != nil {
				return err
			}
			c, err := sign(signer, r.at.Size, r.at.Root)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(d, checkpointFile), []byte(c.Text), 0o600)
		}, "its signature is not by "},
		{"signed with fewer entries", func(d string) error { return resign(d, 699, nil) }, "checkpoint: the entries have the root"},
		{"signed with another root", func(d string) error { return resign(d, 700, []byte("x")) }, "checkpoint: the entries have the root"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			if err := c.change(dir); err != nil {
				t.Fatal(err)
			}
			rep, err := Verify(context.Background(), dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Verify: %v\nwant %q\nall %v", err, c.want, rep.Differences)
			}
		})
	}
}

// TestMisspeltCheckpoint: spare base64 bits, further signatures and leading zeros are no second spelling of a checkpoint.
func TestMisspeltCheckpoint(t *testing.T) {
	l := open(t, t.TempDir())
	add(t, l, 0, 5)
	text := l.Checkpoint()
	if _, err := ParseCheckpoint(text, l.VerifierKey()); err != nil {
		t.Fatal(err)
	}
	for i := range text {
		for bit := byte(1); bit != 0; bit <<= 1 {
			b := []byte(text)
			b[i] ^= bit
			if _, err := ParseCheckpoint(string(b), l.VerifierKey()); err == nil {
				t.Errorf("byte %d ^ %#x is taken", i, bit)
			}
		}
	}
}
