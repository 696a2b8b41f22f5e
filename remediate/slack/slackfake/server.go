package slackfake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"muster/remediate/slack/slackfake/socket"
	"muster/remediate/slack/slackfake/state"
	"muster/remediate/slack/slackfake/wire"
)

// Options says what workspace to make. The zero value is one with Slack's limits and made-up ids and secrets.
type Options struct {
	Listen        string           // 127.0.0.1:0; loopback only
	Team          state.Team       // fields that are empty are made up
	App           state.App        // fields that are empty are made up
	BotToken      string           // of the app's bot user
	AppToken      string           // app-level, with connections:write
	SigningSecret string           // signs requests to the app
	Scopes        []string         // of the bot token; DefaultScopes when nil
	RequestURL    string           // where interactions go; empty: Socket Mode
	Lag           time.Duration    // how long what is posted stays out of the history
	Scale         float64          // how many times as fast as the wall clock the workspace's clock runs; 0 is 1
	Now           func() time.Time // the workspace's clock, instead of a scaled wall clock
	NoLimits      bool             // no rate limits
	PostBurst     int              // how many messages a channel takes at once before one a second is the limit; 0 is 5
	AckTimeout    time.Duration    // how long the app may take to acknowledge: 3 s
	Redeliver     int              // how often an envelope is sent again: 3; negative: never
	Connection    time.Duration    // how long a Socket Mode connection lasts: an hour
	WarnBefore    time.Duration    // how long before its end it is warned: 10 s
}

// DefaultScopes is what the bot token may do unless Options says otherwise.
func DefaultScopes() []string {
	return []string{"chat:write", "channels:history", "channels:read", "groups:history", "groups:read", "im:history", "im:read", "im:write", "users:read", "users:read.email"}
}

func (o *Options) fill() {
	for _, f := range []struct {
		at    *string
		usual string
	}{{&o.Listen, "127.0.0.1:0"}, {&o.Team.ID, "T0ACME001"}, {&o.Team.Name, "Acme"}, {&o.Team.Domain, "acme"}, {&o.App.ID, "A0MUSTER1"}, {&o.App.Name, "Muster"},
		{&o.App.BotID, "B0MUSTER1"}, {&o.App.BotUserID, "U0MUSTER1"}, {&o.BotToken, "xoxb-" + rand.Text()}, {&o.AppToken, "xapp-1-" + rand.Text()},
		{&o.SigningSecret, rand.Text()}} {
		if *f.at == "" {
			*f.at = f.usual
		}
	}
	if o.Scopes == nil {
		o.Scopes = DefaultScopes()
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Now == nil {
		o.Now = wire.Clock(o.Scale)
	}
	if o.PostBurst == 0 {
		o.PostBurst = 5
	}
	if o.AckTimeout == 0 {
		o.AckTimeout = 3 * time.Second
	}
}

// Server is a workspace that is served.
type Server struct {
	o        Options
	work     *state.Workspace
	hub      *socket.Hub
	faults   *wire.Faults
	limiter  *wire.Limiter
	methods  map[string]method
	http     *http.Server
	mux      *http.ServeMux
	base     string
	ctx      context.Context // ends with the server
	cancel   context.CancelFunc
	closed   sync.Once
	verify   string // the old verification token, which payloads still carry
	finished chan struct{}

	mu         sync.Mutex
	requestURL string
	tokens     map[string]token
	posts      []Post
	calls      map[string]int
	deliveries []Delivery
}

// New starts a server, or panics where there is no loopback to listen on.
func New(o Options) *Server {
	s, err := Start(o)
	if err != nil {
		panic(err)
	}
	return s
}

// Start starts a server.
func Start(o Options) (*Server, error) {
	o.fill()
	host, _, err := net.SplitHostPort(o.Listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("start slack fake: %q is no address of the loopback interface", o.Listen)
	}
	listener, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("start slack fake: %w", err)
	}
	s := &Server{o: o, base: "http://" + listener.Addr().String(), faults: wire.NewFaults(), limiter: wire.NewLimiter(o.Now), methods: methods(),
		verify: rand.Text(), requestURL: o.RequestURL, calls: map[string]int{}, finished: make(chan struct{})}
	s.work = state.New(o.Team, o.App, o.Now)
	s.work.SetLag(o.Lag)
	s.hub = socket.New(socket.Options{AppID: o.App.ID, AckTimeout: o.AckTimeout, Redeliver: o.Redeliver, Life: o.Connection, WarnBefore: o.WarnBefore})
	s.tokens = map[string]token{o.BotToken: {scopes: o.Scopes}, o.AppToken: {app: true, scopes: []string{"connections:write"}}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	mux.HandleFunc("/api/{method}", s.serveCall)
	mux.HandleFunc("/actions/{path...}", s.serveAnswer)
	mux.Handle("/link/", s.hub)
	s.mux = mux
	s.http = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, BaseContext: func(net.Listener) context.Context { return s.ctx }}
	go func() {
		defer close(s.finished)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			panic(fmt.Sprintf("serve slack fake: %v", err)) // the listener is ours and nobody else closes it
		}
	}()
	return s, nil
}

// Close ends every connection and waits for what runs. A second call does nothing.
func (s *Server) Close() {
	s.closed.Do(func() {
		s.cancel()
		s.hub.Close()
		_ = s.http.Close() // what is open then is broken on purpose
		<-s.finished
	})
}

// Handle adds an address to the server.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

// Knows reports whether calls of a name can be made to fail: a method, response_url, or * for all.
func (s *Server) Knows(method string) bool {
	_, known := s.methods[method]
	return known || method == "*" || method == "response_url"
}

// URL is the address of the server, without a slash at its end.
func (s *Server) URL() string { return s.base }

// APIURL is the address that the names of methods are appended to.
func (s *Server) APIURL() string { return s.base + "/api/" }

// BotToken is the token of the app's bot user.
func (s *Server) BotToken() string { return s.o.BotToken }

// AppToken is the app-level token.
func (s *Server) AppToken() string { return s.o.AppToken }

// SigningSecret is what requests to the app are signed with.
func (s *Server) SigningSecret() string { return s.o.SigningSecret }

// Team is the workspace.
func (s *Server) Team() state.Team { return s.o.Team }

// App is the installed app.
func (s *Server) App() state.App { return s.o.App }

// Workspace is what the server holds, for tests that look or change by hand.
func (s *Server) Workspace() *state.Workspace { return s.work }

// Socket is the Socket Mode side.
func (s *Server) Socket() *socket.Hub { return s.hub }

// Faults says which calls fail.
func (s *Server) Faults() *wire.Faults { return s.faults }

// SetLag sets how long what is posted from now on stays out of the history.
func (s *Server) SetLag(d time.Duration) { s.work.SetLag(d) }

// SetRequestURL sends interactions to another address; to Socket Mode when it is empty.
func (s *Server) SetRequestURL(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requestURL = to
}

// AddUser adds a user, or replaces the one with the same id; what is empty is made up.
func (s *Server) AddUser(u state.User) state.User { return s.work.PutUser(u) }

// AddChannel adds a channel, or replaces the one with the same id; what is empty is made up.
func (s *Server) AddChannel(c state.Channel) state.Channel { return s.work.PutChannel(c) }

// Break lets a token be refused from now on, with account_inactive, token_revoked or whatever error is named; "" mends it.
func (s *Server) Break(tok, refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[tok]; ok {
		t.refusal = refusal
		s.tokens[tok] = t
	}
}

// SetScopes changes what the bot token may do.
func (s *Server) SetScopes(scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[s.o.BotToken]
	t.scopes = scopes
	s.tokens[s.o.BotToken] = t
}
