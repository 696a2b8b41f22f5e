package chart

import (
	"fmt"
	"math"

	"muster/reports/document"
	"muster/reports/typeface"
)

// The bands of a heat map: so many columns stand side by side, in so many bands, and the rest is summed up in one column.
const (
	perBand   = 9
	mostBands = 4
)

// HeatMap draws how many open findings each system (a column) has of each severity (a row): the darker the more, by the logarithm, with the
// number in the cell. More systems than fit side by side go into further bands. counts is by row, then by column.
func HeatMap(rows, columns []string, counts [][]int) document.Chart {
	const title = "Open findings by system and severity"
	data, all, most, where := table("System", append(append([]string{}, rows...), "all")...), 0, 0, ""
	for c, name := range columns {
		sum, cells := 0, []int{}
		for r := range rows {
			n := counts[r][c]
			cells, sum = append(cells, n), sum+n
			if n > most {
				most, where = n, rows[r]+" in "+name
			}
		}
		data.Rows = append(data.Rows, row(name, append(cells, sum)...))
		all += sum
	}
	if all == 0 {
		return nothing(title, "There is no open finding.", data)
	}
	columns, counts = folded(columns, counts)
	var s sketch
	y := 0.0
	for from := 0; from < len(columns); from += perBand {
		y = s.band(rows, columns, counts, from, min(from+perBand, len(columns)), y)
	}
	alt := fmt.Sprintf("%s in %s by severity. The most of one severity in one system are %s: %s.", plural(all, "open finding"), plural(len(data.Rows), "system"), number(most), where)
	return s.done(y, title, alt, data)
}

// folded sums up the columns that have no room.
func folded(columns []string, counts [][]int) ([]string, [][]int) {
	const limit = perBand * mostBands
	if len(columns) <= limit {
		return columns, counts
	}
	out := make([][]int, len(counts))
	for r, line := range counts {
		rest := 0
		for _, n := range line[limit-1:] {
			rest += n
		}
		out[r] = append(append([]int{}, line[:limit-1]...), rest)
	}
	return append(append([]string{}, columns[:limit-1]...), plural(len(columns)-limit+1, "other")), out
}

// band draws the columns from from to to and says where it ends.
func (s *sketch) band(rows, columns []string, counts [][]int, from, to int, y float64) float64 {
	const first, line, size, step, mostLines = 26.0, 8.0, 7.0, 3.2, 3
	cell := min((Width-first)/float64(to-from), 30)
	face := typeface.Of(document.Bold)
	heads, lines := make([][]string, to-from), 1
	for i := range heads {
		heads[i] = face.Wrap(columns[from+i], cell-2, size)
		if n := len(heads[i]); n > mostLines {
			last := heads[i][mostLines-1]
			heads[i] = append(heads[i][:mostLines-1:mostLines-1], face.Fit(last+"……", size, cell-2))
		}
		lines = max(lines, len(heads[i]))
	}
	y += float64(lines)*step + 1
	for i, head := range heads {
		for n, text := range head {
			s.label(first+(float64(i)+0.5)*cell, y-1-float64(len(head)-1-n)*step, text, size, document.Bold, 'C', ink, cell)
		}
	}
	most := 1
	for _, line := range counts {
		for _, n := range line {
			most = max(most, n)
		}
	}
	for r, name := range rows {
		s.label(0, y+line*0.62, name, 8.5, document.Regular, 'L', ink, first-2)
		for i := from; i < to; i++ {
			s.heat(first+float64(i-from)*cell, y, cell, line, counts[r][i], most)
		}
		y += line
	}
	return y + 4
}

func (s *sketch) heat(x, y, w, h float64, n, most int) {
	grey, text := 250, ink
	if n > 0 {
		if grey = 225 - int(155*math.Log1p(float64(n))/math.Log1p(float64(most))); grey < 120 {
			text = 255
		} else if grey < 160 {
			grey = 160
		}
	}
	s.box(x+0.4, y+0.4, w-0.8, h-0.8, grey)
	if n > 0 {
		s.label(x+w/2, y+h*0.64, number(n), 9, document.Bold, 'C', text, w-1.5)
	}
}
