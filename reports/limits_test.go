package reports

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/reports/pack/check"
)

// watched is a fixture that looks at the memory while its population streams.
type watched struct {
	*fixture
	peak uint64
}

func (w *watched) Population(ctx context.Context, table string, head func([]string) error, row func([]string) error) error {
	n := 0
	return w.fixture.Population(ctx, table, head, func(values []string) error {
		if n++; n%100_000 == 0 {
			runtime.GC() // a busy machine collects late
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			w.peak = max(w.peak, m.HeapAlloc)
		}
		return row(values)
	})
}

// TestPopulationsStream writes a million grants and wants the heap to stay small.
func TestPopulationsStream(t *testing.T) {
	f := &watched{fixture: newFixture(t, shape{findings: 10, grants: 1_000_000})}
	p, err := Write(t.Context(), f.job(), f.ev, f, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if f.peak == 0 || f.peak > 96<<20 {
		t.Errorf("the heap grew to %d MiB", f.peak>>20)
	}
	rep, err := Verify(t.Context(), p.ZipPath, "")
	if err != nil || !slices.ContainsFunc(rep.Steps, func(s check.Step) bool {
		return strings.HasPrefix(s.Name, "annexes") && strings.Contains(s.Details[0], "1000336 rows")
	}) {
		t.Errorf("%v %v", err, rep.Steps)
	}
	t.Logf("heap at most %d MiB", f.peak>>20)
}

// faulty fails where it is told to.
type faulty struct {
	*fixture
	table  string
	err    error
	cancel context.CancelFunc
}

func (f *faulty) Findings(ctx context.Context, yield func(access.Finding) error) error {
	if f.table == "findings" {
		return f.err
	}
	return f.fixture.Findings(ctx, yield)
}

func (f *faulty) Population(ctx context.Context, table string, head func([]string) error, row func([]string) error) error {
	if table != f.table {
		return f.fixture.Population(ctx, table, head, row)
	}
	if f.cancel != nil {
		f.cancel()
	}
	if err := head([]string{"a"}); err != nil {
		return err
	}
	return f.err
}

// TestFailureLeavesNothing: whatever fails, no pack and no part of one is left, and one that was there before stays as it was.
func TestFailureLeavesNothing(t *testing.T) {
	gone := &access.Error{Op: "read population", Kind: access.Transient, Hint: "start the store", Err: errors.New("gone")}
	for _, table := range []string{"findings", "persons", "grants", "rejections"} {
		t.Run(table, func(t *testing.T) {
			dir, base := t.TempDir(), newFixture(t, shape{findings: 10})
			before, err := Write(t.Context(), base.job(), base.ev, base, dir)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Write(t.Context(), base.job(), base.ev, &faulty{fixture: base, table: table, err: gone}, dir)
			if !errors.Is(err, gone) || access.KindOf(err) != access.Transient || access.HintOf(err) != "start the store" {
				t.Errorf("error %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			if table != "findings" {
				if _, err := Write(ctx, base.job(), base.ev, &faulty{fixture: base, table: table, cancel: cancel}, dir); err == nil {
					t.Error("a cancelled pack was written")
				}
			}
			cancel()
			if rep, err := Verify(t.Context(), before.ZipPath, ""); err != nil || rep.SHA256 != before.Digest {
				t.Errorf("the pack before: %v", err)
			}
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) != 2 {
				t.Errorf("left: %v %v", entries, err)
			}
		})
	}
	t.Run("folder is a file", func(t *testing.T) {
		base, path := newFixture(t, shape{}), filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Write(t.Context(), base.job(), base.ev, base, path); access.KindOf(err) != access.Denied {
			t.Errorf("error %v", err)
		}
	})
	t.Run("checkpoint of nobody", func(t *testing.T) {
		base := newFixture(t, shape{})
		base.ev.Ledger.Checkpoint = strings.Replace(base.ev.Ledger.Checkpoint, "acme", "acmf", 1)
		if _, err := Write(t.Context(), base.job(), base.ev, base, t.TempDir()); access.KindOf(err) != access.Invalid {
			t.Errorf("error %v", err)
		}
	})
	t.Run("proof of another checkpoint", func(t *testing.T) {
		base := newFixture(t, shape{})
		base.ev.Ledger.Proofs[0].Entry = []byte(`{"v":1}`)
		p, err := Write(t.Context(), base.job(), base.ev, base, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(t.Context(), p.ZipPath, ""); err == nil || !strings.Contains(err.Error(), "ledger/proofs/2.tlog-proof") {
			t.Errorf("error %v", err)
		}
	})
}
