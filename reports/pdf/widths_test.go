package pdf

import (
	"testing"

	"muster/reports/document"
	"muster/reports/typeface"
)

// TestWidthsAreThoseOfTheLibrary measures every rune that a face has with the library that prints it.
func TestWidthsAreThoseOfTheLibrary(t *testing.T) {
	d := &Doc{}
	d.open()
	for font := range fonts {
		face, seen := typeface.Of(document.Font(font)), 0
		d.f.SetFont(fonts[font].family, fonts[font].style, 10)
		for r := rune(0x20); r < 0xffff; r++ {
			if !face.Has(r) {
				continue
			}
			seen++
			if got, want := face.Rune(r), d.f.GetStringSymbolWidth(string(r)); got != want {
				t.Fatalf("face %d: U+%04X is %d wide, the library says %d", font, r, got, want)
			}
		}
		if seen < 2000 {
			t.Errorf("face %d has only %d runes", font, seen)
		}
	}
}
