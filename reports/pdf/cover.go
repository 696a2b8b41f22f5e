package pdf

import (
	"muster/reports/document"
	"muster/reports/typeface"
)

// cover prints the first page: the verdict in one sentence, the numbers, what to beware of, and the particulars at the foot.
func (d *Doc) cover(doc document.Document) {
	d.NewPage()
	d.MoveTo(44)
	d.Styled(doc.Organisation, bold, 13, 90)
	d.Styled(doc.Title, bold, 25, 20)
	d.Styled(doc.Subtitle, regular, 12, 90)
	d.Rule(Left, Left+40, d.y+3, 1.2, 40)
	d.MoveTo(d.y + 14)
	d.Styled(doc.Cover.Verdict, regular, 14, 20)
	d.MoveTo(d.y + 6)
	d.figures(doc.Cover.Figures)
	for _, c := range doc.Cover.Callouts {
		d.Callout(c)
	}
	if len(doc.Cover.Pairs) == 0 {
		return
	}
	// The particulars stand at the foot of the page, when there is a foot left.
	const line = 8*typeface.PointMM*leading + 0.6
	if top := Bottom - 10 - line*float64(len(doc.Cover.Pairs)); d.y < top {
		d.MoveTo(top)
	} else {
		d.Skip(6)
	}
	d.Pairs(document.Pairs{Label: 32, Pairs: doc.Cover.Pairs})
}

// figures prints large numbers side by side.
func (d *Doc) figures(figures []document.Figure) {
	if len(figures) == 0 {
		return
	}
	const gap, height = 5.0, 27.0
	width := (Width - gap*float64(len(figures)-1)) / float64(len(figures))
	y := d.y
	for i, f := range figures {
		x := Left + float64(i)*(width+gap)
		d.Box(x, y, width, height, 240)
		d.Box(x, y, width, 1.2, 60)
		number, size := typeface.Of(bold).Visible(f.Number), 26.0
		for size > 10 && typeface.Of(bold).Width(number, size) > width-8 {
			size--
		}
		d.Line(x+4, y+15, typeface.Of(bold).Fit(number, size, width-6), bold, size, 'L')
		d.Ink(80)
		for n, line := range wrap(f.Label, width-8, regular, 8.5) {
			if n < 2 {
				d.Line(x+4, y+20.5+3.6*float64(n), line, regular, 8.5, 'L')
			}
		}
		d.Ink(20)
	}
	d.MoveTo(y + height + 8)
}
