package planner

import (
	"fmt"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
)

const (
	// deniedFor is how long a denial stands before the same is asked again; a finding that was mended and came back is asked at once.
	deniedFor = 90 * 24 * time.Hour
	// unansweredFor is how long after an expiry the same is asked again.
	unansweredFor = 7 * 24 * time.Hour
	// maxTries is on how many nights a change that fails is tried.
	maxTries = 5
)

// carry lets a proposal take over what stands for its key. It reports whether the action is new: nobody has agreed to it yet.
func (p *planning) carry(one *proposal) bool {
	was, known := p.standing[one.Key]
	if !known || one.State == remediate.Told {
		one.ID = newID(p.in.Run.ID, one.Key)
		return one.State == remediate.Planned
	}
	episode := one.c != nil && !one.c.Finding.FirstSeen.IsZero() && was.ChangedAt.Before(one.c.Finding.FirstSeen) && one.c.Finding.Change == access.ChangeReopened
	switch {
	case was.State == remediate.Applying:
		one.Record = was
		return false
	case live(was.State):
		return p.keep(one, was)
	case was.State == remediate.Failed:
		p.again(one, was)
		return false
	case was.State == remediate.Refused && !episode:
		return p.refused(one, was)
	case (was.State == remediate.Done || was.State == remediate.Ordered) && !p.after(was):
		one.Record = was // done, and no snapshot has looked since
		return false
	case was.State == remediate.Ordered && !episode:
		one.Record = was // the order is with people; the snapshot shows that they have not done it yet
		return false
	case was.Run == p.in.Run.ID && was.State == remediate.Skipped:
		one.Record = was // nothing new is known until the next reading
		return false
	case was.State == remediate.Undone && one.Mode == access.ModeAuto:
		one.Mode = access.ModeApprove
		one.Reason += fmt.Sprintf(" (done before as %s and undone: so it is asked)", was.ID)
	}
	one.ID = newID(p.in.Run.ID, one.Key)
	return one.State == remediate.Planned
}

// after reports whether the system was read whole after an action was done.
func (p *planning) after(r remediate.Record) bool {
	used := p.in.Systems[r.System].Facts.Used
	return r.Receipt != nil && used.StartedAt.After(r.Receipt.At)
}

// keep goes on with a live record. A finding that needs no decision any more, or none yet, moves it.
func (p *planning) keep(one *proposal, was remediate.Record) bool {
	blocked, why, mode := one.State == remediate.Blocked, one.Why, one.Mode
	fresh := one.Record
	one.Record = was
	one.Reason, one.Severity, one.NotBefore, one.Seen, one.Policy = fresh.Reason, fresh.Severity, fresh.NotBefore, fresh.Seen, fresh.Policy
	one.Mode = mode
	switch {
	case blocked:
		one.State, one.Why = remediate.Blocked, why
		return false
	case was.Approval != "":
		one.State, one.Why = p.answered(was)
		return false
	case was.State == remediate.Held:
		one.State, one.Why = remediate.Planned, ""
		for _, h := range p.in.Holds {
			if h.System == was.System || h.System == "" {
				return true // counted again with what is new
			}
		}
		return false // it was released
	case was.State == remediate.Blocked:
		one.State, one.Why = remediate.Planned, ""
		return true
	}
	one.State, one.Why = remediate.Planned, ""
	return false
}

// answered is the state of an action that was asked about.
func (p *planning) answered(r remediate.Record) (remediate.State, string) {
	for _, a := range p.in.Approvals {
		if a.ID != r.Approval {
			continue
		}
		return Answer(a)
	}
	return remediate.Planned, ""
}

// Answer is the state that an approval gives to the actions that it asks about.
func Answer(a access.Approval) (remediate.State, string) {
	switch {
	case approve.Cleared(a):
		return remediate.Planned, ""
	case a.State == access.ApprovalWaiting:
		return remediate.Waiting, ""
	case a.State == access.ApprovalDenied:
		return remediate.Refused, "denied in " + a.ID
	case a.State == access.ApprovalExpired:
		return remediate.Refused, "nobody decided in time in " + a.ID
	}
	return remediate.Dropped, "the question was withdrawn"
}

// again tries what failed once more, under the decision that it had.
func (p *planning) again(one *proposal, was remediate.Record) {
	fresh := one.Record
	one.Record = was
	one.Seen, one.NotBefore, one.Reason = fresh.Seen, fresh.NotBefore, fresh.Reason
	if fresh.State == remediate.Blocked {
		one.State, one.Why = fresh.State, fresh.Why
		return
	}
	if was.Tries >= maxTries {
		one.State, one.Why = remediate.Blocked, fmt.Sprintf("it failed %d times, last: %s", was.Tries, was.Why)
		return
	}
	one.State, one.Why = remediate.Planned, ""
}

// refused leaves alone for a time what was denied or not answered.
func (p *planning) refused(one *proposal, was remediate.Record) bool {
	rest := unansweredFor
	for _, a := range p.in.Approvals {
		if a.ID == was.Approval && a.State == access.ApprovalDenied {
			rest = deniedFor
		}
	}
	if p.in.Run.AsOf.Before(was.ChangedAt.Add(rest)) {
		one.Record = was
		return false
	}
	one.ID = newID(p.in.Run.ID, one.Key)
	return one.State == remediate.Planned
}

func days(d time.Duration) string {
	if d%(24*time.Hour) != 0 {
		return d.String()
	}
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
