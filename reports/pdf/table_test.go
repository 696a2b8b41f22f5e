package pdf

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/reports/document"
)

// TestTablesOfAnySize draws tables of every small length and of rows higher than a page: nothing is lost, page numbers settle, and the
// last row is never alone.
func TestTablesOfAnySize(t *testing.T) {
	for _, rows := range []int{0, 1, 2, 3, 44, 45, 46, 47, 48, 49, 50, 51, 52, 90, 200} {
		for _, long := range []int{1, 3, 900} {
			var last, pages int
			data, n, err := Render(Options{Title: "t", Created: time.Unix(0, 0)}, func(d *Doc) error {
				d.NewPage()
				table := document.Table{Columns: []document.Column{{Title: "a", Share: 1}, {Title: "b", Share: 2}}}
				for i := range rows {
					if i%20 == 0 {
						table.Rows = append(table.Rows, []document.Cell{{Text: fmt.Sprint("group ", i), Font: bold}})
					}
					text := "x"
					if i == rows/2 {
						text = strings.Repeat("word ", long)
					}
					table.Rows = append(table.Rows, document.Row(fmt.Sprint(i), text))
				}
				err := d.Table(table)
				last, pages = int(d.Y()), d.Page()
				return err
			})
			if err != nil || len(data) == 0 || n != pages {
				t.Fatalf("%d rows, %d words: %d pages of %d, %v", rows, long, n, pages, err)
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
