package ldap

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	"muster/internal/dial/ldap/entry"
)

const (
	maxIdle  = 8
	idleTime = 30 * time.Second // after that a server may have hung up
	pageSize = 500
)

// pool keeps connections that are bound and at rest.
type pool struct {
	address  string
	secure   *tls.Config // nil in clear
	startTLS bool
	bindDN   string
	password string
	timeout  time.Duration

	mu   sync.Mutex
	idle []*conn
}

// conn is one connection; it belongs to one call at a time.
type conn struct {
	*ldap.Conn
	raw   net.Conn
	since time.Time // when it was put back
}

func newPool(s *settings, dir string) (*pool, error) {
	address, secure, err := s.server().Reach(dir)
	if err != nil {
		return nil, err
	}
	password, err := s.Password.Value()
	if err != nil {
		return nil, &access.Error{Op: "read password", Kind: access.Invalid, Hint: "set the variable or write the file", Err: err}
	}
	return &pool{address: address, secure: secure, startTLS: s.StartTLS, bindDN: s.BindDN, password: password, timeout: s.Timeout}, nil
}

// take gives a connection at rest, or a new one.
func (p *pool) take(ctx context.Context) (*conn, error) {
	p.mu.Lock()
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if time.Since(c.since) < idleTime && !c.IsClosing() {
			p.mu.Unlock()
			return c, nil
		}
		c.drop()
	}
	p.mu.Unlock()
	return p.dial(ctx)
}

// put takes a connection back. After a break the others are of no use either.
func (p *pool) put(c *conn, broken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !broken && len(p.idle) < maxIdle {
		c.since = time.Now()
		p.idle = append(p.idle, c)
		return
	}
	c.drop()
	if broken {
		for _, other := range p.idle {
			other.drop()
		}
		p.idle = nil
	}
}

// drop closes without a word: the library's own Close would wait for a server that says nothing.
func (c *conn) drop() {
	_ = c.raw.Close()
	go c.Close() // ends the library's goroutines
}

func (p *pool) dial(ctx context.Context) (*conn, error) {
	dialer := net.Dialer{Timeout: p.timeout}
	raw, err := dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, failed("connect to "+p.address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	defer stop()
	_ = raw.SetDeadline(time.Now().Add(p.timeout))
	wire := raw
	if p.startTLS {
		if err := startTLS(raw); err != nil {
			_ = raw.Close()
			return nil, failed("start TLS with "+p.address, err)
		}
	}
	if p.secure != nil {
		secure := tls.Client(raw, p.secure)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return nil, failed("connect to "+p.address, err)
		}
		wire = secure
	}
	_ = raw.SetDeadline(time.Time{})
	c := &conn{Conn: ldap.NewConn(wire, p.secure != nil), raw: raw}
	c.SetTimeout(p.timeout)
	c.Start()
	if err := c.Bind(p.bindDN, p.password); err != nil {
		c.drop()
		return nil, failed("bind as "+p.bindDN, err)
	}
	return c, nil
}

// failed gives an error of a connection its Op.
func failed(op string, err error) *access.Error {
	kind, hint := classify(err)
	return &access.Error{Op: op, Kind: kind, Hint: hint, Err: plain(err)}
}

// startTLS asks for TLS (RFC 4511 §4.14). The library's own loses what was wrong with a certificate.
func startTLS(raw net.Conn) error {
	request := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	request.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, 1, ""))
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationExtendedRequest, nil, "")
	op.AppendChild(ber.NewString(ber.ClassContext, ber.TypePrimitive, 0, "1.3.6.1.4.1.1466.20037", ""))
	request.AppendChild(op)
	if _, err := raw.Write(request.Bytes()); err != nil {
		return err
	}
	answer, err := ber.ReadPacket(raw) // reads not a byte more, so that nothing sent in clear can pass for TLS
	if err != nil {
		return err
	}
	return ldap.GetLDAPError(answer)
}

// work is one call on one connection.
type work struct {
	t   *Target
	ctx context.Context
	c   *conn
	a   access.Action
}

// with runs f on a connection, which ctx breaks when it ends.
func (t *Target) with(ctx context.Context, a access.Action, f func(*work) error) error {
	op := fmt.Sprintf("%s of %s", a.Kind, a.Account.Name)
	if err := ctx.Err(); err != nil {
		return t.wrap(ctx, op, err)
	}
	c, err := t.pool.take(ctx)
	if err != nil {
		return t.wrap(ctx, op, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.raw.Close() })
	err = f(&work{t: t, ctx: ctx, c: c, a: a})
	broken := !stop() || c.IsClosing() || isBreak(err)
	t.pool.put(c, broken)
	if err != nil {
		return t.wrap(ctx, op, err)
	}
	return nil
}

// isBreak reports whether a failure is one of the connection.
func isBreak(err error) bool {
	var answer *ldap.Error
	return errors.As(err, &answer) && answer.ResultCode >= ldap.ErrorNetwork
}

// search reads entries in pages.
func (w *work) search(base string, scope int, filter string, attrs []string, controls ...ldap.Control) ([]*entry.Entry, error) {
	request := ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, int(w.t.s.Timeout.Seconds()), false, filter, attrs, controls)
	var res *ldap.SearchResult
	var err error
	if scope == ldap.ScopeBaseObject {
		res, err = w.c.Search(request)
	} else {
		res, err = w.c.SearchWithPaging(request, pageSize)
	}
	if err != nil {
		return nil, err
	}
	out := make([]*entry.Entry, 0, len(res.Entries))
	for _, e := range res.Entries {
		x := &entry.Entry{DN: e.DN}
		for _, a := range e.Attributes {
			x.Attrs = append(x.Attrs, entry.Attr{Name: a.Name, Values: a.Values})
		}
		out = append(out, x)
	}
	return out, nil
}
