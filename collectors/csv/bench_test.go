package csv

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"muster/collectors"
	"muster/internal/access"
)

// BenchmarkGrants reads a million grants of fifty thousand accounts through the runner, digest included, and reports the rows a
// second and the heap that is in use when the last grant is loaded.
func BenchmarkGrants(b *testing.B) {
	const users, rows = 50_000, 1_000_000
	var a, g strings.Builder
	a.WriteString("id,name,email,enabled\n")
	for i := range users {
		fmt.Fprintf(&a, "%d,USER%05d,user%05d@acme.example,yes\n", 100_000+i, i, i)
	}
	g.WriteString("account,entitlement,expires_at\n")
	for i := range rows {
		fmt.Fprintf(&g, "%d,ROLE_%03d,\n", 100_000+i*7919%users, i*31%400)
	}
	dir := write(b, b.TempDir(), map[string]string{"a.csv": a.String(), "g.csv": g.String()})
	a.Reset()
	g.Reset()
	b.ReportAllocs()
	for b.Loop() {
		c := collector(b, dir, "accounts: {path: a.csv}\ngrants: {path: g.csv}")
		sink := &weigher{at: rows + users}
		snap, err := collectors.Run(context.Background(), collectors.RunSpec{System: "erp", Now: time.Now, Progress: func(collectors.Progress) {}}, c, sink)
		if err != nil || snap.State != access.Complete || sink.n < rows {
			b.Fatal(err, snap.State, snap.Reason, sink.n)
		}
		b.ReportMetric(float64(sink.heap)/1e6, "MB-heap")
	}
	b.ReportMetric(float64(b.N)*(rows+users)/b.Elapsed().Seconds(), "rows/s")
}

// weigher is a sink that measures the heap after so many records.
type weigher struct {
	n, at int64
	heap  uint64
}

// Add counts.
func (w *weigher) Add(context.Context, access.Record) error {
	if w.n++; w.n == w.at {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		w.heap = m.HeapAlloc
	}
	return nil
}
