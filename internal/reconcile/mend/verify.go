package mend

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/reconcile/sight"
	"muster/remediate"
)

// Recover settles what a process that died left half-done. It must run before anything is read, so that snapshots show what is.
func (m *Mender) Recover(ctx context.Context) ([]remediate.Record, error) {
	if !m.Enabled() {
		return nil, nil
	}
	done, err := m.executor().Recover(ctx)
	if err != nil {
		return nil, fmt.Errorf("recover interrupted actions: %w", err)
	}
	return done, errors.Join(m.undone(ctx, done), m.conclude(ctx, done))
}

// Verify compares what was done with what tonight's complete snapshots show. Done is verified or contradicted; Ordered is verified once
// somebody did it. A system that was not read whole, or not since, says nothing.
func (m *Mender) Verify(ctx context.Context, s sight.Sighting) (verified, contradicted []remediate.Record, err error) {
	records, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction, States: []string{string(remediate.Done), string(remediate.Ordered)}})
	if err != nil {
		return nil, nil, err
	}
	systems := map[string]access.SystemFacts{}
	for _, f := range s.Systems {
		systems[f.Name] = f
	}
	for _, r := range records {
		f, ok := systems[r.System]
		if !ok || r.Receipt == nil || !f.Tonight.Whole() || f.Used.ID != f.Tonight.ID || !f.Tonight.StartedAt.After(r.Receipt.At) {
			continue
		}
		shown := shows(r, s)
		switch {
		case shown:
			r.State, r.Why = remediate.Verified, "by snapshot "+f.Tonight.ID
			verified = append(verified, r)
		case r.State == remediate.Done:
			r.State, r.Why = remediate.Contradicted, "snapshot "+f.Tonight.ID+" does not show it"
			contradicted = append(contradicted, r)
		}
	}
	all := slices.Concat(verified, contradicted)
	if err := m.settle(ctx, s.Run.ID, all); err != nil {
		return nil, nil, err
	}
	return verified, contradicted, m.conclude(ctx, all)
}

// shows reports whether what a run found shows an action's change.
func shows(r remediate.Record, s sight.Sighting) bool {
	ref := r.Account
	if ref.ID == "" && r.Receipt != nil {
		ref.ID = r.Receipt.After.AccountID
	}
	w, ok := s.Watched[sight.WatchKey(r.System, ref)]
	if r.Kind == access.RevokeSessions { // no snapshot tells sessions; a re-read did, but an order is read by nobody until the account is closed
		return r.State == remediate.Done || !ok || !w.Account.Enabled
	}
	o := access.Observation{Exists: ok}
	if ok {
		o.Enabled, o.ExpiresAt = w.Account.Enabled, w.Account.ExpiresAt
		for _, g := range w.Account.Grants {
			if g.Entitlement.Name == r.Entitlement.Name && (g.Direct || r.Kind == access.GrantEntitlement) {
				o.Holds = true
			}
		}
	}
	return o.Shows(r.Action)
}

// settle writes down what became of records: the ledger first.
func (m *Mender) settle(ctx context.Context, run string, records []remediate.Record) error {
	if len(records) == 0 {
		return nil
	}
	var events []ledger.Event
	for _, r := range records {
		events = append(events, ledger.Event{Time: m.Now().UTC(), Type: ledger.Settled, Run: run, Data: map[string]any{"action": r.ID, "kind": string(r.Kind), "system": r.System,
			"state": string(r.State)}})
	}
	if _, err := m.Ledger.Append(ctx, events...); err != nil {
		return fmt.Errorf("enter what became of actions on the ledger: %w", err)
	}
	_, err := m.keepRecords(ctx, records)
	return err
}
