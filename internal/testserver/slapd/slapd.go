// Package slapd runs a real OpenLDAP server for tests, the lab and the benchmarks.
//
// Start writes a cn=config database and a certificate into a folder of its own, loads LDIF offline and serves it on two free
// ports of 127.0.0.1: LDAP with StartTLS (RFC 4511 §4.14) and LDAPS. It runs as whoever calls it, needs no rights, and ends
// with the context or Stop, at the latest with the process that started it. Everything is invented: the passwords that it
// makes are random and live in memory and in its folder only.
//
// The server has the overlays memberof, refint and ppolicy and keeps pwdLastSuccess where the version can (olcLastBind,
// OpenLDAP 2.5). The policy in force enforces locks and ends of accounts (pwdLockout), without which slapd ignores them. The reader that
// BindDN names may read everything except userPassword, and limits apply to it; the writer that WriterDN names may change everything but
// passwords; the administrator may do all. Dump gives what the server holds, to compare. Times are UTC. A Server may be used from many
// goroutines.
package slapd

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrMissing says that no slapd is installed.
var ErrMissing = errors.New("slapd is not installed (Debian: apt-get install slapd ldap-utils)")

// Options say what the server holds. The zero value is an empty tree at dc=acme,dc=example.
type Options struct {
	Suffix     string   // root of the tree; default dc=acme,dc=example
	Files      []string // LDIF files to load, in order
	LDIF       string   // LDIF text to load after Files
	Dir        string   // folder for its files; default a temporary one that Stop removes
	SizeLimit  int      // olcSizeLimit: entries that one unpaged search may give the reader; 0 = unlimited
	PagedTotal int      // entries that one paged search may give the reader in all; 0 = unlimited, -1 = paging forbidden
	TimeLimit  int      // olcTimeLimit in seconds; 0 = unlimited
	CertHost   string   // the only name in the certificate; default 127.0.0.1 and localhost
	Expired    bool     // the certificate ended yesterday
	RequireTLS bool     // binds are refused in clear (confidentialityRequired)
	Password   string   // the reader's password; default random
	Writer     string   // the writer's password; default random
	Unenforced bool     // the password policy in force does not say that locks are enforced
}

// Server is a running slapd.
type Server struct {
	Suffix         string
	BindDN         string // a reader with limits
	Password       string
	WriterDN       string // may write, but no passwords; no limits
	WriterPassword string
	AdminDN        string // the rootdn
	AdminPassword  string
	CAFile         string // PEM of the authority that signed the server's certificate
	Dir            string

	port, tlsPort int
	ownDir        bool
	kept          string // LDIF to rewind to
	cmd           *exec.Cmd
	done          chan struct{}
	log           *tail
	stop          sync.Once
}

// Available reports whether Start can work here: nil, or ErrMissing with what lacks.
func Available() error {
	for _, name := range []string{"slapd", "slapadd"} {
		if _, err := find(name); err != nil {
			return err
		}
	}
	if _, err := moduleDir(); err != nil {
		return err
	}
	_, err := schemaDir()
	return err
}

// Start configures, loads and starts a server and waits until it answers.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	s := &Server{Suffix: o.Suffix, Password: o.Password, WriterPassword: o.Writer, AdminPassword: rand.Text(), Dir: o.Dir}
	if s.Suffix == "" {
		s.Suffix = "dc=acme,dc=example"
	}
	for _, p := range []*string{&s.Password, &s.WriterPassword} {
		if *p == "" {
			*p = rand.Text()
		}
	}
	s.BindDN, s.WriterDN, s.AdminDN = "cn=muster,"+s.Suffix, "cn=muster-writer,"+s.Suffix, "cn=admin,"+s.Suffix
	if s.Dir == "" {
		dir, err := os.MkdirTemp("", "slapd-")
		if err != nil {
			return nil, fmt.Errorf("make slapd folder: %w", err)
		}
		s.Dir, s.ownDir = dir, true
	}
	err := s.prepare(ctx, o)
	for try := 0; err == nil && try < 5; try++ {
		if err = s.run(ctx); err == nil {
			return s, nil
		}
		if !errors.Is(err, errEnded) {
			break
		}
		if try < 4 {
			err = nil // someone else took the port between our look and slapd's
		}
	}
	s.Stop()
	return nil, err
}

func (s *Server) prepare(ctx context.Context, o Options) error {
	for _, sub := range []string{"conf", "db"} {
		if err := os.MkdirAll(filepath.Join(s.Dir, sub), 0o700); err != nil {
			return fmt.Errorf("make slapd folder: %w", err)
		}
	}
	if err := s.writeCertificates(o.CertHost, o.Expired, time.Now()); err != nil {
		return err
	}
	text, err := s.configuration(o)
	if err != nil {
		return err
	}
	if err := s.slapadd(ctx, "0", strings.NewReader(text)); err != nil {
		return fmt.Errorf("configure slapd: %w", err)
	}
	files := o.Files
	if len(files) == 0 && !holds(o.LDIF, s.Suffix) {
		o.LDIF = s.baseEntry() + o.LDIF
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("load LDIF: %w", err)
		}
		err = s.slapadd(ctx, "1", withoutVersion(f))
		f.Close()
		if err != nil {
			return fmt.Errorf("load LDIF %s: %w", filepath.Base(name), err)
		}
	}
	if err := s.slapadd(ctx, "1", withoutVersion(strings.NewReader(o.LDIF+"\n"+s.ownEntries(o)))); err != nil {
		return fmt.Errorf("load LDIF: %w", err)
	}
	return nil
}

// withoutVersion skips what may stand before the first entry: slapadd takes a version line (RFC 2849) for an entry.
func withoutVersion(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	for {
		head, _ := b.Peek(len("version:")) // a shorter file has none
		if len(head) == 0 || head[0] != '#' && head[0] != '\n' && !strings.EqualFold(string(head), "version:") {
			return b
		}
		if _, err := b.ReadString('\n'); err != nil {
			return b
		}
	}
}

// holds reports whether the LDIF text has an entry for the suffix itself.
func holds(ldif, suffix string) bool {
	return strings.Contains("\n"+strings.ToLower(ldif), "\ndn: "+strings.ToLower(suffix)+"\n")
}

func (s *Server) slapadd(ctx context.Context, db string, in io.Reader) error {
	name, err := find("slapadd")
	if err != nil {
		return err
	}
	var out bytes.Buffer
	args := []string{"-F", filepath.Join(s.Dir, "conf"), "-n", db}
	if db != "0" {
		args = append(args, "-q")
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run slapadd: %w: %s", err, lastLines(out.String(), 6))
	}
	return nil
}

var errEnded = errors.New("slapd ended before it answered")

func (s *Server) run(ctx context.Context) error {
	name, err := find("slapd")
	if err != nil {
		return err
	}
	if s.port, s.tlsPort, err = freePorts(); err != nil {
		return err
	}
	urls := fmt.Sprintf("ldap://127.0.0.1:%d/ ldaps://127.0.0.1:%d/", s.port, s.tlsPort)
	s.log, s.done = &tail{}, make(chan struct{})
	s.cmd = exec.CommandContext(ctx, name, "-d", "none", "-F", filepath.Join(s.Dir, "conf"), "-h", urls)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 5 * time.Second
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start slapd: %w", err)
	}
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait() // how it ended shows in its log
		close(done)
	}(s.cmd, s.done)
	return s.await(ctx)
}

func (s *Server) await(ctx context.Context) error {
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		select {
		case <-s.done:
			return fmt.Errorf("%w: %s", errEnded, s.log.text())
		case <-ctx.Done():
			return fmt.Errorf("start slapd: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
		if answers(s.port) && answers(s.tlsPort) {
			return nil
		}
	}
	return fmt.Errorf("start slapd: no answer within 20 s: %s", s.log.text())
}

// URL is the address without TLS; StartTLS works on it.
func (s *Server) URL() string { return fmt.Sprintf("ldap://127.0.0.1:%d", s.port) }

// TLSURL is the LDAPS address.
func (s *Server) TLSURL() string { return fmt.Sprintf("ldaps://127.0.0.1:%d", s.tlsPort) }

// Addr is host:port of URL, for a proxy in front of it.
func (s *Server) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// Stop ends the server and removes the folder if Start made it. It may be called more than once.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.end()
		if s.ownDir {
			_ = os.RemoveAll(s.Dir)
		}
	})
}

func answers(port int) bool {
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+strconv.Itoa(port), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

func freePorts() (int, int, error) {
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, 0, fmt.Errorf("find free port: %w", err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1], nil
}

// tail keeps the end of what slapd prints.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// Write keeps the last 16 KiB.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if n := len(t.buf) - 16<<10; n > 0 {
		t.buf = t.buf[n:]
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return lastLines(string(t.buf), 6)
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}
