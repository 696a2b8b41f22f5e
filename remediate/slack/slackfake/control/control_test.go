package control_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// process is the fake in a process of its own.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.Closer
	URL   string `json:"url"`
	API   string `json:"api_url"`
	Bot   string `json:"bot_token"`
	App   string `json:"app_token"`
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "slackfake")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "../cmd").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	p := &process{t: t, cmd: exec.Command(bin, append([]string{"--stdin"}, args...)...)}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.stdin.Close() }) // that ends it, if it has not ended
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(line, p); err != nil {
		t.Fatalf("it says %s: %v", line, err)
	}
	return p
}

func (p *process) do(name string, in, out any) error {
	p.t.Helper()
	var res *http.Response
	var err error
	if in == nil {
		res, err = http.Get(p.URL + "/_control/" + name)
	} else {
		text, marshalErr := json.Marshal(in)
		if marshalErr != nil {
			p.t.Fatal(marshalErr)
		}
		res, err = http.Post(p.URL+"/_control/"+name, "application/json", bytes.NewReader(text))
	}
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %d %s", name, res.StatusCode, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			p.t.Fatalf("%s: %v: %s", name, err, text)
		}
	}
	return nil
}

func (p *process) must(name string, in, out any) {
	p.t.Helper()
	if err := p.do(name, in, out); err != nil {
		p.t.Fatal(err)
	}
}

func TestAFakeInItsOwnProcessIsRuledOverHTTP(t *testing.T) {
	p := start(t, "--no-limits", "--ack-timeout", "500ms")
	var ada state.User
	var ops state.Channel
	p.must("users", state.User{Email: "ada@acme.example"}, &ada)
	p.must("channels", state.Channel{Name: "ops"}, &ops)
	p.must("lag", map[string]any{"lag": "1h"}, nil)
	p.must("faults", map[string]any{"method": "chat.postMessage", "kind": "commit_drop", "times": 1}, nil)
	api := slack.New(p.Bot, slack.OptionAPIURL(p.API))
	post := func() error {
		_, _, err := api.PostMessageContext(t.Context(), ops.ID, slack.MsgOptionBlocks(slack.NewActionBlock("b",
			slack.NewButtonBlockElement("go", "v", slack.NewTextBlockObject(slack.PlainTextType, "Go", false, false)))),
			slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "x", EventPayload: map[string]any{"dedup": "k"}}))
		return err
	}
	if post() == nil {
		t.Fatal("the fault did not fail")
	}
	past, err := api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: ops.ID})
	if err != nil || len(past.Messages) != 0 {
		t.Errorf("the lag is not there: %v, %v", past, err)
	}
	if err := post(); err != nil {
		t.Fatal(err)
	}
	var posts []slackfake.Post
	p.must("posts", nil, &posts)
	if len(posts) != 2 || posts[0].Fault != wire.Commit+wire.Drop || posts[0].Key != "k" || posts[1].Fault != "" || posts[0].Channel != ops.ID {
		t.Fatalf("posts are %+v", posts)
	}
	var doubled map[string]int
	p.must("duplicates", nil, &doubled)
	var found, thread []state.Message
	p.must("find?dedup=k", nil, &found)
	p.must("thread?channel="+ops.ID+"&ts="+posts[0].TS, nil, &thread)
	if doubled["k"] != 2 || len(found) != 2 || len(thread) != 1 {
		t.Errorf("doubled %v, found %d, thread of %d", doubled, len(found), len(thread))
	}
	p.click(ada, ops, posts[0].TS)
	for name, in := range map[string]any{
		"faults":  map[string]any{"method": "chat.shout", "kind": "500"},
		"faults ": map[string]any{"method": "auth.test", "kind": "teapot"},
		"lag":     map[string]any{"lag": "soon"},
		"users":   map[string]any{"shoe_size": 42},
		"click":   slackfake.Click{User: ada.ID, Channel: ops.ID, TS: posts[0].TS, ActionID: "stop"},
		"replay":  map[string]any{"id": 99},
		"random":  map[string]any{"method": "*", "shares": map[string]float64{"teapot": 1}},
	} {
		if err := p.do(strings.TrimSpace(name), in, nil); err == nil {
			t.Errorf("%s takes %v", name, in)
		}
	}
	if err := p.stdin.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("at the end of its input it ends with %v", err)
	}
}

// click clicks over Socket Mode without anybody there, and over HTTP, honestly and not.
func (p *process) click(ada state.User, ops state.Channel, ts string) {
	p.t.Helper()
	click := slackfake.Click{User: ada.ID, Channel: ops.ID, TS: ts, ActionID: "go"}
	var d slackfake.Delivery
	p.must("click", click, &d)
	if d.Acknowledged || d.Envelope == "" {
		p.t.Errorf("without an app a click is %+v", d)
	}
	bodies := make(chan string, 3)
	listener := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		bodies <- r.Header.Get(wire.SignatureHeader) + string(text)
	}))
	defer listener.Close()
	p.must("request_url", map[string]any{"url": listener.URL}, nil)
	p.must("click", click, &d)
	if !d.Acknowledged || d.Status != http.StatusOK || d.ID != 2 {
		p.t.Errorf("a click is %+v", d)
	}
	p.must("replay", map[string]any{"id": d.ID}, &d)
	if first, again := <-bodies, <-bodies; first != again {
		p.t.Errorf("replayed\n%s\nas\n%s", first, again)
	}
	click.Forge = &slackfake.Forgery{Set: map[string]any{"team.id": "T0EVIL001"}, Secret: "x"}
	p.must("click", click, &d)
	if body := <-bodies; !strings.Contains(body, "T0EVIL001") {
		p.t.Errorf("a forgery arrives as %s", body)
	}
}

func TestTheProcessOutlivesAKilledClient(t *testing.T) {
	p := start(t)
	var ops state.Channel
	p.must("channels", state.Channel{Name: "ops"}, &ops)
	p.must("faults", map[string]any{"method": "chat.postMessage", "kind": "commit_hang"}, nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	client := exec.Command(self, "-test.run=^TestClientToKill$")
	client.Env = append(os.Environ(), "SLACKFAKE_POST="+p.API+"chat.postMessage channel="+ops.ID+"&text=x&token="+p.Bot)
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	var posts []slackfake.Post
	for deadline := time.Now().Add(10 * time.Second); len(posts) == 0; p.must("posts", nil, &posts) {
		if time.Now().After(deadline) {
			t.Fatal("the message does not arrive")
		}
	}
	if err := client.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = client.Wait() // it was killed
	p.must("posts", nil, &posts)
	if len(posts) != 1 || posts[0].Text != "x" {
		t.Errorf("after the kill it holds %+v", posts)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Errorf("interrupted it ends with %v", err)
	}
}

// TestClientToKill is no test but the client that TestTheProcessOutlivesAKilledClient kills.
func TestClientToKill(t *testing.T) {
	address, form, given := strings.Cut(os.Getenv("SLACKFAKE_POST"), " ")
	if !given {
		return
	}
	res, err := http.Post(address, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err == nil {
		res.Body.Close()
	}
}
