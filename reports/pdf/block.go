package pdf

import (
	"strconv"
	"strings"

	"muster/reports/document"
	"muster/reports/typeface"
)

// Styled prints a paragraph in a face, size and grey. It never leaves one line of several alone on a page.
func (d *Doc) Styled(text string, font document.Font, size float64, grey int) {
	d.flow("", 0, text, font, size, grey)
	d.y += 2
}

// Paragraph prints running text in its style.
func (d *Doc) Paragraph(p document.Paragraph) {
	switch p.Style {
	case document.Note:
		d.Styled(p.Text, regular, 7.5, 90)
	case document.Lead:
		d.Styled(p.Text, regular, 11, 20)
	case document.Mono:
		for _, line := range strings.Split(strings.TrimSuffix(p.Text, "\n"), "\n") {
			d.flow("", 0, line, fixed, 7, 20)
			d.y += 0.4
		}
		d.y += 1.6
	default:
		d.Styled(p.Text, regular, bodySize, 20)
	}
}

// List prints items behind bullets or numbers.
func (d *Doc) List(l document.List) {
	for i, item := range l.Items {
		mark := "•"
		if l.Ordered {
			mark = strconv.Itoa(i+1) + "."
		}
		d.flow(mark, 5, item, regular, bodySize, 20)
		d.y += 0.8
	}
	d.y += 1.5
}

// flow prints the lines of a paragraph, indented behind a mark.
func (d *Doc) flow(mark string, indent float64, text string, font document.Font, size float64, grey int) {
	lines := wrap(text, Width-indent, font, size)
	step := size * typeface.PointMM * leading
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
		if i == 0 {
			d.Line(Left+0.5, d.y-step*0.26, mark, font, size, 'L')
		}
		d.Line(Left+indent, d.y-step*0.26, line, font, size, 'L')
		left--
	}
	d.Ink(20)
}

// Callout prints a boxed message that a reader must not miss: a title and paragraphs, kept together on one page when it fits on
// one at all.
func (d *Doc) Callout(c document.Callout) {
	const pad, bar, size = 3.0, 1.6, bodySize
	step := size * typeface.PointMM * leading
	inner := Width - 2*pad - bar
	lines := wrap(c.Title, inner, bold, 10)
	heads := len(lines)
	for _, p := range c.Paras {
		lines = append(lines, wrap(p, inner, regular, size)...)
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
			font, at := regular, size
			if i < heads {
				font, at = bold, 10
			}
			d.y += step
			d.Line(Left+pad+bar, d.y-step*0.26, lines[i], font, at, 'L')
		}
		d.y += pad + 2.5
		from = to
	}
}

// Pairs prints labels with their values beside them; long values wrap, long labels too.
func (d *Doc) Pairs(p document.Pairs) {
	const size = 8.0
	step := size * typeface.PointMM * leading
	width := p.Label
	if width == 0 {
		width = 32
	}
	for _, p := range p.Pairs {
		font, at := regular, size
		if p.Mono {
			font, at = fixed, 7
		}
		labels, lines := wrap(p.Label, width-2, regular, size), wrap(p.Value, Width-width, font, at)
		rows := max(len(labels), len(lines))
		d.Need(step * float64(min(rows, 3)))
		for i := range rows {
			d.Need(step)
			d.y += step
			if i < len(labels) {
				d.Ink(90)
				d.Line(Left, d.y-step*0.26, labels[i], regular, size, 'L')
			}
			d.Ink(20)
			if i < len(lines) {
				d.Line(Left+width, d.y-step*0.26, lines[i], font, at, 'L')
			}
		}
		d.y += 0.6
	}
	d.y += 1.5
}

// SignOff leaves a line to sign for each role.
func (d *Doc) SignOff(s document.SignOff) {
	const row = 15.0
	if s.Intro != "" {
		d.Styled(s.Intro, regular, bodySize, 20)
	}
	d.y += 4
	for _, role := range s.Roles {
		d.Need(row)
		x := Left
		lines := wrap(role, 24, bold, 9)
		for i, line := range lines[:min(len(lines), 2)] {
			d.Line(x, d.y+8+4*float64(i), line, bold, 9, 'L')
		}
		x += 26
		for _, f := range [3]struct {
			label string
			width float64
		}{{"name and role", 62}, {"date", 24}, {"signature", 52}} {
			d.Rule(x, x+f.width, d.y+9, 0.25, 90)
			d.Ink(90)
			d.Line(x, d.y+12.5, f.label, regular, 7, 'L')
			d.Ink(20)
			x += f.width + 5
		}
		d.y += row
	}
}
