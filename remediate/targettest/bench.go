package targettest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
)

// deadline is how long one call may take, and prompt how long a cancelled one.
const (
	deadline = 20 * time.Second
	prompt   = time.Second
)

// bench is the place where one check works.
type bench struct {
	t testing.TB
	h Harness
	s Suite
}

// each runs f for every kind of the suite, each on a fresh system.
func (b *bench) each(s Scenario, f func(*place, access.Action) error) error {
	var errs []error
	for _, kind := range b.s.kinds() {
		if err := b.with(s, func(p *place) error { return f(p, p.action(kind)) }); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", kind, err))
		}
	}
	return errors.Join(errs...)
}

// with opens a system, lets use work with it, looks for leaked secrets and takes it down.
func (b *bench) with(s Scenario, use func(*place) error) error {
	var logs lockedBuffer
	s.Log = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	scope := &cleanups{TB: b.t}
	defer scope.runAll()
	p := &place{b: b, sys: b.h.Open(scope, s)}
	err := use(p)
	return errors.Join(err, p.leak(logs.String()))
}

// place is one system and what was heard from its target.
type place struct {
	b   *bench
	sys System

	mu    sync.Mutex
	heard []string // everything that the target gave, as text
}

func (p *place) action(kind access.ActionKind) access.Action { return p.fill(p.b.s.Actions[kind]) }

func (p *place) fill(a access.Action) access.Action {
	if p.sys.Fill != nil {
		a = p.sys.Fill(a)
	}
	return a
}

// shape is what two systems that had the same done to them have in common.
func (p *place) shape() string {
	if p.sys.Shape != nil {
		return p.sys.Shape()
	}
	return p.sys.Dump()
}

func (p *place) orders() bool { return p.sys.Target.Abilities().Orders }

// inspect looks with a deadline.
func (p *place) inspect(a access.Action) (access.Observation, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	return p.inspectWith(ctx, a)
}

func (p *place) inspectWith(ctx context.Context, a access.Action) (access.Observation, error) {
	obs, err := p.sys.Target.Inspect(ctx, a)
	p.hear(obs, err)
	return obs, err
}

// apply applies with a deadline.
func (p *place) apply(a access.Action) (access.Receipt, error) {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	return p.applyWith(ctx, a)
}

func (p *place) applyWith(ctx context.Context, a access.Action) (access.Receipt, error) {
	receipt, err := p.sys.Target.Apply(ctx, a)
	p.hear(receipt, err)
	return receipt, err
}

// ready looks right before, as the executor does.
func (p *place) ready(a access.Action) (access.Action, error) {
	obs, err := p.inspect(a)
	if err != nil {
		return a, fmt.Errorf("inspect: %w", err)
	}
	a.Before = &obs
	return a, nil
}

// done makes a change that nothing hinders.
func (p *place) done(a access.Action) (access.Action, access.Receipt, error) {
	a, err := p.ready(a)
	if err != nil {
		return a, access.Receipt{}, err
	}
	receipt, err := p.apply(a)
	if err != nil {
		err = fmt.Errorf("apply: %w", err)
	}
	return a, receipt, err
}

func (p *place) hear(v any, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, text(v))
	if err != nil {
		p.heard = append(p.heard, fmt.Sprintf("%v %+v %s", err, err, access.HintOf(err)))
	}
}

// leak looks for the secret, as it is and as transports spell it.
func (p *place) leak(logs string) error {
	secret := p.b.s.Secret
	if secret == "" {
		return nil
	}
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret))}
	for _, form := range forms {
		if strings.Contains(logs, form) {
			return errors.New("the secret is in the logs")
		}
		for _, s := range p.heard {
			if strings.Contains(s, form) {
				return errors.New("the secret is in an error, an observation or a receipt")
			}
		}
	}
	return nil
}

func text(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprintf("%+v", v)
	}
	return b.String()
}

// differ says in which lines two dumps differ.
func differ(what, want, got string) error {
	if want == got {
		return nil
	}
	var b strings.Builder
	left := map[string]int{}
	for line := range strings.Lines(got) {
		left[strings.TrimSuffix(line, "\n")]++
	}
	for line := range strings.Lines(want) {
		if line = strings.TrimSuffix(line, "\n"); left[line] > 0 {
			left[line]--
		} else {
			fmt.Fprintf(&b, "\n- %s", line)
		}
	}
	for line := range strings.Lines(got) {
		if line = strings.TrimSuffix(line, "\n"); left[line] > 0 {
			left[line]--
			fmt.Fprintf(&b, "\n+ %s", line)
		}
	}
	if b.Len() == 0 {
		b.WriteString(" in the order of their lines")
	}
	return fmt.Errorf("%s: the dumps differ:%s", what, b.String())
}

// cleanups is a testing.TB whose cleanups run at the end of a scenario and not of the test.
type cleanups struct {
	testing.TB
	fs []func()
}

// Cleanup keeps f for the end of the scenario.
func (c *cleanups) Cleanup(f func()) { c.fs = append(c.fs, f) }

func (c *cleanups) runAll() {
	for i := len(c.fs) - 1; i >= 0; i-- {
		c.fs[i]()
	}
}

// lockedBuffer is a log that goroutines may share.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends.
func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is everything written.
func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
