package pdf

import (
	"muster/reports/document"
	"muster/reports/typeface"
)

func wrap(text string, width float64, font document.Font, size float64) []string {
	return typeface.Of(font).Wrap(text, width, size)
}

func longestWord(text string, font document.Font, size float64) float64 {
	return typeface.Of(font).LongestWord(text, size)
}
