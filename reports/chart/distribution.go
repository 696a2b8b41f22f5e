package chart

import (
	"fmt"
	"slices"
	"time"

	"muster/reports/document"
)

// Revocations are how long it took to remove access that was to be removed.
type Revocations struct {
	Took []time.Duration // one for each removal that is done
	Open int             // removals that are still to be done
	SLA  time.Duration   // by when each had to be done; 0 when no time was set
}

// Distribution draws how many removals took how long, with a line where the time that was allowed ends. The bars beyond it are dark. What took
// much longer than the rest is counted in a last bar.
func Distribution(r Revocations) document.Chart {
	const title = "Time until access was removed"
	took := slices.Sorted(slices.Values(r.Took))
	if len(took) == 0 {
		return nothing(title, "No access was removed; "+plural(r.Open, "removal")+" open.", table("Took", "Removals"))
	}
	b := newBins(took, r.SLA)
	data := table("Took", "Removals")
	for i, n := range b.counts {
		data.Rows = append(data.Rows, row(b.name(i), n))
	}
	late := 0
	for _, t := range took {
		if r.SLA > 0 && t > r.SLA {
			late++
		}
	}
	alt := fmt.Sprintf("%s took from %s to %s, half of them at most %s.", plural(len(took), "removal"), span(took[0]), span(took[len(took)-1]), span(took[(len(took)-1)/2]))
	if r.SLA > 0 {
		alt += fmt.Sprintf(" %s were done within %s, %s later.", number(len(took)-late), exact(r.SLA), number(late))
	}
	if r.Open > 0 {
		alt += fmt.Sprintf(" %s still open.", plural(r.Open, "removal"))
		data.Rows = append(data.Rows, row("still open", r.Open))
	}
	var s sketch
	s.bars(b, r.SLA)
	if r.SLA > 0 {
		s.limit(b, r.SLA, len(took)-late, late)
	}
	if r.Open > 0 {
		s.label(Width-2, barsBottom+9.5, number(r.Open)+" still open", 8, document.Bold, 'R', ink, 40)
	}
	return s.done(62, title, alt, data)
}

// The place of the bars.
const (
	barsTop    = 14.0
	barsBottom = 50.0
	barsLeft   = 2.0
	barsRight  = Width - 2.0
)

// bins are bars of equal width, each holding what took longer than where it begins and at most until where it ends. The last one may hold what
// has no place on the axis.
type bins struct {
	width    time.Duration
	counts   []int
	overflow bool
}

// mostBins is the largest number of bars, mostSLAs how many times the SLA an axis may be long.
const (
	mostBins = 16
	mostSLAs = mostBins - 2
)

// newBins chooses the smallest width that people count in with few enough bars, so that the line of the SLA stands between two bars. An axis that
// would be many SLAs long ends early.
func newBins(took []time.Duration, sla time.Duration) bins {
	longest := took[len(took)-1]
	end := longest
	if typical := took[(len(took)-1)*19/20]; end > 3*max(typical, sla) { // a few that took very long would flatten all others
		end = max(typical, sla) * 3 / 2
	}
	end = max(end, sla, time.Second)
	if sla > 0 && end > mostSLAs*sla {
		end = 10 * sla
	}
	b := bins{width: binWidth(end, sla)}
	n := int((end + b.width - 1) / b.width)
	if b.overflow = longest > time.Duration(n)*b.width; b.overflow {
		n++
	}
	b.counts = make([]int, n)
	for _, t := range took {
		b.counts[min(max(int((t-1)/b.width), 0), n-1)]++
	}
	return b
}

// binWidth is the smallest width that gives few enough bars up to end, one of which ends at the SLA.
func binWidth(end, sla time.Duration) time.Duration {
	few := func(w time.Duration) bool { return w > 0 && end/w < mostBins-1 }
	for _, w := range widths() {
		if few(w) && (sla <= 0 || sla%w == 0) {
			return w
		}
	}
	if sla > 0 {
		if half := sla / 2; half%time.Minute == 0 && few(half) {
			return half
		}
		return sla
	}
	w := widths()[len(widths())-1]
	for !few(w) {
		w *= 2
	}
	return w
}

// widths are the widths that bars may have.
func widths() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
		6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 30 * day, 90 * day, 365 * day}
}

// name says what a bar holds.
func (b bins) name(i int) string {
	if b.overflow && i == len(b.counts)-1 {
		return "more than " + b.at(i)
	}
	return "up to " + b.at(i+1)
}

// at says where the bar i begins, in the unit that all of the axis is in.
func (b bins) at(i int) string {
	for _, unit := range units() {
		if b.width%unit.length == 0 && (unit.length < 24*time.Hour || b.width >= 2*unit.length) {
			return fmt.Sprintf("%s\u00a0%s", number(i*int(b.width/unit.length)), unit.name)
		}
	}
	return span(time.Duration(i) * b.width)
}

func (b bins) step() float64 { return (barsRight - barsLeft) / float64(len(b.counts)) }

// bars draws the counts, and below them where each bar ends.
func (s *sketch) bars(b bins, sla time.Duration) {
	most, free := slices.Max(b.counts), 0.0
	for i, n := range b.counts {
		x, h := barsLeft+float64(i)*b.step(), (barsBottom-barsTop-4)*float64(n)/float64(max(most, 1))
		grey := 185
		if sla > 0 && time.Duration(i)*b.width >= sla {
			grey = 70
		}
		s.box(x+0.4, barsBottom-h, b.step()-0.8, h, grey)
		if n > 0 {
			s.label(x+b.step()/2, barsBottom-h-1.2, number(n), 7.5, document.Bold, 'C', ink, b.step())
		}
		text, at := b.at(i+1), x+b.step()
		if b.overflow && i == len(b.counts)-1 {
			text, at = "more", x+b.step()/2
		} else {
			s.line(at, barsBottom, at, barsBottom+1, 0.2, faint, 0)
		}
		half := width(text, document.Regular, 7) / 2
		if at = min(at, Width-half); at-half > free {
			s.label(at, barsBottom+4.4, text, 7, document.Regular, 'C', faint, 0)
			free = at + half + 1.5
		}
	}
	s.line(barsLeft, barsBottom, barsRight, barsBottom, 0.2, faint, 0)
	s.label(barsLeft, barsBottom+9.5, "time until removed, up to", 7, document.Regular, 'L', faint, 0)
}

// limit draws the line where the allowed time ends, with what lies on each side of it.
func (s *sketch) limit(b bins, sla time.Duration, within, late int) {
	x := barsLeft + b.step()*float64(sla)/float64(b.width)
	s.line(x, 2, x, barsBottom, 0.6, ink, 1.4)
	left, right := number(within)+" within "+exact(sla), number(late)+" later"
	if room := width(left, document.Bold, 8) + 2; x < room { // there is room on the right alone
		s.label(x+1.5, 4.5, left+", "+right, 8, document.Bold, 'L', ink, Width-x-45)
		return
	}
	s.label(x-1.5, 4.5, left, 8, document.Bold, 'R', ink, x-2)
	if room := Width - x - 2; width(right, document.Bold, 8) < room {
		s.label(x+1.5, 4.5, right, 8, document.Bold, 'L', ink, room)
	}
}

// unit is what people count time in.
type unit struct {
	length time.Duration
	name   string
}

func units() []unit {
	return []unit{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}, {time.Second, "s"}}
}

// exact says a duration in the largest unit in which it is whole, days from the third on: 24 h, 100 h, 7 d.
func exact(d time.Duration) string {
	for _, unit := range units() {
		if d%unit.length == 0 && (unit.length < 24*time.Hour || d >= 3*unit.length) {
			return fmt.Sprintf("%s\u00a0%s", number(int(d/unit.length)), unit.name)
		}
	}
	return span(d)
}

// span says a duration in the largest units that people count it in: 45 min, 26 h, 3 d.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	for _, unit := range units() {
		switch {
		case unit.length == day && d < 3*day:
		case d >= unit.length && d%unit.length == 0:
			return fmt.Sprintf("%s\u00a0%s", number(int(d/unit.length)), unit.name)
		case d >= 3*unit.length:
			return fmt.Sprintf("%.1f\u00a0%s", float64(d)/float64(unit.length), unit.name)
		}
	}
	return fmt.Sprintf("%s\u00a0s", number(int(d/time.Second)))
}
