package mend

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config"
	"muster/internal/reconcile"
	"muster/internal/reconcile/people"
	"muster/internal/reconcile/plan"
	"muster/internal/reconcile/sight"
	"muster/internal/retry"
	"muster/internal/store"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/execute"
	"muster/remediate/planner"
)

// Mender remediates what a Runner found.
type Mender struct {
	Runner  *reconcile.Runner
	Plan    *plan.Plan
	Store   *store.Store
	Ledger  remediate.Ledger // nil when the command only reads
	Desk    *approve.Desk
	Targets map[string]plan.Target // by system; those that are configured to be changed
	DataDir string
	Now     func() time.Time // the wall clock
	Log     *slog.Logger
	Retry   retry.Policy
	Settle  time.Duration
	OnStep  func(execute.Step, access.Action) // may be nil

	halted string // the kill switch as it was last entered on the ledger
}

// Enabled reports whether anything is changed at all.
func (m *Mender) Enabled() bool { return m.Plan.Settings.Remediation.Mode == config.Apply }

// input gathers what the planner needs.
func (m *Mender) input(ctx context.Context, s sight.Sighting) (planner.Input, error) {
	in := planner.Input{Run: s.Run, Now: m.Now().UTC(), Clock: m.clock(), MaxGap: m.Plan.Settings.Remediation.MaxGap, HR: s.HR, Systems: map[string]planner.System{}, Cases: s.Cases,
		Policy: m.policy, Routes: m.Routes(s.Facts), HeldSince: m.heldSince(s.Cases), Ended: s.Ended}
	for _, f := range s.Systems {
		in.Systems[f.Name] = m.system(f, s)
	}
	var err error
	if in.Previous, err = m.previous(ctx, s.Run); err != nil {
		return in, err
	}
	records, err := remediate.Load[remediate.Record](ctx, m.Store, access.DocumentQuery{Kind: access.DocAction})
	if err != nil {
		return in, err
	}
	in.Standing = records
	if in.Retired, err = m.retired(ctx, records, s); err != nil {
		return in, err
	}
	if in.Approvals, err = remediate.Load[access.Approval](ctx, m.Store, access.DocumentQuery{Kind: access.DocApproval}); err != nil {
		return in, err
	}
	holds, err := remediate.Load[access.Hold](ctx, m.Store, access.DocumentQuery{Kind: access.DocHold})
	for _, h := range holds {
		if h.Open() {
			in.Holds = append(in.Holds, h)
		} else {
			in.Released = append(in.Released, h)
		}
	}
	return in, err
}

// clock is what a run that began now would take for the time.
func (m *Mender) clock() time.Time {
	if at := m.Plan.Settings.AsOf; !at.IsZero() {
		return at
	}
	return m.Now().UTC()
}

// system is one system with what may be done there.
func (m *Mender) system(f access.SystemFacts, s sight.Sighting) planner.System {
	out := planner.System{Facts: f, Accounts: s.Accounts[f.Name], Admins: s.Admins[f.Name], Holders: s.Holders[f.Name]}
	target, ok := m.Targets[f.Name]
	if !ok {
		return out
	}
	limits := target.Limits
	out.Changes, out.Abilities, out.Limit, out.Percent = true, target.Abilities(), limits.MaxAccounts, limits.MaxPercent
	out.DeleteAfter = limits.DeleteAfter
	globs := append(append([]string{}, m.Plan.Settings.Remediation.Protected...), limits.Protected...)
	out.Protected = matcher(globs)
	out.Reserved = matcher(limits.EntitlementsProtected)
	return out
}

// retired are the accounts that Muster disabled, whose state a later snapshot verified, that are still there, and whose time may be over.
func (m *Mender) retired(ctx context.Context, records []remediate.Record, s sight.Sighting) ([]planner.Retired, error) {
	var out []planner.Retired
	for _, r := range records {
		if r.Kind != access.DisableAccount || r.State != remediate.Verified || r.Policy.DeleteAfter <= 0 || s.Run.AsOf.Before(r.ChangedAt.Add(r.Policy.DeleteAfter)) {
			continue
		}
		w, ok := s.Watched[sight.WatchKey(r.System, r.Account)]
		if !ok || r.Finding == "" {
			continue
		}
		one := planner.Retired{Record: r, Account: w.Account, Person: w.Person}
		err := m.Store.Findings(ctx, store.FindingFilter{IDPrefix: r.Finding}, func(f access.Finding) error { one.Finding = f; return nil })
		if err != nil {
			return nil, fmt.Errorf("read the finding of %s: %w", r.ID, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// policy is what the policies say about a case. What is graver than the configuration lets Slack decide needs more than Slack.
func (m *Mender) policy(c access.Case) (access.Policy, error) {
	p, err := m.Plan.Policies.For(c)
	p.StepUp = p.StepUp || m.beyondSlack(c.Finding.Severity)
	return p, err
}

func (m *Mender) beyondSlack(s access.Severity) bool {
	slack := m.Plan.Settings.Slack
	return slack != nil && s.Rank() > slack.DecideUpTo.Rank()
}

// previous is the clock of the run that was completed before this one.
func (m *Mender) previous(ctx context.Context, run access.Run) (time.Time, error) {
	runs, err := m.Store.Runs(ctx, 50)
	if err != nil {
		return time.Time{}, fmt.Errorf("find the run before: %w", err)
	}
	passed := false
	for _, r := range runs {
		if r.ID == run.ID {
			passed = true
			continue
		}
		if passed && r.State == access.RunCompleted {
			return r.AsOf, nil
		}
	}
	return time.Time{}, nil
}

// heldSince answers since when the grants of cases are held, with one question to the store for each system.
func (m *Mender) heldSince(cases []planner.Case) func(context.Context, planner.Case) (time.Time, bool, error) {
	known := map[string]map[store.GrantRef]time.Time{}
	return func(ctx context.Context, c planner.Case) (time.Time, bool, error) {
		if c.Account == nil || c.Grant == nil {
			return time.Time{}, false, nil
		}
		system := c.Account.System
		if known[system] == nil {
			var refs []store.GrantRef
			for _, x := range cases {
				if x.Account != nil && x.Grant != nil && x.Account.System == system {
					refs = append(refs, store.GrantRef{Account: x.Account.ID, Entitlement: x.Grant.Entitlement.ID})
				}
			}
			all, err := m.Store.GrantsSince(ctx, system, refs)
			if err != nil {
				return time.Time{}, false, err
			}
			known[system] = all
		}
		since, ok := known[system][store.GrantRef{Account: c.Account.ID, Entitlement: c.Grant.Entitlement.ID}]
		return since, ok, nil
	}
}

// PlanFor makes the plan of a sighting. It writes nothing.
func (m *Mender) PlanFor(ctx context.Context, s sight.Sighting) (planner.Plan, error) {
	in, err := m.input(ctx, s)
	if err != nil {
		return planner.Plan{}, fmt.Errorf("gather what a plan is made of: %w", err)
	}
	p, err := planner.Make(ctx, in)
	if err != nil {
		return p, fmt.Errorf("plan: %w", err)
	}
	p.World = s.World
	return p, p.Seal()
}

// Routes finds approvers among the persons of a run's HR snapshot.
func (m *Mender) Routes(w store.World) *approve.Routes {
	who := m.Plan.Settings.People
	r := &approve.Routes{People: people.In(m.Store, w), Security: who.Security, Groups: who.Groups, Emails: map[string]string{}}
	for _, id := range who.Identities {
		if id.Email != "" {
			r.Emails[id.Person] = id.Email
		}
	}
	return r
}

// Holds lists the holds that hold now.
func (m *Mender) Holds(ctx context.Context) ([]access.Hold, error) {
	return remediate.Load[access.Hold](ctx, m.Store, access.DocumentQuery{Kind: access.DocHold, States: []string{"open"}})
}

// executor is what carries out actions.
func (m *Mender) executor() *execute.Executor {
	x := &execute.Executor{Records: m.Store, Ledger: m.Ledger, Systems: map[string]execute.System{}, Now: m.Now, Log: m.Log, Halted: m.Halted, Retry: m.Retry,
		Settle: m.Settle, OnStep: m.OnStep}
	for name, t := range m.Targets {
		w := t.Limits.Windows
		x.Systems[name] = execute.System{Target: t.Target, Rate: t.Limits.Rate, Open: w.Open,
			Next: func(now time.Time) string { return w.Next(now).Format("2006-01-02 15:04 UTC") }}
	}
	return x
}

// matcher reports whether a name matches one of the globs, whatever its case.
func matcher(globs []string) func(string) bool {
	return func(name string) bool {
		name = strings.ToLower(name)
		for _, g := range globs {
			if ok, err := path.Match(strings.ToLower(g), name); err == nil && ok && name != "" {
				return true
			}
		}
		return false
	}
}
