package answer

import (
	"time"

	"muster/internal/access"
	"muster/internal/orggen/model"
)

// account asks the rules that look at one account.
func (e *Evaluator) account(j *judged) {
	sys := j.System.String()
	human, p := j.Kind == access.KindHuman, e.person
	left := p != nil && p.Status == access.StatusTerminated
	if j.Enabled && human && j.link == access.Unmatched {
		e.find("orphaned-account", sys, j.Name, "", access.High)
	}
	if j.Enabled && human && j.link == access.Disputed {
		e.find("disputed-link", sys, j.Name, "", access.Medium)
	}
	if j.link == access.Linked && left {
		e.leaver(j, sys, p)
	}
	if j.link == access.Linked && j.Enabled && e.contractExpired(p) {
		e.find("contractor-expired", sys, j.Name, "", access.High)
	}
	if human && j.Enabled && j.link == access.Linked && p.Status == access.StatusActive && e.dormant(j) {
		e.find("dormant-account", sys, j.Name, "", access.Low)
	}
	if j.Kind != access.KindService && j.Enabled && j.MFA == access.No && privileged(j) {
		e.find("privileged-without-mfa", sys, j.Name, "", access.High)
	}
	if j.Kind == access.KindBreakGlass {
		return
	}
	if now := len(j.held); j.InBaseline {
		before := len(closure(j.Before, false, e.now))
		if now-before >= spikeMinimum && now >= 2*before {
			e.find("access-spike", sys, j.Name, "", access.Medium)
		}
	}
	if j.Kind == access.KindShared && j.Enabled {
		e.find("shared-account", sys, j.Name, "", access.Medium)
	}
	if j.Kind == access.KindService && j.Enabled && (j.Owner == nil || j.Owner.Status == access.StatusTerminated) {
		e.find("service-account-without-owner", sys, j.Name, "", access.Medium)
	}
}

func (e *Evaluator) leaver(j *judged, sys string, p *model.Person) {
	if j.Enabled {
		e.find("leaver-active", sys, j.Name, "", access.Critical)
	}
	if !p.EndDate.IsZero() && !j.LastLogin.IsZero() && date(j.LastLogin).After(p.EndDate) {
		e.find("post-termination-login", sys, j.Name, "", access.Critical)
	}
}

// contractExpired: a contractor whose last day is before today and whom HR still shows as working.
func (e *Evaluator) contractExpired(p *model.Person) bool {
	return p.EmploymentType == access.Contractor && p.Status != access.StatusTerminated &&
		!p.EndDate.IsZero() && p.EndDate.Before(e.today)
}

func (e *Evaluator) dormant(j *judged) bool {
	limit := e.now.Add(-dormantDays * 24 * time.Hour)
	if j.Never {
		return !j.CreatedAt.IsZero() && j.CreatedAt.Before(limit)
	}
	return !j.LastLogin.IsZero() && j.LastLogin.Before(limit)
}

func privileged(j *judged) bool {
	if j.Account.Privileged() {
		return true
	}
	for _, h := range j.held {
		if h.Effective && h.Of.Privileged {
			return true
		}
	}
	return false
}

// creep asks about every entitlement that one linked account holds.
func (e *Evaluator) creep(j *judged) {
	p := e.person
	if !j.Enabled || j.Kind == access.KindBreakGlass || !e.policy.Governs[j.System] ||
		p.Status == access.StatusTerminated || e.contractExpired(p) {
		return
	}
	for _, h := range j.held {
		if !h.Effective || e.expected[h.Of.Index] {
			continue
		}
		severity := access.Medium
		if h.Of.Privileged {
			severity = access.High
		}
		e.find("privilege-creep", j.System.String(), j.Name, h.Of.Name, severity)
	}
}

// missing asks what an active person, or one who starts soon, should hold and does not.
func (e *Evaluator) missing(linked []*judged) {
	p := e.person
	if p.Status != access.StatusActive && p.Status != access.StatusPrehire {
		return
	}
	held := map[*model.Entitlement]bool{}
	for _, j := range linked {
		for _, h := range j.held {
			held[h.Of] = true
		}
	}
	for _, x := range e.policy.Entitlements {
		if e.expected[x.Index] && !held[x] {
			e.find("missing-access", x.System.String(), p.ID, x.Name, access.Medium)
		}
	}
}

// conflicts asks which conflicting functions the person can exercise today.
func (e *Evaluator) conflicts(linked []*judged) {
	p := e.person
	holds := map[*model.Entitlement]bool{}
	for _, j := range linked {
		if !j.Enabled || j.Kind == access.KindBreakGlass {
			continue
		}
		for _, h := range j.held {
			if h.Effective {
				holds[h.Of] = true
			}
		}
	}
	for _, c := range e.policy.Conflicts {
		systems := map[string]bool{}
		all := true
		for _, name := range c.Functions {
			all = e.exercises(name, holds, systems) && all
		}
		if !all {
			continue
		}
		f := Finding{Rule: "sod-conflict", System: joined(systems), Subject: p.ID, Detail: c.ID, Severity: c.Severity, State: access.Open}
		for _, m := range p.Mitigated {
			if m.Conflict == c.ID && !m.Expires.Before(e.today) {
				f.State = access.Excepted
			}
		}
		e.emit(f)
	}
}

func (e *Evaluator) exercises(function string, holds map[*model.Entitlement]bool, systems map[string]bool) bool {
	found := false
	for _, f := range e.policy.Functions {
		if f.Name != function {
			continue
		}
		for _, x := range f.GivenBy {
			if holds[x] {
				found = true
				systems[x.System.String()] = true
			}
		}
	}
	return found
}

// quality asks about the person's HR row.
func (e *Evaluator) quality(p *model.Person) {
	hr := func(rule string, severity access.Severity) { e.find(rule, model.HR, p.ID, "", severity) }
	if p.Defects.DuplicateRow {
		hr("hr-duplicate-worker-id", access.Medium)
	}
	if !p.EndDate.IsZero() && p.EndDate.Before(p.StartDate) {
		hr("hr-end-before-start", access.Low)
	}
	if p.Status == access.StatusTerminated {
		return
	}
	if p.ManagerID == "" && !p.Head {
		hr("hr-missing-manager", access.Low)
	}
	if p.Defects.ManagerUnknown {
		hr("hr-unknown-manager", access.Low)
	}
	if p.Defects.OnManagerCycle {
		hr("hr-manager-cycle", access.Medium)
	}
	known := false
	for _, d := range e.policy.Departments {
		known = known || d == p.Department
	}
	if !known {
		hr("hr-unknown-department", access.Low)
	}
	if p.Defects.SharedAddress {
		hr("hr-duplicate-email", access.Medium)
	}
	if p.EmploymentType == access.Contractor && p.EndDate.IsZero() {
		hr("hr-contractor-without-end", access.Medium)
	}
}
