package ledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"muster/internal/ledger/tiles"
)

// TestCreationInterrupted: whatever of the first files a crash left, the next Open makes a log with the stored key.
func TestCreationInterrupted(t *testing.T) {
	whole := t.TempDir()
	if err := open(t, whole).Close(); err != nil {
		t.Fatal(err)
	}
	for _, left := range [][]string{nil, {lockFile}, {keyFile}, {keyFile, verifierFile}, {keyFile, verifierFile, checkpointFile}} {
		dir := t.TempDir()
		for _, name := range append(left, ".tmp-"+checkpointFile) {
			data, err := os.ReadFile(filepath.Join(whole, name))
			if err != nil {
				data = []byte("torn")
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		l := open(t, dir)
		add(t, l, 0, 1)
		verify(t, dir)
		key, err := os.ReadFile(filepath.Join(dir, keyFile))
		if err != nil {
			t.Fatal(err)
		}
		if old, err := os.ReadFile(filepath.Join(whole, keyFile)); err != nil || (len(left) > 0 && left[0] == keyFile) != (string(old) == string(key)) {
			t.Errorf("left %v: the key is not the stored one (%v)", left, err)
		}
		if info, err := os.Stat(filepath.Join(dir, keyFile)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("key: %v %v", info.Mode(), err)
		}
	}
}

// TestCopyWithoutKey: what an auditor gets verifies and cannot be continued.
func TestCopyWithoutKey(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, 0, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, keyFile)); err != nil {
		t.Fatal(err)
	}
	if rep := verify(t, dir); len(rep.Notes) != 1 {
		t.Errorf("notes %v", rep.Notes)
	}
	if _, err := Open(dir, Options{Origin: origin}); err == nil {
		t.Error("a log without its key was continued")
	}
}

// TestVerifyBesideAWriter: readers take no lock, so they must bear a log that grows under their eyes.
func TestVerifyBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	done := make(chan error, 1)
	go func() {
		for i := range 300 {
			if _, err := l.Append(context.Background(), event(i)); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for n := 0; ; n++ {
		rep := verify(t, dir)
		if r, err := Read(dir); err != nil {
			t.Fatal(err)
		} else if rep.Size > 0 {
			if _, err := r.Prove(rep.Size - 1); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-done:
			if err != nil || n == 0 {
				t.Fatalf("%d verifications beside the writer: %v", n, err)
			}
			if rep := verify(t, dir); rep.Size != 300 {
				t.Errorf("size %d", rep.Size)
			}
			return
		default:
		}
	}
}

func FuzzParse(f *testing.F) {
	dir := f.TempDir()
	l, err := Open(dir, Options{Origin: origin, Now: clock()})
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if _, err := l.Append(f.Context(), event(0), event(1), event(2)); err != nil {
		f.Fatal(err)
	}
	p, err := Prove(dir, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.String())
	f.Add("\x00\x02{}\x00\x01")
	f.Fuzz(func(t *testing.T, text string) {
		if again, err := ParseProof(text); err == nil {
			e, err := VerifyProof(again, "", l.VerifierKey())
			if err == nil && (e.Index > 2 || again.String() != text) {
				t.Errorf("a proof of entry %d holds", e.Index)
			}
		}
		if raws, err := tiles.SplitBundle([]byte(text)); err == nil {
			var bundle []byte
			for _, raw := range raws {
				bundle = tiles.AppendEntry(bundle, raw)
			}
			if string(bundle) != text {
				t.Error("a bundle splits into something else")
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{1, 1000, 100_000} {
		b.Run(fmt.Sprintf("batch-of-%d", size), func(b *testing.B) {
			l, err := Open(b.TempDir(), Options{Origin: origin})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = l.Close() }()
			events := make([]Event, size)
			for i := range events {
				events[i] = event(i)
			}
			for b.Loop() {
				if _, err := l.Append(b.Context(), events...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkAppendTogether is 64 callers with one entry a call.
func BenchmarkAppendTogether(b *testing.B) {
	l, err := Open(b.TempDir(), Options{Origin: origin})
	if err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := l.Append(b.Context(), event(i)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// TestFoldersThatADeadProcessMadeAreWaitedFor: what leads to an acknowledged entry is on disk, whoever made it.
func TestFoldersThatADeadProcessMadeAreWaitedFor(t *testing.T) {
	around := filepath.Join(t.TempDir(), "data")
	dir := filepath.Join(around, "log")
	if err := open(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"tile/0", "tile/entries"} {
		if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	waited := map[string]bool{}
	note := func(op, path string) error {
		waited[path] = waited[path] || op == "syncdir"
		return nil
	}
	l, err := Open(dir, Options{Origin: origin, fault: note})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	add(t, l, 0, 1)
	for _, folder := range []string{filepath.Dir(around), around, dir, filepath.Join(dir, "tile"), filepath.Join(dir, "tile/0"), filepath.Join(dir, "tile/0/000.p")} {
		if !waited[folder] {
			t.Errorf("%s was not waited for", folder)
		}
	}
}
