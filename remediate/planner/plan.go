package planner

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"muster/internal/access"
	"muster/remediate"
)

// planning is one planning under way.
type planning struct {
	in       Input
	standing map[string]remediate.Record // by key: the live one, else the newest
	byID     map[string]remediate.Record
	excess   map[string]bool // system, account id and entitlement name of every grant that a case would remove
	holds    []access.Hold
	warnings []string
}

// Make plans.
func Make(ctx context.Context, in Input) (Plan, error) {
	p := &planning{in: in, standing: map[string]remediate.Record{}, byID: map[string]remediate.Record{}, excess: map[string]bool{}}
	for _, r := range in.Standing {
		p.byID[r.ID] = r
		if have, ok := p.standing[r.Key]; !ok || newer(r, have) {
			p.standing[r.Key] = r
		}
	}
	for _, c := range in.Cases {
		if c.Finding.Scope == access.ScopeGrant && c.Account != nil && c.Grant != nil && c.Grant.Actual {
			p.excess[c.Account.System+"\x00"+c.Account.ID+"\x00"+c.Grant.Entitlement.Name] = true
		}
	}
	all, err := p.proposals(ctx)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Run: in.Run.ID, AsOf: in.Run.AsOf}
	wanted := map[string]bool{}
	var fresh []*proposal
	for i := range all {
		one := &all[i]
		wanted[one.Key] = true
		if p.carry(one) {
			fresh = append(fresh, one)
		}
	}
	p.guard(all)
	p.limit(all, fresh)
	p.order(all)
	questions, err := p.ask(ctx, all)
	if err != nil {
		return plan, err
	}
	for _, one := range all {
		plan.Records = append(plan.Records, one.Record)
	}
	plan.Questions, plan.Holds, plan.Warnings = questions, p.holds, p.warnings
	p.drop(&plan, wanted)
	return plan, plan.Seal()
}

// newer reports whether a stands for its key rather than b: what is live, else what changed last.
func newer(a, b remediate.Record) bool {
	if x, y := live(a.State), live(b.State); x != y {
		return x
	}
	return a.ChangedAt.After(b.ChangedAt)
}

func live(s remediate.State) bool { return slices.Contains(remediate.Live(), string(s)) }

// proposals are the actions that all cases call for, each once, in their order.
func (p *planning) proposals(ctx context.Context) ([]proposal, error) {
	var all []proposal
	have := map[string]bool{}
	add := func(one proposal) {
		if !have[one.Key] {
			have[one.Key] = true
			all = append(all, one)
		}
	}
	for i := range p.in.Cases {
		list, err := p.propose(ctx, &p.in.Cases[i])
		if err != nil {
			return nil, err
		}
		for _, one := range list {
			if one.after != "" {
				add(create(one))
			}
			add(one)
		}
	}
	for i := range p.in.Retired {
		if one, ok := p.deletion(&p.in.Retired[i]); ok {
			add(one)
		}
	}
	slices.SortStableFunc(all, func(a, b proposal) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Account.Name, b.Account.Name), cmp.Compare(a.Account.ID, b.Account.ID),
			cmp.Compare(rank(a.Kind), rank(b.Kind)), cmp.Compare(a.Entitlement.Name, b.Entitlement.Name), cmp.Compare(a.Key, b.Key))
	})
	return all, nil
}

func rank(k access.ActionKind) int { return slices.Index(access.ActionKinds(), k) }

// deletion is the end of an account that was disabled long enough ago.
func (p *planning) deletion(r *Retired) (proposal, bool) {
	keep := r.Record.Policy.DeleteAfter
	if keep <= 0 || r.Account.Enabled || p.in.Run.AsOf.Before(r.Record.ChangedAt.Add(keep)) {
		return proposal{}, false
	}
	if r.Person != nil && r.Person.Status != access.StatusTerminated {
		return proposal{}, false // they came back
	}
	one := proposal{c: &Case{Case: access.Case{Person: r.Person, Account: r.Account}}, account: r.Account}
	one.Record = remediate.Record{Mode: r.Record.Policy.Mode, Policy: r.Record.Policy, State: remediate.Planned, Seen: remediate.Seen{Exists: true}}
	one.Policy.OnExpiry = access.ExpiryRefuse // nobody's silence deletes anything
	one.Action = access.Action{Run: p.in.Run.ID, Kind: access.DeleteAccount, System: r.Account.System, Person: r.Record.Person, PersonName: r.Record.PersonName,
		Account: access.AccountRef{ID: r.Account.ID, Name: r.Account.Name, SourceRef: r.Account.SourceRef},
		Rule:    r.Record.Rule, Severity: r.Record.Severity, Finding: r.Record.Finding, FindingID: r.Record.FindingID,
		Reason: fmt.Sprintf("disabled since %s by %s; kept for %s", r.Record.ChangedAt.Format("2006-01-02"), r.Record.ID, days(keep)),
		Basis:  []string{"action " + r.Record.ID}}
	one.Key = keyOf(one.Action)
	return one, true
}

// order resolves what must be done first into ids, and lets nothing be done before it.
func (p *planning) order(all []proposal) {
	byKey := map[string]*proposal{}
	for i := range all {
		byKey[all[i].Key] = &all[i]
	}
	for i := range all {
		one := &all[i]
		first := byKey[one.after]
		if one.after == "" || first == nil {
			continue
		}
		one.After = first.ID
		if one.State == remediate.Planned && first.State != remediate.Planned && first.State != remediate.Done {
			one.State, one.Why = first.State, first.Why
			if first.State == remediate.Held {
				continue
			}
			if first.Why != "" {
				one.Why = "the account is not created: " + first.Why
			}
		}
	}
}

// drop lists what stood and has no reason any more. What could not be looked at tonight stays as it is.
func (p *planning) drop(plan *Plan, wanted map[string]bool) {
	gone := map[string]bool{}
	for _, r := range p.in.Standing {
		if !live(r.State) || r.State == remediate.Applying || wanted[r.Key] || p.blind(r.System) != "" || r.Undoes != "" {
			continue
		}
		r.State, r.Why = remediate.Dropped, "its reason is gone"
		gone[r.ID] = true
		plan.Dropped = append(plan.Dropped, r)
	}
	for _, a := range p.in.Approvals {
		if a.State != access.ApprovalWaiting || len(a.Actions) == 0 {
			continue
		}
		if !slices.ContainsFunc(a.Actions, func(id string) bool { return !gone[id] }) {
			plan.Withdrawn = append(plan.Withdrawn, a)
		}
	}
}

func (p *planning) warn(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(p.warnings, text) {
		p.warnings = append(p.warnings, strings.ReplaceAll(text, "\n", "; "))
	}
}
