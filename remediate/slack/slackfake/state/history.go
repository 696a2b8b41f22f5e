package state

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// Query asks for part of a conversation. The times are ts; empty is unlimited.
type Query struct {
	Channel   string
	Thread    string // the ts of a message of a thread; empty for the channel itself
	Oldest    string
	Latest    string
	Inclusive bool
	Cursor    string
	Limit     int
}

// Page is part of a conversation: newest first in a channel, oldest first in a thread.
type Page struct {
	Messages []Message
	More     bool
	Next     string // cursor of what follows
}

const cursorPrefix = "next_ts:"

// encodeCursor points to a message, so that what is posted in between moves no page.
func encodeCursor(ts string) string {
	return base64.StdEncoding.EncodeToString([]byte(cursorPrefix + strings.ReplaceAll(ts, ".", "")))
}

func decodeCursor(cursor string) (int64, bool) {
	text, err := base64.StdEncoding.DecodeString(cursor)
	digits, ok := strings.CutPrefix(string(text), cursorPrefix)
	if err != nil || !ok {
		return 0, false
	}
	micro, err := strconv.ParseInt(digits, 10, 64)
	return micro, err == nil
}

type window struct {
	oldest, latest int64
	inclusive      bool
	from           int64
	hasFrom        bool
}

func (q Query) window() (window, string) {
	w := window{oldest: -1, latest: 1<<63 - 1, inclusive: q.Inclusive}
	var ok bool
	if q.Oldest != "" {
		if w.oldest, ok = parseTS(q.Oldest); !ok {
			return w, "invalid_ts_oldest"
		}
	}
	if q.Latest != "" {
		if w.latest, ok = parseTS(q.Latest); !ok {
			return w, "invalid_ts_latest"
		}
	}
	if q.Cursor != "" {
		if w.from, w.hasFrom = decodeCursor(q.Cursor); !w.hasFrom {
			return w, "invalid_cursor"
		}
	}
	return w, ""
}

func (w window) holds(ts int64) bool {
	return ts > w.oldest && ts < w.latest || w.inclusive && (ts == w.oldest || ts == w.latest)
}

// History reads a channel: no replies but those that were broadcast, nothing that the lag still hides.
func (w *Workspace) History(q Query) (Page, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, refused := w.reach(q.Channel); refused != "" {
		return Page{}, refused
	}
	span, refused := q.window()
	if refused != "" {
		return Page{}, refused
	}
	var p Page
	list := w.messages[q.Channel]
	for i := len(list) - 1; i >= 0; i-- {
		m := list[i]
		at, _ := parseTS(m.TS)
		if m.ThreadTS != "" && !m.Broadcast || w.hidden(m) || !span.holds(at) || span.hasFrom && at > span.from {
			continue
		}
		if p.full(*m, q.Limit) {
			break
		}
	}
	return p, ""
}

// Replies reads a thread: its parent and every reply that the lag does not hide. The parent is on every page that reaches it.
func (w *Workspace) Replies(q Query) (Page, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, refused := w.reach(q.Channel); refused != "" {
		return Page{}, refused
	}
	span, refused := q.window()
	if refused != "" {
		return Page{}, refused
	}
	root := w.find(q.Channel, q.Thread)
	if root != nil && root.ThreadTS != "" {
		root = w.find(q.Channel, root.ThreadTS)
	}
	if root == nil || w.hidden(root) {
		return Page{}, "thread_not_found"
	}
	var p Page
	for _, m := range w.messages[q.Channel] {
		at, _ := parseTS(m.TS)
		isRoot := m == root && !span.hasFrom
		reply := m.ThreadTS == root.TS && !w.hidden(m) && span.holds(at) && (!span.hasFrom || at >= span.from)
		if (isRoot || reply) && p.full(*m, q.Limit) {
			break
		}
	}
	return p, ""
}

func (w *Workspace) hidden(m *Message) bool { return w.now().Before(m.visible) }

// full adds a message, or sets the cursor to it and reports true when the page has its number.
func (p *Page) full(m Message, limit int) bool {
	if len(p.Messages) == limit {
		p.More, p.Next = true, encodeCursor(m.TS)
		return true
	}
	p.Messages = append(p.Messages, m)
	return false
}

// Thread is what is known of a message's replies.
type Thread struct {
	Count  int
	Latest string
	Users  []string
	Author string // of the parent
}

// Thread counts the replies that the lag does not hide.
func (w *Workspace) Thread(channel, ts string) Thread {
	w.mu.Lock()
	defer w.mu.Unlock()
	var t Thread
	seen := map[string]bool{}
	for _, m := range w.messages[channel] {
		switch {
		case m.TS == ts:
			t.Author = m.User
		case m.ThreadTS == ts && !w.hidden(m):
			t.Count++
			t.Latest = m.TS
			if !seen[m.User] {
				t.Users, seen[m.User] = append(t.Users, m.User), true
			}
		}
	}
	return t
}
