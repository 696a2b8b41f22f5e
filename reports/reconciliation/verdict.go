package reconciliation

import (
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/reports/frame"
)

// verdict is the report in one sentence, or two when the picture has holes.
func (w *builder) verdict() string {
	t := w.In.Tally.Totals
	var b strings.Builder
	if t.Open == 0 {
		fmt.Fprintf(&b, "No access was found that HR data and the rules do not allow, and none that they call for and that is missing: %s looked at %s, %s and %s.",
			frame.Plural(len(w.Ev.Rules), "rule"), frame.Plural(w.Ev.Run.Persons, "person"), frame.Plural(w.Ev.Run.Accounts, "account"), frame.Plural(w.Ev.Run.Grants, "grant"))
	} else {
		fmt.Fprintf(&b, "Access differs from what HR data and the rules allow in %s", frame.Plural(t.Open, "place"))
		if n := w.severe(); n > 0 {
			fmt.Fprintf(&b, ", %s of them critical or high", frame.Number(n))
		}
		fmt.Fprintf(&b, "; %s in this run.", areNew(w.In.Tally.NewOpen, t.Open))
	}
	if n := len(w.Ev.Incomplete()); n > 0 {
		fmt.Fprintf(&b, " %s of %s could not be read whole, so there may be more.", frame.Number(n), frame.Plural(len(w.Ev.Sources), "source"))
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
	return frame.Number(n) + " are new"
}

// severe counts the open findings that are critical or high.
func (w *builder) severe() int {
	by := w.In.Tally.BySeverity
	return by[access.Critical].Open + by[access.High].Open
}
