package slackfake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// raw is a call as any HTTP client makes it; args of text are sent as a form, everything else as JSON.
func (w world) raw(t *testing.T, token, name string, args any) (*http.Response, map[string]any) {
	t.Helper()
	var body []byte
	kind := "application/json; charset=utf-8"
	switch args := args.(type) {
	case url.Values:
		body, kind = []byte(args.Encode()), "application/x-www-form-urlencoded"
	default:
		var err error
		if body, err = json.Marshal(args); err != nil {
			t.Fatal(err)
		}
	}
	return w.send(t, token, name, kind, body)
}

func (w world) send(t *testing.T, token, name, kind string, body []byte) (*http.Response, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, w.APIURL()+name, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	_ = json.Unmarshal(text, &v) // some answers are no JSON
	return res, v
}

func TestCallsAreRefusedAsDocumented(t *testing.T) {
	w := open(t, slackfake.Options{NoLimits: true})
	private := w.AddChannel(state.Channel{Name: "secret", IsPrivate: true, WithoutBot: true})
	public := w.AddChannel(state.Channel{Name: "lunch", WithoutBot: true})
	archived := w.AddChannel(state.Channel{Name: "old", IsArchived: true})
	theirs := w.Workspace().Say(w.ops.ID, w.ada.ID, "hello")
	bot, appToken := w.BotToken(), w.AppToken()
	text := func(channel string) map[string]any { return map[string]any{"channel": channel, "text": "x"} }
	var long []any // five sections that fit, each for itself
	for range 5 {
		long = append(long, map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": strings.Repeat("x", 2900)}})
	}
	for _, c := range []struct {
		name, token, method, want string
		args                      any
	}{
		{"no token", "", "auth.test", "not_authed", map[string]any{}},
		{"wrong token", "xoxb-wrong", "auth.test", "invalid_auth", map[string]any{}},
		{"no such method", bot, "chat.shout", "unknown_method", map[string]any{}},
		{"app token for a bot's method", appToken, "chat.postMessage", "not_allowed_token_type", text(w.ops.ID)},
		{"bot token for the app's method", bot, "apps.connections.open", "not_allowed_token_type", map[string]any{}},
		{"no channel", bot, "chat.postMessage", "channel_not_found", text("")},
		{"no such channel", bot, "chat.postMessage", "channel_not_found", text("C0NOTHERE")},
		{"a private channel without the app", bot, "chat.postMessage", "channel_not_found", text(private.ID)},
		{"a channel without the app", bot, "chat.postMessage", "not_in_channel", text(public.ID)},
		{"an archived channel", bot, "chat.postMessage", "is_archived", text(archived.ID)},
		{"nothing to say", bot, "chat.postMessage", "no_text", map[string]any{"channel": w.ops.ID}},
		{"a thread that is not there", bot, "chat.postMessage", "cannot_reply_to_message", map[string]any{"channel": w.ops.ID, "text": "x", "thread_ts": "1.000001"}},
		{"blocks that are no list", bot, "chat.postMessage", "invalid_blocks_format", map[string]any{"channel": w.ops.ID, "blocks": "{"}},
		{"blocks that are too long together", bot, "chat.postMessage", "msg_blocks_too_long", map[string]any{"channel": w.ops.ID, "blocks": long}},
		{"metadata without a payload", bot, "chat.postMessage", "invalid_metadata_format", map[string]any{"channel": w.ops.ID, "text": "x", "metadata": map[string]any{"event_type": "x"}}},
		{"metadata that is no JSON", bot, "chat.postMessage", "invalid_metadata_format", map[string]any{"channel": w.ops.ID, "text": "x", "metadata": "{"}},
		{"metadata that is too large", bot, "chat.postMessage", "metadata_too_large", map[string]any{"channel": w.ops.ID, "text": "x",
			"metadata": map[string]any{"event_type": "x", "event_payload": map[string]any{"x": strings.Repeat("x", 8000)}}}},
		{"an edit of no message", bot, "chat.update", "message_not_found", map[string]any{"channel": w.ops.ID, "ts": "1.000001", "text": "x"}},
		{"an edit by a channel's name", bot, "chat.update", "channel_not_found", map[string]any{"channel": "access-reviews", "ts": theirs.TS, "text": "x"}},
		{"an edit of another's message", bot, "chat.update", "cant_update_message", map[string]any{"channel": w.ops.ID, "ts": theirs.TS, "text": "x"}},
		{"an edit of nothing", bot, "chat.update", "no_text", map[string]any{"channel": w.ops.ID, "ts": theirs.TS}},
		{"deleting another's message", bot, "chat.delete", "cant_delete_message", map[string]any{"channel": w.ops.ID, "ts": theirs.TS}},
		{"a link to no message", bot, "chat.getPermalink", "message_not_found", map[string]any{"channel": w.ops.ID, "message_ts": "1.000001"}},
		{"a whisper to nobody", bot, "chat.postEphemeral", "user_not_in_channel", map[string]any{"channel": w.ops.ID, "text": "x", "user": "U0NOTHERE"}},
		{"history of no channel", bot, "conversations.history", "channel_not_found", map[string]any{"channel": "C0NOTHERE"}},
		{"history of a channel without the app", bot, "conversations.history", "not_in_channel", map[string]any{"channel": public.ID}},
		{"history of too much", bot, "conversations.history", "invalid_limit", map[string]any{"channel": w.ops.ID, "limit": 1001}},
		{"history from nowhere", bot, "conversations.history", "invalid_cursor", map[string]any{"channel": w.ops.ID, "cursor": "bmV4dA=="}},
		{"history before no time", bot, "conversations.history", "invalid_ts_latest", map[string]any{"channel": w.ops.ID, "latest": "now"}},
		{"history after no time", bot, "conversations.history", "invalid_ts_oldest", map[string]any{"channel": w.ops.ID, "oldest": "then"}},
		{"no thread", bot, "conversations.replies", "thread_not_found", map[string]any{"channel": w.ops.ID, "ts": "1.000001"}},
		{"nobody", bot, "users.info", "user_not_found", map[string]any{"user": "U0NOTHERE"}},
		{"nobody to talk to", bot, "conversations.open", "users_list_not_supplied", map[string]any{}},
		{"an unknown trigger", bot, "views.open", "invalid_trigger_id", map[string]any{"trigger_id": "1.2.x", "view": modal("x")}},
		{"no view", bot, "views.open", "invalid_arguments", map[string]any{"trigger_id": "1.2.x"}},
		{"a view that is not there", bot, "views.update", "not_found", map[string]any{"view_id": "V0NOTHERE", "view": modal("x")}},
		{"a home tab for nobody", bot, "views.publish", "user_not_found", map[string]any{"user_id": "U0NOTHERE", "view": modal("x")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if res, v := w.raw(t, c.token, c.method, c.args); v["ok"] != false || v["error"] != c.want || res.StatusCode != http.StatusOK {
				t.Errorf("answered %d %v, want %s", res.StatusCode, v, c.want)
			}
		})
	}
	if n := len(w.Posts()); n != 0 {
		t.Errorf("%d refused messages were posted", n)
	}
}

func modal(title string) map[string]any {
	return map[string]any{"type": "modal", "title": map[string]any{"type": "plain_text", "text": title},
		"blocks": []any{map[string]any{"type": "divider"}}}
}

func TestTokensLoseWhatTheyMay(t *testing.T) {
	w := open(t, slackfake.Options{})
	w.SetScopes("chat:write", "users:read")
	_, v := w.raw(t, w.BotToken(), "conversations.history", map[string]any{"channel": w.ops.ID})
	if v["error"] != "missing_scope" || v["needed"] != "channels:history" || v["provided"] != "chat:write,users:read" {
		t.Errorf("without the scope: %v", v)
	}
	_, v = w.raw(t, w.BotToken(), "users.info", map[string]any{"user": w.ada.ID})
	if profile := v["user"].(map[string]any)["profile"].(map[string]any); profile["email"] != nil {
		t.Errorf("the address shows without users:read.email: %v", profile)
	}
	for _, refusal := range []string{"account_inactive", "token_revoked"} {
		w.Break(w.BotToken(), refusal)
		if _, v := w.raw(t, w.BotToken(), "auth.test", map[string]any{}); v["error"] != refusal {
			t.Errorf("a broken token: %v, want %s", v, refusal)
		}
	}
	w.Break(w.BotToken(), "")
	if _, v := w.raw(t, w.BotToken(), "auth.test", map[string]any{}); v["ok"] != true {
		t.Errorf("a mended token: %v", v)
	}
}

func TestArgumentsComeAsFormJSONAndQuery(t *testing.T) {
	w := open(t, slackfake.Options{NoLimits: true})
	metadata := map[string]any{"event_type": "x", "event_payload": map[string]any{"dedup": "k", "big": 9007199254740993}}
	text, err := json.Marshal(metadata)
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string]any{
		"form":         url.Values{"channel": {w.ops.ID}, "text": {"ä"}, "metadata": {string(text)}, "token": {w.BotToken()}},
		"json":         map[string]any{"channel": w.ops.ID, "text": "ä", "metadata": metadata},
		"json of text": map[string]any{"channel": w.ops.ID, "text": "ä", "metadata": string(text)},
	} {
		token := w.BotToken()
		if name == "form" {
			token = "" // in the form
		}
		_, v := w.raw(t, token, "chat.postMessage", args)
		if v["ok"] != true {
			t.Fatalf("%s: %v", name, v)
		}
	}
	for _, m := range w.Find("k") {
		if again, _ := json.Marshal(m.Metadata); m.Text != "ä" || !bytes.Contains(again, []byte("9007199254740993")) {
			t.Errorf("kept %q with %s", m.Text, again)
		}
	}
	if n := len(w.Find("k")); n != 3 {
		t.Errorf("%d messages arrived, want 3", n)
	}
	for _, c := range []struct{ name, kind, body, want string }{
		{"no type", "", "{}", "missing_post_type"},
		{"another type", "application/xml", "<a/>", "invalid_post_type"},
		{"broken JSON", "application/json; charset=utf-8", "{", "invalid_json"},
		{"two documents", "application/json; charset=utf-8", "{}{}", "invalid_json"},
		{"a list", "application/json; charset=utf-8", "[]", "json_not_object"},
		{"a broken form", "application/x-www-form-urlencoded", "a=%zz", "invalid_form_data"},
	} {
		if _, v := w.send(t, w.BotToken(), "auth.test", c.kind, []byte(c.body)); v["error"] != c.want {
			t.Errorf("%s: %v, want %s", c.name, v, c.want)
		}
	}
	if _, v := w.send(t, w.BotToken(), "auth.test", "application/json", []byte("{}")); v["ok"] != true || v["warning"] != "missing_charset" {
		t.Errorf("JSON without a charset: %v", v)
	}
	res, err := http.Get(w.APIURL() + "auth.test?token=" + url.QueryEscape(w.BotToken()))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, _ := io.ReadAll(res.Body); !bytes.Contains(body, []byte("not_authed")) {
		t.Errorf("a token in the URL works: %s", body)
	}
}

func TestLongTextIsCutAndSaysSo(t *testing.T) {
	w := open(t, slackfake.Options{})
	_, v := w.raw(t, w.BotToken(), "chat.postMessage", map[string]any{"channel": "#access-reviews", "text": strings.Repeat("ö", 40001)})
	metadata, _ := v["response_metadata"].(map[string]any)
	if v["ok"] != true || v["warning"] != "message_truncated" || fmt.Sprint(metadata["warnings"]) != "[message_truncated]" {
		t.Errorf("answered %v", metadata)
	}
	if text := w.Messages(w.ops.ID)[0].Text; len([]rune(text)) != 40000 || strings.Trim(text, "ö") != "" {
		t.Errorf("kept %d characters", len([]rune(text)))
	}
}

func TestWrongBlocksSayWhere(t *testing.T) {
	w := open(t, slackfake.Options{})
	section := map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": strings.Repeat("x", 3001)}}
	_, v := w.raw(t, w.BotToken(), "chat.postMessage", map[string]any{"channel": w.ops.ID, "blocks": []any{section}})
	metadata, _ := v["response_metadata"].(map[string]any)
	if v["error"] != "invalid_blocks" || fmt.Sprint(metadata["messages"]) != "[[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]]" {
		t.Errorf("answered %v", v)
	}
}

func TestHistoryLagsBehindAndPagesHold(t *testing.T) {
	now := atomic.Int64{}
	now.Store(time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC).UnixMicro())
	w := open(t, slackfake.Options{NoLimits: true, Lag: 30 * time.Second, Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	var all []string
	for i := range 5 {
		all = append(all, w.ask(t, fmt.Sprint(i)))
	}
	read := func(args map[string]any) (got []string, next string) {
		args["channel"] = w.ops.ID
		_, v := w.raw(t, w.BotToken(), "conversations.history", args)
		if v["ok"] != true {
			t.Fatal(v)
		}
		for _, m := range v["messages"].([]any) {
			got = append(got, m.(map[string]any)["ts"].(string))
		}
		metadata, _ := v["response_metadata"].(map[string]any)
		next, _ = metadata["next_cursor"].(string)
		if more := v["has_more"].(bool); more != (next != "") {
			t.Errorf("has_more is %v with the cursor %q", more, next)
		}
		return got, next
	}
	now.Add(29e6)
	if got, _ := read(map[string]any{}); len(got) != 0 {
		t.Fatalf("before the lag is over the history shows %v", got)
	}
	if _, v := w.raw(t, w.BotToken(), "chat.update", map[string]any{"channel": w.ops.ID, "ts": all[0], "text": "edited"}); v["ok"] != true {
		t.Fatalf("what lags cannot be edited: %v", v)
	}
	now.Add(1e6)
	var paged []string
	args := map[string]any{"limit": 2}
	for {
		got, next := read(args)
		paged = append(paged, got...)
		if next == "" {
			break
		}
		args["cursor"] = next
		w.SetLag(0)
		w.ask(t, "between") // what is posted meanwhile moves no page
	}
	newest := slices.Clone(all)
	slices.Reverse(newest)
	if !slices.Equal(paged, newest) {
		t.Errorf("pages hold %v, want %v", paged, newest)
	}
	for _, c := range []struct {
		name string
		args map[string]any
		want []string
	}{
		{"after", map[string]any{"oldest": all[2], "latest": all[4]}, all[3:4]},
		{"with both ends", map[string]any{"oldest": all[3], "latest": all[4], "inclusive": true}, []string{all[4], all[3]}},
		{"before", map[string]any{"latest": all[1]}, all[:1]},
	} {
		if got, _ := read(c.args); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != 5 {
		t.Errorf("with a clock that stands still the ts are %v", all)
	}
}

func TestRateLimitsSayWhenToComeBack(t *testing.T) {
	now := atomic.Int64{}
	now.Store(1e15)
	w := open(t, slackfake.Options{PostBurst: 3, Now: func() time.Time { return time.UnixMicro(now.Load()) }})
	other := w.AddChannel(state.Channel{Name: "other"})
	post := func(channel string) (*http.Response, map[string]any) {
		return w.raw(t, w.BotToken(), "chat.postMessage", map[string]any{"channel": channel, "text": "x"})
	}
	for i := range 3 {
		if _, v := post(w.ops.ID); v["ok"] != true {
			t.Fatalf("message %d of a burst of 3: %v", i+1, v)
		}
	}
	res, v := post(w.ops.ID)
	if res.StatusCode != http.StatusTooManyRequests || v["error"] != "ratelimited" || res.Header.Get("Retry-After") != "1" {
		t.Fatalf("the fourth: %d, %v, %v", res.StatusCode, res.Header, v)
	}
	if _, v := post(other.ID); v["ok"] != true {
		t.Errorf("another channel is limited too: %v", v)
	}
	now.Add(1e6)
	if _, v := post(w.ops.ID); v["ok"] != true {
		t.Errorf("a second later: %v", v)
	}
	limited := 0
	for range 60 {
		if res, _ := w.raw(t, w.BotToken(), "conversations.history", map[string]any{"channel": w.ops.ID}); res.StatusCode == http.StatusTooManyRequests {
			limited++
			if after := res.Header.Get("Retry-After"); after != "2" { // 60 s for 50 calls
				t.Errorf("Retry-After is %s", after)
			}
		}
	}
	if limited != 10 {
		t.Errorf("of 60 histories in a minute %d were too many, want 10", limited)
	}
	if len(w.Posts()) != 5 {
		t.Errorf("%d posts, want 5", len(w.Posts()))
	}
}

func TestFastClockSavesWaiting(t *testing.T) {
	w := open(t, slackfake.Options{PostBurst: 1, Scale: 4})
	w.ask(t, "a-1")
	res, _ := w.raw(t, w.BotToken(), "chat.postMessage", map[string]any{"channel": w.ops.ID, "text": "x"})
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") != "0" {
		t.Fatalf("the second at once: %d, %v", res.StatusCode, res.Header)
	}
	eventually(t, "a quarter of a second is a second", func() bool {
		res, _ := w.raw(t, w.BotToken(), "chat.postMessage", map[string]any{"channel": w.ops.ID, "text": "x"})
		return res.StatusCode == http.StatusOK
	})
}

func TestFaultsFailAsTheySay(t *testing.T) {
	w := open(t, slackfake.Options{NoLimits: true})
	client := &http.Client{Timeout: time.Second}
	posts := func() int { return len(w.Posts()) }
	for _, c := range []struct {
		kind   wire.Kind
		status int // 0: no answer
		body   string
		posted bool
	}{
		{wire.TooMany, 429, "ratelimited", false},
		{wire.Internal, 500, "", false},
		{wire.Unavailable, 503, "", false},
		{wire.Drop, 0, "", false},
		{wire.Hang, 0, "", false},
		{wire.Garbage, 200, "<html>", false},
		{"error:fatal_error", 200, "fatal_error", false},
		{wire.Commit + wire.Internal, 500, "", true},
		{wire.Commit + wire.Unavailable, 503, "", true},
		{wire.Commit + wire.Drop, 0, "", true},
		{wire.Commit + wire.Hang, 0, "", true},
		{wire.Commit + wire.Garbage, 200, "<html>", true},
		{wire.Commit + "error:fatal_error", 200, "fatal_error", true},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			if err := c.kind.Check(); err != nil {
				t.Error(err)
			}
			before := posts()
			w.Faults().Next("chat.postMessage", wire.Fault{Kind: c.kind, RetryAfter: 7 * time.Second}, 1)
			req, err := http.NewRequest(http.MethodPost, w.APIURL()+"chat.postMessage", strings.NewReader(url.Values{"channel": {w.ops.ID}, "text": {"x"}}.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+w.BotToken())
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			res, err := client.Do(req)
			if (err != nil) != (c.status == 0) {
				t.Fatalf("answered %v, %v", res, err)
			}
			if err == nil {
				defer res.Body.Close()
				body, _ := io.ReadAll(res.Body)
				if res.StatusCode != c.status || !strings.Contains(string(body), c.body) {
					t.Errorf("answered %d %s, want %d", res.StatusCode, body, c.status)
				}
				if c.kind == wire.TooMany && res.Header.Get("Retry-After") != "7" {
					t.Errorf("Retry-After is %s", res.Header.Get("Retry-After"))
				}
			}
			if done := posts() > before; done != c.posted {
				t.Errorf("posted: %v, want %v", done, c.posted)
			}
			if c.posted && w.Posts()[before].Fault != c.kind {
				t.Errorf("the post knows the fault %q", w.Posts()[before].Fault)
			}
			if _, _, err := w.api.PostMessage(w.ops.ID, buttons()); err != nil {
				t.Errorf("the call after the fault fails too: %v", err)
			}
		})
	}
	if err := wire.Kind("teapot").Check(); err == nil {
		t.Error("an unknown fault is taken")
	}
}

func TestSlackGoSeesALimit(t *testing.T) {
	w := open(t, slackfake.Options{})
	w.Faults().Next("*", wire.Fault{Kind: wire.TooMany, RetryAfter: 3 * time.Second}, 1)
	_, _, err := w.api.PostMessageContext(t.Context(), w.ops.ID, buttons())
	if limited, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err); !ok || !limited.Retryable() || !strings.Contains(err.Error(), "3s") {
		t.Errorf("the client sees %v", err)
	}
}

func TestDuplicatesAreCountedByKey(t *testing.T) {
	w := open(t, slackfake.Options{})
	w.Faults().Next("chat.postMessage", wire.Fault{Kind: wire.Commit + wire.Internal}, 1)
	if _, _, err := w.api.PostMessageContext(t.Context(), w.ops.ID, buttons(), dedup("a-1")); err == nil {
		t.Fatal("the fault did not fail")
	}
	w.ask(t, "a-1") // what a client does that does not look first
	w.ask(t, "a-2")
	if got := w.Duplicates(); len(got) != 1 || got["a-1"] != 2 {
		t.Errorf("duplicates are %v", got)
	}
}
