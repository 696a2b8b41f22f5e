package planner

import (
	"context"
	"fmt"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate"
)

// proposal is one action that a finding calls for, before guardrails.
type proposal struct {
	remediate.Record
	c       *Case
	account *access.AccountFacts // nil when it is to be created
	after   string               // key of the action that must be done first
	end     time.Time            // when it was decided that the access ends; zero when it was not
}

// propose makes the actions of one case, as its policy says.
func (p *planning) propose(ctx context.Context, c *Case) ([]proposal, error) {
	policy, err := p.in.Policy(c.Case)
	if err != nil {
		p.warn("policy of %s: %v", c.Finding.ID, err)
	}
	ended, isEnded := p.ended(c)
	if isEnded {
		policy.Name, policy.Mode, policy.Actions, policy.Handover = ended.Name, access.ModeAuto, []access.ActionKind{access.RemoveEntitlement}, 0
	}
	if policy.Mode == access.ModeOff {
		return nil, nil
	}
	var out []proposal
	for _, kind := range policy.Actions {
		one, ok := p.action(c, kind, policy)
		if !ok {
			continue
		}
		if isEnded {
			one.Reason, one.Basis, one.end = ended.Reason, []string{ended.Basis}, ended.At
		}
		if one.NotBefore, err = p.notBefore(ctx, c, policy, kind); err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// ended finds the decision that ended a grant.
func (p *planning) ended(c *Case) (remediate.End, bool) {
	if c.Finding.Scope != access.ScopeGrant || c.Grant == nil || !c.Grant.Actual {
		return remediate.End{}, false
	}
	return p.in.Ended.Of(c.Person, c.Account, access.EntitlementRef{System: c.Grant.System, Name: c.Grant.Entitlement.Name})
}

// action makes one action of a kind for a case; false where the kind means nothing for it.
func (p *planning) action(c *Case, kind access.ActionKind, policy access.Policy) (proposal, bool) {
	f := &c.Finding
	one := proposal{c: c, account: c.Account}
	one.Record = remediate.Record{Mode: policy.Mode, Policy: policy, State: remediate.Planned}
	one.Action = access.Action{Run: p.in.Run.ID, Kind: kind, System: f.System, Finding: f.Fingerprint, FindingID: f.ID, Rule: f.Rule, Severity: f.Severity, Reason: f.Message}
	if c.Person != nil {
		one.Person, one.PersonName = c.Person.ID, f.PersonName
	}
	if policy.SLA > 0 {
		one.DueAt = f.FirstSeen.Add(policy.SLA)
	}
	if c.Account != nil {
		one.Account = access.AccountRef{ID: c.Account.ID, Name: c.Account.Name, SourceRef: c.Account.SourceRef}
		one.System = c.Account.System
		one.Seen = remediate.Seen{Exists: true, Enabled: c.Account.Enabled}
	}
	switch kind {
	case access.NotifyOwner:
		one.Mode, one.State = access.ModeNotify, remediate.Told
	case access.DisableAccount, access.EnableAccount, access.RevokeSessions, access.DeleteAccount:
		if c.Account == nil || kind == access.DeleteAccount || kind == access.DisableAccount && !c.Account.Enabled || kind == access.EnableAccount && c.Account.Enabled {
			return one, false // a deletion rests on a disabled account and its time, never on a finding alone
		}
		one.Seen.Enabled = c.Account.Enabled
	case access.SetExpiry:
		if c.Account == nil || c.Person == nil || c.Person.EndDate.IsZero() {
			return one, false
		}
		one.ExpiresAt = c.Person.EndDate.AddDate(0, 0, 1)
	case access.RemoveEntitlement:
		return p.removal(c, one)
	case access.GrantEntitlement:
		return p.grant(c, one)
	default:
		return one, false
	}
	return told(one), true
}

// told keys a proposal and, where the policy only tells, lets it be told.
func told(one proposal) proposal {
	one.Key = keyOf(one.Action)
	if one.Mode == access.ModeNotify {
		one.State = remediate.Told
	}
	return one
}

// removal takes away a grant that is held directly. What comes through a group is taken away with the membership in that group, if that
// is excess too, and not at all otherwise: others would lose it.
func (p *planning) removal(c *Case, one proposal) (proposal, bool) {
	if c.Account == nil || c.Grant == nil || !c.Grant.Actual {
		return one, false
	}
	one.Entitlement = held(c.Grant)
	one.AdminOption = c.Grant.AdminOption
	one = told(one)
	if one.State == remediate.Told || c.Grant.Direct || len(c.Grant.Path) == 0 {
		return one, true
	}
	if p.excess[c.Account.System+"\x00"+c.Account.ID+"\x00"+c.Grant.Path[0]] {
		return one, false // it goes with the group through which it comes
	}
	one.State, one.Why = remediate.Blocked, fmt.Sprintf("it comes through %s, which the person should hold: change what %s gives", strings.Join(c.Grant.Path, " → "), c.Grant.Path[0])
	return one, true
}

// grant gives what is missing to the person's account. Where there is none, it is created first.
func (p *planning) grant(c *Case, one proposal) (proposal, bool) {
	if c.Grant == nil || c.Person == nil || !c.Grant.Expected || c.Grant.Actual {
		return one, false
	}
	one.System = c.Grant.System
	one.Entitlement = held(c.Grant)
	for _, b := range c.Grant.Basis {
		one.Basis = append(one.Basis, b.Kind+" "+b.Name)
		if !b.Until.IsZero() {
			one.ExpiresAt = b.Until
		}
	}
	var disabled *access.AccountFacts
	for _, a := range c.Accounts {
		if a.Enabled {
			one.account = a
			break
		}
		disabled = a
	}
	switch {
	case one.account != nil:
	case disabled != nil:
		one.account = disabled
		one.State, one.Why = remediate.Blocked, fmt.Sprintf("the account %s is disabled; enable it first, or find out why it is", disabled.Name)
	default:
		one.Account = access.AccountRef{Name: loginOf(c.Person)}
		one.after = creation(c.Person, one.Action).Key
		one.Seen = remediate.Seen{Exists: true, Enabled: true} // as it will be, once created
	}
	if a := one.account; a != nil {
		one.Account = access.AccountRef{ID: a.ID, Name: a.Name, SourceRef: a.SourceRef}
		one.Seen = remediate.Seen{Exists: true, Enabled: a.Enabled}
	}
	return told(one), true
}

// creation is the action that creates the account which a grant needs.
func creation(person *access.Person, grant access.Action) access.Action {
	a := grant
	a.Kind, a.Entitlement, a.ExpiresAt, a.AdminOption = access.CreateAccount, access.HeldRef{}, time.Time{}, false
	a.Attributes = map[string]string{}
	for key, value := range map[string]string{access.AttrUserName: a.Account.Name, access.AttrDisplayName: person.Name(), access.AttrGivenName: person.GivenName,
		access.AttrFamilyName: person.FamilyName, access.AttrEmail: person.Email, access.AttrUPN: person.UPN, access.AttrEmployeeID: person.ID,
		access.AttrTitle: person.Title, access.AttrDepartment: person.Department} {
		if value != "" {
			a.Attributes[key] = value
		}
	}
	a.Reason = fmt.Sprintf("%s (%s) has no account in %s and should hold %s there", person.Name(), person.ID, a.System, grant.Entitlement.Name)
	a.Key = keyOf(a)
	return a
}

// create makes the proposal of the account that a grant waits for.
func create(grant proposal) proposal {
	one := grant
	one.Action = creation(grant.c.Person, grant.Action)
	one.Seen, one.after = remediate.Seen{}, ""
	return one
}

// loginOf is the login of a new account: the one that HR assigned, else what stands before the @ of the e-mail address, else the worker id.
func loginOf(p *access.Person) string {
	if p.Username != "" {
		return p.Username
	}
	if local, _, ok := strings.Cut(p.Email, "@"); ok && local != "" {
		return local
	}
	return strings.ToLower(p.ID)
}

func held(g *access.GrantFacts) access.HeldRef {
	return access.HeldRef{ID: g.Entitlement.ID, Name: g.Entitlement.Name, Kind: g.Entitlement.Kind}
}

// keyOf is what an action changes, whoever plans it. A person is given something once, whether the account is there yet or not.
func keyOf(a access.Action) string {
	who := a.Account.ID
	if who == "" || a.Person != "" && (a.Kind == access.GrantEntitlement || a.Kind == access.CreateAccount) {
		who = "person " + a.Person
	}
	if a.Kind == access.NotifyOwner {
		who += " " + a.Finding
	}
	return remediate.Hash(string(a.Kind), a.System, who, a.Entitlement.Name)
}

// notBefore is when the grace or hand-over time of a policy is over; zero when there is none.
func (p *planning) notBefore(ctx context.Context, c *Case, policy access.Policy, kind access.ActionKind) (time.Time, error) {
	if !kind.Removes() {
		return time.Time{}, nil
	}
	var at time.Time
	if policy.Grace > 0 {
		at = c.Finding.FirstSeen.Add(policy.Grace)
		if c.Person != nil && !c.Person.EndDate.IsZero() {
			at = c.Person.EndDate.AddDate(0, 0, 1).Add(policy.Grace) // the end date is the last day with access
		}
	}
	if policy.Handover > 0 && kind == access.RemoveEntitlement && p.in.HeldSince != nil {
		since, known, err := p.in.HeldSince(ctx, *c)
		if err != nil {
			return at, fmt.Errorf("find since when %s is held: %w", c.Finding.Detail, err)
		}
		// What was held before it became a finding was due until then: the person moved. What came and was excess at once was never due.
		if until := c.Finding.FirstSeen.Add(policy.Handover); known && since.Before(c.Finding.FirstSeen) && until.After(at) {
			at = until
		}
	}
	return at, nil
}
