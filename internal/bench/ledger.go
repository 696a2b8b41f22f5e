package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/ledger/span"
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
		"action": fmt.Sprintf("act-%012x", caller<<32|i), "system": "directory", "state": "done", "sha256": commit.Of(fmt.Sprintf("%064x", i*caller), fmt.Sprintf("W-%05d", i%20000)),
	}}
}

// How many entries the log of the proofs has, how many a proof covers, where it is dearest in such a log, and in how many other places it is tried.
const (
	proofLog    = 1_000_000
	proofRange  = 100_000
	proofWorst  = 424_289
	proofPlaces = 20
)

// ledgerProof proves ranges of 100,000 entries, and checks the proofs from the entries.
func ledgerProof(ctx context.Context, dir string) ([]figure, error) {
	grown := time.Now()
	if err := grow(ctx, dir, proofLog); err != nil {
		return nil, err
	}
	grew, opened := time.Since(grown), time.Now()
	r, err := ledger.Read(dir)
	if err != nil {
		return nil, err
	}
	opening := time.Since(opened)
	places := []uint64{proofWorst, 0, proofLog - proofRange}
	for i := range proofPlaces {
		places = append(places, uint64(i)*(proofLog-proofRange)/proofPlaces+uint64(i*7919%4001))
	}
	var sizes, texts, proving, millis []float64
	for _, first := range places {
		start := time.Now()
		p, err := span.Prove(r, first, first+proofRange-1)
		if err != nil {
			return nil, err
		}
		form := p.Bytes()
		proving = append(proving, float64(time.Since(start).Microseconds())/1000)
		again, err := span.ParseBytes(form)
		if err == nil {
			_, err = again.Verify(r.Leaves(ctx, first, first+proofRange-1), r.VerifierKey())
		}
		if err != nil {
			return nil, err
		}
		millis = append(millis, float64(time.Since(start).Microseconds())/1000)
		sizes, texts = append(sizes, float64(len(form))), append(texts, float64(len(p.String())))
	}
	setting := fmt.Sprintf("%d ranges of %d entries in a log of %d, unaligned, the dearest place among them", len(places), proofRange, proofLog)
	return []figure{
		{Name: "ledger_proof_100k_bytes", Value: slices.Max(sizes), Unit: "bytes", Baseline: "below 1024",
			Note: fmt.Sprintf("the largest of %s, signature included, the log's public key not; median %.0f; as text at most %.0f, median %.0f", setting, median(sizes), slices.Max(texts), median(texts))},
		{Name: "ledger_proof_100k_ms", Value: round(median(millis)), Unit: "ms", Baseline: "below 500",
			Note: fmt.Sprintf("median of %s: making the proof (%.2f ms), reading the entries from disk, hashing them, checking the signature; at most %.0f; opening the log %.1f ms, writing it took %.1f s; load of the machine %s",
				setting, median(proving), slices.Max(millis), float64(opening.Microseconds())/1000, grew.Seconds(), load())},
	}, nil
}

// grow makes a log of n entries.
func grow(ctx context.Context, dir string, n int) error {
	const batch = 20_000
	log, err := ledger.Open(dir, ledger.Options{Origin: origin})
	if err != nil {
		return err
	}
	events := make([]ledger.Event, batch)
	for from := 0; from < n && err == nil; from += batch {
		for i := range events {
			events[i] = realisticEvent(1, from+i)
		}
		_, err = log.Append(ctx, events[:min(batch, n-from)]...)
	}
	return errors.Join(err, log.Close())
}
