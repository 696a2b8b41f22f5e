package duties

import (
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/dossier/past"
	"muster/internal/store"
)

// start is when a grant was first there, of those snapshots that show it without a break up to the run.
type start struct {
	at     time.Time
	oldest bool // nothing from before it is kept that says anything of the grant
}

// starts finds the beginnings of some grants of a system. A snapshot that is not whole and lacks the account says nothing, and is no break.
func (w *gathering) starts(system string, grants map[store.GrantRef]bool) (map[store.GrantRef]start, error) {
	list := make([]store.GrantRef, 0, len(grants))
	for g := range grants {
		list = append(list, g)
	}
	found, err := w.Store.GrantsThen(w.ctx, w.Run.ID, system, list)
	if err != nil {
		return nil, err
	}
	kept, err := w.kept(system)
	if err != nil {
		return nil, err
	}
	out := map[store.GrantRef]start{}
	var again []string // accounts whose grants may have been there before
	for g, s := range found {
		place := slices.IndexFunc(kept, func(k access.Snapshot) bool { return k.ID == s.ID })
		out[g] = start{s.TakenAt, place == 0}
		if place > 0 && !conclusive(kept[place-1]) && !slices.Contains(again, g.Account) {
			again = append(again, g.Account)
		}
	}
	if len(again) == 0 {
		return out, nil
	}
	history, err := w.Store.AccountHistory(w.ctx, w.Run.ID, system, again)
	if err != nil {
		return nil, err
	}
	for g := range found {
		if slices.Contains(again, g.Account) {
			out[g] = unbroken(kept, history, g)
		}
	}
	return out, nil
}

// conclusive reports whether what a snapshot lacks was not there.
func conclusive(s access.Snapshot) bool { return s.Whole() && !past.GrantsRejected(s) }

// unbroken walks back from the newest snapshot to the first break. What history does not have of a snapshot was not there.
func unbroken(snapshots []access.Snapshot, history []store.AccountsAt, g store.GrantRef) start {
	in := map[string][]access.HeldRef{} // what the account held, by the snapshots that have it
	for _, at := range history {
		for _, a := range at.Accounts {
			if a.Account.ID == g.Account {
				in[at.Snapshot.ID] = a.Held
			}
		}
	}
	out := start{oldest: true}
	for _, s := range slices.Backward(snapshots) {
		held, there := in[s.ID]
		switch {
		case slices.ContainsFunc(held, func(e access.HeldRef) bool { return e.ID == g.Entitlement }):
			out.at = s.TakenAt
		case !there && !s.Whole(), there && past.GrantsRejected(s):
		default:
			out.oldest = false
			return out
		}
	}
	return out
}

// kept are the complete snapshots of a system whose facts are kept, the oldest first.
func (w *gathering) kept(system string) ([]access.Snapshot, error) {
	all, err := w.Store.SnapshotsUntil(w.ctx, w.Run.ID, system)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(s access.Snapshot) bool { return !s.Usable() })
	if len(all) == 0 {
		return nil, nil
	}
	ids := make([]string, len(all))
	for i, s := range all {
		ids[i] = s.ID
	}
	kept, err := w.Store.Kept(w.ctx, access.ClassAccount, ids)
	return slices.DeleteFunc(all, func(s access.Snapshot) bool { return !kept[s.ID] }), err
}
