package socket

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Envelope is what was sent, and what came of it.
type Envelope struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Payload  json.RawMessage `json:"payload"`
	Attempts []Attempt       `json:"attempts"`
	Acks     []Ack           `json:"acks"` // a client may acknowledge more than once
}

// Attempt is one sending.
type Attempt struct {
	At         time.Time `json:"at"`
	Connection int       `json:"connection"` // connections are numbered from 1 in the order of arrival
	Reason     string    `json:"reason,omitempty"`
}

// Ack is one acknowledgement.
type Ack struct {
	At         time.Time       `json:"at"`
	Connection int             `json:"connection"`
	Payload    json.RawMessage `json:"payload,omitempty"`
}

// Took is the time from the first sending to the first acknowledgement; false when there is none.
func (e Envelope) Took() (time.Duration, bool) {
	if len(e.Acks) == 0 || len(e.Attempts) == 0 {
		return 0, false
	}
	return e.Acks[0].At.Sub(e.Attempts[0].At), true
}

// envelope is an envelope on its way. Everything but the channels is guarded by the hub.
type envelope struct {
	Envelope
	acked chan struct{} // closed by the first acknowledgement
	given chan struct{} // closed when the hub sends it no more
}

// Send sends a payload and returns when it is acknowledged, given up, or ctx ends; it goes on being sent again after ctx has ended.
func (h *Hub) Send(ctx context.Context, kind string, payload any) (Envelope, error) {
	text, err := json.Marshal(payload)
	if err != nil {
		return Envelope{}, fmt.Errorf("send envelope: %w", err)
	}
	e := &envelope{Envelope: Envelope{ID: newID(), Type: kind, Payload: text}, acked: make(chan struct{}), given: make(chan struct{})}
	h.mu.Lock()
	if h.ctx.Err() != nil {
		h.mu.Unlock()
		return Envelope{}, fmt.Errorf("send envelope: %w", h.ctx.Err())
	}
	h.envelopes[e.ID] = e
	h.order = append(h.order, e.ID)
	h.running.Go(func() { h.deliver(e) })
	h.mu.Unlock()
	select {
	case <-e.acked:
	case <-e.given:
	case <-ctx.Done():
		return h.snapshot(e), fmt.Errorf("send envelope: %w", ctx.Err())
	}
	if len(h.snapshot(e).Acks) == 0 {
		return h.snapshot(e), ErrNoAck
	}
	return h.snapshot(e), nil
}

// ErrNoAck says that nobody acknowledged an envelope.
var ErrNoAck = fmt.Errorf("send envelope: it was not acknowledged")

// Resend sends an envelope that was sent before once more, as it was: a replay. It does not wait for an acknowledgement.
func (h *Hub) Resend(id string) error {
	h.mu.Lock()
	e, ok := h.envelopes[id]
	h.mu.Unlock()
	if !ok {
		return fmt.Errorf("send envelope again: there is no %s", id)
	}
	l, _ := h.pick()
	if l == nil {
		return fmt.Errorf("send envelope again: there is no connection")
	}
	return h.write(l, e, 0, "replay")
}

func (h *Hub) snapshot(e *envelope) Envelope {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := e.Envelope
	s.Attempts, s.Acks = slices.Clone(s.Attempts), slices.Clone(s.Acks)
	return s
}

// Envelopes lists every envelope in the order of its first sending.
func (h *Hub) Envelopes() []Envelope {
	h.mu.Lock()
	list := make([]*envelope, len(h.order))
	for i, id := range h.order {
		list[i] = h.envelopes[id]
	}
	h.mu.Unlock()
	out := make([]Envelope, len(list))
	for i, e := range list {
		out[i] = h.snapshot(e)
	}
	return out
}

// Envelope finds one by its id.
func (h *Hub) Envelope(id string) (Envelope, bool) {
	h.mu.Lock()
	e, ok := h.envelopes[id]
	h.mu.Unlock()
	if !ok {
		return Envelope{}, false
	}
	return h.snapshot(e), true
}

func (h *Hub) acknowledge(id string, ack Ack) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e, ok := h.envelopes[id]
	if !ok {
		return
	}
	e.Acks = append(e.Acks, ack)
	if len(e.Acks) == 1 {
		close(e.acked)
	}
}

// deliver sends an envelope until it is acknowledged or given up.
func (h *Hub) deliver(e *envelope) {
	defer close(e.given)
	reason := ""
	for attempt := 0; attempt <= max(0, h.o.Redeliver); {
		l := h.await(e)
		if l == nil {
			return
		}
		if h.write(l, e, attempt, reason) != nil {
			l.drop() // it did not get there: no attempt
			continue
		}
		attempt++
		timer := time.NewTimer(h.o.AckTimeout)
		select {
		case <-e.acked:
		case <-h.ctx.Done():
		case <-timer.C:
			reason = "timeout"
		case <-l.gone:
			reason = "connection_failed"
		}
		timer.Stop()
		if h.settled(e) {
			return
		}
	}
}

func (h *Hub) settled(e *envelope) bool {
	select {
	case <-e.acked:
		return true
	case <-h.ctx.Done():
		return true
	default:
		return false
	}
}

// await waits for a connection, as long as all tries together may take.
func (h *Hub) await(e *envelope) *link {
	timer := time.NewTimer(h.o.AckTimeout * time.Duration(max(0, h.o.Redeliver)+1))
	defer timer.Stop()
	for {
		l, arrived := h.pick()
		if l != nil {
			return l
		}
		select {
		case <-arrived:
		case <-timer.C:
			return nil
		case <-e.acked:
			return nil
		case <-h.ctx.Done():
			return nil
		}
	}
}

func (h *Hub) write(l *link, e *envelope, attempt int, reason string) error {
	said := map[string]any{"type": e.Type, "envelope_id": e.ID, "accepts_response_payload": e.Type != "events_api", "payload": e.Payload}
	if attempt > 0 {
		said["retry_attempt"], said["retry_reason"] = attempt, reason
	}
	h.mu.Lock() // before it is sent: its acknowledgement may be faster than we
	e.Attempts = append(e.Attempts, Attempt{At: time.Now().UTC(), Connection: l.number, Reason: reason})
	n := len(e.Attempts)
	h.mu.Unlock()
	if err := l.send(said); err != nil {
		h.mu.Lock()
		e.Attempts = slices.Delete(e.Attempts, n-1, n)
		h.mu.Unlock()
		return fmt.Errorf("send envelope: %w", err)
	}
	return nil
}

// newID is a random UUID.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) //nolint:errcheck // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
