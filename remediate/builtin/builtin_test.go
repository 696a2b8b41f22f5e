package builtin

import (
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	collectors "muster/collectors/builtin"
	"muster/internal/config"
	"muster/remediate"
)

// TestEveryCollectorHasItsTarget: a system whose target is not named has the one of its collector's kind. HR is read and never changed.
func TestEveryCollectorHasItsTarget(t *testing.T) {
	want := slices.Sorted(maps.Keys(collectors.Collectors()))
	want = slices.DeleteFunc(want, func(kind string) bool { return kind == "hr" })
	if got := slices.Sorted(maps.Keys(Targets())); !slices.Equal(got, want) {
		t.Errorf("targets %v, want %v", got, want)
	}
	for kind, entry := range Targets() {
		if entry.New == nil {
			t.Errorf("%s has no factory", kind)
		}
	}
}

// TestEveryTargetIsTested: a target that is not held to the conformance suite is not one.
func TestEveryTargetIsTested(t *testing.T) {
	for kind := range Targets() {
		files, err := filepath.Glob(filepath.Join("..", kind, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(files, func(path string) bool {
			text, err := os.ReadFile(path)
			return err == nil && strings.Contains(string(text), "targettest.Run(")
		}) {
			t.Errorf("no test of %s runs the conformance suite", kind)
		}
	}
}

// TestFactoriesRefuseUnknownSettings: strictness is not left to each target's taste.
func TestFactoriesRefuseUnknownSettings(t *testing.T) {
	for kind, entry := range Targets() {
		doc, err := config.Parse("muster.yaml", []byte("no_such_setting: 1"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = entry.New(remediate.Spec{System: "x", Dir: t.TempDir(), DataDir: t.TempDir(), Settings: doc.Root(), Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		if doc.Err() == nil || !strings.Contains(errors.Join(doc.Err(), err).Error(), `unknown key "no_such_setting"`) {
			t.Errorf("%s: problems %v, error %v", kind, doc.Err(), err)
		}
	}
}
