package reconciliation

import (
	"slices"

	"muster/internal/access"
	"muster/reports/chart"
	"muster/reports/evidence"
	"muster/reports/frame"
)

// systems lists the systems that have open findings, in the order of the sources, combinations last.
func (w *builder) systems() []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range w.Ev.Sources {
		for _, bySystem := range w.In.Tally.Matrix {
			if bySystem[s.System.Name] > 0 && !seen[s.System.Name] {
				seen[s.System.Name] = true
				out = append(out, s.System.Name)
			}
		}
	}
	var rest []string
	for _, bySystem := range w.In.Tally.Matrix {
		for name := range bySystem {
			if !seen[name] {
				seen[name] = true
				rest = append(rest, name)
			}
		}
	}
	slices.Sort(rest)
	return append(out, rest...)
}

// heatMap shows how many open findings of each severity each system has.
func (w *builder) heatMap() {
	systems, rows, counts := w.systems(), []string{}, [][]int{}
	for _, s := range frame.Severities() {
		if w.In.Tally.BySeverity[s].Open == 0 && s == access.Informational {
			continue
		}
		line := make([]int, len(systems))
		for i, name := range systems {
			line[i] = w.In.Tally.Matrix[s][name]
		}
		rows, counts = append(rows, string(s)), append(counts, line)
	}
	w.Section("Where the open findings are", 0)
	w.Add(chart.HeatMap(rows, systems, counts))
}

// trend shows how the open findings came to be so many, when there is an earlier run.
func (w *builder) trend() {
	if len(w.in.History) < 2 {
		return
	}
	var names []string
	for _, s := range frame.Severities() {
		names = append(names, string(s))
	}
	moments := make([]chart.Moment, len(w.in.History))
	for i, night := range w.in.History {
		moments[i].At = night.At
		for _, s := range frame.Severities() {
			moments[i].Values = append(moments[i].Values, night.Open[s])
		}
	}
	w.Section("The last 90 days", 0)
	w.Add(chart.Trend(names, moments))
}

// ageChart shows for every rule how long its open findings have been known.
func (w *builder) ageChart() {
	var bars []chart.Bar
	for _, g := range w.Groups {
		if g.Totals.Open == 0 {
			continue
		}
		if len(bars) == 0 || bars[len(bars)-1].Name != g.Rule {
			bars = append(bars, chart.Bar{Name: g.Rule, Parts: make([]int, len(g.Ages))})
		}
		for i, n := range g.Ages {
			bars[len(bars)-1].Parts[i] += n
		}
	}
	if len(bars) == 0 {
		return
	}
	names := evidence.AgeNames()
	w.Section("How long open findings have been known", 0)
	w.Add(chart.Ageing(names[:], bars))
}
