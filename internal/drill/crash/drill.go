package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"muster/internal/access"
	"muster/internal/drill/crash/chat"
	"muster/internal/drill/crash/stand"
	"muster/internal/drill/crash/victim"
	"muster/internal/store"
	"muster/internal/store/engine"
	"muster/remediate"
)

const database = "drill"

// drill is one drill under way. It is used by one goroutine.
type drill struct {
	options  Options
	progress io.Writer
	rand     *rand.Rand
	dir      string
	data     string
	house    string // path
	engine   *engine.Engine
	store    *store.Store
	stand    *stand.Stand
	chat     *chat.Chat
	cast     cast
	deeds    []*deed        // every action that was planned, in order
	measure  map[string]int // by measureOf: how many changes a server makes for one action
	shown    map[string]string
	mail     mail
	window   time.Duration // the longest that most processes live that are killed at random ...
	longer   float64       // ... times this
	result   Result
}

// deed is an action that was planned.
type deed struct {
	stand.Case
	id   string
	undo bool // it takes the case's action back
}

// String names it for people.
func (d *deed) String() string {
	what := string(d.Kind)
	if d.undo {
		what = "undo of " + what
	}
	return fmt.Sprintf("%s %s in %s on %s", d.id, what, d.System, d.Name())
}

func (d *drill) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.progress, format+"\n", args...)
}

// open starts everything that outlives the victims.
func (d *drill) open(ctx context.Context) error {
	d.rand = rand.New(rand.NewPCG(d.options.Seed, 7))
	d.measure, d.shown = map[string]int{}, map[string]string{}
	d.cast = casting(d.options)
	var err error
	if d.dir, err = os.MkdirTemp("", "muster-crash-"); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	d.data, d.house = filepath.Join(d.dir, "data"), filepath.Join(d.dir, "house.json")
	log := slog.New(slog.DiscardHandler)
	if d.engine, err = engine.Attach(ctx, engine.Options{Dir: d.data, MemoryMB: 1024, Log: log}); err != nil {
		return err
	}
	o := store.Options{Dial: d.engine.DialContext, Database: database, Log: log}
	o.User, o.Password = d.engine.Auth()
	if d.store, err = store.Open(ctx, o); err != nil {
		return err
	}
	if d.stand, err = stand.Start(ctx, filepath.Join(d.dir, "stand"), d.data, d.cast.all()); err != nil {
		return err
	}
	if d.chat, err = chat.Start(ctx); err != nil {
		return err
	}
	settings, err := d.chat.Settings(ctx, workers()...)
	if err != nil {
		return err
	}
	house := victim.House{Dir: d.data, Database: database, Targets: d.stand.Targets, Slack: settings, Owners: workers(), Naive: d.options.naive}
	if err := house.Write(d.house); err != nil {
		return err
	}
	return d.complete(house)
}

// complete makes sure that the cast has every kind of every target.
func (d *drill) complete(house victim.House) error {
	systems, err := house.Systems(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	for name, s := range systems {
		for kind := range s.Target.Abilities().Kinds {
			if !d.cast.has(name, kind) && d.options.systems == nil {
				d.problem("the matrix lacks %s in %s", kind, name)
			}
		}
	}
	return nil
}

func (d *drill) close() error {
	var errs []error
	if d.chat != nil {
		d.chat.Stop()
	}
	if d.stand != nil {
		errs = append(errs, d.stand.Stop())
	}
	if d.store != nil {
		errs = append(errs, d.store.Close())
	}
	if d.engine != nil {
		errs = append(errs, d.engine.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(d.dir))...)
}

func (d *drill) problem(format string, args ...any) {
	d.result.Problems = append(d.result.Problems, fmt.Sprintf(format, args...))
}

// plan stores actions as a plan would, and remembers them.
func (d *drill) plan(ctx context.Context, list ...plan) error {
	var docs []access.Document
	for _, p := range list {
		p.deed.id = p.record.ID
		d.deeds = append(d.deeds, p.deed)
		p.record.State, p.record.Version, p.record.ChangedAt = remediate.Planned, 1, time.Now().UTC()
		doc, err := p.record.Document()
		if err != nil {
			return err
		}
		docs = append(docs, doc)
	}
	return d.store.SaveDocuments(ctx, docs...)
}

// plan is a deed with its record.
type plan struct {
	deed   *deed
	record remediate.Record
}

// forward plans the action of a case.
func (d *drill) forward(c stand.Case) plan {
	a := d.stand.Action(c)
	a.Run = "R-drill"
	a.Key = remediate.Hash("crash", c.Name(), fmt.Sprint(len(d.deeds)), fmt.Sprint(d.rand.Uint64()))
	a.ID = remediate.ShortID("A-", a.Key)
	if c.Kind == access.DeleteAccount {
		a.Account.ID = "" // the account may be one that was made again
	}
	r := remediate.Record{Action: a, Mode: access.ModeAuto, Seen: remediate.Seen{Exists: c.Kind != access.CreateAccount,
		Enabled: c.Kind != access.CreateAccount && c.Kind != access.EnableAccount}}
	return plan{deed: &deed{Case: c}, record: r}
}

// backward plans what takes a finished action back, as muster undo does.
func backward(c stand.Case, done remediate.Record) plan {
	a := *done.Inverse
	if a.Account.ID == "" {
		a.Account.ID = done.Receipt.After.AccountID
	}
	a.Run, a.Key = done.Run, remediate.Hash("undo", done.ID)
	r := remediate.Record{Action: a, Mode: access.ModeApprove, Seen: remediate.Seen{Exists: done.Receipt.After.Exists, Enabled: done.Receipt.After.Enabled}}
	return plan{deed: &deed{Case: c, undo: true}, record: r}
}

// patience is how long one victim may take.
const patience = 2 * time.Minute

// victim runs a process, kills it after a while if that is not 0, and reports whether it was killed. One that ended by itself with an error
// is an error.
func (d *drill) victim(ctx context.Context, t victim.Task, after time.Duration) (killed bool, err error) {
	task, err := json.Marshal(t)
	if err != nil {
		return false, fmt.Errorf("encode task: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", victim.Argument, d.house, string(task))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Start(); err != nil {
		return false, fmt.Errorf("start victim: %w", err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() }) // it may be gone by itself
		defer timer.Stop()
	}
	err = cmd.Wait()
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	killed = status.Signaled() && status.Signal() == syscall.SIGKILL
	switch {
	case ctx.Err() != nil:
		return false, fmt.Errorf("victim with %s: %w: %s", task, ctx.Err(), tail(stderr.String()))
	case !killed && err != nil:
		return false, fmt.Errorf("victim with %s: %w: %s", task, err, tail(stderr.String()))
	case killed:
		d.result.Kills++
		d.result.At[last(stdout.String())]++
	}
	return killed, d.stand.Look()
}

// last is the last step that a victim reported.
func last(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if at := lines[len(lines)-1]; at != "" {
		return at
	}
	return "nothing"
}

func tail(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-2000):]
}

// strike kills a process that must die by its own hand.
func (d *drill) strike(ctx context.Context, t victim.Task) error {
	killed, err := d.victim(ctx, t, 0)
	if err == nil && !killed {
		d.problem("a process never came to %q: %s", t.Kill.Step, t.Kill.Action)
	}
	return err
}

// spare runs a process that nobody kills.
func (d *drill) spare(ctx context.Context, t victim.Task) error {
	killed, err := d.victim(ctx, t, 0)
	if err == nil && killed {
		err = errors.New("somebody else killed a process of the drill")
	}
	return err
}
