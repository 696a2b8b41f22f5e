package frame

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
)

// Severities are printed worst first.
func Severities() []access.Severity {
	return []access.Severity{access.Critical, access.High, access.Medium, access.Low, access.Informational}
}

// Number prints a count with thousands separated: 12,345.
func Number[N int | int64 | uint64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return sign + digits
}

// Plural prints a count with its noun: 1 finding, 2 findings.
func Plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}

// Dash prints nothing as a dash, so that an empty cell is not taken for an oversight.
func Dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Zero prints 0 as a dash, which leaves the eye on what there is.
func Zero[N int | int64](n N) string {
	if n == 0 {
		return "–"
	}
	return Number(n)
}

// Clock prints a moment.
func Clock(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// Minute prints a moment in a table whose head says UTC.
func Minute(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// Stamp is a moment in an annex: RFC 3339, in UTC; nothing when it is not known.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Date prints a day.
func Date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}

// Days prints an age.
func Days(n int) string {
	if n == 0 {
		return "new"
	}
	return Number(n) + " d"
}

// Span says seconds in the largest units that people count them in, rounded down: 45 min, 26 h, 3 d.
func Span(s int64) string {
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 2*3600:
		return fmt.Sprintf("%d min", s/60)
	case s < 3*86400:
		return fmt.Sprintf("%d h", s/3600)
	}
	return fmt.Sprintf("%d d", s/86400)
}

// Allowed says a time that is set, in seconds, in the largest unit in which it is whole: 24 h, 100 h, 7 d.
func Allowed(s int64) string {
	switch {
	case s == 0:
		return "not set"
	case s%86400 == 0 && s >= 3*86400:
		return fmt.Sprintf("%d d", s/86400)
	case s%3600 == 0:
		return fmt.Sprintf("%d h", s/3600)
	case s%60 == 0:
		return fmt.Sprintf("%d min", s/60)
	}
	return fmt.Sprintf("%d s", s)
}

// SeverityCell shows a severity as a word on a grey that survives a black and white printer.
func SeverityCell(s access.Severity) document.Cell {
	c := document.Cell{Text: string(s), Ink: 20}
	switch s {
	case access.Critical:
		c.Fill, c.Ink, c.Font = 55, 255, document.Bold
	case access.High:
		c.Fill, c.Ink, c.Font = 110, 255, document.Bold
	case access.Medium:
		c.Fill = 205
	}
	return c
}

// SourceName is how people call a source: its title, with the configured name when they differ.
func SourceName(s evidence.Source) string {
	switch {
	case s.System.Title == "":
		return s.System.Name
	case strings.EqualFold(s.System.Title, s.System.Name):
		return s.System.Title
	}
	return s.System.Title + " (" + s.System.Name + ")"
}

// Who names the person or account of a finding, by name first and id after it.
func Who(f access.Finding) document.Cell {
	person := f.Person
	if f.PersonName != "" && f.Person != "" {
		person = f.PersonName + " (" + f.Person + ")"
	}
	switch {
	case person == "":
		return document.Cell{Text: Dash(f.Subject)}
	case f.Subject == "" || f.Subject == f.Person:
		return document.Cell{Text: person}
	}
	return document.Cell{Text: person, More: []string{"account " + f.Subject}}
}

// Code shows a condition or query in its own lines.
func Code(text string) document.Cell {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return document.Cell{Text: Dash(lines[0]), More: lines[1:], Font: document.Fixed}
}
