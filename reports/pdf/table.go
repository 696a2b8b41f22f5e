package pdf

import (
	"muster/reports/document"
	"muster/reports/typeface"
)

// The measures of tables.
const (
	cellPad   = 1.1
	tableSize = 7.5
	// ahead is how many rows are laid out before the first of them is printed: a row looks at those that follow to choose its page.
	ahead = 8
	// Lines that heads may have, and heads of groups that go on on the next page.
	mostHeadLines  = 8
	mostAgainLines = 3
)

// grid is a table being printed.
type grid struct {
	d      *Doc
	t      document.Table
	x, w   []float64
	head   laid
	queue  []laid         // laid out and not yet printed, at most ahead
	group  *document.Cell // the group that the next row belongs to, nil for none
	begun  bool
	onPage int // rows on this page
}

// laid is a row cut into lines.
type laid struct {
	cells  []document.Cell
	lines  [][]string
	most   int
	height float64
	group  bool
}

// Table prints a table as wide as the text. The rows of a stream are never all held.
func (d *Doc) Table(t document.Table) error {
	if t.Size == 0 {
		t.Size = tableSize
	}
	g := &grid{d: d, t: t}
	if err := g.measure(); err != nil {
		return err
	}
	heads := make([]document.Cell, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = document.Cell{Text: c.Title, Font: bold}
	}
	g.head = g.cut(g.lay(heads), mostHeadLines)
	if t.KeepRows > 0 {
		g.keep()
	}
	err := g.t.Each(func(row []document.Cell) error {
		g.queue = append(g.queue, g.lay(row))
		if len(g.queue) >= ahead {
			g.next(false)
		}
		return nil
	})
	if err != nil {
		return err
	}
	g.begin()
	for len(g.queue) > 0 {
		g.next(true)
	}
	d.y += 3
	return nil
}

// keep leaves out the rows that do not fit on the page of the table's beginning.
func (g *grid) keep() {
	var rows [][]document.Cell
	top, fits, height := 0.0, true, g.head.height
	_ = g.t.Each(func(row []document.Cell) error { // it fails for nobody: nothing below does
		r := g.lay(row)
		if len(rows) < 2 {
			top = height + r.height
		}
		height += r.height
		if start := g.start(top); len(rows) >= g.t.KeepRows && start+height > Bottom {
			fits = false
		}
		if fits {
			rows = append(rows, row)
		}
		return nil
	})
	g.t.Rows, g.t.Stream = rows, nil
}

// start is where a table begins whose head and first rows need that much.
func (g *grid) start(need float64) float64 {
	if g.d.y+need > Bottom && need < Bottom-Top {
		return Top
	}
	return g.d.y
}

// begin prints the head where the first rows fit below it.
func (g *grid) begin() {
	if g.begun {
		return
	}
	g.begun = true
	need := g.head.height + g.block(2)
	if least := g.head.height + g.step() + 2*cellPad; g.d.n == 0 || g.start(need) != g.d.y || g.start(least) != g.d.y {
		g.d.NewPage()
	}
	g.printHead()
}

// next prints the first row of the queue; all says that no row comes after the queue's.
func (g *grid) next(all bool) {
	g.begin()
	d, r := g.d, g.queue[0]
	need := r.height
	if r.group {
		need = g.block(1)
	}
	lonely := all && len(g.queue) == 2 && g.onPage >= 2 && !r.group && d.y+r.height+g.queue[1].height > Bottom
	if g.onPage > 0 && (d.y+need > Bottom || lonely) {
		g.turn(r.group)
		g.onPage = 0
	}
	if r.group {
		g.group = &r.cells[0]
	}
	g.print(r)
	g.onPage++
	g.queue = g.queue[:copy(g.queue, g.queue[1:])]
}

// block is the height of the next n ordinary rows, with the group heads before them.
func (g *grid) block(n int) float64 {
	height := 0.0
	for i := 0; i < len(g.queue) && n > 0; i++ {
		height += g.queue[i].height
		if !g.queue[i].group {
			n--
		}
	}
	return height
}

func (g *grid) lay(cells []document.Cell) laid {
	r := laid{cells: cells, lines: make([][]string, len(cells)), most: 1, group: g.t.Group(cells)}
	for i, c := range cells[:min(len(cells), len(g.w))] {
		width := g.w[i] - 2*cellPad
		if r.group {
			width = Width - 2*cellPad
		}
		r.lines[i] = wrap(c.Text, width, c.Font, g.size(c))
		for _, text := range c.More {
			r.lines[i] = append(r.lines[i], wrap(text, width, c.Font, g.size(c))...)
		}
		r.most = max(r.most, len(r.lines[i]))
	}
	r.height = float64(r.most)*g.step() + 2*cellPad
	return r
}

// cut shortens what is repeated on every page, so that there is room for what is not.
func (g *grid) cut(r laid, most int) laid {
	for i, lines := range r.lines {
		if len(lines) > most {
			r.lines[i] = append(lines[:most-1:most-1], "…")
		}
	}
	r.most = min(r.most, most)
	r.height = float64(r.most)*g.step() + 2*cellPad
	return r
}

// size sets digests and queries a little smaller than text.
func (g *grid) size(c document.Cell) float64 {
	if c.Font == fixed {
		return g.t.Size * 0.87
	}
	return g.t.Size
}

func (g *grid) step() float64 { return g.t.Size * typeface.PointMM * 1.25 }

func (g *grid) printHead() {
	d := g.d
	d.Box(Left, d.y, Width, g.head.height, 228)
	g.lines(g.head, 0, g.head.most)
	d.y += g.head.height
	d.Rule(Left, Right, d.y, 0.35, 60)
}

// turn goes on on the next page, under the head and the name of the group unless a new group begins there.
func (g *grid) turn(newGroup bool) {
	g.d.NewPage()
	g.printHead()
	if g.group != nil && !newGroup {
		cell := *g.group
		cell.Text += " (continued)"
		g.print(g.cut(g.lay([]document.Cell{cell}), mostAgainLines))
	}
}

// print prints a row; one that is higher than the rest of the page, because it is higher than any page, goes on under a new head.
func (g *grid) print(r laid) {
	d := g.d
	for from := 0; ; {
		room := max(1, int((Bottom-d.y-2*cellPad)/g.step()+1e-6))
		to := min(r.most, from+room)
		h := float64(to-from)*g.step() + 2*cellPad
		if r.group {
			d.Box(Left, d.y, Width, h, 243)
		}
		g.lines(r, from, to)
		d.y += h
		d.Rule(Left, Right, d.y, 0.12, 190)
		if from = to; from >= r.most {
			return
		}
		g.turn(r.group)
	}
}

// lines prints lines from to to of every cell of a row.
func (g *grid) lines(r laid, from, to int) {
	if g.d.f == nil {
		return
	}
	for i, c := range r.cells[:min(len(r.cells), len(g.w))] {
		g.cell(i, c, r.lines[i], from, to)
	}
	g.d.Ink(20)
}

func (g *grid) cell(i int, c document.Cell, lines []string, from, to int) {
	d := g.d
	if c.Tick && from == 0 {
		d.Frame(g.x[i]+g.w[i]/2-1.4, d.y+cellPad, 2.8, 2.8, 0.25, 90)
	}
	if c.Fill > 0 && from == 0 {
		d.Box(g.x[i], d.y+cellPad*0.6, g.w[i]-cellPad, float64(len(lines))*g.step()+cellPad*0.8, c.Fill)
	}
	d.Ink(c.Ink)
	align, at := g.t.Columns[i].Align, g.x[i]+cellPad
	switch align {
	case 'R':
		at = g.x[i] + g.w[i] - cellPad
	case 'C':
		at = g.x[i] + g.w[i]/2
	}
	_, linked := d.index[c.Link]
	for n := from; n < min(to, len(lines)); n++ {
		base := d.y + cellPad + float64(n-from+1)*g.step() - g.step()*0.26
		d.Line(at, base, lines[n], c.Font, g.size(c), align)
		if linked && align != 'R' && align != 'C' {
			width := typeface.Of(c.Font).Width(lines[n], g.size(c))
			d.Rule(at, at+width, base+0.5, 0.1, 140)
			d.link(at, base-g.step()*0.74, width, g.step(), c.Link)
		}
	}
}
