package show

import (
	"slices"
	"strings"
)

// grid is rows of cells that are drawn below each other, two blanks between the columns.
type grid struct {
	rows   [][]string
	widths []int
	right  []int // columns whose cells end below each other
	hidden []int // columns that are left out
}

func newGrid(rows [][]string, right []int) *grid {
	g := &grid{right: right}
	for _, row := range rows {
		clean := make([]string, len(row))
		for i, cell := range row {
			clean[i] = Clean(cell)
			if i == len(g.widths) {
				g.widths = append(g.widths, 0)
			}
			g.widths[i] = max(g.widths[i], columnsOf(clean[i]))
		}
		g.rows = append(g.rows, clean)
	}
	return g
}

// columns is how wide the grid is.
func (g *grid) columns() int {
	n := -2
	for i, w := range g.widths {
		if !slices.Contains(g.hidden, i) {
			n += w + 2
		}
	}
	return n
}

const (
	readable = 36 // columns in which a message still says something
	nameable = 20 // columns in which a name is still known
	aligned  = 64 // columns up to which a cell moves the others; a longer one moves its own row only
)

// fit makes the grid as narrow as room by its last column, wide. With columns to drop, those go until that one is readable, the
// widest of the rest is cut, and the wide one too; without, the wide one is broken into lines.
func (g *grid) fit(room, wide int, drop []int) {
	left := func() int { return room - (g.columns() - g.widths[wide]) }
	for _, c := range drop {
		if left() < readable {
			g.hidden = append(g.hidden, c)
		}
	}
	if len(drop) == 0 {
		g.widths[wide] = max(left(), nameable)
		g.breakLines(wide)
		return
	}
	widest := 0
	for i, w := range g.widths {
		if i != wide && !slices.Contains(g.hidden, i) && w > g.widths[widest] {
			widest = i
		}
	}
	if missing := readable - left(); missing > 0 {
		g.widths[widest] = min(g.widths[widest], max(g.widths[widest]-missing, nameable))
	}
	g.widths[wide] = max(left(), nameable/2)
	for _, row := range g.rows {
		for _, c := range []int{widest, wide} {
			if c < len(row) {
				row[c] = cut(row[c], g.widths[c])
			}
		}
	}
}

// breakLines gives the cells of the last column as many rows as they need.
func (g *grid) breakLines(last int) {
	var rows [][]string
	for _, row := range g.rows {
		if last >= len(row) || columnsOf(row[last]) <= g.widths[last] {
			rows = append(rows, row)
			continue
		}
		for i, line := range Wrap(row[last], g.widths[last]) {
			next := make([]string, last+1)
			if i == 0 {
				copy(next, row)
			}
			next[last] = line
			rows = append(rows, next)
		}
	}
	g.rows = rows
}

// String is the grid as lines without trailing blanks.
func (g *grid) String() string {
	var b strings.Builder
	for _, row := range g.rows {
		line := ""
		for i, cell := range row {
			if slices.Contains(g.hidden, i) {
				continue
			}
			pad := strings.Repeat(" ", max(min(g.widths[i], aligned)-columnsOf(cell), 0))
			if slices.Contains(g.right, i) {
				cell = pad + cell
			} else {
				cell += pad
			}
			line += cell + "  "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// cut shortens a text to room columns; the cut is marked.
func cut(s string, room int) string {
	if columnsOf(s) <= room {
		return s
	}
	kept := ""
	for _, r := range s {
		if columnsOf(kept+string(r)) > room-1 {
			break
		}
		kept += string(r)
	}
	return kept + "…"
}
