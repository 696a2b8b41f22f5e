package pdf

// Column is one column of a Table. The widths of all columns are shares of the text's width.
type Column struct {
	Title string
	Share float64
	Align byte // L (default), R or C
}

// Cell is one cell. A cell is never cut: it wraps, and the row grows.
type Cell struct {
	Text string
	Font Font
	Tick bool // an empty box to tick by hand
	Fill int  // grey of the background, 1 to 255; 0 none
	Ink  int  // grey of the text
}

// Table is a table whose head is repeated on every page.
type Table struct {
	Columns []Column
	Rows    [][]Cell
	Size    float64 // font size; 7.5 when 0
}

// Row makes a row of plain cells.
func Row(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, t := range texts {
		cells[i].Text = t
	}
	return cells
}

const cellPad = 1.1

// laid is a row cut into lines.
type laid struct {
	cells  []Cell
	lines  [][]string
	height float64
}

// Table prints a table. Rows stay whole unless one is higher than a page; the head is followed by two rows at least, and the last
// row never stands alone on a page.
func (d *Doc) Table(t Table) {
	if t.Size == 0 {
		t.Size = 7.5
	}
	x, w := t.columns()
	head := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = Cell{Text: c.Title, Font: Bold}
	}
	top := d.lay(t, head, w)
	rows := make([]laid, len(t.Rows))
	for i, r := range t.Rows {
		rows[i] = d.lay(t, r, w)
	}
	first := top.height
	for i := range min(2, len(rows)) {
		first += rows[i].height
	}
	if d.y+first > Bottom && first < Bottom-Top {
		d.NewPage()
	}
	d.head(t, top, x, w)
	onPage := 0
	for i, r := range rows {
		fits := d.y+r.height <= Bottom
		lonely := i == len(rows)-2 && onPage >= 2 && d.y+r.height+rows[i+1].height > Bottom
		if onPage > 0 && (!fits || lonely) {
			d.NewPage()
			d.head(t, top, x, w)
			onPage = 0
		}
		d.row(t, top, r, x, w)
		onPage++
	}
	d.y += 3
}

// columns turns shares into positions and widths.
func (t Table) columns() (x, w []float64) {
	sum := 0.0
	for _, c := range t.Columns {
		sum += c.Share
	}
	at := Left
	for _, c := range t.Columns {
		width := Width * c.Share / sum
		x, w, at = append(x, at), append(w, width), at+width
	}
	return x, w
}

func (d *Doc) lay(t Table, cells []Cell, w []float64) laid {
	r := laid{cells: cells, lines: make([][]string, len(cells))}
	most := 1
	for i, c := range cells {
		r.lines[i] = d.Wrap(c.Text, w[i]-2*cellPad, c.Font, cellSize(t, c))
		most = max(most, len(r.lines[i]))
	}
	r.height = float64(most)*t.step() + 2*cellPad
	return r
}

// cellSize sets digests a little smaller than text.
func cellSize(t Table, c Cell) float64 {
	if c.Font == Mono {
		return t.Size * 0.87
	}
	return t.Size
}

func (t Table) step() float64 { return t.Size * pointMM * 1.25 }

func (d *Doc) head(t Table, r laid, x, w []float64) {
	d.Box(Left, d.y, Width, r.height, 228)
	d.lines(t, r, x, w, 0, 1<<30)
	d.y += r.height
	d.Rule(Left, Right, d.y, 0.35, 60)
}

// row prints a row; one that is higher than a page is continued under a new head.
func (d *Doc) row(t Table, top, r laid, x, w []float64) {
	most := 0
	for _, lines := range r.lines {
		most = max(most, len(lines))
	}
	for from := 0; ; {
		room := max(1, int((Bottom-d.y-2*cellPad)/t.step()+1e-6))
		to := min(most, from+room)
		h := float64(max(1, to-from))*t.step() + 2*cellPad
		for i, c := range r.cells {
			if c.Fill > 0 {
				d.Box(x[i], d.y, w[i], h, c.Fill)
			}
		}
		d.lines(t, r, x, w, from, to)
		d.y += h
		d.Rule(Left, Right, d.y, 0.12, 190)
		if from = to; from >= most {
			return
		}
		d.NewPage()
		d.head(t, top, x, w)
	}
}

// lines prints lines from to to of every cell of a row.
func (d *Doc) lines(t Table, r laid, x, w []float64, from, to int) {
	for i, c := range r.cells {
		if c.Tick && from == 0 {
			d.Frame(x[i]+w[i]/2-1.4, d.y+cellPad, 2.8, 2.8)
		}
		d.Ink(c.Ink)
		align, at := t.Columns[i].Align, x[i]+cellPad
		switch align {
		case 'R':
			at = x[i] + w[i] - cellPad
		case 'C':
			at = x[i] + w[i]/2
		}
		for n := from; n < min(to, len(r.lines[i])); n++ {
			base := d.y + cellPad + float64(n-from+1)*t.step() - t.step()*0.26
			d.TextAt(at, base, r.lines[i][n], c.Font, cellSize(t, c), align)
		}
	}
	d.Ink(20)
}
