package ldap

import (
	"net"
	"strings"
	"sync"
	"testing"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"muster/collectors/collectortest"
)

// proxy stands between the collector and a real slapd. It notes every request and misbehaves as it is told.
type proxy struct {
	t        testing.TB
	backend  string
	l        net.Listener
	bindCode int  // answer binds with this result
	code     int  // answer searches with this result
	once     bool // only the first
	dropAt   int  // break the connection before this entry, for good
	cutAt    int  // answer with sizeLimitExceeded before this entry of every search
	noTLS    bool // refuse StartTLS
	mangle   bool // send something that is not LDAP

	mu       sync.Mutex
	requests []collectortest.Request
	faults   int
	entries  int
	conns    []net.Conn
}

func newProxy(t testing.TB, backend string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, backend: backend, l: l}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Add(1)
			go func() { defer wg.Done(); p.serve(c) }()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.conns {
			c.Close()
		}
		p.mu.Unlock()
		wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "ldap://" + p.l.Addr().String() }

func (p *proxy) keep(c net.Conn) {
	p.mu.Lock()
	p.conns = append(p.conns, c)
	p.mu.Unlock()
}

func (p *proxy) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.backend)
	if err != nil {
		return
	}
	defer server.Close()
	p.keep(client)
	p.keep(server)
	go func() { defer client.Close(); defer server.Close(); p.answers(client, server) }()
	for {
		m, err := ber.ReadPacket(client)
		if err != nil || len(m.Children) < 2 {
			return
		}
		if code, answer := p.request(m); code != 0 {
			if _, err := client.Write(result(m, answer, code)); err != nil {
				return
			}
			continue
		}
		if _, err := server.Write(m.Bytes()); err != nil {
			return
		}
	}
}

// request notes a request and says how to refuse it, if it shall be refused.
func (p *proxy) request(m *ber.Packet) (code int, answer ber.Tag) {
	op := m.Children[1]
	verb := strings.ToUpper(strings.TrimSuffix(ldap.ApplicationMap[uint8(op.Tag)], " Request"))
	text := ""
	p.mu.Lock()
	defer p.mu.Unlock()
	switch op.Tag {
	case ldap.ApplicationExtendedRequest:
		verb = "STARTTLS"
		if p.noTLS {
			code, answer = 2, ldap.ApplicationExtendedResponse
		}
	case ldap.ApplicationSearchRequest:
		verb, text = "SEARCH", op.Children[0].Data.String()
		if p.code != 0 && text != "" && (!p.once || p.faults == 0) {
			p.faults++
			code = p.code
		}
		answer = ldap.ApplicationSearchResultDone
	case ldap.ApplicationBindRequest:
		code, answer = p.bindCode, ldap.ApplicationBindResponse
	}
	p.requests = append(p.requests, collectortest.Request{Verb: verb, Text: verb + " " + text})
	return code, answer
}

func (p *proxy) asked() []collectortest.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]collectortest.Request(nil), p.requests...)
}

func (p *proxy) answers(client, server net.Conn) {
	n := 0
	for {
		m, err := ber.ReadPacket(server)
		if err != nil || len(m.Children) < 2 {
			return
		}
		if m.Children[1].Tag == ldap.ApplicationSearchResultEntry && m.Children[1].Children[0].Data.Len() > 0 {
			p.mu.Lock()
			p.entries++
			seen := p.entries
			p.mu.Unlock()
			n++
			switch {
			case p.dropAt > 0 && seen >= p.dropAt:
				return
			case p.mangle:
				_, _ = client.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
				return
			case p.cutAt > 0 && n == p.cutAt:
				_, _ = client.Write(result(m, ldap.ApplicationSearchResultDone, 4))
				continue
			case p.cutAt > 0 && n > p.cutAt:
				continue
			}
		}
		if m.Children[1].Tag == ldap.ApplicationSearchResultDone {
			if p.cutAt > 0 && n >= p.cutAt {
				n = 0
				continue
			}
			n = 0
		}
		if _, err := client.Write(m.Bytes()); err != nil {
			return
		}
	}
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
