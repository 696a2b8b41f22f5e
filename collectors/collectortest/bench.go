package collectortest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/internal/access"
)

// deadline is how long one scenario may take, and prompt how long a cancelled one.
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

// outcome is what one Collect did.
type outcome struct {
	records  []access.Record
	coverage access.Coverage
	err      error
	took     time.Duration
	requests []Request
}

// objects is the largest number of records of one class: the n of the page sizes.
func (b *bench) objects() int {
	n, most := map[access.Class]int{}, 0
	for _, r := range b.s.Want {
		n[r.Class()]++
		most = max(most, n[r.Class()])
	}
	return most
}

// exact collects and wants the fixture and a complete coverage that adds up.
func (b *bench) exact(s Scenario) error {
	got, err := b.collect(s, nil)
	if err != nil {
		return err
	}
	if got.err != nil {
		return fmt.Errorf("collect: %w", got.err)
	}
	return errors.Join(differ(b.s.Want, got.records, false), adds(got))
}

// collect runs one scenario to its end. The error is about the suite's own watch: leaks and secrets; the collector's is in
// the outcome.
func (b *bench) collect(s Scenario, emit func(access.Record) error) (outcome, error) {
	got := &outcome{}
	err := b.scenario(s, func(src Source, o *outcome) error {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		o.run(ctx, src, emit)
		got = o
		return nil
	})
	return *got, err
}

// scenario opens a source, lets use work with it, takes it down and looks for leaks.
func (b *bench) scenario(s Scenario, use func(Source, *outcome) error) error {
	var logs lockedBuffer
	s.Log = slog.New(slog.NewJSONHandler(&logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	before := goroutines()
	scope := &cleanups{TB: b.t}
	var o outcome
	var useErr error
	streams, err := captureStreams(func() {
		defer scope.runAll()
		src := b.h.Open(scope, s)
		useErr = use(src, &o)
		if src.Requests != nil {
			o.requests = src.Requests()
		}
	})
	if err != nil {
		return err
	}
	return errors.Join(useErr, leaked(before), b.leak(&o, logs.String(), streams))
}

// run collects into the outcome.
func (o *outcome) run(ctx context.Context, src Source, emit func(access.Record) error) {
	start := time.Now()
	o.coverage, o.err = src.Collector.Collect(ctx, func(r access.Record) error {
		o.records = append(o.records, r)
		if emit != nil {
			return emit(r)
		}
		return nil
	})
	o.took = time.Since(start)
}

// leak looks for the secret, as it is and as transports spell it.
func (b *bench) leak(o *outcome, logs, streams string) error {
	if b.s.Secret == "" {
		return nil
	}
	forms := []string{b.s.Secret, url.QueryEscape(b.s.Secret), url.PathEscape(b.s.Secret),
		base64.StdEncoding.EncodeToString([]byte(b.s.Secret))}
	places := map[string]string{"logs": logs, "the standard streams": streams, "the hint": access.HintOf(o.err),
		"the error": fmt.Sprintf("%v %+v", o.err, o.err), "the coverage": text(o.coverage), "a record": text(o.records)}
	for where, s := range places {
		for _, form := range forms {
			if strings.Contains(s, form) {
				return fmt.Errorf("the secret is in %s", where)
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

// captureStreams gives what was written to the process's standard output and error while f ran.
func captureStreams(f func()) (string, error) {
	file, err := os.CreateTemp("", "collectortest-*")
	if err != nil {
		return "", fmt.Errorf("capture streams: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	out, errOut := os.Stdout, os.Stderr
	os.Stdout, os.Stderr = file, file
	defer func() { os.Stdout, os.Stderr = out, errOut }()
	f()
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("read captured streams: %w", err)
	}
	data, err := io.ReadAll(file)
	return string(data), err
}

// goroutines lists the goroutines by their first line ("goroutine 12") with their stacks.
func goroutines() map[string]string {
	buf := make([]byte, 1<<20)
	for {
		n := runtime.Stack(buf, true)
		if n < len(buf) {
			buf = buf[:n]
			break
		}
		buf = make([]byte, 2*len(buf))
	}
	all := map[string]string{}
	for _, stack := range strings.Split(string(buf), "\n\n") {
		id, _, _ := strings.Cut(stack, " [")
		all[id] = stack
	}
	return all
}

// leaked waits up to two seconds for the goroutines that were not there before to end.
func leaked(before map[string]string) error {
	var extra string
	for wait := time.Millisecond; wait < 2*time.Second; wait *= 2 {
		extra = ""
		for id, stack := range goroutines() {
			if _, old := before[id]; !old && !strings.Contains(stack, "collectortest.goroutines") {
				extra = stack
			}
		}
		if extra == "" {
			return nil
		}
		time.Sleep(wait)
	}
	return fmt.Errorf("a goroutine was left behind:\n%s", extra)
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
