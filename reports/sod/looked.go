package sod

import (
	"slices"

	"muster/reports/document"
	"muster/reports/frame"
)

// looked reports whether there was a conflict to look for and a system to look for it in. Who has a conflict was seen with it.
func (w *builder) looked() bool {
	return len(w.m.Held) > 0 || len(w.m.Conflicts) > 0 && slices.ContainsFunc(w.m.Systems, func(s System) bool { return s.Named && s.Snapshot != "" })
}

// unlooked says why nothing was looked at.
func (w *builder) unlooked() string {
	if len(w.m.Conflicts) == 0 {
		return "The matrix has no conflict: nothing was looked for."
	}
	return "No system that the matrix names was read whole: who has a conflict is not known."
}

// persons puts how many persons have each conflict, whatever systems it spans, where a table of the conflicts by system adds the systems up.
func (w *builder) persons(t *document.Table) {
	last := len(t.Columns) - 1
	t.Columns[last].Title = "persons"
	for i, c := range w.m.Conflicts {
		n := 0
		for _, h := range w.m.Held {
			if h.Conflict == c.ID {
				n++
			}
		}
		t.Rows[i][last] = document.Cell{Text: frame.Number(n)}
	}
}
