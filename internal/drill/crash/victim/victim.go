// Package victim is the process that the crash drill kills: the executor, the outbox and the board of the service, with the real store, a
// real ledger on disk and real systems, and nothing else, so that it starts quickly.
//
// It is this program's own file entered once more, as the engine's child is. Each step of an action or a message is a line on standard
// output; where the task says so the process sends itself SIGKILL there. What is killed from outside says nothing. It ends with 0 when its
// work is done, with 1 and a line on standard error when something failed that no kill explains.
//
// Times are UTC and the wall clock's. The waits for Slack are those of production divided by about fifty; the systems are not waited
// for, since what a dead process sent is done before a new one has started.
package victim

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/internal/retry"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/remediate"
	"muster/remediate/execute"
)

// Argument marks the command line of a victim.
const Argument = "crash-victim"

// Origin names the drill's ledger.
const Origin = "drill.example/crash"

// Is reports whether this process was started as a victim.
func Is(args []string) bool { return len(args) == 4 && args[1] == Argument }

// Main does the work of a victim: args are the program, Argument, the file of the house, and the task as JSON.
func Main(args []string, stdout, stderr io.Writer) int {
	var task Task
	house, err := read(args[2])
	if err == nil {
		err = json.Unmarshal([]byte(args[3]), &task)
	}
	if err == nil {
		err = run(context.Background(), house, task, stdout, stderr)
	}
	if err != nil {
		_, _ = fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// process is the working parts.
type process struct {
	house  House
	task   Task
	store  *store.Store
	ledger *ledger.Log
	exec   *execute.Executor
	board  *board
	stderr io.Writer
}

func run(ctx context.Context, house House, task Task, stdout, stderr io.Writer) error {
	log := slog.New(slog.DiscardHandler)
	e, err := engine.Attach(ctx, engine.Options{Dir: house.Dir, Log: log})
	if err != nil {
		return err
	}
	defer e.Close() //nolint:errcheck // the engine is the drill's
	p := &process{house: house, task: task, stderr: stderr}
	if p.ledger, err = ledger.Open(filepath.Join(house.Dir, "ledger"), ledger.Options{Origin: Origin}); err != nil {
		return err
	}
	o := store.Options{Dial: e.DialContext, Database: house.Database, Log: log}
	o.User, o.Password = e.Auth()
	if p.store, err = store.Open(ctx, o); err != nil {
		return err
	}
	r := &reaper{kill: task.Kill, out: stdout}
	p.exec = &execute.Executor{Records: p.store, Ledger: p.ledger, Now: time.Now, Log: log, Retry: retry.Policy{Tries: 4, Base: 20 * time.Millisecond},
		Batch: 4, OnStep: func(s execute.Step, a access.Action) { r.step(string(s), a.ID) }}
	if p.exec.Systems, err = house.Systems(log); err != nil {
		return err
	}
	p.board = newBoard(p, log, func(s string) { r.step(s, "") })
	if house.Naive {
		p.board.Outbox.Settle = time.Nanosecond
	}
	r.step(Started, "")
	if err := p.work(ctx); err != nil {
		return err
	}
	return errors.Join(p.store.Close(), p.ledger.Close())
}

// reaper ends the process where it is told to.
type reaper struct {
	mu   sync.Mutex
	kill Kill
	seen int
	out  io.Writer
}

func (r *reaper) step(name, action string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = io.WriteString(r.out, name+"\n") // whoever reads may be gone
	if r.kill == (Kill{}) || r.kill.Step != "" && r.kill.Step != name || r.kill.Action != "" && r.kill.Action != action {
		return
	}
	if r.seen++; r.seen < r.kill.Nth {
		return
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // nothing happens between the signal and the end
}

func (p *process) work(ctx context.Context) error {
	switch p.task.Work {
	case Act:
		if err := p.recover(ctx); err != nil {
			return err
		}
		_, err := p.act(ctx)
		return err
	case Tell:
		return p.board.tell(ctx, p.task)
	case Serve:
		return p.serve(ctx)
	case Finish:
		return p.finish(ctx)
	}
	return fmt.Errorf("there is no work %q", p.task.Work)
}

// recover settles what an earlier process left. One that is naive believes that what was begun was done.
func (p *process) recover(ctx context.Context) error {
	x := *p.exec
	if p.house.Naive {
		x.Systems = maps.Clone(x.Systems)
		for name, s := range x.Systems {
			x.Systems[name] = execute.System{Target: trusting{s.Target}}
		}
	}
	_, err := x.Recover(ctx)
	return err
}

// trusting sees every change that it looks for.
type trusting struct{ remediate.Target }

// Inspect shows the action.
func (trusting) Inspect(context.Context, access.Action) (access.Observation, error) {
	return access.Observation{At: time.Now().UTC(), Ordered: true}, nil
}

// planned are the actions that may be carried out.
func (p *process) planned(ctx context.Context) ([]remediate.Record, error) {
	return remediate.Load[remediate.Record](ctx, p.store, access.DocumentQuery{Kind: access.DocAction, States: []string{string(remediate.Planned)}})
}

// act carries out what is planned, the task's last action after all others, and says how many there were.
func (p *process) act(ctx context.Context) (int, error) {
	all, err := p.planned(ctx)
	if err != nil {
		return 0, err
	}
	var first, last []remediate.Record
	for _, r := range all {
		if r.ID == p.task.Last {
			last = append(last, r)
		} else {
			first = append(first, r)
		}
	}
	for _, list := range [][]remediate.Record{first, last} {
		if _, err := p.exec.Run(ctx, list); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

const pause = 3 * time.Millisecond

// serve acts and tells until the process is killed.
func (p *process) serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := p.recover(ctx); err != nil {
			return err
		}
		for {
			n, err := p.act(ctx)
			if err != nil {
				return err
			}
			if n == 0 {
				time.Sleep(pause)
			}
		}
	})
	g.Go(func() error {
		for {
			if err := p.board.tell(ctx, p.task); err != nil {
				return err
			}
			time.Sleep(pause)
		}
	})
	return g.Wait()
}

// finish goes on until nothing is left to do. Nobody kills meanwhile, so it does not take many rounds.
func (p *process) finish(ctx context.Context) error {
	if err := p.recover(ctx); err != nil {
		return err
	}
	for range 20 {
		if n, err := p.act(ctx); err != nil {
			return err
		} else if n == 0 {
			break
		}
	}
	for range 20 {
		told, err := p.board.told(ctx, p.task)
		if told || err != nil {
			return err
		}
		time.Sleep(100 * pause)
	}
	return errors.New("slack was not told all in 20 rounds")
}
