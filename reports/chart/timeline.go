package chart

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"muster/reports/document"
)

// Lane is one band of a timeline: what happened of one kind.
type Lane struct {
	Name   string // HR, access, requests, decisions
	Events []Event
}

// Event is something that happened at a moment, or lasted until another one.
type Event struct {
	At    time.Time
	Until time.Time // zero for a moment
	Open  bool      // lasts on at the end of the timeline
	Label string
}

// The measures of timelines.
const (
	laneLabel = 24.0 // width of the lanes' names
	laneRow   = 4.8
	mostRows  = 9 // of one lane; what has no row is left to the table
	eventSize = 7.0
)

// Timeline draws a person's events from from to to, a lane for each kind, each event as a dot or a bar with its label beside it. Events that
// would overlap go into further rows of their lane. What lies outside of the time is left out of the drawing, not of the table.
func Timeline(from, to time.Time, lanes []Lane) document.Chart {
	const title = "Events in time"
	data := document.Table{Columns: []document.Column{{Title: "Lane", Share: 1}, {Title: "From, UTC", Share: 1}, {Title: "Until, UTC", Share: 1}, {Title: "What", Share: 3}}}
	all := 0
	for _, lane := range lanes {
		for _, e := range sorted(lane.Events) {
			all++
			data.Rows = append(data.Rows, document.Row(lane.Name, moment(e.At), until(e), e.Label))
		}
	}
	if all == 0 || !to.After(from) {
		return nothing(title, "Nothing is known to have happened.", data)
	}
	t := &timeline{plot: plot{from: from, to: to, left: laneLabel, right: Width - 1}, y: 0}
	left := 0
	for _, lane := range lanes {
		left += t.lane(lane)
	}
	t.axis()
	alt := fmt.Sprintf("%s from %s to %s", plural(all, "event"), from.UTC().Format("2006-01-02"), to.UTC().Format("2006-01-02"))
	for i, lane := range lanes {
		alt += map[bool]string{true: ": ", false: ", "}[i == 0] + fmt.Sprintf("%s %s", number(len(lane.Events)), lane.Name)
	}
	if left > 0 {
		alt += fmt.Sprintf("; %s have no room in the drawing", number(left))
	}
	return t.done(t.y+7, title, alt+".", data)
}

func sorted(events []Event) []Event {
	events = slices.Clone(events)
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Or(a.At.Compare(b.At), a.Until.Compare(b.Until)) })
	return events
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

func until(e Event) string {
	switch {
	case e.Open:
		return "still"
	case e.Until.IsZero():
		return "–"
	}
	return moment(e.Until)
}

// timeline is a timeline under way.
type timeline struct {
	plot
	y     float64 // where the next lane begins
	rules []float64
}

// lane draws one lane and says how many of its events had no room.
func (t *timeline) lane(lane Lane) (left int) {
	const gap = 1.5
	top := t.y + 1
	var free []float64 // by row: where it is free from
	for _, e := range sorted(lane.Events) {
		x1, x2, ok := t.extent(e)
		if !ok {
			left++
			continue
		}
		start, labelAt, w := t.beside(x1, x2, width(e.Label, document.Regular, eventSize))
		row := slices.IndexFunc(free, func(f float64) bool { return f <= start })
		if row < 0 {
			if row = len(free); row >= mostRows {
				left++
				continue
			}
			free = append(free, 0)
		}
		free[row] = max(x2, labelAt+w) + gap
		t.event(e, x1, x2, labelAt, top+float64(row)*laneRow, w)
	}
	rows := max(len(free), 1)
	t.label(0, top+3.3, lane.Name, 8, document.Bold, 'L', ink, laneLabel-2)
	if left > 0 {
		t.label(t.right, top+float64(rows)*laneRow+2.8, number(left)+" more in the table", 6.5, document.Regular, 'R', faint, 60)
		rows++
	}
	t.y = top + float64(rows)*laneRow + 1.5
	t.rules = append(t.rules, t.y)
	return left
}

// beside finds the place of a label that is w wide: inside of its bar, behind it, before it, or where there is more room, shortened. It also says
// where bar and label begin.
func (t *timeline) beside(x1, x2, w float64) (start, labelAt, room float64) {
	const gap = 1.2
	after, before := t.right-x2-gap, x1-gap-t.left
	switch {
	case x2-x1 > w+2:
		return x1, x1 + 1, w
	case w <= after:
		return x1, x2 + gap, w
	case w <= before:
		return x1 - gap - w, x1 - gap - w, w
	case x2-x1 > max(after, before, 20):
		return x1, x1 + 1, x2 - x1 - 2
	case after >= before:
		return x1, x2 + gap, after
	}
	return t.left, t.left, before
}

// extent is where an event is drawn; false when it lies outside of the time.
func (t *timeline) extent(e Event) (x1, x2 float64, ok bool) {
	end := e.At
	switch {
	case e.Open:
		end = t.to
	case e.Until.After(e.At):
		end = e.Until
	}
	if end.Before(t.from) || e.At.After(t.to) {
		return 0, 0, false
	}
	x1, x2 = t.x(later(e.At, t.from)), t.x(earlier(end, t.to))
	if !e.Open && e.Until.IsZero() { // a dot, whole inside of the frame
		x := min(max(x1, t.left+1), t.right-1)
		return x - 1, x + 1, true
	}
	return min(x1, t.right-0.8), max(x2, x1+0.8), true
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// event draws one event in the row that begins at y.
func (t *timeline) event(e Event, x1, x2, labelAt, y, w float64) {
	inside := labelAt > x1 && labelAt+w < x2
	switch {
	case !e.Open && e.Until.IsZero():
		t.dot((x1+x2)/2, y+2.2, 1, ink)
	default:
		grey := 150
		if inside {
			grey = 215
		}
		t.box(x1, y+0.5, x2-x1, laneRow-1.2, grey)
		t.box(x1, y+0.5, 0.5, laneRow-1.2, ink)
		if !e.Open {
			t.box(max(x1, x2-0.5), y+0.5, min(0.5, x2-x1), laneRow-1.2, ink)
		}
	}
	t.label(labelAt, y+3.1, e.Label, eventSize, document.Regular, 'L', ink, w+0.01)
}

// axis draws the time below the lanes, and lines between them.
func (t *timeline) axis() {
	for _, y := range t.rules[:max(0, len(t.rules)-1)] {
		t.line(0, y, t.right, y, 0.15, ruling, 0)
	}
	t.line(t.left, t.y, t.right, t.y, 0.25, faint, 0)
	free := t.left - 4
	for _, mark := range ticks(t.from, t.to, 9) {
		x, half := t.x(mark.at), width(mark.text, document.Regular, eventSize)/2
		t.line(x, t.y, x, t.y+1.2, 0.2, faint, 0)
		if at := min(max(x, half), Width-half); at-half > free {
			t.label(at, t.y+4.6, mark.text, eventSize, document.Regular, 'C', faint, 0)
			free = at + half + 2
		}
	}
}
