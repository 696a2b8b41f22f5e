package reconciliation

import (
	"fmt"
	"strings"

	"muster/internal/access"
	"muster/reports/frame"
)

// verdict is the report in one sentence, and in more when the picture has holes.
func (w *builder) verdict() string {
	t := w.In.Tally.Totals
	var b strings.Builder
	switch {
	case len(w.Ev.Rules) == 0 && t.Open+t.Excepted == 0:
		b.WriteString("Nothing was judged: no rule was enabled.")
	case t.Open == 0:
		b.WriteString(w.clean())
	default:
		fmt.Fprintf(&b, "Access differs from what HR data and the rules allow in %s", frame.Plural(t.Open, "place"))
		if n := w.severe(); n > 0 {
			fmt.Fprintf(&b, ", %s of them critical or high", frame.Number(n))
		}
		fmt.Fprintf(&b, "; %s in this run.", areNew(w.In.Tally.NewOpen, t.Open))
	}
	if holes := w.holes(); len(holes) > 0 {
		b.WriteString(" " + frame.Capital(strings.Join(holes, "; ")) + ": there may be more.")
	}
	return b.String()
}

// clean is what may be said when nothing is open.
func (w *builder) clean() string {
	run := w.Ev.Run
	looked := fmt.Sprintf("%s looked at %s, %s and %s", frame.Plural(len(w.Ev.Rules), "rule"), frame.Plural(run.Persons, "person"), frame.Plural(run.Accounts, "account"), frame.Plural(run.Grants, "grant"))
	switch n := w.In.Tally.Totals.Excepted; {
	case n > 0:
		return fmt.Sprintf("Access differs from what HR data and the rules allow in %s, and every one is an accepted risk; none is open: %s.", frame.Plural(n, "place"), looked)
	case run.Persons+run.Accounts+run.Grants == 0:
		return "Nothing was found, and there was nothing to look at: the run saw no person, no account and no grant."
	}
	return "No access was found that HR data and the rules do not allow, and none that they call for and that is missing: " + looked + "."
}

// holes are why there may be more than was found.
func (w *builder) holes() []string {
	var out []string
	if n := len(w.Ev.Incomplete()); n > 0 {
		out = append(out, frame.Number(n)+" of "+frame.Plural(len(w.Ev.Sources), "source")+" could not be read whole")
	}
	failed := 0
	for _, r := range w.Ev.Rules {
		if r.Errors > 0 {
			failed++
		}
	}
	if failed > 0 {
		out = append(out, frame.Number(failed)+" of "+frame.Plural(len(w.Ev.Rules), "rule")+" could not be answered for every record")
	}
	if n := w.Ev.Suppressed; n > 0 {
		out = append(out, frame.Plural(n, "possible finding")+" "+frame.Of(n, "was", "were")+" not raised")
	}
	return out
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
