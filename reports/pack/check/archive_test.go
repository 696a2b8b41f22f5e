package check

import "testing"

func TestSafeName(t *testing.T) {
	for name, want := range map[string]bool{"report.pdf": true, "annexes/a.csv": true, "": false, ".": false, "..": false, "a/../b": false, "/a": false, "a/": false, "a//b": false, `a\b`: false, "c:a": false, "a\x00": false} {
		if safeName(name) != want {
			t.Errorf("safeName(%q) = %t", name, !want)
		}
	}
}
