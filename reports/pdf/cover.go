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

// figures prints large numbers side by side, in boxes as high as the longest label needs. What no box can hold is printed below one another.
func (d *Doc) figures(figures []document.Figure) {
	if len(figures) == 0 {
		return
	}
	const gap, pad, step, size = 5.0, 4.0, 3.6, 8.5
	width := (Width - gap*float64(len(figures)-1)) / float64(len(figures))
	labels, most, fits := make([][]string, len(figures)), 2, true
	for i, f := range figures {
		labels[i] = wrap(f.Label, width-2*pad, regular, size)
		most = max(most, len(labels[i]))
		fits = fits && typeface.Of(bold).Width(typeface.Of(bold).Visible(f.Number), leastFigure) <= width-2*pad
	}
	height := 19.8 + step*float64(most)
	if !fits || height > (Bottom-Top)/3 {
		var pairs []document.Pair
		for _, f := range figures {
			pairs = append(pairs, document.Pair{Label: f.Number, Value: f.Label})
		}
		d.Pairs(document.Pairs{Label: 40, Pairs: pairs})
		return
	}
	d.Need(height)
	y := d.y
	for i, f := range figures {
		x := Left + float64(i)*(width+gap)
		d.Box(x, y, width, height, 240)
		d.Box(x, y, width, 1.2, 60)
		number, at := typeface.Of(bold).Visible(f.Number), 26.0
		for at > leastFigure && typeface.Of(bold).Width(number, at) > width-2*pad {
			at--
		}
		d.Line(x+pad, y+15, number, bold, at, 'L')
		d.Ink(80)
		for n, line := range labels[i] {
			d.Line(x+pad, y+20.5+step*float64(n), line, regular, size, 'L')
		}
		d.Ink(20)
	}
	d.MoveTo(y + height + 8)
}

// leastFigure is the smallest size of a number on the cover.
const leastFigure = 10.0
