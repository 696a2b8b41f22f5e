package mend

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/reconcile/sight"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/planner"
)

// Outcome is what the remediating half of a run did.
type Outcome struct {
	Plan         planner.Plan
	Kept         bool               // false in a dry run
	Recovered    []remediate.Record // from a process that died
	Applied      []remediate.Record // in their new state
	Verified     []remediate.Record
	Contradicted []remediate.Record
	Waiting      []access.Approval
	Holds        []access.Hold // that hold now
	Expired      []access.Approval
}

// Count counts the applied records in a state.
func (o Outcome) Count(s remediate.State) int {
	n := 0
	for _, r := range o.Applied {
		if r.State == s {
			n++
		}
	}
	return n
}

// Held reports whether a hold stops something.
func (o Outcome) Held() bool { return o.Kept && o.Plan.Count(remediate.Held) > 0 }

// Night does the whole of it for a run.
func (m *Mender) Night(ctx context.Context, s sight.Sighting) (Outcome, error) {
	var o Outcome
	var err error
	if !m.Enabled() {
		o.Plan, err = m.PlanFor(ctx, s)
		return o, err
	}
	o.Kept = true
	if o.Verified, o.Contradicted, err = m.Verify(ctx, s); err != nil {
		return o, fmt.Errorf("verify earlier actions: %w", err)
	}
	if err = m.Tick(ctx); err != nil {
		return o, err
	}
	if o.Plan, err = m.PlanFor(ctx, s); err != nil {
		return o, err
	}
	if err = m.Keep(ctx, o.Plan); err != nil {
		return o, fmt.Errorf("keep the plan: %w", err)
	}
	if o.Applied, err = m.Apply(ctx); err != nil {
		return o, fmt.Errorf("apply: %w", err)
	}
	if o.Waiting, err = m.Desk.Waiting(ctx); err != nil {
		return o, err
	}
	o.Holds, err = m.Holds(ctx)
	return o, err
}

// Tick lets the clock act on questions, requests and exceptions.
func (m *Mender) Tick(ctx context.Context) error {
	if _, err := m.Desk.Tick(ctx); err != nil {
		return fmt.Errorf("let questions age: %w", err)
	}
	return m.settleRequests(ctx)
}

// Apply carries out what may be done now: what is planned and not held, and what was approved since it was planned.
func (m *Mender) Apply(ctx context.Context) ([]remediate.Record, error) {
	records, err := m.due(ctx)
	if err != nil || len(records) == 0 {
		return nil, err
	}
	return m.run(ctx, records)
}

// run carries out records, marks what they took back, and tells the questions what became of them.
func (m *Mender) run(ctx context.Context, records []remediate.Record) ([]remediate.Record, error) {
	if err := m.noticeHalt(ctx); err != nil {
		return nil, err
	}
	done, err := m.executor().Run(ctx, records)
	after := context.WithoutCancel(ctx)
	return done, errors.Join(err, m.undone(after, done), m.conclude(after, done))
}

// due are the records that may be done: planned ones, and waiting ones whose question was answered. What was asked about is done by its
// question alone: one that is not on file, or does not name the record, lets nothing be done.
func (m *Mender) due(ctx context.Context) ([]remediate.Record, error) {
	live, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction, States: []string{string(remediate.Planned), string(remediate.Waiting)}})
	if err != nil {
		return nil, err
	}
	approvals, err := m.approvals(ctx)
	if err != nil {
		return nil, err
	}
	holds, err := m.Holds(ctx)
	if err != nil {
		return nil, err
	}
	stopped := map[string]bool{}
	for _, h := range holds {
		if h.Cause == planner.CausePerson {
			stopped[h.System] = true
		}
	}
	var out, answered []remediate.Record
	for _, r := range live {
		switch {
		case r.Approval != "":
			was := r.State
			r.State, r.Why = remediate.Blocked, "the question "+r.Approval+" is not on file: nobody agreed to this"
			if a, ok := approvals[r.Approval]; ok {
				r.State, r.Why = planner.Decided(a, r)
			}
			if r.State != was && r.State != remediate.Planned {
				answered = append(answered, r)
			}
		case r.Mode != access.ModeAuto && r.Undoes == "":
			continue // it was never asked about
		}
		if r.State == remediate.Planned && !stopped[""] && !stopped[r.System] {
			out = append(out, r)
		}
	}
	_, err = m.keepRecords(ctx, answered)
	return out, err
}

func (m *Mender) approvals(ctx context.Context) (map[string]access.Approval, error) {
	list, err := remediate.Load[access.Approval](ctx, m.Store, access.DocumentQuery{Kind: access.DocApproval})
	if err != nil {
		return nil, err
	}
	out := make(map[string]access.Approval, len(list))
	for _, a := range list {
		out[a.ID] = a
	}
	return out, nil
}

// conclude tells each question how its actions ended.
func (m *Mender) conclude(ctx context.Context, records []remediate.Record) error {
	byApproval := map[string][]remediate.Record{}
	for _, r := range records {
		if r.Approval != "" {
			byApproval[r.Approval] = append(byApproval[r.Approval], r)
		}
	}
	if len(byApproval) == 0 {
		return nil
	}
	approvals, err := m.approvals(ctx)
	if err != nil {
		return err
	}
	var changed []access.Approval
	for id, list := range byApproval {
		a, ok := approvals[id]
		if !ok || !approve.Cleared(a) {
			continue
		}
		if list, err = m.others(ctx, a, list); err != nil {
			return err
		}
		if outcome := outcomeOf(list); outcome != "" && a.Outcome != outcome {
			a.Outcome = outcome
			changed = append(changed, a)
		}
	}
	return m.Desk.Conclude(ctx, changed)
}

// others adds to a list the actions of a question that are not in it, but those whose reason went away before they were done.
func (m *Mender) others(ctx context.Context, a access.Approval, list []remediate.Record) ([]remediate.Record, error) {
	for _, id := range a.Actions {
		if slices.ContainsFunc(list, func(r remediate.Record) bool { return r.ID == id }) {
			continue
		}
		more, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction, ID: id})
		if err != nil {
			return nil, err
		}
		for _, r := range more {
			if r.State != remediate.Dropped {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// outcomeOf says in words what became of the actions of one question; empty while nothing did.
func outcomeOf(list []remediate.Record) string {
	counts := map[remediate.State]int{}
	var last time.Time
	why := ""
	for _, r := range list {
		counts[r.State]++
		if r.ChangedAt.After(last) {
			last = r.ChangedAt
		}
		if r.State == remediate.Failed || r.State == remediate.Skipped || r.State == remediate.Blocked {
			why = r.Why
		}
	}
	when := " at " + last.Format("2006-01-02 15:04 UTC")
	switch n := len(list); {
	case counts[remediate.Verified] == n:
		return "verified by the snapshot of " + last.Format("2006-01-02 15:04 UTC")
	case counts[remediate.Done]+counts[remediate.Verified] == n:
		return "done" + when
	case counts[remediate.Ordered] == n:
		return "ordered" + when + "; closes when the next export shows it"
	case counts[remediate.Contradicted] > 0:
		return "a later snapshot does not show it; it is looked into"
	case why != "":
		return fmt.Sprintf("%d of %d done%s; %s", counts[remediate.Done]+counts[remediate.Verified]+counts[remediate.Ordered], n, when, why)
	}
	return ""
}
