// Package ldapproxy stands between an LDAP client and a real server for tests and misbehaves as told: it answers in the server's place,
// breaks connections before or after the server did what was asked, and cuts searches short.
//
// The hooks are called from the goroutines of the connections, the requests of one connection in their order. The package reads LDAP
// messages (RFC 4511 §4.1.1) and no TLS. It does not import testing.
package ldapproxy

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// Request is one request on its way to the server.
type Request struct {
	Verb   string // BIND, SEARCH, MODIFY, ADD, DEL, STARTTLS ...
	Base   string // of a search: where; of a change: what
	Filter string // of a search
}

// Writes reports whether the request changes the directory.
func (r Request) Writes() bool { return r.Verb == "MODIFY" || r.Verb == "ADD" || r.Verb == "DEL" }

// Entry is one entry on its way back.
type Entry struct {
	OfSearch int // its number in its search, from 1
	OfAll    int // its number of all that the proxy has seen
}

// Ending is what becomes of a request or of an answer.
type Ending int

// The endings.
const (
	Pass   Ending = iota
	Drop          // break the connection before the server hears of it, or before the entry is handed on
	Lose          // of a request: let the server do it, then break the connection in place of its answer
	Cut           // of an entry: end the search there with sizeLimitExceeded
	Mangle        // of an entry: send something that is not LDAP, and break
)

// Proxy passes messages on. Set the hooks before the first connection.
type Proxy struct {
	// Request sees each request before it is passed on. A code that is not 0 is answered in the server's place.
	Request func(Request) (code int, e Ending)
	// Answer sees what the server answered to a request that changes the directory: the result code, before the client hears of it.
	Answer func(r Request, code int)
	// Entry sees each entry that a search gives, but the root entry.
	Entry func(Entry) Ending

	backend string
	l       net.Listener
	wg      sync.WaitGroup
	mu      sync.Mutex
	asked   []Request
	entries int
	conns   []net.Conn
	stopped bool
}

// Start listens on a free port of loopback in front of a server at backend (host:port).
func Start(backend string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start LDAP proxy: %w", err)
	}
	p := &Proxy{backend: backend, l: l}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(c) })
		}
	})
	return p, nil
}

// Stop ends the proxy and all its connections.
func (p *Proxy) Stop() {
	p.l.Close()
	p.mu.Lock()
	p.stopped = true
	for _, c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
}

// URL is the address, without TLS.
func (p *Proxy) URL() string { return "ldap://" + p.l.Addr().String() }

// Asked lists the requests until now.
func (p *Proxy) Asked() []Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Request(nil), p.asked...)
}

func (p *Proxy) keep(c net.Conn) {
	p.mu.Lock()
	p.conns = append(p.conns, c)
	if p.stopped {
		c.Close()
	}
	p.mu.Unlock()
}

// drainTime is how long an answer that the client did not wait for is waited for.
const drainTime = 5 * time.Second

// link is one client with its connection to the server.
type link struct {
	p              *Proxy
	client, server net.Conn
	mu             sync.Mutex
	lost           map[any]bool    // message ids whose answer shall not arrive
	changes        map[any]Request // by message id: those that the server has not answered
}

func (p *Proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.backend)
	if err != nil {
		return
	}
	defer server.Close()
	p.keep(client)
	p.keep(server)
	k := &link{p: p, client: client, server: server, lost: map[any]bool{}, changes: map[any]Request{}}
	p.wg.Go(func() { defer client.Close(); defer server.Close(); k.answers() })
	for {
		m, err := ber.ReadPacket(client)
		if err != nil || len(m.Children) < 2 || !k.pass(m) {
			break
		}
	}
	k.drain()
}

// drain waits for the answers to changes that the client did not wait for, when somebody wants to know them.
func (k *link) drain() {
	for end := time.Now().Add(drainTime); k.p.Answer != nil && time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		k.mu.Lock()
		n := len(k.changes)
		k.mu.Unlock()
		if n == 0 {
			return
		}
	}
}

// searchFilter is the place of the filter in a search (RFC 4511 §4.5.1).
const searchFilter = 6

// pass hands a request on, or not; false ends the connection.
func (k *link) pass(m *ber.Packet) bool {
	r := Request{Verb: verb(m.Children[1])}
	switch op := m.Children[1]; {
	case r.Verb == "DEL":
		r.Base = op.Data.String()
	case (r.Verb == "SEARCH" || r.Writes()) && len(op.Children) > 0:
		r.Base = op.Children[0].Data.String()
	}
	if op := m.Children[1]; r.Verb == "SEARCH" && len(op.Children) > searchFilter {
		r.Filter, _ = ldap.DecompileFilter(op.Children[searchFilter]) // one that cannot be read is the server's to refuse
	}
	k.p.mu.Lock()
	k.p.asked = append(k.p.asked, r)
	k.p.mu.Unlock()
	code, ending := 0, Pass
	if k.p.Request != nil {
		code, ending = k.p.Request(r)
	}
	switch {
	case ending == Drop:
		return false
	case ending == Lose:
		k.mu.Lock()
		k.lost[m.Children[0].Value] = true
		k.mu.Unlock()
	case code != 0:
		_, err := k.client.Write(result(m, answerTo(m.Children[1].Tag), code))
		return err == nil
	}
	if r.Writes() {
		k.mu.Lock()
		k.changes[m.Children[0].Value] = r
		k.mu.Unlock()
	}
	_, err := k.server.Write(m.Bytes())
	return err == nil
}

func verb(op *ber.Packet) string {
	if op.Tag == ldap.ApplicationExtendedRequest {
		return "STARTTLS"
	}
	return strings.ToUpper(strings.TrimSuffix(ldap.ApplicationMap[uint8(op.Tag)], " Request"))
}

// answerTo is the operation that answers another.
func answerTo(op ber.Tag) ber.Tag {
	if op == ldap.ApplicationSearchRequest {
		return ldap.ApplicationSearchResultDone
	}
	return op + 1
}

// answers hands the server's answers on.
func (k *link) answers() {
	n, cut := 0, false
	for {
		m, err := ber.ReadPacket(k.server)
		if err != nil || len(m.Children) < 2 {
			return
		}
		op := m.Children[1]
		k.mu.Lock()
		lost := k.lost[m.Children[0].Value]
		change, changes := k.changes[m.Children[0].Value]
		delete(k.changes, m.Children[0].Value)
		k.mu.Unlock()
		if changes && k.p.Answer != nil && len(op.Children) > 0 {
			code, _ := op.Children[0].Value.(int64)
			k.p.Answer(change, int(code))
		}
		switch {
		case lost:
			return
		case op.Tag == ldap.ApplicationSearchResultEntry && op.Children[0].Data.Len() > 0:
			n++
			ending := k.entry(n)
			switch {
			case cut:
				continue
			case ending == Drop:
				return
			case ending == Mangle:
				_, _ = k.client.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				return
			case ending == Cut:
				cut = true
				_, _ = k.client.Write(result(m, ldap.ApplicationSearchResultDone, ldap.LDAPResultSizeLimitExceeded))
				continue
			}
		case op.Tag == ldap.ApplicationSearchResultDone:
			was := cut
			n, cut = 0, false
			if was {
				continue
			}
		}
		if _, err := k.client.Write(m.Bytes()); err != nil {
			return
		}
	}
}

func (k *link) entry(n int) Ending {
	k.p.mu.Lock()
	k.p.entries++
	all := k.p.entries
	k.p.mu.Unlock()
	if k.p.Entry == nil {
		return Pass
	}
	return k.p.Entry(Entry{OfSearch: n, OfAll: all})
}

func result(m *ber.Packet, op ber.Tag, code int) []byte {
	out := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSequence, nil, "")
	out.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagInteger, m.Children[0].Value, ""))
	body := ber.Encode(ber.ClassApplication, ber.TypeConstructed, op, nil, "")
	body.AppendChild(ber.NewInteger(ber.ClassUniversal, ber.TypePrimitive, ber.TagEnumerated, code, ""))
	body.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "", ""))
	body.AppendChild(ber.NewString(ber.ClassUniversal, ber.TypePrimitive, ber.TagOctetString, "as the test said", ""))
	out.AppendChild(body)
	return out.Bytes()
}
