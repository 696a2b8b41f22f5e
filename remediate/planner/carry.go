package planner

import (
	"fmt"
	"slices"
	"strconv"
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
	// maxTries is on how many nights a change that fails is tried, exhaustedFor how long it is left alone then.
	maxTries     = 5
	exhaustedFor = 7 * 24 * time.Hour
	// orderedFor is how long an order is with people for sure, whatever became of its finding meanwhile: a feed that is wrong for a night and
	// right again must not order everything twice.
	orderedFor = 14 * 24 * time.Hour
)

// carry lets a proposal take over what stands for its key.
func (p *planning) carry(one *proposal) {
	was, known := p.standing[one.Key]
	switch {
	case one.State == remediate.Told || !known:
		p.anew(one)
		return
	case was.State == remediate.Applying:
		one.Record = was
		return
	}
	p.distrust(one)
	switch {
	case differs(was, one.Record), was.Approval != "" && overdue(one, was):
		p.anew(one) // what was agreed to, or denied, is not this
	case live(was.State):
		p.keep(one, was)
	case was.State == remediate.Failed:
		p.again(one, was)
	case was.State == remediate.Refused && !p.reopened(one, was) && p.resting(was):
		one.Record = was
	case (was.State == remediate.Done || was.State == remediate.Ordered) && !p.after(was):
		one.Record = was // done, and no snapshot has looked since
	case was.State == remediate.Ordered && (!p.reopened(one, was) || p.in.Now.Before(was.ChangedAt.Add(orderedFor))):
		one.Record = was // the order is with people; the snapshot shows that they have not done it yet
	case was.State == remediate.Skipped && !p.readSince(was.System, was.ChangedAt):
		one.Record = was // nothing new is known until the next reading
	default:
		p.anew(one)
	}
}

// anew gives a proposal an id that no other action has.
func (p *planning) anew(one *proposal) {
	one.ID = remediate.ShortID("A-", p.in.Run.ID, one.Key)
	for n := 2; ; n++ {
		if _, used := p.byID[one.ID]; !used {
			p.byID[one.ID] = one.Record
			return
		}
		one.ID = remediate.ShortID("A-", p.in.Run.ID, one.Key, strconv.Itoa(n))
	}
}

// distrust asks about what would be done without asking, where people took back or denied the same the last time.
func (p *planning) distrust(one *proposal) {
	last, known := p.settled[one.Key]
	if !known || one.Mode != access.ModeAuto || overdue(one, last) {
		return
	}
	switch {
	case last.State == remediate.Undone:
		one.Mode = access.ModeApprove
		one.Reason += fmt.Sprintf(" (done before as %s and undone: so it is asked)", last.ID)
	case last.State == remediate.Refused && p.approved[last.Approval].State == access.ApprovalDenied:
		one.Mode = access.ModeApprove
		one.Reason += fmt.Sprintf(" (denied before in %s: so it is asked)", last.Approval)
	}
}

// overdue reports whether it was decided after what stands, or stood, that the access ends; what was done already stays done.
func overdue(one *proposal, was remediate.Record) bool {
	return one.end.After(was.ChangedAt) && was.State != remediate.Done && was.State != remediate.Ordered
}

// differs reports whether an action of the same key would change another thing.
func differs(was, now remediate.Record) bool {
	return now.Kind == access.SetExpiry && !was.ExpiresAt.Equal(now.ExpiresAt)
}

// reopened reports whether the finding was mended and came back after a record was settled.
func (p *planning) reopened(one *proposal, was remediate.Record) bool {
	return one.c != nil && one.c.Finding.Change == access.ChangeReopened && was.ChangedAt.Before(p.in.Run.StartedAt)
}

// after reports whether the system was read whole after an action was done.
func (p *planning) after(r remediate.Record) bool {
	return r.Receipt != nil && p.readSince(r.System, r.Receipt.At)
}

func (p *planning) readSince(system string, at time.Time) bool {
	return p.in.Systems[system].Facts.Used.StartedAt.After(at)
}

// goOn lets a proposal go on as the record that stands for it: what it does stays, what is known about it is of tonight.
func (one *proposal) goOn(was remediate.Record) {
	fresh := one.Record
	one.Record = was
	one.Reason, one.Severity, one.NotBefore, one.Seen, one.Policy, one.DueAt, one.After = fresh.Reason, fresh.Severity, fresh.NotBefore, fresh.Seen, fresh.Policy, fresh.DueAt, ""
	if fresh.Account.ID != "" {
		one.Account = fresh.Account
	}
	if was.Approval == "" {
		one.Mode = fresh.Mode
	}
	one.State, one.Why = fresh.State, fresh.Why
}

// keep goes on with a live record. A finding that needs no decision any more, or none yet, moves it.
func (p *planning) keep(one *proposal, was remediate.Record) {
	if was.State == remediate.Blocked && was.Tries >= maxTries {
		if p.in.Run.AsOf.Before(was.ChangedAt.Add(exhaustedFor)) {
			one.Record = was
		} else {
			p.anew(one)
		}
		return
	}
	one.goOn(was)
	if was.Hold != "" && !p.let(was) {
		one.Hold = ""
	}
	if one.State != remediate.Blocked && was.Approval != "" {
		one.State, one.Why = p.answered(was)
	}
}

// let reports whether the release of a guardrail's hold lets a record go on: the hold must have held it, with all that it held.
func (p *planning) let(r remediate.Record) bool {
	h, ok := p.released[r.Hold]
	switch {
	case !ok || h.Cause != causeTooMany:
		return false
	case r.State == remediate.Held:
		return p.held[h.ID] == h.Digest
	case r.State == remediate.Blocked: // on the night of the release, or since
		return p.barred[h.ID] == h.Digest
	}
	return true // it went on before
}

// answered is the state of an action that was asked about. Without a question on file that names it nobody agreed to it.
func (p *planning) answered(r remediate.Record) (remediate.State, string) {
	a, ok := p.approved[r.Approval]
	if !ok {
		return remediate.Blocked, "the question " + r.Approval + " is not on file: nobody agreed to this"
	}
	return Decided(a, r)
}

// Decided is the state that an approval gives to a record: none but those that it asks about, and nobody's silence deletes anything.
func Decided(a access.Approval, r remediate.Record) (remediate.State, string) {
	switch {
	case !slices.Contains(a.Actions, r.ID):
		return remediate.Blocked, a.ID + " does not ask about this: nobody agreed to it"
	case a.State == access.ApprovalExpired && r.Kind == access.DeleteAccount:
		return remediate.Refused, "nobody decided in time in " + a.ID
	}
	return Answer(a)
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
	one.goOn(was)
	switch {
	case one.State == remediate.Blocked:
	case was.Tries >= maxTries:
		one.State, one.Why = remediate.Blocked, fmt.Sprintf("it failed %d times, last: %s", was.Tries, was.Why)
	case was.Approval != "":
		one.State, one.Why = p.answered(was)
	}
}

// resting reports whether what was denied, or not answered, is still left alone.
func (p *planning) resting(was remediate.Record) bool {
	rest := unansweredFor
	if p.approved[was.Approval].State == access.ApprovalDenied {
		rest = deniedFor
	}
	return p.in.Run.AsOf.Before(was.ChangedAt.Add(rest))
}

// Days is a duration for people: whole days as such.
func Days(d time.Duration) string {
	if d%(24*time.Hour) != 0 {
		return d.String()
	}
	n := int(d / (24 * time.Hour))
	if n == 1 {
		return "1 day"
	}
	return fmt.Sprintf("%d days", n)
}
