package reconciliation

import (
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// overview counts by rule and system, with ages.
func (w *builder) overview() {
	if w.In.Tally.Totals.All == 0 {
		return
	}
	w.Chapter("Findings by rule and system")
	w.ageChart()
	names := evidence.AgeNames()
	t := document.Table{Size: 6.4, Columns: []document.Column{{Title: "Rule", Share: 32, Whole: true}, {Title: "System", Share: 18}, {Title: "Severity", Share: 12}, {Title: "Open", Share: 9, Align: 'R'},
		{Title: "New", Share: 8, Align: 'R'}, {Title: "Resolved", Share: 12, Align: 'R'}, {Title: "Excepted", Share: 12, Align: 'R'}, {Title: "Unverified", Share: 13, Align: 'R'}}}
	for _, name := range names {
		t.Columns = append(t.Columns, document.Column{Title: name, Share: 10.5, Align: 'R'})
	}
	for _, g := range w.Groups {
		row := []document.Cell{{Text: g.Rule, Link: frame.RuleID(g.Rule)}, {Text: g.System}, frame.SeverityCell(g.Severity), {Text: frame.Zero(g.Totals.Open), Font: document.Bold}, {Text: frame.Zero(g.Totals.New)},
			{Text: frame.Zero(g.Totals.Resolved)}, {Text: frame.Zero(g.Totals.Excepted)}, {Text: frame.Zero(g.Totals.Unverified)}}
		for _, n := range g.Ages {
			row = append(row, document.Cell{Text: frame.Zero(n)})
		}
		t.Rows = append(t.Rows, row)
	}
	w.Section("Counts", 30)
	w.Table("Findings by rule and system", t)
}
