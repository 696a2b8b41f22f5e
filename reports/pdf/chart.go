package pdf

import (
	"muster/reports/document"
	"muster/reports/typeface"
)

// Chart draws a chart, whole on one page.
func (d *Doc) Chart(c document.Chart) {
	d.Need(c.Drawing.Height)
	for _, s := range c.Drawing.Shapes {
		d.shape(s, Left, d.y)
	}
	d.y += c.Drawing.Height + 3
}

// shape draws one shape of a drawing whose corner is at x, y.
func (d *Doc) shape(s document.Shape, x, y float64) {
	if d.f == nil {
		return
	}
	switch s := s.(type) {
	case document.Rect:
		if s.Fill != document.NoInk {
			d.Box(x+s.X, y+s.Y, s.W, s.H, s.Fill)
		}
		if s.Stroke != document.NoInk {
			d.Frame(x+s.X, y+s.Y, s.W, s.H, 0.2, s.Stroke)
		}
	case document.Line:
		d.path([]document.Point{{X: x + s.X1, Y: y + s.Y1}, {X: x + s.X2, Y: y + s.Y2}}, s.Weight, s.Grey, s.Dash)
	case document.Path:
		points := make([]document.Point, len(s.Points))
		for i, p := range s.Points {
			points[i] = document.Point{X: x + p.X, Y: y + p.Y}
		}
		d.path(points, s.Weight, s.Grey, s.Dash)
	case document.Dot:
		d.fill(s.Grey)
		d.f.Circle(x+s.X, y+s.Y, s.R, "F")
	case document.Label:
		text := typeface.Of(s.Font).Visible(s.Text)
		if s.Max > 0 {
			text = typeface.Of(s.Font).Fit(text, s.Size, s.Max)
		}
		d.Ink(s.Grey)
		d.Line(x+s.X, y+s.Y, text, s.Font, s.Size, s.Align)
		d.Ink(20)
	}
}

// path draws a line through points.
func (d *Doc) path(points []document.Point, weight float64, grey int, dash float64) {
	if len(points) < 2 || !d.pen(weight, grey, dash) {
		return
	}
	d.f.MoveTo(points[0].X, points[0].Y)
	for _, p := range points[1:] {
		d.f.LineTo(p.X, p.Y)
	}
	d.f.DrawPath("D")
	if dash > 0 {
		d.f.SetDashPattern(nil, 0)
	}
}
