package mend

import (
	"context"
	"fmt"
	"slices"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
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
	_, err := m.keepRecords(ctx, slices.Concat(p.Records, p.Dropped))
	return err
}

// enterPlan says on the ledger what would be done, so that a plan that is applied later can be told from one that was made up.
func (m *Mender) enterPlan(ctx context.Context, p planner.Plan) error {
	counts := map[string]any{}
	for _, r := range p.Records {
		n, _ := counts[string(r.State)].(int)
		counts[string(r.State)] = n + 1
	}
	if _, err := m.Ledger.Append(ctx, ledger.Event{Time: m.Now().UTC(), Type: ledger.Plan, Run: p.Run, Data: map[string]any{"sha256": p.Digest, "world": p.World, "states": counts}}); err != nil {
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
		if h.Open() {
			events = append(events, ledger.Event{Time: now, Type: ledger.Hold, Run: h.Run, Data: map[string]any{"hold": h.ID, "system": h.System, "cause": h.Cause, "actions": h.Actions,
				"accounts": h.Accounts, "by": commit.Of(h.By, h.By), "sha256": commit.Of(digest, h.By)}})
		} else {
			events = append(events, releaseEvent(h, now))
		}
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

// keyChunk is how many keys one question to the store names.
const keyChunk = 1000

// standing reads records as they are stored now, by id; of all actions, those of the keys of a list.
func (m *Mender) standing(ctx context.Context, records []remediate.Record) (map[string]remediate.Record, error) {
	keys := make([]string, 0, len(records))
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	slices.Sort(keys)
	out := map[string]remediate.Record{}
	for part := range slices.Chunk(slices.Compact(keys), keyChunk) {
		list, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction, Keys: part})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			out[r.ID] = r
		}
	}
	return out, nil
}

// keepRecords stores those that changed, each as the version after the one that is stored, and gives all of them back as they stand then.
func (m *Mender) keepRecords(ctx context.Context, records []remediate.Record) ([]remediate.Record, error) {
	have, err := m.standing(ctx, records)
	if err != nil {
		return nil, err
	}
	var docs []access.Document
	out := make([]remediate.Record, 0, len(records))
	for _, r := range records {
		if r.State == remediate.Told {
			continue
		}
		was, known := have[r.ID]
		same, err := sameForm(was, r)
		if err != nil {
			return nil, err
		}
		if known && same {
			out = append(out, was)
			continue
		}
		r.Version = was.Version + 1
		r.ChangedAt = m.Now().UTC()
		doc, err := r.Document()
		if err != nil {
			return nil, err
		}
		docs, out = append(docs, doc), append(out, r)
	}
	return out, m.Store.SaveDocuments(ctx, docs...)
}

// sameForm reports whether two records say the same; their versions and when they changed do not count.
func sameForm(a, b remediate.Record) (bool, error) {
	a.Version, a.ChangedAt = b.Version, b.ChangedAt
	x, err := remediate.Digest(a)
	if err != nil {
		return false, err
	}
	y, err := remediate.Digest(b)
	return x == y, err
}
