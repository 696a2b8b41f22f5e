package socket_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"muster/remediate/slack/slackfake/socket"
)

type client struct {
	*websocket.Conn
	t *testing.T
}

type message struct {
	Type      string          `json:"type"`
	Reason    string          `json:"reason"`
	Envelope  string          `json:"envelope_id"`
	Payload   json.RawMessage `json:"payload"`
	Accepts   bool            `json:"accepts_response_payload"`
	Number    int             `json:"num_connections"`
	Attempt   int             `json:"retry_attempt"`
	RetryWhy  string          `json:"retry_reason"`
	DebugInfo map[string]any  `json:"debug_info"`
}

func serve(t *testing.T, o socket.Options) (*socket.Hub, string) {
	t.Helper()
	h := socket.New(o)
	s := httptest.NewServer(h)
	t.Cleanup(func() { h.Close(); s.Close() })
	return h, "ws" + strings.TrimPrefix(s.URL, "http") + "/link/?ticket="
}

func dial(t *testing.T, address string) *client {
	t.Helper()
	conn, res, err := websocket.DefaultDialer.Dial(address, nil)
	if err != nil {
		t.Fatalf("%v: %v", res, err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn, t}
}

func (c *client) next() message {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	var m message
	if err := c.ReadJSON(&m); err != nil {
		c.t.Fatal(err)
	}
	return m
}

func (c *client) ack(id string, payload any) {
	c.t.Helper()
	said := map[string]any{"envelope_id": id}
	if payload != nil {
		said["payload"] = payload
	}
	if err := c.WriteJSON(said); err != nil {
		c.t.Fatal(err)
	}
}

func TestATicketIsGoodForOneConnection(t *testing.T) {
	h, address := serve(t, socket.Options{AppID: "A1"})
	ticket := h.Ticket()
	c := dial(t, address+ticket)
	if hello := c.next(); hello.Type != "hello" || hello.Number != 1 || hello.DebugInfo["approximate_connection_time"] != 3600.0 {
		t.Errorf("greeted with %+v", hello)
	}
	for _, bad := range []string{ticket, "made-up", ""} {
		if _, res, err := websocket.DefaultDialer.Dial(address+bad, nil); err == nil || res.StatusCode != 403 {
			t.Errorf("the ticket %q is taken", bad)
		}
	}
}

func TestAnEnvelopeGoesToOneConnectionInTurn(t *testing.T) {
	h, address := serve(t, socket.Options{})
	a := dial(t, address+h.Ticket())
	a.next()
	b := dial(t, address+h.Ticket())
	if hello := b.next(); hello.Number != 2 {
		t.Errorf("the second is greeted with %+v", hello)
	}
	counts(t, h, 2)
	got := make(chan int, 8)
	for i, c := range []*client{a, b} {
		go func() {
			for {
				var m message
				if c.ReadJSON(&m) != nil {
					return
				}
				got <- i
				_ = c.WriteJSON(map[string]any{"envelope_id": m.Envelope, "payload": map[string]any{"from": i}})
			}
		}()
	}
	counts := map[int]int{}
	for range 4 {
		e, err := h.Send(t.Context(), "interactive", map[string]any{"type": "block_actions"})
		if err != nil {
			t.Fatal(err)
		}
		counts[<-got]++
		if took, acked := e.Took(); !acked || took < 0 || len(e.Acks[0].Payload) == 0 || e.Acks[0].Connection != e.Attempts[0].Connection {
			t.Errorf("envelope %+v", e)
		}
	}
	if counts[0] != 2 || counts[1] != 2 || len(got) != 0 {
		t.Errorf("they went to %v, and %d were sent twice", counts, len(got))
	}
}

func TestEnvelopesAreSentAgainUntilAcknowledged(t *testing.T) {
	h, address := serve(t, socket.Options{AckTimeout: 50 * time.Millisecond, Redeliver: 2})
	c := dial(t, address+h.Ticket())
	c.next()
	done := make(chan error, 1)
	go func() {
		_, err := h.Send(context.Background(), "interactive", map[string]any{})
		done <- err
	}()
	first := c.next()
	second := c.next()
	if first.Attempt != 0 || second.Attempt != 1 || second.RetryWhy != "timeout" || first.Envelope != second.Envelope || !second.Accepts {
		t.Errorf("sent as %+v and %+v", first, second)
	}
	c.ack(second.Envelope, nil)
	c.ack(second.Envelope, nil)
	if err := <-done; err != nil {
		t.Error(err)
	}
	_, err := h.Send(t.Context(), "interactive", map[string]any{})
	if !errors.Is(err, socket.ErrNoAck) {
		t.Errorf("silence is %v", err)
	}
	if all := h.Envelopes(); len(all) != 2 || len(all[0].Acks) != 2 || len(all[1].Attempts) != 3 || len(all[1].Acks) != 0 {
		t.Errorf("envelopes are %+v", all)
	}
	h.Close()
	if _, err := h.Send(t.Context(), "interactive", nil); err == nil {
		t.Error("a closed hub sends")
	}
}

func TestABrokenConnectionHandsItsEnvelopeOn(t *testing.T) {
	h, address := serve(t, socket.Options{AckTimeout: 5 * time.Second})
	a := dial(t, address+h.Ticket())
	a.next()
	done := make(chan error, 1)
	go func() {
		_, err := h.Send(context.Background(), "interactive", map[string]any{"n": 1})
		done <- err
	}()
	lost := a.next()
	a.Close()
	b := dial(t, address+h.Ticket())
	b.next()
	again := b.next()
	if again.Envelope != lost.Envelope || again.Attempt != 1 || again.RetryWhy != "connection_failed" || string(again.Payload) != string(lost.Payload) {
		t.Errorf("handed on as %+v", again)
	}
	b.ack(again.Envelope, nil)
	if err := <-done; err != nil {
		t.Error(err)
	}
	counts(t, h, 1)
	if err := h.Resend(lost.Envelope); err != nil {
		t.Fatal(err)
	}
	if replayed := b.next(); replayed.Envelope != lost.Envelope || replayed.Attempt != 0 {
		t.Errorf("replayed as %+v", replayed)
	}
}

func TestAnEnvelopeWaitsForAConnectionAndOutlivesItsSender(t *testing.T) {
	h, address := serve(t, socket.Options{AckTimeout: 2 * time.Second})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	e, err := h.Send(ctx, "interactive", map[string]any{})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("without a connection: %v", err)
	}
	c := dial(t, address+h.Ticket())
	c.next()
	if m := c.next(); m.Envelope != e.ID {
		t.Errorf("the waiting envelope arrives as %+v", m)
	}
}

func TestConnectionsAreWarnedRefreshedAndCounted(t *testing.T) {
	h, address := serve(t, socket.Options{Life: 300 * time.Millisecond, WarnBefore: 200 * time.Millisecond})
	c := dial(t, address+h.Ticket())
	for _, want := range []message{{Type: "hello"}, {Type: "disconnect", Reason: "warning"}, {Type: "disconnect", Reason: "refresh_requested"}} {
		if m := c.next(); m.Type != want.Type || m.Reason != want.Reason {
			t.Errorf("got %s %s, want %s %s", m.Type, m.Reason, want.Type, want.Reason)
		}
	}
	if _, _, err := c.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("after a refresh: %v", err)
	}
	many, address := serve(t, socket.Options{})
	for range socket.MaxConnections {
		dial(t, address+many.Ticket()).next()
	}
	if m := dial(t, address+many.Ticket()).next(); m.Reason != "too_many_websockets" {
		t.Errorf("the eleventh is told %+v", m)
	}
	counts(t, many, socket.MaxConnections)
	many.Disconnect("link_disabled")
	counts(t, many, 0)
}

// counts waits until there are so many connections: one is counted right after it was greeted.
func counts(t *testing.T, h *socket.Hub, want int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); h.Connections() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d connections, want %d", h.Connections(), want)
		}
	}
}

func TestConnectionsArePinged(t *testing.T) {
	h, address := serve(t, socket.Options{PingEvery: 10 * time.Millisecond})
	c := dial(t, address+h.Ticket())
	pinged := make(chan bool, 1)
	c.SetPingHandler(func(string) error {
		select {
		case pinged <- true:
		default:
		}
		return nil
	})
	go func() { _, _, _ = c.ReadMessage(); _, _, _ = c.ReadMessage() }()
	select {
	case <-pinged:
	case <-time.After(5 * time.Second):
		t.Error("no ping; clients take that for a dead connection")
	}
}
