package pdf

import (
	"strings"
	"testing"
)

// newDoc is a document that nothing was drawn on.
func newDoc(t testing.TB) *Doc {
	t.Helper()
	var covers [3]*coverage
	for i, face := range faces() {
		c, err := readCoverage(face.data)
		if err != nil {
			t.Fatal(err)
		}
		covers[i] = c
	}
	d := &Doc{covers: &covers, widths: [3]map[rune]float64{{}, {}, {}}}
	d.open()
	return d
}

func TestVisible(t *testing.T) {
	d := newDoc(t)
	for in, want := range map[string]string{
		"Maja Lind":     "Maja Lind",
		"Þóra Ελένη Ш":  "Þóra Ελένη Ш",
		"Nguyễn":        "Nguyễn",
		"a\u202Eb":      "a⟦U+202E⟧b",
		"a\u2066b":      "a⟦U+2066⟧b",
		"\u200B\uFEFF":  "⟦U+200B⟧⟦U+FEFF⟧",
		"soft\u00ADhy":  "soft⟦U+00AD⟧hy",
		"😀":             "⟦U+1F600⟧",
		"日":             "⟦U+65E5⟧",
		"\x00\t\n\x7f":  "⟦U+0000⟧⟦U+0009⟧⟦U+000A⟧⟦U+007F⟧",
		"\xff\xc3(":     "⟦0xFF⟧⟦0xC3⟧(",
		"\uFFFD":        "⟦U+FFFD⟧",
		"⟦U+0041⟧":      "⟦U+27E6⟧U+0041⟧",
		"\u2028\u0085x": "⟦U+2028⟧⟦U+0085⟧x",
		"":              "",
	} {
		for font := range faces() {
			if in == "Nguyễn" && Font(font) == Mono {
				want = "Nguy⟦U+1EC5⟧n" // the mono face has less of Vietnamese
			}
			if got := d.Visible(in, Font(font)); got != want {
				t.Errorf("font %d: Visible(%q) = %q, want %q", font, in, got, want)
			}
		}
	}
}

func TestWrapChoosesGoodPlaces(t *testing.T) {
	d := newDoc(t)
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
		if got := d.Wrap(c.text, c.width, Regular, 9); strings.Join(got, "|") != strings.Join(c.want, "|") {
			t.Errorf("Wrap(%q, %g) = %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// FuzzWrap: no line is wider than asked for unless it is one rune, and nothing but spaces is lost.
func FuzzWrap(f *testing.F) {
	d := newDoc(f)
	for _, s := range []string{"María-José de la Fuente y Álvarez-Montenegro", "a\u202Eb 😀  c", strings.Repeat("x", 300), "  leading", "\xff\n\r"} {
		f.Add(s, 30.0, 1)
	}
	f.Fuzz(func(t *testing.T, text string, width float64, font int) {
		if !(width > 0 && width < 1000) || font < 0 || font > 2 || len(text) > 2000 {
			return
		}
		lines := d.Wrap(text, width, Font(font), 8)
		for _, line := range lines {
			if w := d.TextWidth(line, Font(font), 8); w > width+0.01 && len([]rune(line)) > 1 {
				t.Errorf("%q is %.2f mm wide, more than %.2f", line, w, width)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got, want := squeeze(strings.Join(lines, "")), squeeze(d.Visible(text, Font(font))); got != want {
			t.Errorf("lines hold %q, want %q", got, want)
		}
	})
}

func TestShareOut(t *testing.T) {
	columns := []Column{{Share: 1}, {Share: 1}, {Share: 2}}
	for _, least := range [][]float64{{0, 0, 0}, {80, 0, 0}, {80, 80, 0}, {10, 60, 60}, {100, 100, 100}} {
		w, sum, needed := shareOut(columns, least), 0.0, 0.0
		for i := range w {
			sum, needed = sum+w[i], needed+least[i]
		}
		if sum < Width-0.01 || sum > Width+0.01 {
			t.Errorf("%v: widths %v add up to %g", least, w, sum)
		}
		for i := range w {
			if needed <= Width && w[i] < least[i]-0.01 {
				t.Errorf("%v: column %d has %g", least, i, w[i])
			}
		}
	}
}
