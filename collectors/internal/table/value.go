package table

import (
	"fmt"
	"strings"
	"time"

	"muster/internal/config"
)

// Dates reads dates and times.
type Dates struct {
	layouts []string
}

// NewDates tries the given layouts, in the language of package time, before the unambiguous ones of ISO 8601 (RFC 3339).
// Times without a zone are UTC.
func NewDates(layouts []string) Dates {
	return Dates{append(append([]string(nil), layouts...), time.DateOnly, time.RFC3339, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04")}
}

// CheckLayouts records what is wrong with the layouts of a settings node: one that cannot read back what it wrote loses days or
// years.
func CheckLayouts(n config.Node, layouts []string) {
	probe := time.Date(2031, 12, 28, 0, 0, 0, 0, time.UTC)
	for i, l := range layouts {
		back, err := time.Parse(l, probe.Format(l))
		if err != nil || back.YearDay() != probe.YearDay() || back.Year() != probe.Year() {
			n.Index(i).Problem("write the date 2 January 2006 the way the file does: 02/01/2006", "layout %q tells no day, month and year", l)
		}
	}
}

// Delimiter reads the setting of a delimiter: one ASCII character, or tab; empty is 0, found by looking.
func Delimiter(n config.Node, text string) byte {
	switch {
	case text == "":
		return 0
	case text == "tab" || text == `\t`:
		return '\t'
	case len(text) == 1 && text[0] < 0x80 && text != "\"" && text != "\n" && text != "\r":
		return text[0]
	}
	n.Problem(`write "," or ";" or tab`, "a delimiter is one ASCII character, found %q", text)
	return 0
}

// Parse reads a moment. Empty text is the zero time.
func (d Dates) Parse(text string) (time.Time, error) {
	t, err := d.parse(text)
	return t.UTC(), err
}

// Day reads a calendar day, as midnight UTC: a time of day and a zone behind it do not move it.
func (d Dates) Day(text string) (time.Time, error) {
	t, err := d.parse(text)
	if err != nil || t.IsZero() {
		return time.Time{}, err
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), nil
}

func (d Dates) parse(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, l := range d.layouts {
		if t, err := time.Parse(l, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no date; expected %s", Clip(text), d.Expected())
}

// End is the end of something as it was read: 9999-12-31 and 2999-12-31 mean that there is none.
func End(t time.Time) time.Time {
	if (t.Year() == 9999 || t.Year() == 2999) && t.Month() == time.December && t.Day() == 31 {
		return time.Time{}
	}
	return t
}

// Expected describes the first layout by its letters.
func (d Dates) Expected() string {
	return strings.NewReplacer("2006", "YYYY", "01", "MM", "02", "DD", "Jan", "Mon", "15", "hh", "04", "mm", "05", "ss").Replace(d.layouts[0])
}

// Clip shortens text for a message, and keeps its bytes.
func Clip(text string) string {
	n := 0
	for i := range text {
		if n++; n > 60 {
			return text[:i] + "…"
		}
	}
	return text
}
