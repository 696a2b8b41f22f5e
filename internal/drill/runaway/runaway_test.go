package runaway

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"muster/internal/store/engine"
	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// program builds muster, or skips where something is missing; in CI that is a failure.
func program(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob("../../../deploy/engine/node_modules/@chdb/lib-*/libchdb.so")
	if err == nil && len(found) == 0 {
		err = errors.New("the embedded engine is not installed: run make setup")
	}
	if err = errors.Join(err, slapd.Available(), scimmy.Available(), postgres.Available()); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
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

// lines writes what the drill says to the test's log.
type lines struct{ t *testing.T }

// Write is one line.
func (l lines) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}

func TestMain(m *testing.M) {
	if engine.IsChild() {
		os.Exit(engine.ChildMain(os.Args))
	}
	os.Exit(m.Run())
}

// TestBadNewsTouchesNobody is a short one of `make runaway`, and shows that it would count: with limits that allow everything the same news
// touches very many.
func TestBadNewsTouchesNobody(t *testing.T) {
	h, err := open(t.Context(), Options{Persons: 200, Seed: 1, Muster: program(t)}, lines{t})
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	chosen, err := choose([]string{"hr-statuses-flipped"})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range chosen {
		touched, faults, err := h.drill(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if len(touched) > 0 || len(faults) > 0 {
			t.Errorf("%s: touched %q, faults %s", m.name, touched, strings.Join(faults, "\n"))
		}
	}
	if err := h.reset(); err != nil {
		t.Fatal(err)
	}
	if err := h.edit("muster.yaml", func(text string) string { return strings.ReplaceAll(text, usual, generous) }); err != nil {
		t.Fatal(err)
	}
	if err := h.people(flip); err != nil {
		t.Fatal(err)
	}
	before, err := h.world(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s, err := h.muster(t.Context(), "nightly")
	if err != nil {
		t.Fatal(err)
	}
	after, err := h.world(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(differ(before, after)); n < 100 {
		t.Errorf("without limits %d accounts are touched: the drill proves nothing\n%s", n, s.all())
	}
}

func TestWhichDrills(t *testing.T) {
	if _, err := choose([]string{"hr-empty", "no-such"}); err == nil {
		t.Error("a drill that is not there is chosen")
	}
	all, err := choose(nil)
	if err != nil || len(all) < 10 {
		t.Errorf("%d drills, %v", len(all), err)
	}
	for result, good := range map[*Result]bool{{Drills: 3}: true, {}: false, {Drills: 3, Touched: 1}: false, {Drills: 3, Faults: []string{"x"}}: false} {
		if result.Good() != good {
			t.Errorf("%+v is good: %t", result, !good)
		}
	}
	if line := (Result{Drills: 16}).String(); line != "drills 16 accounts_touched 0" {
		t.Errorf("the last line is %q", line)
	}
}
