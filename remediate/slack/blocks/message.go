package blocks

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	slackgo "github.com/slack-go/slack"

	"muster/internal/access"
	"muster/remediate"
	"muster/remediate/notice"
)

// The limits of Block Kit, a little below Slack's own.
const (
	maxBlocks  = 50
	maxHeader  = 150
	maxSection = 2900
	maxContext = 1900
	maxText    = 3000 // of the fallback; Slack cuts at 40,000
	maxTitle   = 300
	maxWhy     = 600
	maxLine    = 240
)

// Message is what one Slack message shows: the blocks, and a text for notifications and for those who do not see blocks.
type Message struct {
	Text   string          `json:"text"`
	Blocks []slackgo.Block `json:"blocks,omitempty"`
}

// Digest is the hex SHA-256 over what the message shows.
func (m Message) Digest() string {
	text, err := json.Marshal(m)
	if err != nil {
		return remediate.Hash("unmarshalable", m.Text) // blocks of this package always marshal
	}
	return remediate.Hash(string(text))
}

// Options are what slack-go posts.
func (m Message) Options() []slackgo.MsgOption {
	return []slackgo.MsgOption{slackgo.MsgOptionText(m.Text, false), slackgo.MsgOptionBlocks(m.Blocks...), slackgo.MsgOptionDisableLinkUnfurl(), slackgo.MsgOptionDisableMediaUnfurl()}
}

// Context is what rendering needs besides the model.
type Context struct {
	People map[string]string // Slack user id by worker id
	Links  notice.Links
}

// who names a person: mentioned where their Slack user is known.
func (c Context) who(worker, name string) string {
	if id := c.People[worker]; id != "" {
		return Mention(id)
	}
	if name == "" {
		name = worker
	}
	return fit(name, 80)
}

func mrkdwn(text string) *slackgo.TextBlockObject {
	return &slackgo.TextBlockObject{Type: slackgo.MarkdownType, Text: text, Verbatim: true}
}

// plain is a text in which Slack draws no emoji.
func plain(text string) *slackgo.TextBlockObject {
	off := false
	return &slackgo.TextBlockObject{Type: slackgo.PlainTextType, Text: text, Emoji: &off}
}

func header(text string) slackgo.Block { return slackgo.NewHeaderBlock(plain(fit(text, maxHeader))) }

// section takes rendered mrkdwn.
func section(text string) slackgo.Block { return slackgo.NewSectionBlock(mrkdwn(text), nil, nil) }

func small(text string) slackgo.Block { return slackgo.NewContextBlock("", mrkdwn(text)) }

// list shows lines of rendered mrkdwn below a title, as many as fit: at most most, and size characters in all. rest says where the others
// are.
func list(title string, lines []string, most, size int, rest string) string {
	var b strings.Builder
	b.WriteString(title)
	size -= utf8.RuneCountInString(title) + utf8.RuneCountInString(rest) + 30
	for i, l := range lines {
		size -= utf8.RuneCountInString(l) + 3
		if i == most || size < 0 {
			fmt.Fprintf(&b, "\nand %d more: %s", len(lines)-i, rest)
			break
		}
		b.WriteString("\n• " + l)
	}
	return strings.TrimPrefix(b.String(), "\n")
}

// Plain is a message of one sentence, such as those in a thread. The text is rendered already.
func Plain(text string) Message {
	return Message{Text: text, Blocks: []slackgo.Block{section(text)}}
}

func severity(s access.Severity) string {
	if s == "" {
		return ""
	}
	return "*" + fit(string(s), 20) + "*"
}
