package spoof

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	stage "muster/internal/drill/spoof/house"
	"muster/remediate/approve"
	"muster/remediate/slack/slackfake"
)

// scene is the questions of one way in.
type scene struct {
	open   map[string]question
	closed map[string]question
	stepUp question
	other  question // whose token is used elsewhere
}

// set puts the questions. serve must not be running.
func (h *house) set(ctx context.Context) (s scene, err error) {
	s.open = map[string]question{}
	for _, f := range openForms() {
		if s.open[f.name], err = h.ask(ctx, f); err != nil {
			return s, err
		}
	}
	if s.other, err = h.ask(ctx, formOf("plain")); err != nil {
		return s, err
	}
	if s.stepUp, err = h.ask(ctx, formOf("step-up")); err != nil {
		return s, err
	}
	s.closed, err = h.closed(ctx)
	return s, err
}

func (h *house) overHTTP(ctx context.Context) error {
	s, err := h.set(ctx)
	if err != nil {
		return err
	}
	h.Chat.SetRequestURL(h.endpoint())
	if err := h.Serve(ctx, "http"); err != nil {
		return err
	}
	defer h.Stop()
	if err := h.rest(ctx); err != nil {
		return err
	}
	forged, err := h.forged(ctx, s.open)
	if err != nil {
		return err
	}
	if err := h.try(ctx, slices.Concat(forged, h.malformed(s.open["plain"]))); err != nil {
		return err
	}
	return h.interactions(ctx, s)
}

func (h *house) overSocket(ctx context.Context) error {
	s, err := h.set(ctx)
	if err != nil {
		return err
	}
	h.Chat.SetRequestURL("")
	if err := h.Serve(ctx, "socket"); err != nil {
		return err
	}
	defer h.Stop()
	return h.interactions(ctx, s)
}

// interactions are what both transports carry: attempts, then decisions of those who may, then attempts on what was decided.
func (h *house) interactions(ctx context.Context, s scene) error {
	if err := h.rest(ctx); err != nil {
		return err
	}
	repeated, err := h.repeated(ctx, s.open)
	if err != nil {
		return err
	}
	if err := h.try(ctx, repeated); err != nil { // at once: what is old is refused for that
		return err
	}
	if err := h.try(ctx, slices.Concat(h.mutated(s.open), h.tampered(s.open["plain"], s.other), h.people(s.open), h.over(s.closed, s.stepUp, s.open["plain"]),
		h.dialogs(s.open, s.closed))); err != nil {
		return err
	}
	press := func(q question, who string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := h.Chat.Click(ctx, q.on(h.Cast.Part(who).User, pressApprove, nil))
			return err
		}
	}
	if err := h.honest(ctx, "the first of two", s.open["two"], access.ApprovalWaiting, 1, press(s.open["two"], "ana")); err != nil {
		return err
	}
	if err := h.try(ctx, h.twice(s.open["two"])); err != nil {
		return err
	}
	for _, step := range []struct {
		name, who string
		n         int
	}{{"two", "ben", 2}, {"plain", "cleo", 1}, {"escalated", "later", 1}, {"request", "ana", 1}, {"exception", "ben", 1}} {
		if err := h.honest(ctx, step.name, s.open[step.name], access.ApprovalApproved, step.n, press(s.open[step.name], step.who)); err != nil {
			return err
		}
	}
	d, err := h.deny(ctx, s.open["own"])
	if err != nil {
		return err
	}
	return h.try(ctx, h.afterwards(s, d))
}

// twice lets the one who has decided decide once more.
func (h *house) twice(q question) []attempt {
	var out []attempt
	for i := range 3 {
		out = append(out, attempt{group: "twice: the button", name: fmt.Sprint(i), about: q.ID, why: approve.RefusedTwice, make: h.click(q.on(h.Cast.Part("ana").User, pressApprove, nil))})
	}
	return out
}

// deny lets ben deny a question, in the dialog, with a reason, and gives what was submitted.
func (h *house) deny(ctx context.Context, q question) (slackfake.Delivery, error) {
	ben := h.Cast.Part("ben").User
	var sent slackfake.Delivery
	err := h.honest(ctx, "denial", q, access.ApprovalDenied, 1, func(ctx context.Context) error {
		view, err := h.dialog(ctx, q, ben)
		if err != nil {
			return err
		}
		sent, err = h.Chat.Submit(ctx, slackfake.Submit{User: ben, View: view, Values: map[string]string{"reason": "they need it until Friday"}})
		return err
	})
	return sent, err
}

// dialog lets somebody open the dialog for a denial, and gives its id. A machine that is too slow asks for another click.
func (h *house) dialog(ctx context.Context, q question, user string) (string, error) {
	known := map[string]bool{}
	for _, v := range h.Chat.Workspace().Views(user) {
		known[v.ID] = true
	}
	for range 5 {
		if _, err := h.Chat.Click(ctx, q.on(user, pressDeny, nil)); err != nil {
			return "", err
		}
		for end := time.Now().Add(answerTime / 5); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			for _, v := range h.Chat.Workspace().Views(user) {
				if !known[v.ID] {
					return v.ID, nil
				}
			}
		}
	}
	return "", errors.New("no dialog was opened")
}

// afterwards are attempts on what has just been decided: with what decided it, and as somebody who would have it otherwise.
func (h *house) afterwards(s scene, denial slackfake.Delivery) []attempt {
	out := []attempt{{group: "after: the denial again", about: s.open["own"].ID, why: approve.RefusedReplay,
		make: func(ctx context.Context) error { return unanswered(h.Chat.Replay(ctx, denial.ID)) }}}
	for _, form := range []string{"plain", "two", "escalated", "request", "exception", "own"} {
		q := s.open[form]
		for _, who := range []string{"ana", "cleo"} {
			for _, action := range []string{pressApprove, pressDeny, pressSnooze} {
				c := q.on(h.Cast.Part(who).User, action, h.button(q))
				if action == pressSnooze {
					c.Forge.Set = map[string]any{"actions.0.selected_option": map[string]any{"value": "4h|" + h.Tokens.Button(q.ID)}}
				}
				out = append(out, attempt{group: "after: " + action, name: form + ", " + who, about: q.ID, why: approve.RefusedClosed, make: h.click(c)})
			}
		}
	}
	return out
}

// byCommand tries `muster decide`.
func (h *house) byCommand(ctx context.Context) error {
	s, err := h.set(ctx)
	if err != nil {
		return err
	}
	until := time.Now().Add(time.Hour)
	token := func(q question, who string) string { return h.Tokens.Personal(q.ID, h.Cast.Part(who).ID, until) }
	if err := h.try(ctx, slices.Concat(h.tokensOf("command", s.open["plain"], token(s.open["plain"], "ana"), 1), h.foreign(s, token), h.logins(s))); err != nil {
		return err
	}
	decide := func(q question, who string, args ...string) func(context.Context) error {
		return h.decides("as-spare", slices.Concat([]string{q.ID}, args, []string{"--token", token(q, who)})...)
	}
	for _, c := range []struct {
		name  string
		q     question
		state access.ApprovalState
		n     int
		do    func(context.Context) error
	}{
		{"a token", s.open["plain"], access.ApprovalApproved, 1, decide(s.open["plain"], "ana", "approve")},
		{"the first of two by token", s.open["two"], access.ApprovalWaiting, 1, decide(s.open["two"], "ana", "approve")},
		{"a user of the host", s.open["request"], access.ApprovalApproved, 1, h.decides("as-ben", s.open["request"].ID, "approve")},
		{"a denial by token", s.open["exception"], access.ApprovalDenied, 1, decide(s.open["exception"], "cleo", "deny", "--reason", "they need it until Friday")},
		{"who may once it is escalated", s.open["escalated"], access.ApprovalApproved, 1, decide(s.open["escalated"], "later", "approve")},
		{"a token where Slack is not enough", s.stepUp, access.ApprovalApproved, 1, decide(s.stepUp, "ben", "approve")},
	} {
		if err := h.honest(ctx, c.name, c.q, c.state, c.n, c.do); err != nil {
			return err
		}
	}
	var list []attempt
	for range 3 {
		list = append(list, h.decision("command: twice", s.open["two"], approve.RefusedTwice, "as-spare", "approve", "--token", token(s.open["two"], "ana")))
	}
	for _, q := range []question{s.open["plain"], s.open["request"], s.open["exception"], s.open["escalated"], s.stepUp} {
		for _, who := range []string{"ana", "ben"} {
			list = append(list, h.decision("command: after it was decided", q, approve.RefusedClosed, "as-spare", "approve", "--token", token(q, who)))
		}
	}
	if err := h.try(ctx, list); err != nil {
		return err
	}
	return h.honest(ctx, "the second of two, as a user of the host", s.open["two"], access.ApprovalApproved, 2, h.decides("as-ben", s.open["two"].ID, "approve"))
}

// byMail tries the tokens of messages that were sent.
func (h *house) byMail(ctx context.Context) error {
	stepUp, err := h.ask(ctx, formOf("step-up"))
	if err != nil {
		return err
	}
	two, err := h.ask(ctx, formOf("two"))
	if err != nil {
		return err
	}
	if err := h.Post.Sync(ctx, []access.Approval{stepUp.Approval, two.Approval}); err != nil {
		return err
	}
	of := map[string]string{} // tokens, by question and part
	for _, q := range []question{stepUp, two} {
		for _, who := range []string{"ana", "ben", "left"} {
			if of[q.ID+who], err = h.mailed(q, h.Cast.Part(who)); err != nil {
				return err
			}
		}
	}
	list := h.tokensOf("mail", stepUp, of[stepUp.ID+"ana"], 3)
	for _, verdict := range []string{"approve", "deny"} {
		list = append(list, h.decision("mail: of another question, "+verdict, stepUp, approve.RefusedToken, "as-spare", verdict, "--token", of[two.ID+"ana"], "--reason", "it is not needed"),
			h.decision("mail: of who has left, "+verdict, stepUp, approve.RefusedDeactivated, "as-spare", verdict, "--token", of[stepUp.ID+"left"], "--reason", "it is not needed"))
	}
	if err := h.try(ctx, list); err != nil {
		return err
	}
	if err := h.honest(ctx, "a mail", stepUp, access.ApprovalApproved, 1, h.decides("as-spare", stepUp.ID, "approve", "--token", of[stepUp.ID+"ben"])); err != nil {
		return err
	}
	if err := h.honest(ctx, "the first of two by mail", two, access.ApprovalWaiting, 1, h.decides("as-spare", two.ID, "approve", "--token", of[two.ID+"ana"])); err != nil {
		return err
	}
	return h.try(ctx, []attempt{
		h.decision("mail: used up", stepUp, approve.RefusedClosed, "as-spare", "approve", "--token", of[stepUp.ID+"ben"]),
		h.decision("mail: of the other, too late", stepUp, approve.RefusedClosed, "as-spare", "deny", "--token", of[stepUp.ID+"ana"], "--reason", "it is not needed"),
		h.decision("mail: twice", two, approve.RefusedTwice, "as-spare", "approve", "--token", of[two.ID+"ana"]),
		h.decision("mail: denied by who approved", two, approve.RefusedTwice, "as-spare", "deny", "--token", of[two.ID+"ana"], "--reason", "on second thoughts"),
	})
}

// mailed finds the token in the message to a person about a question.
func (h *house) mailed(q question, to stage.Person) (string, error) {
	messages, err := h.SMTP.Messages()
	if err != nil {
		return "", err
	}
	for _, m := range messages {
		text := strings.ReplaceAll(strings.ReplaceAll(string(m.Raw), "=\r\n", ""), "=\n", "") // quoted-printable, folded
		_, after, found := strings.Cut(text, "muster decide "+q.ID+" approve --token ")
		if found && slices.Contains(m.To, to.Email) {
			return strings.Fields(after)[0], nil
		}
	}
	return "", fmt.Errorf("no message to %s about %s has a token among %d", to.Name, q.ID, len(messages))
}
