package chart

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/reports/document"
	"muster/reports/typeface"
)

var night = time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)

// TestNothingOverlaps draws every chart of random data of many sizes: all text stays inside of the drawing and no two texts touch, every chart
// fits on a page and says something, and its table has the numbers.
func TestNothingOverlaps(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 3, 7, 10, 28, 29, 37, 120} {
		for range 6 {
			for name, c := range random(rnd, n) {
				check(t, fmt.Sprintf("%s of %d", name, n), c)
			}
		}
	}
}

func name(rnd *rand.Rand) string {
	words := []string{"directory", "Wolfeschlegelsteinhausenbergerdorff", "erp", "Petr Novák", "😀", "日本 太郎", "عمر", "a\u202Eb", "privileged-without-mfa", "and the rest of it all"}
	var out []string
	for range 1 + rnd.IntN(3) {
		out = append(out, words[rnd.IntN(len(words))])
	}
	return strings.Join(out, " ")
}

func random(rnd *rand.Rand, n int) map[string]document.Chart {
	size := []int{2, 60, 4000, 1_000_000}[rnd.IntN(4)]
	count := func() int { return max(0, rnd.IntN(size)-size/3) }
	var bars []Bar
	var columns []string
	counts := make([][]int, 4)
	var moments []Moment
	r := Revocations{Open: rnd.IntN(3), SLA: []time.Duration{0, time.Hour, 24 * time.Hour, 36 * time.Hour, 7 * 24 * time.Hour}[rnd.IntN(5)]}
	var reviewers []Reviewer
	lanes := []Lane{{Name: "HR"}, {Name: "access"}, {Name: "requests"}, {Name: "decisions"}}
	for i := range n {
		bars = append(bars, Bar{Name: name(rnd), Parts: []int{count(), count(), count(), count()}})
		columns = append(columns, name(rnd))
		for r := range counts {
			counts[r] = append(counts[r], count())
		}
		moments = append(moments, Moment{At: night.AddDate(0, 0, -i*(1+rnd.IntN(2))), Values: []int{count(), count(), count(), count(), 0}})
		r.Took = append(r.Took, time.Duration(rnd.ExpFloat64()*float64(10*time.Hour)))
		assigned := count()
		reviewers = append(reviewers, Reviewer{Name: name(rnd), Assigned: assigned, Decided: rnd.IntN(assigned + 1)})
		e := Event{At: night.Add(-time.Duration(rnd.IntN(30000)) * time.Hour), Label: name(rnd)}
		switch rnd.IntN(3) {
		case 0:
			e.Until = e.At.Add(time.Duration(rnd.IntN(9000)) * time.Hour)
		case 1:
			e.Open = true
		}
		lane := &lanes[rnd.IntN(len(lanes))]
		lane.Events = append(lane.Events, e)
	}
	return map[string]document.Chart{
		"ageing": Ageing([]string{"0–7 d", "8–30 d", "31–90 d", "> 90 d"}, bars), "heat map": HeatMap([]string{"critical", "high", "medium", "low"}, columns, counts),
		"trend": Trend([]string{"critical", "high", "medium", "low", "informational"}, moments), "distribution": Distribution(r), "completion": Completion(reviewers),
		"timeline": Timeline(night.AddDate(0, 0, -[]int{5, 100, 1000}[rnd.IntN(3)]), night, lanes),
	}
}

// box is where a label stands.
type box struct {
	text           string
	x1, y1, x2, y2 float64
}

func check(t *testing.T, what string, c document.Chart) {
	t.Helper()
	d := c.Drawing
	if c.Alt == "" || c.Title == "" || len(c.Data.Columns) < 2 || d.Width != Width || d.Height <= 0 || d.Height > 245 || len(d.Shapes) == 0 {
		t.Errorf("%s: title %q, alt %q, %d columns, %g × %g mm, %d shapes", what, c.Title, c.Alt, len(c.Data.Columns), d.Width, d.Height, len(d.Shapes))
	}
	for _, row := range c.Data.Rows {
		if len(row) != len(c.Data.Columns) {
			t.Errorf("%s: a row of %d cells in a table of %d columns", what, len(row), len(c.Data.Columns))
		}
	}
	var boxes []box
	for _, s := range d.Shapes {
		var b box
		switch s := s.(type) {
		case document.Label:
			b = place(s)
		case document.Rect:
			b = box{"a rectangle", s.X, s.Y, s.X + s.W, s.Y + s.H}
		case document.Dot:
			b = box{"a dot", s.X - s.R, s.Y - s.R, s.X + s.R, s.Y + s.R}
		default:
			continue
		}
		if b.x1 < -0.05 || b.x2 > Width+0.05 || b.y1 < -0.6 || b.y2 > d.Height+0.05 {
			t.Errorf("%s: %q leaves the drawing: %.1f–%.1f, %.1f–%.1f of %.1f", what, b.text, b.x1, b.x2, b.y1, b.y2, d.Height)
		}
		if _, ok := s.(document.Label); !ok {
			continue
		}
		for _, o := range boxes {
			if min(b.x2, o.x2)-max(b.x1, o.x1) > 0.05 && min(b.y2, o.y2)-max(b.y1, o.y1) > 0.05 {
				t.Errorf("%s: %q and %q overlap at %.1f, %.1f", what, b.text, o.text, b.x1, b.y1)
			}
		}
		boxes = append(boxes, b)
	}
}

// place is the box of a label, as high as its capitals.
func place(l document.Label) box {
	face := typeface.Of(l.Font)
	text := face.Visible(l.Text)
	if l.Max > 0 {
		text = face.Fit(text, l.Size, l.Max)
	}
	w, x := face.Width(text, l.Size), l.X
	switch l.Align {
	case 'R':
		x -= w
	case 'C':
		x -= w / 2
	}
	return box{text, x, l.Y - l.Size*typeface.PointMM*0.73, x + w, l.Y}
}

func TestDistributionCountsEveryRemovalOnce(t *testing.T) {
	c := Distribution(Revocations{Took: []time.Duration{0, time.Minute, 24 * time.Hour, 24*time.Hour + time.Second, 900 * time.Hour}, SLA: 24 * time.Hour, Open: 2})
	if !strings.Contains(c.Alt, "3 were done within 24\u00a0h, 2 later") || !strings.Contains(c.Alt, "2 removals still open") {
		t.Errorf("alt: %s", c.Alt)
	}
	sum := 0
	for _, row := range c.Data.Rows {
		var n int
		if _, err := fmt.Sscan(row[1].Text, &n); err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if sum != 7 {
		t.Errorf("the table has %d removals: %v", sum, c.Data.Rows)
	}
}

// TestABarEndsWhereTheAllowedTimeEnds: whatever the SLA is and however late removals were, the line stands between two bars, and what was late, and
// nothing else, is in dark ones.
func TestABarEndsWhereTheAllowedTimeEnds(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	for _, tt := range []struct{ sla, longest time.Duration }{{24 * hour, 468 * hour}, {4 * hour, 5 * day}, {36 * hour, 20 * day}, {100 * hour, 20 * day}, {120 * hour, 20 * day}, {24 * hour, 300 * day}, {time.Second, 900 * day},
		{45 * time.Minute, 4 * hour}, {7 * hour, 50 * hour}, {7 * day, 30 * day}, {17 * time.Minute, 61 * time.Minute}, {90 * time.Second, 8 * time.Minute}, {30 * day, 2 * day}} {
		r := Revocations{SLA: tt.sla, Took: []time.Duration{0, tt.sla / 2, tt.sla}}
		late := 0
		for i := range 40 {
			took := tt.longest * time.Duration(40-i) / 40
			r.Took = append(r.Took, took)
			if took > tt.sla {
				late++
			}
		}
		b, what := newBins(slices.Sorted(slices.Values(r.Took)), tt.sla), fmt.Sprintf("SLA %s, up to %s", tt.sla, tt.longest)
		if tt.sla%b.width != 0 || len(b.counts) > mostBins || tt.longest > tt.sla && len(b.counts) < 2 {
			t.Errorf("%s: %d bars of %s", what, len(b.counts), b.width)
		}
		sum := 0
		for i, n := range b.counts {
			if time.Duration(i)*b.width >= tt.sla {
				sum += n
			}
		}
		if sum != late {
			t.Errorf("%s: %d of the removals are in bars after the SLA, %d were late", what, sum, late)
		}
		var dark, light int
		for _, s := range Distribution(r).Drawing.Shapes {
			if box, ok := s.(document.Rect); ok && box.Fill == 70 {
				dark++
			} else if ok {
				light++
			}
		}
		if light == 0 || dark > 0 != (late > 0) {
			t.Errorf("%s: %d dark bars and %d light ones, with %d late", what, dark, light, late)
		}
	}
}

// TestTheOtherRulesAreNotOneRule: of more rules than there are bars, the text names the one with the most, with its own number.
func TestTheOtherRulesAreNotOneRule(t *testing.T) {
	bars := []Bar{{Name: "leaver-active", Parts: []int{3, 4}}}
	for i := range 40 {
		bars = append(bars, Bar{Name: fmt.Sprint("rule-", i), Parts: []int{1, 1}})
	}
	if c := Ageing([]string{"new", "old"}, bars); !strings.Contains(c.Alt, "The most, 7, are of leaver-active.") {
		t.Error(c.Alt)
	}
}

func TestTrendKeepsNinetyDays(t *testing.T) {
	var moments []Moment
	for i := range 120 {
		moments = append(moments, Moment{At: night.AddDate(0, 0, -i), Values: []int{i, 2}})
	}
	c := Trend([]string{"critical", "high"}, moments)
	if len(c.Data.Rows) != 91 || c.Data.Rows[0][0].Text != "2026-08-24 01:00" || !strings.Contains(c.Alt, "critical from 90 to 0, high from 2 to 2") {
		t.Errorf("%d rows from %v: %s", len(c.Data.Rows), c.Data.Rows[0], c.Alt)
	}
}

func TestSpans(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "0 s", 59 * time.Second: "59 s", 45 * time.Minute: "45 min", time.Hour: "1 h", 26 * time.Hour: "26 h", 24 * time.Hour: "24 h", 36 * time.Hour: "36 h",
		7 * 24 * time.Hour: "7 d", 100 * time.Hour: "4.2 d", 5*time.Hour + 30*time.Minute: "5.5 h"} {
		if got := strings.ReplaceAll(span(d), "\u00a0", " "); got != want {
			t.Errorf("span(%s) = %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{24 * time.Hour: "24 h", 100 * time.Hour: "100 h", 120 * time.Hour: "5 d", 90 * time.Minute: "90 min", 61 * time.Second: "61 s"} {
		if got := strings.ReplaceAll(exact(d), "\u00a0", " "); got != want {
			t.Errorf("exact(%s) = %q, want %q", d, got, want)
		}
	}
}
