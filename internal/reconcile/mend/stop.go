package mend

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/internal/reconcile/halt"
	"muster/remediate"
	"muster/remediate/planner"
)

// Halted reports whether the kill switch is set, and what its file says.
func (m *Mender) Halted() (string, bool) { return halt.Why(m.DataDir) }

// Resume lifts the kill switch.
func (m *Mender) Resume(ctx context.Context, reason, by string) error {
	why, halted := m.Halted()
	if !halted {
		return &access.Error{Op: "lift the kill switch", Kind: access.Conflict, Hint: "nothing stops: muster plan", Err: errors.New("it is not set")}
	}
	if err := remediate.CheckReason("lift the kill switch", reason); err != nil {
		return err
	}
	if err := m.enterHalt(ctx, "lifted", why+"; lifted: "+reason, by); err != nil {
		return err
	}
	return halt.Lift(m.DataDir)
}

// noticeHalt enters a kill switch that somebody set, once for each command that meets it.
func (m *Mender) noticeHalt(ctx context.Context) error {
	why, halted := m.Halted()
	if !halted || why == m.halted {
		return nil
	}
	if err := m.enterHalt(ctx, "set", why, ""); err != nil {
		return err
	}
	m.halted = why
	return nil
}

func (m *Mender) enterHalt(ctx context.Context, what, reason, by string) error {
	if _, err := m.Ledger.Append(ctx, ledger.Event{Time: m.Now().UTC(), Type: ledger.Halt, Data: map[string]any{"what": what, "reason": commit.Of(reason, by), "by": commit.Of(by, by)}}); err != nil {
		return fmt.Errorf("enter the kill switch on the ledger: %w", err)
	}
	return nil
}

// Hold stops one system, or all with an empty name, until somebody releases it.
func (m *Mender) Hold(ctx context.Context, system, reason, by string) (access.Hold, error) {
	if err := remediate.CheckReason("hold", reason); err != nil {
		return access.Hold{}, err
	}
	now := m.Now().UTC()
	h := access.Hold{ID: remediate.ShortID("H-", now.Format("20060102150405.000000"), system, reason), System: system, Cause: planner.CausePerson, Reason: strings.TrimSpace(reason), By: by, At: now}
	return h, m.keepHolds(ctx, []access.Hold{h})
}

// Release lifts a hold by its id, or every hold of a system, or all. What was held is planned, or asked about, by the next plan. A hold of a
// source that shrank must be named: with it goes what was read there.
func (m *Mender) Release(ctx context.Context, name, reason, by string) ([]access.Hold, error) {
	open, err := m.Holds(ctx)
	if err != nil {
		return nil, err
	}
	var released []access.Hold
	for _, h := range open {
		if h.ID == strings.ToUpper(name) || h.System == name && name != "" || name == "all" && h.Cause != planner.CauseSource {
			h.ReleasedBy, h.ReleasedAt, h.Release = by, m.Now().UTC(), strings.TrimSpace(reason)
			released = append(released, h)
		}
	}
	if len(released) == 0 {
		return nil, nil
	}
	if err := remediate.CheckReason("release", reason); err != nil {
		return nil, err
	}
	var events []ledger.Event
	var docs []access.Document
	for i := range released {
		h := &released[i]
		h.Version++
		events = append(events, releaseEvent(*h, m.Now().UTC()))
		doc, err := remediate.HoldDocument(*h, m.Now().UTC())
		if err != nil {
			return nil, err
		}
		docs = append(docs, doc)
	}
	if _, err := m.Ledger.Append(ctx, events...); err != nil {
		return nil, fmt.Errorf("enter the release on the ledger: %w", err)
	}
	return released, m.Store.SaveDocuments(ctx, docs...)
}

func releaseEvent(h access.Hold, at time.Time) ledger.Event {
	return ledger.Event{Time: at, Type: ledger.Release, Run: h.Run, Data: map[string]any{"hold": h.ID, "system": h.System, "sha256": h.Digest, "reason": commit.Of(h.Release, h.ReleasedBy), "by": commit.Of(h.ReleasedBy, h.ReleasedBy)}}
}
