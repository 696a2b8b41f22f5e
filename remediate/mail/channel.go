package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"os"
	"strings"
	"time"

	"muster/internal/access"
	"muster/internal/config/form"
	"muster/internal/dial"
	"muster/remediate/notice"
)

// Settings say how mail is sent and to whom.
type Settings struct {
	Server   string   // host:port; port 465 speaks TLS from the start
	From     string   // sender, of the envelope too
	User     string   // empty: no sign-in
	Password string   // of User
	StartTLS string   // required (also when empty), optional or never
	CAFile   string   // PEM of authorities instead of the host's; empty: the host's
	Dir      string   // what a relative CAFile is relative to
	To       []string // the office: who gets holds, and what is for somebody without an address
	Console  string   // address of the console; empty: commands are shown instead of links
}

// The values of Settings.StartTLS.
const (
	Required = "required"
	Optional = "optional"
	Never    = "never"
)

// Tokens makes the tokens by which one person decides one question.
type Tokens interface {
	Personal(approval, person string, until time.Time) string
}

// Options are what a Channel needs besides.
type Options struct {
	Outbox *notice.Outbox
	Tokens Tokens
	// Elsewhere reports whether another channel asks this person, so that mail need not. It is not asked about questions that need a
	// token. nil: nobody is asked elsewhere.
	Elsewhere func(a access.Approval, who access.Approver) bool
	Now       func() time.Time                                                     // nil is time.Now
	Log       *slog.Logger                                                         // nil is silent
	Host      string                                                               // our name to the server (EHLO); empty is this host's
	Dial      func(ctx context.Context, network, address string) (net.Conn, error) // nil is a net.Dialer
	Open      time.Duration                                                        // to connect and sign in; 0 is 30 seconds
	Answer    time.Duration                                                        // for one message to be taken; 0 is two minutes
}

// Channel asks and tells people by mail.
type Channel struct {
	settings  Settings
	outbox    *notice.Outbox
	tokens    Tokens
	elsewhere func(access.Approval, access.Approver) bool
	now       func() time.Time
	log       *slog.Logger
	server    server
	domain    string // of the sender, on the right of message ids
}

// server is how the SMTP server is reached.
type server struct {
	address, host  string
	implicit       bool // TLS from the start
	startTLS       string
	tls            *tls.Config
	user, password string
	hello          string
	dial           func(ctx context.Context, network, address string) (net.Conn, error)
	open, answer   time.Duration
}

const (
	openTime   = 30 * time.Second
	answerTime = 2 * time.Minute // servers look through a message before they take it; RFC 5321 §4.5.3.2.6 allows ten
	portTLS    = "465"
)

// New makes a channel. It makes no connection.
func New(s Settings, o Options) (*Channel, error) {
	host, port, err := net.SplitHostPort(s.Server)
	if err != nil {
		return nil, &access.Error{System: system, Op: "set up", Kind: access.Invalid, Hint: "write mail.smtp as smtp.example:587", Err: fmt.Errorf("bad server %q", s.Server)}
	}
	for _, a := range append([]string{s.From}, s.To...) {
		if !form.Address(a) {
			return nil, &access.Error{System: system, Op: "set up", Kind: access.Invalid, Hint: "write addresses as jdoe@acme.example", Err: fmt.Errorf("bad address %q", a)}
		}
	}
	switch s.StartTLS {
	case "":
		s.StartTLS = Required
	case Required, Optional, Never:
	default:
		return nil, &access.Error{System: system, Op: "set up", Kind: access.Invalid, Hint: "mail.start_tls is required, optional or never", Err: fmt.Errorf("bad start_tls %q", s.StartTLS)}
	}
	if o.Outbox == nil || o.Tokens == nil {
		return nil, &access.Error{System: system, Op: "set up", Kind: access.Internal, Err: errors.New("no outbox or no tokens")}
	}
	srv := server{address: s.Server, host: host, implicit: port == portTLS, startTLS: s.StartTLS, user: s.User, password: s.Password, hello: o.Host, dial: o.Dial, open: o.Open, answer: o.Answer}
	srv.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if s.CAFile != "" {
		if srv.tls.RootCAs, err = dial.Authorities(s.CAFile, s.Dir); err != nil {
			return nil, err
		}
	}
	srv.defaults()
	domain := s.From[strings.LastIndexByte(s.From, '@')+1:]
	if !ascii(domain) {
		domain = "muster.invalid" // an id has ASCII alone, and nobody looks it up (RFC 5322 §3.6.4)
	}
	c := &Channel{settings: s, outbox: o.Outbox, tokens: o.Tokens, elsewhere: o.Elsewhere, now: o.Now, log: o.Log, server: srv, domain: domain}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func (s *server) defaults() {
	if s.open == 0 {
		s.open = openTime
	}
	if s.answer == 0 {
		s.answer = answerTime
	}
	if s.dial == nil {
		s.dial = (&net.Dialer{}).DialContext
	}
	if s.hello == "" {
		name, err := os.Hostname()
		if err != nil || name == "" {
			name = "localhost"
		}
		s.hello = name
	}
}

// Check connects and signs in, and sends nothing.
func (c *Channel) Check(ctx context.Context) error {
	s := c.session()
	defer s.close()
	_, err := s.take(ctx)
	return err
}

// links are those of the console.
func (c *Channel) links() notice.Links { return notice.Links{Console: c.settings.Console} }

// from is the sender as readers see it.
func (c *Channel) from() *netmail.Address {
	return &netmail.Address{Name: "Muster", Address: c.settings.From}
}
