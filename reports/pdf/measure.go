package pdf

import (
	"muster/reports/document"
	"muster/reports/typeface"
)

const (
	wordLimit = 28.0 // longer words than that may be cut
	// widestWhole is the widest that a Whole column makes itself: a SHA-256 in small type fits.
	widestWhole = 0.62 * Width
)

// measure finds the columns' positions and widths: the shares, but no column narrower than its words. A table is measured in the first pass
// alone.
func (g *grid) measure() error {
	d := g.d
	d.tables++
	if g.w = d.widths[d.tables]; g.w == nil {
		least := make([]float64, len(g.t.Columns))
		for i, c := range g.t.Columns {
			least[i] = longestWord(c.Title, bold, g.t.Size)
		}
		err := g.t.Each(func(row []document.Cell) error {
			for i, c := range row {
				if i < len(least) && !g.t.Group(row) {
					least[i] = max(least[i], g.least(g.t.Columns[i], c))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i := range least {
			least[i] += 2*cellPad + 0.8
		}
		g.w = shareOut(g.t.Columns, least)
		d.widths[d.tables] = g.w
	}
	at := Left
	for _, w := range g.w {
		g.x, at = append(g.x, at), at+w
	}
	return nil
}

// least is how narrow a cell lets its column be.
func (g *grid) least(column document.Column, c document.Cell) float64 {
	size := g.size(c)
	need := func(text string) float64 {
		if column.Whole {
			face := typeface.Of(c.Font)
			return min(widestWhole, face.Width(face.Visible(text), size))
		}
		return min(wordLimit, longestWord(text, c.Font, size))
	}
	least := need(c.Text)
	for _, text := range c.More {
		least = max(least, need(text))
	}
	return least
}

// shareOut gives every column its share of the width or what it needs at least, whichever is more.
func shareOut(columns []document.Column, least []float64) []float64 {
	w, fixed := make([]float64, len(columns)), make([]bool, len(columns))
	for range columns {
		room, shares := Width, 0.0
		for i, c := range columns {
			if fixed[i] {
				room -= least[i]
			} else {
				shares += c.Share
			}
		}
		again := false
		for i, c := range columns {
			if fixed[i] {
				w[i] = least[i]
				continue
			}
			if w[i] = room * c.Share / shares; w[i] < least[i] {
				fixed[i], again = true, true
			}
		}
		if !again {
			break
		}
	}
	total := 0.0
	for _, v := range w {
		total += v
	}
	for i := range w {
		w[i] *= Width / total // only when the words alone are wider than the page
	}
	return w
}
