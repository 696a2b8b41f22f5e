// Package session keeps connections to a directory that is changed, says what its answers mean, and knows the controls that changing safely
// takes.
//
// A Pool may be used from many goroutines; a Conn belongs to the call that With runs, which the context breaks when it ends. No request is
// repeated. Standards: RFC 4511 (§4.14 StartTLS), RFC 2696 (paging), RFC 3876 (matched values), RFC 4528 (assertion). Errors of making a
// connection are *access.Error, all others are the library's: Code, Kind and Plain read them. None holds the password.
package session

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"muster/internal/access"
	dial "muster/internal/dial/ldap"
	"muster/internal/dial/ldap/entry"
)

const (
	maxIdle  = 8
	idleTime = 30 * time.Second // after that a server may have hung up
	pageSize = 500
)

// Pool keeps connections that are bound and at rest.
type Pool struct {
	address  string
	secure   *tls.Config // nil in clear
	startTLS bool
	bindDN   string
	password string
	timeout  time.Duration

	mu   sync.Mutex
	idle []*Conn
}

// Conn is one connection; it belongs to one call at a time.
type Conn struct {
	*ldap.Conn
	raw   net.Conn
	limit time.Duration
	since time.Time // when it was put back
}

// New reads the password and the authorities; it does not connect. A relative path is taken from dir.
func New(s dial.Server, dir string, timeout time.Duration) (*Pool, error) {
	address, secure, err := s.Reach(dir)
	if err != nil {
		return nil, err
	}
	password, err := s.Password.Value()
	if err != nil {
		return nil, &access.Error{Op: "read password", Kind: access.Invalid, Hint: "set the variable or write the file", Err: err}
	}
	return &Pool{address: address, secure: secure, startTLS: s.StartTLS, bindDN: s.BindDN, password: password, timeout: timeout}, nil
}

// Scrub takes the password out of an error's text.
func (p *Pool) Scrub(err error) error { return dial.Scrub(err, p.password) }

// take gives a connection at rest, or a new one.
func (p *Pool) take(ctx context.Context) (*Conn, error) {
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
func (p *Pool) put(c *Conn, broken bool) {
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
func (c *Conn) drop() {
	_ = c.raw.Close()
	go c.Close() // ends the library's goroutines
}

func (p *Pool) dial(ctx context.Context) (*Conn, error) {
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
	c := &Conn{Conn: ldap.NewConn(wire, p.secure != nil), raw: raw, limit: p.timeout}
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
	kind, hint := Kind(err)
	return &access.Error{Op: op, Kind: kind, Hint: hint, Err: Plain(err)}
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

// With runs f on a connection. A failure of the connection, or a ctx that ended, closes it; f's error is given as it is.
func (p *Pool) With(ctx context.Context, f func(*Conn) error) error {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.raw.Close() })
	err = f(c)
	broken := !stop() || c.IsClosing() || isBreak(err)
	p.put(c, broken)
	return err
}

// isBreak reports whether a failure is one of the connection.
func isBreak(err error) bool {
	var answer *ldap.Error
	return errors.As(err, &answer) && answer.ResultCode >= ldap.ErrorNetwork
}

// Entries reads entries, in pages.
func (c *Conn) Entries(base string, scope int, filter string, attrs []string, controls ...ldap.Control) ([]*entry.Entry, error) {
	request := ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, int(c.limit.Seconds()), false, filter, attrs, controls)
	var res *ldap.SearchResult
	var err error
	if scope == ldap.ScopeBaseObject {
		res, err = c.Search(request)
	} else {
		res, err = c.SearchWithPaging(request, pageSize)
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
