package chart

import "time"

// tick is one mark of a time axis.
type tick struct {
	at   time.Time
	text string
}

// ticks marks a time axis from from to to with at most most marks, at days, Mondays, months, quarters or years, whichever fit; the first and
// the last moment when none does.
func ticks(from, to time.Time, most int) []tick {
	from, to = from.UTC(), to.UTC()
	day := time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC)
	month := time.Date(from.Year(), from.Month(), 1, 0, 0, 0, 0, time.UTC)
	year := time.Date(from.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	for _, axis := range []struct {
		first               time.Time
		years, months, days int
		layout              string
	}{
		{day, 0, 0, 1, "2 Jan"}, {monday, 0, 0, 7, "2 Jan"}, {monday, 0, 0, 14, "2 Jan"}, {month, 0, 1, 0, "Jan 2006"}, {year, 0, 3, 0, "Jan 2006"}, {year, 0, 6, 0, "Jan 2006"},
		{year, 1, 0, 0, "2006"}, {year, 2, 0, 0, "2006"}, {year, 5, 0, 0, "2006"}, {year, 20, 0, 0, "2006"},
	} {
		var out []tick
		for at := axis.first; !at.After(to) && len(out) <= most; at = at.AddDate(axis.years, axis.months, axis.days) {
			if !at.Before(from) {
				out = append(out, tick{at, at.Format(axis.layout)})
			}
		}
		if len(out) >= 2 && len(out) <= most {
			return out
		}
	}
	if !to.After(from) {
		return []tick{{to, to.Format("2 Jan 2006")}}
	}
	return []tick{{from, from.Format("2 Jan 2006")}, {to, to.Format("2 Jan 2006")}}
}
