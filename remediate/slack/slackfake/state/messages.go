package state

import (
	"slices"
	"time"
)

// Message is one message.
type Message struct {
	Channel   string         `json:"channel"`
	TS        string         `json:"ts"`
	ThreadTS  string         `json:"thread_ts,omitempty"` // of a reply: the ts of its parent
	Broadcast bool           `json:"broadcast,omitempty"` // a reply that shows in the channel too
	User      string         `json:"user"`
	BotID     string         `json:"bot_id,omitempty"`
	AppID     string         `json:"app_id,omitempty"`
	Text      string         `json:"text"`
	Blocks    []any          `json:"blocks,omitempty"`
	Attached  []any          `json:"attachments,omitempty"`
	Metadata  map[string]any `json:"metadata,omitempty"`
	Edited    string         `json:"edited,omitempty"` // ts of the last edit
	Target    string         `json:"target,omitempty"` // of an ephemeral message: who sees it

	visible time.Time
}

// Dedup is event_payload.dedup of the metadata, or empty.
func (m Message) Dedup() string {
	payload, _ := m.Metadata["event_payload"].(map[string]any)
	key, _ := payload["dedup"].(string)
	return key
}

// reach refuses a conversation that the app is not in. A private one it must not even know of.
func (w *Workspace) reach(channel string) (Channel, string) {
	c, ok := w.channels[channel]
	switch {
	case !ok || c.IsPrivate && c.WithoutBot:
		return c, "channel_not_found"
	case c.WithoutBot:
		return c, "not_in_channel"
	}
	return c, ""
}

// Post adds a message by the app; TS and what is said of the author are filled in.
func (w *Workspace) Post(m Message) (Message, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, refused := w.reach(m.Channel)
	switch {
	case refused != "":
		return m, refused
	case c.IsArchived:
		return m, "is_archived"
	}
	if m.ThreadTS != "" {
		parent := w.find(m.Channel, m.ThreadTS)
		if parent == nil {
			return m, "cannot_reply_to_message"
		}
		if parent.ThreadTS != "" {
			m.ThreadTS = parent.ThreadTS
		}
	}
	m.TS = w.nextTS()
	m.User, m.BotID, m.AppID = w.app.BotUserID, w.app.BotID, w.app.ID
	m.visible = w.now().Add(w.lag)
	w.messages[m.Channel] = append(w.messages[m.Channel], &m)
	return m, ""
}

// Say adds a message by a person.
func (w *Workspace) Say(channel, user, text string) Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := &Message{Channel: channel, User: user, Text: text, TS: w.nextTS(), visible: w.now().Add(w.lag)}
	w.messages[channel] = append(w.messages[channel], m)
	return *m
}

// Whisper adds an ephemeral message, which only target sees and no history holds.
func (w *Workspace) Whisper(m Message) (Message, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, refused := w.reach(m.Channel)
	if refused != "" {
		return m, refused
	}
	if _, ok := w.users[m.Target]; !ok || !c.IsIM && c.IsPrivate && !slices.Contains(c.Members, m.Target) {
		return m, "user_not_in_channel"
	}
	m.TS = w.nextTS()
	m.User, m.BotID, m.AppID = w.app.BotUserID, w.app.BotID, w.app.ID
	w.fleeting = append(w.fleeting, m)
	return m, ""
}

// Whispers lists the ephemeral messages, oldest first.
func (w *Workspace) Whispers() []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.fleeting)
}

// Change is an edit. What is nil stays.
type Change struct {
	Text     *string
	Blocks   *[]any
	Attached *[]any
	Metadata *map[string]any
}

// Update edits a message of the app. The history shows it at once.
func (w *Workspace) Update(channel, ts string, change Change) (Message, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, refused := w.reach(channel); refused != "" {
		return Message{}, refused
	}
	m := w.find(channel, ts)
	switch {
	case m == nil:
		return Message{}, "message_not_found"
	case m.AppID != w.app.ID:
		return Message{}, "cant_update_message"
	}
	if change.Text != nil {
		m.Text = *change.Text
	}
	if change.Blocks != nil {
		m.Blocks = *change.Blocks
	}
	if change.Attached != nil {
		m.Attached = *change.Attached
	}
	if change.Metadata != nil {
		m.Metadata = *change.Metadata
	}
	m.Edited = w.nextTS()
	return *m, ""
}

// Delete removes a message and reports whether it was there.
func (w *Workspace) Delete(channel, ts string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.messages[channel])
	w.messages[channel] = slices.DeleteFunc(w.messages[channel], func(m *Message) bool { return m.TS == ts })
	return len(w.messages[channel]) < n
}

func (w *Workspace) find(channel, ts string) *Message {
	for _, m := range w.messages[channel] {
		if m.TS == ts {
			return m
		}
	}
	return nil
}

// Message finds a message, whether the history shows it or not.
func (w *Workspace) Message(channel, ts string) (Message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if m := w.find(channel, ts); m != nil {
		return *m, true
	}
	return Message{}, false
}

// Messages lists what was posted to a channel, replies included, oldest first, whether the history shows it or not. Every channel
// when the name is empty.
func (w *Workspace) Messages(channel string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []Message
	for id, list := range w.messages {
		for _, m := range list {
			if channel == "" || channel == id {
				out = append(out, *m)
			}
		}
	}
	slices.SortFunc(out, func(a, b Message) int { return compareTS(a.TS, b.TS) })
	return out
}

func compareTS(a, b string) int {
	x, _ := parseTS(a)
	y, _ := parseTS(b)
	return int(max(-1, min(1, x-y)))
}
