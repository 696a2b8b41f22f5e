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

// TestWorst: the worst of each rule are kept however many there are and whatever they are called, one rule fills half of the list, and all of it when
// there is no other.
func TestWorst(t *testing.T) {
	asOf := time.Date(2026, 11, 22, 1, 0, 0, 0, time.UTC)
	fill := func(other int) *Tally {
		tally := NewTally(asOf, 3)
		for i := range 5000 { // the names are in the order opposite to the ages
			tally.Add(access.Finding{Fingerprint: fmt.Sprint(i), Rule: "many", System: "erp", Subject: fmt.Sprintf("a%04d", i), Severity: access.High, State: access.Open, FirstSeen: asOf.AddDate(0, 0, -i)})
		}
		for i := range other {
			tally.Add(access.Finding{Fingerprint: fmt.Sprint("o", i), Rule: fmt.Sprint("other-", i), System: "erp", Severity: access.Low, State: access.Open, FirstSeen: asOf})
		}
		tally.Add(access.Finding{Fingerprint: "x", Rule: "many", System: "erp", Severity: access.Critical, State: access.Excepted})
		if n := len(tally.worst["many"]); n >= 4*MostWorst {
			t.Errorf("%d are kept", n)
		}
		return tally
	}
	for other, want := range map[int]string{
		0:  "a4999 a4998 a4997 a4996 a4995 a4994 a4993 a4992 a4991 a4990 ",
		2:  "a4999 a4998 a4997 a4996 a4995 a4994 a4993 a4992 other-0 other-1 ",
		40: "a4999 a4998 a4997 a4996 a4995 other-0 other-1 other-10 other-11 other-12 ",
	} {
		tally := fill(other)
		for range 2 { // it can be asked again
			got := ""
			for _, f := range tally.Worst() {
				if f.Subject == "" {
					f.Subject = f.Rule
				}
				got += f.Subject + " "
			}
			if got != want {
				t.Errorf("with %d others: %s, want %s", other, got, want)
			}
		}
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
