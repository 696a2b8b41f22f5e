package slack

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/internal/retry"
)

// Settings say which workspace and app, and who is who there.
type Settings struct {
	Team       string // id of the workspace: T...
	Enterprise string // id of the Enterprise Grid organisation that the workspace belongs to; empty: none
	App        string // id of the app: A...
	BotToken   string // xoxb-...
	AppToken   string // xapp-..., of Socket Mode
	Secret     string // the signing secret, of HTTP
	Channel    string // where approvals, holds and critical findings go: C...
	Direct     bool   // approvals go to each approver as a direct message instead, where their Slack user is known
	People     map[string]string
	Console    string // address of the console; empty: commands are shown instead of links
	APIURL     string // instead of https://slack.com/api/
}

// Worker gives the person whom a user of the workspace is bound to. A user who is bound to several persons is bound to none.
func (s Settings) Worker(user string) (worker string, ok bool) {
	for w, u := range s.People {
		if u != user || user == "" {
			continue
		}
		if ok {
			return "", false
		}
		worker, ok = w, true
	}
	return worker, ok
}

// Options are what a Client needs besides. The zero value is for production.
type Options struct {
	Now   func() time.Time                           // nil is time.Now
	Log   *slog.Logger                               // nil is silent
	Retry retry.Policy                               // of what may be repeated: everything but posts
	Pace  time.Duration                              // between two posts to a channel; 0 is a second
	Sleep func(context.Context, time.Duration) error // nil waits on a timer
	HTTP  *http.Client                               // nil is one with a timeout of 10 seconds
}

// Client calls the Web API as one app in one workspace.
type Client struct {
	settings Settings
	api      *slackgo.Client
	retry    retry.Policy
	pace     *pace
	log      *slog.Logger
	now      func() time.Time

	mu  sync.Mutex
	bot string            // id of our bot, which signs what we post
	dms map[string]string // direct conversation by user
}

// requestTime bounds one request. The Outbox settles for longer than that.
const requestTime = 10 * time.Second

// New makes a client. It makes no request.
func New(s Settings, o Options) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: requestTime}
	}
	if o.Pace == 0 {
		o.Pace = time.Second
	}
	if o.Retry.Max == 0 {
		o.Retry.Max = 2 * time.Minute // Slack asks for up to a minute
	}
	if o.Retry.Sleep == nil {
		o.Retry.Sleep = o.Sleep
	}
	options := []slackgo.Option{slackgo.OptionHTTPClient(o.HTTP), slackgo.OptionAppLevelToken(s.AppToken)}
	if s.APIURL != "" {
		options = append(options, slackgo.OptionAPIURL(s.APIURL))
	}
	return &Client{settings: s, api: slackgo.New(s.BotToken, options...), retry: o.Retry, log: o.Log, now: o.Now,
		pace: &pace{gap: o.Pace, now: o.Now, sleep: o.Sleep, next: map[string]time.Time{}}, dms: map[string]string{}}
}

// Settings gives what the client was made with.
func (c *Client) Settings() Settings { return c.settings }

// API is the client underneath, for Socket Mode.
func (c *Client) API() *slackgo.Client { return c.api }

// Check asks Slack who we are, and refuses a token of another workspace.
func (c *Client) Check(ctx context.Context) error {
	var who *slackgo.AuthTestResponse
	err := c.call(ctx, "check the bot token", func(ctx context.Context) (err error) {
		who, err = c.api.AuthTestContext(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if who.TeamID != c.settings.Team {
		return &access.Error{System: system, Op: "check the bot token", Kind: access.Invalid, Hint: "slack.team and the workspace of slack.bot_token must be the same",
			Err: errors.New("it is of workspace " + who.TeamID + ", not of " + c.settings.Team)}
	}
	if who.BotID == "" {
		return &access.Error{System: system, Op: "check the bot token", Kind: access.Invalid, Hint: "use the Bot User OAuth Token, which begins with xoxb-", Err: errors.New("it is no bot's")}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bot = who.BotID
	return nil
}

// botID is our bot's id; it is asked for once.
func (c *Client) botID(ctx context.Context) (string, error) {
	c.mu.Lock()
	id := c.bot
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	if err := c.Check(ctx); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bot, nil
}

// direct is the conversation with a user; it is asked for once.
func (c *Client) direct(ctx context.Context, user string) (string, error) {
	c.mu.Lock()
	id := c.dms[user]
	c.mu.Unlock()
	if id != "" {
		return id, nil
	}
	err := c.call(ctx, "open direct messages", func(ctx context.Context) error {
		channel, _, _, err := c.api.OpenConversationContext(ctx, &slackgo.OpenConversationParameters{Users: []string{user}})
		if err == nil {
			id = channel.ID
		}
		return err
	})
	if err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dms[user] = id
	return id, nil
}

// User reads a user's record.
func (c *Client) User(ctx context.Context, id string) (slackgo.User, error) {
	var user *slackgo.User
	err := c.call(ctx, "read user", func(ctx context.Context) (err error) {
		user, err = c.api.GetUserInfoContext(ctx, id)
		return err
	})
	if err != nil {
		return slackgo.User{}, err
	}
	return *user, nil
}

// Whisper says something that one user alone sees. A text that arrives twice does no harm.
func (c *Client) Whisper(ctx context.Context, channel, user, text string) error {
	return c.call(ctx, "answer a person", func(ctx context.Context) error {
		_, err := c.api.PostEphemeralContext(ctx, channel, user, slackgo.MsgOptionText(text, false))
		return err
	})
}

// OpenView shows a dialog to whoever made the trigger. A trigger is good for three seconds and one view, so that nothing is repeated.
func (c *Client) OpenView(ctx context.Context, trigger string, view slackgo.ModalViewRequest) error {
	_, err := c.api.OpenViewContext(ctx, trigger, view)
	return failed("open a dialog", err)
}

// call makes a request that may be repeated.
func (c *Client) call(ctx context.Context, op string, request func(context.Context) error) error {
	return c.retry.Do(ctx, func(ctx context.Context) error { return failed(op, request(ctx)) })
}
