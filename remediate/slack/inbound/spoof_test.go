package inbound_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/access"
	"muster/remediate/approve"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// spoof is one attempt that must not count.
type spoof struct {
	why      approve.RefusalKind
	httpOnly bool
	ask      func(*access.Approval)
	user     func(o *office) string // who presses; W-1 when nil
	action   string
	forge    func(o *office, a access.Approval, m *state.Message) *slackfake.Forgery
	decided  bool // by somebody who may, before
}

func empty() *string { return new(string) }

func as(worker string) func(*office) string { return func(o *office) string { return o.users[worker] } }

func user(u state.User) func(*office) string {
	return func(o *office) string { return o.fake.AddUser(u).ID }
}

// bound is a user of the workspace whom the configuration binds to an approver.
func bound(u state.User) func(*office) string {
	return func(o *office) string {
		u.ID = o.users["W-1"]
		return o.fake.AddUser(u).ID
	}
}

func set(path string, value any) func(*office, access.Approval, *state.Message) *slackfake.Forgery {
	return func(*office, access.Approval, *state.Message) *slackfake.Forgery {
		return &slackfake.Forgery{Set: map[string]any{path: value}}
	}
}

func forged(f slackfake.Forgery) func(*office, access.Approval, *state.Message) *slackfake.Forgery {
	return func(*office, access.Approval, *state.Message) *slackfake.Forgery { return &f }
}

func spoofs() map[string]spoof {
	wrong := "v0=" + strings.Repeat("0", 64)
	v1 := "v1=" + strings.Repeat("0", 64)
	out := map[string]spoof{
		"signed with another secret":         {why: approve.RefusedSignature, httpOnly: true, forge: forged(slackfake.Forgery{Secret: "guessed"})},
		"without a signature":                {why: approve.RefusedSignature, httpOnly: true, forge: forged(slackfake.Forgery{Signature: empty()})},
		"a signature of zeros":               {why: approve.RefusedSignature, httpOnly: true, forge: forged(slackfake.Forgery{Signature: &wrong})},
		"a signature of another version":     {why: approve.RefusedSignature, httpOnly: true, forge: forged(slackfake.Forgery{Signature: &v1})},
		"changed after it was signed":        {why: approve.RefusedSignature, httpOnly: true, forge: forged(slackfake.Forgery{From: "muster_details", To: "muster_approve"}), action: "muster_details"},
		"signed six minutes ago":             {why: approve.RefusedStale, httpOnly: true, forge: forged(slackfake.Forgery{Age: 6 * time.Minute})},
		"signed six minutes ahead":           {why: approve.RefusedStale, httpOnly: true, forge: forged(slackfake.Forgery{Age: -6 * time.Minute})},
		"pressed ten minutes ago":            {why: approve.RefusedStale, forge: set("actions.0.action_ts", fmt.Sprint(time.Now().Add(-10*time.Minute).Unix(), ".000100"))},
		"pressed ten minutes ahead":          {why: approve.RefusedStale, forge: set("actions.0.action_ts", fmt.Sprint(time.Now().Add(10*time.Minute).Unix(), ".000100"))},
		"pressed at no time":                 {why: approve.RefusedStale, forge: set("actions.0.action_ts", "yesterday")},
		"on another message":                 {why: approve.RefusedStale, forge: set("container.message_ts", "1700000000.000100")},
		"on a copy in another channel":       {why: approve.RefusedStale, forge: set("container.channel_id", "C0COPY")},
		"from another workspace":             {why: approve.RefusedTeam, forge: set("team.id", "T0OTHER")},
		"from no workspace":                  {why: approve.RefusedTeam, forge: set("team", nil)},
		"from another app":                   {why: approve.RefusedTeam, forge: set("api_app_id", "A0OTHER")},
		"from an organisation":               {why: approve.RefusedTeam, forge: set("enterprise", map[string]any{"id": "E0OTHER"})},
		"by a user of another workspace":     {why: approve.RefusedTeam, forge: set("user.team_id", "T0OTHER")},
		"by a bound id of another home":      {why: approve.RefusedTeam, user: bound(state.User{TeamID: "T0OTHER"}), forge: forged(slackfake.Forgery{})},
		"by nobody we know":                  {why: approve.RefusedStranger, user: user(state.User{Name: "petra.novak"})},
		"by a user whom Slack does not know": {why: approve.RefusedStranger, forge: set("user.id", "U0NOBODY")},
		"by a stranger of a shared channel":  {why: approve.RefusedStranger, user: bound(state.User{IsStranger: true})},
		"by a guest":                         {why: approve.RefusedGuest, user: bound(state.User{IsRestricted: true})},
		"by a guest of one channel":          {why: approve.RefusedGuest, user: bound(state.User{IsUltraRestricted: true})},
		"by a bot":                           {why: approve.RefusedGuest, user: bound(state.User{IsBot: true}), forge: forged(slackfake.Forgery{})},
		"by a deactivated user":              {why: approve.RefusedDeactivated, user: bound(state.User{Deleted: true}), forge: forged(slackfake.Forgery{})},
		"by someone who left, says HR":       {why: approve.RefusedDeactivated, user: as("W-left")},
		"details for someone who left":       {why: approve.RefusedDeactivated, user: as("W-left"), action: "muster_details"},
		"a dialog for someone who left":      {why: approve.RefusedDeactivated, user: as("W-left"), action: "muster_deny"},
		"by the subject":                     {why: approve.RefusedSelf, user: as("W-subject")},
		"by the subject on the route": {why: approve.RefusedSelf, user: as("W-subject"), ask: func(a *access.Approval) {
			a.Approvers = append(a.Approvers, access.Approver{Person: "W-subject", Name: "Kemi Okafor", Role: "owner"})
		}},
		"by the requester":                      {why: approve.RefusedRequester, user: as("W-asker")},
		"by someone not on the route":           {why: approve.RefusedRoute, user: as("W-3")},
		"a dialog for someone not on it":        {why: approve.RefusedRoute, user: as("W-3"), action: "muster_deny"},
		"details for someone else":              {why: approve.RefusedSelf, user: as("W-subject"), action: "muster_details"},
		"after it was answered":                 {why: approve.RefusedClosed, decided: true},
		"a dialog after it was answered":        {why: approve.RefusedClosed, decided: true, action: "muster_deny"},
		"after its time":                        {why: approve.RefusedClosed, ask: func(a *access.Approval) { a.ExpiresAt = time.Now().Add(-time.Second) }},
		"a token that is tampered with":         {why: approve.RefusedToken, forge: set("actions.0.value", "AP-00000001.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")},
		"an id instead of a token":              {why: approve.RefusedToken, forge: set("actions.0.value", "AP-00000001")},
		"a type that we do not know":            {why: approve.RefusedShape, forge: set("type", "message_action")},
		"an action that we do not know":         {why: approve.RefusedShape, forge: set("actions.0.action_id", "muster_become_root")},
		"no action":                             {why: approve.RefusedShape, forge: set("actions", []any{})},
		"without a user":                        {why: approve.RefusedShape, forge: set("user", nil)},
		"without a trigger":                     {why: approve.RefusedShape, forge: set("trigger_id", nil)},
		"without a token":                       {why: approve.RefusedShape, forge: set("actions.0.value", "")},
		"a token without an end":                {why: approve.RefusedShape, forge: set("actions.0.value", strings.Repeat("A", 5000))},
		"from a view instead of a message":      {why: approve.RefusedShape, forge: set("container.type", "view")},
		"a user id without an end":              {why: approve.RefusedShape, forge: set("user.id", strings.Repeat("U", 5000))},
		"two actions at once, one of them ours": {why: approve.RefusedShape, forge: set("actions", []any{map[string]any{"action_id": "muster_approve", "value": "x"}, map[string]any{"action_id": "muster_approve", "value": "x"}})},
		"an array instead of an interaction":    {why: approve.RefusedShape, forge: set("user", []any{})},
	}
	out["the token of another question"] = spoof{why: approve.RefusedStale, forge: func(o *office, _ access.Approval, _ *state.Message) *slackfake.Forgery {
		other, _ := o.ask(nil)
		return &slackfake.Forgery{Set: map[string]any{"actions.0.value": o.desk.Tokens.Button(other.ID)}}
	}}
	out["the token of a question that is not there"] = spoof{why: approve.RefusedUnknown, forge: func(o *office, _ access.Approval, _ *state.Message) *slackfake.Forgery {
		return &slackfake.Forgery{Set: map[string]any{"actions.0.value": o.desk.Tokens.Button("AP-NOWHERE1")}}
	}}
	out["a button that a step-up question does not have"] = spoof{why: approve.RefusedStepUp, ask: func(a *access.Approval) { a.StepUp = true }, forge: element}
	out["a denial of a step-up question"] = spoof{why: approve.RefusedStepUp, ask: func(a *access.Approval) { a.StepUp = true }, forge: element, action: "muster_deny"}
	return out
}

// element forges a button that the message does not have.
func element(o *office, a access.Approval, _ *state.Message) *slackfake.Forgery {
	return &slackfake.Forgery{Element: map[string]any{"type": "button", "value": o.desk.Tokens.Button(a.ID), "text": map[string]any{"type": "plain_text", "text": "Approve"}}}
}

func TestNothingForgedIsTaken(t *testing.T) {
	for name, socket := range map[string]bool{"http": false, "socket": true} {
		for title, s := range spoofs() {
			if socket && s.httpOnly {
				continue
			}
			t.Run(name+"/"+title, func(t *testing.T) { s.try(t, newOffice(t, socket)) })
		}
	}
}

func (s spoof) try(t *testing.T, o *office) {
	o.run(o.door.Work)
	a, m := o.ask(s.ask)
	c := slackfake.Click{User: o.users["W-1"], Channel: m.Channel, TS: m.TS, ActionID: "muster_approve"}
	if s.action != "" {
		c.ActionID = s.action
	}
	if s.forge != nil {
		c.Forge = s.forge(o, a, &m)
	} else if s.decided || s.action != "" {
		c.Forge = element(o, a, &m)
	}
	if s.user != nil {
		c.User = s.user(o)
	}
	if s.decided {
		if _, err := o.desk.Decide(t.Context(), approve.Claim{Approval: a.ID, Verdict: access.Approve, Person: "W-2", Channel: access.ChannelCLI, StepUp: true}); err != nil {
			t.Fatal(err)
		}
	}
	before := o.approval(a.ID)
	_, _ = o.fake.Click(t.Context(), c) // whether it is acknowledged does not matter here
	o.until("the refusal", func() bool { return len(o.refusals()) > 0 })
	time.Sleep(20 * time.Millisecond) // for what might be decided all the same
	if got := o.refusals(); !slices.Equal(got, []string{string(s.why)}) {
		t.Errorf("refused as %q, want %q", got, s.why)
	}
	if after := o.approval(a.ID); after.Version != before.Version {
		t.Errorf("the question changed: %+v", after)
	}
	if views := o.fake.Workspace().Views(c.User); len(views) > 0 {
		t.Errorf("a dialog was opened")
	}
	if w := o.whispers(); strings.Contains(w, "Ana Silva") && s.why != approve.RefusedRoute && s.why != approve.RefusedClosed {
		t.Errorf("it says too much: %s", w)
	}
}

func TestReplaysAreRefused(t *testing.T) {
	o := newOffice(t, false)
	o.run(o.door.Work)
	a, m := o.ask(func(a *access.Approval) { a.Need = 2 })
	d := o.click(m, "W-1", "muster_approve")
	o.until("the decision", func() bool { return len(o.approval(a.ID).Decisions) == 1 })
	// The same bytes; the same interaction signed anew; the same trigger for another button.
	if _, err := o.fake.Replay(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	again := bytes.Replace(d.Payload, []byte(`"muster_approve"`), []byte(`"muster_details"`), 1)
	for _, text := range [][]byte{d.Payload, again} {
		body := []byte("payload=" + url.QueryEscape(string(text)))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.URL, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		wire.SignHeader(req.Header, o.fake.SigningSecret(), time.Now().Unix(), body)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	want := []string{"replay", "replay", "replay"}
	if got := o.refusals(); !slices.Equal(got, want) {
		t.Fatalf("refused as %q", got)
	}
	if n := len(o.approval(a.ID).Decisions); n != 1 {
		t.Fatalf("%d decisions", n)
	}
}

func TestADialogIsAnsweredOnce(t *testing.T) {
	o := newOffice(t, false)
	o.run(o.door.Work)
	a, m := o.ask(nil)
	o.click(m, "W-2", "muster_deny")
	o.until("the dialog", func() bool { return len(o.fake.Workspace().Views(o.users["W-2"])) == 1 })
	view := o.fake.Workspace().Views(o.users["W-2"])[0]
	sub := slackfake.Submit{User: o.users["W-2"], View: view.ID, Values: map[string]string{"reason": "not before Friday"}, Forge: &slackfake.Forgery{}}
	for range 3 {
		if _, err := o.fake.Submit(t.Context(), sub); err != nil {
			t.Fatal(err)
		}
	}
	o.until("the decision", func() bool { return o.approval(a.ID).State == access.ApprovalDenied })
	if got := o.refusals(); !slices.Equal(got, []string{"replay", "replay"}) {
		t.Fatalf("refused as %q", got)
	}
	// Another person's dialog with this one's token: it is bound to who submits, not to who opened it.
	sub.User, sub.View = o.users["W-subject"], "V0FORGED"
	sub.Forge = &slackfake.Forgery{Set: map[string]any{"view.private_metadata": o.desk.Tokens.Button(a.ID), "view.callback_id": "muster_deny",
		"view.state": map[string]any{"values": map[string]any{"reason": map[string]any{"reason": map[string]any{"type": "plain_text_input", "value": "it is mine"}}}}}}
	if _, err := o.fake.Submit(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	o.until("the refusal", func() bool { return len(o.refusals()) == 3 })
	if got := o.refusals()[2]; got != string(approve.RefusedSelf) {
		t.Fatalf("refused as %q", got)
	}
}

func TestRequestsThatAreNoInteractions(t *testing.T) {
	o := newOffice(t, false)
	post := func(method, contentType string, body []byte, sign bool) int {
		t.Helper()
		w := &recorder{header: http.Header{}}
		req, err := http.NewRequestWithContext(t.Context(), method, "/", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		if sign {
			wire.SignHeader(req.Header, o.fake.SigningSecret(), time.Now().Unix(), body)
		}
		o.door.ServeHTTP(w, req)
		return w.status
	}
	const form = "application/x-www-form-urlencoded"
	for name, c := range map[string]struct {
		method, contentType, body string
		sign                      bool
		status, refused           int
	}{
		"a visit":             {http.MethodGet, form, "", true, http.StatusMethodNotAllowed, 0},
		"too long":            {http.MethodPost, form, strings.Repeat("x", 600<<10), true, http.StatusRequestEntityTooLarge, 1},
		"not a form":          {http.MethodPost, "application/json", `{"type":"block_actions"}`, true, http.StatusBadRequest, 1},
		"two payloads":        {http.MethodPost, form, "payload={}&payload={}", true, http.StatusBadRequest, 1},
		"no payload":          {http.MethodPost, form, "a=b", true, http.StatusBadRequest, 1},
		"a payload of null":   {http.MethodPost, form, "payload=null", true, http.StatusOK, 1},
		"a payload of a list": {http.MethodPost, form, "payload=[]", true, http.StatusOK, 1},
		"deeply nested":       {http.MethodPost, form, "payload=" + strings.Repeat("[", 100000), true, http.StatusOK, 1},
		"not signed":          {http.MethodPost, form, "payload={}", false, http.StatusUnauthorized, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(o.refusals())
			if got := post(c.method, c.contentType, []byte(c.body), c.sign); got != c.status {
				t.Errorf("status %d, want %d", got, c.status)
			}
			if got := len(o.refusals()) - before; got != c.refused {
				t.Errorf("%d refusals, want %d", got, c.refused)
			}
		})
	}
}

type recorder struct {
	header http.Header
	status int
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *recorder) WriteHeader(status int)      { r.status = status }
