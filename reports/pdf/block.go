package pdf

import "strconv"

// Chapter begins a chapter on a new page, with a bookmark and a line of the contents.
func (d *Doc) Chapter(text string) {
	if d.y > Top || d.f.PageNo() == 0 {
		d.NewPage()
	}
	d.heading(1, text, 15)
}

// Section begins a section where there is space for its heading and for need millimetres more; level 1 or 2.
func (d *Doc) Section(level int, text string, need float64) {
	size := 15.0
	if level == 2 {
		size = 11
	}
	lines := d.Wrap(text, Width, Bold, size)
	d.Need(headingSpace + float64(len(lines))*size*pointMM*leading + 3 + need)
	d.Skip(headingSpace)
	d.heading(level, text, size)
}

func (d *Doc) heading(level int, text string, size float64) {
	index := len(d.headings)
	d.headings = append(d.headings, Heading{level, text, d.f.PageNo()})
	d.setFont(Bold, size)
	d.f.Bookmark(d.Visible(text, Bold), level-1, d.y)
	if index < len(d.links) {
		d.f.SetLink(d.links[index], d.y, d.f.PageNo())
	}
	d.Ink(20)
	for _, line := range d.Wrap(text, Width, Bold, size) {
		d.y += size * pointMM * leading
		d.Line(Left, d.y-size*pointMM*0.32, line, Bold, size, 'L')
	}
	if level == 1 {
		d.Rule(Left, Right, d.y+1, 0.5, 60)
		d.y += 1.5
	}
	d.y += 2.5
}

// Contents prints the headings with their pages, each a link. What is a little longer than the page is set a little closer.
func (d *Doc) Contents() {
	total := 0.0
	for _, h := range d.known {
		total += d.contentsLine(h, 1).height
	}
	scale := 1.0
	if room := Bottom - d.y; total > room && total*0.8 <= room {
		scale = room / total * 0.995
	}
	for i, h := range d.known {
		e := d.contentsLine(h, scale)
		need := e.height
		if h.Level == 1 && i+1 < len(d.known) && d.known[i+1].Level == 2 {
			need += 2 * d.contentsLine(d.known[i+1], scale).height // no chapter alone at the foot
		}
		if scale == 1 {
			d.Need(need)
		}
		if d.y > Top {
			d.y += e.gap
		}
		top := d.y
		for _, line := range e.lines {
			d.y += e.step
			d.Line(Left+e.indent, d.y-1, line, e.font, e.size, 'L')
		}
		page := strconv.Itoa(h.Page)
		d.Line(Right, d.y-1, page, e.font, e.size, 'R')
		from := Left + e.indent + d.TextWidth(e.lines[len(e.lines)-1], e.font, e.size) + 2
		if to := Right - d.TextWidth(page, e.font, e.size) - 2; to > from {
			d.dots(from, to, d.y-1)
		}
		d.f.Link(Left+e.indent, top, Width-e.indent, d.y-top, d.links[i])
	}
}

// contentsEntry is one laid out line of the contents.
type contentsEntry struct {
	lines                           []string
	font                            Font
	size, indent, step, gap, height float64
}

func (d *Doc) contentsLine(h Heading, scale float64) contentsEntry {
	e := contentsEntry{size: 10 * scale, font: Bold, gap: 2 * scale}
	if h.Level == 2 {
		e = contentsEntry{size: 8.5 * scale, indent: 6}
	}
	e.lines = d.Wrap(h.Text, Width-e.indent-14, e.font, e.size)
	e.step = e.size * pointMM * 1.5
	e.height = e.step*float64(len(e.lines)) + e.gap
	return e
}

func (d *Doc) dots(from, to, y float64) {
	d.f.SetDrawColor(150, 150, 150)
	d.f.SetLineWidth(0.2)
	d.f.SetDashPattern([]float64{0.3, 1.2}, 0)
	d.f.Line(from, y, to, y)
	d.f.SetDashPattern(nil, 0)
}

// Para prints a paragraph. It never leaves one line of several alone on a page.
func (d *Doc) Para(text string) { d.Styled(text, Regular, bodySize, 20) }

// Note prints a paragraph in small grey type.
func (d *Doc) Note(text string) { d.Styled(text, Regular, 7.5, 90) }

// Styled prints a paragraph in a face, size and grey.
func (d *Doc) Styled(text string, font Font, size float64, grey int) {
	lines := d.Wrap(text, Width, font, size)
	step := size * pointMM * leading
	left := len(lines)
	for i, line := range lines {
		keep := 1
		if i == 0 || left == 2 {
			keep = min(2, left)
		}
		if i == 0 && left == 3 {
			keep = 3
		}
		d.Need(float64(keep) * step)
		d.Ink(grey)
		d.y += step
		d.Line(Left, d.y-step*0.26, line, font, size, 'L')
		left--
	}
	d.Ink(20)
	d.y += 2
}

// Callout prints a boxed message that a reader must not miss: a title and paragraphs, kept together on one page when it fits on
// one at all.
func (d *Doc) Callout(title string, paras ...string) {
	const pad, bar, size = 3.0, 1.6, bodySize
	step := size * pointMM * leading
	inner := Width - 2*pad - bar
	lines := d.Wrap(title, inner, Bold, 10)
	heads := len(lines)
	for _, p := range paras {
		lines = append(lines, d.Wrap(p, inner, Regular, size)...)
	}
	for from := 0; from < len(lines); {
		if d.y+2*pad+step*float64(len(lines)-from) > Bottom && d.y > Top+60 {
			d.NewPage()
		}
		to := min(len(lines), from+max(1, int((Bottom-d.y-2*pad)/step)))
		h := 2*pad + step*float64(to-from)
		d.Box(Left, d.y, Width, h, 240)
		d.Box(Left, d.y, bar, h, 40)
		d.y += pad
		for i := from; i < to; i++ {
			font, at := Regular, size
			if i < heads {
				font, at = Bold, 10
			}
			d.y += step
			d.Line(Left+pad+bar, d.y-step*0.26, lines[i], font, at, 'L')
		}
		d.y += pad + 2.5
		from = to
	}
}

// Pair is a label with its value.
type Pair struct {
	Label, Value string
	Mono         bool // digests and keys
}

// Pairs prints labels with their values beside them; long values wrap.
func (d *Doc) Pairs(label float64, pairs ...Pair) {
	const size = 8.0
	step := size * pointMM * leading
	for _, p := range pairs {
		font, at := Regular, size
		if p.Mono {
			font, at = Mono, 7
		}
		lines := d.Wrap(p.Value, Width-label, font, at)
		d.Need(step * float64(min(len(lines), 3)))
		d.Ink(90)
		d.TextAt(Left, d.y+step*0.74, p.Label, Regular, size, 'L')
		d.Ink(20)
		for _, line := range lines {
			d.Need(step)
			d.y += step
			d.Line(Left+label, d.y-step*0.26, line, font, at, 'L')
		}
		d.y += 0.6
	}
	d.y += 1.5
}
