package ledger

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"muster/internal/ledger/durable"
	"muster/internal/ledger/segment"
	"muster/internal/ledger/tiles"
)

// files lists the files of a log's folder.
func files(t *testing.T, dir string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found[path] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestPowerLoss: whatever a loss of power does to files that were not waited for, what was acknowledged comes back.
func TestPowerLoss(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	for _, sizes := range [][]int{{3, 1, 1}, {250, 3, 3, 3}, {256, 1}, {1, 255, 255, 1}, {700, 30, 1, 500}} {
		dir := t.TempDir()
		l, total := open(t, dir), 0
		var sure map[string]bool
		for i, n := range sizes {
			add(t, l, total, n)
			total += n
			if i == 0 {
				sure = files(t, dir)
			}
		}
		for round := range 12 {
			lost := t.TempDir()
			if err := os.CopyFS(lost, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			for path := range files(t, lost) {
				if sure[path] && path != checkpointFile || path == segment.JournalFile {
					continue
				}
				damage(t, filepath.Join(lost, path), rnd.IntN(4))
			}
			if round%3 == 0 { // a record that was being written
				if f, err := os.OpenFile(filepath.Join(lost, segment.JournalFile), os.O_APPEND|os.O_WRONLY, 0); err == nil {
					_, _ = f.Write([]byte("\x00\x00\x01\x00torn"))
					_ = f.Close()
				}
			}
			checkLog(t, lost, uint64(total))
		}
	}
}

// damage does to a file what a file system may do to one that was not waited for.
func damage(t *testing.T, path string, how int) {
	t.Helper()
	var err error
	switch how {
	case 0:
		err = os.Remove(path)
	case 1:
		err = os.Truncate(path, 0)
	case 2:
		err = os.WriteFile(path, []byte(strings.Repeat("\x00", 700)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestForgedJournalIsRefused: the journal is no way around the signature.
func TestForgedJournalIsRefused(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, 0, 2)
	add(t, l, 2, 2)
	forged := t.TempDir()
	if err := os.CopyFS(forged, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(forged, segment.JournalFile)
	left, err := segment.ReadJournal(path)
	if err != nil || left == nil || len(left.Raws) != 2 {
		t.Fatalf("journal %+v, %v", left, err)
	}
	raws := [][]byte{left.Raws[0], []byte(strings.Replace(string(left.Raws[1]), `"n":3`, `"n":4`, 1))}
	j, err := durable.CreateJournal(durable.New(forged), segment.JournalFile, []byte(left.Base))
	if err != nil {
		t.Fatal(err)
	}
	record := append(binary.BigEndian.AppendUint32(nil, uint32(len(left.Last))), left.Last...)
	for _, raw := range raws {
		record = tiles.AppendEntry(record, raw)
	}
	if _, err := j.Append(record); err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(t.Context(), forged); err == nil || rep.Differences[0].File != segment.JournalFile {
		t.Errorf("Verify: %v, %v", err, rep.Differences)
	}
	if l, err := Open(forged, Options{Origin: origin}); err == nil {
		_ = l.Close()
		t.Error("a journal whose entries do not lead to its checkpoint was taken")
	}
}

// TestAppendTogether: callers at the same time each get a place of their own, their events stay together and in order, and who
// cannot be entered disturbs nobody.
func TestAppendTogether(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	const callers, calls = 16, 30
	var group sync.WaitGroup
	var mu sync.Mutex
	placed := map[uint64]string{}
	for c := range callers {
		group.Go(func() {
			for i := range calls {
				name := fmt.Sprintf("%d/%d", c, i)
				if i%7 == 3 {
					if _, err := l.Append(context.Background(), Event{Type: Config}, Event{Type: Config, Data: strings.Repeat("x", 70000)}); err == nil {
						t.Error("an entry that is too long was taken")
					}
				}
				first, err := l.Append(context.Background(), Event{Type: Config, Data: name}, Event{Type: Rules, Data: name})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				placed[first] = name
				mu.Unlock()
			}
		})
	}
	group.Wait()
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	if len(placed) != callers*calls || r.Size() != 2*callers*calls {
		t.Fatalf("%d places, %d entries", len(placed), r.Size())
	}
	for first, name := range placed {
		for i, kind := range []Type{Config, Rules} {
			if e, err := r.Entry(first + uint64(i)); err != nil || e.Type != kind || string(e.Data) != `"`+name+`"` {
				t.Errorf("entry %d: %s %s, %v; want %s of %s", first+uint64(i), e.Type, e.Data, err, kind, name)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	verify(t, dir)
	if files(t, dir)[segment.JournalFile] {
		t.Error("a closed log has a journal")
	}
}
