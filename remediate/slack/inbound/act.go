package inbound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/approve"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
)

// triggerTime is how long Slack lets us answer with a dialog, with a margin for the way.
const triggerTime = 2500 * time.Millisecond

// answer does what an interaction wants, or refuses it. An error says that it is to be tried again.
func (d *Door) answer(ctx context.Context, x Interaction) error {
	id, err := d.Tokens.Check(x.Token)
	if err != nil {
		return d.turnDown(ctx, x, "", x.Channel, approve.RefusedToken)
	}
	worker, why, err := d.identify(ctx, x)
	if err != nil {
		return err
	}
	if why != "" {
		return d.turnDown(ctx, x, id, x.Channel, why)
	}
	found, err := remediate.Load[access.Approval](ctx, d.Records, access.DocumentQuery{Kind: access.DocApproval, ID: id})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return d.turnDown(ctx, x, id, x.Channel, approve.RefusedUnknown)
	}
	a := found[0]
	refs, settled, err := d.Board.Refs(ctx, a, worker)
	if err != nil {
		return err
	}
	switch {
	case x.Channel == "" && len(refs) > 0: // a dialog has no message; the question has
		x.Channel = refs[0].Channel
	case slices.Contains(refs, notice.Ref{Channel: x.Channel, ID: x.TS}):
	case !settled:
		return &access.Error{System: "slack", Op: "find the message of " + id, Kind: access.Transient, Err: errors.New("it is still being sent")}
	default:
		return d.turnDown(ctx, x, id, x.Channel, approve.RefusedStale)
	}
	switch x.Want {
	case wantApprove:
		return d.decide(ctx, x, a, worker, access.Approve)
	case wantDeny:
		return d.decide(ctx, x, a, worker, access.Deny)
	case wantSnooze:
		return d.snooze(ctx, x, a, worker)
	}
	return d.dialog(ctx, x, a, worker)
}

// decide puts a claim before the Desk. One that was taken by a process that died before the inbox knew is refused here: it counts once.
func (d *Door) decide(ctx context.Context, x Interaction, a access.Approval, worker string, verdict access.Verdict) error {
	decided, err := d.Desk.Decide(ctx, approve.Claim{Approval: a.ID, Verdict: verdict, Person: worker, Channel: access.ChannelSlack, Reason: x.Reason, Token: x.Token})
	if refusal := refused(err); refusal != nil {
		d.tell(x, x.Channel, "Not taken: "+refusal.Detail+".")
		d.shows.add(a) // who answers an old question sees an old message
		return nil
	}
	if err != nil {
		return err
	}
	d.step(StepDecided)
	if d.Decided != nil {
		d.Decided(decided)
	}
	if decided.State == access.ApprovalWaiting {
		d.tell(x, x.Channel, "Taken. "+notice.Needed(decided)+".")
	}
	d.shows.add(decided)
	return nil
}

// refused gives the Desk's refusal, unless that could not be entered on the ledger: then it is tried again.
func refused(err error) *approve.Refusal {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 1 {
		return nil
	}
	refusal, _ := errors.AsType[*approve.Refusal](err)
	return refusal
}

func (d *Door) snooze(ctx context.Context, x Interaction, a access.Approval, worker string) error {
	until := x.At.Add(x.For)
	_, err := d.Desk.Snooze(ctx, a.ID, worker, until)
	if refusal := refused(err); refusal != nil {
		d.tell(x, x.Channel, "Not taken: "+refusal.Detail+".")
		return nil
	}
	if err != nil {
		return err
	}
	text := "You will be reminded at " + notice.Stamp(until) + "."
	if !a.ExpiresAt.IsZero() && until.After(a.ExpiresAt) {
		text = fmt.Sprintf("You will not be reminded: it waits %s.", notice.Deadline(a))
	}
	d.tell(x, x.Channel, text)
	return nil
}

// dialog shows the details, or asks for the reason of a denial. Both are for those who may decide.
func (d *Door) dialog(ctx context.Context, x Interaction, a access.Approval, worker string) error {
	_, may := a.May(worker)
	later := slices.ContainsFunc(a.Escalation, func(y access.Approver) bool { return y.Person == worker })
	switch {
	case worker == a.Person && !may:
		return d.turnDown(ctx, x, a.ID, x.Channel, approve.RefusedSelf)
	case worker == a.Requester && !may:
		return d.turnDown(ctx, x, a.ID, x.Channel, approve.RefusedRequester)
	case !may && (!later || x.Want == wantAsk):
		return d.turnDown(ctx, x, a.ID, x.Channel, approve.RefusedRoute)
	case x.Want == wantAsk && a.State != access.ApprovalWaiting:
		d.shows.add(a)
		return d.turnDown(ctx, x, a.ID, x.Channel, approve.RefusedClosed)
	case x.Want == wantAsk && a.StepUp:
		return d.turnDown(ctx, x, a.ID, x.Channel, approve.RefusedStepUp)
	}
	if d.Now().Sub(x.At) > triggerTime {
		d.tell(x, x.Channel, "That took too long. Please press it once more.")
		return nil
	}
	view := blocks.DenyView(a, x.Token)
	if x.Want == wantDetails {
		view = blocks.DetailsView(a, blocks.Context{People: d.Client.Settings().People, Links: notice.Links{Console: d.Client.Settings().Console}})
	}
	if err := d.Client.OpenView(ctx, x.Trigger, view); err != nil { // the trigger is used up: nothing is gained by trying again
		d.Log.WarnContext(ctx, "dialog could not be opened", "error", err)
		d.tell(x, x.Channel, "The dialog could not be opened. Please press it once more.")
	}
	return nil
}

// turnDown refuses an interaction, on the ledger, and says so to who may know that there is a question.
func (d *Door) turnDown(ctx context.Context, x Interaction, approval, channel string, why approve.RefusalKind) error {
	attempt := approve.Attempt{Channel: access.ChannelSlack, Approval: approval, Who: x.Team + "/" + x.User, Why: why, At: d.Now().UTC()}
	if err := d.Desk.Refuse(ctx, attempt); err != nil {
		return err
	}
	if text := words(why); text != "" {
		d.tell(x, channel, "Not taken: "+text)
	}
	return nil
}

// words say why somebody was refused, and not more than concerns them.
func words(why approve.RefusalKind) string {
	switch why {
	case approve.RefusedTeam:
		return ""
	case approve.RefusedStranger, approve.RefusedGuest, approve.RefusedDeactivated:
		return "your Slack account is not one that decides here."
	case approve.RefusedStale:
		return "this is not the present message of the question. Please use the present one."
	case approve.RefusedSelf:
		return "nobody decides on their own access."
	case approve.RefusedRequester:
		return "nobody approves what they asked for."
	case approve.RefusedRoute:
		return "this is for others to decide."
	case approve.RefusedClosed:
		return "the question has been answered."
	case approve.RefusedStepUp:
		return "this one is not decided in Slack. Your token has come by mail."
	}
	return "this button cannot be used."
}
