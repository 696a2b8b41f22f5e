// Package proxy stands between clients and a PostgreSQL server for tests (manual, chapter "Frontend/Backend Protocol", version 3, without TLS),
// notes the SQL, and misbehaves as told.
//
// A Proxy is safe for concurrent use. Its functions are called from several goroutines. The package does not import testing.
package proxy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// Statement is one text of SQL that a client sent, or with the verb CONNECT the start of a connection.
type Statement struct{ Verb, Text string }

// Verdict is what becomes of a statement. The zero value passes it on.
type Verdict struct {
	Refuse string // the SQLSTATE of the answer that is given in the server's place
	Cut    bool   // the connection breaks before the server sees it
	Lose   bool   // the server does it, and the connection breaks before its answer
}

// Proxy passes messages on.
type Proxy struct {
	To   string // host:port of the server
	Text string // of refusals
	// Ask, when not nil, sees every statement before the server does.
	Ask func(Statement) Verdict
	// Row, when not nil, is told how many rows came, before the client sees the last one; an error breaks the connection.
	Row func(n int) error

	mu     sync.Mutex
	closed bool
	rows   int
	asked  []Statement
	open   []net.Conn
	wg     sync.WaitGroup
}

const cancelRequest = 80877102 // instead of a protocol version

var errCut = errors.New("cut")

// Start listens on a free port of loopback. stop ends everything and waits for it.
func (p *Proxy) Start() (addr string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("start proxy: %w", err)
	}
	p.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(c) })
		}
	})
	return l.Addr().String(), func() {
		_ = l.Close() // it may be closed already
		p.mu.Lock()
		p.closed = true
		for _, c := range p.open {
			_ = c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	}, nil
}

// Asked are the statements so far, without CONNECT.
func (p *Proxy) Asked() []Statement {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

// keep lets stop close a connection; false when it is too late for that.
func (p *Proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, c)
	return !p.closed
}

func (p *Proxy) verdict(s Statement) Verdict {
	if p.Ask == nil {
		return Verdict{}
	}
	return p.Ask(s)
}

func (p *Proxy) serve(front net.Conn) {
	defer front.Close()
	if !p.keep(front) {
		return
	}
	size := make([]byte, 4)
	if _, err := io.ReadFull(front, size); err != nil {
		return
	}
	first := make([]byte, binary.BigEndian.Uint32(size)-4)
	if _, err := io.ReadFull(front, first); err != nil {
		return
	}
	if binary.BigEndian.Uint32(first) != cancelRequest {
		switch v := p.verdict(Statement{Verb: "CONNECT"}); {
		case v.Refuse != "":
			_, _ = front.Write(p.refusal("FATAL", v.Refuse))
			return
		case v.Cut:
			return
		}
	}
	back, err := net.Dial("tcp", p.To)
	if err != nil {
		return
	}
	defer back.Close()
	if !p.keep(back) {
		return
	}
	if _, err := back.Write(append(size, first...)); err != nil {
		return
	}
	c := &conn{p: p, front: front, back: back}
	p.wg.Go(func() {
		defer back.Close()
		messages(front, back, c.sent)
	})
	messages(back, front, c.came)
}

// refusal is an ErrorResponse.
func (p *Proxy) refusal(severity, code string) []byte {
	return message('E', "S"+severity+"\x00V"+severity+"\x00C"+code+"\x00M"+p.Text+"\x00\x00")
}

func message(kind byte, body string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
}

// messages copies typed messages until look or a side says that it is over. What look keeps back is not passed on.
func messages(from io.Reader, to io.Writer, look func(kind byte, body []byte) (pass bool, err error)) {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		pass, err := look(head[0], body)
		if err != nil {
			return
		}
		if !pass {
			continue
		}
		if _, err := to.Write(append(slices.Clone(head), body...)); err != nil {
			return
		}
	}
}

// conn is one connection.
type conn struct {
	p           *Proxy
	front, back net.Conn
	skipping    bool // up to Sync, after a refusal in the extended protocol; of the sending side

	mu   sync.Mutex
	lose bool
}

// sent looks at what the client sends: SQL stands in Query and Parse.
func (c *conn) sent(kind byte, body []byte) (bool, error) {
	var text string
	switch {
	case c.skipping && kind == 'S':
		c.skipping = false
		_, err := c.front.Write(message('Z', "E"))
		return false, err
	case c.skipping:
		return false, nil
	case kind == 'Q':
		text = string(body)
	case kind == 'P':
		_, text, _ = strings.Cut(string(body), "\x00")
	default:
		return true, nil
	}
	s := statement(text)
	c.p.mu.Lock()
	c.p.asked = append(c.p.asked, s)
	c.p.mu.Unlock()
	v := c.p.verdict(s)
	c.mu.Lock()
	c.lose = v.Lose
	c.mu.Unlock()
	switch {
	case v.Cut:
		_ = c.front.Close() // the other direction ends with the server's side
		return false, errCut
	case v.Refuse == "":
		return true, nil
	}
	answer := c.p.refusal("ERROR", v.Refuse)
	if kind == 'Q' {
		answer = append(answer, message('Z', "E")...)
	} else {
		c.skipping = true
	}
	_, err := c.front.Write(answer)
	return false, err
}

// came looks at what the server sends: rows, and the end of a statement whose answer is to be lost.
func (c *conn) came(kind byte, _ []byte) (bool, error) {
	switch kind {
	case 'C':
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.lose {
			return false, errCut
		}
	case 'D':
		c.p.mu.Lock()
		defer c.p.mu.Unlock()
		c.p.rows++
		if c.p.Row != nil {
			return true, c.p.Row(c.p.rows)
		}
	}
	return true, nil
}

func statement(text string) Statement {
	text, _, _ = strings.Cut(text, "\x00")
	text = strings.TrimSpace(text)
	verb, _, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), " ")
	return Statement{Verb: strings.ToUpper(strings.TrimSuffix(verb, ";")), Text: text}
}
