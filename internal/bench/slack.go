package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"muster/internal/ledger"
	"muster/internal/ledger/shared"
	"muster/remediate/slack/slackbench"
)

// The clicks of slack_ack_p99_ms, over each way in.
const (
	ackClicks = 1000
	ackRate   = 50
)

// slackAck measures how fast clicks are acknowledged, while they are decided on as `muster serve` does.
func slackAck(ctx context.Context, dir string) ([]figure, error) {
	overHTTP, err := acknowledge(ctx, filepath.Join(dir, "http"), true)
	if err != nil {
		return nil, fmt.Errorf("over HTTP: %w", err)
	}
	overSocket, err := acknowledge(ctx, filepath.Join(dir, "socket"), false)
	if err != nil {
		return nil, fmt.Errorf("over Socket Mode: %w", err)
	}
	milliseconds := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	words := func(r slackbench.Result) string {
		return fmt.Sprintf("p50 %.1f, p99 %.1f, worst %.1f ms, the last of %d decisions after %.1f s", milliseconds(r.P50), milliseconds(r.P99), milliseconds(r.Max), r.Decided, r.Took.Seconds())
	}
	return []figure{{
		Name: "slack_ack_p99_ms", Value: round(milliseconds(max(overHTTP.P99, overSocket.P99))), Unit: "ms",
		Baseline: fmt.Sprintf("less than 1000 at %d clicks/s; Slack itself waits for 3000", ackRate),
		Note: fmt.Sprintf("the worse of two ways, %d clicks over each, from the first byte that Slack sends to its acknowledgement; HTTP: %s; Socket Mode: %s; clicks are in the inbox on disk before they are "+
			"acknowledged, and are decided on meanwhile, with the store's engine and the shared ledger; load of the machine %s", ackClicks, words(overHTTP), words(overSocket), load()),
	}}, nil
}

// acknowledge measures one way on a data folder of its own.
func acknowledge(ctx context.Context, dir string, overHTTP bool) (r slackbench.Result, err error) {
	j, err := openJournal(ctx, dir)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	r, err = slackbench.Ack(ctx, slackbench.Options{Dir: dir, Records: j.store, Ledger: shared.New(j.ledger, ledger.Options{Origin: origin}, time.Minute),
		Clicks: ackClicks, Rate: ackRate, HTTP: overHTTP, Now: time.Now})
	if err == nil && (r.Clicks != ackClicks || r.Decided == 0) {
		err = fmt.Errorf("%d of %d clicks were acknowledged and %d questions decided", r.Clicks, ackClicks, r.Decided)
	}
	return r, err
}
