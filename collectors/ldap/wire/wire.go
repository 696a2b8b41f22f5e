// Package wire speaks the part of LDAPv3 that reading a directory needs: bind, StartTLS, search in pages, unbind. There is no
// request in it that could change anything.
//
// Standards: RFC 4511 (protocol; §4.2 bind, §4.5 search, §4.14 StartTLS), RFC 4513 §3 and §5.1 (TLS, simple bind), RFC 2696
// (simple paged results), X.690 (the BER subset of RFC 4511 §5.1). It exists beside go-ldap, which builds a tree of packets per
// entry: decoding a page straight into entries keeps a collection as fast as ldapsearch.
//
// A failure of the server is a *ResultError, one of the connection is *ConnectionError, an answer that is not LDAP
// ErrProtocol. A Conn belongs to one goroutine; the context that Dial gets ends every wait on it. Times are UTC.
package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	dial "muster/internal/dial/ldap"
)

// ErrProtocol says that the server's answer is not LDAP.
var ErrProtocol = errors.New("the answer is not LDAP")

// ConnectionError is a failure to reach the server, to agree on TLS, or of the connection later.
type ConnectionError struct {
	Op  string // connect, start TLS, read, write
	Err error
}

// Error says what was done and why it failed.
func (e *ConnectionError) Error() string { return e.Op + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *ConnectionError) Unwrap() error { return e.Err }

// ResultError is an LDAPResult that is not success.
type ResultError struct {
	Code      int
	Matched   string   // the part of the name that exists
	Message   string   // the server's diagnostic message
	Referrals []string // where the server would send us
}

// Error names the code and the server's message.
func (e *ResultError) Error() string {
	s := fmt.Sprintf("%s (%d)", dial.CodeName(e.Code), e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Target says where and how to connect.
type Target struct {
	Address  string      // host:port
	TLS      *tls.Config // nil = in clear
	StartTLS bool        // connect in clear and begin TLS before anything else
	Timeout  time.Duration
}

// Conn is one connection to a server.
type Conn struct {
	ctx     context.Context
	stop    func() bool
	c       net.Conn
	timeout time.Duration
	id      int64
	buf     []byte // bytes read and not used: buf[r:w]
	r, w    int
	out     []byte
}

// Dial connects. The context bounds everything that is later done on the connection: when it ends, every wait ends.
func Dial(ctx context.Context, t Target) (*Conn, error) {
	if t.Timeout <= 0 {
		t.Timeout = time.Minute
	}
	dialer := net.Dialer{Timeout: t.Timeout}
	raw, err := dialer.DialContext(ctx, "tcp", t.Address)
	if err != nil {
		return nil, &ConnectionError{"connect", cause(ctx, err)}
	}
	c := &Conn{ctx: ctx, c: raw, timeout: t.Timeout, buf: make([]byte, 64<<10)}
	c.stop = context.AfterFunc(ctx, func() { _ = raw.SetDeadline(time.Unix(1, 0)) })
	if t.StartTLS {
		if err := c.startTLS(); err != nil {
			c.Close()
			return nil, err
		}
	}
	if t.TLS != nil {
		secure := tls.Client(raw, t.TLS)
		c.deadline()
		if err := secure.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, &ConnectionError{"start TLS", cause(ctx, err)}
		}
		c.c = secure
	}
	return c, nil
}

func cause(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// Close says goodbye and closes. It may be called more than once.
func (c *Conn) Close() {
	if c.stop == nil {
		return
	}
	c.stop()
	c.stop = nil
	_ = c.c.SetWriteDeadline(time.Now().Add(time.Second))
	_ = c.send(opUnbind, func(b []byte) []byte { return b }, nil) // a courtesy; closing is what counts
	_ = c.c.Close()
}

func (c *Conn) startTLS() error {
	err := c.send(opExtended, func(b []byte) []byte { return appendText(b, 0x80, "1.3.6.1.4.1.1466.20037") }, nil)
	if err != nil {
		return err
	}
	m, err := c.receive(opExtendedResponse)
	if err != nil {
		return err
	}
	if err := m.result(); err != nil {
		return fmt.Errorf("start TLS: %w", err)
	}
	if c.r != c.w {
		// Bytes sent in clear after the answer could have been put there by someone in between (RFC 4513 §3.1.1).
		return &ConnectionError{"start TLS", errors.New("the server sent data before TLS began")}
	}
	return nil
}

// Bind authenticates with a simple bind.
func (c *Conn) Bind(dn, password string) error {
	err := c.send(opBind, func(b []byte) []byte {
		b = appendInt(b, tagInteger, 3)
		b = appendText(b, tagOctets, dn)
		return appendText(b, 0x80, password)
	}, nil)
	if err != nil {
		return err
	}
	m, err := c.receive(opBindResponse)
	if err != nil {
		return err
	}
	return m.result()
}

// send writes one LDAPMessage.
func (c *Conn) send(op byte, body func([]byte) []byte, controls func([]byte) []byte) error {
	c.id++
	c.out = appendSequence(c.out[:0], tagSequence, func(b []byte) []byte {
		b = appendInt(b, tagInteger, c.id)
		b = appendSequence(b, op, body)
		if controls != nil {
			b = appendSequence(b, tagControls, controls)
		}
		return b
	})
	c.deadline()
	_, err := c.c.Write(c.out)
	clear(c.out) // a bind holds a password
	if err != nil {
		return &ConnectionError{"write", cause(c.ctx, err)}
	}
	return nil
}

// deadline gives the next wait its time; a context that has ended gives it none.
func (c *Conn) deadline() {
	_ = c.c.SetDeadline(time.Now().Add(c.timeout))
	if c.ctx.Err() != nil {
		_ = c.c.SetDeadline(time.Unix(1, 0))
	}
}

// next gives the bytes of the next message; they are valid until the next call.
func (c *Conn) next() ([]byte, error) {
	need := 2
	for {
		if c.w-c.r >= need {
			size, ok, err := messageSize(c.buf[c.r:c.w])
			switch {
			case err != nil:
				return nil, err
			case !ok:
				need = c.w - c.r + 1
			case c.w-c.r >= size:
				m := c.buf[c.r : c.r+size]
				c.r += size
				return m, nil
			default:
				need = size
			}
		}
		if err := c.fill(need); err != nil {
			return nil, err
		}
	}
}

func (c *Conn) fill(need int) error {
	if c.r > 0 && (c.r == c.w || len(c.buf)-c.r < need) {
		copy(c.buf, c.buf[c.r:c.w])
		c.r, c.w = 0, c.w-c.r
	}
	if need > len(c.buf) {
		// Grow with what really arrives: a length that is a lie must not take the memory.
		grown := make([]byte, min(max(2*len(c.buf), 64<<10), need+64<<10))
		copy(grown, c.buf[:c.w])
		c.buf = grown
	}
	if c.w == len(c.buf) {
		return nil
	}
	c.deadline()
	n, err := c.c.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the server closed the connection")
	}
	return &ConnectionError{"read", cause(c.ctx, err)}
}

// receive waits for the answer to the request sent last.
func (c *Conn) receive(op byte) (message, error) {
	for {
		raw, err := c.next()
		if err != nil {
			return message{}, err
		}
		m, err := parseMessage(raw)
		if err != nil {
			return m, err
		}
		if m.id == 0 {
			return m, m.notice()
		}
		if m.id == c.id {
			if m.op != op {
				return m, fmt.Errorf("%w: unexpected operation 0x%02x", ErrProtocol, m.op)
			}
			return m, nil
		}
	}
}

// notice is a notice of disconnection (RFC 4511 §4.4.1).
func (m message) notice() error {
	if err := m.result(); err != nil {
		return &ConnectionError{"read", fmt.Errorf("the server ends the connection: %w", err)}
	}
	return &ConnectionError{"read", errors.New("the server ends the connection")}
}
