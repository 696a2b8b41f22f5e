package pdf

// Column is one column of a Table. The widths of all columns are shares of the text's width, corrected so that no word of a head
// and no ordinary word of a cell is cut.
type Column struct {
	Title string
	Share float64
	Align byte // L (default), R or C
	Whole bool // the cells are ids, dates or digests: not wrapped
}

// Cell is one cell. A cell is never cut: it wraps, and the row grows.
type Cell struct {
	Text string
	More []string // further paragraphs
	Font Font
	Tick bool // an empty box to tick by hand
	Fill int  // grey of the chip behind the text, 1 to 255; 0 none
	Ink  int  // grey of the text
}

// Table is a table whose head is repeated on every page. A row of a single cell in a table of several columns is the head of the
// group of rows that follows it: it spans the table, stays with the next row, and is repeated where the group goes on.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	Size    float64 // font size; 7.5 when 0
	// KeepRows is not 0 for a choice of rows that needs not be whole: rows that do not fit on the page are left out, as long as that
	// many are left.
	KeepRows int
}

// Row makes a row of plain cells.
func Row(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

// The measures of tables.
const (
	cellPad   = 1.1
	wordLimit = 28.0 // longer words than that may be cut
	// widestWhole is the widest that a Whole column makes itself: a SHA-256 in small type fits.
	widestWhole = 0.62 * Width
)

// grid is a table being printed.
type grid struct {
	d     *Doc
	t     Table
	x, w  []float64
	head  laid
	rows  []laid
	group int // index of the group head that the next row belongs to, -1 for none
}

// laid is a row cut into lines.
type laid struct {
	cells  []Cell
	lines  [][]string
	height float64
	most   int // lines of the highest cell
	group  bool
}

// Table prints a table. Rows stay whole unless one is higher than a page; a head is followed by two rows at least, and the last
// row never stands alone on a page.
func (d *Doc) Table(t Table) {
	if t.Size == 0 {
		t.Size = 7.5
	}
	g := &grid{d: d, t: t, group: -1}
	g.measure()
	heads := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		heads[i] = Cell{Text: c.Title, Font: Bold}
	}
	g.head = g.lay(heads)
	for _, r := range t.Rows {
		g.rows = append(g.rows, g.lay(r))
	}
	if first := g.head.height + g.block(0, 2); d.y+first > Bottom && first < Bottom-Top {
		d.NewPage()
	}
	g.rows = g.rows[:g.kept()]
	g.printHead()
	onPage := 0
	for i, r := range g.rows {
		need := r.height
		if r.group {
			need = g.block(i, 1)
		}
		lonely := i == len(g.rows)-2 && onPage >= 2 && !r.group && d.y+r.height+g.rows[i+1].height > Bottom
		if onPage > 0 && (d.y+need > Bottom || lonely) {
			g.turn(r.group)
			onPage = 0
		}
		if r.group {
			g.group = i
		}
		g.print(r)
		onPage++
	}
	d.y += 3
}

// kept is how many rows are printed.
func (g *grid) kept() int {
	end := g.d.y + g.head.height
	for i, r := range g.rows {
		if end += r.height; end > Bottom && g.t.KeepRows > 0 && i >= g.t.KeepRows {
			return i
		}
	}
	return len(g.rows)
}

// block is the height of the next n ordinary rows from i on, with the group heads before them.
func (g *grid) block(i, n int) float64 {
	height := 0.0
	for ; i < len(g.rows) && n > 0; i++ {
		height += g.rows[i].height
		if !g.rows[i].group {
			n--
		}
	}
	return height
}

// measure finds the columns' positions and widths: the shares, but no column narrower than its words.
func (g *grid) measure() {
	least := make([]float64, len(g.t.Columns))
	for i, c := range g.t.Columns {
		least[i] = g.d.longestWord(c.Title, Bold, g.t.Size)
		for _, row := range g.t.Rows {
			if i >= len(row) || len(row) == 1 && len(g.t.Columns) > 1 {
				continue
			}
			least[i] = max(least[i], g.least(c, row[i]))
		}
		least[i] += 2*cellPad + 0.8
	}
	g.w = shareOut(g.t.Columns, least)
	at := Left
	for _, w := range g.w {
		g.x, at = append(g.x, at), at+w
	}
}

// least is how narrow a cell lets its column be.
func (g *grid) least(column Column, c Cell) float64 {
	size, least := cellSize(g.t, c), 0.0
	for _, text := range append([]string{c.Text}, c.More...) {
		if column.Whole {
			least = max(least, min(widestWhole, g.d.TextWidth(g.d.Visible(text, c.Font), c.Font, size)))
		} else {
			least = max(least, min(wordLimit, g.d.longestWord(text, c.Font, size)))
		}
	}
	return least
}

// shareOut gives every column its share of the width or what it needs at least, whichever is more.
func shareOut(columns []Column, least []float64) []float64 {
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

func (g *grid) lay(cells []Cell) laid {
	r := laid{cells: cells, lines: make([][]string, len(cells)), most: 1, group: len(cells) == 1 && len(g.t.Columns) > 1}
	for i, c := range cells {
		width := g.w[i]
		if r.group {
			width = Width
		}
		r.lines[i] = g.d.Wrap(c.Text, width-2*cellPad, c.Font, cellSize(g.t, c))
		for _, text := range c.More {
			r.lines[i] = append(r.lines[i], g.d.Wrap(text, width-2*cellPad, c.Font, cellSize(g.t, c))...)
		}
		r.most = max(r.most, len(r.lines[i]))
	}
	r.height = float64(r.most)*g.step() + 2*cellPad
	return r
}

// cellSize sets digests and queries a little smaller than text.
func cellSize(t Table, c Cell) float64 {
	if c.Font == Mono {
		return t.Size * 0.87
	}
	return t.Size
}

func (g *grid) step() float64 { return g.t.Size * pointMM * 1.25 }

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
	if g.group >= 0 && !newGroup {
		cell := g.rows[g.group].cells[0]
		cell.Text += " (continued)"
		g.print(g.lay([]Cell{cell}))
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
	d := g.d
	for i, c := range r.cells {
		if c.Tick && from == 0 {
			d.Frame(g.x[i]+g.w[i]/2-1.4, d.y+cellPad, 2.8, 2.8)
		}
		if c.Fill > 0 && from == 0 {
			d.Box(g.x[i], d.y+cellPad*0.6, g.w[i]-cellPad, float64(len(r.lines[i]))*g.step()+cellPad*0.8, c.Fill)
		}
		d.Ink(c.Ink)
		align, at := g.t.Columns[i].Align, g.x[i]+cellPad
		switch align {
		case 'R':
			at = g.x[i] + g.w[i] - cellPad
		case 'C':
			at = g.x[i] + g.w[i]/2
		}
		for n := from; n < min(to, len(r.lines[i])); n++ {
			base := d.y + cellPad + float64(n-from+1)*g.step() - g.step()*0.26
			d.Line(at, base, r.lines[i][n], c.Font, cellSize(g.t, c), align)
		}
	}
	d.Ink(20)
}
