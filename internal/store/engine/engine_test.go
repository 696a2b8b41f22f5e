package engine

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"muster/internal/access"
)

// attach starts or shares an engine that the test closes.
func attach(t *testing.T, options Options) *Engine {
	t.Helper()
	if options.Log == nil {
		options.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	options.MemoryMB = 512
	e, err := Attach(t.Context(), options)
	if err != nil {
		t.Fatalf("%v\n%s", err, access.HintOf(err))
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// connect opens the driver on an engine as the store does.
func connect(t *testing.T, e *Engine) driver.Conn {
	t.Helper()
	user, password := e.Auth()
	connection, err := clickhouse.Open(&clickhouse.Options{
		Addr:        []string{e.Addr()},
		Auth:        clickhouse.Auth{Database: Database, Username: user, Password: password},
		DialContext: e.DialContext,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func run(t *testing.T, c driver.Conn, query string, args ...any) {
	t.Helper()
	if err := c.Exec(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func count(t *testing.T, c driver.Conn, query string) (n uint64) {
	t.Helper()
	if err := c.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func TestStopAndStartKeepDataAndCredentials(t *testing.T) {
	dir := t.TempDir()
	first := attach(t, Options{Dir: dir})
	if !first.Owner() {
		t.Error("the first process on a folder is not the owner")
	}
	c := connect(t, first)
	run(t, c, "CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
	run(t, c, "INSERT INTO kept SELECT number FROM numbers(1000)")
	if now, peak := first.RSS(); now < 50<<20 || peak < now {
		t.Errorf("resident memory %d, peak %d", now, peak)
	}
	pid := first.Pid()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	gone(t, pid, 0)
	if _, err := first.DialContext(t.Context(), ""); err == nil {
		t.Error("a closed engine can be dialled")
	}
	second := attach(t, Options{Dir: dir})
	_, before := first.Auth()
	if _, after := second.Auth(); before != after || len(after) != 64 {
		t.Error("the credentials changed")
	}
	if n := count(t, connect(t, second), "SELECT count() FROM kept"); n != 1000 {
		t.Errorf("%d rows of 1000", n)
	}
}

func TestVersionIsThePinnedOne(t *testing.T) {
	text, err := os.ReadFile("../../../deploy/engine/package.json")
	if err != nil {
		t.Fatal(err)
	}
	var pinned struct {
		OptionalDependencies map[string]string
	}
	if err := json.Unmarshal(text, &pinned); err != nil || len(pinned.OptionalDependencies) == 0 {
		t.Fatalf("%v, %v", pinned, err)
	}
	for name, version := range pinned.OptionalDependencies {
		if version != Version {
			t.Errorf("%s is pinned at %s, the code says %s", name, version, Version)
		}
	}
}

func TestSharedInOneProcess(t *testing.T) {
	dir := t.TempDir()
	first, second := attach(t, Options{Dir: dir}), attach(t, Options{Dir: dir})
	if second.Owner() || first.Pid() != second.Pid() {
		t.Fatalf("the second is owner %t of process %d, the first runs %d", second.Owner(), second.Pid(), first.Pid())
	}
	run(t, connect(t, second), "SELECT 1")
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	run(t, connect(t, first), "SELECT 1")
}

// Several processes at the same instant: one owns, all use it; the owner is killed: one of the others takes over.
func TestShareAndTakeOver(t *testing.T) {
	dir := t.TempDir()
	holders := map[*other]bool{}
	for range 4 {
		holders[start(t, nil, "__hold", dir)] = true
	}
	for len(holders) > 1 {
		var owner *other
		pids := map[int]bool{}
		for h := range holders {
			s := h.state()
			if s.Err != "" {
				t.Fatal(s.Err)
			}
			if pids[s.Pid] = true; s.Owner {
				if owner != nil {
					t.Fatal("two owners")
				}
				owner = h
			}
		}
		if owner == nil || len(pids) != 1 {
			t.Fatalf("owner %v, engines %v", owner, pids)
		}
		owner.kill()
		delete(holders, owner)
		for h := range holders {
			for s := h.ask(); s.Err != ""; s = h.ask() {
				t.Log(s.Err) // a query in flight fails with its engine; the next one must find the new one
			}
		}
		for h := range holders {
			if _, err := h.stdin.Write([]byte("\n")); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The engine crashes under an owner and a sharer: the owner starts it again, the sharer follows.
func TestSharersFollowARestart(t *testing.T) {
	dir := t.TempDir()
	owner := start(t, nil, "__hold", dir)
	crashed := owner.state().Pid
	sharer := start(t, nil, "__hold", dir)
	if s := sharer.state(); s.Owner || s.Pid != crashed {
		t.Fatalf("the second process has %+v, the first runs %d", s, crashed)
	}
	if err := syscall.Kill(crashed, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, crashed, time.Second)
	var after state
	for after = sharer.ask(); after.Err != ""; after = sharer.ask() {
		t.Log(after.Err)
	}
	if after.Owner || after.Pid == crashed {
		t.Errorf("the sharer has %+v", after)
	}
	if s := owner.ask(); s.Err != "" || !s.Owner || s.Pid != after.Pid {
		t.Errorf("the owner has %+v, the sharer %+v", s, after)
	}
}

func TestWaitKeepsAnEngineOnTheFolder(t *testing.T) {
	dir := t.TempDir()
	first := start(t, nil, "__hold", dir)
	was := first.state().Pid
	e := attach(t, Options{Dir: dir})
	if e.Owner() || e.Pid() != was {
		t.Fatalf("owner %t of %d, the first process runs %d", e.Owner(), e.Pid(), was)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Wait(ctx) }()
	first.kill()
	for end := time.Now().Add(10 * time.Second); !e.Owner(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody took the engine over")
		}
	}
	run(t, connect(t, e), "SELECT 1")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestKilledOwnerTakesTheEngineWithIt(t *testing.T) {
	owner := start(t, nil, "__hold", t.TempDir())
	pid := owner.state().Pid
	owner.kill()
	gone(t, pid, 3*time.Second)
}

func TestNothingIsReadableByOthers(t *testing.T) {
	dir := t.TempDir()
	e := attach(t, Options{Dir: dir})
	c := connect(t, e)
	run(t, c, "CREATE TABLE secret (n UInt64) ENGINE = MergeTree ORDER BY n")
	run(t, c, "INSERT INTO secret SELECT number FROM numbers(1000)")
	files := 0
	err := filepath.WalkDir(filepath.Join(dir, "engine"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil // a part that was merged away meanwhile
		}
		if files++; info.Mode().Perm()&0o077 != 0 && info.Mode().Type() != fs.ModeSymlink {
			t.Errorf("%s has mode %o", path, info.Mode().Perm())
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Fatalf("%d files, %v", files, err)
	}
}

func TestMemoryCapFailsTheQueryAndNotTheEngine(t *testing.T) {
	e := attach(t, Options{Dir: t.TempDir()})
	c, pid := connect(t, e), e.Pid()
	err := c.Exec(t.Context(), "SELECT groupArray(number) FROM numbers(1000000000) FORMAT Null")
	if problem, ok := errors.AsType[*clickhouse.Exception](err); !ok || problem.Code != 241 {
		t.Fatalf("got %v, want code 241 (memory limit exceeded)", err)
	}
	run(t, c, "SELECT 1")
	if e.Pid() != pid {
		t.Error("the engine died of it")
	}
	if _, peak := e.RSS(); peak > 1400<<20 {
		t.Errorf("peak of %d MB with a budget of 512", peak>>20)
	}
}
