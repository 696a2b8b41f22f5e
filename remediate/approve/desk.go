package approve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/ledger/commit"
	"muster/remediate"
)

// Desk takes questions and decisions.
type Desk struct {
	Records remediate.Records
	Ledger  remediate.Ledger
	People  People
	Tokens  *Tokens
	Now     func() time.Time

	mu sync.Mutex
}

// minReason is the shortest reason that tells an auditor anything.
const minReason = 5

// Raise puts questions. Each must have its ID; Version, RaisedAt and State are set here. The ledger has them before they are stored. One
// that was put before, by a process that died afterwards, comes back as it stands.
func (d *Desk) Raise(ctx context.Context, questions []access.Approval) ([]access.Approval, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now().UTC()
	have, err := d.present(ctx, questions)
	if err != nil {
		return nil, err
	}
	out := make([]access.Approval, len(questions))
	var fresh []access.Approval
	for i, a := range questions {
		if old, ok := have[a.ID]; ok {
			out[i] = old
			continue
		}
		a.State, a.Version = access.ApprovalWaiting, 1
		if a.RaisedAt.IsZero() {
			a.RaisedAt = now
		}
		out[i] = a
		fresh = append(fresh, a)
	}
	return out, d.keep(ctx, now, ledger.Approval, "raised", fresh...)
}

// keyChunk is how many keys one question to the records names.
const keyChunk = 500

// present reads approvals as they stand now, by id.
func (d *Desk) present(ctx context.Context, list []access.Approval) (map[string]access.Approval, error) {
	out := map[string]access.Approval{}
	for part := range slices.Chunk(list, keyChunk) {
		keys := make([]string, len(part))
		for i, a := range part {
			keys[i] = a.Key
		}
		all, err := remediate.Load[access.Approval](ctx, d.Records, access.DocumentQuery{Kind: access.DocApproval, Keys: keys})
		if err != nil {
			return nil, err
		}
		for _, a := range all {
			out[a.ID] = a
		}
	}
	return out, nil
}

// Decide takes a claim, or refuses it with a *Refusal, which is on the ledger then.
func (d *Desk) Decide(ctx context.Context, c Claim) (access.Approval, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now().UTC()
	a, found, err := d.load(ctx, c.Approval)
	if err != nil {
		return a, err
	}
	who, refusal, err := d.judge(ctx, a, found, c, now)
	if err != nil {
		return a, err
	}
	if refusal != nil {
		refusal.Approval = c.Approval
		return a, errors.Join(refusal, d.enter(ctx, Attempt{Channel: c.Channel, Approval: c.Approval, Who: c.Person, Why: refusal.Why, At: now}))
	}
	decision := access.Decision{ID: remediate.ShortID("D-", a.ID, c.Person, string(c.Verdict)), Approval: a.ID, Verdict: c.Verdict, By: who.Person, ByName: who.Name,
		Role: who.Role, Channel: c.Channel, At: now, Reason: strings.TrimSpace(c.Reason)}
	if err := d.record(ctx, decision); err != nil {
		return a, err
	}
	a.Decisions = append(a.Decisions, decision)
	switch {
	case c.Verdict == access.Deny:
		a.State = access.ApprovalDenied
	case a.Approvals() >= a.Need:
		a.State = access.ApprovalApproved
	}
	a.Version++
	return a, d.store(ctx, now, a)
}

// judge says as whom a claim is taken, or why it is refused. The order is that of what an outsider may learn: first whether the question
// is theirs at all.
func (d *Desk) judge(ctx context.Context, a access.Approval, found bool, c Claim, now time.Time) (access.Approver, *Refusal, error) {
	no := func(why RefusalKind, format string, args ...any) (access.Approver, *Refusal, error) {
		return access.Approver{}, &Refusal{Why: why, Detail: fmt.Sprintf(format, args...)}, nil
	}
	if !found {
		return no(RefusedUnknown, "there is no question %s", c.Approval)
	}
	if c.Verdict != access.Approve && c.Verdict != access.Deny {
		return no(RefusedShape, "a decision is approve or deny, not %q", c.Verdict)
	}
	if c.Channel != access.ChannelCLI {
		if about, err := d.Tokens.Check(c.Token); err != nil || about != a.ID {
			return no(RefusedToken, "this button is not one of %s", a.ID)
		}
	}
	if c.Person == "" {
		return no(RefusedStranger, "nobody is bound to who asks")
	}
	if c.Person == a.Person {
		return no(RefusedSelf, "nobody decides on their own access")
	}
	if c.Person == a.Requester {
		return no(RefusedRequester, "nobody approves what they asked for")
	}
	p, known, err := d.People.Find(ctx, c.Person)
	if err != nil {
		return access.Approver{}, nil, fmt.Errorf("find who decides: %w", err)
	}
	if !known || !able(p) {
		return no(RefusedDeactivated, "HR does not have %s as active", c.Person)
	}
	who, may := a.May(c.Person)
	if !may {
		return no(RefusedRoute, "%s is decided by %s", a.ID, names(a.Approvers))
	}
	if a.State != access.ApprovalWaiting {
		return no(RefusedClosed, "%s", closed(a))
	}
	if !a.ExpiresAt.IsZero() && !now.Before(a.ExpiresAt) {
		return no(RefusedClosed, "the time to decide ran out at %s", a.ExpiresAt.Format("2006-01-02 15:04 UTC"))
	}
	for _, x := range a.Decisions {
		if x.By == c.Person {
			return no(RefusedTwice, "you have decided already; another person must approve too")
		}
	}
	if a.StepUp && !c.StepUp {
		return no(RefusedStepUp, "this one is decided with: muster decide %s %s --token ...", a.ID, c.Verdict)
	}
	if c.Verdict == access.Deny && len(strings.TrimSpace(c.Reason)) < minReason {
		return no(RefusedShape, "a denial needs a reason")
	}
	return who, nil, nil
}

// closed says how a question ended.
func closed(a access.Approval) string {
	if n := len(a.Decisions); n > 0 {
		last := a.Decisions[n-1]
		if last.ByName != "" {
			return fmt.Sprintf("%s was answered by %s at %s", a.ID, last.ByName, last.At.Format("2006-01-02 15:04 UTC"))
		}
	}
	return fmt.Sprintf("%s is %s", a.ID, a.State)
}

func names(list []access.Approver) string {
	var out []string
	for _, x := range list {
		out = append(out, x.Name)
	}
	switch len(out) {
	case 0:
		return "nobody yet"
	case 1:
		return out[0]
	}
	return strings.Join(out[:len(out)-1], ", ") + " or " + out[len(out)-1]
}

// Snooze lets a person not be reminded before a moment. It decides nothing.
func (d *Desk) Snooze(ctx context.Context, approval, person string, until time.Time) (access.Approval, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now().UTC()
	a, found, err := d.load(ctx, approval)
	if err != nil {
		return a, err
	}
	why := RefusalKind("")
	if _, may := a.May(person); !found {
		why = RefusedUnknown
	} else if !may {
		why = RefusedRoute
	} else if a.State != access.ApprovalWaiting {
		why = RefusedClosed
	}
	if why != "" {
		refusal := &Refusal{Why: why, Approval: approval, Detail: "there is nothing for you to put off"}
		return a, errors.Join(refusal, d.enter(ctx, Attempt{Channel: access.ChannelSlack, Approval: approval, Who: person, Why: why, At: now}))
	}
	snoozed := map[string]time.Time{person: until.UTC()}
	for p, t := range a.Snoozed {
		if p != person {
			snoozed[p] = t
		}
	}
	a.Snoozed = snoozed
	a.Version++
	return a, d.store(ctx, now, a)
}

// Refuse enters an attempt that a channel refused by itself.
func (d *Desk) Refuse(ctx context.Context, a Attempt) error { return d.enter(ctx, a) }

func (d *Desk) enter(ctx context.Context, a Attempt) error {
	_, err := d.Ledger.Append(ctx, ledger.Event{Time: a.At, Type: ledger.Refusal, Data: map[string]any{"approval": a.Approval, "channel": string(a.Channel),
		"who": commit.Of(cmp.Or(a.Who, "unknown"), a.Who), "why": string(a.Why)}})
	if err != nil {
		return fmt.Errorf("enter the refusal on the ledger: %w", err)
	}
	return nil
}

func (d *Desk) record(ctx context.Context, x access.Decision) error {
	digest, err := remediate.Digest(x)
	if err != nil {
		return err
	}
	_, err = d.Ledger.Append(ctx, ledger.Event{Time: x.At, Type: ledger.Decision, Data: map[string]any{"decision": x.ID, "approval": x.Approval, "verdict": string(x.Verdict),
		"by": commit.Of(x.By, x.By), "role": x.Role, "channel": string(x.Channel), "sha256": commit.Of(digest, x.By)}})
	if err != nil {
		return fmt.Errorf("enter the decision on the ledger: %w", err)
	}
	return nil
}

func (d *Desk) load(ctx context.Context, id string) (access.Approval, bool, error) {
	if id == "" {
		return access.Approval{}, false, nil
	}
	all, err := remediate.Load[access.Approval](ctx, d.Records, access.DocumentQuery{Kind: access.DocApproval, ID: id})
	if err != nil || len(all) == 0 {
		return access.Approval{}, false, err
	}
	return all[0], true, nil
}

// keep enters one event for each question and stores them.
func (d *Desk) keep(ctx context.Context, now time.Time, kind ledger.Type, what string, list ...access.Approval) error {
	var events []ledger.Event
	for _, a := range list {
		digest, err := remediate.Digest(a)
		if err != nil {
			return err
		}
		events = append(events, ledger.Event{Time: now, Type: kind, Run: a.Run, Data: map[string]any{"approval": a.ID, "what": what, "state": string(a.State),
			"actions": len(a.Actions), "need": a.Need, "sha256": commit.Of(digest, a.Person)}})
	}
	if len(events) == 0 {
		return nil
	}
	if _, err := d.Ledger.Append(ctx, events...); err != nil {
		return fmt.Errorf("enter approvals on the ledger: %w", err)
	}
	return d.store(ctx, now, list...)
}

func (d *Desk) store(ctx context.Context, now time.Time, list ...access.Approval) error {
	docs := make([]access.Document, 0, len(list))
	for _, a := range list {
		doc, err := remediate.ApprovalDocument(a, now)
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	if err := d.Records.SaveDocuments(ctx, docs...); err != nil {
		return fmt.Errorf("store approvals: %w", err)
	}
	return nil
}
