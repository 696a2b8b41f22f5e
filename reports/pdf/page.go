package pdf

import (
	"fmt"

	"muster/reports/document"
	"muster/reports/typeface"
)

// The measures of a page.
const (
	PageWidth  = 210.0
	PageHeight = 297.0
	Left       = 18.0  // left margin
	Right      = 192.0 // right edge of the text
	Top        = 25.0  // first line of text
	Bottom     = 277.0 // last line of text
	Width      = Right - Left
	leading    = 1.32 // line height in font sizes
	bodySize   = 9.0
	furniture  = 7.0 // size of header and footer
)

// The faces, by the names that this package uses most.
const (
	regular = document.Regular
	bold    = document.Bold
	fixed   = document.Fixed
)

// NewPage begins a page.
func (d *Doc) NewPage() {
	d.n++
	d.y = Top
	if d.f == nil {
		return
	}
	d.f.AddPage()
	d.Ink(90)
	d.Rule(Left, Right, Top-7, 0.2, 170)
	d.Rule(Left, Right, Bottom+5, 0.2, 170)
	d.fit(Left, Top-9, d.o.HeadLeft, regular, 'L', Width*0.64)
	d.fit(Right, Top-9, d.o.HeadRight, bold, 'R', Width*0.34)
	d.fit(Left, Bottom+9, d.o.FootLeft, regular, 'L', Width*0.33)
	d.fit((Left+Right)/2, Bottom+9, d.o.FootMiddle, regular, 'C', Width*0.32)
	d.fit(Right, Bottom+9, fmt.Sprintf("page %d of %d", d.n, d.total), regular, 'R', Width*0.33)
	d.Ink(20)
}

// fit prints one line of a header or footer in smaller type when it is long, and shortened when even that is too wide; the cover
// has such a name in full.
func (d *Doc) fit(x, y float64, text string, font document.Font, align byte, room float64) {
	face := typeface.Of(font)
	text = face.Visible(text)
	size := furniture
	for size > 5 && face.Width(text, size) > room {
		size -= 0.5
	}
	d.Line(x, y, face.Fit(text, size, room), font, size, align)
}

// Page is the number of the current page.
func (d *Doc) Page() int { return d.n }

// Y is how far down the page is used.
func (d *Doc) Y() float64 { return d.y }

// Skip leaves some space, unless a page begins.
func (d *Doc) Skip(mm float64) {
	if d.y > Top {
		d.y += mm
	}
}

// MoveTo continues at a height of the page.
func (d *Doc) MoveTo(y float64) { d.y = y }

// Need begins a new page unless that much space is left.
func (d *Doc) Need(mm float64) {
	if d.y+mm > Bottom {
		d.NewPage()
	}
}

// Ink sets the grey of text, 0 black to 255 white.
func (d *Doc) Ink(grey int) { d.ink = grey }

// fill sets the grey of what is filled. Text is filled too: as long as both are the same, the library needs not say so with every word.
func (d *Doc) fill(grey int) {
	if d.filled != grey || d.n != d.filledOn {
		d.filled, d.filledOn = grey, d.n
		d.f.SetFillColor(grey, grey, grey)
		d.f.SetTextColor(grey, grey, grey)
	}
}

// TextAt draws one line with its baseline at y; align L, C or R says which point of it x is. The text must fit: see typeface.Face.
func (d *Doc) TextAt(x, y float64, text string, font document.Font, size float64, align byte) {
	d.Line(x, y, typeface.Of(font).Visible(text), font, size, align)
}

// Line is TextAt for a line that came out of Visible or Wrap.
func (d *Doc) Line(x, y float64, text string, font document.Font, size float64, align byte) {
	if d.f == nil || text == "" {
		return
	}
	switch align {
	case 'R':
		x -= typeface.Of(font).Width(text, size)
	case 'C':
		x -= typeface.Of(font).Width(text, size) / 2
	}
	d.fill(d.ink)
	d.face(font, size)
	d.f.Text(x, y, text)
}

// Box fills a rectangle with a grey.
func (d *Doc) Box(x, y, w, h float64, grey int) {
	if d.f != nil {
		d.fill(grey)
		d.f.Rect(x, y, w, h, "F")
	}
}

// Frame outlines a rectangle.
func (d *Doc) Frame(x, y, w, h float64, weight float64, grey int) {
	if d.pen(weight, grey, 0) {
		d.f.Rect(x, y, w, h, "D")
	}
}

// Rule draws a line from x1 to x2.
func (d *Doc) Rule(x1, x2, y, weight float64, grey int) {
	if d.pen(weight, grey, 0) {
		d.f.Line(x1, y, x2, y)
	}
}

// face sets the face and size of text.
func (d *Doc) face(font document.Font, size float64) {
	if set := (setting{font, size, d.n}); d.set != set {
		d.set = set
		d.f.SetFont(fonts[font].family, fonts[font].style, size)
	}
}

// setting is how text is set on a page.
type setting struct {
	font document.Font
	size float64
	page int
}

// stroke is how lines are drawn on a page.
type stroke struct {
	weight float64
	grey   int
	page   int
}

// pen sets how lines are drawn; false while nothing is.
func (d *Doc) pen(weight float64, grey int, dash float64) bool {
	if d.f == nil {
		return false
	}
	if set := (stroke{weight, grey, d.n}); d.stroke != set {
		d.stroke = set
		d.f.SetDrawColor(grey, grey, grey)
		d.f.SetLineWidth(weight)
	}
	if dash > 0 {
		d.f.SetDashPattern([]float64{dash, dash}, 0)
	}
	return true
}

// link makes an area lead to the heading with an id; to none when there is no such heading.
func (d *Doc) link(x, y, w, h float64, id string) {
	if i, ok := d.index[id]; ok && d.f != nil && id != "" {
		d.f.Link(x, y, w, h, d.links[i])
	}
}
