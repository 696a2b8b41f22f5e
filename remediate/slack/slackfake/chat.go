package slackfake

import (
	"time"
	"unicode/utf8"

	"muster/remediate/slack/slackfake/blockkit"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// perChannel and perTeam are the rate of messages a minute: one a second in a channel, several hundred a minute in all.
const (
	perChannel = 60
	perTeam    = 300
)

// content is what a message says. What was not sent is nil.
type content struct {
	text     *string
	blocks   *[]any
	attached *[]any
	metadata *map[string]any
}

func (p content) empty() bool {
	return (p.text == nil || *p.text == "") && (p.blocks == nil || len(*p.blocks) == 0) && (p.attached == nil || len(*p.attached) == 0)
}

// put puts it into a message.
func (p content) put(m *state.Message) {
	if p.text != nil {
		m.Text = *p.text
	}
	if p.blocks != nil {
		m.Blocks = *p.blocks
	}
	if p.attached != nil {
		m.Attached = *p.attached
	}
	if p.metadata != nil {
		m.Metadata = *p.metadata
	}
}

// content reads what a message says; the reply refuses it.
func (c *call) content() (content, reply) {
	var p content
	if c.Has("text") {
		text := c.Str("text")
		if utf8.RuneCountInString(text) > blockkit.MaxText {
			text = string([]rune(text)[:blockkit.MaxText])
			c.warn("message_truncated", "Your message was truncated but still posted. The `text` field accepts up to 40,000 characters.")
		}
		p.text = &text
	}
	if v, sent, okay := c.JSON("blocks"); sent {
		blocks, isList := v.([]any)
		if !okay || !isList {
			return p, refuse("invalid_blocks_format")
		}
		if problems := blockkit.Check(blocks, blockkit.Message, "/blocks"); len(problems) > 0 {
			return p, invalid("invalid_blocks", problems)
		}
		if blockkit.Weight(blocks) > blockkit.MaxWeight {
			return p, refuse("msg_blocks_too_long")
		}
		blockkit.Fill(blocks, c.s.shortID)
		p.blocks = &blocks
	}
	if v, sent, okay := c.JSON("attachments"); sent {
		list, isList := v.([]any)
		switch {
		case !okay || !isList:
			return p, refuse("invalid_attachments")
		case len(list) > 100:
			return p, refuse("too_many_attachments")
		}
		p.attached = &list
	}
	if v, sent, okay := c.JSON("metadata"); sent {
		metadata, problem := blockkit.CheckMetadata(v) // no JSON is no object
		if problem != "" || !okay {
			return p, refuse(problem)
		}
		p.metadata = &metadata
	}
	return p, reply{}
}

func (s *Server) shortID() string { return s.work.NewID("b")[2:] }

func postMessage(c *call) reply {
	channel, found := c.s.work.Address(c.Str("channel"))
	if !found {
		return refuse("channel_not_found")
	}
	p, refused := c.content()
	switch {
	case refused.body != nil:
		return refused
	case p.empty():
		return refuse("no_text")
	}
	for _, limit := range []struct {
		bucket           string
		perMinute, burst float64
	}{{c.name + " " + channel.ID, perChannel, float64(c.s.o.PostBurst)}, {c.name, perTeam, perTeam}} {
		if limited := c.take(limit.bucket, limit.perMinute, limit.burst); limited.body != nil {
			return limited
		}
	}
	m := state.Message{Channel: channel.ID, ThreadTS: c.Str("thread_ts"), Broadcast: c.Bool("reply_broadcast") && c.Str("thread_ts") != ""}
	p.put(&m)
	m, problem := c.s.work.Post(m)
	if problem != "" {
		return refuse(problem)
	}
	c.s.log(m, c.fault.Kind)
	return ok(map[string]any{"channel": m.Channel, "ts": m.TS, "message": c.s.work.Shape(m, true)})
}

func updateMessage(c *call) reply {
	p, refused := c.content()
	switch {
	case refused.body != nil:
		return refused
	case p.text == nil && p.blocks == nil && p.attached == nil:
		return refuse("no_text")
	}
	if p.text != nil { // new text replaces what it stands for; metadata stays until an empty object removes it
		if p.blocks == nil {
			p.blocks = &[]any{}
		}
		if p.attached == nil {
			p.attached = &[]any{}
		}
	}
	m, problem := c.s.work.Update(c.Str("channel"), c.Str("ts"), state.Change{Text: p.text, Blocks: p.blocks, Attached: p.attached, Metadata: p.metadata})
	if problem != "" {
		return refuse(problem)
	}
	return ok(map[string]any{"channel": m.Channel, "ts": m.TS, "text": m.Text, "message": c.s.work.Shape(m, true)})
}

func deleteMessage(c *call) reply {
	m, found := c.s.work.Message(c.Str("channel"), c.Str("ts"))
	switch {
	case !found:
		return refuse("message_not_found")
	case m.AppID != c.s.o.App.ID:
		return refuse("cant_delete_message")
	}
	c.s.work.Delete(m.Channel, m.TS)
	return ok(map[string]any{"channel": m.Channel, "ts": m.TS})
}

func postEphemeral(c *call) reply {
	p, refused := c.content()
	switch {
	case refused.body != nil:
		return refused
	case p.empty():
		return refuse("no_text")
	}
	m := state.Message{Channel: c.Str("channel"), Target: c.Str("user"), ThreadTS: c.Str("thread_ts")}
	p.put(&m)
	m, problem := c.s.work.Whisper(m)
	if problem != "" {
		return refuse(problem)
	}
	return ok(map[string]any{"message_ts": m.TS})
}

func getPermalink(c *call) reply {
	if _, found := c.s.work.Channel(c.Str("channel")); !found {
		return refuse("channel_not_found")
	}
	m, found := c.s.work.Message(c.Str("channel"), c.Str("message_ts"))
	if !found {
		return refuse("message_not_found")
	}
	return ok(map[string]any{"channel": m.Channel, "permalink": c.s.work.Permalink(m)})
}

// Post is a message that the app posted, as it was when it was posted.
type Post struct {
	state.Message
	Key   string    `json:"dedup"`           // event_payload.dedup of its metadata
	Fault wire.Kind `json:"fault,omitempty"` // how the call that posted it went wrong afterwards
	At    time.Time `json:"at"`
}

func (s *Server) log(m state.Message, fault wire.Kind) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts = append(s.posts, Post{Message: m, Key: m.Dedup(), Fault: fault, At: s.o.Now().UTC()})
}
