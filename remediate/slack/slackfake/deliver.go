package slackfake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"muster/remediate/slack/slackfake/socket"
	"muster/remediate/slack/slackfake/wire"
)

// ErrNoAck says that the app did not acknowledge in time, or not with 200: the person sees a warning beside the button.
var ErrNoAck = errors.New("the app did not acknowledge")

// Forgery is what is not honest about an interaction. The zero value forges nothing but lifts the checks of what is possible.
type Forgery struct {
	Element   map[string]any `json:"element,omitempty"`   // the element that is used, where the message has none with the action id
	Set       map[string]any `json:"set,omitempty"`       // dotted path in the payload ("team.id", "actions.0.value") → value, before it is signed; nil removes
	Secret    string         `json:"secret,omitempty"`    // signs instead of the app's
	Age       time.Duration  `json:"age,omitempty"`       // how much older than now the timestamp is; it is signed as it stands
	Signature *string        `json:"signature,omitempty"` // instead of the right one; empty: no header
	From      string         `json:"from,omitempty"`      // text of the payload that is replaced after it was signed ...
	To        string         `json:"to,omitempty"`        // ... by this
}

// Delivery is what was sent to the app and what it said.
type Delivery struct {
	ID           int             `json:"id"` // what Replay names it by
	Payload      json.RawMessage `json:"payload"`
	TriggerID    string          `json:"trigger_id,omitempty"`
	ResponseURL  string          `json:"response_url,omitempty"`
	Envelope     string          `json:"envelope,omitempty"` // over Socket Mode: its id
	URL          string          `json:"url,omitempty"`      // over HTTP: where it was sent ...
	Header       http.Header     `json:"header,omitempty"`   // ... with which signature
	Body         []byte          `json:"body,omitempty"`     // ... and what exactly
	Status       int             `json:"status,omitempty"`   // of the app's answer over HTTP
	Answer       []byte          `json:"answer,omitempty"`   // body of the app's answer, or payload of its acknowledgement
	Acknowledged bool            `json:"acknowledged"`
	Took         time.Duration   `json:"took,omitempty"`
}

// Send delivers any payload as an interaction. forge may be nil.
func (s *Server) Send(ctx context.Context, payload map[string]any, forge *Forgery) (Delivery, error) {
	return s.deliver(ctx, Delivery{}, payload, forge)
}

// deliver sends an interaction the way the app is set up.
func (s *Server) deliver(ctx context.Context, d Delivery, payload map[string]any, forge *Forgery) (Delivery, error) {
	if forge == nil {
		forge = &Forgery{}
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return d, fmt.Errorf("deliver interaction: %w", err)
	}
	if len(forge.Set) > 0 {
		if text, err = wire.Set(text, forge.Set); err != nil {
			return d, fmt.Errorf("deliver interaction: %w", err)
		}
	}
	d.Payload = text
	s.mu.Lock()
	d.ID = len(s.deliveries) + 1
	d.URL = s.requestURL
	s.deliveries = append(s.deliveries, d) // keeps its place
	s.mu.Unlock()
	if d.URL == "" {
		d, err = s.overSocket(ctx, d, forge)
	} else {
		s.sign(&d, forge)
		d, err = s.post(ctx, d)
	}
	s.mu.Lock()
	s.deliveries[d.ID-1] = d
	s.mu.Unlock()
	return d, err
}

func (s *Server) overSocket(ctx context.Context, d Delivery, forge *Forgery) (Delivery, error) {
	if forge.From != "" {
		d.Payload = json.RawMessage(strings.ReplaceAll(string(d.Payload), forge.From, forge.To))
	}
	e, err := s.hub.Send(ctx, "interactive", d.Payload)
	d.Envelope = e.ID
	d.Took, d.Acknowledged = e.Took()
	if d.Acknowledged {
		d.Answer = e.Acks[0].Payload
	}
	if errors.Is(err, socket.ErrNoAck) {
		err = ErrNoAck
	}
	return d, err
}

// sign makes the request: its body, and headers that fit or, forged, do not.
func (s *Server) sign(d *Delivery, forge *Forgery) {
	honest := []byte("payload=" + url.QueryEscape(string(d.Payload)))
	d.Body = honest
	if forge.From != "" {
		d.Body = []byte("payload=" + url.QueryEscape(strings.ReplaceAll(string(d.Payload), forge.From, forge.To)))
	}
	secret := s.o.SigningSecret
	if forge.Secret != "" {
		secret = forge.Secret
	}
	d.Header = http.Header{}
	d.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	d.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	wire.SignHeader(d.Header, secret, s.o.Now().Add(-forge.Age).Unix(), honest)
	if forge.Signature != nil {
		d.Header.Del(wire.SignatureHeader)
		if *forge.Signature != "" {
			d.Header.Set(wire.SignatureHeader, *forge.Signature)
		}
	}
}

// post sends the request as it stands.
func (s *Server) post(ctx context.Context, d Delivery) (Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.AckTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(d.Body))
	if err != nil {
		return d, fmt.Errorf("deliver interaction: %w", err)
	}
	req.Header = d.Header.Clone()
	d.Status, d.Answer, d.Acknowledged = 0, nil, false
	begin := time.Now()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		d.Took = time.Since(begin)
		return d, fmt.Errorf("%w: %w", ErrNoAck, err)
	}
	defer res.Body.Close()
	d.Answer, err = io.ReadAll(io.LimitReader(res.Body, 1<<20))
	d.Took, d.Status = time.Since(begin), res.StatusCode
	if err != nil || res.StatusCode != http.StatusOK {
		return d, fmt.Errorf("%w: it answered %d", ErrNoAck, res.StatusCode)
	}
	d.Acknowledged = true
	return d, nil
}

// Replay sends a delivery again, to the byte: over HTTP the same request, over Socket Mode the same envelope, which nobody waits for.
func (s *Server) Replay(ctx context.Context, id int) (Delivery, error) {
	s.mu.Lock()
	if id < 1 || id > len(s.deliveries) {
		s.mu.Unlock()
		return Delivery{}, fmt.Errorf("replay delivery: there is no %d", id)
	}
	d := s.deliveries[id-1]
	s.mu.Unlock()
	if d.Envelope != "" {
		return d, s.hub.Resend(d.Envelope)
	}
	return s.post(ctx, d)
}

// Deliveries lists what was sent, in order, without replays.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery(nil), s.deliveries...)
}
