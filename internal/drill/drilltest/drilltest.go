// Package drilltest is what the tests of the drills share: the program that they drive, and a log that a test shows.
package drilltest

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Need skips a test that lacks what err names; in CI that is a failure.
func Need(t *testing.T, err error) {
	t.Helper()
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
}

// Program builds muster as it is shipped, for a test in a folder of internal/drill, lets it find the embedded engine, and gives its path.
func Program(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("../../../deploy/engine/node_modules/@chdb/lib-*/libchdb.so")
	if err == nil && len(found) == 0 {
		err = errors.New("the embedded engine is not installed: run make setup")
	}
	Need(t, err)
	library, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("MUSTER_ENGINE_LIB", library)
	exe := filepath.Join(t.TempDir(), "muster")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "../../../cmd/muster")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return exe
}

// Lines writes what a drill says to the test's log.
type Lines struct{ T *testing.T }

// Write is one line.
func (l Lines) Write(p []byte) (int, error) {
	l.T.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
