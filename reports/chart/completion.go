package chart

import (
	"cmp"
	"fmt"
	"slices"

	"muster/reports/document"
)

// Reviewer is how far one reviewer of a campaign has come. An item that two people review is assigned twice.
type Reviewer struct {
	Name              string
	Decided, Assigned int
}

// Completion draws for each reviewer how many of their assignments are decided: a filled part of a frame as long as what was assigned. Those with
// the most left come first.
func Completion(reviewers []Reviewer) document.Chart {
	const title = "Decisions of each reviewer"
	sorted := slices.Clone(reviewers)
	slices.SortStableFunc(sorted, func(a, b Reviewer) int {
		return cmp.Or(cmp.Compare(b.Assigned-b.Decided, a.Assigned-a.Decided), cmp.Compare(b.Assigned, a.Assigned), cmp.Compare(a.Name, b.Name))
	})
	data, all := table("Reviewer", "Assigned", "Decided", "Left"), Reviewer{}
	finished := 0
	for _, r := range sorted {
		data.Rows = append(data.Rows, row(r.Name, r.Assigned, r.Decided, r.Assigned-r.Decided))
		all.Assigned, all.Decided = all.Assigned+r.Assigned, all.Decided+r.Decided
		if r.Decided >= r.Assigned {
			finished++
		}
	}
	if all.Assigned == 0 {
		return nothing(title, "No item was assigned to anybody.", data)
	}
	if n := len(sorted) - mostBars; n > 0 {
		rest := Reviewer{Name: plural(n+1, "other reviewer")}
		for _, r := range sorted[mostBars-1:] {
			rest.Decided, rest.Assigned = rest.Decided+r.Decided, rest.Assigned+r.Assigned
		}
		sorted = append(sorted[:mostBars-1:mostBars-1], rest)
	}
	most := 1
	for _, r := range sorted {
		most = max(most, r.Assigned)
	}
	const label, line, numbers = 48.0, 6.6, 38.0
	var s sketch
	y := 0.0
	for _, r := range sorted {
		full := (Width - label - numbers) * float64(r.Assigned) / float64(most)
		done := full * float64(min(r.Decided, r.Assigned)) / float64(max(r.Assigned, 1))
		s.label(0, y+4.3, r.Name, 8, document.Regular, 'L', ink, label-2)
		s.box(label, y+1, full, line-2, 228)
		s.box(label, y+1, done, line-2, 70)
		s.label(label+full+1.5, y+4.3, fmt.Sprintf("%s of %s (%s)", number(r.Decided), number(r.Assigned), percent(r.Decided, r.Assigned)), 8, document.Regular, 'L', ink, numbers-1.5)
		y += line
	}
	alt := fmt.Sprintf("%s of %s decided (%s) by %s; %s finished.", number(all.Decided), plural(all.Assigned, "assignment"), percent(all.Decided, all.Assigned), plural(len(reviewers), "reviewer"), number(finished))
	return s.done(y+1, title, alt, data)
}
