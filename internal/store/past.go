package store

import (
	"context"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/store/facts"
	"muster/internal/store/past"
	"muster/internal/store/population"
	"muster/internal/store/wire"
)

// The types of histories live with the SQL that reads them.
type (
	// PersonPast is what HR said of one worker over a list of snapshots.
	PersonPast = past.Person
	// AccountPast is what a system said of one account over a list of its snapshots.
	AccountPast = past.Account
	// LinkPast says that runs linked an account with a person.
	LinkPast = past.Link
)

// SnapshotsUntil lists the snapshots of a system that were there when the run was completed, each in the state that it had then, the oldest first. What was written
// or released afterwards changes nothing, so that a report of the run says the same on every day.
func (s *Store) SnapshotsUntil(ctx context.Context, runID, system string) ([]access.Snapshot, error) {
	all, err := s.snapshots(ctx, population.SnapshotsThen, "known AND system = {system:String}", 0, wire.P("system", system), wire.P("run", runID))
	slices.Reverse(all)
	return all, err
}

// Kept finds those of the snapshots whose rows of a class (person or account) are all still stored; the facts of the others have expired.
func (s *Store) Kept(ctx context.Context, class access.Class, snapshots []string) (map[string]bool, error) {
	return past.Kept(ctx, s.db, class, snapshots)
}

// Leaving yields, by worker id, the history of everyone who may have left, over HR snapshots, the oldest first: those whom one of them shows as terminated or with a
// last day before the given one, and those whom the last of them does not list.
func (s *Store) Leaving(ctx context.Context, snapshots []string, before time.Time, yield func(PersonPast) error) error {
	return past.Leaving(ctx, s.db, snapshots, before, yield)
}

// AccountsPast yields, by id, the history of some accounts of one system over its snapshots, the oldest first.
func (s *Store) AccountsPast(ctx context.Context, snapshots, accounts []string, yield func(AccountPast) error) error {
	return past.Accounts(ctx, s.db, snapshots, accounts, yield)
}

// LinksPast yields which accounts the runs, the oldest first, linked with some persons, by person, system and account.
func (s *Store) LinksPast(ctx context.Context, runs, persons []string, yield func(LinkPast) error) error {
	return past.Links(ctx, s.db, runs, persons, yield)
}

// GrantsThen is GrantsSince as it was when a run was completed: the first of the complete snapshots without a break up to the newest one of then.
func (s *Store) GrantsThen(ctx context.Context, runID, system string, grants []GrantRef) (map[GrantRef]access.Snapshot, error) {
	all, err := s.snapshots(ctx, population.SnapshotsThen, "known AND system = {system:String} AND state = 'complete'", 0, wire.P("system", system), wire.P("run", runID))
	if err != nil || len(all) == 0 || len(grants) == 0 {
		return nil, err
	}
	return facts.Since(ctx, s.db, all, grants)
}
