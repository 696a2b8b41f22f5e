package accessreview_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"muster/internal/access"
	"muster/reports/accessreview"
	"muster/reports/document"
)

// TestAnItemOfTwoReviewersIsOneItem: it counts once in each role, and is an assignment of each of them.
func TestAnItemOfTwoReviewersIsOneItem(t *testing.T) {
	c, items, facts := campaign()
	c.Need = 2
	for i := range 2 {
		items[i].Reviewers = append(items[i].Reviewers, reviewer("W-7", "Mei Tanaka", "manager", "manager of the account"), reviewer("W-4", "Leila Haddad", "owner", "owner of erp"))
	}
	// Somebody else decides what nobody did.
	last := &items[4]
	last.Decisions = append(last.Decisions, access.ReviewDecision{ID: "D-9", Item: last.ID, Verdict: access.ReviewRevoke, By: "W-9", ByName: "Ines Moreau", Role: "security", At: monday})
	last.Reviewers = append(last.Reviewers, reviewer("W-7", "Mei Tanaka", "owner", "owner of erp"))
	m := accessreview.Sum(c, items, facts)
	if want := []accessreview.Reason{{Role: "manager", Items: 4}, {Role: "owner", Items: 4}}; !slices.Equal(m.Assignment.Reasons, want) {
		t.Errorf("by role %+v, want %+v", m.Assignment.Reasons, want)
	}
	for _, r := range m.Reviewers {
		want := map[string][3]int{"W-3": {4, 4, 4}, "W-4": {4, 1, 1}, "W-7": {3, 0, 0}, "W-9": {0, 0, 1}}[r.Person]
		if got := [3]int{r.Items, r.Done, r.Decided}; got != want {
			t.Errorf("%s has %v, want %v", r.Name, got, want)
		}
	}
	d := accessreview.Document(base(t), m)
	for _, b := range d.Blocks {
		if chart, ok := b.(document.Chart); ok && !strings.HasPrefix(chart.Alt, "5 of 11 assignments decided") {
			t.Error(chart.Alt)
		}
	}
}

// TestTheCoverSaysHowManyPeopleDecided: what nobody decided is not called reviewed.
func TestTheCoverSaysHowManyPeopleDecided(t *testing.T) {
	d := accessreview.Document(base(t), accessreview.Sum(campaign()))
	if got := fmt.Sprint(d.Cover.Figures[:2]); got != "[{6 items under review, of 6 accounts; people decided 5} {83.3 % decided by people}]" {
		t.Error(got)
	}
}

// TestNothingIsCleanWhereNothingWasAsked: a campaign of no item, or of which no decision is known, is not said to be well reviewed.
func TestNothingIsCleanWhereNothingWasAsked(t *testing.T) {
	c, items, facts := campaign()
	c.Population = access.Population{SHA256: access.PopulationHash(nil)}
	facts.Ledger.Frozen, facts.Ledger.Decisions = c.Population.SHA256, 0
	for name, tt := range map[string]struct {
		items []access.ReviewItem
		want  []string
	}{
		"no item":            {nil, []string{"There is no item: nobody was asked anything.", "Nobody decided anything.", "It is not known: no decision has a time."}},
		"another population": {items[:1], []string{"Every item that is kept was decided by people. They are not the population that was frozen."}},
	} {
		said := fmt.Sprintf("%+v", accessreview.Document(base(t), accessreview.Sum(c, tt.items, facts)))
		for _, want := range tt.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: the report does not say %q", name, want)
			}
		}
		for _, clean := range []string{"Every item was decided by people", "No two items were decided by one stroke", "No decision on a single item"} {
			if tt.items == nil && strings.Contains(said, clean) {
				t.Errorf("%s: the report says %q", name, clean)
			}
		}
	}
}
