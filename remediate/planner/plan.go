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
	settled  map[string]remediate.Record // by key: the newest that is not live
	byID     map[string]remediate.Record
	approved map[string]access.Approval // by id, whatever their state
	released map[string]access.Hold     // by id
	held     map[string]string          // by hold: digest of the keys of what it holds
	barred   map[string]string          // the same, with what it held and a guardrail blocks
	excess   map[string]bool            // system, account id and entitlement name of every grant that a case would remove
	unseen   map[string]bool            // fingerprints of findings that could not be looked at tonight
	holds    []access.Hold
	warnings []string
}

// Make plans.
func Make(ctx context.Context, in Input) (Plan, error) {
	p := begin(in)
	all, err := p.proposals(ctx)
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Run: in.Run.ID, AsOf: in.Run.AsOf}
	wanted := map[string]string{} // by key: the id of what stands for it now
	for i := range all {
		one := &all[i]
		p.carry(one)
		if one.State != remediate.Told {
			wanted[one.Key] = one.ID
		}
	}
	p.guard(all)
	p.limit(all)
	p.sources(all)
	p.order(all)
	questions, err := p.ask(ctx, all)
	if err != nil {
		return plan, err
	}
	p.order(all) // what waits for an account whose creation is asked about
	for _, one := range all {
		plan.Records = append(plan.Records, one.Record)
	}
	plan.Questions, plan.Holds, plan.Warnings = questions, p.holds, p.warnings
	p.drop(&plan, wanted)
	p.withdraw(&plan)
	return plan, plan.Seal()
}

// begin sorts the input.
func begin(in Input) *planning {
	p := &planning{in: in, standing: map[string]remediate.Record{}, settled: map[string]remediate.Record{}, byID: map[string]remediate.Record{},
		approved: map[string]access.Approval{}, released: map[string]access.Hold{}, held: map[string]string{}, barred: map[string]string{}, excess: map[string]bool{}, unseen: map[string]bool{}}
	held, barred := map[string][]string{}, map[string][]string{}
	for _, r := range in.Standing {
		p.byID[r.ID] = r
		if have, ok := p.standing[r.Key]; !ok || newer(r, have) {
			p.standing[r.Key] = r
		}
		switch {
		case r.Hold == "":
		case r.State == remediate.Held:
			held[r.Hold] = append(held[r.Hold], r.Key)
		case r.State == remediate.Blocked:
			barred[r.Hold] = append(barred[r.Hold], r.Key)
		}
		if have, ok := p.settled[r.Key]; !live(r.State) && (!ok || newer(r, have)) {
			p.settled[r.Key] = r
		}
	}
	for _, a := range in.Approvals {
		p.approved[a.ID] = a
	}
	for _, h := range in.Released {
		p.released[h.ID] = h
		p.held[h.ID], p.barred[h.ID] = digestOf(held[h.ID]), digestOf(slices.Concat(held[h.ID], barred[h.ID]))
	}
	for _, c := range in.Cases {
		if c.Finding.Change == access.ChangeUnverified {
			p.unseen[c.Finding.Fingerprint] = true
		}
		if c.Finding.Scope == access.ScopeGrant && c.Account != nil && c.Grant != nil && c.Grant.Actual {
			p.excess[c.Account.System+"\x00"+c.Account.ID+"\x00"+c.Grant.Entitlement.Name] = true
		}
	}
	return p
}

// newer reports whether a stands for its key rather than b: what is live, else what changed last.
func newer(a, b remediate.Record) bool {
	if x, y := live(a.State), live(b.State); x != y {
		return x
	}
	if !a.ChangedAt.Equal(b.ChangedAt) {
		return a.ChangedAt.After(b.ChangedAt)
	}
	return a.ID > b.ID
}

func live(s remediate.State) bool { return slices.Contains(remediate.Live(), string(s)) }

// proposals are the actions that all cases call for, each once, in their order. What one policy only tells, another may do.
func (p *planning) proposals(ctx context.Context) ([]proposal, error) {
	var all []proposal
	have := map[string]int{}
	add := func(one proposal) {
		at, ok := have[one.Key]
		switch {
		case !ok:
			have[one.Key] = len(all)
			all = append(all, one)
		case all[at].State == remediate.Told && one.State != remediate.Told:
			all[at] = one
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
	for _, r := range p.retired() {
		if one, ok := p.deletion(r); ok {
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
		if one.State != remediate.Planned {
			continue
		}
		switch first.State {
		case remediate.Planned, remediate.Done, remediate.Verified, remediate.Ordered:
		case remediate.Waiting:
			if one.Mode != access.ModeApprove || one.Approval != "" { // else it is asked about by itself
				one.State, one.Why = remediate.Blocked, "the account is not created yet: "+first.Approval+" asks about it"
			}
		default:
			one.State, one.Why = remediate.Blocked, "the account is not created: "+cmp.Or(first.Why, string(first.State))
		}
	}
}

// drop lists what stood and has no reason any more. What could not be looked at tonight is not known to have none: it stays, and is not
// done.
func (p *planning) drop(plan *Plan, wanted map[string]string) {
	for _, r := range p.in.Standing {
		if !live(r.State) || r.State == remediate.Applying || wanted[r.Key] == r.ID || r.Undoes != "" {
			continue
		}
		why := p.blind(r.System)
		if why == "" && p.unseen[r.Finding] {
			why = unseen
		}
		if why != "" && wanted[r.Key] == "" {
			r.State, r.Why = remediate.Blocked, why
			plan.Records = append(plan.Records, r)
			continue
		}
		r.State, r.Why = remediate.Dropped, "its reason is gone"
		if by := wanted[r.Key]; by != "" {
			r.Why = by + " takes its place"
		}
		plan.Dropped = append(plan.Dropped, r)
	}
	slices.SortStableFunc(plan.Dropped, func(a, b remediate.Record) int { return cmp.Compare(a.ID, b.ID) })
}

// withdraw lists the questions of which nothing is left to do.
func (p *planning) withdraw(plan *Plan) {
	open := map[string]bool{}
	for _, r := range plan.Records {
		open[r.ID] = live(r.State)
	}
	for _, r := range p.in.Standing {
		if r.Undoes != "" || r.State == remediate.Applying {
			open[r.ID] = true
		}
	}
	for _, a := range p.in.Approvals {
		if a.State == access.ApprovalWaiting && len(a.Actions) > 0 && !slices.ContainsFunc(a.Actions, func(id string) bool { return open[id] }) {
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
