package approve

import (
	"context"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/remediate"
)

// Cleared reports whether what an approval asks about may be done now: enough people approved, or the time ran out and its policy says
// that the change is made then.
func Cleared(a access.Approval) bool {
	return a.State == access.ApprovalApproved || a.State == access.ApprovalExpired && a.OnExpiry == access.ExpiryApply
}

// Waiting lists the questions that are still open.
func (d *Desk) Waiting(ctx context.Context) ([]access.Approval, error) {
	return remediate.Load[access.Approval](ctx, d.Records, access.DocumentQuery{Kind: access.DocApproval, States: []string{string(access.ApprovalWaiting)}})
}

// Tick lets time pass: what is due for a reminder is marked, what nobody answered is escalated, and what ran out expires. It gives the
// approvals that changed.
func (d *Desk) Tick(ctx context.Context) ([]access.Approval, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now().UTC()
	waiting, err := d.Waiting(ctx)
	if err != nil {
		return nil, err
	}
	var changed, expired, escalated []access.Approval
	for _, a := range waiting {
		before := a.Version
		switch {
		case due(a.ExpiresAt, now):
			a.State = access.ApprovalExpired
			x := access.Decision{ID: remediate.ShortID("D-", a.ID, "", string(access.Expire)), Approval: a.ID, Verdict: access.Expire, Channel: access.ChannelClock, At: now,
				Reason: "nobody decided in time"}
			if err := d.record(ctx, x); err != nil {
				return changed, err
			}
			a.Decisions, a.Version = append(a.Decisions, x), a.Version+1
			expired = append(expired, a)
		case !a.Escalated && due(a.EscalateAt, now):
			a.Escalated, a.Version = true, a.Version+1
			escalated = append(escalated, a)
		case !a.Reminded && due(a.RemindAt, now):
			a.Reminded, a.Version = true, a.Version+1
			if err := d.store(ctx, now, a); err != nil {
				return changed, err
			}
		}
		if a.Version != before {
			changed = append(changed, a)
		}
	}
	if err := d.keep(ctx, now, ledger.Approval, "escalated", escalated...); err != nil {
		return changed, err
	}
	return changed, d.store(ctx, now, expired...)
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// Withdraw closes questions whose reason went away. What was answered meanwhile stays answered.
func (d *Desk) Withdraw(ctx context.Context, list []access.Approval, why string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	have, err := d.present(ctx, list)
	if err != nil {
		return err
	}
	var out []access.Approval
	for _, said := range list {
		if a, ok := have[said.ID]; ok && a.State == access.ApprovalWaiting {
			a.State, a.Outcome = access.ApprovalWithdrawn, why
			a.Version++
			out = append(out, a)
		}
	}
	return d.keep(ctx, d.Now().UTC(), ledger.Approval, "withdrawn", out...)
}

// Conclude writes down what became of what was approved, for those who look at the message afterwards: the Outcome of each of the list.
func (d *Desk) Conclude(ctx context.Context, list []access.Approval) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	have, err := d.present(ctx, list)
	if err != nil {
		return err
	}
	var out []access.Approval
	for _, said := range list {
		if a, ok := have[said.ID]; ok && a.Outcome != said.Outcome {
			a.Outcome = said.Outcome
			a.Version++
			out = append(out, a)
		}
	}
	return d.store(ctx, d.Now().UTC(), out...)
}
