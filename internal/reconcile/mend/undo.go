package mend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
)

// Undo takes back one action, or all of a run, in the reverse order of their being done, through the same steps as they were done. What
// changed since is left alone and says so. by is who asks, and counts as the decision.
func (m *Mender) Undo(ctx context.Context, id, reason, by string) ([]remediate.Record, error) {
	if err := enoughReason("undo", reason); err != nil {
		return nil, err
	}
	done, err := m.undoable(ctx, id)
	if err != nil {
		return nil, err
	}
	var inverses []remediate.Record
	now := m.Now().UTC()
	for _, r := range done {
		inverses = append(inverses, inverseRecord(r, reason, by))
	}
	events := make([]ledger.Event, 0, len(done))
	for _, r := range done {
		events = append(events, ledger.Event{Time: now, Type: ledger.Decision, Run: r.Run, Data: map[string]any{"undo": r.ID, "verdict": string(access.Approve), "by": by,
			"channel": string(access.ChannelCLI), "reason_sha256": remediate.Hash(reason)}})
	}
	if _, err := m.Ledger.Append(ctx, events...); err != nil {
		return nil, fmt.Errorf("enter the decision on the ledger: %w", err)
	}
	if err := m.keepRecords(ctx, inverses); err != nil {
		return nil, err
	}
	stored, err := m.stored(ctx, inverses)
	if err != nil {
		return nil, err
	}
	out, err := m.inOrder(ctx, stored)
	return out, errors.Join(err, m.undone(context.WithoutCancel(ctx), done, out))
}

// inOrder carries out inverses one after the other where they touch the same account, the newest change first: what was granted to a new
// account is taken before the account is removed.
func (m *Mender) inOrder(ctx context.Context, list []remediate.Record) ([]remediate.Record, error) {
	var out []remediate.Record
	for len(list) > 0 {
		var now, later []remediate.Record
		busy := map[string]bool{}
		for _, r := range list {
			key := r.System + "\x00" + r.Account.Name
			if busy[key] {
				later = append(later, r)
				continue
			}
			busy[key] = true
			now = append(now, r)
		}
		done, err := m.run(ctx, now)
		out = append(out, done...)
		if err != nil {
			return append(out, later...), err
		}
		list = later
	}
	return out, nil
}

// undoable finds what there is to undo, the newest first.
func (m *Mender) undoable(ctx context.Context, id string) ([]remediate.Record, error) {
	q := access.DocumentQuery{Kind: access.DocAction, IDPrefix: id}
	if strings.HasPrefix(strings.ToUpper(id), "R-") {
		q = access.DocumentQuery{Kind: access.DocAction}
	}
	records, err := remediate.Load[remediate.Record](ctx, m.Store, q)
	if err != nil {
		return nil, err
	}
	var out []remediate.Record
	found := false
	for _, r := range records {
		if q.IDPrefix == "" && !strings.HasPrefix(r.Run, id) {
			continue
		}
		found = true
		if r.Inverse != nil && r.Receipt != nil && slices.Contains([]remediate.State{remediate.Done, remediate.Ordered, remediate.Verified}, r.State) {
			out = append(out, r)
		}
	}
	switch {
	case !found:
		return nil, &access.Error{Op: "undo " + id, Kind: access.NotFound, Hint: "list what was done: muster actions --state done,verified", Err: errors.New("there is no such action or run")}
	case len(out) == 0:
		return nil, &access.Error{Op: "undo " + id, Kind: access.Conflict, Hint: "see: muster actions " + id, Err: errors.New("nothing of it was done, or none of it can be taken back")}
	case q.IDPrefix != "" && len(out) > 1:
		return nil, &access.Error{Op: "undo " + id, Kind: access.Invalid, Hint: "give more of the id", Err: fmt.Errorf("%d actions begin so", len(out))}
	}
	slices.SortStableFunc(out, func(a, b remediate.Record) int {
		if c := b.Receipt.At.Compare(a.Receipt.At); c != 0 {
			return c
		}
		return slices.Index(access.ActionKinds(), b.Kind) - slices.Index(access.ActionKinds(), a.Kind)
	})
	return out, nil
}

// inverseRecord is the record of an action that takes another back.
func inverseRecord(r remediate.Record, reason, by string) remediate.Record {
	inverse := *r.Inverse
	inverse.Run, inverse.Reason = r.Run, fmt.Sprintf("undo of %s by %s: %s", r.ID, by, strings.TrimSpace(reason))
	if inverse.Account.ID == "" {
		inverse.Account.ID = r.Receipt.After.AccountID
	}
	inverse.Key = remediate.Hash("undo", r.ID)
	out := remediate.Record{Action: inverse, Mode: access.ModeApprove, State: remediate.Planned}
	out.Seen = remediate.Seen{Exists: r.Receipt.After.Exists, Enabled: r.Receipt.After.Enabled}
	return out
}

// stored reads records back with their versions.
func (m *Mender) stored(ctx context.Context, list []remediate.Record) ([]remediate.Record, error) {
	all, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction})
	if err != nil {
		return nil, err
	}
	byID := map[string]remediate.Record{}
	for _, r := range all {
		byID[r.ID] = r
	}
	out := make([]remediate.Record, 0, len(list))
	for _, r := range list {
		have := byID[r.ID]
		have.State, have.Why = remediate.Planned, ""
		out = append(out, have)
	}
	return out, nil
}

// undone marks what was taken back.
func (m *Mender) undone(ctx context.Context, done, inverses []remediate.Record) error {
	back := map[string]string{}
	for _, r := range inverses {
		if r.State == remediate.Done || r.State == remediate.Ordered || r.State == remediate.Skipped && strings.HasPrefix(r.Why, "it is so already") {
			back[r.Undoes] = r.ID
		}
	}
	var changed []remediate.Record
	for _, r := range done {
		if by := back[r.ID]; by != "" {
			r.State, r.UndoneBy, r.Why = remediate.Undone, by, ""
			changed = append(changed, r)
		}
	}
	return m.settle(ctx, "", changed)
}
