package slackfake_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"muster/remediate/slack/slackfake"
)

// differences are those between the fake and the npm emulator emulate@0.12.2, by step and place: "+" is there in the fake alone, "-" in
// the emulator alone, "=" what each of them says. Slack's documentation decided about each; a difference that is not listed, or that has
// gone, fails the test.
var differences = []struct{ steps, places, why string }{
	{"*", "+message.team +message.bot_id +message.app_id +message.bot_profile", "messages of apps say whose they are; the emulator leaves that to the caller"},
	{"*", "+messages.team +messages.bot_id +messages.app_id +messages.bot_profile", "as above"},
	{"*", "+message.blocks.text.verbatim +message.blocks.block_id", "Slack fills in what blocks leave out"},
	{"*", "+message.thread_ts +message.is_locked +message.latest_reply +message.reply_users_count +message.subscribed", "parents of threads say more than a count"},
	{"*", "+messages.thread_ts +messages.is_locked +messages.latest_reply +messages.reply_users_count +messages.subscribed", "as above"},
	{"*", "+message.parent_user_id +messages.parent_user_id", "replies say whom they answer"},
	{"next page, thread", "-messages.metadata.event_payload", "without include_all_metadata only the event_type is returned"},
	{"history, next page", "-response_metadata", "the last page has no cursor; an empty one says the same"},
	{"history, history by page, next page", "+pin_count", "the documented answer has it"},
	{"post broken blocks", "=invalid_blocks_format/invalid_blocks", "documented for what is no JSON"},
	{"no thread", "=thread_not_found/ok", "documented for a ts that is no message"},
	{"who am I", "+is_enterprise_install +bot_id", "the documented answer has both"},
	{"find by address, person", "+user.color +user.is_app_user +user.is_email_confirmed +user.is_owner +user.is_primary_owner +user.is_restricted +user.is_ultra_restricted " +
		"+user.profile.team +user.tz +user.tz_label +user.tz_offset +user.updated +user.who_can_share_contact_card", "the documented user object has them"},
	{"find by address, person", "-user.profile.huddle_state -user.profile.huddle_state_expiration_ts -user.profile.status_emoji_display_info", "of no use to an app of messages"},
	{"open view, update view, push view, publish home", "+view.app_installed_team_id", "the documented view object has it"},
}

// step is one call to both; "$name" in its arguments is what an earlier step saved from its answer.
type step struct {
	name, method string
	args         map[string]any
	save         map[string]string // name → dotted place in the answer
}

func steps() []step {
	blocks := []any{map[string]any{"type": "section", "text": map[string]any{"type": "mrkdwn", "text": "*Disable* ada?"}}}
	metadata := map[string]any{"event_type": "approval_asked", "event_payload": map[string]any{"dedup": "a-1"}}
	view := func(title, external string) map[string]any {
		v := modal(title)
		v["blocks"], v["external_id"] = []any{map[string]any{"type": "divider", "block_id": "d"}}, external
		return v
	}
	home := map[string]any{"type": "home", "blocks": []any{map[string]any{"type": "divider", "block_id": "d"}}}
	channel := "$channel"
	return []step{
		{"who am I", "auth.test", map[string]any{}, map[string]string{"bot": "user_id"}},
		{"find by address", "users.lookupByEmail", map[string]any{"email": "ada@acme.example"}, map[string]string{"ada": "user.id"}},
		{"find nobody by address", "users.lookupByEmail", map[string]any{"email": "zoe@acme.example"}, nil},
		{"person", "users.info", map[string]any{"user": "$ada"}, nil},
		{"nobody", "users.info", map[string]any{"user": "U0NOTHERE"}, nil},
		{"post", "chat.postMessage", map[string]any{"channel": channel, "text": "Disable ada?", "blocks": blocks, "metadata": metadata}, map[string]string{"ts": "ts"}},
		{"post nothing", "chat.postMessage", map[string]any{"channel": channel}, nil},
		{"post nowhere", "chat.postMessage", map[string]any{"channel": "C0NOTHERE", "text": "x"}, nil},
		{"post broken blocks", "chat.postMessage", map[string]any{"channel": channel, "blocks": "{"}, nil},
		{"post broken metadata", "chat.postMessage", map[string]any{"channel": channel, "text": "x", "metadata": "[]"}, nil},
		{"post too much", "chat.postMessage", map[string]any{"channel": channel, "text": strings.Repeat("x", 40001)}, nil},
		{"reply", "chat.postMessage", map[string]any{"channel": channel, "text": "reminder", "thread_ts": "$ts"}, map[string]string{"reply": "ts"}},
		{"edit", "chat.update", map[string]any{"channel": channel, "ts": "$ts", "text": "approved", "blocks": blocks}, nil},
		{"edit text alone", "chat.update", map[string]any{"channel": channel, "ts": "$ts", "text": "approved by ada"}, nil},
		{"edit nothing", "chat.update", map[string]any{"channel": channel, "ts": "1.000001", "text": "x"}, nil},
		{"link", "chat.getPermalink", map[string]any{"channel": channel, "message_ts": "$reply"}, nil},
		{"link to nothing", "chat.getPermalink", map[string]any{"channel": channel, "message_ts": "1.000001"}, nil},
		{"history", "conversations.history", map[string]any{"channel": channel, "limit": 10, "include_all_metadata": true}, nil},
		{"history by page", "conversations.history", map[string]any{"channel": channel, "limit": 1}, map[string]string{"cursor": "response_metadata.next_cursor"}},
		{"next page", "conversations.history", map[string]any{"channel": channel, "limit": 1, "cursor": "$cursor"}, nil},
		{"history of nothing", "conversations.history", map[string]any{"channel": "C0NOTHERE"}, nil},
		{"thread", "conversations.replies", map[string]any{"channel": channel, "ts": "$ts"}, nil},
		{"no thread", "conversations.replies", map[string]any{"channel": channel, "ts": "1.000001"}, nil},
		{"whisper", "chat.postEphemeral", map[string]any{"channel": channel, "user": "$ada", "text": "only you"}, nil},
		{"direct message", "conversations.open", map[string]any{"users": "$ada"}, map[string]string{"dm": "channel.id"}},
		{"direct message again", "conversations.open", map[string]any{"users": "$ada"}, nil},
		{"direct message to nobody", "conversations.open", map[string]any{"users": "U0NOTHERE"}, nil},
		{"post to a person", "chat.postMessage", map[string]any{"channel": "$ada", "text": "hello"}, nil},
		{"open view", "views.open", map[string]any{"trigger_id": "$trigger", "view": view("one", "x-1")}, map[string]string{"view": "view.id", "hash": "view.hash"}},
		{"open with the same trigger", "views.open", map[string]any{"trigger_id": "$trigger", "view": view("two", "")}, nil},
		{"open with no trigger", "views.open", map[string]any{"trigger_id": "1.2.x", "view": view("two", "")}, nil},
		{"update view", "views.update", map[string]any{"view_id": "$view", "hash": "$hash", "view": view("one again", "x-1")}, nil},
		{"update with the old hash", "views.update", map[string]any{"view_id": "$view", "hash": "$hash", "view": view("one again", "x-1")}, nil},
		{"update no view", "views.update", map[string]any{"view_id": "V0NOTHERE", "view": view("x", "")}, nil},
		{"push view", "views.push", map[string]any{"trigger_id": "$viewtrigger", "view": view("two", "")}, nil},
		{"publish home", "views.publish", map[string]any{"user_id": "$ada", "view": home}, nil},
		{"publish for nobody", "views.publish", map[string]any{"user_id": "U0NOTHERE", "view": home}, nil},
	}
}

// side is one of the two.
type side struct {
	call    func(method string, args map[string]any) map[string]any
	trigger func(user, view string) string
	vars    map[string]string
}

func (s *side) run(t *testing.T, st step) map[string]any {
	t.Helper()
	args := maps.Clone(st.args)
	for name, v := range args {
		if text, isText := v.(string); isText && strings.HasPrefix(text, "$") {
			args[name] = s.value(text[1:])
		}
	}
	answer := s.call(st.method, args)
	for name, place := range st.save {
		var at any = answer
		for part := range strings.SplitSeq(place, ".") {
			object, _ := at.(map[string]any)
			at = object[part]
		}
		text, isText := at.(string)
		if !isText || text == "" {
			t.Fatalf("%s: no %s in %v", st.name, place, answer)
		}
		s.vars[name] = text
	}
	return answer
}

// value is what was saved; a trigger is made when it is first asked for, since it lives three seconds.
func (s *side) value(name string) string {
	if s.vars[name] == "" && strings.HasSuffix(name, "trigger") {
		view := ""
		if name == "viewtrigger" {
			view = s.vars["view"]
		}
		s.vars[name] = s.trigger(s.vars["ada"], view)
	}
	return s.vars[name]
}

func TestAnswersLikeTheThirdPartyEmulator(t *testing.T) {
	w := open(t, slackfake.Options{NoLimits: true})
	fake := &side{vars: map[string]string{"channel": w.ops.ID}, trigger: w.Workspace().NewTrigger,
		call: func(method string, args map[string]any) map[string]any {
			_, v := w.raw(t, w.BotToken(), method, args)
			return v
		}}
	other := emulator(t)
	seen := map[string]bool{}
	for _, st := range steps() {
		for _, d := range compare(fake.run(t, st), other.run(t, st)) {
			explained := false
			for _, e := range differences {
				if (e.steps == "*" || slices.Contains(strings.Split(e.steps, ", "), st.name)) && slices.Contains(strings.Fields(e.places), d) {
					explained, seen[e.steps+d] = true, true
				}
			}
			if !explained {
				t.Errorf("%s: %s, which the table of differences does not have", st.name, d)
			}
		}
	}
	for _, e := range differences {
		for _, place := range strings.Fields(e.places) {
			if !seen[e.steps+place] {
				t.Errorf("the table of differences has %s for %s, which is none any more", place, e.steps)
			}
		}
	}
}

// compare lists the places that only one of the answers has, and different errors.
func compare(fake, other map[string]any) []string {
	if fake["ok"] != other["ok"] || fake["error"] != other["error"] {
		return []string{fmt.Sprintf("=%v/%v", said(fake), said(other))}
	}
	a, b := map[string]bool{}, map[string]bool{}
	places(a, "", fake)
	places(b, "", other)
	var out []string
	for p := range a {
		if !b[p] {
			out = append(out, "+"+p)
		}
	}
	for p := range b {
		if !a[p] {
			out = append(out, "-"+p)
		}
	}
	slices.Sort(out)
	// What lies below a place that is missing is not said again.
	return slices.DeleteFunc(out, func(p string) bool {
		return slices.ContainsFunc(out, func(above string) bool { return strings.HasPrefix(p, above+".") })
	})
}

func said(v map[string]any) any {
	if v["ok"] == true {
		return "ok"
	}
	return v["error"]
}

// places collects the names in a document; null and an empty text are no information.
func places(into map[string]bool, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, x := range v {
			if x == nil || x == "" {
				continue
			}
			place := strings.TrimPrefix(at+"."+name, ".")
			into[place] = true
			places(into, place, x)
		}
	case []any:
		for _, x := range v {
			places(into, at, x)
		}
	}
}

// emulator starts the emulator, installing it where it is not.
func emulator(t *testing.T) *side {
	t.Helper()
	if _, err := os.Stat("emulate/node_modules/.package-lock.json"); err != nil {
		install := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
		install.Dir = "emulate"
		if out, err := install.CombinedOutput(); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("install the emulator: %v: %s", err, out)
			}
			t.Skipf("no emulator here: npm ci: %v: %s", err, out)
		}
	}
	cmd := exec.Command("node", "server.mjs")
	cmd.Dir = "emulate"
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // that ends it
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	var port int
	var token string
	if _, scanErr := fmt.Sscanf(line, "ready %d %s", &port, &token); err != nil || scanErr != nil {
		t.Fatalf("the emulator says %q, %v: %s", line, err, stderr.String())
	}
	s := &side{vars: map[string]string{}}
	s.call = func(method string, args map[string]any) map[string]any {
		text, err := json.Marshal(args)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d/api/%s", port, method), bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/json; charset=utf-8")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var v map[string]any
		if err := json.NewDecoder(res.Body).Decode(&v); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		return v
	}
	s.trigger = func(user, view string) string {
		id, _ := s.call("views.generateTriggerId", map[string]any{"user_id": user, "view_id": view})["trigger_id"].(string)
		return id
	}
	for _, c := range s.call("conversations.list", map[string]any{})["channels"].([]any) {
		if c := c.(map[string]any); c["name"] == "access-reviews" {
			s.vars["channel"] = c["id"].(string)
		}
	}
	return s
}
