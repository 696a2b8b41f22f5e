package cli

import (
	"context"
	"time"

	"muster/internal/reconcile/mend"
	"muster/remediate/approve"
)

// settle is how long a system is given to show a change before it is looked at again; doubled twice.
const settle = 500 * time.Millisecond

// Mender makes the remediating half of a session. Systems that may be changed are opened, none is spoken to.
func (a *App) Mender(ctx context.Context, s *Session) (*mend.Mender, error) {
	targets, err := s.Plan.OpenTargets(s.Dir, a.Now, a.Log())
	if err != nil {
		return nil, err
	}
	tokens, err := approve.OpenTokens(s.Dir)
	if err != nil {
		return nil, err
	}
	m := &mend.Mender{Runner: s.Runner, Plan: s.Plan, Store: s.Store, Targets: targets, DataDir: s.Dir, Now: a.Now, Log: a.Log(), Settle: settle}
	m.Desk = &approve.Desk{Records: s.Store, Tokens: tokens, Now: a.Now}
	if s.Ledger != nil {
		m.Ledger, m.Desk.Ledger = s.Ledger, s.Ledger
	}
	m.Desk.People = m.People()
	return m, nil
}
