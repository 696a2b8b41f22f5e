package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"muster/internal/access"
	"muster/internal/dial"
)

// session holds the connections of one call. They are given back after each message and closed at the end.
type session struct {
	server server
	now    func() time.Time

	opening sync.Mutex // one connection is opened at a time, so that a refusal is known to the next

	mu      sync.Mutex
	idle    []*wire
	all     []*wire
	refused error     // there is no sense in another connection
	broken  error     // why the server was not to be used the last time; nil after a message that it took
	failing time.Time // since when no connection comes about; zero: the last one did
}

// patience is how long a server may be out of reach before a call gives it up. Each message by itself would have more, and there are many.
const patience = 20 * time.Second

// wire is one connection that is signed in.
type wire struct {
	conn   net.Conn
	client *smtp.Client
}

func (c *Channel) session() *session { return &session{server: c.server, now: c.now} }

// take gives a connection that is ready for a message.
func (s *session) take(ctx context.Context) (*wire, error) {
	for {
		w, err := s.rested()
		if err != nil {
			return nil, err
		}
		if w == nil {
			if w, err = s.another(ctx); w != nil || err != nil {
				return w, err
			}
			continue
		}
		// What went before is over, and the server is still there.
		stop := s.limit(ctx, w.conn, s.server.open)
		err = w.client.Reset()
		if stop() && err == nil {
			return w, nil
		}
		w.conn.Close()
	}
}

// another opens a connection; nil when there is a rested one again, or a reason not to, by the time it is our turn.
func (s *session) another(ctx context.Context) (*wire, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	s.mu.Lock()
	late := s.refused != nil || len(s.idle) > 0
	s.mu.Unlock()
	if late {
		return nil, nil
	}
	w, err := s.server.connect(ctx)
	return w, s.opened(w, err)
}

// opened notes how opening a connection ended, and what it means for others.
func (s *session) opened(w *wire, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.all, s.failing = append(s.all, w), time.Time{}
		return nil
	}
	s.broken = err
	switch kind := access.KindOf(err); {
	case kind == access.Denied, kind == access.Invalid: // the sign-in or the certificate: it would be the same again
		s.refused = err
	case s.failing.IsZero():
		s.failing = s.now()
	case s.now().Sub(s.failing) > patience: // of a kind that nobody tries again; why is in broken
		s.refused = &access.Error{System: system, Op: "connect", Kind: access.Incomplete, Err: errors.New("the server is out of reach")}
	}
	return err
}

// rested takes a connection that nobody uses; nil when there is none.
func (s *session) rested() (*wire, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused != nil || len(s.idle) == 0 {
		return nil, s.refused
	}
	w := s.idle[len(s.idle)-1]
	s.idle = s.idle[:len(s.idle)-1]
	return w, nil
}

func (s *session) give(w *wire) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, w)
}

// state notes whether the server itself can be used.
func (s *session) state(broken error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// down is why there is no sense in the next message; nil when there is.
func (s *session) down() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// close takes leave of the server.
func (s *session) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.all {
		if slices.Contains(s.idle, w) {
			_ = w.conn.SetDeadline(time.Now().Add(time.Second))
			_ = w.client.Quit() // it has what we sent; how it takes leave changes nothing
		}
		w.conn.Close()
	}
	s.all, s.idle = nil, nil
}

// limit bounds what is done on a connection, by time and by ctx. stop ends the bound and reports whether ctx left it alone.
func (s *session) limit(ctx context.Context, conn net.Conn, d time.Duration) (stop func() bool) {
	_ = conn.SetDeadline(time.Now().Add(d)) // a closed connection says so at its next use
	return context.AfterFunc(ctx, func() { conn.Close() })
}

// connect opens a connection and signs in.
func (s server) connect(ctx context.Context) (*wire, error) {
	ctx, cancel := context.WithTimeout(ctx, s.open)
	defer cancel()
	conn, err := s.dial(ctx, "tcp", s.address)
	if err != nil {
		return nil, failed("connect", opening, err)
	}
	_ = conn.SetDeadline(time.Now().Add(s.open)) // a connection without one is closed by ctx all the same
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	w, err := s.greet(ctx, conn)
	stopped := !stop()
	if err == nil && !stopped {
		return w, nil
	}
	conn.Close()
	if ctx.Err() != nil { // what the closed connection says tells nothing
		err = failed("connect", opening, ctx.Err())
	}
	return nil, err
}

func (s server) greet(ctx context.Context, conn net.Conn) (*wire, error) {
	if s.implicit {
		secure := tls.Client(conn, s.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, failed("start TLS", opening, err)
		}
		conn = secure
	}
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return nil, failed("connect", opening, err)
	}
	if err := client.Hello(s.hello); err != nil {
		return nil, failed("greet the server", opening, err)
	}
	if !s.implicit && s.startTLS != Never {
		offered, _ := client.Extension("STARTTLS")
		switch {
		case offered:
			if err := client.StartTLS(s.tls); err != nil {
				return nil, failed("start TLS", opening, err)
			}
		case s.startTLS == Required:
			return nil, &access.Error{System: system, Op: "start TLS", Kind: access.Denied, Hint: "use a port of the server that offers TLS", Err: errors.New("the server does not offer STARTTLS")}
		}
	}
	if err := s.signIn(client); err != nil {
		return nil, err
	}
	return &wire{conn: conn, client: client}, nil
}

// signIn says who we are. The password is sent in TLS, or to this very host.
func (s server) signIn(client *smtp.Client) error {
	if s.user == "" {
		return nil
	}
	refuse := func(why, hint string) error {
		return &access.Error{System: system, Op: "sign in", Kind: access.Denied, Hint: hint, Err: errors.New(why)}
	}
	if _, err := client.GetTLSConnectionState(); err != nil && !dial.Loopback(s.host) {
		return refuse("the connection is in clear: the password is not sent", "write mail.start_tls: required")
	}
	offered, list := client.Extension("AUTH")
	mechanisms := strings.Fields(strings.ToUpper(list))
	var auth smtp.Auth
	switch {
	case !offered:
		return refuse("the server takes no sign-in", "use its port of submission, 587 or 465, or leave out mail.user")
	case slices.Contains(mechanisms, "PLAIN"):
		auth = smtp.PlainAuth("", s.user, s.password, s.host, true)
	case slices.Contains(mechanisms, "LOGIN"):
		auth = smtp.LoginAuth(s.user, s.password, s.host, true)
	default:
		return refuse("the server takes neither PLAIN nor LOGIN", "let mail.user sign in by a password")
	}
	return failed("sign in", signing, client.Auth(auth), s.password, "\x00"+s.user+"\x00"+s.password)
}

// transfer hands one message to the server. What failed before the last dot was not taken.
func (w *wire) transfer(from, to string, message []byte, secrets ...string) error {
	c := w.client
	plain := ascii(from) && ascii(to)
	// Only what needs it asks for SMTPUTF8 (RFC 6531): a server further on that lacks it would send the message back.
	c.SkipSMTPUTF8(plain)
	if able, _ := c.Extension("SMTPUTF8"); !plain && !able {
		return &access.Error{System: system, Op: "address message", Kind: access.Invalid, Hint: "set people.identities[].email to an address in ASCII",
			Err: errors.New("the server takes no address beyond ASCII (SMTPUTF8)")}
	}
	if err := c.Mail("<" + from + ">"); err != nil {
		return failed("send as "+from, sender, err, secrets...)
	}
	if err := c.Rcpt("<" + to + ">"); err != nil {
		return failed("send to a mailbox", mailbox, err, secrets...)
	}
	body, err := c.Data()
	if err != nil {
		return failed("send message", content, err, secrets...)
	}
	if _, err := bytes.NewReader(message).WriteTo(body); err != nil { // without a last dot it is none
		return failed("send message", content, err, secrets...)
	}
	return failed("send message", content, body.Close(), secrets...)
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > '~' })
}
