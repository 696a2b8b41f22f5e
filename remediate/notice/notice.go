package notice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"muster/internal/access"
)

// State is where a message stands.
type State string

// The states of a message.
const (
	Queued  State = "queued"  // not sent: the channel asked to be left alone
	Sending State = "sending" // the request was made or is being made; only the channel knows
	Sent    State = "sent"    // it is there
	Failed  State = "failed"  // the channel refused it for good
	Gone    State = "gone"    // it was there and somebody removed it; it is not sent again
)

// Notice is one message to people and where it stands.
type Notice struct {
	Key      string         `json:"key"`              // what it is about; the same key is sent once
	Channel  access.Channel `json:"channel"`          // slack or mail
	Address  string         `json:"address"`          // of the channel: a Slack channel id, a mail address
	Thread   string         `json:"thread,omitempty"` // id of the message that it answers
	Run      string         `json:"run,omitempty"`
	Person   string         `json:"person,omitempty"` // worker id of the addressee, when it is one
	Approval string         `json:"approval,omitempty"`
	Shows    uint64         `json:"shows,omitempty"` // version of what the content shows; an older one never replaces it
	Digest   string         `json:"sha256"`          // of the content that was sent

	State     State     `json:"state"`
	Ref       Ref       `json:"ref,omitzero"`
	Why       string    `json:"why,omitempty"` // of failed
	FirstAt   time.Time `json:"first_at"`      // of the first attempt
	SendingAt time.Time `json:"sending_at"`    // of the last attempt
	SentAt    time.Time `json:"sent_at,omitzero"`
	EditedAt  time.Time `json:"edited_at,omitzero"`
	Tries     int       `json:"tries"`
	Version   uint64    `json:"version"`
}

// Ref is where a message is: in Slack its channel and time stamp, in mail its message id.
type Ref struct {
	Channel string `json:"channel,omitempty"`
	ID      string `json:"id"`
}

// Sender sends one message. It makes one request and repeats nothing by itself.
type Sender interface {
	// Ready waits until the channel lets this message through. It comes before the intent, so that the intent's time is the request's.
	Ready(ctx context.Context, n Notice) error
	// Send makes the request. The message must carry n.Key where Find sees it.
	Send(ctx context.Context, n Notice) (Ref, error)
	// Find searches the channel for n.Key in what was sent since. A channel that cannot be searched returns ErrCannotFind.
	Find(ctx context.Context, n Notice, since time.Time) (Ref, bool, error)
}

// ErrCannotFind says that a channel cannot be searched: what may have been sent is sent again, under the same message id.
var ErrCannotFind = errors.New("search channel: it cannot be searched")

// Document writes the notice for storage, under its key.
func (n Notice) Document(at time.Time) (access.Document, error) {
	text, err := json.Marshal(n)
	if err != nil {
		return access.Document{}, fmt.Errorf("encode notice %s: %w", n.Key, err)
	}
	return access.Document{Kind: access.DocNotice, ID: n.Key, Version: n.Version, State: string(n.State), Key: n.Key, Person: n.Person, Run: n.Run, At: at, Body: text}, nil
}
