package spoof

import (
	"context"
	"fmt"
	"time"

	"muster/internal/access"
	stage "muster/internal/drill/spoof/house"
	"muster/remediate"
	"muster/remediate/approve"
)

// question is one that was put and posted.
type question struct {
	access.Approval
	channel, ts string // of its message in Slack
}

// form is what questions differ in.
type form struct {
	name  string
	shape func(c stage.Cast, a *access.Approval)
}

// open are the forms of questions that wait for a decision which the parts ana and ben may make.
func openForms() []form {
	return []form{
		{"plain", func(stage.Cast, *access.Approval) {}},
		{"two", func(_ stage.Cast, a *access.Approval) { a.Need = 2 }},
		{"escalated", func(_ stage.Cast, a *access.Approval) { a.EscalateAt = time.Now().Add(-time.Minute) }},
		{"request", func(_ stage.Cast, a *access.Approval) {
			a.About, a.Subject, a.Title = access.AboutRequest, "RQ-"+a.ID[3:], "Asked for: vpn-users in vpn"
		}},
		{"exception", func(_ stage.Cast, a *access.Approval) {
			a.About, a.Subject, a.Title, a.Severity = access.AboutException, "RX-"+a.ID[3:], "A finding would be accepted", access.High
		}},
		{"own", func(c stage.Cast, a *access.Approval) { // the route names those whom it must not
			a.Approvers = append(a.Approvers, c.Part("subject").Approver(), c.Part("requester").Approver())
		}},
	}
}

// formOf finds a form by name: one of the open ones, or one that is not to be decided in Slack.
func formOf(name string) form {
	for _, f := range append(openForms(), form{"step-up", func(_ stage.Cast, a *access.Approval) { a.StepUp, a.Severity = true, access.Critical }}) {
		if f.name == name {
			return f
		}
	}
	panic("there is no form " + name)
}

// ask puts a question with one action behind it, and posts it.
func (h *house) ask(ctx context.Context, f form) (question, error) {
	h.asked++
	id := remediate.ShortID("AP-", "spoof", fmt.Sprint(h.o.Seed), fmt.Sprint(h.asked))
	login := h.Cast.Logins[h.asked%len(h.Cast.Logins)]
	subject := h.Cast.Part("subject")
	action := remediate.Record{Mode: access.ModeApprove, State: remediate.Waiting, Approval: id, Seen: remediate.Seen{Exists: true, Enabled: true}, Version: 1, ChangedAt: time.Now().UTC()}
	action.Action = access.Action{ID: "A-" + id[3:], Kind: access.DisableAccount, System: "vpn", Person: subject.ID, PersonName: subject.Called,
		Account: access.AccountRef{ID: login, Name: login}, Severity: access.Medium, Reason: "the drill says so", Key: "spoof " + id}
	a := access.Approval{ID: id, Key: "spoof " + id, About: access.AboutActions, Actions: []string{action.ID}, Title: "Disable " + login + " in vpn", Lines: []string{"disable " + login},
		Why: "the drill says so", Severity: access.Medium, System: "vpn", Person: subject.ID, PersonName: subject.Called, Requester: h.Cast.Part("requester").ID, Need: 1,
		Escalation: []access.Approver{h.Cast.Part("later").Approver()}, OnExpiry: access.ExpiryRefuse, ExpiresAt: time.Now().Add(12 * time.Hour).UTC()}
	for _, p := range h.Cast.All[:len(h.Cast.All)-stage.OffRoute] {
		a.Approvers = append(a.Approvers, p.Approver())
	}
	f.shape(h.Cast, &a)
	doc, err := action.Document()
	if err != nil {
		return question{}, err
	}
	if err := h.Store.SaveDocuments(ctx, doc); err != nil {
		return question{}, err
	}
	raised, err := h.Desk.Raise(ctx, []access.Approval{a})
	if err != nil {
		return question{}, err
	}
	return h.show(ctx, raised[0])
}

// show posts a question, and finds its message.
func (h *house) show(ctx context.Context, a access.Approval) (question, error) {
	if err := h.Board.Show(ctx, a); err != nil {
		return question{}, err
	}
	posted := h.Chat.Find("approval/" + a.ID)
	if len(posted) != 1 {
		return question{}, fmt.Errorf("%d messages show %s", len(posted), a.ID)
	}
	return question{a, posted[0].Channel, posted[0].TS}, nil
}

// closed puts questions that are over, each in another way. serve must not be running.
func (h *house) closed(ctx context.Context) (map[string]question, error) {
	out := map[string]question{}
	for _, name := range []string{"approved", "denied", "expired", "withdrawn"} {
		q, err := h.ask(ctx, formOf("plain"))
		if err != nil {
			return nil, err
		}
		claim := approve.Claim{Approval: q.ID, Verdict: access.Approve, Person: h.Cast.Part("ben").ID, Channel: access.ChannelCLI, Reason: "an answer of the drill's"}
		switch name {
		case "approved":
			q.Approval, err = h.Desk.Decide(ctx, claim)
			h.cleared[q.Actions[0]] = true
		case "denied":
			claim.Verdict = access.Deny
			q.Approval, err = h.Desk.Decide(ctx, claim)
		case "expired":
			q.Approval, err = h.expire(ctx, q.Approval)
		case "withdrawn":
			err = h.Desk.Withdraw(ctx, []access.Approval{q.Approval}, "the reason is gone")
		}
		if err != nil {
			return nil, fmt.Errorf("close a question: %w", err)
		}
		if q, err = h.reread(ctx, q); err != nil {
			return nil, err
		}
		out[name] = q
	}
	return out, nil
}

// expire lets a question run out: its time is set back, and the Desk looks at the clock.
func (h *house) expire(ctx context.Context, a access.Approval) (access.Approval, error) {
	a.ExpiresAt = time.Now().Add(-time.Second).UTC()
	a.Version++
	doc, err := remediate.ApprovalDocument(a, time.Now())
	if err == nil {
		err = h.Store.SaveDocuments(ctx, doc)
	}
	if err == nil {
		_, err = h.Desk.Tick(ctx)
	}
	return a, err
}

// reread reads a question as it stands and brings its message up to date.
func (h *house) reread(ctx context.Context, q question) (question, error) {
	list, err := remediate.Load[access.Approval](ctx, h.Store, access.DocumentQuery{Kind: access.DocApproval, ID: q.ID})
	if err != nil {
		return q, err
	}
	if len(list) != 1 {
		return q, fmt.Errorf("read %s: there are %d", q.ID, len(list))
	}
	return h.show(ctx, list[0])
}
