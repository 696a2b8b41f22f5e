package planner

import (
	"context"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
)

// Case is one open finding with the facts of its subject.
type Case struct {
	access.Case
	Accounts []*access.AccountFacts // the person's accounts in the finding's system
}

// System is one system as the planner sees it.
type System struct {
	Facts     access.SystemFacts
	Abilities remediate.Abilities
	Changes   bool    // it is configured to be changed
	Accounts  int64   // in the snapshot in use
	Limit     int     // accounts that one run may touch
	Percent   float64 // of Accounts
	Protected func(account string) bool
	Reserved  func(entitlement string) bool // entitlements that are never granted or removed by themselves
	// Admins counts enabled accounts with administrative power; Holders enabled holders of each privileged entitlement, by name.
	Admins  int
	Holders map[string]int
	// DeleteAfter is the least time between disabling and deleting an account, whatever a policy says.
	DeleteAfter time.Duration
}

// Input is what a plan is made of.
type Input struct {
	Run      access.Run
	Now      time.Time     // the wall clock, by which people decide; the rest follows the run's clock
	Previous time.Time     // clock of the completed run before; zero when there is none
	Clock    time.Time     // that a run would have now; zero is that of the run
	MaxGap   time.Duration // between the clocks of two runs; more, or backwards, holds everything
	HR       access.SystemFacts
	Systems  map[string]System
	Cases    []Case
	Policy   func(access.Case) (access.Policy, error)
	Routes   *approve.Routes
	// HeldSince says since when an account holds an entitlement; asked only where a policy has a hand-over time.
	HeldSince func(ctx context.Context, c Case) (time.Time, bool, error)
	// Ended is what needs no further question to be taken away: the request that gave it is over, or a review revoked it.
	Ended remediate.Ends
	// Retired are accounts that Muster disabled, verified, and that are still disabled, with the record that did it.
	Retired []Retired

	Standing  []remediate.Record // live records, and the newest settled one of each key
	Approvals []access.Approval  // those of the standing records
	Holds     []access.Hold      // open ones
	Released  []access.Hold      // those that were released
}

// Retired is an account that waits for its deletion.
type Retired struct {
	Record  remediate.Record
	Finding access.Finding // that the record mended, as it stands now
	Account *access.AccountFacts
	Person  *access.Person // nil when nobody's
}

// Plan is what should stand after planning.
type Plan struct {
	Run       string             `json:"run"`
	AsOf      time.Time          `json:"as_of"`
	World     string             `json:"world"`  // digest of what the run reasoned from
	Digest    string             `json:"digest"` // of everything else in the plan
	Records   []remediate.Record `json:"records"`
	Holds     []access.Hold      `json:"holds"`     // new or changed
	Questions []access.Approval  `json:"questions"` // new
	Dropped   []remediate.Record `json:"dropped"`   // live before, without a reason now
	Withdrawn []access.Approval  `json:"withdrawn"` // their questions
	Warnings  []string           `json:"warnings"`
}

// Count counts the records in a state.
func (p Plan) Count(state remediate.State) int {
	n := 0
	for _, r := range p.Records {
		if r.State == state {
			n++
		}
	}
	return n
}

// Seal works out the digest. Version numbers and moments of change do not count: the same decisions give the same digest.
func (p *Plan) Seal() error {
	bare := *p
	bare.Digest = ""
	bare.Records = make([]remediate.Record, len(p.Records))
	for i, r := range p.Records {
		r.Version, r.ChangedAt = 0, time.Time{}
		bare.Records[i] = r
	}
	bare.Questions = make([]access.Approval, len(p.Questions))
	for i, q := range p.Questions {
		q.RaisedAt, q.RemindAt, q.EscalateAt, q.ExpiresAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		bare.Questions[i] = q
	}
	digest, err := remediate.Digest(bare)
	p.Digest = digest
	return err
}
