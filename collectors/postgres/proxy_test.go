package postgres

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"muster/collectors/collectortest"
)

// proxy passes PostgreSQL's messages (manual, chapter "Frontend/Backend Protocol", version 3) between a collector and a server,
// notes the SQL, and misbehaves as told.
type proxy struct {
	to       string
	addr     string
	code     string // refuse every connection with this SQLSTATE
	once     bool   // only the first one
	cutAfter int    // close after so many rows; -1 never
	onRow    func(n int)

	mu    sync.Mutex
	conns int
	rows  int
	asked []collectortest.Request
	open  []net.Conn
	wg    sync.WaitGroup
}

func (p *proxy) start(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = l.Addr().String()
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Add(1)
			go p.serve(c)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		p.mu.Lock()
		for _, c := range p.open {
			c.Close()
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
}

func (p *proxy) requests() []collectortest.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked)
}

func (p *proxy) serve(front net.Conn) {
	defer p.wg.Done()
	defer front.Close()
	size := make([]byte, 4)
	if _, err := io.ReadFull(front, size); err != nil {
		return
	}
	first := make([]byte, binary.BigEndian.Uint32(size)-4)
	if _, err := io.ReadFull(front, first); err != nil {
		return
	}
	p.mu.Lock()
	p.conns++
	refuse := p.code != "" && (!p.once || p.conns == 1)
	p.mu.Unlock()
	if refuse {
		body := "SFATAL\x00C" + p.code + "\x00Mrefused for " + secret + "\x00\x00"
		_, _ = front.Write(append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4)), body...))
		return
	}
	back, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	defer back.Close()
	p.mu.Lock()
	p.open = append(p.open, front, back)
	p.mu.Unlock()
	if _, err := back.Write(append(size, first...)); err != nil {
		return
	}
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		defer back.Close()
		p.messages(front, back, p.note)
	}()
	p.messages(back, front, p.row)
}

// messages copies typed messages until look or a side says that it is over.
func (p *proxy) messages(from io.Reader, to io.Writer, look func(kind byte, body []byte) error) {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		if look(head[0], body) != nil {
			return
		}
		if _, err := to.Write(append(slices.Clone(head), body...)); err != nil {
			return
		}
	}
}

// note keeps the SQL of Query and Parse messages.
func (p *proxy) note(kind byte, body []byte) error {
	var text string
	switch kind {
	case 'Q':
		text = string(body)
	case 'P':
		_, text, _ = strings.Cut(string(body), "\x00")
	default:
		return nil
	}
	text, _, _ = strings.Cut(text, "\x00")
	text = strings.TrimSpace(text)
	verb, _, _ := strings.Cut(strings.ReplaceAll(text, "\n", " "), " ")
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, collectortest.Request{Verb: strings.ToUpper(verb), Text: text})
	return nil
}

func (p *proxy) row(kind byte, _ []byte) error {
	if kind != 'D' {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rows++
	if p.onRow != nil {
		p.onRow(p.rows)
	}
	if p.cutAfter >= 0 && p.rows > p.cutAfter {
		return errors.New("cut")
	}
	return nil
}
