package evidence

import (
	"fmt"
	"testing"
	"time"

	"muster/internal/access"
)

// TestTally: counts, ages and the bounded choice of what is printed.
func TestTally(t *testing.T) {
	asOf := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	tally := NewTally(asOf, 3)
	add := func(rule, system string, severity access.Severity, state access.FindingState, change access.Change, days int) {
		tally.Add(access.Finding{Fingerprint: fmt.Sprint(tally.Totals.All), Rule: rule, System: system, Severity: severity, State: state, Change: change, FirstSeen: asOf.AddDate(0, 0, -days)})
	}
	for i, days := range []int{0, 7, 8, 30, 31, 90, 91, 400} {
		add("b", "erp", []access.Severity{access.Low, access.High}[i/7], access.Open, access.ChangeStill, days)
	}
	add("a", "erp", access.Critical, access.Resolved, access.ChangeResolved, 3)
	add("a", "saas", access.Critical, access.Excepted, access.ChangeNew, 3)
	add("c", "erp", access.Medium, access.Reopened, access.ChangeReopened, 0)
	add("c", "erp", access.Medium, access.Acknowledged, access.ChangeUnverified, -5)
	if want := (Totals{All: 12, Open: 10, New: 1, Reopened: 1, Resolved: 1, Excepted: 1, Unverified: 1}); tally.Totals != want {
		t.Errorf("totals %+v, want %+v", tally.Totals, want)
	}
	groups := tally.Groups()
	var order []string
	for _, g := range groups {
		order = append(order, g.Rule+"/"+g.System)
		if len(g.Shown) > 3 {
			t.Errorf("%s keeps %d", g.Rule, len(g.Shown))
		}
	}
	if got := fmt.Sprint(order); got != "[b/erp c/erp a/erp a/saas]" {
		t.Errorf("order %s: the rule with the worst open finding comes first, rules with nothing open last", got)
	}
	if b := groups[0]; b.Ages != (Ages{2, 2, 2, 2}) || b.Severity != access.High || b.Shown[0].Severity != access.High {
		t.Errorf("group b: %+v", b)
	}
	if n := tally.Matrix[access.Low]["erp"]; n != 7 {
		t.Errorf("matrix: %d low ones in erp, want 7", n)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{"", "{}", `{"format":"other"}`, `{"format":"` + Format + `","more":1}`} {
		if _, err := Decode([]byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	text, err := NewFile(Evidence{Organisation: "A <b> & c"}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if f, err := Decode(text); err != nil || f.Organisation != "A <b> & c" {
		t.Errorf("%v %q", err, f.Organisation)
	}
}
