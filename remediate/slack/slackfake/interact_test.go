package slackfake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// received is a request as an app got it.
type received struct {
	header  http.Header
	body    []byte
	genuine bool // slack-go's verifier says so
	payload slack.InteractionCallback
}

// endpoint is an app that takes interactions over HTTP and verifies them with slack-go.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	answer string
	status int
	wait   time.Duration
}

func listen(t *testing.T, w world) *endpoint {
	t.Helper()
	e := &endpoint{status: http.StatusOK}
	e.Server = httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r := received{header: req.Header, body: body}
		if verifier, err := slack.NewSecretsVerifier(req.Header, w.SigningSecret()); err == nil {
			_, _ = verifier.Write(body)
			r.genuine = verifier.Ensure() == nil
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			t.Error(err)
		}
		if err := json.Unmarshal([]byte(form.Get("payload")), &r.payload); err != nil {
			t.Error(err)
		}
		e.mu.Lock()
		e.got = append(e.got, r)
		answer, status, wait := e.answer, e.status, e.wait
		e.mu.Unlock()
		time.Sleep(wait)
		res.WriteHeader(status)
		_, _ = io.WriteString(res, answer)
	}))
	t.Cleanup(e.Close)
	w.SetRequestURL(e.URL)
	return e
}

func (e *endpoint) last(t *testing.T) received {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.got) == 0 {
		t.Fatal("nothing arrived")
	}
	return e.got[len(e.got)-1]
}

func TestSignedClicksAndTheirForgeries(t *testing.T) {
	w := open(t, slackfake.Options{})
	e := listen(t, w)
	ts := w.ask(t, "a-1")
	button := map[string]any{"type": "button", "text": map[string]any{"type": "plain_text", "text": "Approve"}, "value": "tok-forged"}
	empty, wrong := "", "v0=00"
	for _, c := range []struct {
		name    string
		forge   *slackfake.Forgery
		user    string
		action  string
		genuine bool
		check   func(p slack.InteractionCallback) bool
	}{
		{"honest", nil, w.ada.ID, "approve", true, func(p slack.InteractionCallback) bool {
			return p.User.ID == w.ada.ID && p.Team.ID == w.Team().ID && p.Token != "" && p.ActionCallback.BlockActions[0].Value == "tok-1" && p.TriggerID != "" && p.Message.Text != ""
		}},
		{"wrong secret", &slackfake.Forgery{Secret: "not-the-secret"}, w.ada.ID, "approve", false, nil},
		{"stale", &slackfake.Forgery{Age: 6 * time.Minute}, w.ada.ID, "approve", false, nil},
		{"from the future", &slackfake.Forgery{Age: -6 * time.Minute}, w.ada.ID, "approve", false, nil},
		{"almost stale", &slackfake.Forgery{Age: 4 * time.Minute}, w.ada.ID, "approve", true, nil},
		{"unsigned", &slackfake.Forgery{Signature: &empty}, w.ada.ID, "approve", false, nil},
		{"signed with nothing", &slackfake.Forgery{Signature: &wrong}, w.ada.ID, "approve", false, nil},
		{"tampered", &slackfake.Forgery{From: "tok-1", To: "tok-9"}, w.ada.ID, "approve", false, func(p slack.InteractionCallback) bool {
			return p.ActionCallback.BlockActions[0].Value == "tok-9"
		}},
		{"another team", &slackfake.Forgery{Set: map[string]any{"team.id": "T0EVIL001", "user.team_id": "T0EVIL001"}}, w.ada.ID, "approve", true, func(p slack.InteractionCallback) bool {
			return p.Team.ID == "T0EVIL001" && p.User.TeamID == "T0EVIL001"
		}},
		{"another app", &slackfake.Forgery{Set: map[string]any{"api_app_id": "A0EVIL001"}}, w.ada.ID, "approve", true, func(p slack.InteractionCallback) bool {
			return p.APIAppID == "A0EVIL001"
		}},
		{"another user", &slackfake.Forgery{}, "U0NOTHERE", "approve", true, func(p slack.InteractionCallback) bool { return p.User.ID == "U0NOTHERE" }},
		{"another value", &slackfake.Forgery{Set: map[string]any{"actions.0.value": "tok-2"}}, w.ada.ID, "approve", true, func(p slack.InteractionCallback) bool {
			return p.ActionCallback.BlockActions[0].Value == "tok-2"
		}},
		{"no user", &slackfake.Forgery{Set: map[string]any{"user": nil}}, w.ada.ID, "approve", true, func(p slack.InteractionCallback) bool { return p.User.ID == "" }},
		{"a button that never was", &slackfake.Forgery{Element: button}, w.ada.ID, "grant", true, func(p slack.InteractionCallback) bool {
			return p.ActionCallback.BlockActions[0].ActionID == "grant" && p.ActionCallback.BlockActions[0].Value == "tok-forged"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := w.Click(t.Context(), slackfake.Click{User: c.user, Channel: w.ops.ID, TS: ts, ActionID: c.action, Forge: c.forge})
			if err != nil || d.Status != http.StatusOK {
				t.Fatalf("%+v, %v", d, err)
			}
			got := e.last(t)
			if got.genuine != c.genuine {
				t.Errorf("slack-go's verifier says %v, want %v", got.genuine, c.genuine)
			}
			if c.check != nil && !c.check(got.payload) {
				t.Errorf("arrived as %+v", got.payload)
			}
		})
	}
	if _, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, ActionID: "approve", Forge: &slackfake.Forgery{Set: map[string]any{"actions.5.value": "x"}}}); err == nil {
		t.Error("a forgery of a place that is not there passes")
	}
}

func TestReplayIsTheSameToTheByte(t *testing.T) {
	w := open(t, slackfake.Options{})
	e := listen(t, w)
	d, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: w.ask(t, "a-1"), ActionID: "approve"})
	if err != nil {
		t.Fatal(err)
	}
	first := e.last(t)
	if _, err := w.Replay(t.Context(), d.ID); err != nil {
		t.Fatal(err)
	}
	second := e.last(t)
	if len(e.got) != 2 || !second.genuine || !bytes.Equal(first.body, second.body) || first.header.Get("X-Slack-Signature") != second.header.Get("X-Slack-Signature") ||
		first.header.Get("X-Slack-Request-Timestamp") != second.header.Get("X-Slack-Request-Timestamp") {
		t.Errorf("replayed\n%v %s\nas\n%v %s", first.header, first.body, second.header, second.body)
	}
	if stamp, err := strconv.ParseInt(first.header.Get("X-Slack-Request-Timestamp"), 10, 64); err != nil || time.Since(time.Unix(stamp, 0)).Abs() > time.Minute {
		t.Errorf("the timestamp is %d, %v", stamp, err)
	}
	if _, err := w.Replay(t.Context(), 99); err == nil {
		t.Error("what was never sent is replayed")
	}
}

func TestOnlyWhatIsThereCanBeClicked(t *testing.T) {
	w := open(t, slackfake.Options{})
	e := listen(t, w)
	ts := w.ask(t, "a-1")
	gone := w.AddUser(state.User{Email: "bob@acme.example", Deleted: true})
	eve := w.AddUser(state.User{Email: "eve@acme.example"})
	dm, whispered, err := w.api.PostMessage(eve.ID, buttons())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		click slackfake.Click
		want  error
	}{
		"nobody":                           {slackfake.Click{User: "U0NOTHERE", Channel: w.ops.ID, TS: ts, ActionID: "approve"}, slackfake.ErrNoUser},
		"deactivated":                      {slackfake.Click{User: gone.ID, Channel: w.ops.ID, TS: ts, ActionID: "approve"}, slackfake.ErrNoUser},
		"the bot":                          {slackfake.Click{User: w.App().BotUserID, Channel: w.ops.ID, TS: ts, ActionID: "approve"}, slackfake.ErrNoUser},
		"no message":                       {slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: "1.000001", ActionID: "approve"}, slackfake.ErrNoElement},
		"no button":                        {slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, ActionID: "grant"}, slackfake.ErrNoElement},
		"other block":                      {slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, BlockID: "other", ActionID: "approve"}, slackfake.ErrNoElement},
		"a stranger to the direct message": {slackfake.Click{User: w.ada.ID, Channel: dm, TS: whispered, ActionID: "approve"}, slackfake.ErrNotThere},
		"no such view":                     {slackfake.Click{User: w.ada.ID, View: "V0NOTHERE", ActionID: "approve"}, slackfake.ErrNoView},
	} {
		if _, err := w.Click(t.Context(), c.click); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, _, _, err := w.api.UpdateMessage(w.ops.ID, ts, slack.MsgOptionText("done", false)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, ActionID: "approve"}); !errors.Is(err, slackfake.ErrNoElement) {
		t.Errorf("a button that was edited away is clicked: %v", err)
	}
	if len(e.got) != 0 {
		t.Errorf("%d impossible clicks were sent", len(e.got))
	}
}

func TestSlowAndBrokenAppsDoNotAcknowledge(t *testing.T) {
	w := open(t, slackfake.Options{AckTimeout: 500 * time.Millisecond})
	e := listen(t, w)
	click := slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: w.ask(t, "a-1"), ActionID: "approve"}
	e.mu.Lock()
	e.status = http.StatusInternalServerError
	e.mu.Unlock()
	if d, err := w.Click(t.Context(), click); !errors.Is(err, slackfake.ErrNoAck) || d.Acknowledged || d.Status != 500 {
		t.Errorf("500: %+v, %v", d, err)
	}
	e.mu.Lock()
	e.status, e.wait = http.StatusOK, 1200*time.Millisecond
	e.mu.Unlock()
	if d, err := w.Click(t.Context(), click); !errors.Is(err, slackfake.ErrNoAck) || d.Acknowledged {
		t.Errorf("slow: %+v, %v", d, err)
	}
	w.SetRequestURL("http://127.0.0.1:1/")
	if d, err := w.Click(t.Context(), click); !errors.Is(err, slackfake.ErrNoAck) || d.Acknowledged {
		t.Errorf("nobody listens: %+v, %v", d, err)
	}
}

func TestTriggersAndAnswersRunOut(t *testing.T) {
	now := atomic.Int64{}
	now.Store(time.Now().UnixMicro())
	w := open(t, slackfake.Options{NoLimits: true, Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	listen(t, w)
	ts := w.ask(t, "a-1")
	click := func() slackfake.Delivery {
		d, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, ActionID: "approve"})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := click()
	now.Add(3_000_001)
	if _, v := w.raw(t, w.BotToken(), "views.open", map[string]any{"trigger_id": d.TriggerID, "view": modal("x")}); v["error"] != "expired_trigger_id" {
		t.Errorf("after more than three seconds: %v", v)
	}
	posts := len(w.Posts())
	for i, args := range []map[string]any{
		{"text": "only for you"},
		{"text": "for all", "response_type": "in_channel", "metadata": map[string]any{"event_type": "x", "event_payload": map[string]any{"dedup": "r-1"}}},
		{"text": "replaced", "replace_original": true},
		{"blocks": []any{map[string]any{"type": "divider"}}, "replace_original": "true"},
		{"delete_original": true},
	} {
		if status, problem := answer(t, d.ResponseURL, args); status != http.StatusOK {
			t.Fatalf("answer %d: %d %s", i+1, status, problem)
		}
		m, found := w.Workspace().Message(w.ops.ID, ts)
		switch i {
		case 0:
			if said := w.Workspace().Whispers(); len(said) != 1 || said[0].Target != w.ada.ID || said[0].Text != "only for you" {
				t.Errorf("whispered %+v", said)
			}
		case 1:
			if p := w.Posts(); len(p) != posts+1 || p[posts].Key != "r-1" {
				t.Errorf("posted %+v", p)
			}
		case 2:
			if m.Text != "replaced" || len(m.Blocks) != 0 {
				t.Errorf("replaced by %+v", m)
			}
		case 3:
			if len(m.Blocks) != 1 {
				t.Errorf("replaced by %+v", m)
			}
		}
		if found == (i == 4) {
			t.Errorf("after answer %d it is there: %v", i+1, found)
		}
	}
	if status, problem := answer(t, d.ResponseURL, map[string]any{"text": "x"}); status != http.StatusNotFound || problem != "used_url" {
		t.Errorf("the sixth answer: %d %s", status, problem)
	}
	ts = w.ask(t, "a-2")
	d = click()
	if status, problem := answer(t, d.ResponseURL, map[string]any{}); status != http.StatusBadRequest || problem != "no_text" {
		t.Errorf("an empty answer: %d %s", status, problem)
	}
	now.Add((30*time.Minute + 1).Microseconds() + 1)
	if status, problem := answer(t, d.ResponseURL, map[string]any{"text": "x"}); status != http.StatusNotFound || problem != "expired_url" {
		t.Errorf("after thirty minutes: %d %s", status, problem)
	}
}

// answer posts to a response_url and returns the status and the name of the error.
func answer(t *testing.T, to string, args map[string]any) (int, string) {
	t.Helper()
	text, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Post(to, "application/json; charset=utf-8", bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var v struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || v.OK != (res.StatusCode == http.StatusOK) {
		t.Errorf("answered %d %+v, %v", res.StatusCode, v, err)
	}
	return res.StatusCode, v.Error
}

func TestSubmissionsOverHTTPChangeTheView(t *testing.T) {
	w := open(t, slackfake.Options{NoLimits: true})
	e := listen(t, w)
	form := map[string]any{"type": "modal", "title": map[string]any{"type": "plain_text", "text": "Deny"}, "submit": map[string]any{"type": "plain_text", "text": "Deny"},
		"blocks": []any{
			map[string]any{"type": "input", "block_id": "why", "label": map[string]any{"type": "plain_text", "text": "Why"},
				"element": map[string]any{"type": "plain_text_input", "action_id": "reason", "max_length": 10}},
			map[string]any{"type": "input", "block_id": "how", "optional": true, "label": map[string]any{"type": "plain_text", "text": "How"},
				"element": map[string]any{"type": "static_select", "action_id": "for", "options": []any{
					map[string]any{"text": map[string]any{"type": "plain_text", "text": "A day"}, "value": "1d"}}}}}}
	openForm := func() string {
		d, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: w.ask(t, "a-1"), ActionID: "deny"})
		if err != nil {
			t.Fatal(err)
		}
		_, v := w.raw(t, w.BotToken(), "views.open", map[string]any{"trigger_id": d.TriggerID, "view": form})
		view, isView := v["view"].(map[string]any)
		if !isView {
			t.Fatal(v)
		}
		return view["id"].(string)
	}
	after, err := json.Marshal(modal("Denied"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, answer string
		open         int
		wrong        bool
	}{
		{"closed", "", 0, false},
		{"cleared", `{"response_action":"clear"}`, 0, false},
		{"updated", `{"response_action":"update","view":` + string(after) + `}`, 1, false},
		{"pushed", `{"response_action":"push","view":` + string(after) + `}`, 2, false},
		{"errors", `{"response_action":"errors","errors":{"why":"say more"}}`, 1, false},
		{"errors of no input", `{"response_action":"errors","errors":{"other":"x"}}`, 1, true},
		{"an invalid view", `{"response_action":"update","view":{"type":"modal"}}`, 1, true},
		{"no such action", `{"response_action":"explode"}`, 1, true},
		{"no JSON", `ok`, 1, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			id := openForm()
			e.mu.Lock()
			e.answer = c.answer
			e.mu.Unlock()
			_, err := w.Submit(t.Context(), slackfake.Submit{User: w.ada.ID, View: id, Values: map[string]string{"why": "because", "how": "1d"}})
			if (err != nil) != c.wrong {
				t.Errorf("the acknowledgement: %v", err)
			}
			values := e.last(t).payload.View.State.Values
			if values["why"]["reason"].Value != "because" || values["how"]["for"].SelectedOption.Value != "1d" || !e.last(t).genuine {
				t.Errorf("submitted %+v", values)
			}
			if open := w.Workspace().Views(w.ada.ID); len(open) != c.open {
				t.Errorf("%d views are open, want %d", len(open), c.open)
			}
			w.Workspace().CloseView(id, true)
			e.mu.Lock()
			e.answer = ""
			e.mu.Unlock()
		})
	}
	id := openForm()
	for name, values := range map[string]map[string]string{"too long": {"why": "much too long"}, "not offered": {"why": "x", "how": "2d"}} {
		if _, err := w.Submit(t.Context(), slackfake.Submit{User: w.ada.ID, View: id, Values: values}); err == nil {
			t.Errorf("%s: it is submitted", name)
		}
	}
	eve := w.AddUser(state.User{Email: "eve@acme.example"})
	if _, err := w.Submit(t.Context(), slackfake.Submit{User: eve.ID, View: id, Values: map[string]string{"why": "x"}}); !errors.Is(err, slackfake.ErrNoView) {
		t.Errorf("another's view is submitted: %v", err)
	}
	if _, err := w.Submit(t.Context(), slackfake.Submit{User: eve.ID, View: "V0NOTHERE", Forge: &slackfake.Forgery{Set: map[string]any{"view.callback_id": "deny"}}}); err != nil || e.last(t).payload.View.CallbackID != "deny" {
		t.Errorf("a forged submission: %v", err)
	}
}
