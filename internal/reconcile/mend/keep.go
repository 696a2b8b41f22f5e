package mend

import (
	"context"
	"fmt"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
	"muster/remediate/planner"
)

// Keep lets a plan stand: its holds, questions and records, on the ledger first. Told and skipped records need no keeping.
func (m *Mender) Keep(ctx context.Context, p planner.Plan) error {
	if err := m.enterPlan(ctx, p); err != nil {
		return err
	}
	if err := m.keepHolds(ctx, p.Holds); err != nil {
		return err
	}
	if _, err := m.Desk.Raise(ctx, p.Questions); err != nil {
		return fmt.Errorf("raise questions: %w", err)
	}
	if len(p.Withdrawn) > 0 {
		if err := m.Desk.Withdraw(ctx, p.Withdrawn, "the reason is gone"); err != nil {
			return fmt.Errorf("withdraw questions: %w", err)
		}
	}
	return m.keepRecords(ctx, append(append([]remediate.Record{}, p.Records...), p.Dropped...))
}

// enterPlan says on the ledger what would be done, so that a plan that is applied later can be told from one that was made up.
func (m *Mender) enterPlan(ctx context.Context, p planner.Plan) error {
	counts := map[string]any{}
	for _, r := range p.Records {
		n, _ := counts[string(r.State)].(int)
		counts[string(r.State)] = n + 1
	}
	_, err := m.Ledger.Append(ctx, ledger.Event{Time: m.Now().UTC(), Type: ledger.Plan, Run: p.Run, Data: map[string]any{"sha256": p.Digest, "world": p.World, "states": counts}})
	if err != nil {
		return fmt.Errorf("enter the plan on the ledger: %w", err)
	}
	return nil
}

func (m *Mender) keepHolds(ctx context.Context, holds []access.Hold) error {
	now := m.Now().UTC()
	var events []ledger.Event
	var docs []access.Document
	for _, h := range holds {
		h.Version++
		digest, err := remediate.Digest(h)
		if err != nil {
			return err
		}
		events = append(events, ledger.Event{Time: now, Type: ledger.Hold, Run: h.Run, Data: map[string]any{"hold": h.ID, "system": h.System, "cause": h.Cause, "actions": h.Actions,
			"accounts": h.Accounts, "by": h.By, "sha256": digest}})
		doc, err := remediate.HoldDocument(h, now)
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	if len(events) == 0 {
		return nil
	}
	if _, err := m.Ledger.Append(ctx, events...); err != nil {
		return fmt.Errorf("enter holds on the ledger: %w", err)
	}
	return m.Store.SaveDocuments(ctx, docs...)
}

// keepRecords stores those that changed, each as its next version.
func (m *Mender) keepRecords(ctx context.Context, records []remediate.Record) error {
	have, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction})
	if err != nil {
		return err
	}
	was := map[string]string{}
	for _, r := range have {
		if was[r.ID], err = settledForm(r); err != nil {
			return err
		}
	}
	var docs []access.Document
	for _, r := range records {
		form, err := settledForm(r)
		if err != nil {
			return err
		}
		if was[r.ID] == form || r.State == remediate.Told {
			continue
		}
		r.Version++
		r.ChangedAt = m.Now().UTC()
		doc, err := r.Document()
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	return m.Store.SaveDocuments(ctx, docs...)
}

// settledForm is what of a record makes a new version when it changes.
func settledForm(r remediate.Record) (string, error) {
	r.Version, r.ChangedAt = 0, time.Time{}
	return remediate.Digest(r)
}
