package spoof

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"muster/remediate/approve"
	"muster/remediate/slack/slackfake"
)

// The action ids of Muster's buttons and menus, as the messages have them.
const (
	pressApprove = "muster_approve"
	pressDeny    = "muster_deny"
	pressDetails = "muster_details"
	pressSnooze  = "muster_snooze"
)

// click makes an attempt of a click. What is not honest about it lifts the workspace's own checks; that the app did not acknowledge is an
// answer.
func (h *house) click(c slackfake.Click) func(context.Context) error {
	return func(ctx context.Context) error { return unanswered(h.Chat.Click(ctx, c)) }
}

// unanswered takes it for an answer that the app did not acknowledge.
func unanswered(_ slackfake.Delivery, err error) error {
	if errors.Is(err, slackfake.ErrNoAck) {
		return nil
	}
	return err
}

// on is a click on a question's message.
func (q question) on(user, action string, forge *slackfake.Forgery) slackfake.Click {
	return slackfake.Click{User: user, Channel: q.channel, TS: q.ts, ActionID: action, Forge: forge}
}

// button is an element that the message does not have, with a token of the question.
func (h *house) button(q question) *slackfake.Forgery {
	return &slackfake.Forgery{Element: map[string]any{"type": "button", "value": h.Tokens.Button(q.ID), "text": map[string]any{"type": "plain_text", "text": "Approve"}}}
}

// field is a place of a payload that is changed, with why that must be refused. The refusal names the question only where what was sent is of
// our workspace and well formed.
type field struct {
	name  string
	path  string
	value func() any
	why   approve.RefusalKind
	about bool
}

func fields() []field {
	at := func(d time.Duration) func() any {
		return func() any { return fmt.Sprint(time.Now().Add(d).Unix(), ".000100") }
	}
	is := func(v any) func() any { return func() any { return v } }
	long := func(text string) func() any { return is(strings.Repeat(text, 5000)) }
	one := map[string]any{"action_id": pressApprove, "value": "x", "action_ts": "1.1"}
	return []field{
		{"pressed ten minutes ago", "actions.0.action_ts", at(-10 * time.Minute), approve.RefusedStale, true},
		{"pressed ten minutes ahead", "actions.0.action_ts", at(10 * time.Minute), approve.RefusedStale, true},
		{"pressed at no time", "actions.0.action_ts", is("yesterday"), approve.RefusedStale, true},
		{"on another message", "container.message_ts", is("1700000000.000100"), approve.RefusedStale, true},
		{"on a copy in another channel", "container.channel_id", is("C0COPY"), approve.RefusedStale, true},
		{"from another workspace", "team.id", is("T0OTHER"), approve.RefusedTeam, false},
		{"from no workspace", "team", is(nil), approve.RefusedTeam, false},
		{"from another app", "api_app_id", is("A0OTHER"), approve.RefusedTeam, false},
		{"from no app", "api_app_id", is(nil), approve.RefusedTeam, false},
		{"from an organisation", "enterprise", is(map[string]any{"id": "E0OTHER"}), approve.RefusedTeam, false},
		{"by a user of another workspace", "user.team_id", is("T0OTHER"), approve.RefusedTeam, true},
		{"by a user whom nobody knows", "user.id", is("U0NOBODY"), approve.RefusedStranger, true},
		{"by the app itself", "user.id", is("U0MUSTER1"), approve.RefusedGuest, true},
		{"a type that is not known", "type", is("message_action"), approve.RefusedShape, false},
		{"a suggestion", "type", is("block_suggestion"), approve.RefusedShape, false},
		{"an action that is not known", "actions.0.action_id", is("muster_become_root"), approve.RefusedShape, false},
		{"an action in capitals", "actions.0.action_id", is("MUSTER_APPROVE"), approve.RefusedShape, false},
		{"no action", "actions", is([]any{}), approve.RefusedShape, false},
		{"two actions", "actions", is([]any{one, one}), approve.RefusedShape, false},
		{"without a user", "user", is(nil), approve.RefusedShape, false},
		{"a list instead of a user", "user", is([]any{}), approve.RefusedShape, false},
		{"a user without an end", "user.id", long("U"), approve.RefusedShape, false},
		{"without a trigger", "trigger_id", is(nil), approve.RefusedShape, false},
		{"a trigger without an end", "trigger_id", long("1"), approve.RefusedShape, false},
		{"without a token", "actions.0.value", is(""), approve.RefusedShape, false},
		{"a token without an end", "actions.0.value", long("A"), approve.RefusedShape, false},
		{"a number instead of a token", "actions.0.value", is(7), approve.RefusedShape, false},
		{"from a view instead of a message", "container.type", is("view"), approve.RefusedShape, false},
		{"from no channel", "container.channel_id", is(nil), approve.RefusedShape, false},
		{"at no time at all", "actions.0.action_ts", is(nil), approve.RefusedShape, false},
	}
}

// mutated changes one field of an honest click, for each form of question.
func (h *house) mutated(questions map[string]question) []attempt {
	var out []attempt
	for _, form := range []string{"plain", "two", "escalated", "request"} {
		q := questions[form]
		for _, f := range fields() {
			a := attempt{group: "field: " + f.name, name: form, why: f.why, make: func(ctx context.Context) error {
				return h.click(q.on(h.Cast.Part("ana").User, pressApprove, &slackfake.Forgery{Set: map[string]any{f.path: f.value()}}))(ctx)
			}}
			if f.about {
				a.about = q.ID
			}
			out = append(out, a)
		}
	}
	return out
}

// tampered changes the button's token, a byte at a time, at every place, and puts others in its place.
func (h *house) tampered(q, other question) []attempt {
	token := h.Tokens.Button(q.ID)
	set := func(group, name, value, about string, why approve.RefusalKind) attempt {
		forge := &slackfake.Forgery{Set: map[string]any{"actions.0.value": value}}
		return attempt{group: group, name: name, about: about, why: why, make: h.click(q.on(h.Cast.Part("ana").User, pressApprove, forge))}
	}
	var out []attempt
	for i := range len(token) {
		out = append(out, set("token: a byte", fmt.Sprint("at ", i), h.flip(token, i), "", approve.RefusedToken))
	}
	for name, value := range map[string]string{"an id instead of a token": q.ID, "cut short": token[:len(token)-1], "with one more byte": token + "A", "of another installation": approve.NewTokens([]byte("another key")).Button(q.ID),
		"a personal token": h.Tokens.Personal(q.ID, h.Cast.Part("ana").ID, time.Now().Add(time.Hour)), "in small letters": strings.ToLower(token), "with a space": " " + token,
		"with the other's id": other.ID + token[strings.Index(token, "."):], "nothing but the seal": token[strings.Index(token, "."):], "twice": token + "." + token} {
		out = append(out, set("token: "+name, name, value, "", approve.RefusedToken))
	}
	return append(out, set("token: of another question", "", h.Tokens.Button(other.ID), other.ID, approve.RefusedStale),
		set("token: of no question", "", h.Tokens.Button("AP-NOWHERE1"), "AP-NOWHERE1", approve.RefusedUnknown))
}

// alphabet is what tokens are written in.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// flip puts another byte into a text.
func (h *house) flip(text string, at int) string {
	for {
		if b := alphabet[h.Rand.IntN(len(alphabet))]; b != text[at] {
			return text[:at] + string(b) + text[at+1:]
		}
	}
}

// wrong are people who may not decide, with why, by what they press. A part that is missing may press that: it decides nothing.
func wrong() map[string]map[string]approve.RefusalKind {
	all := func(why approve.RefusalKind) map[string]approve.RefusalKind {
		return map[string]approve.RefusalKind{pressApprove: why, pressDeny: why, pressDetails: why, pressSnooze: why}
	}
	self, asker := all(approve.RefusedSelf), all(approve.RefusedRequester)
	self[pressSnooze], asker[pressSnooze] = approve.RefusedRoute, approve.RefusedRoute // a reminder is theirs who may decide
	later := all(approve.RefusedRoute)
	delete(later, pressDetails)
	return map[string]map[string]approve.RefusalKind{
		"nobody": all(approve.RefusedStranger), "shared": all(approve.RefusedStranger), "guest": all(approve.RefusedGuest), "ultra": all(approve.RefusedGuest),
		"robot": all(approve.RefusedGuest), "deleted": all(approve.RefusedDeactivated), "abroad": all(approve.RefusedTeam), "left": all(approve.RefusedDeactivated),
		"subject": self, "requester": asker, "off": all(approve.RefusedRoute), "later": later,
	}
}

// people let each of those who may not decide press everything, on each form of question.
func (h *house) people(questions map[string]question) []attempt {
	var out []attempt
	for who, presses := range wrong() {
		user := h.Cast.Nobody
		if who != "nobody" {
			user = h.Cast.Part(who).User
		}
		for action, why := range presses {
			for _, form := range []string{"plain", "two", "request", "exception"} {
				q := questions[form]
				c := q.on(user, action, &slackfake.Forgery{})
				if action == pressSnooze {
					c.Value = "4h|" + h.Tokens.Button(q.ID)
				}
				out = append(out, attempt{group: "people: " + who + " presses " + action, name: form, about: q.ID, why: why, make: h.click(c)})
			}
		}
	}
	// Whom the route names all the same: a question is never theirs.
	q := questions["own"]
	for who, why := range map[string]approve.RefusalKind{"subject": approve.RefusedSelf, "requester": approve.RefusedRequester} {
		out = append(out, attempt{group: "people: " + who + " on the route", name: "own", about: q.ID, why: why, make: h.click(q.on(h.Cast.Part(who).User, pressApprove, nil))})
	}
	return out
}

// over are clicks on questions that are over, on one that is not decided in Slack, and with choices that there are not.
func (h *house) over(closed map[string]question, stepUp, plain question) []attempt {
	var out []attempt
	ana := h.Cast.Part("ana").User
	for name, q := range closed {
		for _, who := range []string{"ana", "ben", "cleo"} {
			for _, action := range []string{pressApprove, pressDeny} {
				out = append(out, attempt{group: "over: " + name + ", " + action, name: who, about: q.ID, why: approve.RefusedClosed, make: h.click(q.on(h.Cast.Part(who).User, action, h.button(q)))})
			}
		}
	}
	for _, action := range []string{pressApprove, pressDeny} {
		out = append(out, attempt{group: "step-up: " + action, about: stepUp.ID, why: approve.RefusedStepUp, make: h.click(stepUp.on(ana, action, h.button(stepUp)))})
	}
	for name, value := range map[string]string{"for ever": "forever|" + h.Tokens.Button(plain.ID), "for no time": h.Tokens.Button(plain.ID), "for nothing": "4h|"} {
		c := plain.on(ana, pressSnooze, &slackfake.Forgery{Set: map[string]any{"actions.0.selected_option.value": value}})
		c.Value = "4h|" + h.Tokens.Button(plain.ID)
		out = append(out, attempt{group: "snooze: " + name, why: approve.RefusedShape, make: h.click(c)})
	}
	return out
}

// dialogs are submissions of a dialog that were never made by whom they claim.
func (h *house) dialogs(questions, closed map[string]question) []attempt {
	submit := func(q question, who string, set map[string]any) func(context.Context) error {
		values := map[string]any{"view.private_metadata": h.Tokens.Button(q.ID), "view.callback_id": "muster_deny",
			"view.state": map[string]any{"values": map[string]any{"reason": map[string]any{"reason": map[string]any{"type": "plain_text_input", "value": "it is not needed"}}}}}
		maps.Copy(values, set)
		return func(ctx context.Context) error {
			h.asked++
			sub := slackfake.Submit{User: h.Cast.Part(who).User, View: fmt.Sprint("V0FORGED", h.asked), Forge: &slackfake.Forgery{Set: values}}
			return unanswered(h.Chat.Submit(ctx, sub))
		}
	}
	var out []attempt
	for _, form := range []string{"plain", "two", "request", "own"} {
		q := questions[form]
		for who, why := range map[string]approve.RefusalKind{"subject": approve.RefusedSelf, "requester": approve.RefusedRequester, "off": approve.RefusedRoute, "left": approve.RefusedDeactivated,
			"guest": approve.RefusedGuest, "later": approve.RefusedRoute, "shared": approve.RefusedStranger} {
			out = append(out, attempt{group: "dialog: of " + who, name: form, about: q.ID, why: why, make: submit(q, who, nil)})
		}
	}
	q := questions["plain"]
	token := h.Tokens.Button(q.ID)
	for i := 0; i < len(token); i += 5 {
		out = append(out, attempt{group: "dialog: a byte of the token", name: fmt.Sprint("at ", i), why: approve.RefusedToken, make: submit(q, "ana", map[string]any{"view.private_metadata": h.flip(token, i)})})
	}
	for name, set := range map[string]map[string]any{"of another kind": {"view.callback_id": "muster_approve"}, "of no kind": {"view.callback_id": nil}, "without an id": {"view.id": ""},
		"without a token": {"view.private_metadata": ""}} {
		out = append(out, attempt{group: "dialog: " + name, why: approve.RefusedShape, make: submit(q, "ana", set)})
	}
	for name, q := range closed {
		out = append(out, attempt{group: "dialog: " + name, about: q.ID, why: approve.RefusedClosed, make: submit(q, "ana", nil)})
	}
	return append(out, attempt{group: "dialog: of a question that is not there", about: "AP-NOWHERE1", why: approve.RefusedUnknown,
		make: submit(q, "ana", map[string]any{"view.private_metadata": h.Tokens.Button("AP-NOWHERE1")})},
		attempt{group: "dialog: from another workspace", why: approve.RefusedTeam, make: submit(q, "ana", map[string]any{"team.id": "T0OTHER"})})
}
