package scimmy

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// ErrMissing says that node, npm or the libraries are not to be had on this host.
var ErrMissing = errors.New("node or the SCIMMY libraries are missing")

// startTimeout is how long a server may take to load its dump and listen.
const startTimeout = time.Minute

// Options says what to start. The zero value is an empty server.
type Options struct {
	Dump     string // folder with Users.json and Groups.json; empty for no resource at all
	Token    string // bearer token; empty for a random one
	Dir      string // folder of server.mjs; empty to find it from the working folder's module
	Versions bool   // with meta.version, ETag and If-Match (RFC 7644 §3.14)
	Me       string // id of the user that the token is, for /Me; empty has none
}

// Server is a running server.
type Server struct {
	Users  int // how many users it loaded
	Groups int // how many groups it loaded

	cmd    *exec.Cmd
	stdin  io.Closer
	token  string
	url    string
	done   chan struct{} // closed once the process is gone
	stderr *tail
}

// Start installs the libraries when they are missing, starts a server and waits until it listens. ctx limits the start and
// not the life of the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	dir, err := folder(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := install(ctx, dir); err != nil {
		return nil, err
	}
	s := &Server{token: o.Token, done: make(chan struct{}), stderr: &tail{}}
	if s.token == "" {
		s.token = rand.Text()
	}
	s.cmd = exec.Command("node", "server.mjs")
	s.cmd.Dir = dir
	s.cmd.Env = append(os.Environ(), "SCIM_TOKEN="+s.token, "SCIM_DUMP="+absolute(o.Dump), "SCIM_PORT=0", "SCIM_ME="+o.Me)
	if o.Versions {
		s.cmd.Env = append(s.cmd.Env, "SCIM_VERSIONS=1")
	}
	s.cmd.Stderr = s.stderr
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start scim server: %w", err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start scim server: %w", err)
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start scim server: %w", err)
	}
	ready := make(chan error, 1)
	go func() {
		ready <- s.awaitReady(bufio.NewReader(out))
		_, _ = io.Copy(io.Discard, out)
		_ = s.cmd.Wait()
		close(s.done)
	}()
	timer := time.NewTimer(startTimeout)
	defer timer.Stop()
	select {
	case err = <-ready:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = fmt.Errorf("not ready after %s", startTimeout)
	}
	if err != nil {
		_ = s.Stop()
		return nil, fmt.Errorf("start scim server: %w%s", err, s.stderr.suffix())
	}
	return s, nil
}

// awaitReady reads the line that says the port.
func (s *Server) awaitReady(out *bufio.Reader) error {
	line, err := out.ReadString('\n')
	fields := strings.Fields(line)
	if err != nil || len(fields) != 4 || fields[0] != "ready" {
		return fmt.Errorf("it said %q and not that it is ready", strings.TrimSpace(line))
	}
	var numbers [3]int
	for i, f := range fields[1:] {
		if numbers[i], err = strconv.Atoi(f); err != nil {
			return fmt.Errorf("it said %q and not that it is ready", strings.TrimSpace(line))
		}
	}
	s.url = fmt.Sprintf("http://127.0.0.1:%d/scim/v2", numbers[0])
	s.Users, s.Groups = numbers[1], numbers[2]
	return nil
}

// URL is the base URL, without a slash at its end.
func (s *Server) URL() string { return s.url }

// Token is the bearer token.
func (s *Server) Token() string { return s.token }

// Dump is everything in the store, asked of the store and not of the library: indented JSON with names sorted, lists of objects in a fixed
// order, and without what is empty, meta.lastModified, meta.version and schemas.
func (s *Server) Dump(ctx context.Context) (string, error) {
	return s.store(ctx, http.MethodGet)
}

// Reset takes the store back to what it was loaded from.
func (s *Server) Reset(ctx context.Context) error {
	_, err := s.store(ctx, http.MethodPost)
	return err
}

func (s *Server) store(ctx context.Context, method string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(s.url, "/scim/v2")+"/store", nil)
	if err != nil {
		return "", fmt.Errorf("ask the scim server's store: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the scim server's store: %w", err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	if err != nil {
		return "", fmt.Errorf("ask the scim server's store: %w", err)
	}
	return string(text), nil
}

// Stop ends the server and waits for it. A second call does nothing.
func (s *Server) Stop() error {
	_ = s.stdin.Close()
	select {
	case <-s.done:
		return nil
	case <-time.After(3 * time.Second):
	}
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop scim server: %w", err)
	}
	<-s.done
	return nil
}

// tail keeps the end of what a process says, for the message when it fails.
type tail struct {
	mu sync.Mutex
	b  []byte
}

// Write keeps the last 2 kB.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 2048 {
		t.b = append([]byte(nil), t.b[len(t.b)-2048:]...)
	}
	return len(p), nil
}

func (t *tail) suffix() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := strings.TrimSpace(string(bytes.ToValidUTF8(t.b, nil))); text != "" {
		return ": " + text
	}
	return ""
}
