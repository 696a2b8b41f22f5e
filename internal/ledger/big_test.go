package ledger

import (
	"os"
	"testing"
	"time"
)

// TestBig looks at a log that LEDGER_BIG names and makes it with 2.5 million entries when it is not there: how long opening, reading and proving take.
func TestBig(t *testing.T) {
	dir := os.Getenv("LEDGER_BIG")
	if dir == "" {
		dir = t.TempDir()
	}
	size := 2_500_000
	if os.Getenv("LEDGER_BIG") == "" {
		size = 70_000
	}
	lap := func(what string, began time.Time) {
		t.Logf("%-28s %v", what, time.Since(began).Round(10*time.Microsecond))
	}
	began := time.Now()
	l := open(t, dir)
	lap("open", began)
	size = max(size, int(l.Size()))
	began = time.Now()
	for n := int(l.Size()); n < size; n = int(l.Size()) {
		add(t, l, n, min(25_000, size-n))
	}
	lap("grow", began)
	began = time.Now()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lap("close", began)
	began = time.Now()
	l = open(t, dir)
	opened := time.Since(began)
	lap("open again", began)
	began = time.Now()
	add(t, l, size, 1)
	lap("append one", began)
	r, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	old := l.Checkpoint()
	began = time.Now()
	for i := range 1000 {
		if _, err := r.Prove(uint64(i) * 7919 % uint64(size)); err != nil {
			t.Fatal(err)
		}
	}
	lap("1000 proofs", began)
	add(t, l, size+1, 300)
	began = time.Now()
	now, err := l.Reader()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := now.ProveConsistency(old); err != nil {
		t.Fatal(err)
	}
	lap("consistency", began)
	if opened > time.Second {
		t.Errorf("opening a log of %d entries took %v", size, opened)
	}
}
