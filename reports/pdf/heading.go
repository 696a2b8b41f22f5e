package pdf

import (
	"strconv"

	"muster/reports/document"
	"muster/reports/typeface"
)

// Heading prints a heading where there is space for it and for what must follow it, with a bookmark and a line of the contents.
func (d *Doc) Heading(h document.Heading) {
	size, keep := 15.0, h.Keep
	if h.Level > 1 {
		size = 11
	}
	if keep == 0 {
		keep = 25
	}
	lines := wrap(h.Text, Width, bold, size)
	step := size * typeface.PointMM * leading
	switch {
	case d.n == 0 || h.NewPage && d.y > Top:
		d.NewPage()
	case !h.NewPage:
		d.Need(min(headingSpace+float64(len(lines))*step+3+keep, Bottom-Top))
		d.Skip(headingSpace)
	}
	index := len(d.headings)
	d.headings = append(d.headings, Heading{Level: h.Level, Text: h.Text, ID: h.ID, Page: d.n})
	if d.f != nil {
		d.face(bold, size)
		d.f.Bookmark(typeface.Of(bold).Visible(h.Text), h.Level-1, d.y)
		d.f.SetLink(d.links[index], d.y, d.n)
	}
	d.Ink(20)
	for _, line := range lines {
		d.Need(step) // one that is higher than a page goes on
		d.Ink(20)
		d.y += step
		d.Line(Left, d.y-size*typeface.PointMM*0.32, line, bold, size, 'L')
	}
	if h.Level == 1 {
		d.Rule(Left, Right, d.y+1, 0.5, 60)
		d.y += 1.5
	}
	d.y += 2.5
}

// headingSpace is what a heading keeps from the text before it.
const headingSpace = 5.0

// Contents prints the headings with their pages, each a link. What is a little longer than the page is set a little closer.
func (d *Doc) Contents() {
	total := 0.0
	for _, h := range d.known {
		total += contentsLine(h, 1).height
	}
	scale := 1.0
	if room := Bottom - d.y; total > room && total*0.8 <= room {
		scale = room / total * 0.995
	}
	for i, h := range d.known {
		e := contentsLine(h, scale)
		need := e.height
		if h.Level == 1 && i+1 < len(d.known) && d.known[i+1].Level == 2 {
			need += 2 * contentsLine(d.known[i+1], scale).height // no chapter alone at the foot
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
		face := typeface.Of(e.font)
		from := Left + e.indent + face.Width(e.lines[len(e.lines)-1], e.size) + 2
		if to := Right - face.Width(page, e.size) - 2; to > from {
			d.dots(from, to, d.y-1)
		}
		if d.f != nil {
			d.f.Link(Left+e.indent, top, Width-e.indent, d.y-top, d.links[i])
		}
	}
}

// contentsEntry is one laid out line of the contents.
type contentsEntry struct {
	lines                           []string
	font                            document.Font
	size, indent, step, gap, height float64
}

func contentsLine(h Heading, scale float64) contentsEntry {
	e := contentsEntry{size: 10 * scale, font: bold, gap: 2 * scale}
	if h.Level == 2 {
		e = contentsEntry{size: 8.5 * scale, indent: 6}
	}
	e.lines = wrap(h.Text, Width-e.indent-14, e.font, e.size)
	if len(e.lines) > 3 { // its heading has it whole
		e.lines = append(e.lines[:2:2], e.lines[2]+"…")
	}
	e.step = e.size * typeface.PointMM * 1.5
	e.height = e.step*float64(len(e.lines)) + e.gap
	return e
}

func (d *Doc) dots(from, to, y float64) {
	if d.pen(0.2, 150, 0) {
		d.f.SetDashPattern([]float64{0.3, 1.2}, 0)
		d.f.Line(from, y, to, y)
		d.f.SetDashPattern(nil, 0)
	}
}
