package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"muster/internal/ledger"
)

// How many callers append one entry at a time, how long each side does so, and in how many rounds.
const (
	appendCallers = 64
	appendFor     = 1500 * time.Millisecond
	appendRounds  = 3
)

// ledgerAppend compares 64 callers who share waits for the disk with as many who take turns.
func ledgerAppend(ctx context.Context, dir string) ([]figure, error) {
	var together, apart, cpu []float64
	var size int
	for round := range appendRounds {
		for _, alone := range []bool{false, true} {
			folder, watch := filepath.Join(dir, fmt.Sprint(round, alone)), stopwatch(0)
			if err := appendAll(ctx, folder, alone); err != nil {
				return nil, err
			}
			wall, used := watch()
			n, bytes, err := checked(ctx, folder)
			if err != nil {
				return nil, err
			}
			if alone {
				apart = append(apart, float64(n)/wall)
				continue
			}
			together, cpu, size = append(together, float64(n)/wall), append(cpu, 1e6*used/float64(n)), bytes
		}
	}
	return []figure{{
		Name: "ledger_append_per_s", Value: round(median(together)), Unit: "1/s",
		Baseline: fmt.Sprintf("the same callers taking turns, one wait for the disk an entry: %.0f entries/s; at least 20000", median(apart)),
		Note: fmt.Sprintf("%d callers at the same time, one entry of %d bytes a call, each acknowledged after an fsync that covers it; closing the log included; %.0f processor microseconds an entry; "+
			"each log verified as a whole afterwards; medians of %d rounds in turns; load of the machine %s", appendCallers, size, median(cpu), appendRounds, load()),
	}}, nil
}

// appendAll lets all callers append for a while. Alone, one caller at a time is let in.
func appendAll(ctx context.Context, dir string, alone bool) error {
	log, err := ledger.Open(dir, ledger.Options{Origin: origin})
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	var turn sync.Mutex
	errs := make(chan error, appendCallers)
	until := time.Now().Add(appendFor)
	for caller := range appendCallers {
		group.Go(func() {
			for i := 0; time.Now().Before(until); i++ {
				if alone {
					turn.Lock()
				}
				_, err := log.Append(ctx, realisticEvent(caller, i))
				if alone {
					turn.Unlock()
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errs)
	return errors.Join(<-errs, log.Close())
}

// checked verifies a log, and gives how many entries it has and how long one is.
func checked(ctx context.Context, dir string) (n uint64, size int, err error) {
	if _, err := ledger.Verify(ctx, dir); err != nil {
		return 0, 0, err
	}
	r, err := ledger.Read(dir)
	if err != nil {
		return 0, 0, err
	}
	e, err := r.Entry(r.Size() / 2)
	return r.Size(), len(e.Raw), err
}

// realisticEvent is like what a receipt says.
func realisticEvent(caller, i int) ledger.Event {
	return ledger.Event{Type: ledger.Receipt, Run: "2026-11-22T01:00:00Z-5d1c", Data: map[string]any{
		"action": fmt.Sprintf("act-%012x", caller<<32|i), "system": "directory", "state": "done", "sha256": fmt.Sprintf("%064x", i*caller),
	}}
}
