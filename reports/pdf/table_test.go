package pdf

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/reports/document"
)

// words counts the words of a document as a reader finds them. The test is skipped without poppler, but fails in CI.
func words(t *testing.T, data []byte) map[string]int {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("pdftotext is missing, and CI must not skip")
		}
		t.Skip("pdftotext is not installed (poppler-utils)")
	}
	path := filepath.Join(t.TempDir(), "printed.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pdftotext", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, word := range strings.Fields(string(text)) {
		out[word]++
	}
	return out
}

// TestTablesOfAnySize draws tables of every small length and of rows higher than a page: every word of every cell is on the pages once, page numbers
// settle, and the last row is never alone.
func TestTablesOfAnySize(t *testing.T) {
	for _, rows := range []int{0, 1, 2, 3, 44, 45, 46, 47, 48, 49, 50, 51, 52, 90, 200} {
		for _, long := range []int{1, 3, 900} {
			var last, pages int
			var want []string
			data, n, err := Render(Options{Title: "t", Created: time.Unix(0, 0)}, func(d *Doc) error {
				d.NewPage()
				want = nil
				table := document.Table{Columns: []document.Column{{Title: "a", Share: 1}, {Title: "b", Share: 2}}}
				for i := range rows {
					if i%20 == 0 {
						table.Rows = append(table.Rows, []document.Cell{{Text: fmt.Sprint("group ", i), Font: bold}})
					}
					text := fmt.Sprint("x", i)
					if i == rows/2 {
						for n := range long {
							text += fmt.Sprint(" word", n)
						}
					}
					table.Rows = append(table.Rows, document.Row(fmt.Sprint("row", i), text))
					want = append(append(want, fmt.Sprint("row", i)), strings.Fields(text)...)
				}
				err := d.Table(table)
				last, pages = int(d.Y()), d.Page()
				return err
			})
			if err != nil || len(data) == 0 || n != pages {
				t.Fatalf("%d rows, %d words: %d pages of %d, %v", rows, long, n, pages, err)
			}
			got := words(t, data)
			for _, word := range want {
				if got[word] != 1 {
					t.Fatalf("%d rows, %d words: %q is there %d times", rows, long, word, got[word])
				}
			}
			if n > 1 && last < int(Top)+8 {
				t.Errorf("%d rows, %d words: the last page ends at %d mm", rows, long, last)
			}
		}
	}
}

func TestRenderFails(t *testing.T) {
	if _, _, err := Render(Options{}, func(*Doc) error { return fmt.Errorf("no") }); err == nil {
		t.Error("an error of the document was lost")
	}
	pages := 1
	_, _, err := Render(Options{}, func(d *Doc) error {
		pages++
		for range pages {
			d.NewPage()
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "do not settle") {
		t.Errorf("page numbers that never settle: %v", err)
	}
}
