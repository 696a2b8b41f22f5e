package rules

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/internal/config"
	"muster/rules/sod"
)

var update = flag.Bool("update", false, "write the golden files anew")

var clock = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// loadBad loads a file as what the first part of its name says and returns everything that is wrong with it.
func loadBad(t testing.TB, name string, data []byte) error {
	t.Helper()
	doc, err := config.Parse(name, data)
	if err != nil {
		return err
	}
	systems := []string{"directory", "erp", "saas"}
	kind, _, _ := strings.Cut(name, "-")
	switch kind {
	case "rules":
		_, err = Load([]*config.Document{doc}, nil)
	case "bundles":
		_, err = LoadBundles([]*config.Document{doc}, systems)
	case "sod":
		_, err = sod.Load(doc, systems, clock)
	case "exceptions":
		_, err = LoadExceptions(doc, clock, builtin(t), systems)
	case "policies":
		_, err = LoadPolicies([]*config.Document{doc}, knownToPolicies(t))
	case "set":
		set := map[string]config.Node{}
		for _, key := range doc.Root().Keys() {
			set[key] = doc.Root().Get(key)
		}
		docs, perr := Builtin()
		if perr != nil {
			t.Fatal(perr)
		}
		if _, err = Load(docs, set); err == nil {
			err = doc.Err()
		}
	default:
		t.Fatalf("what is %s?", name)
	}
	return err
}

func TestBrokenFilesSayWhatIsWrongAndWhere(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 60 {
		t.Fatalf("%d broken files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := loadBad(t, filepath.Base(file), data)
			if got == nil {
				t.Fatal("loads without a problem")
			}
			var ps config.Problems
			if !errors.As(got, &ps) {
				t.Fatalf("not Problems but %T: %v", got, got)
			}
			for _, p := range ps {
				if p.Position.Line == 0 || p.Hint == "" {
					t.Errorf("no place or no hint: %v", p)
				}
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got.Error()+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(want) != got.Error()+"\n" {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}
