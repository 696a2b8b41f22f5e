package spoof

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
)

// said is what a command answered.
type said struct {
	code           int
	stdout, stderr string
}

func (s said) all() string { return s.stdout + s.stderr }

// command is the program with one of the configurations.
func (h *house) command(ctx context.Context, config string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, h.exe, append(args, "--config", h.path(config+".yaml"))...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1", "MUSTER_ENGINE_LIB="+h.library)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// muster runs a command to its end.
func (h *house) muster(ctx context.Context, config string, args ...string) (said, error) {
	cmd := h.command(ctx, config, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && (!errors.As(err, &ended) || ctx.Err() != nil) {
		return said{}, fmt.Errorf("run muster %s: %w", args[0], err)
	}
	return said{cmd.ProcessState.ExitCode(), out.String(), errs.String()}, nil
}

// serving is `muster serve` under way.
type serving struct {
	cmd  *exec.Cmd
	said bytes.Buffer // to be read once it is done
	done chan struct{}
}

// startTime is how long serve may take to be there.
const startTime = 60 * time.Second

// serve starts `muster serve` and waits until it takes interactions in.
func (h *house) serve(ctx context.Context, config string) error {
	s := &serving{done: make(chan struct{})}
	s.cmd = h.command(ctx, config, "serve", "--every", "1s", "-v")
	s.cmd.Stdout, s.cmd.Stderr = &s.said, &s.said
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start muster serve: %w", err)
	}
	go func() {
		_ = s.cmd.Wait() // it is told to end
		close(s.done)
	}()
	h.serving = s
	up := func() bool { return h.chat.Socket().Connections() > 0 }
	if config == "http" {
		up = func() bool {
			c, err := net.DialTimeout("tcp", h.listen, time.Second)
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

// stop ends `muster serve`.
func (h *house) stop() {
	if h.serving == nil {
		return
	}
	_ = h.serving.cmd.Process.Signal(os.Interrupt)
	<-h.serving.done
	h.serving = nil
}

// news are the entries of the ledger that were not looked at yet, of the types that attempts make.
func (h *house) news(ctx context.Context) (list []entry, err error) {
	r, err := ledger.Read(h.path("data/ledger"))
	if err != nil {
		return nil, err
	}
	err = r.Entries(ctx, h.seen, func(e ledger.Entry) error {
		h.seen = e.Index + 1
		if e.Type != ledger.Refusal && e.Type != ledger.Decision {
			return nil
		}
		x := entry{kind: e.Type}
		if err := json.Unmarshal(e.Data, &x); err != nil {
			return fmt.Errorf("read entry %d: %w", e.Index, err)
		}
		list = append(list, x)
		return nil
	})
	return list, err
}

// entry is a refusal or a decision on the ledger.
type entry struct {
	kind     ledger.Type
	Approval string
	Channel  string
	Why      string
	Who      string `json:"who_sha256"`
	By       string
	Verdict  string
}
