package pdf

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/reports/document"
)

// TestFiguresLoseNothing prints covers with labels of every length and with numbers of every width: every word is on the page once.
func TestFiguresLoseNothing(t *testing.T) {
	for _, long := range []int{1, 5, 8, 12, 20, 40, 80, 900} {
		for _, number := range []string{"7", "1,234,567 of 2,345,678", "one number that is a whole sentence, for whatever reason somebody may have had"} {
			var want []string
			doc := document.Document{Title: "t", Created: time.Unix(0, 0), Cover: document.Cover{Verdict: "verdict"}}
			for i, n := range []int{long, 2, long / 2} {
				f := document.Figure{Number: number}
				for at := range n {
					word := fmt.Sprintf("label%d.%d", i, at)
					f.Label, want = f.Label+word+" ", append(want, word)
				}
				doc.Cover.Figures = append(doc.Cover.Figures, f)
			}
			data, _, err := Print(doc)
			if err != nil {
				t.Fatal(err)
			}
			got := words(t, data)
			for _, word := range want {
				if got[word] != 1 {
					t.Fatalf("%d words, number %q: %q is there %d times", long, number, word, got[word])
				}
			}
			for _, word := range strings.Fields(number) {
				if got[word] < 3 {
					t.Errorf("%d words, number %q: %q is there %d times", long, number, word, got[word])
				}
			}
		}
	}
}
