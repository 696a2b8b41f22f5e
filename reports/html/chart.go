package html

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"muster/reports/document"
	"muster/reports/typeface"
)

// chart writes a drawing with its text, and the numbers behind it to unfold.
func (p *page) chart(c document.Chart) {
	p.figures++
	id, title := "f"+strconv.Itoa(p.figures), c.Title
	if title == "" {
		title = p.heading
	}
	p.raw("<figure>\n<svg role=\"img\" aria-labelledby=\"", id, "t ", id, "d\" viewBox=\"0 0 ", mm(c.Drawing.Width), " ", mm(c.Drawing.Height), "\">\n<title id=\"", id, "t\">", attr(title),
		"</title>\n<desc id=\"", id, "d\">", attr(c.Alt), "</desc>\n")
	p.raw(SVG(c.Drawing), "</svg>\n")
	if len(c.Data.Columns) > 0 && len(c.Data.Rows) > 0 {
		p.raw("<details>\n<summary>The numbers of this figure: ", text(title), "</summary>\n")
		p.table(c.Data)
		p.raw("</details>\n")
	}
	p.raw("</figure>\n")
}

// SVG is the inside of a drawing's svg element, in a view box of millimetres.
func SVG(d document.Drawing) string {
	var b strings.Builder
	for _, s := range d.Shapes {
		switch s := s.(type) {
		case document.Rect:
			fmt.Fprintf(&b, "<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" fill=\"%s\"%s/>\n", mm(s.X), mm(s.Y), mm(s.W), mm(s.H), grey(s.Fill), stroke(s.Stroke, 0.2, 0))
		case document.Line:
			fmt.Fprintf(&b, "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\"%s/>\n", mm(s.X1), mm(s.Y1), mm(s.X2), mm(s.Y2), stroke(s.Grey, s.Weight, s.Dash))
		case document.Path:
			points := make([]string, len(s.Points))
			for i, p := range s.Points {
				points[i] = mm(p.X) + "," + mm(p.Y)
			}
			fmt.Fprintf(&b, "<polyline points=\"%s\" fill=\"none\"%s/>\n", strings.Join(points, " "), stroke(s.Grey, s.Weight, s.Dash))
		case document.Dot:
			fmt.Fprintf(&b, "<circle cx=\"%s\" cy=\"%s\" r=\"%s\" fill=\"%s\"/>\n", mm(s.X), mm(s.Y), mm(s.R), grey(s.Grey))
		case document.Label:
			b.WriteString(label(s))
		}
	}
	return b.String()
}

// label draws text as wide as the faces of the PDF would set it, whichever face the reader has.
func label(l document.Label) string {
	face, shown := typeface.Of(l.Font), typeface.Screen(l.Text)
	if l.Max > 0 {
		shown = face.Fit(shown, l.Size, l.Max)
	}
	anchor := ""
	switch l.Align {
	case 'R':
		anchor = ` text-anchor="end"`
	case 'C':
		anchor = ` text-anchor="middle"`
	}
	switch l.Font {
	case document.Bold:
		anchor += ` font-weight="700"`
	case document.Fixed:
		anchor += ` class="m"`
	}
	long := ""
	if w := face.Width(shown, l.Size); w > 0 {
		long = ` textLength="` + mm(w) + `" lengthAdjust="spacingAndGlyphs"`
	}
	return fmt.Sprintf("<text x=\"%s\" y=\"%s\" font-size=\"%s\" fill=\"%s\"%s%s>%s</text>\n", mm(l.X), mm(l.Y), mm(l.Size*typeface.PointMM), grey(l.Grey), anchor, long, attr(shown))
}

func stroke(level int, weight, dash float64) string {
	if level == document.NoInk {
		return ""
	}
	out := fmt.Sprintf(" stroke=\"%s\" stroke-width=\"%s\"", grey(level), mm(weight))
	if dash > 0 {
		out += fmt.Sprintf(" stroke-dasharray=\"%s\"", mm(dash))
	}
	return out
}

func grey(level int) string {
	if level == document.NoInk {
		return "none"
	}
	return fmt.Sprintf("#%02x%02x%02x", level, level, level)
}

// mm writes a length without digits that nobody sees.
func mm(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }
