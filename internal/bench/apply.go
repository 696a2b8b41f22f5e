package main

import (
	"context"
	"errors"
	"fmt"

	"muster/internal/bench/apply"
)

// How often each side makes all changes and takes them back, and of how many actions the requests are compared. The SCIM server is slow.
const (
	applySCIMRounds = 3
	applyLDAPRounds = 5
	applySample     = 100
)

// applySCIM compares changes of a SCIM server.
func applySCIM(ctx context.Context, dir string) ([]figure, error) {
	return applyRatio(ctx, dir, "apply_scim_ratio", "a live SCIM server (SCIMMY)", applySCIMRounds, apply.SCIM)
}

// applyLDAP compares changes of a directory.
func applyLDAP(ctx context.Context, dir string) ([]figure, error) {
	return applyRatio(ctx, dir, "apply_ldap_ratio", "a live slapd, which does not wait for its own disk,", applyLDAPRounds, apply.LDAP)
}

// applyRatio compares the executor, journal included, with a bare client.
func applyRatio(ctx context.Context, dir, name, server string, rounds int, start func(context.Context, string) (*apply.Stand, func(), error)) (figures []figure, err error) {
	stand, stop, err := start(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer stop()
	j, err := openJournal(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, j.close()) }()
	log, err := j.open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	before := load()
	r, err := stand.Compare(ctx, apply.Options{Records: j.store, Ledger: log, Sample: applySample, Rounds: rounds, Watch: func() func() (float64, float64) { return stopwatch(j.engine.Pid()) }})
	if err != nil {
		return nil, err
	}
	ours, ourCPU := medians(r.Ours)
	bare, bareCPU := medians(r.Bare)
	n := float64(r.Changes)
	return []figure{{
		Name: name, Value: round(ours / bare), Unit: "ratio",
		Baseline: fmt.Sprintf("a plain client with %d connections that sends the same requests and writes nothing down: %.0f actions/s; at most 2", apply.Connections, n/bare),
		Note: fmt.Sprintf("%.0f actions/s with intents and receipts in the ledger and records in the store, both fsynced; %d actions and their inverses on %s with %d accounts in %d groups, "+
			"one half disables an account, the other takes one out of a group; default batch and parallelism, no rate limit; %.1f requests an action on both sides, compared one by one on %d actions; "+
			"both leave the same on the server, byte for byte; processor milliseconds an action without the server's: %.1f against %.1f; medians of %d rounds in turns; load of the machine %s before and %s after; "+
			"what bounds it: waves of 250 actions, each written down before and after its changes, while the next one is at the system; no more than two at a time", n/ours, r.Changes/2, server, apply.Accounts, apply.Groups, r.Requests, applySample,
			1000*ourCPU/n, 1000*bareCPU/n, rounds, before, load()),
	}}, nil
}

// medians of both clocks.
func medians(rounds []apply.Time) (wall, cpu float64) {
	var walls, cpus []float64
	for _, t := range rounds {
		walls, cpus = append(walls, t.Wall), append(cpus, t.CPU)
	}
	return median(walls), median(cpus)
}
