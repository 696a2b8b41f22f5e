package house

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"muster/internal/ledger"
	"muster/internal/ledger/privacy"
)

// Said is what a command answered.
type Said struct {
	Code           int
	Stdout, Stderr string
}

// All is both streams.
func (s Said) All() string { return s.Stdout + s.Stderr }

// Command is the program with one of the configurations.
func (h *House) Command(ctx context.Context, config string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.Exe, append(args, "--config", h.Path(config+".yaml"))...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "MUSTER_ENGINE_LIB="+h.library)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Muster runs a command to its end.
func (h *House) Muster(ctx context.Context, config string, args ...string) (Said, error) {
	cmd := h.Command(ctx, config, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || ctx.Err() != nil) {
		return Said{}, fmt.Errorf("run muster %s: %w", args[0], err)
	}
	return Said{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, nil
}

// serving is `muster serve` under way.
type serving struct {
	cmd  *exec.Cmd
	said bytes.Buffer // to be read once it is done
	done chan struct{}
}

// startTime is how long serve may take to be there.
const startTime = 60 * time.Second

// Serve starts `muster serve` and waits until it takes interactions in.
func (h *House) Serve(ctx context.Context, config string) error {
	s := &serving{done: make(chan struct{})}
	s.cmd = h.Command(ctx, config, "serve", "--every", "5s", "-v")
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start muster serve: %w", err)
	}
	go func() {
		_ = s.cmd.Wait() // it is told to end
		close(s.done)
	}()
	h.serving = s
	up := func() bool { return h.Chat.Socket().Connections() > 0 }
	if config == "http" {
		up = func() bool {
			c, err := net.DialTimeout("tcp", h.Listen, time.Second)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		}
	}
	for end := time.Now().Add(startTime); !up(); time.Sleep(20 * time.Millisecond) {
		select {
		case <-s.done:
			return fmt.Errorf("muster serve ended: %s", s.said.String())
		default:
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return errors.New("muster serve does not get ready")
		}
	}
	return nil
}

// Stop ends `muster serve`.
func (h *House) Stop() {
	if h.serving == nil {
		return
	}
	_ = h.serving.cmd.Process.Signal(os.Interrupt)
	<-h.serving.done
	h.serving = nil
}

// News are the entries of the ledger that were not looked at yet, of the types that attempts make.
func (h *House) News(ctx context.Context) (list []Entry, err error) {
	r, err := ledger.Read(h.Path("data/ledger"))
	if err != nil {
		return nil, err
	}
	err = r.Entries(ctx, h.seen, func(e ledger.Entry) error {
		h.seen = e.Index + 1
		if e.Type != ledger.Refusal && e.Type != ledger.Decision {
			return nil
		}
		x := Entry{Kind: e.Type}
		opened, err := privacy.Reveal(h.Path("data/ledger"), e.Index)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(opened.Data(), &x); err != nil {
			return fmt.Errorf("read entry %d: %w", e.Index, err)
		}
		list = append(list, x)
		return nil
	})
	return list, err
}

// Entry is a refusal or a decision on the ledger.
type Entry struct {
	Kind     ledger.Type
	Approval string
	Channel  string
	Why      string
	Who      string
	By       string
	Verdict  string
}

// Serving reports whether `muster serve` is under way.
func (h *House) Serving() bool { return h.serving != nil }
