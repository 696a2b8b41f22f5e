package packs

import (
	"strings"
	"testing"
)

// TestNoRuleStandsForAReview: of what asks for nothing but reviews no rule is evidence, and second factors of administrators are what 8.4.1 asks for.
func TestNoRuleStandsForAReview(t *testing.T) {
	text := ""
	for _, f := range Files() {
		text += string(f.Data)
	}
	reviews := 0
	for _, c := range Controls() {
		if c.Review && c.Untested {
			reviews++
		}
		if named := strings.Contains(text, `"`+c.ID+`"`); named == c.Untested {
			t.Errorf("%s: a rule names it: %v", c.ID, named)
		}
		if strings.Contains(c.Says, "reviewed") != c.Review {
			t.Errorf("%s says %q", c.ID, c.Says)
		}
	}
	if reviews != 2 || !strings.Contains(text, `"PCI-DSS 8.4.1"`) {
		t.Errorf("%d controls are reviews alone", reviews)
	}
}
