package mend

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/remediate"
	"muster/remediate/planner"
)

// Undo takes back one action, or all of a run, in the reverse order of their being done, through the same steps as they were done. What
// changed since is left alone and says so. by is who asks, and counts as the decision.
func (m *Mender) Undo(ctx context.Context, id, reason, by string) ([]remediate.Record, error) {
	if err := remediate.CheckReason("undo", reason); err != nil {
		return nil, err
	}
	if _, err := m.Recover(ctx); err != nil {
		return nil, err
	}
	done, err := m.undoable(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := m.notHeld(ctx, done); err != nil {
		return nil, err
	}
	inverses, err := m.inverses(ctx, done, reason, by)
	if err != nil {
		return nil, err
	}
	events := make([]ledger.Event, 0, len(done))
	for _, r := range done {
		events = append(events, ledger.Event{Time: m.Now().UTC(), Type: ledger.Decision, Run: r.Run, Data: map[string]any{"undo": r.ID, "verdict": string(access.Approve), "by": commit.Of(by, by),
			"channel": string(access.ChannelCLI), "reason": commit.Of(reason, by, r.Person)}})
	}
	if _, err := m.Ledger.Append(ctx, events...); err != nil {
		return nil, fmt.Errorf("enter the decision on the ledger: %w", err)
	}
	kept, err := m.keepRecords(ctx, inverses)
	if err != nil {
		return nil, err
	}
	out, err := m.inOrder(ctx, kept)
	return out, err
}

// notHeld refuses to change what a person holds.
func (m *Mender) notHeld(ctx context.Context, list []remediate.Record) error {
	holds, err := m.Holds(ctx)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Cause == planner.CausePerson && (h.System == "" || slices.ContainsFunc(list, func(r remediate.Record) bool { return r.System == h.System })) {
			return &access.Error{System: h.System, Op: "undo", Kind: access.Conflict, Hint: "muster release " + h.ID + " --reason ...", Err: fmt.Errorf("%s holds: %s", h.ID, h.Reason)}
		}
	}
	return nil
}

// inverses makes the records that take others back. One that was tried before goes on as what it is.
func (m *Mender) inverses(ctx context.Context, done []remediate.Record, reason, by string) ([]remediate.Record, error) {
	var out []remediate.Record
	for _, r := range done {
		out = append(out, inverseRecord(r, reason, by))
	}
	have, err := m.standing(ctx, out)
	if err != nil {
		return nil, err
	}
	left, err := m.left(ctx, done)
	if err != nil {
		return nil, err
	}
	for i := range out {
		r := &out[i]
		if seen, ok := left[accountOf(r.System, r.Account)]; ok {
			r.Seen = seen
		}
		was, ok := have[r.ID]
		if !ok {
			continue
		}
		r.Tries, r.Receipt = was.Tries, was.Receipt
		switch was.State {
		case remediate.Applying: // its system does not say whether it was done
			*r = was
		case remediate.Done, remediate.Ordered, remediate.Verified: // a process died before it said so of what was taken back
			*r = was
		}
	}
	return out, nil
}

// left is how the last action of each account left it, as far as systems of a list go.
func (m *Mender) left(ctx context.Context, done []remediate.Record) (map[string]remediate.Seen, error) {
	var systems []string
	for _, r := range done {
		systems = append(systems, r.System)
	}
	slices.Sort(systems)
	last, out := map[string]remediate.Record{}, map[string]remediate.Seen{}
	for _, system := range slices.Compact(systems) {
		list, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction, System: system, States: []string{string(remediate.Done), string(remediate.Verified)}})
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			if r.Receipt == nil {
				continue
			}
			account := r.Account
			if account.ID == "" {
				account.ID = r.Receipt.After.AccountID
			}
			key := accountOf(system, account)
			if have, ok := last[key]; !ok || order(have, r) < 0 {
				last[key], out[key] = r, remediate.Seen{Exists: r.Receipt.After.Exists, Enabled: r.Receipt.After.Enabled}
			}
		}
	}
	return out, nil
}

func accountOf(system string, a access.AccountRef) string {
	if a.ID == "" {
		return system + "\x00name " + a.Name
	}
	return system + "\x00" + a.ID
}

// inOrder carries out inverses one after the other where they touch the same account, the newest change first: what was granted to a new
// account is taken before the account is removed.
func (m *Mender) inOrder(ctx context.Context, list []remediate.Record) ([]remediate.Record, error) {
	var out []remediate.Record
	for len(list) > 0 {
		var now, later []remediate.Record
		busy := map[string]bool{}
		for _, r := range list {
			key := r.System + "\x00" + cmp.Or(r.Account.Name, r.Account.ID)
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
	found, runs := false, map[string]bool{}
	for _, r := range records {
		if q.IDPrefix == "" && !strings.HasPrefix(strings.ToUpper(r.Run), strings.ToUpper(id)) {
			continue
		}
		found = true
		if r.Inverse != nil && r.Receipt != nil && slices.Contains([]remediate.State{remediate.Done, remediate.Ordered, remediate.Verified}, r.State) && (q.IDPrefix != "" || r.Undoes == "") {
			out = append(out, r)
			runs[r.Run] = true
		}
	}
	switch {
	case !found:
		return nil, &access.Error{Op: "undo " + id, Kind: access.NotFound, Hint: "list what was done: muster actions --state done,verified", Err: errors.New("there is no such action or run")}
	case len(out) == 0:
		return nil, &access.Error{Op: "undo " + id, Kind: access.Conflict, Hint: "see: muster actions " + id, Err: errors.New("nothing of it was done, or none of it can be taken back")}
	case q.IDPrefix != "" && len(out) > 1:
		return nil, &access.Error{Op: "undo " + id, Kind: access.Invalid, Hint: "give more of the id", Err: fmt.Errorf("%d actions begin so", len(out))}
	case len(runs) > 1:
		return nil, &access.Error{Op: "undo " + id, Kind: access.Invalid, Hint: "give more of the id: muster runs", Err: fmt.Errorf("%d runs begin so", len(runs))}
	}
	slices.SortStableFunc(out, func(a, b remediate.Record) int { return -order(a, b) })
	return out, nil
}

// order is that in which actions were done; those of one moment go in the order of their kinds.
func order(a, b remediate.Record) int {
	return cmp.Or(a.Receipt.At.Compare(b.Receipt.At), cmp.Compare(slices.Index(access.ActionKinds(), a.Kind), slices.Index(access.ActionKinds(), b.Kind)))
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

// undone marks what was taken back.
func (m *Mender) undone(ctx context.Context, inverses []remediate.Record) error {
	var changed []remediate.Record
	for _, r := range inverses {
		back := r.State == remediate.Done || r.State == remediate.Ordered || r.State == remediate.Verified || r.State == remediate.Skipped && strings.HasPrefix(r.Why, "it is so already")
		if r.Undoes == "" || !back {
			continue
		}
		list, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction, ID: r.Undoes})
		if err != nil {
			return err
		}
		for _, was := range list {
			if was.State != remediate.Undone {
				was.State, was.UndoneBy, was.Why = remediate.Undone, r.ID, ""
				changed = append(changed, was)
			}
		}
	}
	return m.settle(ctx, "", changed)
}
