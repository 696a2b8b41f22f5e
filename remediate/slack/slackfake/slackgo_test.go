package slackfake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"muster/remediate/slack/slackfake"
	"muster/remediate/slack/slackfake/state"
)

// world is a server with a channel, a person and slack-go, which knows nothing of the fake, as its client.
type world struct {
	*slackfake.Server
	api *slack.Client
	ops state.Channel
	ada state.User
}

func open(t *testing.T, o slackfake.Options) world {
	t.Helper()
	w := world{Server: slackfake.New(o)}
	t.Cleanup(w.Close)
	w.ops = w.AddChannel(state.Channel{Name: "access-reviews"})
	w.ada = w.AddUser(state.User{Email: "ada@acme.example", RealName: "Ada Moss"})
	w.api = slack.New(w.BotToken(), slack.OptionAPIURL(w.APIURL()), slack.OptionAppLevelToken(w.AppToken()))
	return w
}

// buttons is a message that asks for approval.
func buttons() slack.MsgOption {
	return slack.MsgOptionBlocks(
		slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, "*Disable* `ada`?", false, false), nil, nil),
		slack.NewActionBlock("decide", slack.NewButtonBlockElement("approve", "tok-1", slack.NewTextBlockObject(slack.PlainTextType, "Approve", true, false)),
			slack.NewButtonBlockElement("deny", "tok-2", slack.NewTextBlockObject(slack.PlainTextType, "Deny", true, false))))
}

func dedup(key string) slack.MsgOption {
	return slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "approval_asked", EventPayload: map[string]any{"dedup": key, "n": 7}})
}

func (w world) ask(t *testing.T, key string) string {
	t.Helper()
	_, ts, err := w.api.PostMessageContext(t.Context(), w.ops.ID, slack.MsgOptionText("Disable ada?", false), buttons(), dedup(key))
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func code(err error) string {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		return refused.Err
	}
	if err == nil {
		return ""
	}
	return "other: " + err.Error()
}

func TestClientPostsReadsAndEdits(t *testing.T) {
	w := open(t, slackfake.Options{})
	ctx := t.Context()
	who, err := w.api.AuthTestContext(ctx)
	if err != nil || who.TeamID != w.Team().ID || who.UserID != w.App().BotUserID || who.BotID != w.App().BotID {
		t.Fatalf("auth.test: %+v, %v", who, err)
	}
	ts := w.ask(t, "a-1")
	_, reply, err := w.api.PostMessageContext(ctx, w.ops.ID, slack.MsgOptionText("reminder", false), slack.MsgOptionTS(ts))
	if err != nil || reply <= ts {
		t.Fatalf("reply has ts %s after %s: %v", reply, ts, err)
	}
	past, err := w.api.GetConversationHistoryContext(ctx, &slack.GetConversationHistoryParameters{ChannelID: w.ops.ID, IncludeAllMetadata: true})
	if err != nil || len(past.Messages) != 1 || past.HasMore {
		t.Fatalf("history: %+v, %v", past, err)
	}
	m := past.Messages[0]
	if m.Timestamp != ts || m.Metadata.EventPayload["dedup"] != "a-1" || m.ReplyCount != 1 || m.LatestReply != reply || len(m.Blocks.BlockSet) != 2 {
		t.Errorf("history shows %+v", m)
	}
	thread, more, _, err := w.api.GetConversationRepliesContext(ctx, &slack.GetConversationRepliesParameters{ChannelID: w.ops.ID, Timestamp: ts})
	if err != nil || len(thread) != 2 || more || thread[1].ThreadTimestamp != ts || thread[1].ParentUserId != w.App().BotUserID {
		t.Errorf("thread: %+v, %v", thread, err)
	}
	if _, _, _, err := w.api.UpdateMessageContext(ctx, w.ops.ID, ts, slack.MsgOptionText("approved", false), slack.MsgOptionBlocks()); err != nil {
		t.Fatal(err)
	}
	now := w.Messages(w.ops.ID)[0]
	if now.Text != "approved" || len(now.Blocks) != 0 || now.Edited == "" || now.Dedup() != "a-1" {
		t.Errorf("after the edit: %+v; its metadata is to stay", now)
	}
	link, err := w.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: w.ops.ID, Ts: reply})
	if want := "https://acme.slack.com/archives/" + w.ops.ID + "/p" + strings.ReplaceAll(reply, ".", "") + "?thread_ts=" + ts + "&cid=" + w.ops.ID; err != nil || link != want {
		t.Errorf("permalink %s, %v; want %s", link, err, want)
	}
	if posts := w.Posts(); len(posts) != 2 || posts[0].Key != "a-1" || posts[0].TS != ts || len(posts[0].Blocks) != 2 || posts[1].ThreadTS != ts {
		t.Errorf("posts are %+v", posts)
	}
	if found := w.Find("a-1"); len(found) != 1 || found[0].TS != ts || len(w.Thread(w.ops.ID, ts)) != 2 {
		t.Errorf("found %+v", found)
	}
}

func TestHistoryWithoutAllMetadataShowsItsTypeAlone(t *testing.T) {
	w := open(t, slackfake.Options{})
	w.ask(t, "a-1")
	past, err := w.api.GetConversationHistoryContext(t.Context(), &slack.GetConversationHistoryParameters{ChannelID: w.ops.ID})
	if err != nil || past.Messages[0].Metadata.EventType != "approval_asked" || past.Messages[0].Metadata.EventPayload != nil {
		t.Errorf("metadata is %+v, %v", past.Messages[0].Metadata, err)
	}
}

func TestClientFindsPeople(t *testing.T) {
	w := open(t, slackfake.Options{Team: state.Team{EnterpriseID: "E0ACME001", EnterpriseName: "Acme Group"}})
	ctx := t.Context()
	gone := w.AddUser(state.User{Email: "bob@acme.example", Deleted: true})
	guest := w.AddUser(state.User{Email: "cyd@other.example", IsUltraRestricted: true})
	stranger := w.AddUser(state.User{Email: "dot@other.example", IsStranger: true, TeamID: "T0OTHER01"})
	u, err := w.api.GetUserByEmailContext(ctx, "Ada@Acme.example")
	if err != nil || u.ID != w.ada.ID || u.Enterprise.EnterpriseID != "E0ACME001" || u.Profile.Email != "ada@acme.example" {
		t.Errorf("by address: %+v, %v", u, err)
	}
	if _, err := w.api.GetUserByEmailContext(ctx, gone.Email); code(err) != "users_not_found" {
		t.Errorf("a deactivated user is found by address: %v", err)
	}
	if u, err := w.api.GetUserInfoContext(ctx, gone.ID); err != nil || !u.Deleted {
		t.Errorf("deactivated: %+v, %v", u, err)
	}
	if u, err := w.api.GetUserInfoContext(ctx, guest.ID); err != nil || !u.IsUltraRestricted {
		t.Errorf("guest: %+v, %v", u, err)
	}
	if u, err := w.api.GetUserInfoContext(ctx, stranger.ID); err != nil || !u.IsStranger || u.TeamID != "T0OTHER01" {
		t.Errorf("stranger: %+v, %v", u, err)
	}
	if u, err := w.api.GetUserInfoContext(ctx, w.App().BotUserID); err != nil || !u.IsBot {
		t.Errorf("bot: %+v, %v", u, err)
	}
	dm, _, already, err := w.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{w.ada.ID}})
	if err != nil || already || dm.ID == "" {
		t.Fatalf("open: %+v, %v", dm, err)
	}
	channel, _, err := w.api.PostMessageContext(ctx, w.ada.ID, slack.MsgOptionText("hello", false))
	if err != nil || channel != dm.ID {
		t.Errorf("a message to a person went to %s, %v; want %s", channel, err, dm.ID)
	}
	if _, _, _, err := w.api.OpenConversationContext(ctx, &slack.OpenConversationParameters{Users: []string{gone.ID}}); code(err) != "user_disabled" {
		t.Errorf("a deactivated user: %v", err)
	}
}

// app is an app on slack-go's Socket Mode client; handle returns the payload of the acknowledgement, and false to keep silent.
func app(t *testing.T, w world, handle func(slack.InteractionCallback) (any, bool)) *sync.WaitGroup {
	t.Helper()
	client := socketmode.New(w.api, socketmode.OptionLog(log.New(io.Discard, "", 0)))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = client.RunContext(ctx) }) // it ends with ctx
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-client.Events:
				if e.Type != socketmode.EventTypeInteractive {
					continue
				}
				answer, ack := handle(e.Data.(slack.InteractionCallback))
				switch {
				case !ack:
				case answer == nil:
					_ = client.Ack(*e.Request)
				default:
					_ = client.Ack(*e.Request, answer)
				}
			}
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	eventually(t, "the app connects", func() bool { return w.Socket().Connections() == 1 })
	return &running
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never happens: %s", what)
		}
	}
}

func TestSocketModeClientReceivesClicksAndModals(t *testing.T) {
	w := open(t, slackfake.Options{})
	clicks := make(chan slack.InteractionCallback, 1)
	app(t, w, func(c slack.InteractionCallback) (any, bool) {
		if c.Type == slack.InteractionTypeViewSubmission {
			if reason := c.View.State.Values["why"]["reason"].Value; len(reason) < 5 {
				return slack.NewErrorsViewSubmissionResponse(map[string]string{"why": "say more"}), true
			}
			return nil, true
		}
		clicks <- c
		return nil, true
	})
	ctx := t.Context()
	ts := w.ask(t, "a-1")
	d, err := w.Click(ctx, slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, ActionID: "deny"})
	if err != nil || !d.Acknowledged || d.Took <= 0 {
		t.Fatalf("click: %+v, %v", d, err)
	}
	c := <-clicks
	action := c.ActionCallback.BlockActions[0]
	if c.User.ID != w.ada.ID || c.Team.ID != w.Team().ID || c.APIAppID != w.App().ID || c.Channel.ID != w.ops.ID || c.Message.Timestamp != ts || c.Container.MessageTs != ts ||
		action.Value != "tok-2" || action.BlockID != "decide" || c.ResponseURL == "" || c.Message.Metadata.EventPayload["dedup"] != "a-1" {
		t.Fatalf("the click arrives as %+v", c)
	}
	if e, found := w.Socket().Envelope(d.Envelope); !found || len(e.Attempts) != 1 || len(e.Acks) != 1 {
		t.Errorf("its envelope: %+v", e)
	}
	modal := slack.ModalViewRequest{Type: slack.VTModal, Title: slack.NewTextBlockObject(slack.PlainTextType, "Deny", false, false), PrivateMetadata: "A-7Q2K4MZD",
		Submit: slack.NewTextBlockObject(slack.PlainTextType, "Deny", false, false), CallbackID: "deny", Blocks: slack.Blocks{BlockSet: []slack.Block{
			slack.NewInputBlock("why", slack.NewTextBlockObject(slack.PlainTextType, "Why", false, false), nil, slack.NewPlainTextInputBlockElement(nil, "reason"))}}}
	view, err := w.api.OpenViewContext(ctx, c.TriggerID, modal)
	if err != nil || view.PrivateMetadata != "A-7Q2K4MZD" || view.Hash == "" {
		t.Fatalf("views.open: %+v, %v", view, err)
	}
	if _, err := w.api.OpenViewContext(ctx, c.TriggerID, modal); code(err) != "exchanged_trigger_id" {
		t.Errorf("a trigger works twice: %v", err)
	}
	if _, err := w.Submit(ctx, slackfake.Submit{User: w.ada.ID, View: view.ID}); !errors.Is(err, slackfake.ErrRequired) {
		t.Errorf("an empty form is submitted: %v", err)
	}
	if _, err := w.Submit(ctx, slackfake.Submit{User: w.ada.ID, View: view.ID, Values: map[string]string{"why": "no"}}); err != nil {
		t.Fatal(err)
	}
	if open := w.Workspace().Views(w.ada.ID); len(open) != 1 || open[0].Errors["why"] != "say more" {
		t.Fatalf("after errors the view is %+v", open)
	}
	if _, err := w.Submit(ctx, slackfake.Submit{User: w.ada.ID, View: view.ID, Values: map[string]string{"why": "still needed"}}); err != nil {
		t.Fatal(err)
	}
	if open := w.Workspace().Views(w.ada.ID); len(open) != 0 {
		t.Errorf("an acknowledged view stays open: %+v", open)
	}
}

func TestClientUpdatesPushesAndPublishesViews(t *testing.T) {
	w := open(t, slackfake.Options{})
	triggers := make(chan string, 1)
	app(t, w, func(c slack.InteractionCallback) (any, bool) { triggers <- c.TriggerID; return nil, true })
	ctx := t.Context()
	modal := func(title string) slack.ModalViewRequest {
		return slack.ModalViewRequest{Type: slack.VTModal, Title: slack.NewTextBlockObject(slack.PlainTextType, title, false, false), ExternalID: title,
			Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewActionBlock("b", slack.NewButtonBlockElement("more", "", slack.NewTextBlockObject(slack.PlainTextType, "More", false, false)))}}}
	}
	click := func(c slackfake.Click) string {
		c.User = w.ada.ID
		if _, err := w.Click(ctx, c); err != nil {
			t.Fatal(err)
		}
		return <-triggers
	}
	trigger := click(slackfake.Click{Channel: w.ops.ID, TS: w.ask(t, "a-1"), ActionID: "deny"})
	view, err := w.api.OpenViewContext(ctx, trigger, modal("one"))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := w.api.UpdateViewContext(ctx, modal("one"), "", view.Hash, view.ID)
	if err != nil || changed.Hash == view.Hash || changed.ID != view.ID {
		t.Fatalf("views.update: %+v, %v", changed, err)
	}
	if _, err := w.api.UpdateViewContext(ctx, modal("one"), "", view.Hash, view.ID); code(err) != "hash_conflict" {
		t.Errorf("an old hash: %v", err)
	}
	top := view.ID
	for _, title := range []string{"two", "three", "four"} {
		pushed, err := w.api.PushViewContext(ctx, click(slackfake.Click{View: top, ActionID: "more"}), modal(title))
		if title == "four" {
			if code(err) != "push_limit_reached" {
				t.Errorf("a fourth view is pushed: %v", err)
			}
			break
		}
		if err != nil || pushed.RootViewID != view.ID || pushed.PreviousViewID != top {
			t.Fatalf("views.push: %+v, %v", pushed, err)
		}
		top = pushed.ID
	}
	if _, err := w.api.OpenViewContext(ctx, click(slackfake.Click{View: top, ActionID: "more"}), modal("one")); code(err) != "duplicate_external_id" {
		t.Errorf("an external id is taken twice: %v", err)
	}
	home := slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewDividerBlock()}}}
	first, err := w.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: w.ada.ID, View: home})
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.api.PublishViewContext(ctx, slack.PublishViewContextRequest{UserID: w.ada.ID, View: home})
	if err != nil || second.ID != first.ID {
		t.Errorf("a home tab is published beside itself: %v, %v", second, err)
	}
}

func TestSocketModeClientComesBack(t *testing.T) {
	for _, how := range []string{"warning and refresh", "drop"} {
		t.Run(how, func(t *testing.T) {
			w := open(t, slackfake.Options{AckTimeout: 3 * time.Second})
			var mu sync.Mutex
			seen := 0
			app(t, w, func(slack.InteractionCallback) (any, bool) {
				mu.Lock()
				defer mu.Unlock()
				seen++
				return nil, true
			})
			ts := w.ask(t, "a-1")
			if how == "drop" {
				w.Socket().Drop()
			} else {
				w.Socket().Disconnect("refresh_requested")
			}
			d, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: ts, ActionID: "approve"})
			if err != nil || !d.Acknowledged {
				t.Fatalf("the click is lost: %+v, %v", d, err)
			}
			if n := w.Calls("apps.connections.open"); n < 2 {
				t.Errorf("the client asked for %d addresses, at least 2 are needed", n)
			}
			mu.Lock()
			defer mu.Unlock()
			if seen != 1 {
				t.Errorf("the click arrived %d times", seen)
			}
		})
	}
}

func TestSilentAppGetsTheEnvelopeAgain(t *testing.T) {
	w := open(t, slackfake.Options{AckTimeout: 50 * time.Millisecond, Redeliver: 2})
	app(t, w, func(slack.InteractionCallback) (any, bool) { return nil, false })
	d, err := w.Click(t.Context(), slackfake.Click{User: w.ada.ID, Channel: w.ops.ID, TS: w.ask(t, "a-1"), ActionID: "approve"})
	if !errors.Is(err, slackfake.ErrNoAck) || d.Acknowledged {
		t.Fatalf("a silent app: %+v, %v", d, err)
	}
	e, _ := w.Socket().Envelope(d.Envelope)
	var reasons []string
	for _, a := range e.Attempts {
		reasons = append(reasons, a.Reason)
	}
	if fmt.Sprint(reasons) != "[ timeout timeout]" {
		t.Errorf("attempts had the reasons %q", reasons)
	}
}
