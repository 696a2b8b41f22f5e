package trail

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/internal/ledger"
)

// stored are the runs of a store.
type stored []access.Run

func (s stored) LastRun(context.Context, bool) (access.Run, bool, error) {
	if len(s) == 0 {
		return access.Run{}, false, nil
	}
	return s[len(s)-1], true, nil
}

func (s stored) Run(_ context.Context, id string) (access.Run, bool, error) {
	for _, r := range s {
		if r.ID == id {
			return r, true, nil
		}
	}
	return access.Run{}, false, nil
}

// night enters a run and gives what the store has of it.
func night(t *testing.T, dir, id string) access.Run {
	t.Helper()
	l, err := ledger.Open(dir, ledger.Options{Origin: "muster.example/acme"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	first, err := l.Append(t.Context(), ledger.Event{Type: ledger.RunStart, Run: id})
	if err != nil {
		t.Fatal(err)
	}
	end, err := l.Append(t.Context(), ledger.Event{Type: ledger.RunEnd, Run: id})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := l.Keep()
	if err != nil {
		t.Fatal(err)
	}
	return access.Run{ID: id, FirstEntry: first, LastEntry: end, Checkpoint: kept.Text}
}

// TestATrailThatWasChangedStopsTheNight: each change of the ledger's folder between two nights, by somebody who can write it, and with the key.
func TestATrailThatWasChangedStopsTheNight(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(t *testing.T, dir, early string)
		want   string
	}{
		{"truncated", func(t *testing.T, dir, early string) { put(t, early, dir) }, "the checkpoint has 4 entries, the log has 2"},
		{"forked", func(t *testing.T, dir, early string) {
			put(t, early, dir)
			night(t, dir, "R-forged")
			night(t, dir, "R-more")
		}, "the checkpoint says"},
		{"forked to the same length", func(t *testing.T, dir, early string) { put(t, early, dir); night(t, dir, "R-forged") }, "the checkpoint says"},
		{"replaced", func(t *testing.T, dir, _ string) {
			put(t, "", dir)
			night(t, dir, "R-1")
			night(t, dir, "R-2")
		}, "its signature is not by"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, early := filepath.Join(t.TempDir(), "ledger"), filepath.Join(t.TempDir(), "early")
			runs := stored{night(t, dir, "R-1")}
			put(t, dir, early)
			runs = append(runs, night(t, dir, "R-2"))
			if unknown, err := Check(t.Context(), dir, runs); err != nil || len(unknown) > 0 {
				t.Fatalf("untouched: %v", err)
			}
			c.change(t, dir, early)
			_, err := Check(t.Context(), dir, runs)
			if access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "does not continue the one that run R-2 ended with") || access.HintOf(err) == "" {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// put exchanges a folder for a copy of another, or for nothing.
func put(t *testing.T, from, to string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if from == "" {
		return
	}
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreOfAnotherLedgerStopsTheNight(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	run := night(t, dir, "R-1")
	run.ID = "R-9"
	if _, err := Check(t.Context(), dir, stored{run}); access.KindOf(err) != access.Conflict || !strings.Contains(err.Error(), "do not belong together") {
		t.Error(err)
	}
}

func TestARunThatTheStoreLacksIsTold(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ledger")
	runs := stored{night(t, dir, "R-1")}
	night(t, dir, "R-2")
	if unknown, err := Check(t.Context(), dir, runs); err != nil || len(unknown) != 1 || !strings.Contains(unknown[0], "run R-2 is on the ledger, at entry 2") {
		t.Errorf("%v, %v", unknown, err)
	}
	if unknown, err := Check(t.Context(), dir, stored{}); err != nil || len(unknown) != 2 {
		t.Errorf("%v, %v", unknown, err)
	}
}
