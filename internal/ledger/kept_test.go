package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"muster/internal/access"
)

// TestKeptCheckpoints: what was kept is proven to be continued, every change of it is noticed, and so is a log that was cut below it.
func TestKeptCheckpoints(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	total := 0
	for _, n := range []int{3, 400, 1} {
		add(t, l, total, n)
		total += n
		if c, err := l.Keep(); err != nil || c.Size != uint64(total) {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	cut := t.TempDir()
	if err := os.CopyFS(cut, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	add(t, l, total, 300)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	list, err := r.Kept()
	if err != nil || len(list) != 3 || list[0].Size != 3 || list[2].Size != 404 {
		t.Fatalf("%v, %v", list, err)
	}
	for _, c := range list {
		proof, err := r.ProveConsistency(c.Text)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyConsistency(proof, r.VerifierKey()); err != nil {
			t.Error(err)
		}
	}
	if rep := verify(t, dir); len(rep.Notes) != 0 {
		t.Errorf("notes %v", rep.Notes)
	}
	path := filepath.Join(dir, keptPath(403))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	signer := l.keys.Signer
	forked, err := note.Sign(&note.Note{Text: "muster.example/acme\n403\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"}, signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string][]byte{"a flip": append([]byte("x"), text[1:]...), "another size": []byte(list[0].Text), "another root": forked, "nothing": nil} {
		if err := os.WriteFile(path, changed, 0o644); err != nil {
			t.Fatal(err)
		}
		if rep, err := Verify(t.Context(), dir); err == nil || rep.Differences[0].File != "checkpoints/403" {
			t.Errorf("%s: %v, %v", name, err, rep.Differences)
		}
	}
	if err := os.WriteFile(filepath.Join(cut, keptPath(704)), []byte(r.Checkpoint()), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(t.Context(), cut); err == nil {
		t.Error("a log that was cut below a kept checkpoint is taken")
	}
}

// TestOldCheckpointsOfGroups: not every size leaves a partial tile behind; every acknowledged checkpoint can be proven nevertheless.
func TestOldCheckpointsOfGroups(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, 0, 10)
	add(t, l, 10, 10)
	if err := os.RemoveAll(filepath.Join(dir, "tile/0/000.p/10")); err != nil {
		t.Fatal(err)
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	old := l.Checkpoint()
	add(t, l, 20, 7)
	for _, path := range []string{"tile/0/000.p/20", "tile/entries/000.p/20"} {
		if err := os.Remove(filepath.Join(dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := r.Prove(13); err != nil || p.Checkpoint != old {
		t.Errorf("a reader whose partial tile is gone: %v", err)
	}
	if now, err := l.Reader(); err != nil {
		t.Fatal(err)
	} else if _, err := now.ProveConsistency(old); err != nil {
		t.Error(err)
	}
}

// addTogether enters two events as callers do who come at the same time: readers of the folder see them later.
func addTogether(t *testing.T, l *Log) {
	t.Helper()
	var group []*request
	for i := range 2 {
		e, err := event(int(l.Size()) + i).encode(l.random)
		if err != nil {
			t.Fatal(err)
		}
		group = append(group, &request{ctx: t.Context(), events: []encoded{e}})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.appendGroup(group)
	l.soon.Stop()
	if err := errors.Join(group[0].err, group[1].err); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsKeptCanBeSeen: whoever finds a kept checkpoint finds the log that has it.
func TestWhatIsKeptCanBeSeen(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, 0, 3)
	addTogether(t, l)
	if r, err := Read(dir); err != nil || r.Size() != 3 {
		t.Fatalf("size %d, %v: the test shows nothing", r.Size(), err)
	}
	c, err := l.Keep()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Read(dir); err != nil || c.Size != 5 || r.Checkpoint() != c.Text {
		t.Errorf("%d entries were kept, %d can be seen, %v", c.Size, r.Size(), err)
	}
	verify(t, dir)
}

// TestAnOlderLogIsNotHandedOut: when what was acknowledged cannot be shown, whoever asks for it is told, and nothing is lost.
func TestAnOlderLogIsNotHandedOut(t *testing.T) {
	broken := errors.New("disk full")
	for name, ask := range map[string]func(l *Log) error{
		"Keep":   func(l *Log) error { _, err := l.Keep(); return err },
		"Reader": func(l *Log) error { _, err := l.Reader(); return err },
	} {
		dir := t.TempDir()
		l := open(t, dir)
		add(t, l, 0, 3)
		addTogether(t, l)
		l.disk.Fault = func(op, _ string) error {
			if op == "put" {
				return broken
			}
			return nil
		}
		for range 2 {
			if err := ask(l); !errors.Is(err, broken) || access.KindOf(err) != access.Internal {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := l.Append(t.Context(), event(5)); err == nil {
			t.Errorf("%s: an entry was taken that nobody will see", name)
		}
		_ = l.Close()
		checkLog(t, dir, 5)
	}
}
