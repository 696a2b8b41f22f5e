package frame

import (
	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
)

// mostRejections bounds the rejected rows that are printed for a source; the annex has all.
const mostRejections = 25

// Sources prints the IPE sheets: an overview, then one sheet for each source.
func (w *Builder) Sources() {
	w.Chapter("Sources")
	w.Para("Each source below is information produced by the entity: what was asked, of which system, by whom and when, how much it says it holds, and " +
		"how much was read. Claimed is what the source itself says; fetched is what it gave; parsed and rejected add up to fetched; in scope is what the " +
		"rules could look at; tested is what at least one rule was asked about. Boxes are for the reader to tick.")
	t := document.Table{Columns: []document.Column{{Title: "Source", Share: 30}, {Title: "State", Share: 12}, {Title: "As of, UTC", Share: 19, Whole: true}, {Title: "Fetched", Share: 12, Align: 'R'},
		{Title: "Rejected", Share: 11, Align: 'R'}, {Title: "Rules used", Share: 24}, {Title: "Checked", Share: 10, Align: 'C'}}}
	for _, s := range w.Ev.Sources {
		var fetched, rejected int64
		for _, c := range s.System.Tonight.Coverage.Classes {
			fetched, rejected = fetched+c.Fetched, rejected+c.Rejected
		}
		row := document.Row(SourceName(s), string(s.System.Tonight.State), Minute(s.System.Tonight.TakenAt), Number(fetched), Zero(rejected), usedBy(s), "")
		row[1] = stateCell(s.System.Tonight.State)
		row[0].Link, row[6].Tick = SourceID(s.System.Name), true
		t.Rows = append(t.Rows, row)
	}
	w.Table("Sources", t)
	for _, s := range w.Ev.Sources {
		w.source(s)
	}
}

// usedBy says which snapshot the rules reasoned from.
func usedBy(s evidence.Source) string {
	switch used := s.System.Used; {
	case used.ID == "":
		return "none: left out"
	case used.ID == s.System.Tonight.ID:
		return "this one"
	default:
		return "the one of " + Minute(used.TakenAt) + " UTC"
	}
}

func stateCell(state access.SnapshotState) document.Cell {
	c := document.Cell{Text: Dash(string(state)), Ink: 20}
	if state != access.Complete {
		c.Fill, c.Ink, c.Font = 55, 255, document.Bold
	}
	return c
}

// source prints one sheet.
func (w *Builder) source(s evidence.Source) {
	snap := s.System.Tonight
	w.Linked("Source: "+SourceName(s), SourceID(s.System.Name), 75)
	if !snap.Usable() {
		w.Callout("Not read whole: "+string(snap.State), Dash(snap.Reason))
	}
	compared := "nothing: there is no earlier complete snapshot"
	if s.Previous.ID != "" {
		compared = "snapshot " + s.Previous.ID + " of " + Clock(s.Previous.TakenAt)
	}
	ran := w.Ev.RanBy
	if snap.RunID != "" && snap.RunID != w.Ev.Run.ID {
		ran = "run " + snap.RunID
	}
	pairs := []document.Pair{
		{Label: "Owner", Value: Dash(s.System.Owner)},
		{Label: "Criticality", Value: Dash(s.System.Criticality)},
		{Label: "Read by", Value: "collector " + Dash(snap.Collector) + ", version " + Dash(snap.CollectorVersion)},
		{Label: "Answered by", Value: Dash(snap.Coverage.Source)},
		{Label: "Ran by", Value: Dash(ran)},
		{Label: "Started", Value: Clock(snap.StartedAt)},
		{Label: "Ended", Value: Clock(snap.FinishedAt)},
		{Label: "Facts as of", Value: Clock(snap.TakenAt)},
		{Label: "Snapshot", Value: Dash(snap.ID)},
		{Label: "Rules used", Value: usedBy(s)},
		{Label: "Compared with", Value: compared},
		{Label: "SHA-256", Value: Dash(snap.Digest), Mono: true},
	}
	if s.System.IsHR {
		pairs = pairs[2:] // HR has neither owner nor criticality in the configuration
	}
	w.Pairs(30, pairs...)
	w.completeness(s)
	w.queries(snap.Coverage.Queries)
	w.rejections(snap.Rejections)
}

// completeness is the table that an auditor ticks.
func (w *Builder) completeness(s evidence.Source) {
	t := document.Table{Columns: []document.Column{{Title: "Class", Share: 17}, {Title: "Claimed", Share: 12, Align: 'R'}, {Title: "Fetched", Share: 12, Align: 'R'},
		{Title: "Parsed", Share: 12, Align: 'R'}, {Title: "Rejected", Share: 11, Align: 'R'}, {Title: "In scope", Share: 12, Align: 'R'},
		{Title: "Tested", Share: 12, Align: 'R'}, {Title: "State", Share: 30}, {Title: "Agreed", Share: 10, Align: 'C'}}}
	for _, c := range s.System.Tonight.Coverage.Classes {
		claimed, state := "not stated", string(c.State)
		if c.Claimed != access.NoClaim {
			claimed = Number(c.Claimed)
		}
		if c.Reason != "" {
			state += ": " + c.Reason
		}
		row := document.Row(string(c.Class), claimed, Number(c.Fetched), Number(c.Parsed), Number(c.Rejected), countOf(s.InScope, c.Class), countOf(s.Tested, c.Class), state, "")
		row[8].Tick = true
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		w.Para("The source gave nothing: there is no class of objects to agree.")
		return
	}
	w.Table("Counts of "+SourceName(s), t)
}

func countOf(counts []evidence.Count, class access.Class) string {
	for _, c := range counts {
		if c.Class == class {
			return Number(c.N)
		}
	}
	return "–"
}

func (w *Builder) queries(queries []string) {
	if len(queries) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "No.", Share: 6, Align: 'R'}, {Title: "What was asked, exactly, without secrets", Share: 85}, {Title: "Agreed", Share: 10, Align: 'C'}}}
	for i, q := range queries {
		t.Rows = append(t.Rows, []document.Cell{{Text: Number(i + 1)}, Code(q), {Tick: true}})
	}
	w.Table("Queries", t)
}

func (w *Builder) rejections(rejected []access.Rejection) {
	if len(rejected) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Rejected", Share: 25}, {Title: "Class", Share: 14}, {Title: "Why", Share: 51}, {Title: "Followed up", Share: 14, Align: 'C'}}}
	for _, r := range rejected[:min(len(rejected), mostRejections)] {
		t.Rows = append(t.Rows, []document.Cell{{Text: r.Ref}, {Text: string(r.Of)}, {Text: r.Reason}, {Tick: true}})
	}
	w.Table("Rejected rows", t)
	if n := len(rejected) - mostRejections; n > 0 {
		w.Note(Number(n) + " more in annexes/rejections.csv.")
	}
}
