package reconciliation

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/evidence"
	"muster/reports/pdf"
)

func age(f access.Finding, asOf time.Time) int { return evidence.Age(f, asOf) }

// worst picks the open findings to be read first: by severity, then the longest known; one rule may fill half of the list.
func (w *writer) worst(most int) []access.Finding {
	var all []access.Finding
	for _, g := range w.groups {
		n := 0
		for _, f := range g.Shown {
			if evidence.Open(f) && n < most {
				all = append(all, f)
				n++
			}
		}
	}
	slices.SortStableFunc(all, func(a, b access.Finding) int {
		return cmp.Or(cmp.Compare(b.Severity.Rank(), a.Severity.Rank()), a.FirstSeen.Compare(b.FirstSeen), access.CompareFindings(a, b))
	})
	var out []access.Finding
	byRule := map[string]int{}
	for _, f := range all {
		if byRule[f.Rule]++; byRule[f.Rule] <= most/2 && len(out) < most {
			out = append(out, f)
		}
	}
	return out
}

// incompleteSource says loudly what is not concluded.
func (w *writer) incompleteSource(s evidence.Source) {
	tonight := s.System.Tonight
	name := sourceName(s)
	what := []string{fmt.Sprintf("It is %s: %s.", tonight.State, strings.TrimSuffix(dash(tonight.Reason), "."))}
	for _, c := range tonight.Coverage.Classes {
		if c.State != access.Complete && c.Claimed != access.NoClaim {
			what = append(what, fmt.Sprintf("Of %s that it says it holds, %s were read.", plural(c.Claimed, string(c.Class)), number(c.Parsed)))
		}
	}
	if s.System.IsHR {
		what = append(what, "Not concluded: no account is newly called an orphan and no finding is called resolved, in any system, because someone whom HR did not list may only have been cut off.")
	} else {
		what = append(what, "Not concluded: no access is newly called missing in it, no account of it is newly called an orphan, and none of its earlier findings is called resolved.")
	}
	unverified := 0
	for _, g := range w.groups {
		if slices.Contains(strings.Split(g.System, "+"), s.System.Name) {
			unverified += g.Totals.Unverified
		}
	}
	if unverified > 0 {
		what = append(what, plural(unverified, "earlier finding")+" there could not be looked at and stand as they were (unverified).")
	}
	if used := s.System.Used; used.ID != "" {
		what = append(what, "Reasoned from instead: its complete snapshot of "+clock(used.TakenAt)+".")
	} else {
		what = append(what, "There is no complete snapshot of it at all: it is left out of every other rule.")
	}
	if tonight.Hint != "" {
		what = append(what, "What to do: "+tonight.Hint)
	}
	w.d.Callout(name+" was not read whole", what...)
}

// systems lists the systems that have open findings, in the order of the sources, combinations last.
func (w *writer) systems() []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range w.ev.Sources {
		for _, bySystem := range w.in.Tally.Matrix {
			if bySystem[s.System.Name] > 0 && !seen[s.System.Name] {
				seen[s.System.Name] = true
				out = append(out, s.System.Name)
			}
		}
	}
	var rest []string
	for _, bySystem := range w.in.Tally.Matrix {
		for name := range bySystem {
			if !seen[name] {
				seen[name] = true
				rest = append(rest, name)
			}
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}

// heatMap shows how many open findings of each severity each system has; the grey follows the logarithm, the number is in it. More
// systems than fit side by side go into further bands.
func (w *writer) heatMap() {
	const perBand, first, row = 9, 26.0, 8.0
	d := w.d
	systems := w.systems()
	most := 1
	for _, bySystem := range w.in.Tally.Matrix {
		for _, n := range bySystem {
			most = max(most, n)
		}
	}
	d.Section(2, "Where the open findings are", 55)
	for from := 0; from < len(systems); from += perBand {
		band := systems[from:min(from+perBand, len(systems))]
		cell := min((pdf.Width-first)/float64(len(band)), 30)
		heads, lines := make([][]string, len(band)), 1
		for i, name := range band {
			heads[i] = d.Wrap(name, cell-2, pdf.Bold, 7)
			lines = max(lines, len(heads[i]))
		}
		d.Need(float64(lines)*3.2 + 5*row + 6)
		y := d.Y() + float64(lines)*3.2 + 1
		for i := range band {
			for n, line := range heads[i] {
				at := y - 1 - float64(len(heads[i])-1-n)*3.2
				d.Line(pdf.Left+first+(float64(i)+0.5)*cell, at, line, pdf.Bold, 7, 'C')
			}
		}
		for _, s := range severities() {
			if w.in.Tally.BySeverity[s].Open == 0 && s == access.Informational {
				continue
			}
			d.TextAt(pdf.Left, y+row*0.62, string(s), pdf.Regular, 8.5, 'L')
			for i, name := range band {
				w.heatCell(pdf.Left+first+float64(i)*cell, y, cell, row, w.in.Tally.Matrix[s][name], most)
			}
			y += row
		}
		d.MoveTo(y + 4)
	}
}

func (w *writer) heatCell(x, y, width, height float64, n, most int) {
	d := w.d
	grey := 250
	if n > 0 {
		grey = 225 - int(155*math.Log1p(float64(n))/math.Log1p(float64(most)))
	}
	d.Box(x+0.4, y+0.4, width-0.8, height-0.8, grey)
	if grey < 140 {
		d.Ink(255)
	}
	if n > 0 {
		d.TextAt(x+width/2, y+height*0.64, number(n), pdf.Bold, 9, 'C')
	}
	d.Ink(20)
}

// ageChart draws for every rule how long its open findings have been known: stacked bars, each part labelled with its number.
func (w *writer) ageChart() {
	type bar struct {
		rule string
		ages evidence.Ages
		all  int
	}
	var bars []bar
	most := 1
	for _, g := range w.groups {
		if g.Totals.Open == 0 {
			continue
		}
		if len(bars) == 0 || bars[len(bars)-1].rule != g.Rule {
			bars = append(bars, bar{rule: g.Rule})
		}
		b := &bars[len(bars)-1]
		for i, n := range g.Ages {
			b.ages[i] += n
			b.all += n
		}
		most = max(most, b.all)
	}
	if len(bars) == 0 {
		return
	}
	const label, row = 52.0, 6.6
	greys, inks := [4]int{222, 175, 115, 45}, [4]int{20, 20, 255, 255}
	d := w.d
	d.Section(2, "How long open findings have been known", 12+row*float64(min(len(bars), 6)))
	legend := func() {
		x, y := pdf.Left+label, d.Y()
		for i, name := range evidence.AgeNames() {
			d.Box(x, y, 4, 3.2, greys[i])
			d.TextAt(x+5, y+2.7, name, pdf.Regular, 7.5, 'L')
			x += 7 + d.TextWidth(name, pdf.Regular, 7.5) + 5
		}
		d.MoveTo(y + 6)
	}
	legend()
	for n, b := range bars {
		if d.Y()+row > pdf.Bottom || n == len(bars)-2 && d.Y()+2*row > pdf.Bottom {
			d.NewPage()
			legend()
		}
		y := d.Y()
		name := d.Wrap(b.rule, label-2, pdf.Regular, 8)
		d.Line(pdf.Left, y+4.3, name[0], pdf.Regular, 8, 'L')
		x, full := pdf.Left+label, pdf.Width-label-14
		for i, n := range b.ages {
			width := full * float64(n) / float64(most)
			d.Box(x, y+0.8, width, row-1.6, greys[i])
			if text := number(n); n > 0 && d.TextWidth(text, pdf.Regular, 7)+1.5 < width {
				d.Ink(inks[i])
				d.TextAt(x+width/2, y+4.2, text, pdf.Regular, 7, 'C')
				d.Ink(20)
			}
			x += width
		}
		d.TextAt(x+1.5, y+4.3, number(b.all), pdf.Bold, 8, 'L')
		d.MoveTo(y + row)
	}
	d.Skip(3)
}
