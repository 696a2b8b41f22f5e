package reconciliation

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
)

// severities are printed worst first.
func severities() []access.Severity {
	return []access.Severity{access.Critical, access.High, access.Medium, access.Low, access.Informational}
}

// number prints a count with thousands separated: 12,345.
func number[N int | int64 | uint64](n N) string {
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

// plural prints a count with its noun: 1 finding, 2 findings.
func plural[N int | int64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// dash prints nothing as a dash, so that an empty cell is not taken for an oversight.
func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// zero prints 0 as a dash, which leaves the eye on what there is.
func zero[N int | int64](n N) string {
	if n == 0 {
		return "–"
	}
	return number(n)
}

// clock prints a moment.
func clock(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// minute prints a moment in a table whose head says UTC.
func minute(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// date prints a day.
func date(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return t.UTC().Format("2006-01-02")
}

// days prints an age.
func days(n int) string {
	if n == 0 {
		return "new"
	}
	return number(n) + " d"
}

// severityCell shows a severity as a word on a grey that survives a black and white printer.
func severityCell(s access.Severity) document.Cell {
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

// sourceName is how people call a source: its title, with the configured name when they differ.
func sourceName(s evidence.Source) string {
	switch {
	case s.System.Title == "":
		return s.System.Name
	case strings.EqualFold(s.System.Title, s.System.Name):
		return s.System.Title
	}
	return s.System.Title + " (" + s.System.Name + ")"
}

// who names the person or account of a finding, by name first and id after it.
func who(f access.Finding) document.Cell {
	person := f.Person
	if f.PersonName != "" && f.Person != "" {
		person = f.PersonName + " (" + f.Person + ")"
	}
	switch {
	case person == "":
		return document.Cell{Text: dash(f.Subject)}
	case f.Subject == "" || f.Subject == f.Person:
		return document.Cell{Text: person}
	}
	return document.Cell{Text: person, More: []string{"account " + f.Subject}}
}

// code shows a condition or query in its own lines.
func code(text string) document.Cell {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return document.Cell{Text: dash(lines[0]), More: lines[1:], Font: document.Fixed}
}

// verdict is the report in one sentence, or two when the picture has holes.
func (w *builder) verdict() string {
	t := w.in.Tally.Totals
	var b strings.Builder
	if t.Open == 0 {
		fmt.Fprintf(&b, "No access was found that HR data and the rules do not allow, and none that they call for and that is missing: %s looked at %s, %s and %s.",
			plural(len(w.ev.Rules), "rule"), plural(w.ev.Run.Persons, "person"), plural(w.ev.Run.Accounts, "account"), plural(w.ev.Run.Grants, "grant"))
	} else {
		fmt.Fprintf(&b, "Access differs from what HR data and the rules allow in %s", plural(t.Open, "place"))
		if n := w.severe(); n > 0 {
			fmt.Fprintf(&b, ", %s of them critical or high", number(n))
		}
		fmt.Fprintf(&b, "; %s in this run.", areNew(w.in.Tally.NewOpen, t.Open))
	}
	if n := len(w.ev.Incomplete()); n > 0 {
		fmt.Fprintf(&b, " %s of %s could not be read whole, so there may be more.", number(n), plural(len(w.ev.Sources), "source"))
	}
	return b.String()
}

func areNew(n, of int) string {
	switch {
	case n == 0:
		return "none is new"
	case n == of && n > 1:
		return "all are new"
	case n == 1:
		return "1 is new"
	}
	return number(n) + " are new"
}

// severe counts the open findings that are critical or high.
func (w *builder) severe() int {
	by := w.in.Tally.BySeverity
	return by[access.Critical].Open + by[access.High].Open
}
