package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"muster/internal/access"
)

// Version is the npm package's version that deploy/engine pins; the engine's own, which version() tells, is near it.
const Version = "26.7.3-stable.1"

// Database is where the store keeps its tables; every engine has it.
const Database = "muster"

// Options say on which data and within which bounds the engine runs.
type Options struct {
	Dir      string         // the data folder; the engine lives in Dir/engine
	Library  string         // path of libchdb.so; "" searches for it
	MemoryMB int            // what queries may use together; 0 is a quarter of the machine's memory, at least 1024 and at most 8192
	Log      *slog.Logger   // nil is slog.Default()
	Jitter   func() float64 // in [0,1), spreads the restarts; nil is random

	// AllowFile grants the right FILE to the store's user. Only the benchmark sets it, to read its baseline by file().
	AllowFile bool
}

// Engine is this process's hold on the one engine of a data folder.
type Engine struct {
	options Options
	files   paths
	auth    credentials

	mu     sync.Mutex
	own    *owner  // nil: another process owns it
	shared address // of the engine that another process owns
	closed bool

	finding chan struct{} // holds a token while one goroutine looks for the new engine
}

// Attach shares the engine that runs on the data folder, or starts one when none does. Without a deadline in ctx it gives
// up after two minutes.
func Attach(ctx context.Context, options Options) (*Engine, error) {
	if options.Log == nil {
		options.Log = slog.Default()
	}
	if options.Jitter == nil {
		options.Jitter = rand.Float64
	}
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, failed("open data folder", access.Invalid, err, "give the data folder by --data-dir or data_dir")
	}
	options.Dir = dir
	e := &Engine{options: options, files: layout(dir), finding: make(chan struct{}, 1)}
	if err := e.files.prepare(); err != nil {
		return nil, failed("open data folder", access.Denied, err, "choose a folder that this user can write, by --data-dir or data_dir")
	}
	if err := e.attach(ctx); err != nil {
		return nil, err
	}
	return e, nil
}

// attach becomes owner or sharer, whichever the lock says.
func (e *Engine) attach(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var last error
	for {
		lock, err := takeLock(e.files.lock)
		if err != nil {
			return failed("lock data folder", access.Denied, err, "choose a folder that this user can write, by --data-dir or data_dir")
		}
		if lock != nil {
			return e.become(ctx, lock)
		}
		if last = e.share(ctx); last == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return failed("share engine", access.Transient, fmt.Errorf("%w: %w", ctx.Err(), last),
				"another process holds "+e.files.root+" and its engine does not answer: end that process and try again")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// become starts the engine as its owner; lock passes to the owner, whatever comes of it.
func (e *Engine) become(ctx context.Context, lock *os.File) error {
	if err := os.Remove(e.files.address); err != nil && !errors.Is(err, fs.ErrNotExist) {
		lock.Close()
		return failed("open data folder", access.Denied, err, "choose a folder that this user can write, by --data-dir or data_dir")
	}
	library, err := findLibrary(e.options.Library)
	if err != nil {
		lock.Close()
		return err
	}
	auth, err := e.files.loadCredentials(true)
	if err != nil {
		lock.Close()
		return err
	}
	if err := e.files.render(settingsOf(e.options, auth)); err != nil {
		lock.Close()
		return failed("prepare engine", access.Denied, err, "check the free space and the rights of "+e.files.root)
	}
	own := newOwner(e.options, e.files, auth, library, lock)
	if err := own.start(ctx); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		own.stop()
		return errClosed()
	}
	e.auth, e.own = auth, own
	return nil
}

// share finds the engine of another process and makes sure that it is there.
func (e *Engine) share(ctx context.Context) error {
	at, err := e.files.readAddress()
	if err != nil {
		return err
	}
	if err := at.alive(); err != nil {
		return err
	}
	auth, err := e.files.loadCredentials(false)
	if err != nil {
		return err
	}
	connection, err := dial(ctx, at)
	if err != nil {
		return err
	}
	connection.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.auth, e.shared, e.own = auth, at, nil
	return nil
}

// Auth gives the user and password of the store; they stay the same for as long as the data folder does.
func (e *Engine) Auth() (user, password string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.auth.User, e.auth.Password
}

// Owner says whether the engine is this process's child.
func (e *Engine) Owner() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.own != nil
}

// Addr is host:port of the engine now; a restart changes it, so use DialContext to connect.
func (e *Engine) Addr() string { return e.where().String() }

// Pid is the engine's process now.
func (e *Engine) Pid() int { return e.where().Pid }

func (e *Engine) where() address {
	e.mu.Lock()
	own, shared := e.own, e.shared
	e.mu.Unlock()
	if own != nil {
		return own.where()
	}
	return shared
}

// RSS is the resident memory of the engine's process in bytes, now and at its peak; zero while none runs.
func (e *Engine) RSS() (bytes, peak int64) {
	bytes, peak, err := residentSet(e.Pid())
	if err != nil {
		return 0, 0
	}
	return bytes, peak
}

// Close lets go of the engine: an owner stops it, a sharer leaves it to its owner.
func (e *Engine) Close() error {
	e.mu.Lock()
	own := e.own
	e.closed = true
	e.mu.Unlock()
	if own != nil {
		own.stop()
	}
	return nil
}

// Wait blocks until ctx ends (nil) or the engine is given up (why). A sharer waits for its turn to own, so that
// `muster engine` keeps an engine on the data folder whoever started the first one.
func (e *Engine) Wait(ctx context.Context) error {
	for {
		e.mu.Lock()
		own, closed := e.own, e.closed
		e.mu.Unlock()
		switch {
		case own != nil:
			return own.wait(ctx)
		case closed:
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(250 * time.Millisecond):
		}
		if e.where().alive() != nil {
			if err := e.find(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

// settingsOf turns the options into what the configuration files say.
func settingsOf(o Options, auth credentials) settings {
	return settings{
		User: auth.User, PasswordHash: sha256Hex(auth.Password), Memory: memoryCap(o.MemoryMB),
		Threads: max(2, runtime.NumCPU()), FileGrant: o.AllowFile, Engines: tableEngines(),
	}
}

// tableEngines are those whose data never leaves the data folder.
func tableEngines() []string {
	return []string{
		"MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree",
		"VersionedCollapsingMergeTree", "CoalescingMergeTree", "Memory", "Set", "Join", "Buffer", "Null", "Dictionary", "Merge",
		"View", "MaterializedView", "EmbeddedRocksDB",
	}
}

// failed is the package's one form of error.
func failed(op string, kind access.Kind, err error, hint string) error {
	return &access.Error{System: "engine", Op: op, Kind: kind, Hint: hint, Err: err}
}

func errClosed() error {
	return failed("use engine", access.Internal, errors.New("it was closed"), "")
}

// libraryBytes is what the engine holds before the first query; the server's cap counts it.
const libraryBytes = 450 << 20

// memoryCap is the cap of the whole process for a budget of megabytes.
func memoryCap(budget int) int64 {
	if budget <= 0 {
		budget = 1024
		var machine unix.Sysinfo_t
		if unix.Sysinfo(&machine) == nil {
			quarter := machine.Totalram * uint64(machine.Unit) / 4 >> 20
			budget = int(min(8192, max(1024, quarter)))
		}
	}
	return int64(budget)<<20 + libraryBytes
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
