package typeface

import (
	"strings"
	"testing"

	"muster/reports/document"
)

func TestWrapChoosesGoodPlaces(t *testing.T) {
	for _, c := range []struct {
		text  string
		width float64
		want  []string
	}{
		{"Siobhán O'Neill (W-01135)", 20, []string{"Siobhán", "O'Neill", "(W-01135)"}},
		{"cn=admins,ou=groups,dc=acme", 20, []string{"cn=admins,", "ou=groups,", "dc=acme"}},
		{"p.novak@acme.example", 18, []string{"p.novak@", "acme.", "example"}},
		{"2026-11-22", 100, []string{"2026-11-22"}},
		{"", 10, []string{""}},
	} {
		if got := Of(document.Regular).Wrap(c.text, c.width, 9); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("Wrap(%q, %g) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// FuzzWrap: no line is wider than asked for unless it is one rune, and nothing but spaces is lost.
func FuzzWrap(f *testing.F) {
	for _, s := range []string{"María-José de la Fuente y Álvarez-Montenegro", "a\u202Eb 😀  c", strings.Repeat("x", 300), "  leading", "\xff\n\r"} {
		f.Add(s, 30.0, 1)
	}
	f.Fuzz(func(t *testing.T, text string, width float64, font int) {
		if !(width > 0 && width < 1000) || font < 0 || font > 2 || len(text) > 2000 {
			return
		}
		lines := Of(document.Font(font)).Wrap(text, width, 8)
		for _, line := range lines {
			if w := Of(document.Font(font)).Width(line, 8); w > width+0.01 && len([]rune(line)) > 1 {
				t.Errorf("%q is %.2f mm wide, more than %.2f", line, w, width)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got, want := squeeze(strings.Join(lines, "")), squeeze(Of(document.Font(font)).Visible(text)); got != want {
			t.Errorf("lines hold %q, want %q", got, want)
		}
	})
}
