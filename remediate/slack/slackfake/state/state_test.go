package state_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/remediate/slack/slackfake/state"
)

func workspace(now func() time.Time) *state.Workspace {
	return state.New(state.Team{ID: "T1", Domain: "acme"}, state.App{ID: "A1", Name: "Muster", BotID: "B1", BotUserID: "UB"}, now)
}

func post(t *testing.T, w *state.Workspace, m state.Message) state.Message {
	t.Helper()
	m, refused := w.Post(m)
	if refused != "" {
		t.Fatal(refused)
	}
	return m
}

func texts(list []state.Message) string {
	var out []string
	for _, m := range list {
		out = append(out, m.Text)
	}
	return fmt.Sprint(out)
}

func TestThreadsArePagedFromTheirParent(t *testing.T) {
	w := workspace(time.Now)
	c := w.PutChannel(state.Channel{Name: "ops"})
	parent := post(t, w, state.Message{Channel: c.ID, Text: "p"})
	var last state.Message
	for i := range 4 {
		last = post(t, w, state.Message{Channel: c.ID, Text: fmt.Sprint(i), ThreadTS: parent.TS, Broadcast: i == 3})
	}
	nested := post(t, w, state.Message{Channel: c.ID, Text: "4", ThreadTS: last.TS})
	if nested.ThreadTS != parent.TS {
		t.Errorf("a reply to a reply is in the thread %s, want %s", nested.ThreadTS, parent.TS)
	}
	var got []state.Message
	q := state.Query{Channel: c.ID, Thread: last.TS, Limit: 2} // any message of the thread names it
	for {
		p, refused := w.Replies(q)
		if refused != "" {
			t.Fatal(refused)
		}
		got = append(got, p.Messages...)
		if !p.More {
			break
		}
		q.Cursor = p.Next
	}
	if texts(got) != "[p 0 1 2 3 4]" {
		t.Errorf("the thread is %s", texts(got))
	}
	p, _ := w.History(state.Query{Channel: c.ID, Limit: 10})
	if texts(p.Messages) != "[3 p]" {
		t.Errorf("the channel shows %s, want the parent and what was broadcast", texts(p.Messages))
	}
	p, _ = w.Replies(state.Query{Channel: c.ID, Thread: parent.TS, Oldest: last.TS, Limit: 10})
	if texts(p.Messages) != "[p 4]" {
		t.Errorf("since the last reply: %s", texts(p.Messages))
	}
	if info := w.Thread(c.ID, parent.TS); info.Count != 5 || info.Latest != nested.TS || !slices.Equal(info.Users, []string{"UB"}) {
		t.Errorf("the thread is %+v", info)
	}
}

func TestLagHidesMessagesByTheMomentTheyWerePosted(t *testing.T) {
	now := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)
	w := workspace(func() time.Time { return now })
	c := w.PutChannel(state.Channel{Name: "ops"})
	w.SetLag(time.Minute)
	slow := post(t, w, state.Message{Channel: c.ID, Text: "slow"})
	w.SetLag(0)
	post(t, w, state.Message{Channel: c.ID, Text: "fast"})
	show := func() string {
		p, _ := w.History(state.Query{Channel: c.ID, Limit: 10})
		return texts(p.Messages)
	}
	if got := show(); got != "[fast]" {
		t.Errorf("at once: %s", got)
	}
	if _, refused := w.Replies(state.Query{Channel: c.ID, Thread: slow.TS, Limit: 10}); refused != "thread_not_found" {
		t.Errorf("its thread: %q", refused)
	}
	if len(w.Messages(c.ID)) != 2 {
		t.Error("tests cannot see what lags")
	}
	now = now.Add(time.Minute)
	if got := show(); got != "[fast slow]" {
		t.Errorf("after a minute: %s", got)
	}
}

func TestNamesLeadToConversations(t *testing.T) {
	w := workspace(time.Now)
	c := w.PutChannel(state.Channel{Name: "ops"})
	ada := w.PutUser(state.User{Email: "ada@acme.example"})
	gone := w.PutUser(state.User{Email: "bob@acme.example", Deleted: true})
	for name, want := range map[string]string{"ops": c.ID, "#ops": c.ID, c.ID: c.ID, "none": "", gone.ID: "", "UB": ""} {
		if got, _ := w.Address(name); got.ID != want {
			t.Errorf("%s leads to %q, want %q", name, got.ID, want)
		}
	}
	dm, found := w.Address(ada.ID)
	if again, already, refused := w.OpenDM(ada.ID); !found || !dm.IsIM || again.ID != dm.ID || !already || refused != "" {
		t.Errorf("the direct message is %+v, then %+v", dm, again)
	}
	ada.Deleted = true
	w.PutUser(ada)
	if _, _, refused := w.OpenDM(ada.ID); refused != "user_disabled" {
		t.Errorf("a deactivated user: %q", refused)
	}
	if _, found := w.UserByEmail("ada@acme.example"); found {
		t.Error("a deactivated user is found by address")
	}
}
