package chart

import (
	"fmt"

	"muster/reports/document"
)

// Bar is one bar: a name and its parts, as many as the chart has buckets.
type Bar struct {
	Name  string
	Parts []int
}

func (b Bar) total() (n int) {
	for _, part := range b.Parts {
		n += part
	}
	return n
}

// mostBars bounds the bars of a chart; what follows is summed up in one.
const mostBars = 28

// Ageing draws for each rule how long its open findings have been known: bars of stacked parts, light to dark, each labelled with its number
// where there is room, and the total behind them. The bars keep their order.
func Ageing(buckets []string, bars []Bar) document.Chart {
	const title = "Open findings by rule and age"
	data, all, old := table("Rule", append(append([]string{}, buckets...), "all")...), 0, 0
	for _, b := range bars {
		data.Rows = append(data.Rows, row(b.Name, append(append([]int{}, b.Parts...), b.total())...))
		all += b.total()
		if len(b.Parts) > 0 {
			old += b.Parts[len(b.Parts)-1]
		}
	}
	if all == 0 {
		return nothing(title, "There is no open finding.", data)
	}
	const label, line = 52.0, 6.6
	var s sketch
	fills, inks := shades(len(buckets))
	x := label
	for i, name := range buckets {
		s.box(x, 0, 4, 3.2, fills[i])
		s.label(x+5, 2.7, name, 7.5, document.Regular, 'L', ink, 0)
		x += 12 + width(name, document.Regular, 7.5)
	}
	shown, most, y := summed(bars, len(buckets)), 1, 6.0
	for _, b := range shown {
		most = max(most, b.total())
	}
	for _, b := range shown {
		s.label(0, y+4.3, b.Name, 8, document.Regular, 'L', ink, label-2)
		x, full := label, Width-label-18
		for i, n := range b.Parts {
			w := full * float64(n) / float64(most)
			s.box(x, y+0.8, w, line-1.6, fills[i])
			if text := number(n); n > 0 && width(text, document.Regular, 7)+1.5 < w {
				s.label(x+w/2, y+4.2, text, 7, document.Regular, 'C', inks[i], 0)
			}
			x += w
		}
		s.label(x+1.5, y+4.3, number(b.total()), 8, document.Bold, 'L', ink, 0)
		y += line
	}
	alt := fmt.Sprintf("%s of %s by age. The most, %s, are of %s.", plural(all, "open finding"), plural(len(bars), "rule"), number(top(bars).total()), top(bars).Name)
	if len(buckets) > 0 && old > 0 {
		alt += fmt.Sprintf(" %s of them have been known for %s.", number(old), buckets[len(buckets)-1])
	}
	return s.done(y+1, title, alt, data)
}

// summed keeps the first bars and adds up the rest.
func summed(bars []Bar, parts int) []Bar {
	if len(bars) <= mostBars {
		return bars
	}
	rest := Bar{Name: plural(len(bars)-mostBars+1, "other rule"), Parts: make([]int, parts)}
	for _, b := range bars[mostBars-1:] {
		for i, n := range b.Parts {
			rest.Parts[i] += n
		}
	}
	return append(append([]Bar{}, bars[:mostBars-1]...), rest)
}

func top(bars []Bar) (most Bar) {
	for _, b := range bars {
		if b.total() > most.total() {
			most = b
		}
	}
	return most
}
