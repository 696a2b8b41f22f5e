package main

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"muster/internal/store/engine"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	testscript.Main(suite{m}, map[string]func(){"muster": command})
}

// suite removes what the tests share when all have run.
type suite struct{ *testing.M }

// Run implements testscript.TestingM.
func (s suite) Run() int {
	defer os.RemoveAll(shipped.dir)
	return s.M.Run()
}

// command is main as the scripts run it.
func command() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// library is the engine's library in this checkout; the scripts run in folders of their own.
func library(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob("../../deploy/engine/node_modules/@chdb/lib-*/libchdb.so")
	if err != nil || len(found) == 0 {
		need(t, "the embedded engine is not installed: run make setup")
	}
	abs, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// need skips a test that lacks something, with the reason; in CI that is a failure.
func need(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func scripts(t *testing.T, dir string) {
	lib := library(t)
	testscript.Run(t, testscript.Params{
		Dir: dir,
		Setup: func(env *testscript.Env) error {
			env.Setenv("MUSTER_ENGINE_LIB", lib)
			env.Setenv("NO_COLOR", "1")
			env.Setenv("ESCAPE", "x\x1b[31m")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "jsonlen": jsonLen},
	})
}

func TestScripts(t *testing.T) { scripts(t, "testdata/script") }

// TestBadInput runs the broken configurations, bundles, rules, matrices and HR files: each must say exactly what is wrong, where,
// and what to do.
func TestBadInput(t *testing.T) {
	found, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(found) < 40 {
		t.Fatalf("found %d broken inputs, want 40 at least (%v)", len(found), err)
	}
	scripts(t, "testdata/bad")
}

// exits checks the exit code: exits CODE muster ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARGS...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s\nstdout: %s\nstderr: %s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// jsonLen checks how many items the JSON array on stdout has: jsonlen N
func jsonLen(ts *testscript.TestScript, neg bool, args []string) {
	var items []map[string]any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &items); err != nil {
		ts.Fatalf("stdout is no JSON array of objects: %v", err)
	}
	if got := json.Number(strings.TrimSpace(string(mustJSON(len(items))))); (got.String() == args[0]) == neg {
		ts.Fatalf("%s items, want %s", got, args[0])
	}
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
