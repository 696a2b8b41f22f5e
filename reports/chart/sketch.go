package chart

import (
	"fmt"
	"math"
	"strconv"

	"muster/reports/document"
	"muster/reports/typeface"
)

// Width of every chart: that of a page's text.
const Width = 174.0

// The greys of what is not data, and of text.
const (
	ink    = 20
	faint  = 90
	ruling = 215
)

// sketch is a drawing under way.
type sketch struct{ shapes []document.Shape }

func (s *sketch) box(x, y, w, h float64, grey int) {
	if w > 0 && h > 0 {
		s.shapes = append(s.shapes, document.Rect{X: x, Y: y, W: w, H: h, Fill: grey, Stroke: document.NoInk})
	}
}

func (s *sketch) line(x1, y1, x2, y2, weight float64, grey int, dash float64) {
	s.shapes = append(s.shapes, document.Line{X1: x1, Y1: y1, X2: x2, Y2: y2, Weight: weight, Grey: grey, Dash: dash})
}

// label writes text whose baseline is at y, no wider than room; 0 does not bound it.
func (s *sketch) label(x, y float64, text string, size float64, font document.Font, align byte, grey int, room float64) {
	s.shapes = append(s.shapes, document.Label{X: x, Y: y, Text: text, Size: size, Font: font, Align: align, Grey: grey, Max: room})
}

func (s *sketch) dot(x, y, r float64, grey int) {
	s.shapes = append(s.shapes, document.Dot{X: x, Y: y, R: r, Grey: grey})
}

// done is the chart, height millimetres high.
func (s *sketch) done(height float64, title, alt string, data document.Table) document.Chart {
	data.Caption = title
	return document.Chart{Title: title, Alt: alt, Drawing: document.Drawing{Width: Width, Height: height, Shapes: s.shapes}, Data: data}
}

// nothing is the chart of no data, which says so.
func nothing(title, says string, data document.Table) document.Chart {
	var s sketch
	s.label(0, 4, says, 8.5, document.Regular, 'L', faint, Width)
	return s.done(7, title, says, data)
}

func width(text string, font document.Font, size float64) float64 {
	face := typeface.Of(font)
	return face.Width(face.Visible(text), size)
}

// number prints a count with thousands separated.
func number(n int) string {
	if n < 0 {
		return "-" + number(-n)
	}
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// plural prints a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// scale gives the steps of an axis from 0 to at least most: at most steps many, each 1, 2 or 5 times a power of ten.
func scale(most, steps int) (step, top int) {
	most = max(most, 1)
	power := int(math.Pow10(max(0, int(math.Log10(float64(most)))-1)))
	for _, m := range []int{1, 2, 5, 10, 20, 50, 100} {
		if step = m * power; (most+step-1)/step <= steps {
			break
		}
	}
	return step, (most + step - 1) / step * step
}

// spread moves places apart until each is at least gap from the next and none leaves the room from low to high; they must be sorted.
func spread(at []float64, gap, low, high float64) {
	for i := range at {
		at[i] = max(at[i], low)
		if i > 0 {
			at[i] = max(at[i], at[i-1]+gap)
		}
	}
	for i := len(at) - 1; i >= 0; i-- {
		limit := high
		if i+1 < len(at) {
			limit = at[i+1] - gap
		}
		at[i] = min(at[i], limit)
	}
}

// shades gives n greys from light to dark with their inks: neighbours differ by eye, and text on each is readable.
func shades(n int) (fills, inks []int) {
	for i := range n {
		grey := 222
		if n > 1 {
			grey = 222 - i*177/(n-1)
		}
		if grey > 115 && grey < 160 {
			grey = 165 // neither black nor white is readable in the middle
		}
		fill, text := grey, ink
		if grey <= 115 {
			text = 255
		}
		fills, inks = append(fills, fill), append(inks, text)
	}
	return fills, inks
}

// table begins the numbers of a chart: one column of names, then columns of counts.
func table(first string, counts ...string) document.Table {
	t := document.Table{Columns: []document.Column{{Title: first, Share: 2}}}
	for _, title := range counts {
		t.Columns = append(t.Columns, document.Column{Title: title, Share: 1, Align: 'R'})
	}
	return t
}

func row(name string, counts ...int) []document.Cell {
	cells := document.Row(name)
	for _, n := range counts {
		cells = append(cells, document.Cell{Text: number(n)})
	}
	return cells
}

// percent prints a share without decimals, rounded down, so that only all is 100 %.
func percent(n, of int) string {
	switch {
	case of == 0:
		return "–"
	case n > 0 && n*100 < of:
		return "< 1 %"
	}
	return fmt.Sprintf("%d %%", n*100/of)
}
