package wire

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"muster/internal/dial/ldap/entry"
)

// answer encodes one message of a server.
func answer(id int64, op byte, body func([]byte) []byte, controls func([]byte) []byte) []byte {
	return appendSequence(nil, tagSequence, func(b []byte) []byte {
		b = appendInt(b, tagInteger, id)
		b = appendSequence(b, op, body)
		if controls != nil {
			b = appendSequence(b, tagControls, controls)
		}
		return b
	})
}

func entryBody(dn string, attrs ...[]string) func([]byte) []byte {
	return func(b []byte) []byte {
		b = appendText(b, tagOctets, dn)
		return appendSequence(b, tagSequence, func(b []byte) []byte {
			for _, a := range attrs {
				b = appendSequence(b, tagSequence, func(b []byte) []byte {
					b = appendText(b, tagOctets, a[0])
					return appendSequence(b, tagSet, func(b []byte) []byte {
						for _, v := range a[1:] {
							b = appendText(b, tagOctets, v)
						}
						return b
					})
				})
			}
			return b
		})
	}
}

func doneBody(code int64, message string) func([]byte) []byte {
	return func(b []byte) []byte {
		b = appendInt(b, tagEnum, code)
		b = appendText(b, tagOctets, "")
		return appendText(b, tagOctets, message)
	}
}

func cookieControl(cookie string) func([]byte) []byte {
	return func(b []byte) []byte {
		return appendSequence(b, tagSequence, func(b []byte) []byte {
			b = appendText(b, tagOctets, pagedOID)
			return appendSequence(b, tagOctets, func(b []byte) []byte {
				return appendSequence(b, tagSequence, func(b []byte) []byte {
					return appendText(appendInt(b, tagInteger, 0), tagOctets, cookie)
				})
			})
		})
	}
}

// talk is a server that says bytes to whoever connects, in pieces, and closes.
func talk(t *testing.T, said []byte, piece int) *Conn {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		for len(said) > 0 {
			n := min(piece, len(said))
			if _, err := c.Write(said[:n]); err != nil {
				break
			}
			said = said[n:]
		}
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = c.Read(make([]byte, 4096)) // the request, so that closing is no reset
		c.Close()
	}()
	t.Cleanup(func() { l.Close(); <-done })
	conn, err := Dial(t.Context(), Target{Address: l.Addr().String(), Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	if err := conn.Ask(&Search{Base: "o=a", Filter: []byte{0x87, 1, 'x'}, PageSize: 2}, nil); err != nil {
		t.Fatal(err)
	}
	return conn
}

func dns(t *testing.T, p *Page) string {
	t.Helper()
	var out []string
	if err := p.Each(func(e *entry.Entry) error {
		out = append(out, e.DN+" "+strings.Join(e.Values("CN"), "|"))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, "; ")
}

func TestAnswerInAnyPieces(t *testing.T) {
	long := strings.Repeat("x", 300_000) // larger than the read buffer
	said := answer(1, opEntry, entryBody("cn=a", []string{"cn", "a", "b"}, []string{"sn"}), nil)
	said = append(said, answer(7, opEntry, entryBody("cn=of another request"), nil)...)
	said = append(said, answer(1, opReference, func(b []byte) []byte { return appendText(b, tagOctets, "ldap://x/") }, nil)...)
	said = append(said, answer(1, opIntermediate, func(b []byte) []byte { return b }, nil)...)
	said = append(said, answer(1, opEntry, entryBody("cn=b", []string{"cn;lang-en", long}), nil)...)
	said = append(said, answer(1, opDone, doneBody(0, ""), cookieControl("next"))...)
	for _, piece := range []int{1000, 65536, len(said)} {
		c := talk(t, append([]byte(nil), said...), piece)
		var p Page
		if err := c.Answer(&p); err != nil {
			t.Fatal(err)
		}
		if got := dns(t, &p); got != "cn=a a|b; cn=b "+long || string(p.Cookie) != "next" || !p.Done || p.References[0] != "ldap://x/" {
			t.Errorf("pieces of %d: %d bytes, cookie %q, %v", piece, len(got), p.Cookie, p.References)
		}
	}
}

func TestValuesKeepTheirBytes(t *testing.T) {
	said := append(answer(1, opEntry, entryBody("cn=K\xf6ln", []string{"cn", "K\xf6ln", "\xff\xed\xa0\x80"}), nil), answer(1, opDone, doneBody(0, ""), nil)...)
	var p Page
	if err := talk(t, said, len(said)).Answer(&p); err != nil {
		t.Fatal(err)
	}
	if got := dns(t, &p); got != "cn=K\xf6ln K\xf6ln|\xff\xed\xa0\x80" {
		t.Errorf("got %q", got)
	}
}

func TestAnswerKeepsWhatCameBeforeAFailure(t *testing.T) {
	first := answer(1, opEntry, entryBody("cn=a", []string{"cn", "a"}), nil)
	notice := answer(0, opExtendedResponse, doneBody(52, "shutting down"), nil)
	for name, c := range map[string]struct {
		then []byte
		want func(error) bool
	}{
		"closed":       {nil, func(err error) bool { var c *ConnectionError; return errors.As(err, &c) }},
		"half message": {first[:10], func(err error) bool { var c *ConnectionError; return errors.As(err, &c) }},
		"size limit": {answer(1, opDone, doneBody(4, "enough"), nil), func(err error) bool {
			var r *ResultError
			return errors.As(err, &r) && r.Code == 4 && r.Message == "enough"
		}},
		"disconnection": {notice, func(err error) bool { var r *ResultError; return errors.As(err, &r) && r.Code == 52 }},
		"not LDAP":      {[]byte("HTTP/1.1 400\r\n"), func(err error) bool { return errors.Is(err, ErrProtocol) }},
		"huge":          {[]byte{0x30, 0x84, 0xff, 0xff, 0xff, 0xff}, func(err error) bool { return errors.Is(err, ErrProtocol) }},
		"other answer":  {answer(1, opBindResponse, doneBody(0, ""), nil), func(err error) bool { return errors.Is(err, ErrProtocol) }},
	} {
		t.Run(name, func(t *testing.T) {
			conn := talk(t, append(append([]byte(nil), first...), c.then...), 1<<20)
			var p Page
			if err := conn.Answer(&p); !c.want(err) {
				t.Errorf("got %v", err)
			}
			if got := dns(t, &p); got != "cn=a a" {
				t.Errorf("got %q", got)
			}
		})
	}
}

func TestLargeAnswerIsHandedOnInParts(t *testing.T) {
	var said []byte
	for range 40 {
		said = append(said, answer(1, opEntry, entryBody("cn=a", []string{"cn", strings.Repeat("y", 1<<18)}), nil)...)
	}
	said = append(said, answer(1, opDone, doneBody(0, ""), nil)...)
	c := talk(t, said, 1<<20)
	var p Page
	n, parts := 0, 0
	for !p.Done {
		if err := c.Answer(&p); err != nil {
			t.Fatal(err)
		}
		n += p.Len()
		parts++
	}
	if n != 40 || parts < 2 {
		t.Errorf("%d entries in %d parts", n, parts)
	}
}

func TestCancelEndsTheWait(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := Dial(ctx, Target{Address: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	if err := c.Bind("cn=a", "b"); !errors.Is(err, context.Canceled) || time.Since(start) > time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}

func FuzzPage(f *testing.F) {
	f.Add(answer(1, opEntry, entryBody("cn=a", []string{"cn", "a", "b"}), nil))
	f.Add(answer(1, opDone, doneBody(4, "x"), cookieControl("c")))
	f.Add(answer(1, opDone, func(b []byte) []byte {
		b = doneBody(10, "")(b)
		return appendSequence(b, tagReferral, func(b []byte) []byte { return appendText(b, tagOctets, "ldap://x") })
	}, nil))
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) < 2 {
			return
		}
		size, ok, err := messageSize(raw)
		if err != nil || !ok || size > len(raw) {
			return
		}
		m, err := parseMessage(raw[:size])
		if err != nil {
			return
		}
		_ = m.result()
		_, _ = cookieOf(m.controls)
		_, _ = texts(m.body)
		p := Page{raw: m.body, ends: []int{len(m.body)}}
		_ = p.Each(func(e *entry.Entry) error {
			for _, a := range e.Attrs {
				_ = e.Value(a.Name)
			}
			return nil
		})
	})
}
