package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
)

// ask puts one question for each rule, system and subject about what waits for a decision and was not asked yet.
func (p *planning) ask(ctx context.Context, all []proposal) ([]access.Approval, error) {
	groups := map[string][]*proposal{}
	var keys []string
	for i := range all {
		one := &all[i]
		if one.Mode != access.ModeApprove || one.State != remediate.Planned || one.Approval != "" {
			continue
		}
		subject := one.Person
		if subject == "" {
			subject = "account " + one.Account.ID
		}
		key := remediate.Hash(one.Rule, one.System, subject, one.Policy.Name)
		if groups[key] == nil {
			keys = append(keys, key)
		}
		groups[key] = append(groups[key], one)
	}
	var out []access.Approval
	for _, key := range keys {
		q, err := p.question(ctx, key, groups[key])
		if err != nil {
			return nil, err
		}
		if old, put := p.approved[q.ID]; put { // by a plan that was not kept to its end
			for _, one := range groups[key] {
				one.Approval = q.ID
				one.State, one.Why = Decided(old, one.Record)
			}
			continue
		}
		if n := len(q.Approvers) + len(q.Escalation); n < q.Need {
			for _, one := range groups[key] {
				one.State, one.Why = remediate.Blocked, fmt.Sprintf("%d must approve and only %d may: name people.security or a group in the policy's route", q.Need, n)
			}
			continue
		}
		for _, one := range groups[key] {
			one.State, one.Approval = remediate.Waiting, q.ID
		}
		out = append(out, q)
	}
	return out, nil
}

// question words one approval.
func (p *planning) question(ctx context.Context, key string, list []*proposal) (access.Approval, error) {
	first := list[0]
	sys := p.in.Systems[first.System].Facts
	q := access.Approval{Key: key, Run: p.in.Run.ID, About: access.AboutActions, Rule: first.Rule, FindingID: first.FindingID,
		System: first.System, Person: first.Person, PersonName: first.PersonName, Severity: first.Severity, Why: first.Reason, Need: max(first.Policy.Need, 1),
		StepUp: first.Policy.StepUp, OnExpiry: first.Policy.OnExpiry, RaisedAt: p.in.Now}
	var once []string
	for _, one := range list {
		q.Actions = append(q.Actions, one.ID)
		q.Lines = append(q.Lines, Line(one.Action))
		if one.Severity.Rank() > q.Severity.Rank() {
			q.Severity = one.Severity
		}
		if one.Once != "" && !slices.Contains(once, one.Once) {
			once = append(once, one.Once)
		}
		if one.Kind == access.DeleteAccount {
			q.OnExpiry = access.ExpiryRefuse
		}
		if q.DueAt.IsZero() || !one.DueAt.IsZero() && one.DueAt.Before(q.DueAt) {
			q.DueAt = one.DueAt
		}
	}
	q.ID = remediate.ShortID("AP-", append([]string{p.in.Run.ID, key}, q.Actions...)...) // of just these: what is agreed to is never another thing
	q.Irreversible = strings.Join(once, "; ")
	q.Title = Title(list[0].Action, len(list))
	Times(&q, first.Policy)
	about := approve.Question{Person: first.Person, Owner: sys.Owner}
	var err error
	if q.Approvers, err = p.in.Routes.Resolve(ctx, first.Policy.Route, about); err != nil {
		return q, err
	}
	if q.Escalation, err = p.in.Routes.Resolve(ctx, first.Policy.EscalateTo, about); err != nil {
		return q, err
	}
	q.Escalation = slices.DeleteFunc(q.Escalation, func(x access.Approver) bool {
		return slices.ContainsFunc(q.Approvers, func(y access.Approver) bool { return y.Person == x.Person })
	})
	if len(q.Approvers) < q.Need { // the route leads to too few: it starts where it would be escalated to
		q.Approvers, q.Escalation = append(q.Approvers, q.Escalation...), nil
	}
	return q, nil
}

// Times sets when a question is reminded of, escalated and runs out.
func Times(q *access.Approval, policy access.Policy) {
	at := func(d time.Duration) time.Time {
		if d <= 0 {
			return time.Time{}
		}
		return q.RaisedAt.Add(d)
	}
	q.RemindAt, q.EscalateAt, q.ExpiresAt = at(policy.Remind), at(policy.Escalate), at(policy.Expire)
}

// Line says what one action does, as a question and a plan list it.
func Line(a access.Action) string {
	where := a.Account.Name + " in " + a.System
	switch a.Kind {
	case access.DisableAccount:
		return "disable " + where
	case access.EnableAccount:
		return "enable " + where
	case access.DeleteAccount:
		return "delete " + where
	case access.CreateAccount:
		return "create " + where
	case access.RemoveEntitlement:
		return fmt.Sprintf("take %s from %s", a.Entitlement.Name, where)
	case access.GrantEntitlement:
		return fmt.Sprintf("give %s to %s", a.Entitlement.Name, where)
	case access.SetExpiry:
		if a.ExpiresAt.IsZero() {
			return "take the expiry from " + where
		}
		return fmt.Sprintf("let %s expire at %s", where, a.ExpiresAt.Format("2006-01-02 15:04 UTC"))
	case access.RevokeSessions:
		return "end the sessions of " + where
	case access.NotifyOwner:
		return "tell the owner about " + where
	}
	return string(a.Kind) + " " + where
}

// Title is the one line of a question about n actions of which a is the first.
func Title(a access.Action, n int) string {
	who := a.PersonName
	if who == "" {
		who = a.Account.Name
	}
	switch {
	case n > 1 && a.Kind.Removes():
		return fmt.Sprintf("%s would lose access in %s (%d changes)", who, a.System, n)
	case n > 1:
		return fmt.Sprintf("%s would get access in %s (%d changes)", who, a.System, n)
	}
	line := Line(a)
	if a.PersonName != "" {
		line += " (" + a.PersonName + ")"
	}
	return strings.ToUpper(line[:1]) + line[1:]
}
