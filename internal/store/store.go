package store

import (
	"context"
	"iter"
	"log/slog"
	"net"
	"time"

	"muster/internal/access"
	"muster/internal/store/facts"
	"muster/internal/store/load"
)

// The types of a run's world live with the SQL that reads it.
type (
	World       = facts.World
	SystemWorld = facts.SystemWorld
	LinkSpec    = facts.LinkSpec
	MapEntry    = facts.MapEntry
	FactsQuery  = facts.Query
	Loader      = load.Loader
)

// Options say which ClickHouse a Store uses.
type Options struct {
	DSN       string                                                   // clickhouse:// or https://; empty: Dial, User and Password
	Dial      func(ctx context.Context, addr string) (net.Conn, error) // reaches the embedded engine
	User      string
	Password  string
	Database  string           // default: the DSN's, else "muster"
	FactsDays int              // how long facts are kept; default 400; evidence is kept for ever
	Log       *slog.Logger     // default: discard
	Now       func() time.Time // default: time.Now
}

// Store is Muster's memory.
type Store struct{}

func Open(ctx context.Context, o Options) (*Store, error) { panic("in work") }
func (s *Store) Close() error                             { panic("in work") }
func (s *Store) BeginSnapshot(ctx context.Context, snap access.Snapshot) (*Loader, error) {
	panic("in work")
}
func (s *Store) SweepUncommitted(ctx context.Context, keep ...string) (int64, error) {
	panic("in work")
}
func (s *Store) NewestComplete(ctx context.Context, system string, at time.Time) (access.Snapshot, bool, error) {
	panic("in work")
}
func (s *Store) PreviousComplete(ctx context.Context, system string, before time.Time) (access.Snapshot, bool, error) {
	panic("in work")
}
func (s *Store) Newest(ctx context.Context, system string) (access.Snapshot, bool, error) {
	panic("in work")
}
func (s *Store) Snapshot(ctx context.Context, id string) (access.Snapshot, bool, error) {
	panic("in work")
}
func (s *Store) SnapshotsOfRun(ctx context.Context, runID string) ([]access.Snapshot, error) {
	panic("in work")
}
func (s *Store) StoredCounts(ctx context.Context, id string) (map[access.Class]int64, error) {
	panic("in work")
}
func (s *Store) SetSnapshotState(ctx context.Context, id string, state access.SnapshotState, reason string) error {
	panic("in work")
}
func (s *Store) SaveWorld(ctx context.Context, w World) error                      { panic("in work") }
func (s *Store) WorldOfRun(ctx context.Context, runID string) (World, bool, error) { panic("in work") }
func (s *Store) LinkAccounts(ctx context.Context, w World) (map[access.LinkResult]int64, error) {
	panic("in work")
}
func (s *Store) Profiles(ctx context.Context, w World, fields []string, yield func(profile uint64, p access.Person) error) error {
	panic("in work")
}
func (s *Store) SaveExpectations(ctx context.Context, w World, bundles []access.Bundle, byProfile func(yield func(profile uint64, e []access.Expectation) error) error) error {
	panic("in work")
}
func (s *Store) Facts(ctx context.Context, w World, q FactsQuery, yield func(f *access.PersonFacts, profile uint64) error) error {
	panic("in work")
}
func (s *Store) Managers(ctx context.Context, w World, yield func(id, manager string, status access.Status) error) error {
	panic("in work")
}
func (s *Store) GrantSince(ctx context.Context, system, accountID, entitlementID string) (time.Time, bool, error) {
	panic("in work")
}
func (s *Store) SaveFindings(ctx context.Context, runID string, fs iter.Seq[access.Finding]) error {
	panic("in work")
}
func (s *Store) Findings(ctx context.Context, f FindingFilter, yield func(access.Finding) error) error {
	panic("in work")
}
func (s *Store) FindingHistory(ctx context.Context, fingerprint string) ([]access.Finding, error) {
	panic("in work")
}
func (s *Store) FindingsOfRun(ctx context.Context, runID string, yield func(access.Finding) error) error {
	panic("in work")
}
func (s *Store) SaveRun(ctx context.Context, r access.Run) error              { panic("in work") }
func (s *Store) Run(ctx context.Context, id string) (access.Run, bool, error) { panic("in work") }
func (s *Store) LastRun(ctx context.Context, completedOnly bool) (access.Run, bool, error) {
	panic("in work")
}
func (s *Store) Runs(ctx context.Context, limit int) ([]access.Run, error) { panic("in work") }
func (s *Store) Population(ctx context.Context, w World, table string, head func([]string) error, row func([]string) error) error {
	panic("in work")
}

// FindingFilter narrows a list of findings. The zero value takes all.
type FindingFilter struct {
	States      []access.FindingState
	Rule        string
	System      string // also one of several joined by "+"
	Person      string // worker id of the person concerned
	IDPrefix    string // of the finding's ID or fingerprint
	RunID       string // last written by this run
	MinSeverity access.Severity
}
