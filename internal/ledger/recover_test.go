package ledger

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"muster/internal/ledger/segment"
)

// folder is what a log's folder has at one moment, by path.
type folder map[string]string

// take reads a folder as a process leaves it that is killed now.
func take(t *testing.T, dir string) folder {
	t.Helper()
	f := folder{}
	for path := range files(t, dir) {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if path != lockFile {
			f[path] = string(text)
		}
	}
	return f
}

// put makes a folder of it.
func (f folder) put(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for path, text := range f {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(path)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (f folder) sum() [sha256.Size]byte {
	h := sha256.New()
	for _, path := range slices.Sorted(maps.Keys(f)) {
		fmt.Fprintf(h, "%s %d %s", path, len(f[path]), f[path])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// deaths opens a log and gives every state of its folder in which it could be killed meanwhile, and that was not seen yet. The journal is
// removed for sure only when its folder was waited for: until then there is a state with it as well.
func (f folder) deaths(t *testing.T, seen map[[sha256.Size]byte]bool) []folder {
	t.Helper()
	dir := f.put(t)
	var states []folder
	note := func(s folder) {
		if !seen[s.sum()] {
			seen[s.sum()] = true
			states = append(states, s)
		}
	}
	journal, unsure := f[segment.JournalFile], false
	var before folder
	look := func(op, path string) error {
		now := take(t, dir)
		_, has := now[segment.JournalFile]
		if _, had := before[segment.JournalFile]; had && !has {
			unsure = true
		}
		note(now)
		if unsure {
			with := maps.Clone(now)
			with[segment.JournalFile] = journal
			note(with)
		}
		unsure = unsure && !(op == "syncdir" && path == dir)
		before = now
		return nil
	}
	l, err := Open(dir, Options{Origin: origin, fault: look})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	_ = look("end", "")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return states
}

// killed makes a log of some appends, and gives its folder as after a kill, and what of it was waited for.
func killed(t *testing.T, sizes ...int) (f, sure folder, total int) {
	t.Helper()
	dir := t.TempDir()
	l := open(t, dir)
	for i, n := range sizes {
		add(t, l, total, n)
		total += n
		if i == 0 {
			sure = take(t, dir)
		}
	}
	return take(t, dir), sure, total
}

// TestASecondDeathWhileRecovering kills the recovery from a journal at every step, and the recovery from that at every step: what was
// acknowledged is there afterwards. As long as there is a journal, so is what it builds on, whatever a loss of power does to the rest.
func TestASecondDeathWhileRecovering(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 9))
	for _, sizes := range [][]int{{250, 3, 5, 5}, {3, 1, 1}, {256, 1}} {
		first, sure, total := killed(t, sizes...)
		lost := maps.Clone(sure)
		lost[segment.JournalFile] = first[segment.JournalFile]
		seen := map[[sha256.Size]byte]bool{}
		states := append(first.deaths(t, seen), lost.deaths(t, seen)...)
		for _, f := range slices.Clone(states) {
			states = append(states, f.deaths(t, seen)...)
		}
		for _, f := range states {
			if _, ok := f[segment.JournalFile]; !ok {
				checkLog(t, f.put(t), uint64(total))
				continue
			}
			for path, text := range sure {
				if f[path] != text && path != checkpointFile {
					t.Fatalf("%v: there is a journal, and %s is not what it was", sizes, path)
				}
			}
			dir := f.put(t)
			for path := range f {
				if _, ok := sure[path]; (!ok || path == checkpointFile) && path != segment.JournalFile {
					damage(t, filepath.Join(dir, path), rnd.IntN(4))
				}
			}
			checkLog(t, dir, uint64(total))
			checkLog(t, f.put(t), uint64(total))
		}
		t.Logf("%v: %d states", sizes, len(states))
	}
}

// TestAJournalThatComesBackHarmsNothing: a folder that was recovered, or settled, and has the journal again.
func TestAJournalThatComesBackHarmsNothing(t *testing.T) {
	f, _, total := killed(t, 250, 3, 5, 5)
	dir := f.put(t)
	for range 2 {
		checkLog(t, dir, uint64(total))
		if err := os.WriteFile(filepath.Join(dir, segment.JournalFile), []byte(f[segment.JournalFile]), 0o644); err != nil {
			t.Fatal(err)
		}
		verify(t, dir)
	}
	checkLog(t, dir, uint64(total))
	l := open(t, dir)
	add(t, l, total, 7)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, segment.JournalFile), []byte(f[segment.JournalFile]), 0o644); err != nil {
		t.Fatal(err)
	}
	checkLog(t, dir, uint64(total+7))
	if files(t, dir)[segment.JournalFile] {
		t.Error("the older journal is still there")
	}
}

// TestNothingIsRemovedFromALogThatCannotBeOpened: neither a journal nor what lies beyond the checkpoint, which may be all that is left.
func TestNothingIsRemovedFromALogThatCannotBeOpened(t *testing.T) {
	whole, _, _ := killed(t, 250, 3, 5, 5)
	dir := whole.put(t)
	l := open(t, dir)
	add(t, l, 263, 7)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	newer := take(t, dir)
	newer[segment.JournalFile] = whole[segment.JournalFile]
	for name, c := range map[string]struct {
		of   folder
		lost string
	}{
		"the journal's base":               {whole, "/"},
		"the edge beside an older journal": {newer, "tile/0/001.p/14"},
		"the edge, with a fuller tile":     {newer, "tile/entries/001.p/14"},
	} {
		f := maps.Clone(c.of)
		maps.DeleteFunc(f, func(path, _ string) bool { return strings.HasPrefix(path, "tile/") && strings.Contains(path, c.lost) })
		if strings.HasPrefix(name, "the edge, with") {
			delete(f, segment.JournalFile)
			f["tile/entries/001.p/20"] = c.of[c.lost]
		}
		dir := f.put(t)
		if l, err := Open(dir, Options{Origin: origin}); err == nil {
			_ = l.Close()
			t.Errorf("%s is lost, and the log was opened", name)
		}
		if now := take(t, dir); now.sum() != f.sum() {
			t.Errorf("%s is lost: %d files became %d", name, len(f), len(now))
		}
	}
}
