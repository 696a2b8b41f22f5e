package planner

import (
	"fmt"

	"muster/internal/access"
	"muster/remediate"
)

// retired are the accounts that wait for their deletion, each with the record that disabled it last.
func (p *planning) retired() []Retired {
	var out []Retired
	at := map[string]int{}
	for _, r := range p.in.Retired {
		key := r.Account.System + "\x00" + r.Account.ID
		i, ok := at[key]
		switch {
		case !ok:
			at[key] = len(out)
			out = append(out, r)
		case r.Record.ChangedAt.After(out[i].Record.ChangedAt):
			out[i] = r
		}
	}
	return out
}

// deletion is the end of an account that was disabled long enough ago. What was configured when it was disabled and what is configured now
// must both want it.
func (p *planning) deletion(r Retired) (proposal, bool) {
	then := r.Record.Policy
	sys := p.in.Systems[r.Account.System]
	keep := max(then.DeleteAfter, sys.DeleteAfter)
	switch {
	case then.DeleteAfter <= 0 || r.Account.Enabled || p.in.Run.AsOf.Before(r.Record.ChangedAt.Add(keep)):
		return proposal{}, false
	case r.Person != nil && r.Person.Status != access.StatusTerminated:
		return proposal{}, false // they came back
	}
	c := &Case{Case: access.Case{Finding: r.Finding, Person: r.Person, Account: r.Account, System: &sys.Facts}, Accounts: []*access.AccountFacts{r.Account}}
	now, err := p.in.Policy(c.Case)
	if err != nil {
		p.warn("policy of %s: %v", r.Record.FindingID, err)
	}
	if keep = max(keep, now.DeleteAfter); now.DeleteAfter <= 0 || p.in.Run.AsOf.Before(r.Record.ChangedAt.Add(keep)) {
		return proposal{}, false
	}
	if now.Mode == access.ModeAuto && then.Mode != access.ModeAuto {
		now.Mode = access.ModeApprove
	}
	now.OnExpiry = access.ExpiryRefuse // nobody's silence deletes anything
	one := proposal{c: c, account: r.Account}
	one.Record = remediate.Record{Mode: now.Mode, Policy: now, State: remediate.Planned, Seen: remediate.Seen{Exists: true}}
	one.Action = access.Action{Run: p.in.Run.ID, Kind: access.DeleteAccount, System: r.Account.System, Person: r.Record.Person, PersonName: r.Record.PersonName,
		Account: access.AccountRef{ID: r.Account.ID, Name: r.Account.Name, SourceRef: r.Account.SourceRef},
		Rule:    r.Record.Rule, Severity: r.Record.Severity, Finding: r.Record.Finding, FindingID: r.Record.FindingID,
		Reason: fmt.Sprintf("disabled since %s by %s; kept for %s", r.Record.ChangedAt.Format("2006-01-02"), r.Record.ID, Days(keep)),
		Basis:  []string{"action " + r.Record.ID}}
	switch now.Mode {
	case access.ModeOff:
		return one, false
	}
	return told(one), true
}
