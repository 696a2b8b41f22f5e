package store

import (
	"context"
	"slices"

	"muster/internal/access"
	"muster/internal/store/facts"
	"muster/internal/store/population"
	"muster/internal/store/wire"
)

// PersonAt is one person as one complete HR snapshot had them.
type PersonAt struct {
	Snapshot access.Snapshot
	Known    bool // the person was in it
	Person   access.Person
}

// AccountsAt is some accounts of one system as one complete snapshot had them; what is not there did not exist then.
type AccountsAt struct {
	Snapshot access.Snapshot
	Accounts []AccountThen // by id
}

// AccountThen is one account with what it held.
type AccountThen struct {
	Account access.AccountRef
	Enabled bool
	Held    []access.HeldRef // sorted by id, each once
}

// PersonHistory is a person in every complete snapshot of HR that was there when the run was completed, the oldest first. Snapshots whose facts have
// passed their retention are left out.
func (s *Store) PersonHistory(ctx context.Context, runID, hr, id string) ([]PersonAt, error) {
	all, ids, err := s.complete(ctx, runID, hr)
	if err != nil {
		return nil, err
	}
	was, known, err := facts.PersonIn(ctx, s.db, ids, id)
	if err != nil {
		return nil, err
	}
	var out []PersonAt
	for _, snap := range all {
		if known[snap.ID] {
			p, there := was[snap.ID]
			out = append(out, PersonAt{snap, there, p})
		}
	}
	return out, nil
}

// AccountHistory is some accounts of a system, by id, in every complete snapshot of it that was there when the run was completed, the oldest first. Snapshots whose facts have passed
// their retention are left out.
func (s *Store) AccountHistory(ctx context.Context, runID, system string, accounts []string) ([]AccountsAt, error) {
	all, ids, err := s.complete(ctx, runID, system)
	if err != nil {
		return nil, err
	}
	held, known, err := facts.HeldIn(ctx, s.db, ids, accounts)
	if err != nil {
		return nil, err
	}
	by := map[string][]AccountThen{}
	for _, h := range held {
		by[h.Snapshot] = append(by[h.Snapshot], AccountThen{h.Account, h.Enabled, h.Held})
	}
	var out []AccountsAt
	for _, snap := range all {
		if known[snap.ID] {
			out = append(out, AccountsAt{snap, by[snap.ID]})
		}
	}
	return out, nil
}

// complete are the complete snapshots of a system when the run was completed, the oldest first, and their ids.
func (s *Store) complete(ctx context.Context, runID, system string) ([]access.Snapshot, []string, error) {
	all, err := s.snapshots(ctx, population.SnapshotsThen, "known AND system = {system:String} AND state = 'complete'", 0, wire.P("system", system), wire.P("run", runID))
	if err != nil {
		return nil, nil, err
	}
	slices.Reverse(all)
	ids := make([]string, len(all))
	for i, snap := range all {
		ids[i] = snap.ID
	}
	return all, ids, nil
}
