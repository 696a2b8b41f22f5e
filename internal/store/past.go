package store

import (
	"context"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/store/facts"
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

// PersonPast is a person in every complete snapshot of HR until a moment, the oldest first. Snapshots whose facts have passed their retention are left
// out.
func (s *Store) PersonPast(ctx context.Context, hr, id string, until time.Time) ([]PersonAt, error) {
	all, ids, err := s.complete(ctx, hr, until)
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

// AccountPast is some accounts of a system, by id, in every complete snapshot of it until a moment, the oldest first. Snapshots whose facts have passed
// their retention are left out.
func (s *Store) AccountPast(ctx context.Context, system string, accounts []string, until time.Time) ([]AccountsAt, error) {
	all, ids, err := s.complete(ctx, system, until)
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

// complete are the complete snapshots of a system until a moment, the oldest first, and their ids.
func (s *Store) complete(ctx context.Context, system string, until time.Time) ([]access.Snapshot, []string, error) {
	all, err := s.snapshots(ctx, "snapshots_current", "system = {system:String} AND state = 'complete' AND taken_at <= {until:DateTime64(3, 'UTC')}", 0,
		wire.P("system", system), wire.T("until", wire.Trunc(until)))
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
