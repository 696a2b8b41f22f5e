package socket

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// MaxConnections is how many connections an app may have.
const MaxConnections = 10

// Options says how the hub behaves. Zero values are Slack's.
type Options struct {
	AppID       string
	AckTimeout  time.Duration // how long an acknowledgement may take: 3 s
	Redeliver   int           // how often an envelope is sent again: 3; negative: never
	Life        time.Duration // how long a connection lasts: an hour
	WarnBefore  time.Duration // how long before its end it is warned: 10 s
	PingEvery   time.Duration // 5 s
	TicketLives time.Duration // how long an address may be used: 30 s
}

func (o *Options) fill() {
	for _, d := range []struct {
		at    *time.Duration
		usual time.Duration
	}{{&o.AckTimeout, 3 * time.Second}, {&o.Life, time.Hour}, {&o.WarnBefore, 10 * time.Second}, {&o.PingEvery, 5 * time.Second}, {&o.TicketLives, 30 * time.Second}} {
		if *d.at == 0 {
			*d.at = d.usual
		}
	}
	if o.Redeliver == 0 {
		o.Redeliver = 3
	}
}

// Hub holds the connections and the envelopes.
type Hub struct {
	o       Options
	ctx     context.Context // ends with the hub
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu        sync.Mutex
	tickets   map[string]time.Time
	links     []*link
	turn      int
	serial    int
	arrived   chan struct{} // closed and replaced when a connection arrives
	envelopes map[string]*envelope
	order     []string
}

// New makes a hub without connections.
func New(o Options) *Hub {
	o.fill()
	h := &Hub{o: o, tickets: map[string]time.Time{}, arrived: make(chan struct{}), envelopes: map[string]*envelope{}}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// Ticket makes the ticket of a new address, good for one connection.
func (h *Hub) Ticket() string {
	t := strings.ToLower(rand.Text())
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tickets[t] = time.Now().Add(h.o.TicketLives)
	return t
}

func (h *Hub) redeem(ticket string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	until, ok := h.tickets[ticket]
	delete(h.tickets, ticket)
	return ok && time.Now().Before(until)
}

// ServeHTTP takes a connection to the address with a ticket.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.redeem(r.URL.Query().Get("ticket")) {
		http.Error(w, "this ticket is used, expired or unknown", http.StatusForbidden)
		return
	}
	up := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }} // the ticket is the authentication, as with Slack
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	life := h.o.Life
	if r.URL.Query().Get("debug_reconnects") == "true" {
		life = min(life, 360*time.Second)
	}
	l := &link{conn: conn, gone: make(chan struct{})}
	number, ok := h.admit(l)
	if !ok {
		l.disconnect("too_many_websockets")
		l.close()
		return
	}
	defer h.running.Done()
	hello := map[string]any{"type": "hello", "num_connections": number, "connection_info": map[string]any{"app_id": h.o.AppID},
		"debug_info": map[string]any{"host": "applink-1", "started": time.Now().UTC().Format("2006-01-02 15:04:05.000"), "build_number": 1,
			"approximate_connection_time": int(life.Seconds())}}
	if l.send(hello) == nil {
		h.offer(l)
		h.running.Go(func() { h.keep(l, life) })
		h.read(l)
	}
	l.close()
	h.remove(l)
}

// admit counts a connection in.
func (h *Hub) admit(l *link) (int, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.links) >= MaxConnections || h.ctx.Err() != nil {
		return 0, false
	}
	h.serial++
	l.number = h.serial
	h.links = append(h.links, l)
	h.running.Add(1)
	return len(h.links), true
}

// offer lets a connection have envelopes, once it has been greeted.
func (h *Hub) offer(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.open = true
	close(h.arrived)
	h.arrived = make(chan struct{})
}

func (h *Hub) remove(l *link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	l.open = false
	h.links = slices.DeleteFunc(h.links, func(x *link) bool { return x == l })
}

// keep pings a connection and ends it when its time is over.
func (h *Hub) keep(l *link, life time.Duration) {
	ping := time.NewTicker(h.o.PingEvery)
	defer ping.Stop()
	warn := time.NewTimer(max(0, life-h.o.WarnBefore))
	defer warn.Stop()
	end := time.NewTimer(life)
	defer end.Stop()
	for {
		select {
		case <-l.gone:
			return
		case <-h.ctx.Done():
			l.close()
			return
		case <-ping.C:
			l.ping()
		case <-warn.C:
			l.disconnect("warning")
		case <-end.C:
			h.refresh(l)
		}
	}
}

// refresh ends a connection as Slack does from time to time: nothing is sent to it any more, and it is closed.
func (h *Hub) refresh(l *link) {
	h.mu.Lock()
	l.open = false
	h.mu.Unlock()
	l.disconnect("refresh_requested")
	l.close()
}

// pick takes the next connection in turn, or a channel that says when there is one.
func (h *Hub) pick() (*link, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for range h.links {
		h.turn++
		if l := h.links[h.turn%len(h.links)]; l.open && !l.ended() {
			return l, nil
		}
	}
	return nil, h.arrived
}

func (h *Hub) all() []*link {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.links)
}

// Connections counts the connections that may have envelopes.
func (h *Hub) Connections() int {
	n := 0
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.links {
		if l.open && !l.ended() {
			n++
		}
	}
	return n
}

// Disconnect sends every connection a disconnect with this reason. After all but a warning it closes them.
func (h *Hub) Disconnect(reason string) {
	for _, l := range h.all() {
		switch reason {
		case "warning":
			l.disconnect(reason)
		case "refresh_requested":
			h.refresh(l)
		default:
			l.disconnect(reason)
			l.close()
		}
	}
}

// Drop breaks every connection without a word.
func (h *Hub) Drop() {
	for _, l := range h.all() {
		l.drop()
	}
}

// Close ends everything and waits for it.
func (h *Hub) Close() {
	h.mu.Lock() // whoever counted himself in before is waited for, nobody does so afterwards
	h.cancel()
	h.mu.Unlock()
	h.Drop()
	h.running.Wait()
}

// read takes the client's acknowledgements until the connection ends.
func (h *Hub) read(l *link) {
	for {
		_, text, err := l.conn.ReadMessage()
		if err != nil {
			return
		}
		var ack struct {
			EnvelopeID string          `json:"envelope_id"`
			Payload    json.RawMessage `json:"payload"`
		}
		if json.Unmarshal(text, &ack) == nil && ack.EnvelopeID != "" {
			h.acknowledge(ack.EnvelopeID, Ack{At: time.Now().UTC(), Connection: l.number, Payload: ack.Payload})
		}
	}
}
