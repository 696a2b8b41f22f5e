package typeface

import (
	"testing"

	"muster/reports/document"
)

func TestVisible(t *testing.T) {
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
		"K⟦F6⟧ln":       "K⟦F6⟧ln",
		"⟦⟦F6⟧F6⟧":      "⟦U+27E6⟧⟦F6⟧F6⟧",
		"⟦f6⟧":          "⟦U+27E6⟧f6⟧",
		"\u2028\u0085x": "⟦U+2028⟧⟦U+0085⟧x",
		"":              "",
	} {
		for font := range faces() {
			if in == "Nguyễn" && document.Font(font) == document.Fixed {
				want = "Nguy⟦U+1EC5⟧n" // the mono face has less of Vietnamese
			}
			if got := Of(document.Font(font)).Visible(in); got != want {
				t.Errorf("font %d: Visible(%q) = %q, want %q", font, in, got, want)
			}
		}
	}
}

func TestScreenShowsEveryScriptAndNothingThatHides(t *testing.T) {
	for in, want := range map[string]string{
		"日本 😀":                   "日本 😀",
		"عمر خالد":               "عمر خالد",
		"👩\u200D💻":               "👩\u200D💻",
		"می\u200Cخواهم":          "می\u200Cخواهم",
		"a\u200Db":               "a⟦U+200D⟧b",
		"\u200D\u200D":           "⟦U+200D⟧⟦U+200D⟧",
		"a\u202Egpj.exe":         "a⟦U+202E⟧gpj.exe",
		"x\u200By\u2066":         "x⟦U+200B⟧y⟦U+2066⟧",
		"\x00\r\n":               "⟦U+0000⟧⟦U+000D⟧⟦U+000A⟧",
		"\xff":                   "⟦0xFF⟧",
		"⟦U+0041⟧":               "⟦U+27E6⟧U+0041⟧",
		"K⟦F6⟧ln":                "K⟦F6⟧ln",
		"\U000E0041\uFFFE\u2028": "⟦U+E0041⟧⟦U+FFFE⟧⟦U+2028⟧",
	} {
		if got := Screen(in); got != want {
			t.Errorf("Screen(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestFit(t *testing.T) {
	f := Of(document.Regular)
	for _, text := range []string{"", "a", "Corporate directory of Malmö", "iiiiiiiiiiiiiiiiiiiiii"} {
		for room := 3.0; room < 60; room += 1.7 {
			got := f.Fit(text, 8, room)
			if f.Width(got, 8) > room || got != text && f.Width(text, 8) <= room {
				t.Errorf("Fit(%q, %g) = %q", text, room, got)
			}
		}
	}
}
