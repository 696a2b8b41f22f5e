package engine

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"muster/internal/access"
)

// insertUntil inserts batches of ids until ctx ends and gives those that were acknowledged. A batch that failed is sent
// again under the same ids, as the store does.
func insertUntil(ctx context.Context, c driver.Conn, worker uint64) (acknowledged []uint64, failures int) {
	const size = 50
	for next := uint64(0); ctx.Err() == nil; {
		batch, err := c.PrepareBatch(context.Background(), "INSERT INTO written")
		for i := uint64(0); i < size && err == nil; i++ {
			err = batch.Append(worker, next+i)
		}
		if err == nil {
			err = batch.Send()
		}
		if err != nil {
			failures++
			time.Sleep(5 * time.Millisecond)
			continue
		}
		for i := range uint64(size) {
			acknowledged = append(acknowledged, next+i)
		}
		next += size
	}
	return acknowledged, failures
}

func TestCrashLosesNoAcknowledgedRow(t *testing.T) {
	e := attach(t, Options{Dir: t.TempDir()})
	c := connect(t, e)
	run(t, c, `CREATE TABLE written (worker UInt64, id UInt64) ENGINE = MergeTree ORDER BY (worker, id)
		SETTINGS fsync_after_insert = 1, fsync_part_directory = 1`)
	ctx, cancel := context.WithCancel(t.Context())
	var workers sync.WaitGroup
	const many = 3
	var acknowledged [many][]uint64
	var failures [many]int
	for worker := range many {
		workers.Go(func() { acknowledged[worker], failures[worker] = insertUntil(ctx, c, uint64(worker)) })
	}
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		pid := e.Pid()
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		gone(t, pid, time.Second)
		for c.Exec(t.Context(), "SELECT 1") != nil { // waits for the restart
			t.Log("a connection met the dying engine")
		}
		if e.Pid() == pid || !e.Owner() {
			t.Fatalf("process %d again, owner %t", e.Pid(), e.Owner())
		}
	}
	time.Sleep(200 * time.Millisecond)
	cancel()
	workers.Wait()

	rows, err := c.Query(t.Context(), "SELECT DISTINCT worker, id FROM written")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	kept := map[[2]uint64]bool{}
	for rows.Next() {
		var row [2]uint64
		if err := rows.Scan(&row[0], &row[1]); err != nil {
			t.Fatal(err)
		}
		kept[row] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	total, failed := 0, 0
	for worker, ids := range acknowledged {
		total, failed = total+len(ids), failed+failures[worker]
		for _, id := range ids {
			if !kept[[2]uint64{uint64(worker), id}] {
				t.Errorf("acknowledged row %d of worker %d is lost", id, worker)
			}
		}
	}
	if total == 0 || failed == 0 {
		t.Errorf("%d rows acknowledged, %d batches failed: the test showed nothing", total, failed)
	}
	t.Logf("%d rows acknowledged, %d batches failed and were sent again", total, failed)
}

func TestTooManyCrashesAreGivenUp(t *testing.T) {
	e := attach(t, Options{Dir: t.TempDir(), Jitter: func() float64 { return 0.999 }})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	given := make(chan error, 1)
	go func() { given <- e.Wait(ctx) }()
	crashes := 0
	for last := 0; ; {
		select {
		case err := <-given:
			if err == nil || access.HintOf(err) == "" || crashes != quickLimit {
				t.Fatalf("after %d crashes: %v (hint %q)", crashes, err, access.HintOf(err))
			}
			if _, err := e.DialContext(t.Context(), ""); err == nil || access.KindOf(err) != access.Internal {
				t.Errorf("dialling an engine that was given up: %v", err)
			}
			// Whoever comes next, after the cause was mended, starts afresh.
			run(t, connect(t, attach(t, Options{Dir: e.options.Dir})), "SELECT 1")
			return
		case <-time.After(5 * time.Millisecond):
		}
		if pid := e.Pid(); pid != 0 && pid != last {
			last = pid
			crashes++
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestPauseDoublesUpToItsCap(t *testing.T) {
	o := newOwner(Options{Jitter: func() float64 { return 0 }}, paths{}, credentials{}, "", nil)
	for quick, want := range map[int]time.Duration{1: backoffBase, 2: 2 * backoffBase, 4: 8 * backoffBase, 30: backoffCap} {
		if got := o.pause(quick); got != want {
			t.Errorf("pause before start %d is %s, want %s", quick, got, want)
		}
	}
	o.options.Jitter = func() float64 { return 0.5 }
	if got := o.pause(1); got != backoffBase*3/4 {
		t.Errorf("pause with jitter is %s", got)
	}
}
