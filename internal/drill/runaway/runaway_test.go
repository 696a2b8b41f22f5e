package runaway

import (
	"errors"
	"os"
	"strings"
	"testing"

	"muster/internal/drill/drilltest"
	"muster/internal/store/engine"
	"muster/internal/testserver/postgres"
	"muster/internal/testserver/scimmy"
	"muster/internal/testserver/slapd"
)

// program builds muster, where the servers are that the drill needs.
func program(t *testing.T) string {
	t.Helper()
	drilltest.Need(t, errors.Join(slapd.Available(), scimmy.Available(), postgres.Available()))
	return drilltest.Program(t)
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
	h, err := open(t.Context(), Options{Persons: 200, Seed: 1, Muster: program(t)}, drilltest.Lines{T: t})
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
