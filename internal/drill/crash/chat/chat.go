// Package chat runs the fake Slack of the crash drill as a process of its own, which outlives the processes that are killed, and rules it
// over HTTP.
//
// The workspace's clock runs Scale times as fast as ours: its lags and limits pass quickly. A Chat is used by one goroutine. Everything is
// on loopback and gone when the process ends, at the latest with the drill.
package chat

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"syscall"
	"time"

	"muster/remediate/slack"
	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/control"
	"muster/remediate/slack/slackfake/state"
)

// Argument marks the command line of the fake's process.
const Argument = "crash-slack"

// Scale is how many times as fast as the wall clock the workspace's clock runs.
const Scale = 50

// Is reports whether this process was started as the fake.
func Is(args []string) bool { return len(args) == 2 && args[1] == Argument }

// Main serves until standard input ends.
func Main(stdin io.Reader, stdout, stderr io.Writer) int {
	s, err := slackfake.Start(slackfake.Options{Scale: Scale})
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	defer s.Close()
	control.Mount(s)
	_, _ = fmt.Fprintln(stdout, s.URL())
	_, _ = io.Copy(io.Discard, stdin)
	return 0
}

// Chat is a running fake.
type Chat struct {
	url   string
	cmd   *exec.Cmd
	stdin io.Closer
}

// Start runs the fake. ctx limits its life.
func Start(ctx context.Context) (*Chat, error) {
	c := &Chat{cmd: exec.CommandContext(ctx, "/proc/self/exe", Argument)}
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var err error
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start slack fake: %w", err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start slack fake: %w", err)
	}
	if err := c.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start slack fake: %w", err)
	}
	if _, err := fmt.Fscanln(out, &c.url); err != nil {
		c.Stop()
		return nil, fmt.Errorf("start slack fake: it did not say where it is: %w", err)
	}
	return c, nil
}

// Stop ends the fake.
func (c *Chat) Stop() {
	_ = c.stdin.Close()
	_ = c.cmd.Wait() // how it ended does not matter
}

// Settings makes a channel, and a user for each worker, and gives what a client needs.
func (c *Chat) Settings(ctx context.Context, workers ...string) (slack.Settings, error) {
	var info struct {
		API      string `json:"api_url"`
		Bot      string `json:"bot_token"`
		AppToken string `json:"app_token"`
		Secret   string `json:"signing_secret"`
		Team     state.Team
		App      state.App
	}
	if err := c.get(ctx, "info", &info); err != nil {
		return slack.Settings{}, err
	}
	var channel state.Channel
	if err := c.post(ctx, "channels", state.Channel{Name: "access"}, &channel); err != nil {
		return slack.Settings{}, err
	}
	s := slack.Settings{Team: info.Team.ID, App: info.App.ID, BotToken: info.Bot, AppToken: info.AppToken, Secret: info.Secret, APIURL: info.API,
		Channel: channel.ID, Direct: true, People: map[string]string{}}
	for _, w := range workers {
		var u state.User
		if err := c.post(ctx, "users", state.User{Name: w}, &u); err != nil {
			return s, err
		}
		s.People[w] = u.ID
	}
	return s, nil
}

// Random lets calls of a method fail by chance: the kind of fault → its share.
func (c *Chat) Random(ctx context.Context, method string, seed uint64, shares map[string]float64) error {
	return c.post(ctx, "random", map[string]any{"method": method, "seed": seed, "shares": shares}, nil)
}

// Calm lets no call fail any more.
func (c *Chat) Calm(ctx context.Context) error { return c.post(ctx, "clear", struct{}{}, nil) }

// Lag keeps what is posted out of the history for a time of the wall clock.
func (c *Chat) Lag(ctx context.Context, lag time.Duration) error {
	return c.post(ctx, "lag", map[string]any{"lag": (lag * Scale).String()}, nil)
}

// Find lists the messages that carry a key.
func (c *Chat) Find(ctx context.Context, key string) ([]state.Message, error) {
	var out []state.Message
	err := c.get(ctx, "find?dedup="+url.QueryEscape(key), &out)
	return out, err
}

// Posts counts the messages of each key.
func (c *Chat) Posts(ctx context.Context) (map[string]int, error) {
	var posts []slackfake.Post
	if err := c.get(ctx, "posts", &posts); err != nil {
		return nil, err
	}
	out := map[string]int{}
	for _, p := range posts {
		out[p.Key]++
	}
	return out, nil
}

// Duplicates are the keys that were posted more than once, by the fake's own count.
func (c *Chat) Duplicates(ctx context.Context) (map[string]int, error) {
	var out map[string]int
	err := c.get(ctx, "duplicates", &out)
	return out, err
}

func (c *Chat) get(ctx context.Context, what string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+"/_control/"+what, nil)
	if err != nil {
		return fmt.Errorf("rule slack fake: %w", err)
	}
	return c.do(req, into)
}

func (c *Chat) post(ctx context.Context, what string, in, into any) error {
	text, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("rule slack fake: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/_control/"+what, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("rule slack fake: %w", err)
	}
	return c.do(req, into)
}

func (c *Chat) do(req *http.Request, into any) error {
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("rule slack fake: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status + ": " + string(text))
	}
	if err == nil && into != nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		return fmt.Errorf("rule slack fake: %w", err)
	}
	return nil
}
