package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"muster/internal/access"
)

const origin = "muster.example/acme"

// clock is a clock that moves a second a reading.
func clock() func() time.Time {
	t := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	return func() time.Time { t = t.Add(time.Second); return t }
}

func open(t *testing.T, dir string) *Log {
	t.Helper()
	l, err := Open(dir, Options{Origin: origin, Now: clock()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func event(i int) Event {
	return Event{Type: Finding, Run: "r1", Data: map[string]any{"fingerprint": fmt.Sprintf("%064x", i), "n": i}}
}

func add(t *testing.T, l *Log, from, n int) {
	t.Helper()
	events := make([]Event, n)
	for i := range events {
		events[i] = event(from + i)
	}
	first, err := l.Append(t.Context(), events...)
	if err != nil {
		t.Fatal(err)
	}
	if first != uint64(from) {
		t.Fatalf("Append: first index %d, want %d", first, from)
	}
}

func verify(t *testing.T, dir string) Report {
	t.Helper()
	r, err := Verify(context.Background(), dir)
	if err != nil {
		t.Fatalf("Verify: %v\n%v", err, r.Differences)
	}
	return r
}

// TestAppendSizes grows logs over every border of the tile tree, in batches of several sizes, and compares them with tlog's
// own computation of the tree over the same leaves.
func TestAppendSizes(t *testing.T) {
	for _, step := range []int{2, 7, 255, 256, 257, 70_000} {
		t.Run(fmt.Sprint(step), func(t *testing.T) {
			dir, total := t.TempDir(), 520
			if step > 1000 {
				total = step
			}
			l := open(t, dir)
			for n := 0; n < total; n += step {
				add(t, l, n, min(step, total-n))
			}
			var stored []tlog.Hash
			reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
				out := make([]tlog.Hash, len(indexes))
				for i, x := range indexes {
					out[i] = stored[x]
				}
				return out, nil
			})
			r, err := l.Reader()
			if err != nil {
				t.Fatal(err)
			}
			err = r.Entries(t.Context(), 0, func(e Entry) error {
				hashes, err := tlog.StoredHashes(int64(e.Index), e.Raw, reader)
				stored = append(stored, hashes...)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			want, err := tlog.TreeHash(int64(total), reader)
			if err != nil {
				t.Fatal(err)
			}
			if r.Size() != uint64(total) || r.at.Root != want {
				t.Errorf("size %d root %s, want %d %s", r.Size(), r.at.Root, total, want)
			}
			if rep := verify(t, dir); rep.Size != uint64(total) || rep.Types[Finding] != uint64(total) || len(rep.Notes) != 0 {
				t.Errorf("report %+v", rep)
			}
		})
	}
}

func TestReopenContinues(t *testing.T) {
	dir := t.TempDir()
	at := 0
	for _, n := range []int{0, 1, 3, 252, 1, 255, 256, 9, 1000} {
		l, err := Open(dir, Options{Origin: origin, Now: clock()})
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			add(t, l, at, n)
		}
		at += n
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		verify(t, dir)
	}
}

func TestEntryForm(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	at := time.Date(2026, 11, 22, 2, 0, 0, 5e6, time.FixedZone("", 3600))
	data := struct {
		B string   `json:"b"`
		A []int    `json:"a"`
		C []string `json:"c,omitempty"`
	}{"é\u2028<&>\"\\\n\x01", []int{2, -1}, nil}
	if _, err := l.Append(t.Context(), Event{Time: at, Type: RunStart, Run: "2026-11-22T01:00:00Z-ab", Data: data}, Event{Type: RunEnd}); err != nil {
		t.Fatal(err)
	}
	p, err := Prove(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"data":{"a":[2,-1],"b":"é` + "\u2028" + `<&>\"\\\n\u0001"},"run":"2026-11-22T01:00:00Z-ab","seq":0,"time":"2026-11-22T01:00:00.005Z","type":"run.start","v":1}`
	if string(p.Entry) != want {
		t.Errorf("entry\n%s\nwant\n%s", p.Entry, want)
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	e, err := r.Entry(1)
	if err != nil || string(e.Data) != "null" || e.Type != RunEnd || e.Time.Before(at.UTC()) {
		t.Errorf("entry 1: %+v %v", e, err)
	}
}

// TestClockBackwards: a clock that is set back does not make a log that fails its own verification.
func TestClockBackwards(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	later := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	if _, err := l.Append(t.Context(), Event{Type: RunStart, Time: later}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	if _, err := l.Append(t.Context(), Event{Type: RunEnd, Time: later.AddDate(-1, 0, 0)}, Event{Type: RunEnd}); err != nil {
		t.Fatal(err)
	}
	if rep := verify(t, dir); !rep.Last.Equal(later) {
		t.Errorf("last time %s, want %s", rep.Last, later)
	}
}

func TestAppendRefuses(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	add(t, l, 0, 3)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name  string
		ctx   context.Context
		event Event
		want  string
	}{
		{"no type", t.Context(), Event{Data: 1}, "it has no type"},
		{"fraction", t.Context(), Event{Type: Config, Data: 1.5}, "not an integer below 2^53"},
		{"large integer", t.Context(), Event{Type: Config, Data: int64(1) << 60}, "not an integer below 2^53"},
		{"not json", t.Context(), Event{Type: Config, Data: func() {}}, "encode json"},
		{"too long", t.Context(), Event{Type: Config, Data: strings.Repeat("x", 70000)}, "more than the 65535 that an entry holds"},
		{"cancelled", cancelled, Event{Type: Config}, "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := l.Append(c.ctx, event(3), c.event)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if l.Size() != 3 {
				t.Errorf("size %d, want 3", l.Size())
			}
			verify(t, dir)
		})
	}
	add(t, l, 3, 300)
	verify(t, dir)
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	_, err := Open(dir, Options{Origin: origin})
	if access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), fmt.Sprintf("process %d is writing", os.Getpid())) || access.HintOf(err) == "" {
		t.Errorf("second Open: %v", err)
	}
	if _, err := Read(dir); err != nil {
		t.Errorf("a reader needs no lock: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), event(0)); err == nil {
		t.Error("a closed log took an entry")
	}
	open(t, dir)
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		break_ func(dir string) error
		origin string
		want   string
	}{
		{"other origin", func(string) error { return nil }, "muster.example/other", `the log's origin is "muster.example/acme"`},
		{"key lost", func(d string) error { return os.Remove(filepath.Join(d, keyFile)) }, origin, "read signing key"},
		{"checkpoint lost", func(d string) error { return os.Remove(filepath.Join(d, checkpointFile)) }, origin, "it has tiles and no checkpoint"},
		{"tile lost", func(d string) error { return os.Remove(filepath.Join(d, "tile/0/000.p/3")) }, origin, "tile/0/000.p/3"},
		{"entries lost", func(d string) error { return os.Remove(filepath.Join(d, "tile/entries/000.p/3")) }, origin, "tile/entries/000.p/3"},
		{"other key", func(d string) error {
			_, skey, err := otherKey()
			return errors.Join(err, os.WriteFile(filepath.Join(d, keyFile), []byte(skey+"\n"), 0o600))
		}, origin, "do not belong together"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			l := open(t, dir)
			add(t, l, 0, 3)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if err := c.break_(dir); err != nil {
				t.Fatal(err)
			}
			l2, err := Open(dir, Options{Origin: c.origin})
			if err == nil {
				_ = l2.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open: %v, want %q", err, c.want)
			}
		})
	}
	t.Run("bad origin", func(t *testing.T) {
		if _, err := Open(t.TempDir(), Options{Origin: "a b"}); err == nil {
			t.Error("an origin with a space was taken")
		}
	})
}

func TestProofs(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var old []string
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < 1200; {
		old = append(old, l.Checkpoint())
		step := 1 + rnd.IntN(120)
		add(t, l, n, step)
		n += step
	}
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	for index := range r.Size() {
		p, err := r.Prove(index)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseProof(p.String())
		if err != nil {
			t.Fatal(err)
		}
		e, err := VerifyProof(again, "", l.VerifierKey())
		if err != nil || e.Index != index {
			t.Fatalf("proof %d: %v", index, err)
		}
		again.Entry = []byte(strings.Replace(string(again.Entry), `"n":`, `"n":1`, 1))
		if _, err := VerifyProof(again, "", l.VerifierKey()); err == nil {
			t.Fatalf("proof %d holds for another entry", index)
		}
	}
	for _, checkpoint := range append(old, l.Checkpoint()) {
		c, err := r.ProveConsistency(checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyConsistency(c, l.VerifierKey()); err != nil {
			t.Fatal(err)
		}
		before, err := r.At(checkpoint)
		if err != nil {
			t.Fatal(err)
		}
		if before.Size() == 0 {
			continue
		}
		p, err := before.Prove(before.Size() - 1)
		if err != nil || p.Checkpoint != checkpoint {
			t.Fatalf("proof as of an older checkpoint: %v", err)
		}
	}
	if _, err := r.Prove(r.Size()); access.KindOf(err) != access.NotFound {
		t.Errorf("proof beyond the log: %v", err)
	}
}
