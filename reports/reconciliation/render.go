package reconciliation

import (
	"time"

	"muster/internal/access"
	"muster/internal/ledger"
	"muster/reports/document"
	"muster/reports/evidence"
	"muster/reports/pdf"
)

// Input is what the report is made of.
type Input struct {
	Evidence   evidence.Evidence
	File       evidence.File // the model as the pack has it, with annexes and totals
	Tally      *evidence.Tally
	Checkpoint ledger.Checkpoint
	History    []Night // this run and those before it, as far back as is known; without any there is no trend
}

// Night is how many findings were open after one run, by severity.
type Night struct {
	At   time.Time
	Open map[access.Severity]int
}

// Render prints the report and returns its bytes and its number of pages.
func Render(in Input) (data []byte, pages int, err error) { return pdf.Print(Document(in)) }

// Document is the report.
func Document(in Input) document.Document {
	w := &builder{in: in, ev: in.Evidence, groups: in.Tally.Groups(), rules: map[string]evidence.Rule{}}
	for _, r := range w.ev.Rules {
		w.rules[r.ID] = r
	}
	w.conclusion()
	w.sources()
	w.rulesAndControls()
	w.overview()
	w.findings()
	w.exceptions()
	w.signOff()
	w.ledger()
	return document.Document{
		Kind:           "reconciliation",
		Title:          "Nightly reconciliation of access",
		Subtitle:       "as of " + clock(w.ev.Run.AsOf),
		Organisation:   w.ev.Organisation,
		Classification: w.ev.Classification,
		Pack:           in.File.Pack,
		Subject:        "Pack " + in.File.Pack + ", run " + w.ev.Run.ID,
		Foot:           "Run of " + clock(w.ev.Run.StartedAt),
		GeneratedBy:    w.ev.GeneratedBy,
		Created:        w.ev.Run.StartedAt,
		Cover:          w.cover(),
		Blocks:         w.blocks,
	}
}

// builder is one report under way.
type builder struct {
	in     Input
	ev     evidence.Evidence
	groups []evidence.Group
	rules  map[string]evidence.Rule
	blocks []document.Block
}

func (w *builder) add(b document.Block) { w.blocks = append(w.blocks, b) }

// chapter begins a chapter on a new page, part one where there is space for keep millimetres more; section begins a section.
func (w *builder) chapter(text string) { w.add(document.Heading{Level: 1, Text: text, NewPage: true}) }

func (w *builder) part(text string, keep float64) {
	w.add(document.Heading{Level: 1, Text: text, Keep: keep})
}

func (w *builder) section(text string, keep float64) { w.linked(text, "", keep) }

// linked begins a section that cells lead to.
func (w *builder) linked(text, id string, keep float64) {
	w.add(document.Heading{Level: 2, Text: text, ID: id, Keep: keep})
}

func (w *builder) para(text string) { w.add(document.Paragraph{Text: text}) }

func (w *builder) note(text string) { w.add(document.Paragraph{Text: text, Style: document.Note}) }

func (w *builder) callout(title string, paras ...string) {
	w.add(document.Callout{Title: title, Paras: paras})
}

func (w *builder) pairs(label float64, pairs ...document.Pair) {
	w.add(document.Pairs{Label: label, Pairs: pairs})
}

// table adds a table; the caption says what it shows to those who hear it.
func (w *builder) table(caption string, t document.Table) {
	t.Caption = caption
	w.add(t)
}

// title is a rule's title, or its id when the rule is not among those of the run.
func (w *builder) title(id string) string {
	if r, ok := w.rules[id]; ok && r.Title != "" {
		return r.Title
	}
	return id
}

// The ids of the headings that cells lead to.
func ruleID(rule string) string     { return "rule-" + rule }
func sourceID(system string) string { return "source-" + system }
