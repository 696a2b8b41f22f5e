package mail_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// fake is an SMTP server that follows a script. It takes everything that the script does not answer.
type fake struct {
	Addr string
	// Answer gives the answer to a line, with how often its verb came before; "" takes it, "drop" breaks the connection. The verbs are
	// those of SMTP, and "CONNECT" and "." for the beginning and the end of a message.
	Answer func(verb, line string, before int) string
	Offers []string // besides 8BITMIME

	mu       sync.Mutex
	lines    []string
	count    map[string]int
	messages []string // that were taken
	open     map[net.Conn]bool
}

func startFake(t *testing.T, f *fake) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.Addr, f.count, f.open = l.Addr().String(), map[string]int{}, map[net.Conn]bool{}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			f.open[c] = true
			f.mu.Unlock()
			wg.Go(func() { f.serve(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		f.mu.Lock()
		for c := range f.open {
			c.Close()
		}
		f.mu.Unlock()
		wg.Wait()
	})
	return f
}

// say answers one line and reports whether the connection goes on, and whether the line was taken.
func (f *fake) say(c net.Conn, verb, line, good string) (on, taken bool) {
	f.mu.Lock()
	before := f.count[verb]
	f.count[verb]++
	f.lines = append(f.lines, line)
	f.mu.Unlock()
	answer := ""
	if f.Answer != nil {
		answer = f.Answer(verb, line, before)
	}
	switch {
	case answer == "drop":
		return false, false
	case answer == "":
		answer, taken = good, true
	}
	_, err := fmt.Fprintf(c, "%s\r\n", answer)
	return err == nil && !strings.HasPrefix(answer, "421"), taken
}

func (f *fake) serve(c net.Conn) {
	defer c.Close()
	if on, _ := f.say(c, "CONNECT", "", "220 mx.acme.example ESMTP"); !on {
		return
	}
	r := bufio.NewReader(c)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		verb, _, _ := strings.Cut(strings.ToUpper(line), " ")
		good := "250 2.0.0 OK"
		switch verb {
		case "EHLO":
			good = "250-mx.acme.example\r\n"
			for _, o := range f.Offers {
				good += "250-" + o + "\r\n"
			}
			good += "250 8BITMIME"
		case "AUTH":
			good = "235 2.7.0 OK"
		case "DATA":
			good = "354 go on"
		case "QUIT":
			good = "221 2.0.0 bye"
		}
		on, taken := f.say(c, verb, line, good)
		if !on || verb == "QUIT" {
			return
		}
		if verb == "DATA" && taken && !f.message(c, r) {
			return
		}
	}
}

func (f *fake) message(c net.Conn, r *bufio.Reader) bool {
	var b strings.Builder
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		b.WriteString(strings.TrimPrefix(line, "."))
	}
	// What "drop" breaks after the last dot was taken all the same, and nobody says so.
	on, taken := f.say(c, ".", b.String(), "250 2.0.0 taken")
	if taken || !on {
		f.mu.Lock()
		f.messages = append(f.messages, b.String())
		f.mu.Unlock()
	}
	return on
}

func (f *fake) taken() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.messages...)
}

func (f *fake) seen(verb string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count[verb]
}

func (f *fake) heard() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.lines, "\n")
}
