package slack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate/notice"
	"muster/remediate/slack/blocks"
)

// eventType marks our messages' metadata, dedup is the key in it.
const (
	eventType = "muster"
	dedup     = "dedup"
)

const (
	historyPage  = 200 // as many as Slack recommends
	historyPages = 100
)

// post sends one message; it is a notice.Sender. The address is a conversation, or a user, who gets it as a direct message.
type post struct {
	client    *Client
	message   blocks.Message
	broadcast bool // an answer in a thread that the whole channel sees
}

// Ready waits for the channel's turn.
func (p post) Ready(ctx context.Context, n notice.Notice) error {
	return p.client.pace.wait(ctx, n.Address)
}

// Send makes one request and repeats nothing.
func (p post) Send(ctx context.Context, n notice.Notice) (notice.Ref, error) {
	options := append(p.message.Options(), slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: eventType, EventPayload: map[string]any{dedup: n.Key}}))
	if n.Thread != "" {
		options = append(options, slackgo.MsgOptionTS(n.Thread))
	}
	if p.broadcast {
		options = append(options, slackgo.MsgOptionBroadcast())
	}
	channel, ts, err := p.client.api.PostMessageContext(ctx, n.Address, options...)
	if err == nil && (channel == "" || ts == "") {
		err = errors.New("the answer names no message") // it was taken all the same, perhaps
	}
	return notice.Ref{Channel: channel, ID: ts}, failed("post message", err)
}

// Find pages through the channel's history, or the thread's, for our own message with the key.
func (p post) Find(ctx context.Context, n notice.Notice, since time.Time) (notice.Ref, bool, error) {
	channel := n.Address
	if strings.HasPrefix(channel, "U") || strings.HasPrefix(channel, "W") {
		var err error
		if channel, err = p.client.direct(ctx, channel); err != nil {
			return notice.Ref{}, false, err
		}
	}
	bot, err := p.client.botID(ctx)
	if err != nil {
		return notice.Ref{}, false, err
	}
	oldest := fmt.Sprintf("%d.%06d", since.Unix(), since.Nanosecond()/1000)
	cursor := ""
	for range historyPages {
		var messages []slackgo.Message
		err := p.client.call(ctx, "read history", func(ctx context.Context) (err error) {
			messages, cursor, err = p.client.history(ctx, channel, n.Thread, oldest, cursor)
			return err
		})
		if err != nil {
			return notice.Ref{}, false, err
		}
		for _, m := range messages {
			if m.Metadata.EventType == eventType && m.Metadata.EventPayload[dedup] == n.Key && m.BotID == bot {
				return notice.Ref{Channel: channel, ID: m.Timestamp}, true, nil
			}
		}
		if cursor == "" {
			return notice.Ref{}, false, nil
		}
	}
	return notice.Ref{}, false, &access.Error{System: system, Op: "read history", Kind: access.Incomplete, Hint: "use a channel of its own for muster",
		Err: fmt.Errorf("more than %d messages since %s", historyPage*historyPages, notice.Stamp(since))}
}

// history reads one page; the next cursor is empty at the end.
func (c *Client) history(ctx context.Context, channel, thread, oldest, cursor string) ([]slackgo.Message, string, error) {
	if thread != "" {
		messages, more, next, err := c.api.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{ChannelID: channel, Timestamp: thread,
			Cursor: cursor, Oldest: oldest, Limit: historyPage, IncludeAllMetadata: true})
		if !more {
			next = ""
		}
		return messages, next, err
	}
	page, err := c.api.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{ChannelID: channel, Cursor: cursor, Oldest: oldest,
		Limit: historyPage, IncludeAllMetadata: true})
	if err != nil {
		return nil, "", err
	}
	if !page.HasMore {
		return page.Messages, "", nil
	}
	return page.Messages, page.ResponseMetaData.NextCursor, nil
}

// edit changes a message in place. The same content twice is one content.
func (c *Client) edit(ctx context.Context, n notice.Notice, m blocks.Message) error {
	options := append(m.Options(), slackgo.MsgOptionMetadata(slackgo.SlackMetadata{EventType: eventType, EventPayload: map[string]any{dedup: n.Key}}))
	_, _, _, err := c.api.UpdateMessageContext(ctx, n.Ref.Channel, n.Ref.ID, options...)
	return failed("edit message", err)
}
