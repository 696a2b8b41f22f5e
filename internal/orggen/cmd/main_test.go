package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMakeAndCompare(t *testing.T) {
	dir := t.TempDir()
	exec := func(args ...string) (int, string, string) {
		var out, errs strings.Builder
		code := run(t.Context(), args, &out, &errs)
		return code, out.String(), errs.String()
	}
	code, out, errs := exec("-persons", "250", "-dir", dir, "-seed", "4")
	if code != 0 || !strings.HasPrefix(out, "250 persons") || !strings.Contains(out, "sod-conflict") {
		t.Fatalf("exit %d\n%s%s", code, out, errs)
	}
	key := filepath.Join(dir, "expected-findings.json")
	if code, out, _ := exec("-compare", key, key); code != 0 || strings.Contains(out, "0.") {
		t.Errorf("a key against itself: exit %d\n%s", code, out)
	}
	data, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := filepath.Join(dir, "found.json")
	if err := os.WriteFile(spoilt, []byte(strings.Replace(string(data), `"rule":"shared-account","system":"vpn"`, `"rule":"shared-account","system":"erp"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := exec("-compare", spoilt, key); code != 1 || !strings.Contains(out, "lacking  shared-account vpn/") || !strings.Contains(out, "spurious shared-account erp/") {
		t.Errorf("one difference: exit %d\n%s", code, out)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-persons", "250"}, 4, "-dir"},
		{[]string{"-persons", "20", "-dir", dir}, 1, "200 or more"},
		{[]string{"-dir", dir, "-as-of", "yesterday"}, 4, "as-of"},
		{[]string{"-nonsense"}, 4, "nonsense"},
		{[]string{"-compare", key}, 4, "two files"},
		{[]string{"-compare", key, filepath.Join(dir, "none.json")}, 1, "none.json"},
		{[]string{"-compare", filepath.Join(dir, "none.json"), key}, 1, "none.json"},
	} {
		if code, _, errs := exec(c.args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit %d, %s", c.args, code, errs)
		}
	}
}
