package frame

import (
	"muster/internal/ledger"
	"muster/reports/document"
	"muster/reports/evidence"
)

// Input is what a report is made of, whatever its kind.
type Input struct {
	Evidence   evidence.Evidence
	File       evidence.File // the model as the pack has it, with annexes and totals
	Tally      *evidence.Tally
	Checkpoint ledger.Checkpoint
	Called     func(id string) string // what a row of an annex is called in a pack with pseudonyms; nil for its id
}

// Builder is one report under way. Its methods add to Blocks in reading order.
type Builder struct {
	In       Input
	Ev       evidence.Evidence
	Groups   []evidence.Group
	RuleByID map[string]evidence.Rule
	Blocks   []document.Block
}

// New begins a report.
func New(in Input) *Builder {
	w := &Builder{In: in, Ev: in.Evidence, Groups: in.Tally.Groups(), RuleByID: map[string]evidence.Rule{}}
	for _, r := range w.Ev.Rules {
		w.RuleByID[r.ID] = r
	}
	return w
}

// Titled is what a report is called.
type Titled struct {
	Kind     string // reconciliation, access-review, ...
	Title    string
	Subtitle string
	Cover    document.Cover
}

// Document makes the document of what was added.
func (w *Builder) Document(t Titled) document.Document {
	return document.Document{Kind: t.Kind, Title: t.Title, Subtitle: t.Subtitle, Organisation: w.Ev.Organisation, Classification: w.Ev.Classification, Pack: w.In.File.Pack,
		Subject: "Pack " + w.In.File.Pack + ", run " + w.Ev.Run.ID, Foot: "Run of " + Clock(w.Ev.Run.StartedAt), GeneratedBy: w.Ev.GeneratedBy,
		Created: w.Ev.Run.StartedAt, Cover: t.Cover, Blocks: w.Blocks}
}

// Add adds a block.
func (w *Builder) Add(b document.Block) { w.Blocks = append(w.Blocks, b) }

// Chapter begins a chapter on a new page.
func (w *Builder) Chapter(text string) { w.Add(document.Heading{Level: 1, Text: text, NewPage: true}) }

// Part begins a chapter where there is space for keep millimetres more.
func (w *Builder) Part(text string, keep float64) {
	w.Add(document.Heading{Level: 1, Text: text, Keep: keep})
}

// Section begins a section.
func (w *Builder) Section(text string, keep float64) { w.Linked(text, "", keep) }

// Linked begins a section that cells lead to.
func (w *Builder) Linked(text, id string, keep float64) {
	w.Add(document.Heading{Level: 2, Text: text, ID: id, Keep: keep})
}

// Para adds a paragraph.
func (w *Builder) Para(text string) { w.Add(document.Paragraph{Text: text}) }

// Note adds a remark in small type.
func (w *Builder) Note(text string) { w.Add(document.Paragraph{Text: text, Style: document.Note}) }

// Callout adds a box that a reader must not miss.
func (w *Builder) Callout(title string, paras ...string) {
	w.Add(document.Callout{Title: title, Paras: paras})
}

// Pairs adds labels with their values.
func (w *Builder) Pairs(label float64, pairs ...document.Pair) {
	w.Add(document.Pairs{Label: label, Pairs: pairs})
}

// Table adds a table; the caption says what it shows to those who hear it.
func (w *Builder) Table(caption string, t document.Table) {
	t.Caption = caption
	w.Add(t)
}

// Title is a rule's title, or its id when the rule is not among those of the run.
func (w *Builder) Title(id string) string {
	if r, ok := w.RuleByID[id]; ok && r.Title != "" {
		return r.Title
	}
	return id
}

// RuleID is the id of the heading of a rule's findings.
func RuleID(rule string) string { return "rule-" + rule }

// SourceID is the id of the heading of a source's sheet.
func SourceID(system string) string { return "source-" + system }
