package orggen_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/orggen"
)

func generate(t *testing.T, o orggen.Options) orggen.Summary {
	t.Helper()
	sum, err := orggen.Generate(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// tree reads all files of a folder by their relative paths.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		out[name], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameOptionsGiveSameBytes(t *testing.T) {
	a, b, c := t.TempDir(), t.TempDir(), t.TempDir()
	generate(t, orggen.Options{Seed: 5, Persons: 600, Dir: a})
	generate(t, orggen.Options{Seed: 5, Persons: 600, Dir: b})
	generate(t, orggen.Options{Seed: 6, Persons: 600, Dir: c})
	first, second, other := tree(t, a), tree(t, b), tree(t, c)
	if len(first) < 20 {
		t.Fatalf("only %d files", len(first))
	}
	for name, data := range first {
		if !bytes.Equal(data, second[name]) {
			t.Errorf("%s differs between two runs with one seed", name)
		}
	}
	for _, name := range []string{"hr/workers.csv", "directory/acme.ldif", orggen.KeyFile} {
		if bytes.Equal(first[name], other[name]) {
			t.Errorf("%s does not depend on the seed", name)
		}
	}
}

func TestExampleIsWhatTheGeneratorMakes(t *testing.T) {
	dir := t.TempDir()
	generate(t, orggen.Options{Seed: 2026, Persons: 2000, Dir: dir, Host: true, DataDir: "../../.muster/acme"})
	made, committed := tree(t, dir), tree(t, "../../examples/acme")
	delete(committed, "README.md")
	size := 0
	for name, data := range made {
		size += len(data)
		if !bytes.Equal(data, committed[name]) {
			t.Errorf("examples/acme/%s is not what the generator makes; see examples/acme/README.md", name)
		}
		delete(committed, name)
	}
	for name := range committed {
		t.Errorf("examples/acme/%s is not made by the generator", name)
	}
	if size > 6<<20 {
		t.Errorf("the example has %d bytes; it should stay below 6 MiB", size)
	}
}

func TestAnotherOrderHasTheSameRowsAndTheSameKey(t *testing.T) {
	plain := t.TempDir()
	generate(t, orggen.Options{Seed: 3, Persons: 700, Dir: plain})
	want := tree(t, plain)
	for _, order := range []int64{7, 8} {
		dir := t.TempDir()
		generate(t, orggen.Options{Seed: 3, Persons: 700, Dir: dir, Shuffle: order})
		got := tree(t, dir)
		if !bytes.Equal(want[orggen.KeyFile], got[orggen.KeyFile]) {
			t.Errorf("shuffle %d changes the answer key", order)
		}
		for name := range want {
			a, b := lines(want[name]), lines(got[name])
			if strings.HasSuffix(name, ".csv") && !strings.HasSuffix(name, "grants.csv") && len(a) > 30 && slices.Equal(a, b) {
				t.Errorf("shuffle %d leaves %s in the same order", order, name)
			}
			slices.Sort(a)
			slices.Sort(b)
			if !slices.Equal(a, b) {
				t.Errorf("shuffle %d changes the lines of %s, not only their order", order, name)
			}
		}
	}
}

// lines splits a file; the comma that JSON wants between lines belongs to none of them.
func lines(data []byte) []string {
	var out []string
	for l := range strings.Lines(string(data)) {
		out = append(out, strings.TrimRight(l, ",\n"))
	}
	return out
}

// plantable is every rule that whole files can break.
func plantable() []string {
	return []string{"access-spike", "contractor-expired", "disputed-link", "dormant-account", "hr-contractor-without-end", "hr-duplicate-email",
		"hr-duplicate-worker-id", "hr-end-before-start", "hr-manager-cycle", "hr-missing-manager", "hr-unknown-department",
		"hr-unknown-manager", "leaver-active", "missing-access", "orphaned-account", "post-termination-login", "privilege-creep",
		"privileged-without-mfa", "service-account-without-owner", "shared-account", "sod-conflict"}
}

func TestEverySizeCoversEveryRule(t *testing.T) {
	for _, n := range []int{200, 2000, 50_000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			if n > 10_000 && testing.Short() && os.Getenv("CI") != "true" {
				t.Skip("large")
			}
			start := time.Now()
			sum := generate(t, orggen.Options{Seed: 1, Persons: n, Dir: t.TempDir()})
			if rules := slices.Sorted(maps.Keys(sum.ByRule)); !slices.Equal(rules, plantable()) {
				t.Errorf("rules in the key: %v", rules)
			}
			for rule, count := range sum.ByRule {
				if least := n * 3 / 4000; count < least {
					t.Errorf("%s: %d findings among %d persons, want at least %d", rule, count, n, least)
				}
			}
			if sum.Persons != int64(n) || sum.HRRows <= sum.Persons || sum.TotalAccounts() < 3*sum.Persons || sum.Grants < 7*sum.Persons {
				t.Errorf("sizes: %+v", sum)
			}
			if d := time.Since(start); d > 2*time.Minute {
				t.Errorf("took %s", d)
			}
		})
	}
}

func TestGrantsReachTheTarget(t *testing.T) {
	sum := generate(t, orggen.Options{Seed: 1, Persons: 1000, Dir: t.TempDir(), Grants: 50_000})
	if sum.Grants < 45_000 || sum.Grants > 55_000 {
		t.Errorf("%d grants, want about 50,000", sum.Grants)
	}
	if accounts := sum.TotalAccounts(); accounts < 4700 || accounts > 6000 {
		t.Errorf("%d accounts, want about five a person", accounts)
	}
}

func TestTooFewPersonsAndCancelling(t *testing.T) {
	if _, err := orggen.Generate(t.Context(), orggen.Options{Seed: 1, Persons: 150, Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "200 or more") {
		t.Errorf("150 persons: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := orggen.Generate(ctx, orggen.Options{Seed: 1, Persons: 500, Dir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := orggen.Generate(t.Context(), orggen.Options{Seed: 1, Persons: 500, Dir: file}); err == nil {
		t.Error("a file in the place of the folder is no error")
	}
}

// TestMemoryStaysSmall compares the heap in use while an organisation is made with what its persons may cost.
func TestMemoryStaysSmall(t *testing.T) {
	if testing.Short() && os.Getenv("CI") != "true" {
		t.Skip("large")
	}
	const persons = 40_000
	var peak uint64
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var m runtime.MemStats
		for {
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	generate(t, orggen.Options{Seed: 1, Persons: persons, Dir: t.TempDir()})
	close(stop)
	<-done
	if limit := uint64(persons*1000 + 40<<20); peak > limit {
		t.Errorf("%d bytes of heap for %d persons, want below %d", peak, persons, limit)
	}
}
