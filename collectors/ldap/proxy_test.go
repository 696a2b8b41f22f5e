package ldap

import (
	"sync"
	"testing"

	"muster/collectors/collectortest"
	"muster/internal/testserver/ldapproxy"
)

// proxy stands between the collector and a real slapd and misbehaves as its fields say.
type proxy struct {
	*ldapproxy.Proxy
	bindCode int  // answer binds with this result
	code     int  // answer searches with this result
	once     bool // only the first
	dropAt   int  // break the connection before this entry, for good
	cutAt    int  // answer with sizeLimitExceeded before this entry of every search
	noTLS    bool // refuse StartTLS
	mangle   bool // send something that is not LDAP

	mu     sync.Mutex
	faults int
}

func newProxy(t testing.TB, backend string) *proxy {
	front, err := ldapproxy.Start(backend)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(front.Stop)
	p := &proxy{Proxy: front}
	front.Request, front.Entry = p.request, p.entry
	return p
}

func (p *proxy) url() string { return p.URL() }

func (p *proxy) request(r ldapproxy.Request) (int, ldapproxy.Ending) {
	switch r.Verb {
	case "STARTTLS":
		if p.noTLS {
			return 2, ldapproxy.Pass
		}
	case "BIND":
		return p.bindCode, ldapproxy.Pass
	case "SEARCH":
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.code != 0 && r.Base != "" && (!p.once || p.faults == 0) {
			p.faults++
			return p.code, ldapproxy.Pass
		}
	}
	return 0, ldapproxy.Pass
}

func (p *proxy) entry(e ldapproxy.Entry) ldapproxy.Ending {
	switch {
	case p.dropAt > 0 && e.OfAll >= p.dropAt:
		return ldapproxy.Drop
	case p.mangle:
		return ldapproxy.Mangle
	case p.cutAt > 0 && e.OfSearch == p.cutAt:
		return ldapproxy.Cut
	}
	return ldapproxy.Pass
}

func (p *proxy) asked() []collectortest.Request {
	var out []collectortest.Request
	for _, r := range p.Asked() {
		out = append(out, collectortest.Request{Verb: r.Verb, Text: r.Verb + " " + r.Base})
	}
	return out
}
