package slack

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
)

// event is one line of an approval's history, as its thread has it.
type event struct {
	key, text string
	broadcast bool
}

// thread lists what has happened to an approval by now, in order. What is listed once is listed again, under the same key, as long as the
// approval says so.
func (b *Board) thread(a access.Approval, p place) []event {
	now, c := b.Now(), b.context()
	var out []event
	add := func(key, text string) { out = append(out, event{key: key + p.suffix, text: text}) }
	raised := "Asked " + notice.Stamp(a.RaisedAt)
	if a.Run != "" {
		raised += " by run " + blocks.Clean(a.Run)
	}
	if a.Requester != "" {
		raised += " for " + blocks.Clean(a.Requester)
	}
	add("raised/"+a.ID, raised)
	for _, d := range a.Decisions {
		if d.Verdict != access.Expire {
			add("decision/"+a.ID+"/"+d.ID, blocks.Decided(d, c))
		}
	}
	if a.State == access.ApprovalWaiting {
		out = append(out, b.reminders(a, p, now)...)
		return out
	}
	if a.State == access.ApprovalExpired || a.State == access.ApprovalWithdrawn {
		add("closed/"+a.ID, blocks.Clean(notice.Answer(a)))
	}
	if a.Outcome != "" && a.State != access.ApprovalWithdrawn {
		add("outcome/"+a.ID+"/"+remediate.Hash(a.Outcome)[:16], blocks.Clean(a.Outcome))
	}
	return out
}

// reminders call those who can still decide: once when it is time, and each whose snooze is over; when it is escalated, those who may
// decide besides.
func (b *Board) reminders(a access.Approval, p place, now time.Time) []event {
	var out []event
	pending := func(list []access.Approver) []access.Approver {
		var who []access.Approver
		for _, x := range list {
			decided := slices.ContainsFunc(a.Decisions, func(d access.Decision) bool { return d.By == x.Person })
			if !decided && now.After(a.Snoozed[x.Person]) && (p.person == "" || p.person == x.Person) {
				who = append(who, x)
			}
		}
		return who
	}
	deadline := notice.Deadline(a)
	if a.Reminded || !a.RemindAt.IsZero() && !now.Before(a.RemindAt) {
		// Who put it off is reminded when they said.
		who := slices.DeleteFunc(pending(a.Approvers), func(x access.Approver) bool { return !a.Snoozed[x.Person].IsZero() })
		if len(who) > 0 {
			out = append(out, event{key: "reminder/" + a.ID + "/1" + p.suffix, text: fmt.Sprintf("Reminder: %s, this waits %s", b.call(who), deadline)})
		}
	}
	for _, x := range pending(slices.Concat(a.Approvers, a.Escalation)) {
		until, snoozed := a.Snoozed[x.Person]
		if _, may := a.May(x.Person); snoozed && may {
			out = append(out, event{key: fmt.Sprintf("reminder/%s/%s/%d", a.ID, x.Person, until.Unix()), text: fmt.Sprintf("%s, you wanted to be reminded: this waits %s", b.call([]access.Approver{x}), deadline)})
		}
	}
	if a.Escalated {
		text := "Nobody has decided yet"
		if who := pending(a.Escalation); len(who) > 0 {
			text = fmt.Sprintf("Escalated: nobody has decided yet. %s may decide now too; this waits %s", b.call(who), deadline)
		}
		out = append(out, event{key: "escalation/" + a.ID + p.suffix, text: text, broadcast: p.person == ""})
	}
	return out
}

// call names persons so that Slack tells them.
func (b *Board) call(who []access.Approver) string {
	people := b.Client.Settings().People
	var names []string
	for _, x := range who {
		if user := people[x.Person]; user != "" {
			names = append(names, blocks.Mention(user))
		} else {
			names = append(names, blocks.Clean(x.Name))
		}
	}
	return strings.Join(names, ", ")
}
