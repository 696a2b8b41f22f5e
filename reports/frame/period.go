package frame

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
)

// Period is what a report covers: whole days, UTC.
type Period struct {
	From time.Time `json:"from"` // first day
	To   time.Time `json:"to"`   // last day
}

var quarter = regexp.MustCompile(`^(\d{4})-[Qq]([1-4])$`)

// ParsePeriod reads 2026-Q3, or 2026-07-01..2026-09-30.
func ParsePeriod(text string) (Period, error) {
	if m := quarter.FindStringSubmatch(text); m != nil {
		year, _ := strconv.Atoi(m[1]) // four digits
		n, _ := strconv.Atoi(m[2])
		from := time.Date(year, time.Month(3*n-2), 1, 0, 0, 0, 0, time.UTC)
		return Period{from, from.AddDate(0, 3, -1)}, nil
	}
	first, last, _ := strings.Cut(text, "..")
	from, err := time.Parse(time.DateOnly, first)
	to, err2 := time.Parse(time.DateOnly, last)
	why := ""
	switch {
	case err != nil || err2 != nil:
		why = "it is no period"
	case to.Before(from):
		why = "it ends before it begins"
	default:
		return Period{from, to}, nil
	}
	return Period{}, &access.Error{Op: fmt.Sprintf("read period %q", text), Kind: access.Invalid, Hint: "write a quarter, such as 2026-Q3, or two days, such as 2026-07-01..2026-09-30", Err: errors.New(why)}
}

// Has reports whether a moment lies in the period.
func (p Period) Has(t time.Time) bool { return !t.Before(p.From) && t.Before(p.To.AddDate(0, 0, 1)) }

// String is 2026-07-01 to 2026-09-30.
func (p Period) String() string { return Date(p.From) + " to " + Date(p.To) }
