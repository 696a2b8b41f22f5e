package reconciliation

import (
	"muster/internal/access"
	"muster/reports/document"
	"muster/reports/evidence"
)

// mostRejections bounds the rejected rows that are printed for a source; the annex has all.
const mostRejections = 25

// sources prints the IPE sheets: an overview, then one sheet for each source.
func (w *builder) sources() {
	w.chapter("Sources")
	w.para("Each source below is information produced by the entity: what was asked, of which system, by whom and when, how much it says it holds, and " +
		"how much was read. Claimed is what the source itself says; fetched is what it gave; parsed and rejected add up to fetched; in scope is what the " +
		"rules could look at; tested is what at least one rule was asked about. Boxes are for the reader to tick.")
	t := document.Table{Columns: []document.Column{{Title: "Source", Share: 30}, {Title: "State", Share: 12}, {Title: "As of, UTC", Share: 19, Whole: true}, {Title: "Fetched", Share: 12, Align: 'R'},
		{Title: "Rejected", Share: 11, Align: 'R'}, {Title: "Rules used", Share: 24}, {Title: "Checked", Share: 10, Align: 'C'}}}
	for _, s := range w.ev.Sources {
		var fetched, rejected int64
		for _, c := range s.System.Tonight.Coverage.Classes {
			fetched, rejected = fetched+c.Fetched, rejected+c.Rejected
		}
		row := document.Row(sourceName(s), string(s.System.Tonight.State), minute(s.System.Tonight.TakenAt), number(fetched), zero(rejected), usedBy(s), "")
		row[1] = stateCell(s.System.Tonight.State)
		row[0].Link, row[6].Tick = sourceID(s.System.Name), true
		t.Rows = append(t.Rows, row)
	}
	w.table("Sources", t)
	for _, s := range w.ev.Sources {
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
		return "the one of " + minute(used.TakenAt) + " UTC"
	}
}

func stateCell(state access.SnapshotState) document.Cell {
	c := document.Cell{Text: dash(string(state)), Ink: 20}
	if state != access.Complete {
		c.Fill, c.Ink, c.Font = 55, 255, document.Bold
	}
	return c
}

// source prints one sheet.
func (w *builder) source(s evidence.Source) {
	snap := s.System.Tonight
	w.linked("Source: "+sourceName(s), sourceID(s.System.Name), 75)
	if !snap.Usable() {
		w.callout("Not read whole: "+string(snap.State), dash(snap.Reason))
	}
	compared := "nothing: there is no earlier complete snapshot"
	if s.Previous.ID != "" {
		compared = "snapshot " + s.Previous.ID + " of " + clock(s.Previous.TakenAt)
	}
	ran := w.ev.RanBy
	if snap.RunID != "" && snap.RunID != w.ev.Run.ID {
		ran = "run " + snap.RunID
	}
	pairs := []document.Pair{
		{Label: "Owner", Value: dash(s.System.Owner)},
		{Label: "Criticality", Value: dash(s.System.Criticality)},
		{Label: "Read by", Value: "collector " + dash(snap.Collector) + ", version " + dash(snap.CollectorVersion)},
		{Label: "Answered by", Value: dash(snap.Coverage.Source)},
		{Label: "Ran by", Value: dash(ran)},
		{Label: "Started", Value: clock(snap.StartedAt)},
		{Label: "Ended", Value: clock(snap.FinishedAt)},
		{Label: "Facts as of", Value: clock(snap.TakenAt)},
		{Label: "Snapshot", Value: dash(snap.ID)},
		{Label: "Rules used", Value: usedBy(s)},
		{Label: "Compared with", Value: compared},
		{Label: "SHA-256", Value: dash(snap.Digest), Mono: true},
	}
	if s.System.IsHR {
		pairs = pairs[2:] // HR has neither owner nor criticality in the configuration
	}
	w.pairs(30, pairs...)
	w.completeness(s)
	w.queries(snap.Coverage.Queries)
	w.rejections(snap.Rejections)
}

// completeness is the table that an auditor ticks.
func (w *builder) completeness(s evidence.Source) {
	t := document.Table{Columns: []document.Column{{Title: "Class", Share: 17}, {Title: "Claimed", Share: 12, Align: 'R'}, {Title: "Fetched", Share: 12, Align: 'R'},
		{Title: "Parsed", Share: 12, Align: 'R'}, {Title: "Rejected", Share: 11, Align: 'R'}, {Title: "In scope", Share: 12, Align: 'R'},
		{Title: "Tested", Share: 12, Align: 'R'}, {Title: "State", Share: 30}, {Title: "Agreed", Share: 10, Align: 'C'}}}
	for _, c := range s.System.Tonight.Coverage.Classes {
		claimed, state := "not stated", string(c.State)
		if c.Claimed != access.NoClaim {
			claimed = number(c.Claimed)
		}
		if c.Reason != "" {
			state += ": " + c.Reason
		}
		row := document.Row(string(c.Class), claimed, number(c.Fetched), number(c.Parsed), number(c.Rejected), countOf(s.InScope, c.Class), countOf(s.Tested, c.Class), state, "")
		row[8].Tick = true
		t.Rows = append(t.Rows, row)
	}
	if len(t.Rows) == 0 {
		w.para("The source gave nothing: there is no class of objects to agree.")
		return
	}
	w.table("Counts of "+sourceName(s), t)
}

func countOf(counts []evidence.Count, class access.Class) string {
	for _, c := range counts {
		if c.Class == class {
			return number(c.N)
		}
	}
	return "–"
}

func (w *builder) queries(queries []string) {
	if len(queries) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "No.", Share: 6, Align: 'R'}, {Title: "What was asked, exactly, without secrets", Share: 85}, {Title: "Agreed", Share: 10, Align: 'C'}}}
	for i, q := range queries {
		t.Rows = append(t.Rows, []document.Cell{{Text: number(i + 1)}, code(q), {Tick: true}})
	}
	w.table("Queries", t)
}

func (w *builder) rejections(rejected []access.Rejection) {
	if len(rejected) == 0 {
		return
	}
	t := document.Table{Columns: []document.Column{{Title: "Rejected", Share: 25}, {Title: "Class", Share: 14}, {Title: "Why", Share: 51}, {Title: "Followed up", Share: 14, Align: 'C'}}}
	for _, r := range rejected[:min(len(rejected), mostRejections)] {
		t.Rows = append(t.Rows, []document.Cell{{Text: r.Ref}, {Text: string(r.Of)}, {Text: r.Reason}, {Tick: true}})
	}
	w.table("Rejected rows", t)
	if n := len(rejected) - mostRejections; n > 0 {
		w.note(number(n) + " more in annexes/rejections.csv.")
	}
}
