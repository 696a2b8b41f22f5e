// Package smtp runs a real SMTP server for tests: aiosmtpd (RFC 5321) with STARTTLS (RFC 3207), implicit TLS (RFC 8314), AUTH PLAIN and LOGIN
// (RFC 4954) and SMTPUTF8 (RFC 6531), which puts every message into a Maildir, byte for byte as it came.
//
// Start listens on two free ports of 127.0.0.1, in clear with STARTTLS and in TLS. The certificate is of an authority of its own. The server
// ends with its parent: it reads its standard input and stops at the end of it. It needs python3 with aiosmtpd (Debian: python3-aiosmtpd).
//
// A Server may be used from many goroutines. The package does not import testing.
package smtp

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"muster/internal/testserver/certificate"
)

// ErrMissing says that python3 or aiosmtpd is not installed.
var ErrMissing = errors.New("aiosmtpd is not installed (Debian: apt-get install python3-aiosmtpd)")

//go:embed server.py
var script string

// Options say how the server is. The zero value takes mail from everybody, with STARTTLS offered.
type Options struct {
	User, Password string   // who may send; empty: everybody
	Without        []string // mechanisms of AUTH that it does not have: PLAIN, LOGIN
	RequireTLS     bool     // nothing is taken in clear
	NoTLS          bool     // STARTTLS is not offered, and AUTH is taken in clear
	CertHost       string   // the only name in the certificate; default 127.0.0.1 and localhost
	Expired        bool     // the certificate ended yesterday
	Unknown        []string // addresses that have no mailbox: 550 5.1.1
}

// Server is a running server.
type Server struct {
	Addr    string // host:port, in clear with STARTTLS
	TLSAddr string // host:port, in TLS
	CAFile  string // PEM of the authority that signed the server's certificate

	dir   string
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan struct{}
	stop  sync.Once
}

// startTimeout is how long a server may take to listen.
const startTimeout = 30 * time.Second

// Start starts a server and waits until it listens. ctx limits the start and not the life of the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	python, err := interpreter(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "muster-smtp-")
	if err != nil {
		return nil, fmt.Errorf("make folder of the SMTP server: %w", err)
	}
	s := &Server{dir: dir, done: make(chan struct{})}
	if err := s.run(ctx, python, o); err != nil {
		s.Stop()
		return nil, fmt.Errorf("start SMTP server: %w", err)
	}
	return s, nil
}

// interpreter finds a python3 that has aiosmtpd: first Debian's own, which its packages are for.
func interpreter(ctx context.Context) (string, error) {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		path, err := exec.LookPath(name)
		if err == nil && exec.CommandContext(ctx, path, "-c", "import aiosmtpd.smtp").Run() == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("find python3 with aiosmtpd: %w", ErrMissing)
}

func (s *Server) run(ctx context.Context, python string, o Options) error {
	files, err := certificate.Write(s.dir, certificate.Options{Host: o.CertHost, Expired: o.Expired}, time.Now())
	if err != nil {
		return err
	}
	s.CAFile = files.Authority
	settings, err := json.Marshal(map[string]any{"dir": filepath.Join(s.dir, "mail"), "certificate": files.Server, "key": files.Key, "user": o.User, "password": o.Password,
		"without": append([]string{}, o.Without...), "require_tls": o.RequireTLS, "no_tls": o.NoTLS, "unknown": append([]string{}, o.Unknown...)})
	if err != nil {
		return err
	}
	var problems bytes.Buffer
	s.cmd = exec.Command(python, "-c", script)
	s.cmd.Stderr = &problems
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.stdin = in
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n') // an early end is seen by what is missing in the line
		ready <- line
		_ = s.cmd.Wait() // how it ended shows in what it printed
		close(s.done)
	}()
	if _, err := fmt.Fprintf(in, "%s\n", settings); err != nil {
		return err
	}
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case line := <-ready:
		var clear, tls int
		if _, err := fmt.Sscanf(line, "ready %d %d", &clear, &tls); err != nil {
			<-s.done
			return fmt.Errorf("it said %q: %s", strings.TrimSpace(line), bytes.TrimSpace(problems.Bytes()))
		}
		s.Addr, s.TLSAddr = fmt.Sprintf("127.0.0.1:%d", clear), fmt.Sprintf("127.0.0.1:%d", tls)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return fmt.Errorf("not ready after %s", startTimeout)
	}
}

// Message is a message as it arrived.
type Message struct {
	From    string   // of the envelope
	To      []string // of the envelope
	TLS     bool     // it came encrypted
	Login   string   // who sent it, by AUTH; empty: nobody said
	Options []string // parameters of MAIL FROM
	Raw     []byte   // header and body, as sent
}

// Messages reads what has arrived so far, in the order of arrival.
func (s *Server) Messages() ([]Message, error) {
	folder := filepath.Join(s.dir, "mail", "new")
	files, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("read mailbox: %w", err)
	}
	var out []Message
	for _, f := range files { // their names are numbered
		text, err := os.ReadFile(filepath.Join(folder, f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read mailbox: %w", err)
		}
		out = append(out, parse(text))
	}
	return out, nil
}

// parse takes off the lines that the server put before the message.
func parse(text []byte) Message {
	var m Message
	for {
		line, rest, _ := bytes.Cut(text, []byte("\r\n"))
		name, value, _ := strings.Cut(string(line), ": ")
		switch name {
		case "Return-Path":
			m.From = strings.Trim(value, "<>")
		case "Delivered-To":
			m.To = append(m.To, value)
		case "X-Session":
			for _, word := range strings.Fields(value) {
				key, v, _ := strings.Cut(word, "=")
				switch key {
				case "tls":
					m.TLS = v == "yes"
				case "login":
					m.Login = strings.TrimPrefix(v, "-")
				case "options":
					m.Options = slices.DeleteFunc(strings.Split(v, ","), func(s string) bool { return s == "" })
				}
			}
		default:
			m.Raw = text
			return m
		}
		text = rest
	}
}

// Stop ends the server and removes its files. It may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		if s.cmd != nil && s.cmd.Process != nil {
			s.stdin.Close()
			select {
			case <-s.done:
			case <-time.After(3 * time.Second):
				_ = s.cmd.Process.Kill()
				<-s.done
			}
		}
		_ = os.RemoveAll(s.dir)
	})
}
