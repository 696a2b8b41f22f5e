package archtest

import (
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEveryDirectDependencyHasItsReason(t *testing.T) {
	docs := read(t, "docs/dependencies.md")
	direct := regexp.MustCompile(`(?m)^\t(\S+) v\S+$`)
	found := direct.FindAllStringSubmatch(read(t, "go.mod"), -1)
	if len(found) < 10 {
		t.Fatalf("found only %d direct dependencies: the pattern is broken", len(found))
	}
	for _, m := range found {
		if !strings.Contains(docs, "`"+m[1]+"`") {
			t.Errorf("docs/dependencies.md has no line for %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`@]+)`").FindAllStringSubmatch(docs, -1) {
		if !strings.Contains(read(t, "go.mod"), m[1]) && !strings.HasPrefix(m[1], "npm ") {
			t.Errorf("docs/dependencies.md explains %s, which go.mod does not have", m[1])
		}
	}
}

func TestArchitectureIsShortAndNamesTestsThatExist(t *testing.T) {
	text := read(t, "ARCHITECTURE.md")
	if n := strings.Count(text, "\n"); n > 200 {
		t.Errorf("ARCHITECTURE.md has %d lines, more than 200", n)
	}
	tests := map[string]bool{}
	for _, s := range sources(t) {
		if !s.test {
			continue
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				tests[f.Name.Name] = true
			}
		}
	}
	named := regexp.MustCompile(`\b(Test|Fuzz)[A-Z]\w+`).FindAllString(text, -1)
	if len(named) < 7 {
		t.Errorf("ARCHITECTURE.md names %d tests; every invariant needs one", len(named))
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("ARCHITECTURE.md names %s, which does not exist", name)
		}
	}
}

func TestNothingOfThisMachineIsCommitted(t *testing.T) {
	for _, s := range sources(t) {
		text := read(t, s.path)
		for _, bad := range []string{"/work" + "/", "registry." + "npmjs", "proxy." + "golang.org"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s holds %q", s.path, bad)
			}
		}
	}
}

// TestEveryConfigurationKeyIsExplained compares the keys that the code decodes with docs/configuration.md.
func TestEveryConfigurationKeyIsExplained(t *testing.T) {
	docs := read(t, "docs/configuration.md")
	key := regexp.MustCompile(`yaml:"([a-z_]+)"`)
	keys := 0
	for _, s := range sources(t) {
		if s.test || !strings.HasPrefix(s.dir, "collectors") && !strings.HasPrefix(s.dir, "rules") && !strings.HasPrefix(s.dir, "remediate") && s.dir != "internal/config" || strings.HasPrefix(s.dir, "rules/ruletest") {
			continue
		}
		for _, m := range key.FindAllStringSubmatch(read(t, s.path), -1) {
			keys++
			if !regexp.MustCompile(`\b` + m[1] + `\b`).MatchString(docs) {
				t.Errorf("%s reads the key %s, which docs/configuration.md does not explain", s.path, m[1])
			}
		}
	}
	if keys < 100 {
		t.Fatalf("found only %d keys: the pattern is broken", keys)
	}
}
