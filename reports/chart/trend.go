package chart

import (
	"fmt"
	"slices"
	"time"

	"muster/reports/document"
)

// Moment is one run: how many findings of each series were open after it.
type Moment struct {
	At     time.Time
	Values []int // as many as there are series
}

// strokes tell lines apart without colour, the weightiest first.
func strokes(i int) (weight float64, grey int, dash float64) {
	weights, greys, dashes := [5]float64{0.9, 0.6, 0.6, 0.45, 0.35}, [5]int{20, 60, 20, 70, 120}, [5]float64{0, 0, 1.6, 0.7, 0}
	i = min(i, 4)
	return weights[i], greys[i], dashes[i]
}

// Trend draws how many findings of each series were open after each run, as steps from run to run, over the 90 days up to the last one. Series
// come worst first; their names stand at the ends of their lines with the last number. A series that was never open is left out.
func Trend(series []string, moments []Moment) document.Chart {
	const title = "Open findings, the last 90 days"
	moments = slices.Clone(moments)
	slices.SortStableFunc(moments, func(a, b Moment) int { return a.At.Compare(b.At) })
	if n := len(moments); n > 0 {
		first := moments[n-1].At.AddDate(0, 0, -90)
		moments = slices.DeleteFunc(moments, func(m Moment) bool { return m.At.Before(first) })
	}
	data := table("Run, UTC", series...)
	most := 0
	for _, m := range moments {
		data.Rows = append(data.Rows, row(m.At.UTC().Format("2006-01-02 15:04"), m.Values...))
		most = max(most, slices.Max(append([]int{0}, m.Values...)))
	}
	switch {
	case len(moments) == 0:
		return nothing(title, "There is no earlier run to compare with.", data)
	case most == 0:
		return nothing(title, "No finding was open after any of "+plural(len(moments), "run")+".", data)
	}
	first, last := moments[0], moments[len(moments)-1]
	p := newPlot(first.At, last.At, most)
	p.frame()
	p.series(series, moments)
	alt := fmt.Sprintf("Open findings by severity after each of %s, from %s to %s:", plural(len(moments), "run"), first.At.UTC().Format("2006-01-02"), last.At.UTC().Format("2006-01-02"))
	for i, name := range series {
		if i > 0 {
			alt += ","
		}
		alt += fmt.Sprintf(" %s from %s to %s", name, number(first.Values[i]), number(last.Values[i]))
	}
	return p.done(p.bottom+8, title, alt+".", data)
}

// plot is a chart over time.
type plot struct {
	sketch
	from, to         time.Time
	left, right, top float64
	bottom           float64
	step, most       int // of the axis of counts
}

func newPlot(from, to time.Time, most int) *plot {
	p := &plot{from: from, to: to, right: Width - 32, top: 3, bottom: 52}
	p.step, p.most = scale(most, 5)
	p.left = width(number(p.most), document.Regular, 7) + 3
	return p
}

func (p *plot) x(at time.Time) float64 {
	if !p.to.After(p.from) {
		return p.right
	}
	return p.left + (p.right-p.left)*float64(at.Sub(p.from))/float64(p.to.Sub(p.from))
}

func (p *plot) y(n int) float64 {
	return p.bottom - (p.bottom-p.top)*float64(n)/float64(p.most)
}

// frame draws both axes.
func (p *plot) frame() {
	for n := 0; n <= p.most; n += p.step {
		grey := ruling
		if n == 0 {
			grey = faint
		}
		p.line(p.left, p.y(n), p.right, p.y(n), 0.15, grey, 0)
		p.label(p.left-1.5, p.y(n)+0.9, number(n), 7, document.Regular, 'R', faint, 0)
	}
	free := -1.0
	for _, t := range ticks(p.from, p.to, 8) {
		x, half := p.x(t.at), width(t.text, document.Regular, 7)/2
		p.line(x, p.bottom, x, p.bottom+1, 0.2, faint, 0)
		if at := min(max(x, half), p.right+20); at-half > free {
			p.label(at, p.bottom+4.2, t.text, 7, document.Regular, 'C', faint, 0)
			free = at + half + 2
		}
	}
}

// series draws the lines and their names.
func (p *plot) series(names []string, moments []Moment) {
	type end struct {
		y    float64
		text string
		rank int
	}
	var ends []end
	last := moments[len(moments)-1]
	for i := len(names) - 1; i >= 0; i-- { // the worst on top
		points, any := []document.Point{}, false
		for n, m := range moments {
			any = any || m.Values[i] > 0
			if n > 0 {
				points = append(points, document.Point{X: p.x(m.At), Y: p.y(moments[n-1].Values[i])})
			}
			points = append(points, document.Point{X: p.x(m.At), Y: p.y(m.Values[i])})
		}
		if !any {
			continue
		}
		weight, grey, dash := strokes(i)
		if len(points) > 1 {
			p.shapes = append(p.shapes, document.Path{Points: points, Weight: weight, Grey: grey, Dash: dash})
		}
		p.dot(p.right, p.y(last.Values[i]), 0.5+weight/3, grey)
		ends = append(ends, end{p.y(last.Values[i]), names[i] + " " + number(last.Values[i]), i})
	}
	slices.SortFunc(ends, func(a, b end) int {
		if a.y != b.y {
			return int(1e6 * (a.y - b.y))
		}
		return a.rank - b.rank
	})
	at := make([]float64, len(ends))
	for i, e := range ends {
		at[i] = e.y
	}
	spread(at, 3.6, p.top, p.bottom)
	for i, e := range ends {
		p.line(p.right+0.8, e.y, p.right+3.2, at[i], 0.15, 150, 0)
		p.label(p.right+3.8, at[i]+1, e.text, 8, document.Regular, 'L', ink, Width-p.right-3.8)
	}
}
