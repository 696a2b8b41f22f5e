package postgres

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing says that no PostgreSQL server is installed, or that there is no user to run it as.
var ErrMissing = errors.New("postgresql is not installed")

const startTimeout = 30 * time.Second

// Options says what to start. The zero value is a server of the role postgres with a random password.
type Options struct {
	Superuser string // the bootstrap superuser, default postgres
	Password  string // its password, default random
}

// Server is a running server.
type Server struct {
	dir, bin   string
	user       string
	password   string
	port       int
	credential *syscall.Credential
	cmd        *exec.Cmd
	done       chan struct{} // closed once the process is gone
}

// Available says whether a server can be started here: nil, or an error that wraps ErrMissing.
func Available() error {
	if _, err := binDir(); err != nil {
		return err
	}
	_, err := runAs()
	return err
}

// binDir is the newest folder with initdb and postgres.
func binDir() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	version := func(p string) int {
		n, _ := strconv.Atoi(strings.Split(p, "/")[4])
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	if len(found) > 0 {
		return filepath.Dir(found[0]), nil
	}
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	return "", fmt.Errorf("find initdb: %w", ErrMissing)
}

// runAs is the user to run as: nil for the one that we are, postgres when that is root.
func runAs() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("find user postgres: %w: %w", ErrMissing, err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read uid of postgres: %w", err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("read gid of postgres: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// Start makes a cluster, starts its server and waits until it answers. ctx limits the start and not the life of the server.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{user: o.Superuser, password: o.Password}
	if s.user == "" {
		s.user = "postgres"
	}
	if s.password == "" {
		s.password = rand.Text()
	}
	var err error
	if s.bin, err = binDir(); err != nil {
		return nil, err
	}
	if s.credential, err = runAs(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "muster-postgres-*"); err != nil {
		return nil, fmt.Errorf("start postgresql: %w", err)
	}
	if err = s.initialise(ctx); err == nil {
		err = s.launch(ctx)
	}
	if err != nil {
		_ = s.Stop()
		return nil, fmt.Errorf("start postgresql: %w", err)
	}
	return s, nil
}

// initialise runs initdb with the password in a file that only its user can read.
func (s *Server) initialise(ctx context.Context) error {
	secret := filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(s.password+"\n"), 0o600); err != nil {
		return err
	}
	if c := s.credential; c != nil {
		for _, name := range []string{s.dir, secret} {
			if err := os.Chown(name, int(c.Uid), int(c.Gid)); err != nil {
				return err
			}
		}
	}
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, "initdb"), "-D", filepath.Join(s.dir, "data"), "-U", s.user,
		"-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.credential}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return os.Remove(secret)
}

// launch starts the server; a port that someone else took in between is replaced.
func (s *Server) launch(ctx context.Context) error {
	var err error
	for range 5 {
		if s.port, err = freePort(); err != nil {
			return err
		}
		if err = s.serve(); err != nil {
			return err
		}
		if err = s.await(ctx); err == nil || !errors.Is(err, errGone) {
			return err
		}
	}
	return err
}

func (s *Server) serve() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="+s.dir, "-c", "fsync=off", "-c", "full_page_writes=off",
		"-c", "synchronous_commit=off", "-c", "max_connections=40", "-c", "shared_buffers=32MB", "-c", "timezone=UTC")
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Pdeathsig: syscall.SIGQUIT}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(s.cmd, s.done)
	return nil
}

// errGone says that the process ended by itself.
var errGone = errors.New("the server ended at once")

func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		conn, err := s.Connect(ctx, "postgres")
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.done:
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("%w: %s", errGone, strings.TrimSpace(string(text[max(0, len(text)-500):])))
		case <-ctx.Done():
			return fmt.Errorf("wait for the server: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Connect opens a connection of the superuser.
func (s *Server) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(s.URL(database) + "?sslmode=disable")
	if err != nil {
		return nil, fmt.Errorf("connect to postgresql: %w", err)
	}
	cfg.Password = s.password
	return pgx.ConnectConfig(ctx, cfg)
}

// URL is the address of a database with the superuser and without the password.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User(s.user), Host: s.Addr(), Path: "/" + database}
	return u.String()
}

// Addr is host:port.
func (s *Server) Addr() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// User is the superuser.
func (s *Server) User() string { return s.user }

// Password is the superuser's password.
func (s *Server) Password() string { return s.password }

// Kill ends the server at once, as a crash does, and keeps its data.
func (s *Server) Kill() error { return s.end(syscall.SIGQUIT) }

// Stop ends the server and removes its folder. A second call does nothing.
func (s *Server) Stop() error {
	return errors.Join(s.end(syscall.SIGINT), os.RemoveAll(s.dir))
}

func (s *Server) end(signal syscall.Signal) error {
	if s.done == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop postgresql: %w", err)
	}
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop postgresql: %w", err)
		}
		<-s.done
	}
	return nil
}
